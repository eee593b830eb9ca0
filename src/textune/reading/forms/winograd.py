"""Schemas of Winograd become the refusal that says what they are, and how to write them.

A block has a sentence, what is asked about in it, the candidates with a comma between, and the
right one, a line each. A table of them has candidates as [["the trophy", [0, 2], …, true], …].
"""

import json
import re
from pathlib import Path
from typing import NoReturn

from textune.errors import DataError
from textune.records import Table

NAME = "schemas of Winograd"
LEAST = 3  # blocks, or lines of a table, by which they are known


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first lines whether a file holds such schemas."""
    del path
    text = head.decode(errors="replace").replace("\r\n", "\n").strip("\n")
    blocks = re.split(r"\n[ \t]*\n", text)[:-1]  # the last may be cut
    if len(blocks) >= LEAST:
        return all(map(_is_schema, blocks))
    lines = text.split("\n")[:-1]
    return len(lines) >= LEAST - 1 and all(map(_has_candidates, lines))


def _is_schema(block: str) -> bool:
    parts = [line.strip() for line in block.strip().split("\n")]
    if len(parts) != 4:
        return False
    sentence, asked, candidates, right = map(str.lower, parts)
    among = [one.strip() for one in candidates.split(",")]
    return len(among) > 1 and right in among and asked in sentence and " " in sentence


def _has_candidates(line: str) -> bool:
    return any(_are_candidates(cell) for cell in line.split("\t") if cell.startswith("[["))


def _are_candidates(cell: str) -> bool:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return False
    likely = len(found) > 1 and all(
        isinstance(one, list)
        and len(one) > 2  # words with a mark each have nothing between
        and isinstance(one[0], str)
        and isinstance(one[-1], bool)
        for one in found
    )
    return likely and sum(one[-1] for one in found) == 1


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Refuse the file.

    Raises:
        DataError: Always: what it is, and how it could be learned.
    """
    del why
    _refuse(path)


def _refuse(path: Path) -> NoReturn:
    raise DataError(
        f"{path.name}: these are {NAME}: a sentence, a word in it, and candidates of which one is "
        "meant. Answers to choose from are no task of textune's; write a row for each candidate, "
        "the sentence with it in place of the word as 'text', and whether it is the right one as "
        "'label'"
    )
