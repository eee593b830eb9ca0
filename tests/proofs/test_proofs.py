"""The proofs with few trials of each; `make proofs` runs them all."""

import os
import random
import signal
from dataclasses import replace

import pytest

from proofs import made
from proofs.__main__ import PROOFS
from proofs.server import Ended
from proofs.trials import Setting, judged, mutations, summary
from thinning import but

LIKE_OTHERS = (
    "damage",
    "kills",
    "signals",
    "races",
    "bases",
    "models",
    "labellers",
)  # faults, and kills, have tests of their own
UNDRAWN = ("damage", "races", "disks", "models", "labellers")  # which look at no drawing


@pytest.fixture(scope="module")
def setting(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("proofs")
    base = made.base(folder / "tiny-base")
    return Setting(server=server, folder=folder, base=base, draw=random.Random(0), count=0)


def test_all_proofs_are_here():
    assert len(PROOFS) == 12


@pytest.mark.parametrize("name", but(PROOFS, *LIKE_OTHERS))
def test_a_few_trials_find_no_fault(setting, name, monkeypatch):
    proof, _, quick = PROOFS[name]
    if name in UNDRAWN:
        monkeypatch.setenv("TEXTUNE_PICTURES", "0")
    folder = setting.folder / name
    folder.mkdir()
    found = list(proof(replace(setting, folder=folder, count=quick)))
    assert found
    assert not [(trial.what, trial.fault) for trial in found if trial.fault is not None]


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        (Ended(0, "", ""), None),
        (Ended(2, "", "error: no such file"), None),
        (Ended(3, "", "error: in use"), "exit 3, not one of"),
        (Ended(1, "", "error: a bug"), "exit 1 with a traceback: error: a bug"),
        (Ended(0, "", "Traceback (most recent call last)"), "exit 0 with a traceback"),
    ],
)
def test_an_end_is_judged_by_its_code_and_its_streams(ended, fault):
    found = judged("something", ended, allowed=(0, 2)).fault
    assert found is None if fault is None else fault in found


def test_a_process_that_is_killed_before_it_opens_its_streams_has_said_nothing(server):
    for _ in range(5):
        pid = server.start(["--help"])
        os.kill(pid, signal.SIGKILL)
        ended = server.wait(pid)
        assert (ended.code, ended.errors) == (-signal.SIGKILL, "")


def test_damage_is_four_cuts_and_then_single_bits():
    content = bytes(range(100))
    made_up = mutations(content, random.Random(1))
    found = [next(made_up)[1] for _ in range(20)]
    assert [len(each) for each in found[:4]] == [0, 1, 50, 99]
    for each in found[4:]:
        assert len(each) == 100
        assert sum((a ^ b).bit_count() for a, b in zip(each, content, strict=True)) == 1


def test_a_summary_counts_outcomes_and_faults():
    trials = [judged(str(n), Ended(n % 3, "", ""), allowed=(0, 2)) for n in range(6)]
    assert summary(trials) == "     6 trials,    2 faults  (exit 0: 2, exit 1: 2, exit 2: 2)"
