"""A run says on request what parts of its texts score, and what more labels would buy."""

import json
import random
import shutil

import pytest
from typer.testing import CliRunner

import made_aspects
import textune
from conftest import WORDS, write_reviews
from made_requests import train_request
from made_texts import own_cache
from textune.doors import cli
from textune.errors import StoppedError
from textune.evaluation import preferring
from textune.objectives.contrast import Contrast
from textune.recipes import labelled_text
from textune.recipes.selection import contrasting, learning_curve
from textune.records import Message
from textune.runs.curves import LearningCurve

CURVE = ("train.curve=true", "train.probe=true", "train.epochs=2")


def lines(request):
    return [one.text for one in labelled_text.learn(request) if isinstance(one, Message)]


@pytest.fixture(scope="module")
def place(tmp_path_factory, _kernels):
    """Return a folder with the reviews that these runs learn from."""
    with own_cache(tmp_path_factory.mktemp("whole"), _kernels) as folder:
        write_reviews(folder / "reviews.csv")
        yield folder


@pytest.fixture(scope="module")
def whole(place, tiny_base):
    """Return the folder of a run with its curve, which nothing stopped, and what was printed."""
    out = place / "run"
    words = ["train", place / "reviews.csv", "--base", tiny_base, "--out", out, "--curve"]
    words += ["--epochs", 2, "--batch-size", 16, "--lr", 2e-3, "--set", "train.probe=true"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXTUNE_PICTURES", "1")
        shown = CliRunner().invoke(cli.app, list(map(str, words)), catch_exceptions=False)
    assert shown.exit_code == 0
    return out, shown.output


@pytest.fixture(scope="module")
def without(place, tiny_base):
    """Return the folder of the same run without a curve."""
    lines(train_request(place / "reviews.csv", tiny_base, place / "without", *CURVE[1:]))
    return place / "without"


@pytest.fixture
def going_on(place, without, tiny_base, tmp_path):
    """Return a function that gives a copy of that run its curve, and the copy's folder."""
    out = shutil.copytree(without, tmp_path / "run")

    def learn():
        return lines(train_request(place / "reviews.csv", tiny_base, out, *CURVE, resume=True))

    return learn, out


def assert_it_has_the_interval_of(out, numbers):
    found = json.loads((out / "curve.json").read_text(encoding="utf-8"))
    metric = numbers["best"]["metric"]
    assert found["score"] == numbers["valid"][metric]
    assert found["interval"] == list(numbers["valid"]["intervals"][metric])
    assert LearningCurve.read(out).told()["interval"] == found["interval"]


def points(folder, way):
    found = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
    return {each["texts"]: each for each in found["points"] if each["way"] == way}


def test_parts_of_the_texts_are_learned_from_both_ways_and_shown(whole):
    out, shown = whole
    frozen, tuned = points(out, "frozen"), points(out, "fine-tuned")
    assert list(frozen) == [18, 36, 72, 144]
    assert [each["draws"] for each in frozen.values()] == [3, 2, 1, 1]
    assert sorted(tuned) == [18, 36, 72, 144]
    numbers = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert tuned[144]["value"] == numbers["best"]["value"]
    assert_it_has_the_interval_of(out, numbers)
    assert "learning curve: MCC by 16 validation texts" in shown
    curve = LearningCurve.read(out)
    assert curve is not None
    assert curve.words
    assert curve.words in shown.replace("\n", " ")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Learning curve" in page
    assert 'aria-label="learning curve"' in page
    assert "95 % interval of the run" in page


def test_the_run_is_the_same_byte_for_byte_with_a_curve_and_without(whole, without):
    kept = []
    for out in (whole[0], without):
        files = [out / "metrics.json", *(out / "model").iterdir(), *(out / "predictions").iterdir()]
        kept.append({file.name: file.read_bytes() for file in files})
    assert kept[0] == kept[1]
    assert len(kept[0]) > 4
    assert (whole[0] / "curve.json").exists()
    assert not (without / "curve.json").exists()


@pytest.mark.exhaustive
def test_a_finished_run_gets_its_curve_by_resuming_and_it_goes_on_where_it_was_stopped(
    whole, going_on, monkeypatch
):
    learn, out = going_on
    metrics = (out / "metrics.json").read_bytes()
    tried, tune = [], learning_curve._tuned

    def stopping(wanted, size, what):
        tried.append(size)
        if tried == [18, 36]:
            raise StoppedError("stopped", signal=2)
        return tune(wanted, size, what)

    monkeypatch.setattr(learning_curve, "_tuned", stopping)
    with pytest.raises(StoppedError):
        learn()
    assert LearningCurve.read(out).words == ""
    learn()
    assert tried == [18, 36, 36, 72]
    one, other = LearningCurve.read(out), LearningCurve.read(whole[0])
    assert [each.value for each in one.points] == [each.value for each in other.points]
    assert one.words == other.words
    assert "Learning curve" in (out / "report.html").read_text(encoding="utf-8")
    curve = (out / "curve.json").read_bytes()
    assert not any("learning curve" in line for line in learn())
    assert (out / "curve.json").read_bytes() == curve
    assert (out / "metrics.json").read_bytes() == metrics


def test_fine_tuning_is_tried_on_as_many_parts_as_there_is_time_for(going_on, monkeypatch):
    monkeypatch.setattr(learning_curve, "ALLOWED", 0)
    monkeypatch.setattr(learning_curve, "SHARE", 0.7)
    learn, out = going_on
    said = learn()
    assert sorted(points(out, "fine-tuned")) == [18, 72, 144]
    assert any("fine-tuning on 36 texts is left out" in line for line in said)


@pytest.mark.parametrize("task", ["multi", "aspects", "number", "tags"])
@pytest.mark.first(1)
def test_every_kind_of_label_has_a_curve(task, comments, tiny_base, tmp_path):
    rows = comments.read_text(encoding="utf-8").splitlines()[:61]
    comments.write_text("\n".join(rows) + "\n", encoding="utf-8")
    file = comments
    draw = random.Random(3)
    if task == "aspects":
        file = made_aspects.write(tmp_path / "visits.csv", 60, blank=0.1)
    if task == "number":
        file = tmp_path / "stars.csv"
        rows = [draw.choices(WORDS, k=6) for _ in range(60)]
        lines_ = [f"{' '.join(row)},{sum(row.count(w) for w in WORDS[:5])}.5" for row in rows]
        file.write_text("\n".join(["text,stars", *lines_]) + "\n", encoding="utf-8")
    if task == "tags":
        file = tmp_path / "words.conll"
        rows = [draw.choices(WORDS, k=6) for _ in range(60)]
        tagged = ["\n".join(f"{w} {'B-X' if w in WORDS[:5] else 'O'}" for w in row) for row in rows]
        file.write_text("\n\n".join(tagged) + "\n", encoding="utf-8")
    run = textune.train(
        file,
        base=tiny_base,
        out=tmp_path / "run",
        epochs=1,
        settings="train.probe=true",
        curve=True,
    )
    assert len(points(run.path, "frozen")) == 3
    assert len(points(run.path, "fine-tuned")) == 3
    assert LearningCurve.read(run.path).words


def test_few_texts_say_that_nothing_can_be_told(tiny_base, tmp_path):
    file = tmp_path / "few.csv"
    rows = [f"{WORDS[n % 5 + 5 * (n % 2)]} film {n},{('good', 'bad')[n % 2]}" for n in range(24)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", epochs=1, curve=True)
    assert "cannot be told" in LearningCurve.read(run.path).words


@pytest.mark.exhaustive
def test_where_folds_judge_the_run_they_judge_the_parts_of_its_texts_too(few, tiny_base, tmp_path):
    out = tmp_path / "run"
    rows = few.read_text(encoding="utf-8").splitlines()[:21]
    few.write_text("\n".join(rows) + "\n", encoding="utf-8")
    once = ("train.epochs=1", "train.lr=1e-4")
    lines(train_request(few, tiny_base, out, *CURVE, "train.recipe=auto", *once))
    numbers = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    (one,) = (
        each
        for each in numbers["valid"]["cross_validation"]["candidates"]
        if each["name"] == "fine-tuned"
    )
    frozen, tuned = points(out, "frozen"), points(out, "fine-tuned")
    assert sorted(frozen) == sorted(tuned) == [10, 20]
    assert tuned[20]["value"] == one["mcc"]
    assert_it_has_the_interval_of(out, numbers)
    assert all(each["value"] is not None for each in (*frozen.values(), *tuned.values()))
    assert "fold cross-validation" in LearningCurve.read(out).judged


@pytest.mark.exhaustive
def test_parts_are_learned_from_by_the_loss_that_was_chosen(few, tiny_base, tmp_path, monkeypatch):
    monkeypatch.setattr(contrasting, "FEWEST", 40)
    monkeypatch.setattr(preferring, "is_better", lambda *_: True)
    heard, loss = [], Contrast.loss
    monkeypatch.setattr(
        Contrast, "loss", lambda self, batch: heard.append(self) or loss(self, batch)
    )
    asked = (*CURVE, "train.recipe=auto", "train.epochs=1", "train.precision=fp32")
    lines(train_request(few, tiny_base, tmp_path / "run", *asked))
    tuned = points(tmp_path / "run", "fine-tuned")
    assert len(tuned) > 1
    assert all(each["value"] is not None for each in tuned.values())
    assert len({id(each) for each in heard}) == 3  # of the folds, of the run, and of the curve
