"""WebAnno and INCEpTION TSV 3 become sentences: a row each, a JSON list a column, as CoNLL's do.

A line is a word: its number, its characters, the word, then a column for each feature of each
layer. "PER[3]" on several words is one entity, "LOC" alone is one of one word, "_" is none.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

from textune.errors import DataError, Problems, excerpt
from textune.reading.conll import as_lists
from textune.reading.forms.interface import left_out
from textune.reading.lines import lines
from textune.records import Row, Table

STACKED = "marks stacked on others"
NUMBER = re.compile(r"\d+-\d+")  # of a word: its sentence, its place

_SIGN = b"#FORMAT=WebAnno TSV 3"
_VALUE = re.compile(r"(.*?)(?:\[(\d+)\])?")
_STACK = re.compile(r"(?<!\\)\|")
_ESCAPE = re.compile(r"\\([\\\[\]|_>;*-])")


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is WebAnno TSV."""
    return head.startswith(_SIGN)


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe a file of WebAnno TSV; what is wrong with it is raised by `Table.rows`.

    Raises:
        DataError: No layer of it marks words.
    """
    features, total = _features(path)
    if not features:
        raise DataError(
            f"{path.name}: WebAnno TSV without a layer that marks words; export the layer with the "
            "entities (an #T_SP line names it)"
        )
    reasons = (*why, "format: WebAnno TSV 3 (INCEpTION), one word a line")
    findings = left_out({STACKED: _stacked(path, features.values())})
    rows = partial(_rows, path, tuple(features.values()), total)
    return Table.of_file(path, "conll", ("word", *features), reasons, rows, findings=findings)


def _stacked(path: Path, places: Iterable[int]) -> int:
    """Count the marks that stand beside another one on the same word."""
    held = (line.rstrip("\r\n").split("\t") for line in lines(path) if not line.startswith("#"))
    return sum(
        len(_STACK.split(cells[at])) - 1 for cells in held for at in places if at < len(cells)
    )


def _features(path: Path) -> tuple[dict[str, int], int]:
    """Name the features that mark words, with the places of their columns, and count all columns.

    Chains and relations between words (#T_CH, #T_RL) mark none; their columns are passed over.
    """
    found: dict[str, int] = {}
    place = 3
    for line in lines(path):
        head, _, rest = line.rstrip("\r\n").partition("=")
        if head in ("#T_SP", "#T_CH", "#T_RL"):
            layer, *names = rest.split("|")
            for name in names or ["value"]:
                if head == "#T_SP" and not name.startswith("ROLE_"):
                    free = name if name not in found else f"{layer.rpartition('.')[2]}.{name}"
                    found[free] = place
                place += 1
            place += head == "#T_RL"
        elif line.strip() and not line.startswith("#"):
            break
    return found, place


def _rows(path: Path, places: tuple[int, ...], total: int) -> Iterator[Row]:
    count = 0
    with Problems(path.name) as problems:
        for first, words in by_sentence(_words(path, total, problems)):
            count += 1
            if not problems.count:
                tags = [_tags([cells[place] for cells in words]) for place in places]
                forms = [_ESCAPE.sub(r"\1", cells[2]) for cells in words]
                yield as_lists([*zip(forms, *tags, strict=True)], f"{path.name}:{first}")
    if not count:
        raise DataError(f"{path.name}: there is no word in it; export the document again")


def by_sentence(words: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[list[str]]]]:
    """Put the words of each sentence together, with the line of the first; a word's number has it.

    Example:
        >>> list(by_sentence([(7, ["1-1", "Clara"]), (8, ["1-2", "left"]), (10, ["2-1", "Why"])]))
        [(7, [['1-1', 'Clara'], ['1-2', 'left']]), (10, [['2-1', 'Why']])]
    """
    for _, group in groupby(words, key=lambda word: word[1][0].partition("-")[0]):
        numbers, cells = zip(*group, strict=True)
        yield numbers[0], list(cells)


def _words(path: Path, total: int, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the words, each with its line; note the lines that are faulty."""
    for number, line in enumerate(lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        text = line.rstrip("\r\n")
        cells = text.split("\t")
        if not NUMBER.fullmatch(cells[0]):
            if "." not in cells[0]:
                problems.add(f"{path.name}:{number}: no word of WebAnno TSV: {excerpt(text)}")
            continue
        if len(cells) < total:
            what = f"expected {total} columns parted by tabs, found {len(cells)}: {excerpt(text)}"
            problems.add(f"{path.name}:{number}: {what}", "export the document again")
            continue
        yield number, cells


def _tags(cells: list[str]) -> list[str]:
    """Write the values of a feature as tags in IOB2; of stacked values the first."""
    tags, before = [], ""
    for cell in cells:
        value = _STACK.split(cell)[0]
        match = _VALUE.fullmatch(value)
        name, entity = (match[1], match[2] or "") if match else (value, "")
        if name == "_":
            tags.append("O")
        else:
            kind = _ESCAPE.sub(r"\1", "" if name == "*" else name)
            letter = "I" if entity and entity == before else "B"
            tags.append(f"{letter}-{kind}" if kind else letter)
        before = entity if name != "_" else ""
    return tags
