"""Weights parted between processes learn what whole ones do, and each process holds its part."""

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.distributed.tensor.debug import CommDebugMode

import made_paths
import made_ranks
from textune.doors import cli
from textune.errors import SettingsError
from textune.parallel import ranks
from textune.parallel.place import Place
from textune.recipes import labelled_text, requests, sampled
from textune.runs.events import drained
from textune.settings import config
from textune.settings.config import Settings
from textune.training import buckets, checkpoint, scaling, sharding

TASKS = ("single", "tags", "mlm")
WHOLE = "single"  # is learned by two processes that part nothing, too
BY_TORCH = made_paths.Path("fp32", kernels=False)
UPDATES = 4
EXACT = ("train.micro_tokens=32", "train.eps=1e-5")  # several micro-batches
CLOSE = 1e-6
FREED_TWICE = {torch.ops.c10d_functional.all_gather_into_tensor}  # its name, by threads of gloo
LARGE = 64  # elements of weights that go by themselves: the encoder is small


def learned(task, base, source, folder, joined, *changes):
    """Learn some updates; return the weights, and the bytes of weights and moments held here, with
    those that a forecast reckons with."""
    learner = made_paths.learner_of(task, BY_TORCH, base, source, folder, *EXACT, *changes)
    learner.ranks = joined
    torch.manual_seed(3)
    reckoned = sampled.held(learner.encoder).lasting
    sharding.begin(learner)
    works = (sharding.filled(learner, work) for work in learner.work())
    steps = list(islice(learner.updates(learner.objective.loss, works), UPDATES))
    tensors = [value for one in learner.optimizer.state.values() for value in one.values()]
    tensors += (
        learner.optimizer.param_groups[0]["params"] + learner.optimizer.param_groups[1]["params"]
    )
    held = sum(getattr(each, "_local_tensor", each).nbytes for each in tensors)
    held += sum(item.nbytes for item in learner.encoder.parameters()) * bool(learner.shards)
    with CommDebugMode() as seen:
        sharding.gather(learner)
        list(checkpoint.parts_of(learner.optimizer))
    assert not FREED_TWICE & seen.get_comm_counts().keys()
    weights = {
        name: item.detach().clone() for name, item in learner.encoder.model.named_parameters()
    }
    losses = [float(step.loss) for step in steps]
    norms = [float(step.norm) for step in steps]
    return weights, torch.tensor([losses, norms]), held, reckoned


def overflowed(base, source, folder, joined):
    """Learn in fp16, where one process has an infinite gradient in the second update.

    Returns:
        The weights after each update, and how many were left out, with the scale in the end.
    """
    path = made_paths.Path("fp16", kernels=False)
    learner = made_paths.learner_of("single", path, base, source, folder, *EXACT)
    learner.ranks, seen, found = joined, [], {}

    def works():
        for work in learner.work():
            seen.append(work.number)
            yield work

    def loss(output, batch):
        is_broken = joined.place.rank == 1 and seen[-1] == 2
        return learner.objective.loss(output, batch) * (float("inf") if is_broken else 1.0)

    for step in islice(learner.updates(loss, works()), UPDATES):
        parts = [item.detach().flatten() for item in learner.encoder.parameters()]
        found[str(step.number)] = torch.cat(parts)
    learner.late.settle()
    told = [learner.progress.left_out, float(learner.loss_scale.factor)]
    return {**found, "told": torch.tensor(told)}


def _child(rank, base, sources, folder):
    torch.set_num_threads(1)
    buckets.LARGE = LARGE
    joined = ranks.join(Place.here(), seconds=60, by_cards=False)
    for task, source in sources.items():
        for shard in ("true", "false") if task == WHOLE else ("true",):
            own = folder / f"{task}-{rank}-{shard}"
            own.mkdir()
            again = "on" if task == "tags" else "off"
            changes = (f"train.shard={shard}", f"train.recompute={again}")
            weights, numbers, held, _ = learned(task, base, source, own, joined, *changes)
            numbers = {"numbers": numbers, "held": torch.tensor(held)}
            numbers["added"] = torch.tensor(len(joined.memory.own) if joined.memory else 0)
            save_file({**weights, **numbers}, own / "found")
    own = folder / f"fp16-{rank}"
    own.mkdir()
    save_file(overflowed(base, sources["single"], own, joined), own / "found")
    joined.leave()


@pytest.fixture(scope="module")
def two(tiny_base, tmp_path_factory, forks):
    """Return a folder of what two processes learned of each task, and of one by whole weights."""
    folder = tmp_path_factory.mktemp("two")
    sources = {task: made_paths.write_rows(folder, task) for task in TASKS}
    base = made_paths.make_base(folder / "base", tiny_base, BY_TORCH, 0.0)
    place = {"WORLD_SIZE": 2, "MASTER_ADDR": "localhost", "MASTER_PORT": made_ranks.free_port()}
    place |= {"TEXTUNE_KERNELS": 0}
    log = folder / "said.txt"
    given = (base, sources, folder)
    started = [forks.start(_child, n, *given, log=log, RANK=n, **place) for n in range(2)]
    assert made_ranks.ended(started, 120) == [0, 0], log.read_text(encoding="utf-8")
    return folder, base, sources


