"""Two processes learn what one does: the same gradients, losses and numbers, whatever befalls them.

One run of two processes, killed in one of them and continued, is what these tests read; a bounded
form of `python -m bench.ranks`.
"""

import json
import os
import re
import signal
import sys
import threading
import time

import pytest

import made_ranks
from textune.doors import cli, launching
from textune.errors import SettingsError
from textune.parallel.place import Place
from textune.recipes import labelled_text, requests
from textune.runs.events import drained
from textune.settings import config
from textune.settings.config import Settings

SETTINGS = {
    "train.epochs": 3,
    "train.batch_size": 12,
    "train.lr": 1e-3,
    "train.precision": "fp32",
    "train.dropout": 0.0,
    "train.validate_every": 5,
    "data.valid_share": 0.25,
    "device": "cpu",
}
LAST = 30  # updates
# it may be lost while some have updated their share
SAVED = re.compile("is saved: continue with --resume|: --resume goes on from the last checkpoint")
STANDING = 8.0  # seconds that processes wait for each other, where one stands still


def steps(run):
    lines = map(json.loads, (run / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == "step"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Return a file of texts of very different lengths: ten updates a pass."""
    return made_ranks.write_texts(tmp_path_factory.mktemp("texts") / "films.csv")


@pytest.fixture(scope="module")
def alone(texts, tiny_base, tmp_path_factory):
    """Return the run of one process."""
    settings = config.resolve(Settings, None, (), {"base": str(tiny_base), **SETTINGS})
    out = tmp_path_factory.mktemp("alone") / "run"
    drained(labelled_text.learn(requests.TrainRequest(str(texts), settings, out)))
    return out


def words(texts, base, out, *more):
    given = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    return ["train", str(texts), "--base", str(base), "--out", str(out), *given, *more]


@pytest.fixture(scope="module")
def standing(texts, tiny_base, tmp_path_factory, _kernels, forks):
    """Return two processes of which the second stands still, a thread that waits for the end of
    the first, and where it notes the seconds until then.

    They wait for each other while the run below is made.
    """
    folder = tmp_path_factory.mktemp("standing")
    more = ("--set", f"train.rank_timeout={STANDING}")
    given = {"TEXTUNE_CACHE": made_ranks.cache_in(folder, _kernels), "TEXTUNE_PICTURES": 0}
    given["before"] = made_ranks.share_all
    started = made_ranks.start(
        forks, words(texts, tiny_base, folder / "run", *more), folder, **given
    )
    end = time.monotonic() + 60
    while not any(folder.glob("run/checkpoints/step-*")) and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(started.processes[1].pid, signal.SIGSTOP)
    began, ended = time.monotonic(), []

    def wait():
        made_ranks.ended(started.processes[:1], 60)
        ended.append(time.monotonic() - began)

    waiting = threading.Thread(target=wait)
    waiting.start()
    yield started, waiting, ended
    started.wait(0)


@pytest.fixture(scope="module")
def together(standing, texts, tiny_base, tmp_path_factory, _kernels, forks):
    """Return the folder of a run of two processes, what was said, and the exit codes.

    The second process is killed after the first checkpoint, and once more in an update; then both
    are started for a third time, each in a network of its own where that is allowed.
    """
    folder = tmp_path_factory.mktemp("together")
    out = folder / "run"
    given = {"TEXTUNE_CACHE": made_ranks.cache_in(folder, _kernels), "TEXTUNE_PICTURES": 0}
    given["before"] = made_ranks.share_all
    killed = made_ranks.start(forks, words(texts, tiny_base, out), folder, **given)
    end = time.monotonic() + 60
    while not any(out.glob("checkpoints/step-*")) and time.monotonic() < end:
        time.sleep(0.01)
    os.kill(killed.processes[1].pid, signal.SIGKILL)
    codes = killed.wait()
    given |= {"TORCHELASTIC_RESTART_COUNT": 1, "before": made_ranks.share_all_and_die_in_an_update}
    amid = made_ranks.start(forks, words(texts, tiny_base, out), folder, **given)
    assert amid.wait() == [7, -signal.SIGKILL]
    given["before"] = made_ranks.share_all
    with made_ranks.networks() as inside:
        went_on = made_ranks.start(
            forks, words(texts, tiny_base, out), folder, inside=inside, **given
        )
        return out, (killed, codes), amid, (went_on, went_on.wait()), inside


def test_a_killed_process_ends_the_others_which_name_it(together):
    _, (killed, codes), *_ = together
    assert codes == [7, -signal.SIGKILL]
    assert "error: rank 1 of 2 on " in killed.said()
    assert SAVED.search(killed.said())
    assert killed.said().count("error:") == 1


def test_weights_that_were_updated_in_part_are_not_saved(together):
    said = together[2].said()
    assert "none is saved after step 16: --resume goes on from the last checkpoint" in said
    assert "while each process updated its share of the weights" in said
    assert said.count("error:") == 1


def test_processes_that_torchrun_starts_anew_go_on_by_themselves(together):
    out, _, _, (went_on, codes), _ = together
    assert codes == [0, 0], went_on.said()
    assert "continuing after step 15" in went_on.said()
    assert went_on.said().count("2 processes learn together") == 1
    assert "(the share of each process)" in went_on.said()
    assert [step["step"] for step in steps(out)] == list(range(1, LAST + 1))


def test_two_networks_are_no_hindrance(together):
    *_, (went_on, codes), inside = together
    if inside is None:
        pytest.skip("only root may make network namespaces, and by ip")
    assert codes == [0, 0]
    assert "continuing after step" in went_on.said()


def test_a_process_that_stands_still_ends_the_others_which_name_it(standing):
    started, waiting, ended = standing
    waiting.join(60)
    assert started.wait(0) == [7, None], started.said()
    assert STANDING <= ended.pop() < 3 * STANDING
    assert "rank 1 of 2 on " in started.said()
    assert "has ended, or stands still" in started.said()
    assert SAVED.search(started.said())


def test_a_mistake_is_said_before_how_many_processes_learn(tiny_base, tmp_path, forks):
    started = made_ranks.start(forks, words("no.csv", tiny_base, tmp_path / "run"), tmp_path)
    assert started.wait() == [2, 2]
    assert "no.csv" in started.said()
    assert "processes learn together" not in started.said()


def test_two_processes_learn_what_one_does(together, alone):
    found, wanted = steps(together[0]), steps(alone)
    assert len(wanted) == LAST
    for mine, other in zip(found, wanted, strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], abs=1e-5)
        assert mine["norm"] == pytest.approx(other["norm"], rel=1e-4)
        assert mine["lr"] == other["lr"]
    numbers, others = (
        json.loads((run / "metrics.json").read_text(encoding="utf-8"))["valid"]
        for run in (together[0], alone)
    )
    assert numbers["mcc"] == others["mcc"]
    assert numbers["log_loss"] == pytest.approx(others["log_loss"], abs=1e-5)
    assert numbers["n"] == others["n"]


def test_what_one_process_does_is_refused_to_several(monkeypatch, capsys, texts, tmp_path):
    for name, value in {"RANK": 0, "WORLD_SIZE": 2, "MASTER_ADDR": "h", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    refused = (["folds", texts], ["sweep", texts], ["train", texts, "--try"])
    for command in (*refused, ["train", texts, "--plan"]):
        monkeypatch.setattr(sys, "argv", ["textune", *map(str, command), "--out", str(tmp_path)])
        with pytest.raises(SystemExit, match="2"):
            cli.run()
        assert "is done by one process, and 2 were started" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, Place()),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "4"}, Place()),  # a shell on a cluster
        (
            {"SLURM_PROCID": "5", "SLURM_NTASKS": "8", "SLURM_LOCALID": "1"}
            | {"SLURM_NTASKS_PER_NODE": "4(x2)", "MASTER_ADDR": "h", "MASTER_PORT": "1"},
            Place(5, 8, 1, 4),
        ),
        (
            {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
            | {"MASTER_ADDR": "h", "MASTER_PORT": "1", "TORCHELASTIC_RESTART_COUNT": "2"},
            Place(3, 4, 1, 2, 2),
        ),
        ({"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "h", "MASTER_PORT": "1"}, Place()),
    ],
)
def test_the_environment_says_which_process_this_is(environment, place):
    assert Place.here(environment) == place


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"RANK": "x"}, "RANK='x': expected a number"),
        ({"RANK": "2"}, "RANK=2 of WORLD_SIZE=2: ranks count from 0"),
    ],
)
def test_an_environment_that_names_no_place_is_refused(changes, words):
    known = {"WORLD_SIZE": "2", "MASTER_ADDR": "h", "MASTER_PORT": "1"}
    with pytest.raises(SettingsError, match=words):
        Place.here(known | changes)


@pytest.mark.parametrize(
    ("processes", "gpus", "words"),
    [
        (2, "all", "both say how many"),
        (0, None, "expected a number from 1 on"),
        (None, "two", "expected all, or a number of cards"),
        (None, "999", "this machine has .* cards of NVIDIA; --processes N"),
    ],
)
def test_a_number_of_processes_that_cannot_be_is_refused(processes, gpus, words):
    with pytest.raises(SettingsError, match=words):
        launching.start(processes, gpus)


@pytest.mark.parametrize(
    ("codes", "first", "code"),
    [
        ({0: 2, 1: -15}, 0, 2),
        ({0: -15, 1: 2}, 1, 2),  # the agent ended rank 0, which was about to say the same
        ({1: 2}, 1, 2),
        ({0: -15, 1: -9}, 1, 7),  # a lost process
        ({0: 7, 1: -9}, 1, 7),
        ({0: 6, 1: 7}, 1, 6),
    ],
)
def test_a_command_of_several_processes_ends_with_what_went_wrong(codes, first, code):
    assert launching._code(codes, first) == code
