"""A file of texts, one a line, and a file of their labels beside it become rows.

ATIS and SNIPS stand so (`seq.in`, `label`, and `seq.out` with a tag for each word), TweetEval
(`train_text.txt`, `train_labels.txt`) and many a folder (`text.txt`, `labels.txt`). Pairs have two
files of texts: `a.toks`, `b.toks` and `sim.txt` (SICK, MSRP), `s1.dev`, `s2.dev`, `labels.dev`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path

from textune.errors import DataError
from textune.reading import jsonlines, splits
from textune.reading.lines import lines
from textune.reading.told import below, problems_of
from textune.records import Row, Table

BOTH = (
    "classes of texts (--text text --label label) and tags of words (--text words --label tags) "
    "can be learned from it"
)
_ENDING = r"(?:\.(?:txt|csv|tsv|lst|toks))?"
_PARTS = "|".join(splits.FOLDERS)
_BEFORE, _BEHIND = rf"((?:(?:{_PARTS})[._-])?)", r"((?:[._-][a-z0-9]+)??)"


def _called(words: str, *, more: str = "") -> re.Pattern[str]:
    """Match names of files by a word; what stands before and behind it says which belong together.

    The part of the data may be either: `train_text.txt`, `text_news.txt`, `s1.train`.
    """
    return re.compile(rf"{_BEFORE}(?:{more}(?:{words}){_BEHIND}{_ENDING})")


_CLASSES = "labels?|class|classes|targets?|intents?|categories|y"
_TEXTS = _called(
    "texts?|titles?|sentences?|reviews?|tweets?|inputs?|utterances?|docs", more=r"seq()\.in|"
)
_LABELS = _called(_CLASSES)
_TAGS = re.compile(rf"{_BEFORE}seq()\.out")
_FIRST = _called("a|s1|sent_?1|sentence_?1|text_?[1a]|premises?")
_SECOND = _called("b|s2|sent_?2|sentence_?2|text_?[2b]|hypothes[ie]s")
_JUDGED = _called(f"{_CLASSES}|sims?|scores?|gold")


@dataclass(frozen=True, slots=True)
class Side:
    """Files of one part whose lines belong together."""

    part: str  # "" where there is one only
    texts: Path
    labels: Path
    tags: Path | None = None
    second: Path | None = None  # of a pair


def is_folder(folder: Path) -> bool:
    """Tell whether a folder, or one for a part in it, holds texts and their labels."""
    return bool(_found(folder))


def read_folder(folder: Path) -> Table:
    """Read the part of a folder that is to be learned from; the others are named."""
    first, *others = _found(folder)
    said = (splits.chosen(first.part, [other.texts for other in others]),) if others else ()
    return _table(folder, first, said)


def read_file(path: Path) -> Table | None:
    """Read a file of texts whose labels stand beside it; None where none do."""
    name = path.name.lower()
    if not (_TEXTS.fullmatch(name) or _FIRST.fullmatch(name)) or not path.parent.is_dir():
        return None
    found = [side for side in _sides(path.parent) if side.texts.name == path.name]
    return _table(path, found[0], ()) if len(found) == 1 else None


def _found(folder: Path) -> list[Side]:
    """Find the parts of a folder, the first of which is to be learned from."""
    sides = _sides(folder) or [
        replace(side, part=name)
        for name in splits.FOLDERS
        if (folder / name).is_dir()
        for side in _sides(folder / name)
    ]
    return sorted(
        sides,
        key=lambda side: splits.FOLDERS.index(side.part) if side.part in splits.FOLDERS else 0,
    )


def _sides(folder: Path) -> list[Side]:
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    texts, labels, tags, first, second, judged = (
        _by_part(names, kind) for kind in (_TEXTS, _LABELS, _TAGS, _FIRST, _SECOND, _JUDGED)
    )
    found = [
        Side(_part_of(key), folder / name, folder / labels[key], _beside(folder, tags.get(key)))
        for key, name in texts.items()
        if key in labels and not _is_table(folder / labels[key])
    ]
    return found or [
        Side(_part_of(key), folder / name, folder / judged[key], second=folder / second[key])
        for key, name in first.items()
        if key in second and key in judged and not _is_table(folder / judged[key])
    ]


def _part_of(key: tuple[str, str]) -> str:
    """Say of which part files are, by what stands before or behind the word in their names."""
    before, behind = (piece.strip("._-") for piece in key)
    return behind if behind in splits.FOLDERS else before


def _beside(folder: Path, name: str | None) -> Path | None:
    return folder / name if name else None


def _is_table(path: Path) -> bool:
    """Tell a file of columns from one with a label on each line."""
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    first = next(lines(path), "")
    return any(sign in first for sign in ",;\t")


def _by_part(names: Sequence[str], kind: re.Pattern[str]) -> dict[tuple[str, str], str]:
    """Find the files of each part; of texts as they are, and in tokens, those as they are."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        if match := kind.fullmatch(name.lower()):
            before, *behind = match.groups()
            found.setdefault((before, next(filter(None, behind), "")), []).append(name)
    kept = {
        key: [name for name in held if len(held) == 1 or not name.endswith(".toks")]
        for key, held in found.items()
    }
    return {key: held[0] for key, held in kept.items() if len(held) == 1}


def _table(place: Path, side: Side, said: tuple[str, ...]) -> Table:
    held = (side.texts, side.labels, side.tags, side.second)
    files = [below(place, file) for file in held if file]
    columns = ("text", "label", *(("words", "tags") if side.tags else ()))
    columns = ("text1", "label", "text2") if side.second else columns
    beside = " and ".join(repr(file.name) for file in files[1:])
    reasons = (
        f"format: a text on each line of {side.texts.name!r}, and beside it the lines of {beside}",
        *said,
        *([BOTH] if side.tags else []),
    )
    rows = partial(_rows, files, columns)
    return Table.of_file(side.texts, "side by side", columns, reasons, rows)


def _rows(files: Sequence[Path], columns: tuple[str, ...]) -> Iterator[Row]:
    """Join the lines of the files.

    Raises:
        DataError: One has fewer lines than another, or other words than tags.
    """
    texts = files[0]
    with problems_of(texts) as problems:
        for number, found in enumerate(zip_longest(*map(lines, files)), start=1):
            origin = f"{texts.name}:{number}"
            held = [None if line is None else line.rstrip("\r\n") for line in found]
            if not any(held) and None in held:  # blank lines at the end of one of them
                continue
            if None in held:
                _refuse_shorter(files, held, number)
            text, label, *more = [line or "" for line in held]
            cells: tuple[object, ...] = (text.strip(), label.strip())
            if more and "tags" not in columns:
                cells = (*cells, more[0].strip())
            elif more:
                words, marks = text.split(), more[0].split()
                if len(words) != len(marks):
                    what = f"{len(words)} words but {len(marks)} tags in {files[2].name!r}"
                    problems.add(f"{origin}: {what}", row=text)
                    continue
                cells = (*cells, words, marks)
            yield from jsonlines.sound(cells, columns, origin, problems)


def _refuse_shorter(files: Sequence[Path], held: Sequence[str | None], number: int) -> None:
    """Refuse files of different lengths.

    Raises:
        DataError: They are.
    """
    short = next(file for file, line in zip(files, held, strict=True) if line is None)
    long = next(file for file, line in zip(files, held, strict=True) if line is not None)
    raise DataError(
        f"{long.name}:{number}: there is no such line in {short.name!r}, which has {number - 1:,}; "
        "give each text its label on the line of the same number"
    )
