"""A run learns, keeps its best, and continues after any interruption to the same weights."""

import json
import os
import shutil
import signal
import time

import pytest
from safetensors.torch import load_file

import textune
import thinning
from conftest import write_reviews
from made_requests import train_request
from made_texts import own_cache
from textune.errors import CheckpointError, RunError, SettingsError, StoppedError
from textune.predicting.predictor import Reading
from textune.recipes import evaluating, labelled_text, recipe
from textune.records import Message, Started, Step, Validated

OPTIONS = {"epochs": 3, "batch_size": 16, "lr": 2e-3, "seed": 5}


def weights_of(folder):
    return load_file(folder / "model" / "model.safetensors")


def same(one, other):
    first, second = weights_of(one), weights_of(other)
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


@pytest.fixture(scope="module")
def place(tmp_path_factory, _kernels):
    """Return a folder with the file of reviews, for what is made once."""
    with own_cache(tmp_path_factory.mktemp("made"), _kernels) as folder:
        write_reviews(folder / "reviews.csv")
        yield folder


@pytest.fixture(scope="module")
def trained(place, tiny_base):
    """Return a finished run by OPTIONS."""
    return textune.train(place / "reviews.csv", base=tiny_base, out=place / "trained", **OPTIONS)


@pytest.fixture(scope="module")
def whole(place, tiny_base):
    """Return the folder of a run that nothing stopped."""
    events = list(
        labelled_text.learn(train_request(place / "reviews.csv", tiny_base, place / "whole"))
    )
    assert isinstance(events[-1], Message)
    return place / "whole"


@pytest.mark.usefixtures("either_format")
def test_a_run_learns_and_writes_its_folder(reviews, tiny_base, tmp_path):
    run = textune.train(reviews, base=tiny_base, out=tmp_path / "run", **OPTIONS)
    assert run.metrics["valid"]["accuracy"] > 0.8
    assert run.metrics["baselines"]["majority"]["accuracy"] == pytest.approx(0.5, abs=0.1)
    assert set(run.metrics["valid"]["labels"]) == {"bad", "good"}
    names = {entry.name for entry in run.path.iterdir()}
    assert names >= {
        "config.toml",
        "data_card.json",
        "splits.json",
        "model",
        "predictions",
        "metrics.json",
        "report.html",
        "log.jsonl",
        "capsule.json",
    }
    assert json.loads((run.path / "metrics.json").read_text()) == run.metrics
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if line["kind"] == "step"]
    assert [line["step"] for line in steps] == list(range(1, 28))
    assert [line["kind"] for line in lines].count("validation") == 3
    capsule = json.loads((run.path / "capsule.json").read_text())
    assert capsule["examples_per_second"] > 0
    assert capsule["padding"] == 0.0


def test_metrics_are_those_of_the_saved_predictions(trained):
    import pyarrow.parquet as pq
    from sklearn.metrics import matthews_corrcoef

    saved = pq.read_table(trained.path / "predictions" / "valid.parquet").to_pydict()
    mcc = matthews_corrcoef(saved["truth"], saved["decision"])
    assert trained.metrics["valid"]["mcc"] == pytest.approx(mcc)
    assert all(origin.startswith("reviews.csv:") for origin in saved["origin"])


def test_the_same_seed_gives_the_same_weights(trained, reviews, tiny_base, tmp_path):
    textune.train(reviews, base=tiny_base, out=tmp_path / "same", **OPTIONS)
    textune.train(reviews, base=tiny_base, out=tmp_path / "other", **(OPTIONS | {"seed": 6}))
    assert same(trained.path, tmp_path / "same")
    assert not same(trained.path, tmp_path / "other")


@pytest.mark.usefixtures("either_format")
@pytest.mark.first(1)
def test_its_own_settings_repeat_the_run(reviews, tiny_base, tmp_path):
    textune.train(reviews, base=tiny_base, out=tmp_path / "one", **(OPTIONS | {"epochs": 1}))
    again = {"config": tmp_path / "one" / "config.toml", "out": tmp_path / "other"}
    textune.train(reviews, **again)
    assert same(tmp_path / "one", tmp_path / "other")


