"""Three lines an example become rows: a sentence with $T$ for a term, the term, its polarity.

So the data of targeted sentiment are handed on (ABSA-PyTorch's .seg and .raw):

    The $T$ is slow .
    start menu
    -1
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from textune.reading import jsonlines
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "sentences with $T$ for a term"
MASK = "$T$"
POLARITIES = frozenset(["-1", "0", "1", "2", "positive", "neutral", "negative", "conflict"])
COLUMNS = ("text", "aspect", "polarity")
LOOKED_AT = 12  # lines by which it is recognised


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first lines whether a file has three lines an example."""
    if MASK.encode() not in head:
        return False
    found = head.decode(errors="replace").splitlines()
    examples = min(len(found) // 3, LOOKED_AT // 3)
    return examples > 0 and all(
        MASK in found[3 * at]
        and MASK not in found[3 * at + 1]
        and found[3 * at + 2].strip().lower() in POLARITIES
        for at in range(examples)
    )


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the examples of a file."""
    reasons = (
        *why,
        f"format: {NAME}, three lines each: the sentence, the term, its polarity",
        f"{MASK} is replaced by the term, which is the other text of a pair",
    )
    return Table.of_file(path, "jsonl", COLUMNS, reasons, partial(_rows, path))


def _rows(path: Path) -> Iterator[Row]:
    """Join three lines each.

    Raises:
        DataError: Lines are missing, or a polarity is none.
    """
    held: list[str] = []
    with problems_of(path) as problems:
        for number, line in enumerate(lines(path), start=1):
            held.append(line.strip())
            if len(held) == 1 and not held[0]:
                held.clear()  # blank lines between examples
            if len(held) < 3:
                continue
            origin = f"{path.name}:{number - 2}"
            text, term, polarity = held
            held.clear()
            if MASK not in text or not term or polarity.lower() not in POLARITIES:
                what = f"expected a sentence with {MASK}, its term and a polarity on three lines"
                problems.add(f"{origin}: {what}", row=text, origin=origin)
                continue
            cells = (text.replace(MASK, term), term, polarity)
            yield from jsonlines.sound(cells, COLUMNS, origin, problems)
        if held:
            problems.add(f"{path.name}: the last example has {len(held)} of its 3 lines")
