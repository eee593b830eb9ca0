"""A run says on request what parts of its texts score, and what more labels would buy."""

import json
import random

import pytest
from typer.testing import CliRunner

import made_aspects
import textune
from conftest import WORDS, write_reviews
from made_requests import train_request
from made_texts import own_cache
from textune.doors import cli
from textune.errors import StoppedError
from textune.recipes import labelled_text, learning_curve
from textune.records import Message
from textune.runs.curves import LearningCurve

CURVE = ("train.curve=true", "train.probe=true", "train.epochs=2")


def lines(request):
    return [one.text for one in labelled_text.learn(request) if isinstance(one, Message)]


@pytest.fixture(scope="module")
def whole(tiny_base, tmp_path_factory, _kernels):
    """Return the folder of a run with its curve, which nothing stopped."""
    with own_cache(tmp_path_factory.mktemp("whole"), _kernels) as folder:
        reviews = write_reviews(folder / "reviews.csv")
        lines(train_request(reviews, tiny_base, folder / "run", *CURVE))
        yield folder / "run"


def assert_it_has_the_interval_of(out, numbers):
    found = json.loads((out / "curve.json").read_text(encoding="utf-8"))
    metric = numbers["best"]["metric"]
    assert found["score"] == numbers["valid"][metric]
    assert found["interval"] == list(numbers["valid"]["intervals"][metric])
    assert LearningCurve.read(out).told()["interval"] == found["interval"]


def points(folder, way):
    found = json.loads((folder / "curve.json").read_text(encoding="utf-8"))
    return {each["texts"]: each for each in found["points"] if each["way"] == way}


