"""A run of several seeds says how far their scores lie apart, and saves the best one's model."""

import gc
import json
import os
import shutil
import statistics
import weakref
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

import textune
from conftest import write_reviews
from made_texts import own_cache
from textune.doors import cli
from textune.errors import NumericsError, RunError, SettingsError
from textune.metrics import repeated
from textune.recipes import fine_tuning, seeds
from textune.settings import choosing
from thinning import spare

SMALL = {"device": "cpu", "epochs": 1}


def numbers_of(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def weights_of(run):
    found = load_file(run / "model" / "model.safetensors")
    return {name: value.numpy().tobytes() for name, value in found.items()}


def trained(*words):
    done = CliRunner().invoke(cli.app, ["train", *map(str, words), "--device", "cpu"])
    assert done.exit_code == 0, done.output
    return done.output


@dataclass(frozen=True)
class Whole:
    """A run of three seeds that nothing stopped, and what was asked for."""

    file: Path
    options: dict[str, object]
    run: Path
    said: str


@pytest.fixture(scope="module")
def whole(tiny_base, tmp_path_factory, _kernels):
    with own_cache(tmp_path_factory.mktemp("seeds"), _kernels) as folder:
        file, out = write_reviews(folder / "reviews.csv"), folder / "run"
        words = ["--base", tiny_base, "--out", out, "--epochs", 2, "--lr", 5e-3, "--seed", 5]
        said = trained(
            file, *words, "--batch-size", 8, "--set", "data.test_share=0.2", "--seeds", 3
        )
    options = {"device": "cpu", "epochs": 2, "base": tiny_base, "lr": 5e-3, "seed": 5, "seeds": 3}
    return Whole(file, options | {"batch_size": 8, "settings": "data.test_share=0.2"}, out, said)


def test_seeds_are_told_apart_and_the_best_one_is_saved(whole, tiny_base, tmp_path):
    out, said = whole.run, whole.said
    found = numbers_of(out)
    told = found["seeds"]
    assert [one["seed"] for one in told["each"]] == [5, 6, 7]
    values = [one["valid"]["mcc"] for one in told["each"]]
    assert len(set(values)) > 1
    assert told["valid"]["mcc"]["mean"] == pytest.approx(statistics.fmean(values))
    assert told["valid"]["mcc"]["deviation"] == pytest.approx(statistics.stdev(values))
    tests = [one["test"]["mcc"] for one in told["each"]]
    assert told["test"]["mcc"]["mean"] == pytest.approx(statistics.fmean(tests))
    assert told["best"] == 5 + values.index(max(values))
    assert found["valid"]["mcc"] == max(values)
    assert found["test"]["mcc"] == tests[values.index(max(values))]
    assert "3 seeds, mean ± standard deviation" in said
    assert f"{told['best']} (saved)" in said
    assert "micro F1" not in said  # which is the accuracy
    assert "a little optimistic: the test texts had no part in that" in said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "3 seeds" in page
    assert repeated.words(told["valid"]["mcc"]) in page
    assert not list(out.glob("seeds/*/model"))
    assert textune.verify(out).faults == ()
    assert len(textune.Predictor.load(out)(["lovely film"])) == 1

    # the saved model is the one that its seed makes alone, on the same split
    alone = tmp_path / "alone"
    words = ["--base", tiny_base, "--out", alone, "--epochs", 2, "--lr", 5e-3]
    words += ["--set", "data.test_share=0.2", "--set", "data.split_seed=5"]
    trained(whole.file, *words, "--batch-size", 8, "--seed", told["best"])
    assert weights_of(alone) == weights_of(out)
    assert numbers_of(alone)["valid"] == found["valid"]
    for file in ("splits.json", "predictions/valid.parquet"):
        assert (alone / file).read_bytes() == (out / file).read_bytes()


@pytest.mark.exhaustive
@pytest.mark.parametrize("amid", [spare(1), 2])
def test_a_run_of_seeds_that_was_killed_goes_on_where_it_was(whole, tmp_path, monkeypatch, amid):
    built, count, out = fine_tuning.build, [0], tmp_path / "killed"

    class Killed(BaseException):
        pass

    def build(*words):
        count[0] += 1
        made = built(*words)
        if count[0] == amid + 1:
            monkeypatch.setattr(type(made), "save", die)
        return made

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(fine_tuning, "build", build)
        save = fine_tuning.FineTuning.save
        with pytest.raises(Killed):
            textune.train(whole.file, **whole.options, out=out)
    monkeypatch.setattr(fine_tuning.FineTuning, "save", save)
    assert not (out / "metrics.json").exists()
    steps = []
    learned = fine_tuning.Learner.work

    def work(learner, *where):
        for one in learned(learner, *where):
            steps.append(one)
            yield one

    monkeypatch.setattr(fine_tuning.Learner, "work", work)
    again = textune.train(whole.file, **whole.options, out=out, resume=True)
    assert again.metrics["seeds"] == numbers_of(whole.run)["seeds"]
    assert weights_of(again.path) == weights_of(whole.run)
    assert len(steps) == (2 - amid) * 28  # updates of the seeds that had not begun
    done = textune.train(whole.file, **whole.options, out=out, resume=True)
    assert done.metrics == again.metrics


def test_a_run_killed_while_the_best_model_takes_its_place_tells_the_same(
    few, tiny_base, tmp_path, monkeypatch
):
    options = {**SMALL, "base": tiny_base, "lr": 3e-3, "seeds": 2}
    monkeypatch.setattr(seeds, "_best", max)  # the last one
    adopted = seeds._adopt

    def copying(*words):
        made = adopted(*words)
        shutil.copytree(tmp_path / "whole", tmp_path / "killed")  # as a kill leaves it here
        return made

    with monkeypatch.context() as patch:
        patch.setattr(seeds, "_adopt", copying)
        whole = textune.train(few, **options, out=tmp_path / "whole")
    assert not (tmp_path / "killed" / "metrics.json").exists()
    again = textune.train(few, **options, out=tmp_path / "killed", resume=True)
    assert again.metrics == whole.metrics
    assert weights_of(again.path) == weights_of(whole.path)
    assert again.metrics["seeds"]["best"] == 43


@pytest.mark.exhaustive
def test_few_rows_are_cross_validated_in_the_same_folds_by_each_seed(
    few, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.delenv(choosing.FORCED)
    options = {**SMALL, "limit": 20, "settings": "train.refit=false"}
    run = textune.train(few, base=tiny_base, out=tmp_path / "run", seeds=2, **options)
    told = run.metrics["seeds"]
    frozen = [
        json.loads((run.path / "seeds" / f"seed-{seed}" / "metrics.json").read_text())["valid"]
        for seed in (42, 43)
    ]
    first, second = (one["cross_validation"]["candidates"][0] for one in frozen)
    assert first | {"seed": 43} == second
    assert "cross-validation of 20 texts" in told["judged"]
    assert "--test FILE would tell better" in told["words"]


@pytest.mark.exhaustive
def test_a_cross_validated_run_of_seeds_does_not_repeat_its_first(
    few, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.delenv(choosing.FORCED)
    monkeypatch.setattr("textune.recipes.selection.selecting.preferring.is_better", lambda *_: True)
    options = {**SMALL, "base": tiny_base, "seeds": 2, "out": tmp_path / "run"}
    options |= {"limit": 20, "settings": "train.refit=false"}
    with monkeypatch.context() as patch:
        patch.setattr(seeds, "_by_seed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            textune.train(few, **options)
    taken, built = [], fine_tuning.build

    def build(request, *rest):
        made = built(request, *rest)
        taken.append((request.settings.seed, made.learner))
        return made

    monkeypatch.setattr(fine_tuning, "build", build)
    textune.train(few, **options, resume=True)
    first, second = (learner.progress for _, learner in taken)
    assert [seed for seed, _ in taken] == [42, 43]
    assert first.step == second.step == taken[0][1].total
    told = (tmp_path / "run" / "seeds" / "seed-42" / "log.jsonl").read_text().splitlines()
    assert len([line for line in told if '"step"' in line]) >= first.step


@pytest.mark.parametrize("kind", ["numbers", "tagged", "valid"])
@pytest.mark.first(1)
def test_tasks_of_all_kinds_have_several_seeds(kind, reviews, tiny_base, tmp_path, request):
    file = reviews if kind == "valid" else request.getfixturevalue(kind)
    options = {"valid": reviews} if kind == "valid" else {}
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", seeds=2, **SMALL, **options)
    told = run.metrics["seeds"]
    metric = told["metric"]
    assert len(told["each"]) == 2
    values = [one["valid"][metric] for one in told["each"]]
    if None not in values:
        assert told["valid"][metric]["mean"] == pytest.approx(statistics.fmean(values))


def test_a_seed_that_diverges_is_left_out(few, tiny_base, tmp_path, monkeypatch):
    learned = seeds.repeat

    def repeat(request, folder, numbers, learn):
        def failing(asked):
            if asked.settings.seed == 43:
                raise NumericsError("the gradient is not finite")
            return (yield from learn(asked))

        return learned(request, folder, numbers, failing)

    monkeypatch.setattr(seeds, "repeat", repeat)
    run = textune.train(few, base=tiny_base, out=tmp_path / "run", seeds=3, **SMALL)
    told = run.metrics["seeds"]
    assert [one["seed"] for one in told["each"]] == [42, 44]
    assert told["failed"] == [{"seed": 43, "why": "the gradient is not finite"}]


def test_what_several_seeds_cannot_be_is_refused_before_anything_is_written(
    reviews, tiny_base, tmp_path
):
    options = {**SMALL, "base": tiny_base, "out": tmp_path / "run"}
    for wrong in (0, -1, True, 2.5, "3"):
        with pytest.raises(SettingsError, match="expected a whole number from 1"):
            textune.train(reviews, **options, seeds=wrong)
    with pytest.raises(SettingsError, match="--effort best trains by 3 seeds itself"):
        textune.train(reviews, **options, seeds=2, effort="best")
    with pytest.raises(SettingsError, match="give a smaller --seed"):
        textune.train(reviews, **options, seeds=2, seed=2**32 - 1)
    assert not os.path.lexists(tmp_path / "run")


@pytest.mark.exhaustive
def test_another_number_of_seeds_is_no_way_to_go_on(few, tiny_base, tmp_path):
    options = {**SMALL, "base": tiny_base, "out": tmp_path / "run"}
    run = textune.train(few, **options, seeds=2)
    for count in (None, 1, 3):
        with pytest.raises(RunError, match="began with --seeds 2"):
            textune.train(few, **options, seeds=count, resume=True)
    again = textune.train(config=run.path / "config.toml", out=tmp_path / "again", device="cpu")
    assert again.metrics["seeds"] == run.metrics["seeds"]
    plain = textune.train(few, **options, overwrite=True)
    assert "seeds" not in plain.metrics
    assert not (plain.path / "seeds").exists()


def test_most_effort_tries_seeds_where_validation_texts_judge(few, tiny_base, tmp_path):
    run = textune.train(few, base=tiny_base, out=tmp_path / "run", effort="best", **SMALL)
    assert run.metrics["seeds"]["count"] == 3


def test_one_row_drawn_is_the_same_for_each_seed(reviews, tiny_base, tmp_path):
    run = textune.train(reviews, base=tiny_base, out=tmp_path / "run", seeds=2, limit=30, **SMALL)
    first, second = (
        json.loads((place / "splits.json").read_text())
        for place in (run.path, run.path / "seeds" / "seed-43")
    )
    assert first == second


def test_the_first_encoder_is_given_back_before_the_next_one_is_made(
    few, tiny_base, tmp_path, monkeypatch
):
    built, repeat, held = fine_tuning.build, seeds.repeat, []

    def build(*words):
        made = built(*words)
        held.append(weakref.ref(made.learner.encoder.model))
        return made

    def looking(*words):
        gc.collect()
        assert held[0]() is None
        return (yield from repeat(*words))

    monkeypatch.setattr(fine_tuning, "build", build)
    monkeypatch.setattr(seeds, "repeat", looking)
    textune.train(few, base=tiny_base, out=tmp_path / "run", seeds=2, curve=True, **SMALL)
    assert len(held) == 2