def apart(mine, other):
    """Return how far weights are apart, relative to their norm."""
    ones, others = (
        torch.cat([found[name].flatten().double() for name in sorted(mine)])
        for found in (mine, other)
    )
    return float((ones - others).norm() / others.norm())


@pytest.mark.exhaustive
def test_an_overflow_in_one_process_leaves_an_update_out_in_all(two):
    one, other = (load_file(two[0] / f"fp16-{rank}" / "found") for rank in (0, 1))
    assert all(one[name].equal(other[name]) for name in one)
    assert one["told"].tolist() == [1, scaling.START / 2]
    assert one["1"].equal(one["2"])
    assert not one["2"].equal(one["3"])


@pytest.mark.exhaustive
@pytest.mark.usefixtures("fresh_kernels")
@pytest.mark.parametrize("task", TASKS)
def test_parted_weights_learn_what_whole_ones_do(two, tmp_path, monkeypatch, task):
    made_paths.choose(BY_TORCH, monkeypatch)
    folder, base, sources = two
    names = (f"{task}-0-true", f"{task}-1-true", *[f"{task}-0-false"] * (task == WHOLE))
    first, second, *wholes = (load_file(folder / name / "found") for name in names)
    weights, numbers, held, reckoned = learned(task, base, sources[task], tmp_path, ranks.ALONE)
    assert reckoned == pytest.approx(held, rel=0.01)  # which counts the updates, too
    shares = [int(found.pop("held")) / held for found in (first, second)]
    assert [int(whole.pop("held")) for whole in wholes] == [held] * len(wholes)
    added = [int(found.pop("added")) for found in (first, second, *wholes)]
    if task == WHOLE:  # whose gradients both have added in memory that both see
        large = sum(item.numel() for item in weights.values() if item.numel() >= LARGE)
        assert added == [0, 0, large]
    assert sum(shares) == pytest.approx(1, abs=0.02)
    assert shares == pytest.approx([0.5, 0.5], abs=0.1)  # odd sizes: the first has a row more
    for found in (first, second, *wholes):
        assert torch.allclose(found.pop("numbers"), numbers, rtol=1e-5)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(apart(first, other) < CLOSE for other in (weights, *wholes))


SETTINGS = {
    "train.epochs": 2,  # of ten updates
    "train.batch_size": 12,
    "train.lr": 1e-3,
    "train.eps": 1e-5,
    "train.precision": "fp32",
    "train.dropout": 0.0,
    "train.validate_every": 5,
    "train.keep_checkpoints": True,
    "data.valid_share": 0.25,
    "device": "cpu",
}


@dataclass
class Runs:
    whole: Path  # of two processes, parted
    killed: Path  # one of two was killed
    went_on: Path  # and both started anew
    alone: Path  # and one went on alone
    said: list[str]
    codes: list[list[int]]


def place_of(tmp_path_factory, name, kernels):
    """Return a folder, a file of texts in it, and variables for the processes."""
    folder = tmp_path_factory.mktemp(name)
    more = {"TEXTUNE_CACHE": made_ranks.cache_in(folder, kernels), "TEXTUNE_PICTURES": 0}
    return folder, made_ranks.write_texts(folder / "films.csv"), more


def command(texts, base, out, settings):
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    given += ["--set", "train.shard=true"]
    return ["train", str(texts), "--base", str(base), "--out", str(out), *given]


@pytest.fixture(scope="module")
def runs(tiny_base, tmp_path_factory, _kernels, forks):
    """Return runs whose weights were parted, one of them killed and continued in two ways."""
    folder, texts, more = place_of(tmp_path_factory, "runs", _kernels)

    def words(out):
        return command(texts, tiny_base, out, SETTINGS)

    whole, killed, alone = (folder / name for name in ("whole", "killed", "alone"))
    started = made_ranks.start(forks, words(killed), folder, **more)
    end = time.monotonic() + 60
    while not any(killed.glob("checkpoints/step-*5")) and time.monotonic() < end:
        time.sleep(0.005)
    os.kill(started.processes[1].pid, signal.SIGKILL)
    codes = [started.wait()]
    shutil.copytree(killed, alone)
    shutil.copytree(killed, went_on := folder / "went_on")
    again = made_ranks.start(forks, words(went_on), folder, TORCHELASTIC_RESTART_COUNT=1, **more)
    codes.append(again.wait())
    unbroken = made_ranks.start(forks, words(whole), folder, **more)
    codes.append(unbroken.wait())
    settings = config.resolve(Settings, None, (), {"base": str(tiny_base), **SETTINGS})
    request = requests.TrainRequest(str(texts), settings, alone, resume=True, accept_changes=True)
    drained(labelled_text.learn(request))
    said = [one.said() for one in (started, again, unbroken)]
    return Runs(whole, killed, went_on, alone, said, codes)