def test_parts_of_the_texts_are_learned_from_both_ways_and_shown(
    reviews, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setenv("TEXTUNE_PICTURES", "1")
    out = tmp_path / "run"
    words = ["train", str(reviews), "--base", str(tiny_base), "--out", str(out), "--curve"]
    words += ["--epochs", "2", "--set", "train.probe=true"]
    shown = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert shown.exit_code == 0
    frozen, tuned = points(out, "frozen"), points(out, "fine-tuned")
    assert list(frozen) == [18, 36, 72, 144]
    assert [each["draws"] for each in frozen.values()] == [3, 2, 1, 1]
    assert sorted(tuned) == [18, 36, 72, 144]
    numbers = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert tuned[144]["value"] == numbers["best"]["value"]
    assert_it_has_the_interval_of(out, numbers)
    assert "learning curve: MCC by 16 validation texts" in shown.output
    curve = LearningCurve.read(out)
    assert curve is not None
    assert curve.words
    assert curve.words in shown.output.replace("\n", " ")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Learning curve" in page
    assert 'aria-label="learning curve"' in page
    assert "95 % interval of the run" in page


def test_the_run_is_the_same_byte_for_byte_with_a_curve_and_without(
    whole, reviews, tiny_base, tmp_path
):
    kept, without = [], tmp_path / "without"
    lines(train_request(reviews, tiny_base, without, *CURVE[1:]))
    for out in (whole, without):
        files = [out / "metrics.json", *(out / "model").iterdir(), *(out / "predictions").iterdir()]
        kept.append({file.name: file.read_bytes() for file in files})
    assert kept[0] == kept[1]
    assert len(kept[0]) > 4
    assert (whole / "curve.json").exists()
    assert not (without / "curve.json").exists()


def test_a_run_that_is_finished_gets_its_curve_by_resuming(reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    lines(train_request(reviews, tiny_base, out, *CURVE[1:]))
    metrics = (out / "metrics.json").read_bytes()
    lines(train_request(reviews, tiny_base, out, *CURVE, resume=True))
    assert (out / "metrics.json").read_bytes() == metrics
    assert "Learning curve" in (out / "report.html").read_text(encoding="utf-8")
    whole = (out / "curve.json").read_bytes()
    again = lines(train_request(reviews, tiny_base, out, *CURVE, resume=True))
    assert not any("learning curve" in line for line in again)
    assert (out / "curve.json").read_bytes() == whole


def test_a_curve_that_was_stopped_goes_on_where_it_was(
    whole, reviews, tiny_base, tmp_path, monkeypatch
):
    out = tmp_path / "run"
    tried, tune = [], learning_curve._tuned

    def stopping(wanted, size):
        tried.append(size)
        if tried == [18, 36]:
            raise StoppedError("stopped", signal=2)
        return tune(wanted, size)

    monkeypatch.setattr(learning_curve, "_tuned", stopping)
    with pytest.raises(StoppedError):
        lines(train_request(reviews, tiny_base, out, *CURVE))
    assert LearningCurve.read(out).words == ""
    lines(train_request(reviews, tiny_base, out, *CURVE, resume=True))
    assert tried == [18, 36, 36, 72]
    one, other = LearningCurve.read(out), LearningCurve.read(whole)
    assert [each.value for each in one.points] == [each.value for each in other.points]
    assert one.words == other.words
    assert "Learning curve" in (out / "report.html").read_text(encoding="utf-8")


def test_fine_tuning_is_tried_on_as_many_parts_as_there_is_time_for(
    reviews, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(learning_curve, "ALLOWED", 0)
    monkeypatch.setattr(learning_curve, "SHARE", 0.7)
    out = tmp_path / "run"
    said = lines(train_request(reviews, tiny_base, out, *CURVE))
    assert sorted(points(out, "fine-tuned")) == [18, 72, 144]
    assert any("fine-tuning on 36 texts is left out" in line for line in said)


@pytest.mark.parametrize("task", ["multi", "aspects", "number", "tags"])
def test_every_kind_of_label_has_a_curve(task, comments, tiny_base, tmp_path):
    file = comments
    draw = random.Random(3)
    if task == "aspects":
        file = made_aspects.write(tmp_path / "visits.csv", 120, blank=0.1)
    if task == "number":
        file = tmp_path / "stars.csv"
        rows = [draw.choices(WORDS, k=6) for _ in range(120)]
        lines_ = [f"{' '.join(row)},{sum(row.count(w) for w in WORDS[:5])}.5" for row in rows]
        file.write_text("\n".join(["text,stars", *lines_]) + "\n", encoding="utf-8")
    if task == "tags":
        file = tmp_path / "words.conll"
        rows = [draw.choices(WORDS, k=6) for _ in range(120)]
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
    assert len(points(run.path, "frozen")) == 4
    assert len(points(run.path, "fine-tuned")) == 4
    assert LearningCurve.read(run.path).words


def test_few_texts_say_that_nothing_can_be_told(tiny_base, tmp_path):
    file = tmp_path / "few.csv"
    rows = [f"{WORDS[n % 5 + 5 * (n % 2)]} film {n},{('good', 'bad')[n % 2]}" for n in range(24)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", epochs=1, curve=True)
    assert "cannot be told" in LearningCurve.read(run.path).words


def test_where_folds_judge_the_run_they_judge_the_parts_of_its_texts_too(
    reviews, tiny_base, tmp_path
):
    out = tmp_path / "run"
    once = ("train.epochs=1", "train.lr=1e-4")
    lines(train_request(reviews, tiny_base, out, *CURVE, "train.recipe=auto", *once))
    numbers = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    (one,) = (
        each
        for each in numbers["valid"]["cross_validation"]["candidates"]
        if each["name"] == "fine-tuned"
    )
    frozen, tuned = points(out, "frozen"), points(out, "fine-tuned")
    assert sorted(frozen) == sorted(tuned) == [20, 40, 80, 160]
    assert tuned[160]["value"] == one["mcc"]
    assert_it_has_the_interval_of(out, numbers)
    assert all(each["value"] is not None for each in (*frozen.values(), *tuned.values()))
    assert "fold cross-validation" in LearningCurve.read(out).judged
