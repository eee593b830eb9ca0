"""The bench of labelling: what it kills, what it counts, and what it says of it."""

import csv
import json
import sys
import time
from contextlib import suppress
from itertools import islice

import psutil
import pytest
from typer.testing import CliRunner

from bench import labelling
from bench.processes import ProgramError
from made_runs import make_run
from textune.doors import cli

LABELLER = """
import csv, pathlib, sys, time
source, output, fault = sys.argv[1:]
begun = pathlib.Path(output + ".begun")
if not begun.exists() and fault != "never slow":
    begun.touch()
    time.sleep(60)
rows = list(csv.reader(open(source, newline="")))
rows = rows[:-1] if fault == "loses a row" else rows
csv.writer(open(output, "w", newline="")).writerows([*row, "good"] for row in rows)
"""


def test_what_is_written_is_what_the_command_labels(tiny_base, shared, tmp_path):
    run = make_run(tmp_path / "run", tiny_base, "single", ["0", "1"])
    texts = list(islice(labelling.read(shared / labelling.TEXTS), 7))
    source, output = tmp_path / "texts.csv", tmp_path / "labelled.csv"
    labelling.write(source, texts, 10)  # from the beginning again
    python, *words = labelling.predicting(run, source, output, 1)
    assert (python, words[:2]) == (sys.executable, ["-m", "textune"])
    done = CliRunner().invoke(cli.app, words[2:])
    assert done.exit_code == 0, done.output
    with output.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["id"] for row in rows] == list(map(str, range(10)))
    assert [row["text"] for row in rows[:3]] == [row["text"] for row in rows[7:]]
    assert all(row["decision"] in ("0", "1") for row in rows)


@pytest.mark.parametrize("fault", ["", "loses a row"])
@pytest.mark.exhaustive
def test_what_a_kill_costs_is_counted(fault, shared, tmp_path, monkeypatch):
    def made(run, source, output, processes):
        slow = fault if "labelled" in output.name else "never slow"
        return [sys.executable, "-c", LABELLER, str(source), str(output), slow]

    monkeypatch.setattr(labelling, "predicting", made)
    parts = ["--rows", "20", "--kills", "1", "--every", "0.5", "--run", str(tmp_path)]
    file = tmp_path / "found.json"
    labelling.main([*parts, "--data", str(shared), "--json", str(file)])
    found = json.loads(file.read_text(encoding="utf-8"))
    assert (found["labelled"], found["kills"]) == (20 - (fault != ""), 1)
    assert found["each row once, in order"] == (fault == "")
    assert ("NOT WHOLE" in labelling.words(found)) == (fault != "")


def test_a_kill_takes_all_processes_and_a_fault_is_told(tmp_path):
    note = tmp_path / "child"
    sleeping = f"{sys.executable} -c 'import time; time.sleep(60)' & echo $! > {note}; wait"
    killed, most = labelling.one_turn(["sh", "-c", sleeping], 0.4)
    assert killed
    assert most > 0
    with suppress(psutil.NoSuchProcess):  # a zombie is one that nobody has asked about yet
        child = psutil.Process(int(note.read_text()))
        ends = time.monotonic() + 5
        while child.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < ends, "the child of a command that was killed lives on"
            time.sleep(0.02)
    with pytest.raises(ProgramError, match="textune predict: no such thing"):
        labelling.one_turn(["sh", "-c", "echo no such thing >&2; exit 2"], None)
