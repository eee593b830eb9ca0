"""Faulty rows that were left out become JSON lines: where each stands, why, and what it is."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from textune.errors import SHOWN, Fault, Faults
from textune.storage import atomic

FILE = "faulty.jsonl"


def write(file: Path, faults: Iterable[Fault]) -> None:
    """Write them; where there are none, such a file of an earlier time is removed."""
    lines = [json.dumps(asdict(fault), ensure_ascii=False) + "\n" for fault in faults]
    if lines:
        atomic.write_text(file, "".join(lines))
    else:
        atomic.remove_file(file)


def beside(output: Path) -> Path:
    """Return where the faulty rows of an input stand, of which the output has none."""
    return output.with_name(f"{output.name}.{FILE}")


def told(faults: Faults, name: str) -> Iterator[str]:
    """Say which rows are left out: how many, and the first of them."""
    yield faults.said(name)
    yield from (f"{fault.origin}: {fault.reason}" for fault in islice(faults, 1, SHOWN))
