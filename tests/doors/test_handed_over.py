"""What a program hands over in place of a path, a list or a number is refused in words."""

from pathlib import Path

import pytest

import textune
from textune.errors import TextuneError
from textune.runs.runs import Run

NO_PATH = "is no path; give"


@pytest.fixture
def none(tmp_path):
    """Return a run whose folder is not there."""
    return Run(tmp_path / "none", {})


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: textune.decide(5), f"5 {NO_PATH} the folder that `textune train` wrote"),
        (lambda: textune.verify([Path("runs")]), NO_PATH),
        (lambda: textune.compare("runs/a", None), f"None {NO_PATH}"),
        (lambda: textune.evaluate(None, "a.csv"), NO_PATH),
        (lambda: textune.export(5), NO_PATH),
        (lambda: textune.explain(5, ["a"]), NO_PATH),
        (lambda: textune.watch(5, "a.csv"), NO_PATH),
        (lambda: textune.suggest(5, "a.csv"), NO_PATH),
        (lambda: textune.distill(5, to="1x8"), NO_PATH),
        (lambda: textune.suspects("a.csv", run=5), NO_PATH),
        (lambda: textune.export("runs/a", out=5), "--out 5: is no path"),
        (lambda: textune.train("a.csv", out=5), "--out 5: is no path"),
        (lambda: textune.train("a.csv", out=b"x"), "--out b'x': is no path"),
        (lambda: textune.train(config=5), "--config 5: is no path"),
        (lambda: textune.train("a.csv", plugin=5), "--plugin 5: is no path"),
        (lambda: textune.train("a.csv", settings=[1]), "--set 1: expected section.key=value"),
        (lambda: textune.train("a.csv", settings=5), "--set 5: is no list"),
        (lambda: textune.train("a.csv", settings={"train.lr": 1}), "is a dict; give strings"),
        (lambda: textune.train("a.csv", merge_labels={"a": "b"}), "should be a list, found {'a'"),
        (lambda: textune.check(""), "the name of a file is empty"),
        (lambda: textune.check([" ", "a.csv"]), "the name of a file is empty"),
        (lambda: textune.adapt(5), "texts 5: is no list"),
        (lambda: textune.adapt(None), "no text was named"),
        (lambda: textune.adapt([5]), "texts 5: is no path"),
        (lambda: textune.sweep("a.csv", space=5), "--space 5: expected NAME=VALUES"),
        (lambda: textune.sweep("a.csv", space=[5]), "--space 5: expected NAME=VALUES"),
        (lambda: textune.cross_validate("a.csv", folds="x"), "-k x: at least two folds"),
        (lambda: textune.features("a", 5), "features are of texts"),
        (lambda: textune.explain("runs/a", None), "name either texts or --input"),
        (lambda: textune.export("runs/a", to=5), "--to 5: no form to export to"),
        (
            lambda: textune.train("a\0.csv"),
            "'a\\x00.csv': holds a NUL character, which no path has",
        ),
        (lambda: textune.train("a.csv", out="b\0"), "--out 'b\\x00': holds a NUL character"),
        (lambda: textune.train("a.csv", config="b\0"), "--config 'b\\x00': holds a NUL character"),
        (lambda: textune.adapt("a\0.txt"), "texts 'a\\x00.txt': holds a NUL character"),
        (lambda: textune.compare("a\0", "b"), f"'a\\x00' {NO_PATH}"),
    ],
)
def test_what_is_no_path_list_or_number_is_named(call, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TextuneError) as error:
        call()
    assert said in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_frame_is_no_list_of_files():
    import pandas as pd

    with pytest.raises(TextuneError, match="texts: is a data frame; plain text is read from files"):
        textune.adapt(pd.DataFrame({"text": ["a warm film"]}))


@pytest.mark.parametrize(
    "call",
    [
        textune.decide,
        textune.export,
        lambda run: textune.compare(run, "runs/a"),
    ],
)
def test_what_train_returned_stands_for_its_folder(call, none):
    with pytest.raises(TextuneError, match=str(none.path)):
        call(none)
