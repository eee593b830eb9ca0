"""Check made files of many short texts, and measure processor seconds and memory of each command.

A file has an id, a date, a text of 60 to 100 characters and one of three labels in each row. Each
`textune check` is a process of its own; its seconds are those of all threads, so that other work
on the machine counts for little.
"""

import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import commands, machine

ROWS = 1_000_000
KINDS = ("csv", "jsonl", "parquet")
COLUMNS = ("id", "date", "text", "label")
WORDS = re.findall(
    r"\w+",
    "the a of and to in is it was that for on with as this film book meal service good bad lovely "
    "dull warm cold price staff room food quick slow friendly rude clean dirty never always again",
)
RARE = 20_000  # words beside these
BLOCK = 50_000  # rows of a Parquet file written at once


@dataclass(frozen=True, slots=True)
class Took:
    """What one command took."""

    processor: float  # seconds of all threads
    mebibytes: float  # most memory that it held
    code: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the files, check each, show and write."""
    options = parse(arguments)
    say = Console(stderr=options.json is None)
    found: dict[str, Took] = {}
    with tempfile.TemporaryDirectory(prefix="bench-check-") as scratch:
        for kind in options.only.split(","):
            file = make(Path(scratch) / f"rows.{kind}", options.rows)
            found[kind] = checked(file)
            file.unlink()
    say.print(table(found, options.rows))
    report = {"rows": options.rows, "machine": machine.processor(), "versions": machine.versions()}
    text = json.dumps(report | {kind: asdict(took) for kind, took in found.items()}, indent=2)
    if options.json is None:
        Console().print_json(text)
    else:
        options.json.write_text(text + "\n", encoding="utf-8")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument("--rows", type=commands.positive, default=ROWS, help="rows of each file")
    parser.add_argument("--only", default=",".join(KINDS), help="some of the formats, by comma")
    parser.add_argument("--json", type=Path, help="write the numbers here instead of printing them")
    return parser.parse_args(arguments)


def rows(count: int) -> Iterator[tuple[int, str, str, str]]:
    """Draw rows, the same ones each time."""
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    rare = ["".join(draw.choices(letters, k=draw.randint(3, 9))) for _ in range(RARE)]
    for number in range(count):
        size, words = draw.randint(60, 100), [draw.choice(WORDS)]
        length = len(words[0])
        while length < size - 9:
            words.append(draw.choice(WORDS if draw.random() < 0.8 else rare))
            length += 1 + len(words[-1])
        text = " ".join(words) + draw.choice([".", "!", ", really.", ""])
        date = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}"
        yield number, date, text, draw.choice(["positive", "negative", "neutral"])


def make(file: Path, count: int) -> Path:
    """Write a file of so many rows in the format of its ending."""
    if file.suffix == ".parquet":
        _parquet(file, count)
        return file
    with file.open("w", newline="", encoding="utf-8") as opened:
        if file.suffix == ".csv":
            csv.writer(opened).writerows([COLUMNS])
            csv.writer(opened).writerows(rows(count))
        else:
            for row in rows(count):
                opened.write(f"{json.dumps(dict(zip(COLUMNS, row, strict=True)))}\n")
    return file


def _parquet(file: Path, count: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    drawn = rows(count)
    writer = None
    while block := [row for row, _ in zip(drawn, range(BLOCK), strict=False)]:
        part = pa.table(dict(zip(COLUMNS, map(list, zip(*block, strict=True)), strict=True)))
        writer = writer or pq.ParquetWriter(file, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()


def checked(file: Path) -> Took:
    """Check a file in a process of its own."""
    words = [sys.executable, "-m", "textune", "check", str(file)]
    started = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # of the most memory held
    return Took(used.ru_utime + used.ru_stime, used.ru_maxrss / unit, started.returncode)


def table(found: dict[str, Took], count: int) -> Table:
    """Show what each file took."""
    shown = Table("format", "processor s", "MiB", "exit", title=f"textune check, {count:,} rows")
    for kind, took in found.items():
        cells = f"{took.processor:.1f}", f"{took.mebibytes:.0f}", str(took.code)
        shown.add_row(kind, *cells)
    return shown


if __name__ == "__main__":
    main()
