"""Whether a file of many rows is labelled whole though its process is killed again and again.

`python -m bench.labelling` labels a million texts by the command `textune predict`, kills it with
signal 9 once a minute with all its processes, goes on with --resume, and then counts: each row once
and in its order, the same bytes as without a kill in the first rows, and the most memory that the
command and its processes held.
"""

import argparse
import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil

from bench import commands, machine
from bench.processes import ProgramError

TEXTS = "sst2/train.tsv.gz"
COMPARED = 5000  # rows that are labelled without a kill, too
LOOK = 0.1  # seconds between looks at the memory
MIB = 2**20


def main(arguments: Sequence[str] | None = None) -> None:
    """Label, kill, go on, count, and print what was found."""
    parser = commands.plain_parser("labelling", __doc__)
    add = parser.add_argument
    add("--rows", type=commands.positive, default=1_000_000, help="texts (1,000,000)")
    add("--every", type=float, default=60.0, help="seconds from a start to its kill (60)")
    add("--kills", type=commands.natural, help="kill so often at most")
    add("--processes", type=commands.positive, default=1, help="of predict")
    add("--run", type=Path, help="a run of one label; by default one is trained, by --effort quick")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-labelling-") as name:
        found = measured(options, Path(name))
    found |= {"machine": machine.processor(), "versions": machine.versions()}
    commands.console().print(words(found), highlight=False)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Label a file in spite of kills, and count.

    Raises:
        ProgramError: The command failed by itself; with what it said last.
    """
    texts = list(read(options.data / TEXTS))
    run = options.run or trained(texts, folder)
    source, few = folder / "texts.csv", folder / "few.csv"
    write(source, texts, options.rows)
    write(few, texts, min(options.rows, COMPARED))
    output, whole = folder / "labelled.csv", folder / "whole.csv"
    began, kills, most = time.perf_counter(), 0, 0
    while not output.exists():
        may_kill = options.kills is None or kills < options.kills
        command = predicting(run, source, output, options.processes)
        was_killed, held = one_turn(command, options.every if may_kill else None)
        kills, most = kills + was_killed, max(most, held)
    seconds = time.perf_counter() - began
    one_turn(predicting(run, few, whole, 1), None)
    with output.open(encoding="utf-8", newline="") as opened:
        ids = [int(row["id"]) for row in csv.DictReader(opened)]
    start = whole.read_bytes()
    with output.open("rb") as labelled:
        is_same = labelled.read(len(start)) == start
    return {
        "rows": options.rows,
        "labelled": len(ids),
        "each row once, in order": ids == list(range(options.rows)),
        "as without a kill": is_same,
        "kills": kills,
        "seconds": seconds,
        "most MiB": most / MIB,
        "processes": options.processes,
    }


def words(found: dict[str, Any]) -> str:
    """Say what was found."""
    is_well = found["each row once, in order"] and found["as without a kill"]
    return (
        f"{found['labelled']:,} of {found['rows']:,} rows labelled in {found['seconds']:,.0f} s "
        f"with {found['kills']} kills by {found['processes']} processes; "
        f"{'each once, in order, the same bytes as without a kill' if is_well else 'NOT WHOLE'}; "
        f"{found['most MiB']:,.0f} MiB at most"
    )


def read(file: Path) -> Iterator[tuple[str, str]]:
    """Yield texts with their labels."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened, delimiter="\t"):
            yield row["sentence"], row["label"]


def write(file: Path, texts: Sequence[tuple[str, str]], rows: int) -> None:
    """Write so many texts, from the beginning again where there are no more."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["id", "text"])
        writer.writerows([n, text] for n, (text, _) in enumerate(islice(cycle(texts), rows)))


def trained(texts: Sequence[tuple[str, str]], folder: Path) -> Path:
    """Train a model in seconds."""
    file, run = folder / "train.csv", folder / "run"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([("text", "label"), *texts[:500]])
    command = [sys.executable, "-m", "textune", "train", str(file), "--effort", "quick"]
    done = subprocess.run([*command, "--out", str(run)], capture_output=True, text=True)
    if done.returncode:
        raise ProgramError(f"textune train: {done.stderr[-500:]}")
    return run


def predicting(run: Path, source: Path, output: Path, processes: int) -> list[str]:
    """Return the command."""
    words = ["predict", str(run), "--input", str(source), "--output", str(output), "--resume"]
    many = ["--processes", str(processes)] if processes > 1 else []
    return [sys.executable, "-m", "textune", *words, *many]


def one_turn(command: Sequence[str], limit: float | None) -> tuple[bool, int]:
    """Run a command, and kill it with its processes after some seconds.

    Returns:
        Whether it was killed, and the most bytes that it held with its processes.

    Raises:
        ProgramError: It failed by itself.
    """
    began, most = time.perf_counter(), 0
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        while process.poll() is None:
            most = max(most, held_by(process.pid))
            if limit is not None and time.perf_counter() - began > limit:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return True, most
            time.sleep(LOOK)
        if process.returncode:
            said.seek(0)
            raise ProgramError(f"textune predict: {said.read()[-500:].decode()}")
    return False, most


def held_by(number: int) -> int:
    """Return the bytes that a process and those that it started have in memory."""
    held = 0
    try:
        process = psutil.Process(number)
        for each in (process, *process.children(recursive=True)):
            held += each.memory_info().rss
    except psutil.Error:
        pass
    return held


if __name__ == "__main__":
    main()