def weights_of(run):
    place = max(run.glob("checkpoints/step-*"))
    return load_file(place / "state.safetensors"), load_file(run / "model/model.safetensors")


@pytest.mark.exhaustive
def test_a_lost_process_is_named_and_the_last_checkpoint_counts(runs):
    assert runs.codes[0] == [7, -signal.SIGKILL], runs.said[0]
    assert "error: rank 1 of 2 on " in runs.said[0]
    assert "--resume goes on from the last checkpoint" in runs.said[0]
    assert any(runs.killed.glob("checkpoints/step-*"))


@pytest.mark.exhaustive
def test_a_run_that_goes_on_has_the_weights_of_an_unbroken_one(runs):
    assert runs.codes[1:] == [[0, 0], [0, 0]], runs.said[1:]
    assert "continuing after step" in runs.said[1]
    assert "by torch's own operations (train.shard parts the weights)" in runs.said[1]
    for mine, other in zip(*map(weights_of, (runs.went_on, runs.whole)), strict=True):
        assert mine.keys() == other.keys()
        assert all(torch.equal(mine[name], other[name]) for name in mine)
    assert (runs.went_on / "metrics.json").read_bytes() == (
        runs.whole / "metrics.json"
    ).read_bytes()


@pytest.mark.exhaustive
def test_one_process_goes_on_with_what_two_have_saved(runs):
    for mine, other in zip(*map(weights_of, (runs.alone, runs.whole)), strict=True):
        names = [name for name in mine if not name.startswith("rng")]
        assert mine.keys() == other.keys()
        assert apart({n: mine[n] for n in names}, {n: other[n] for n in names}) < 1e-5


@pytest.fixture(scope="module")
def anew(tiny_base, tmp_path_factory, _kernels, forks):
    """Return a run with dropout that began anew, and what went on from its state at some moment."""
    folder, texts, more = place_of(tmp_path_factory, "anew", _kernels)
    settings = SETTINGS | {"train.dropout": 0.1, "train.lr": 1e20}
    whole, went_on = folder / "whole", folder / "went_on"
    unbroken = made_ranks.start(forks, command(texts, tiny_base, whole, settings), folder, **more)
    end = time.monotonic() + 60
    while not any(whole.glob("checkpoints/step-*5")) and time.monotonic() < end:
        time.sleep(0.005)
    for how in (signal.SIGSTOP, signal.SIGCONT):
        for one in unbroken.processes:
            os.kill(one.pid, how)
        if how == signal.SIGSTOP:
            shutil.copytree(whole, went_on)
    codes = [unbroken.wait()]
    words = [*command(texts, tiny_base, went_on, settings), "--resume"]
    again = made_ranks.start(forks, words, folder, **more)
    codes.append(again.wait())
    return Runs(whole, folder, went_on, folder, [unbroken.said(), again.said()], codes)


@pytest.mark.exhaustive
def test_all_begin_anew_together_where_a_gradient_is_not_finite(anew):
    assert anew.codes[0] == [0, 0], anew.said[0]
    assert "the gradient is not finite" in anew.said[0]
    assert "It begins anew, once, from the same weights" in anew.said[0]
    lines = map(json.loads, (anew.whole / "log.jsonl").read_text(encoding="utf-8").splitlines())
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 21))


@pytest.mark.exhaustive
def test_a_parted_run_with_dropout_goes_on_to_the_same_bits(anew):
    assert anew.codes[1] == [0, 0], anew.said[1]
    assert "continuing after step" in anew.said[1]
    for mine, other in zip(*map(weights_of, (anew.went_on, anew.whole)), strict=True):
        assert mine.keys() == other.keys()
        assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_one_process_parts_nothing(monkeypatch, capsys, tmp_path):
    words = [
        "textune",
        "train",
        str(made_ranks.write_texts(tmp_path / "films.csv")),
        "--out",
        str(tmp_path / "run"),
    ]
    monkeypatch.setattr(sys, "argv", [*words, "--set", "train.shard=true"])
    with pytest.raises(SystemExit, match="2"):
        cli.run()
    assert "give --gpus all or --processes N" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("other", ["lora=4", "precision=bf16", "keep_epochs=true", "effort=quick"])
def test_what_cannot_be_parted_is_refused(other):
    with pytest.raises(SettingsError, match=f"leave out {other.partition('=')[0]}"):
        config.resolve(Settings, None, ("train.shard=true", f"train.{other}"))
