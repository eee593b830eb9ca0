"""WebAnno and INCEpTION TSV 3 become sentences: a row each, a JSON list a column, as CoNLL's do.

A line is a word: its number, its characters, the word, then a column for each feature of each
layer. "PER[3]" on several words is one entity, "LOC" alone is one of one word, "_" is none.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from textune.errors import DataError, Problems, excerpt
from textune.reading.conll import as_lists
from textune.reading.forms.interface import left_out
from textune.reading.lines import lines
from textune.reading.told import problems_of
from textune.records import Row, Table

STACKED = "marks stacked on others"
WAY_OUT = "export the document again"
NUMBER = re.compile(r"\d+-\d+")  # of a word: its sentence, its place

_SIGN = b"#FORMAT=WebAnno TSV 3"
_VALUE = re.compile(r"(.*?)(?:\[(\d+)\])?")
_STACK = re.compile(r"(?<!\\)\|")
_ESCAPE = re.compile(r"\\([\\\[\]|_>;*-])")


class Word(NamedTuple):
    """A line that is a word, or should be one."""

    line: int
    cells: list[str]
    fault: str = ""
    is_after_blank: bool = False


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
    with problems_of(path) as problems:
        for first, words in sound(by_sentence(_words(path, total)), path.name, problems):
            if not problems.count:
                tags = [_tags([cells[place] for cells in words]) for place in places]
                forms = [_ESCAPE.sub(r"\1", cells[2]) for cells in words]
                yield as_lists([*zip(forms, *tags, strict=True)], f"{path.name}:{first}")


def by_sentence(words: Iterable[Word]) -> Iterator[list[Word]]:
    """Put the words of each sentence together; a word's number has the sentence.

    A line without one belongs to the words before it, or to those after it where it comes first.

    Example:
        >>> words = [Word(7, ["1-1", "Clara"]), Word(8, ["?"], "odd"), Word(10, ["2-1", "Why"])]
        >>> [[word.line for word in sentence] for sentence in by_sentence(words)]
        [[7, 8], [10]]
    """
    held: list[Word] = []
    sentence = ""
    for word in words:
        number = word.cells[0].partition("-")[0] if NUMBER.fullmatch(word.cells[0]) else ""
        is_same = number in ("", sentence) or not sentence
        if held and (word.is_after_blank or not is_same) and (not number or number != sentence):
            yield held
            held, sentence = [], ""
        held.append(word)
        sentence = number or sentence
    if held:
        yield held


def sound(
    sentences: Iterable[list[Word]], name: str, problems: Problems
) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the cells of the words of each sound sentence, with the line of the first.

    Raises:
        DataError: There is none, nor a faulty one.
    """
    is_empty = True
    for words in sentences:
        torn = [(f"{name}:{word.line}: {word.fault}", WAY_OUT) for word in words if word.fault]
        if torn:
            row = "\n".join("\t".join(word.cells) for word in words)
            problems.add_together(torn, "a sentence", row=row, origin=f"{name}:{words[0].line}")
        else:
            yield words[0].line, [word.cells for word in words]
        is_empty = False
    if is_empty:
        raise DataError(f"{name}: there is no word in it; {WAY_OUT}")


def _words(path: Path, total: int) -> Iterator[Word]:
    """Yield the words, each with its line, and the lines that should be one."""
    is_after_blank = True
    for number, line in enumerate(lines(path), start=1):
        if not line.strip() or line.startswith("#"):
            is_after_blank = True
            continue
        text = line.rstrip("\r\n")
        cells = text.split("\t")
        fault = ""
        if not NUMBER.fullmatch(cells[0]):
            if "." in cells[0]:
                continue
            fault = f"no word of WebAnno TSV: {excerpt(text)}"
        elif len(cells) < total:
            fault = f"expected {total} columns parted by tabs, found {len(cells)}: {excerpt(text)}"
        yield Word(number, cells, fault, is_after_blank)
        is_after_blank = False


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
