"""Blocks of lines "name: value", parted by blank lines, become rows.

    review/score: 5.0
    review/text: What a fine film.

So are reviews of SNAP kept, records of PubMed ("TI  - …") and of reference managers (RIS). A line
without a name goes on with the value above it; of a name that comes back the values are joined.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from textune.reading import jsonlines
from textune.reading.lines import lines, opened
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "blocks of fields"
BEGINNING = 1 << 17  # bytes by which the names are found
SAMPLE = 500  # blocks
FEWEST = 4  # blocks, below which nothing can be told
OFTEN = 0.05  # share of blocks that have a name, above which it is one of the file's
FIELDS = 0.6  # share of lines that have one
PROSE, SHORT = 4, 3  # words of a text, and of what is said of it, in the mean
JOINT = "; "
_FIELD = re.compile(r"([A-Za-z][\w/.-]{0,40}(?: [\w/.-]{1,20}){0,2}):(?:\s+(.*)|())$")
_CODED = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}- ?(.*)$")
_OTHERS = (".yml", ".yaml", ".eml", ".csv", ".tsv", ".json", ".jsonl", ".md")

Block = tuple[int, list[str]]  # its first line, and its lines


def begins(path: Path, head: bytes) -> bool:
    """Tell by its beginning whether a file is made of such blocks."""
    first = head.lstrip().split(b"\n", 1)[0].decode("utf-8", "ignore").strip()
    if path.suffix.lower() in _OTHERS or _field(first) is None:
        return False
    return bool(_names(path))


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the blocks of a file."""
    names = _names(path)
    said = "format: blocks of lines with a name and a value, parted by blank lines; a row for each"
    return Table.of_file(path, "jsonl", names, (*why, said), partial(_rows, path, names))


def _rows(path: Path, names: tuple[str, ...]) -> Iterator[Row]:
    with problems_of(path) as problems:
        for line, block in _blocks(lines(path)):
            found = _parted(block, names)
            if not found:
                problems.add(
                    f"{path.name}:{line}: none of the lines here begins with a name of the file's",
                    f"begin a block with {names[0]}: …",
                    row="\n".join(block),
                )
                continue
            cells = tuple(found.get(name, "") for name in names)
            yield from jsonlines.sound(cells, names, f"{path.name}:{line}", problems)


def _names(path: Path) -> tuple[str, ...]:
    """Name the fields of a file; none where it is not made of blocks of them."""
    with opened(path) as file:
        beginning = file.read(BEGINNING)
    text = beginning.decode("utf-8", "ignore")
    blocks = [block for _, block in islice(_blocks(iter(text.splitlines())), SAMPLE)]
    if len(beginning) == BEGINNING:
        blocks = blocks[:-1]  # which is cut
    held = [[_field(line) for line in block] for block in blocks]
    if len(blocks) < FEWEST or any(found[0] is None for found in held):
        return ()
    firsts = {found[0][0] for found in held if found[0]}
    times = Counter(name for found in held for name in {one[0] for one in found if one})
    names = tuple(name for name, count in times.items() if count >= max(2, OFTEN * len(held)))
    count = sum(map(len, blocks))
    fields = sum(one is not None and one[0] in names for found in held for one in found)
    if len(firsts) > 1 or len(names) < 2 or fields < FIELDS * count:
        return ()
    order = dict.fromkeys(one[0] for found in held for one in found if one and one[0] in names)
    return tuple(order) if _is_said([_parted(block, names) for block in blocks], names) else ()


def _is_said(rows: Sequence[dict[str, str]], names: Sequence[str]) -> bool:
    """Tell texts with what is said of them from talks, in which all values are texts."""
    words = [_mean_words([row[name] for row in rows if row.get(name)]) for name in names]
    return max(words) >= PROSE and min(words) <= SHORT


def _mean_words(values: Sequence[str]) -> float:
    return sum(len(value.split()) for value in values) / max(1, len(values))


def _blocks(source: Iterator[str]) -> Iterator[Block]:
    held: list[str] = []
    begun = 1
    for number, line in enumerate(source, start=1):
        if line.strip():
            begun = begun if held else number
            held.append(line.rstrip("\r\n"))
        elif held:
            yield begun, held
            held = []
    if held:
        yield begun, held


def _field(line: str) -> tuple[str, str] | None:
    match = _FIELD.match(line) or _CODED.match(line)
    return (match[1], (match[2] or "").strip()) if match else None


def _parted(block: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Take the fields of a block."""
    found: dict[str, str] = {}
    last = ""
    for line in block:
        field = _field(line)
        if field and field[0] in names:
            last, value = field
            found[last] = JOINT.join(filter(None, (found.get(last, ""), value)))
        elif last:
            found[last] = f"{found[last]} {line.strip()}".strip()
    return found
