"""A training on folds that does not learn begins anew, and what was found holds for the others."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from conftest import write_reviews
from made_requests import train_request
from made_texts import own_cache
from textune.errors import NumericsError
from textune.recipes import labelled_text
from textune.recipes.selection import contrasting, folded_tuning, learning_curve, selecting
from textune.records import Message
from textune.training import scaling
from thinning import spare

pytestmark = pytest.mark.usefixtures("auto_recipe")

WILD = (
    "train.lr=0.5",
    "train.epochs=2",
    "train.batch_size=16",
    "train.recipe=auto",
    "train.contrast=0",
)


@dataclass(frozen=True)
class Wild:
    """A run that began anew in a fold, and its folder as a kill after the folds leaves it."""

    file: Path
    run: Path
    killed: Path
    said: list[str]


@pytest.fixture(scope="module")
def wild(tiny_base, tmp_path_factory, _kernels):
    with (
        own_cache(tmp_path_factory.mktemp("wild"), _kernels) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.delenv("TEXTUNE_RECIPE")
        patch.setattr(selecting.preferring, "is_better", lambda *_: True)
        file, run = write_reviews(folder / "reviews.csv"), folder / "run"
        killed, words = folder / "killed", selecting.selected.words

        def copying(*given):
            shutil.copytree(run, killed)
            return words(*given)

        patch.setattr(selecting.selected, "words", copying)
        said = warnings_of(train_request(file, tiny_base, run, *WILD))
        return Wild(file, run, killed, said)


def warnings_of(request):
    events = labelled_text.learn(request)
    return [event.text for event in events if isinstance(event, Message) and event.is_warning]


def numbers_of(folder):
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def tuned_of(folder):
    """Return what fine-tuning scored in cross-validation."""
    candidates = numbers_of(folder)["valid"]["cross_validation"]["candidates"]
    return next(one for one in candidates if one["name"] == "fine-tuned")


def test_folds_at_a_rate_that_is_far_too_high_are_tried_once_more(wild):
    run, said = wild.run, wild.said
    (one,) = [text for text in said if "begins anew" in text]
    assert one.startswith("fine-tuning without a fold does not learn: after 8 of ")
    assert "a learning rate of 1.2e-03 instead of 5.0e-01" in one
    assert "so do the folds after it, and the training on all texts" in one
    assert tuned_of(run)["accuracy"] > 0.9
    numbers = numbers_of(run)
    assert numbers["retry"]["why"].startswith("in cross-validation, after 8 of ")
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert log[0]["kind"] == "retry"
    assert max(line["lr"] for line in log if line["kind"] == "step") <= 1.2e-3
    assert "Training did not learn at first" in (run / "report.html").read_text()


def test_a_run_that_was_killed_after_it_goes_on_by_the_safer_recipe(
    wild, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    monkeypatch.setattr(selecting, "_cross_validated", None)  # it is not called
    run = shutil.copytree(wild.killed, tmp_path / "run")
    assert not (run / "metrics.json").exists()
    warnings_of(train_request(wild.file, tiny_base, run, *WILD, resume=True))
    again = numbers_of(run)
    assert again == numbers_of(wild.run)
    assert again["retry"]


@pytest.mark.exhaustive
def test_without_it_the_fold_is_only_explained(reviews, tiny_base, tmp_path):
    asked = train_request(reviews, tiny_base, tmp_path / "run", *WILD, "train.retry=false")
    said = warnings_of(asked)
    (one,) = [text for text in said if "does not learn" in text and "fold" in text]
    assert one.endswith("it goes on as it is")
    assert tuned_of(tmp_path / "run")["accuracy"] < 0.9


def test_a_gradient_that_is_not_finite_in_a_fold_is_tried_once_more(
    few, tiny_base, tmp_path, monkeypatch
):
    trained, begun = folded_tuning.Trainer._updates, []

    def failing(trainer, learner, loss, works):
        begun.append(learner)
        if len(begun) == 2:
            raise NumericsError("step 1: the gradient is not finite; try a lower --lr")
        return (yield from trained(trainer, learner, loss, works))

    monkeypatch.setattr(folded_tuning.Trainer, "_updates", failing)
    given = (
        "train.recipe=auto",
        "train.epochs=1",
        "train.lr=1e-4",
        "train.contrast=0",
    )  # at which no fold is wild
    said = warnings_of(train_request(few, tiny_base, tmp_path / "run", *given))
    assert any(
        "does not learn: step 1: the gradient is not finite. It begins" in one for one in said
    )
    first, *rest = begun
    assert first.progress.retry is None
    assert all(learner.progress.retry for learner in rest[1:])
    assert "accuracy" in tuned_of(tmp_path / "run")


def test_sound_folds_are_as_they_were_and_tell_what_fp16_has_left_out(
    few, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(scaling, "START", 2.0**20)
    given = ("train.recipe=auto", "train.probe=false", "train.precision=fp16", "train.epochs=1")
    request = train_request(few, tiny_base, tmp_path / "run", *given)
    said = [event.text for event in labelled_text.learn(request) if isinstance(event, Message)]
    assert not any("does not learn" in one for one in said)
    left_out = [one for one in said if " left out: " in one and "(train.precision=fp16)" in one]
    folds = [one for one in left_out if one.startswith("fine-tuning without a fold: ")]
    assert len(folds) == sum(one.startswith("cross-validation of fine-tuning") for one in said) > 1
    assert len(left_out) == len(folds) + 1  # the training on all texts, as before


@pytest.mark.parametrize("few", [True, spare(False)])
@pytest.mark.exhaustive
def test_the_curve_of_such_a_run_is_by_the_safer_recipe(
    few, wild, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(learning_curve, "ALLOWED", 0)
    monkeypatch.setattr(learning_curve, "SHARE", 0.3)  # of the run's cost: some parts are enough
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    out = tmp_path / "run"
    valid = None if few else str(wild.file)
    asked = replace(train_request(wild.file, tiny_base, out, *WILD), valid=valid)
    if few:
        shutil.copytree(wild.run, out)
    else:
        warnings_of(asked)
    rates, build = [], folded_tuning.Trainer._updates

    def updates(trainer, learner, loss, works):
        for step in build(trainer, learner, loss, works):
            rates.append(step.lr)
            yield step

    monkeypatch.setattr(folded_tuning.Trainer, "_updates", updates)
    wanted = train_request(wild.file, tiny_base, out, *WILD, "train.curve=true")
    warnings_of(replace(asked, settings=wanted.settings, resume=True))
    assert numbers_of(out)["retry"]
    assert rates
    assert max(rates) <= 1.2e-3


@pytest.mark.parametrize("fails", ["contrasted", "fine-tuned"])
@pytest.mark.first(1)
def test_one_way_that_fails_leaves_the_other(few, tiny_base, tmp_path, monkeypatch, fails):
    """Without a linear head on the frozen encoder nothing else is a candidate."""
    monkeypatch.setattr(contrasting, "FEWEST", 40)
    trained = folded_tuning.Trainer._updates

    def failing(trainer, learner, loss, works):
        name = "fine-tuned" if trainer.objective.contrast is None else "contrasted"
        if name == fails:
            raise NumericsError("step 1: the gradient is not finite; try a lower --lr")
        return (yield from trained(trainer, learner, loss, works))

    monkeypatch.setattr(folded_tuning.Trainer, "_updates", failing)
    given = ("train.recipe=auto", "train.probe=false", "train.epochs=1", "train.retry=false")
    said = warnings_of(train_request(few, tiny_base, tmp_path / "run", *given))
    ways = {"fine-tuned": "fine-tuning", "contrasted": "fine-tuning with a contrastive loss"}
    assert any(one.startswith(f"{ways[fails]} is no candidate: step 1") for one in said)
    told = numbers_of(tmp_path / "run")["valid"]["cross_validation"]
    assert told["chosen"] in ways
    assert told["chosen"] != fails
