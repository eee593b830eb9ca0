r"""A prompt and its completion, as language models were tuned on them, become a text and its label.

The old guides of OpenAI end each prompt with a mark ("\n\n###\n\n", " ->"), and begin each
completion with a space and end it with another mark (" END", "###", "\n").
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

PROMPT, COMPLETION = "prompt", "completion"
SAMPLE = 2_000
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])
FEWEST = 3  # rows, below which nothing can be told
LONGEST = 40  # signs that are looked at
_AFTER = {
    PROMPT: re.compile(r"\s*(?:#{2,}|[-=]+>|-{3,})\s*$"),
    COMPLETION: re.compile(r"\s*(?:\b(?:END|STOP|EOS)|\[END\]|</s>|<\|?\w{2,15}\|?>|#{2,})\s*$"),
}


def bare(table: Table) -> Table | None:
    """Recognise prompts or completions that all end with one mark; None for other tables."""
    if table.format not in FORMATS or PROMPT not in table.columns:
        return None
    sample = first_rows(table, SAMPLE)
    able = [table.columns.index(name) for name in _AFTER if name in table.columns]
    found = {at: _mark([row[at] for row in sample], _AFTER[table.columns[at]]) for at in able}
    marks = {at: mark for at, mark in found.items() if mark}
    if not marks:
        return None

    def rows() -> Iterator[Row]:
        for row in table.rows():
            cells = list(row.cells)
            for at, mark in marks.items():
                cells[at] = cells[at].rstrip().removesuffix(mark).strip()
            yield replace(row, cells=tuple(cells), given=row.given or row.cells)

    listed = " and ".join(f"{mark!r} of {table.columns[at]!r}" for at, mark in marks.items())
    reason = f"the mark at the end of each is left out: {listed}"
    return replace(table, reasons=(*table.reasons, reason), rows=rows)


def _mark(cells: Sequence[str], pattern: re.Pattern[str]) -> str:
    """Find the mark that all cells end with; "" where there is none."""
    if len(cells) < FEWEST:
        return ""
    found = {match[0].strip() if (match := pattern.search(c[-LONGEST:])) else "" for c in cells}
    return found.pop() if len(found) == 1 else ""