def test_a_runs_settings_alone_repeat_it_with_its_files(reviews, tiny_base, tmp_path):
    from textune.doors import cli

    command = ["train", str(reviews), "--base", str(tiny_base), "--valid", str(reviews)]
    command += ["--epochs", "1", "--out", str(tmp_path / "one")]
    cli.app(command, standalone_mode=False)
    again = ["train", "--config", str(tmp_path / "one" / "config.toml")]
    cli.app([*again, "--out", str(tmp_path / "other")], standalone_mode=False)
    assert same(tmp_path / "one", tmp_path / "other")
    cards = [
        json.loads((tmp_path / name / "data_card.json").read_text())["splits"]
        for name in ("one", "other")
    ]
    assert cards[0] == cards[1] == {"train": 160, "valid": 160, "test": 0}


def test_without_a_file_there_is_nothing_to_train_on():
    from textune.doors import cli

    with pytest.raises(SettingsError, match="name the FILE to train on, or give --config"):
        cli.app(["train"], standalone_mode=False)


def test_evaluating_leaves_the_runs_own_predictions_alone(trained, reviews, tmp_path):
    run = shutil.copytree(trained.path, tmp_path / "run")
    before = (run / "predictions" / "valid.parquet").read_bytes()
    other = tmp_path / "valid.csv"
    other.write_text("".join(reviews.read_text().splitlines(keepends=True)[:40]), encoding="utf-8")
    numbers = evaluating.evaluate(run, other, Reading())
    assert numbers["n"] == 39
    assert (run / "predictions" / "valid.parquet").read_bytes() == before
    assert json.loads((run / "evaluations" / "valid.json").read_text()) == numbers


@pytest.mark.parametrize("stop_at", [1, thinning.spare(9), 13, thinning.spare(27)])
def test_a_stopped_run_continues_to_the_same_weights(whole, place, tiny_base, tmp_path, stop_at):
    reviews = place / "reviews.csv"
    with pytest.raises(StoppedError, match=f"stopped after step {stop_at}, state saved"):
        for event in labelled_text.learn(train_request(reviews, tiny_base, tmp_path / "parted")):
            if isinstance(event, Step) and event.number == stop_at:
                os.kill(os.getpid(), signal.SIGTERM)
    assert not (tmp_path / "parted" / "model").exists()
    again = train_request(reviews, tiny_base, tmp_path / "parted", resume=True)
    events = list(labelled_text.learn(again))
    started = next(event for event in events if isinstance(event, Started))
    assert started.first == stop_at + 1
    assert same(whole, tmp_path / "parted")
    numbers = [
        json.loads((folder / "metrics.json").read_text()) for folder in (whole, tmp_path / "parted")
    ]
    assert numbers[0] == numbers[1]
    lines = (tmp_path / "parted" / "log.jsonl").read_text().splitlines()
    steps = [json.loads(line) for line in lines]
    assert [line["step"] for line in steps if line["kind"] == "step"] == list(range(1, 28))
    assert [line["step"] for line in steps if line["kind"] == "validation"] == [9, 18, 27]


def test_a_run_in_bf16_continues_to_the_same_weights(reviews, tiny_base, tmp_path):
    change, given = "train.precision=bf16", {"train.epochs": 1}
    whole = train_request(reviews, tiny_base, tmp_path / "whole", change, **given)
    parted = train_request(reviews, tiny_base, tmp_path / "parted", change, **given)
    again = train_request(reviews, tiny_base, tmp_path / "parted", change, resume=True, **given)
    said = [event.text for event in labelled_text.learn(whole) if isinstance(event, Message)]
    assert any("numbers: bf16 (as train.precision says)" in text for text in said)
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(parted):
            if isinstance(event, Step) and event.number == 5:
                os.kill(os.getpid(), signal.SIGTERM)
    events = list(labelled_text.learn(again))
    assert next(event for event in events if isinstance(event, Started)).first == 6
    assert same(tmp_path / "whole", tmp_path / "parted")


