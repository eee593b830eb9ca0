"""Sentences between BOS and EOS beside their tags become lists of words and tags.

ATIS is handed on so: "BOS show flights EOS<tab>O O B-flight", where the first tag is that of BOS;
a last one more, in the place of that of EOS, is the intent.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from textune.errors import DataError
from textune.reading.forms.interface import first_rows
from textune.records import Row, Table

BEGIN, END = "BOS", "EOS"
SAMPLE = 200


def lists(table: Table) -> Table | None:
    """Recognise such sentences; None where there are none."""
    if table.format not in ("tsv", "csv") or len(table.columns) != 2 or table.has_header:
        return None
    sample = [_parted(row) for row in first_rows(table, SAMPLE)]
    if not sample or not all(_is_framed(words, tags) for words, tags in sample):
        return None
    beyond = {tags[-1] for words, tags in sample if len(tags) == len(words)}
    has_intent = bool(beyond) and all(len(words) == len(tags) for words, tags in sample)
    has_intent = has_intent and beyond != {"O"}
    columns = (*["text", "intent"] * has_intent, "words", "tags")

    def rows() -> Iterator[Row]:
        for row in table.rows():
            words, tags = _parted(row.cells)
            if not _is_framed(words, tags):
                raise DataError(
                    f"{row.origin}: expected {BEGIN}, words and {END}, and a tag for each but "
                    f"{END}; found {len(words)} words and {len(tags)} tags"
                )
            held: list[object] = [" ".join(words[1:-1]), tags[-1]] if has_intent else []
            held += [words[1:-1], tags[1 : len(words) - 1]]
            cells = [one if isinstance(one, str) else _json(one) for one in held]
            yield replace(row, cells=tuple(cells), given=tuple(held))

    reason = f"{BEGIN} and {END} around each sentence are left out, and the tag of {BEGIN}"
    reasons = (*table.reasons, reason, *["the last tag of each is its intent"] * has_intent)
    return replace(
        table, format="jsonl", columns=columns, reasons=reasons, rows=rows, has_header=True
    )


def _parted(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    return cells[0].split(), cells[1].split()


def _is_framed(words: Sequence[str], tags: Sequence[str]) -> bool:
    is_between = len(words) > 2 and words[0] == BEGIN and words[-1] == END
    return is_between and len(words) - 1 <= len(tags) <= len(words)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
