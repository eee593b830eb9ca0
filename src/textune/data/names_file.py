"""A file says what numbers of classes are called, and is found where it lies beside a data file.

Forms: a line for each class, which is its name; a number and a name, in either order, with a tab, a
comma, a colon, a sign of equality or a space between them, below a header or not; a JSON list of
names, or of objects with an integer and a text; a JSON object {"0": "neg"} or {"neg": 0}, itself or
as `id2label` or `label2id` of a larger one.
"""

import csv
import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from textune.errors import DataError

Pairs = list[tuple[str, str]]  # a number and its name, in the order of the file

WITHIN = ("id2label", "label2id")
SEPARATORS = ("\t", ",", ":", "=", " ")
NUMBER = re.compile(r"-?\d{1,9}")
ENDINGS = {".txt", ".tsv", ".csv", ".json", ".names", ".labels", ".map", ""}
LOOKED_AT, LARGEST = 50, 1 << 16  # files beside a data file, and bytes of one
MOST_ENTRIES = 1_000  # of a folder; larger ones are not looked at
LONGEST, MOST_WORDS = 60, 4  # characters and words of a name that is looked for
FEW = 2  # names in a file without numbers, which any file of so many lines could be
SAYS_SO = re.compile(r"class|label|name|categor|target|map", re.IGNORECASE)  # of a file of few
OTHER_FILES = re.compile(r"\.|readme|licen[cs]e|requirements|constraints", re.IGNORECASE)


def read(path: Path, held: Collection[str]) -> Pairs:
    """Read the names of classes.

    Args:
        path: Of the file.
        held: The numbers of classes that the data hold. Where no number stands in the file, its
            first line is class 0, or class 1 where there is no class 0 and one numbered as highly
            as there are lines.

    Raises:
        DataError: It cannot be read, or is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--names {path}: cannot be read: {error}") from error
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _of_json(json.loads(text), held)
        except (ValueError, RecursionError) as error:
            raise DataError(f"--names {path}: no JSON of names: {error}") from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for separator in SEPARATORS:
        if (found := _numbered(lines, separator)) and _is_sure(found, separator, held):
            return found
    return _counted(lines, held)


def beside(place: Path, held: Collection[str]) -> tuple[Path, Pairs] | None:
    """Find the file in a folder that names each of these numbers and hardly any other.

    Args:
        place: A data file, or the folder that it was read from.
        held: The numbers of classes that the data hold.
    """
    if len(held) < 2:
        return None
    for path in _small_files(place):
        try:
            found = read(path, held)
        except DataError:
            continue
        if _fits(dict(found), found, held) and _says_so(path, found):
            return path, found
    return None


def _fits(names: dict[str, str], found: Pairs, held: Collection[str]) -> bool:
    return (
        len(names) == len(found) == len(set(names.values())) <= 2 * len(held)
        and all(number in names for number in held)
        and all(map(_is_number, names))
        and max(map(int, names)) == max(map(int, held))  # else lines may count from elsewhere
        and all(map(_is_short_name, names.values()))
    )


def _says_so(path: Path, found: Pairs) -> bool:
    """Tell a file of names from another one of as many lines, by what it is called."""
    if OTHER_FILES.match(path.name):
        return False
    return len(found) > FEW or SAYS_SO.search(path.name) is not None or _has_numbers(path, found)


def _has_numbers(path: Path, found: Pairs) -> bool:
    text = path.read_text(encoding="utf-8-sig")
    return all(re.search(rf"(?<!\d){number}(?!\d)", text) for number, _ in found)


def _is_short_name(name: str) -> bool:
    is_short = 0 < len(name.split()) <= MOST_WORDS and len(name) <= LONGEST
    return is_short and not _is_number(name) and not {",", "\t", ";"} & set(name)


def _small_files(place: Path) -> Iterator[Path]:
    folder = place if place.is_dir() else place.parent
    try:
        found = list(islice(folder.iterdir(), MOST_ENTRIES + 1))
        for path in sorted(found)[:LOOKED_AT] if len(found) <= MOST_ENTRIES else ():
            is_asked = path != place and path.suffix.lower() in ENDINGS and path.is_file()
            if is_asked and 0 < path.stat().st_size <= LARGEST:
                yield path
    except OSError:
        return


def _of_json(found: Any, held: Collection[str]) -> Pairs:
    if isinstance(found, dict):
        within = [found[key] for key in WITHIN if isinstance(found.get(key), dict)]
        pairs = [(str(one), str(other).strip()) for one, other in (within or [found])[0].items()]
        return _turned(pairs) if _is_turned(pairs) else pairs
    if not isinstance(found, list):
        raise ValueError("neither a list nor an object")
    if all(isinstance(each, str) for each in found):
        return _counted([each.strip() for each in found], held)
    return [_of_object(each) for each in found]


def _of_object(found: Any) -> tuple[str, str]:
    values = list(found.values()) if isinstance(found, dict) else []
    numbers = [each for each in values if isinstance(each, int) and not isinstance(each, bool)]
    texts = [each for each in values if isinstance(each, str)]
    if len(numbers) != 1 or not texts:
        raise ValueError("allowed in a list: names, or objects of one integer and a text")
    return str(numbers[0]), texts[0].strip()


def _numbered(lines: Sequence[str], separator: str) -> Pairs:
    """Return the pairs of lines that have a number and a name; none where one has not."""
    pairs = [_parted(line, separator) for line in lines]
    for part in (pairs, pairs[1:]):  # the second: below a header
        if part and _is_turned(part):
            return _turned(part)
        if part and all(_is_number(number) and name for number, name in part):
            return part
    return []


def _is_sure(found: Pairs, separator: str, held: Collection[str]) -> bool:
    """Tell a number and a name from a name of several words, as "1 star", "2 stars" of 0 and 1."""
    numbers = {number for number, _ in found}
    is_one = len(numbers) == len(found) == len({name for _, name in found})
    is_of_held = "0" in numbers or numbers >= set(held) or numbers <= set(held)
    return separator != " " or (is_one and is_of_held)


def _parted(line: str, separator: str) -> tuple[str, str]:
    if separator in "\t,":
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
        return (cells[0], cells[1]) if len(cells) > 1 else (line, "")
    one, _, other = line.partition(separator)
    return one.strip(), other.strip()


def _counted(lines: Sequence[str], held: Collection[str]) -> Pairs:
    first = int("0" not in held and str(len(lines)) in held)
    return [(str(number), line) for number, line in enumerate(lines, first)]


def _is_turned(pairs: Pairs) -> bool:
    return all(_is_number(name) and one and not _is_number(one) for one, name in pairs)


def _turned(pairs: Pairs) -> Pairs:
    return [(name, one) for one, name in pairs]


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None