def test_a_killed_process_continues_to_the_same_weights(server, reviews, tiny_base, tmp_path):
    command = ["train", reviews, "--base", tiny_base, "--epochs", "6", "--batch-size", "8"]
    command += ["--lr", "0.002", "--device", "cpu"]
    assert server.run([*command, "--out", tmp_path / "whole"]).code == 0
    parted = tmp_path / "parted"
    process = server.start([*command, "--out", parted])
    for _ in range(2):
        wait_for_checkpoint(parted)
        os.kill(process, signal.SIGKILL)
        assert server.wait(process).code == -signal.SIGKILL
        assert not (parted / "model").exists()
        process = server.start([*command, "--out", parted, "--resume"])
    assert server.wait(process).code == 0
    assert same(tmp_path / "whole", parted)


def wait_for_checkpoint(folder):
    before = set(folder.glob("checkpoints/step-*"))
    end = time.monotonic() + 60
    while time.monotonic() < end and not set(folder.glob("checkpoints/step-*")) - before:
        time.sleep(0.002)


def test_a_damaged_checkpoint_is_passed_over(whole, reviews, tiny_base, tmp_path):
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(train_request(reviews, tiny_base, tmp_path / "run")):
            if isinstance(event, Step) and event.number == 20:
                os.kill(os.getpid(), signal.SIGINT)
    newest = sorted((tmp_path / "run" / "checkpoints").glob("step-*"))[-1]
    assert newest.name == "step-00000020"
    file = newest / "state.safetensors"
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 4
    file.write_bytes(content)
    events = list(
        labelled_text.learn(train_request(reviews, tiny_base, tmp_path / "run", resume=True))
    )
    assert next(event for event in events if isinstance(event, Started)).first == 19
    assert same(tmp_path / "run", whole)


def stopped_run(reviews, tiny_base, out):
    with pytest.raises(StoppedError):
        for event in labelled_text.learn(train_request(reviews, tiny_base, out)):
            if isinstance(event, Step) and event.number == 3:
                os.kill(os.getpid(), signal.SIGTERM)


def test_changed_settings_are_not_continued(reviews, tiny_base, tmp_path):
    stopped_run(reviews, tiny_base, tmp_path / "run")
    changed = train_request(reviews, tiny_base, tmp_path / "run", "train.lr=0.1", resume=True)
    with pytest.raises(CheckpointError, match="the settings changed after the checkpoint"):
        list(labelled_text.learn(changed))


def test_changed_data_are_not_continued(reviews, tiny_base, tmp_path):
    stopped_run(reviews, tiny_base, tmp_path / "run")
    reviews.write_text(reviews.read_text().replace("film", "book", 1), encoding="utf-8")
    with pytest.raises(CheckpointError, match="the data changed after the checkpoint"):
        list(labelled_text.learn(train_request(reviews, tiny_base, tmp_path / "run", resume=True)))


def test_without_a_checkpoint_there_is_nothing_to_continue(reviews, tiny_base, tmp_path):
    stopped_run(reviews, tiny_base, tmp_path / "run")
    for place in (tmp_path / "run" / "checkpoints").glob("step-*"):
        (place / "MANIFEST.json").unlink()
    with pytest.raises(CheckpointError, match="none of the 1 checkpoints is whole"):
        list(labelled_text.learn(train_request(reviews, tiny_base, tmp_path / "run", resume=True)))


