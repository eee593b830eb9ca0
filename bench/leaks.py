"""How many planted leaks `textune check FILE --valid FILE` finds, and what it takes.

`python -m bench.leaks` writes 100,000 rows of SST-2 and GoEmotions, and files of texts that are
drawn from them: word for word, with other case and white space, with one word in ten replaced by
another of the file; and texts of other files, of which some are repeated by nature. Each goes
through the command as a whole. With `--datasketch ROWS` the part that finds texts which differ in a
few words is compared with the package datasketch, which is to be installed, over so many rows.
"""

import argparse
import csv
import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

from bench import commands, leaks_peer, machine

LEARNED = ("sst2/train.tsv.gz", "goemotions/train.tsv.gz")
FRESH = ("sst2/dev.tsv", "goemotions/dev.tsv")
BARS = {"exact": 0.99, "case and space": 0.99, "words": 0.9}
LEAST = 8  # words of a text that is planted
EDITED = 0.1  # of the words


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    if options.datasketch:
        found = beside_peer(options)
        show_peer(found, options)
    else:
        with TemporaryDirectory() as folder:
            found = measured(Path(folder), options)
        show(found, options)
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "found": found,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("leaks", __doc__)
    add = parser.add_argument
    add("--rows", type=commands.positive, default=100_000, help="rows of the training file")
    add("--planted", type=commands.positive, default=5_000, help="texts of each other file")
    add("--datasketch", type=commands.positive, help="rows to compare both engines over")
    add("--seed", type=int, default=1, help="of what is drawn")
    options = parser.parse_args(arguments)
    if options.datasketch and find_spec("datasketch") is None:
        parser.error("--datasketch compares with a package that is not installed: datasketch")
    files = (*LEARNED, *FRESH)
    commands.require(
        parser, options.data, [file for file in files if not (options.data / file).is_file()]
    )
    return options


def texts(data: Path, files: Sequence[str]) -> Iterator[str]:
    """Yield the texts of files, the first column of each."""
    for file in files:
        opener = gzip.open if file.endswith(".gz") else open
        with opener(data / file, "rt", encoding="utf-8", newline="") as opened:
            for line in opened:
                text = line.partition("\t")[0].strip()
                if text and text != "sentence":
                    yield text


def planted(kind: str, text: str, words: Sequence[str], draw: random.Random) -> str:
    """Change a text as a leak of one kind is changed."""
    parts = text.split()
    if kind == "case and space":
        return "  ".join(part.upper() if draw.random() < 0.5 else part.title() for part in parts)
    if kind == "words":
        for place in draw.sample(range(len(parts)), max(1, round(EDITED * len(parts)))):
            parts[place] = draw.choice(words)
        return " ".join(parts)
    return text


def measured(folder: Path, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Write the files, check each pair, and count what was found."""
    draw = random.Random(options.seed)
    learned = list(texts(options.data, LEARNED))
    learned = draw.sample(learned, min(options.rows, len(learned)))
    words = [word for text in learned for word in text.split()]
    long = [text for text in learned if len(text.split()) >= LEAST]
    train = write(folder / "train.csv", learned)
    found = {}
    for kind in (*BARS, "other files"):
        if kind == "other files":
            chosen = list(texts(options.data, FRESH))[: options.planted]
        else:
            drawn = draw.sample(long, min(options.planted, len(long)))
            chosen = [planted(kind, text, words, draw) for text in drawn]
        found[kind] = checked(train, write(folder / "valid.csv", chosen), len(chosen))
    return found


def beside_peer(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Look for changed texts, and as many others, among so many rows by both engines."""
    learned = list(texts(options.data, LEARNED))
    words = [word for text in learned for word in text.split()]
    long = list(dict.fromkeys(text for text in learned if len(text.split()) >= LEAST))
    draw = random.Random(options.seed)
    mixed = draw.sample(long, min(options.datasketch + options.planted, len(long)))
    known, others = mixed[: options.datasketch], mixed[options.datasketch :]
    chosen = draw.sample(known, min(options.planted, len(known)))
    changed = [planted("words", text, words, draw) for text in chosen]
    return leaks_peer.compared(known, [*changed, *others])


def show_peer(found: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    """Print a line for each engine."""
    truth = found["truth"]
    title = (
        f"{truth['texts']:,} texts, {truth['with a partner']:,} of them with a partner, among "
        f"{options.datasketch:,}"
    )
    table = Table("engine", "recall", "precision", "processor s", title=title)
    for name in ("textune", "datasketch"):
        one = found[name]
        cells = f"{one['recall']:.4f}", f"{one['precision']:.4f}", f"{one['processor']:.1f}"
        table.add_row(name, *cells)
    commands.console(stderr=True).print(table)


def write(file: Path, rows: Sequence[str]) -> Path:
    """Write texts with labels that say nothing."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["text", "label"])
        writer.writerows((text, "ab"[number % 2]) for number, text in enumerate(rows))
    return file


def checked(train: Path, valid: Path, count: int) -> dict[str, Any]:
    """Run the command in a process of its own; count the texts that it found."""
    asked = ["--text", "text", "--label", "label", "--json", "--valid", str(valid)]
    words = [sys.executable, "-m", "textune", "check", str(train), *asked]
    began = time.perf_counter()
    with (valid.with_suffix(".json")).open("w+", encoding="utf-8") as said:
        started = subprocess.Popen(words, stdout=said)
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if started.returncode:
            raise SystemExit(f"textune check ended with {started.returncode}")
        said.seek(0)
        findings = json.load(said)["findings"]
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    ways = {one["kind"]: one["count"] for one in findings if one["kind"].endswith("leak")}
    return {
        "texts": count,
        "share": sum(ways.values()) / count,
        "ways": ways,
        "seconds": seconds,
        "processor": used.ru_utime + used.ru_stime,
        "mebibytes": used.ru_maxrss / unit,
    }


def show(found: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    """Print a line for each file."""
    heads = ("texts of", "texts", "found", "wanted", "seconds", "processor s", "MiB")
    table = Table(*heads, title=f"textune check FILE --valid FILE, {options.rows:,} rows")
    for kind, one in found.items():
        bar = f">= {BARS[kind]}" if kind in BARS else ""
        cells = f"{one['share']:.4f}", bar, f"{one['seconds']:.1f}", f"{one['processor']:.1f}"
        table.add_row(kind, f"{one['texts']:,}", *cells, f"{one['mebibytes']:.0f}")
    commands.console(stderr=True).print(table)


if __name__ == "__main__":
    main()