def test_an_existing_run_is_refused_and_kept(trained, reviews, tiny_base, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    before = weights_of(tmp_path / "run")
    with pytest.raises(RunError, match="already exists; --resume continues it, --overwrite"):
        textune.train(reviews, base=tiny_base, out=tmp_path / "run", **OPTIONS)
    after = weights_of(tmp_path / "run")
    assert all(before[name].equal(after[name]) for name in before)


def test_a_full_disk_is_said_and_the_last_checkpoint_kept(server, reviews, tiny_base, tmp_path):
    out = tmp_path / "run"
    command = ["train", reviews, "--base", tiny_base, "--out", out, "--epochs", "2"]
    done = server.run(command, limits={"RLIMIT_FSIZE": 30_000})
    assert done.code == 2
    assert "cannot be written: " in done.errors
    assert done.is_clean
    assert not (out / "model").exists()
    assert server.run([*command, "--overwrite"]).code == 0
    assert (out / "model" / "model.safetensors").is_file()


def test_overwriting_starts_anew(reviews, tiny_base, tmp_path):
    options = {"base": tiny_base, "out": tmp_path / "run", "batch_size": 16}
    textune.train(reviews, epochs=1, **options)
    run = textune.train(reviews, epochs=2, overwrite=True, **options)
    lines = (run.path / "log.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["kind"] == "step" for line in lines) == 18


def test_a_folder_that_is_no_run_is_never_deleted(reviews, tiny_base, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(RunError, match="and no run; textune deletes only its own folders"):
        textune.train(reviews, base=tiny_base, out=tmp_path, overwrite=True, epochs=1)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_validation_every_few_steps(reviews, tiny_base, tmp_path):
    asked = train_request(reviews, tiny_base, tmp_path / "run", "train.validate_every=4")
    steps = [item.step for item in labelled_text.learn(asked) if isinstance(item, Validated)]
    assert steps == [4, 8, 12, 16, 20, 24, 27]


@pytest.mark.parametrize(
    "changes",
    [
        ["train.schedule=cosine", "train.freeze=1", "train.metric=log_loss", "data.max_tokens=8"],
        ["train.schedule=one-cycle", "train.freeze=-1", "train.clip=0.5", "data.cache=false"],
        [
            *("train.class_weights=balanced", "train.warmup_epochs=0.5", "train.micro_tokens=64"),
            *("data.most_per_class=30", "data.test_share=0.2"),
        ],
    ],
)
def test_every_setting_trains(reviews, tiny_base, tmp_path, changes):
    asked = train_request(reviews, tiny_base, tmp_path / "run", *changes, **{"train.epochs": 1})
    list(labelled_text.learn(asked))
    assert recipe.read_run(tmp_path / "run").metrics["valid"]["n"] > 0


@pytest.mark.exhaustive
def test_several_labels_need_no_option(comments, tiny_base, tmp_path):
    run = textune.train(
        comments, base=tiny_base, out=tmp_path / "run", epochs=12, batch_size=16, lr=6e-3
    )
    labels = run.metrics["valid"]["labels"]
    assert set(labels) == {"warm", "cold", "film"}
    assert run.metrics["valid"]["roc_auc"] > 0.8
    assert all("roc_auc" in numbers for numbers in labels.values())


def test_texts_without_labels_are_thinned_in_training_only(comments, tiny_base, tmp_path):
    asked = {"base": tiny_base, "epochs": 1, "settings": ["data.unlabelled=5"]}
    run = textune.train(comments, out=tmp_path / "run", **asked)
    card = json.loads((run.path / "data_card.json").read_text())
    assert card["splits"]["train"] + card["splits"]["valid"] < 160
    assert card["splits"]["valid"] == 16


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
@pytest.mark.first(1)
def test_data_frames_train_as_files_do(trained, reviews, tiny_base, tmp_path, kind):
    import pandas
    import polars
    from pyarrow import csv

    readers = {"pandas": pandas.read_csv, "polars": polars.read_csv, "arrow": csv.read_csv}
    frame = readers[kind](reviews)
    textune.train(frame, base=tiny_base, out=tmp_path / "frame", **OPTIONS)
    assert same(tmp_path / "frame", trained.path)
