"""Frames of intents and slots in a cell (Facebook's TOP, MTOP) become an intent and spans.

"[IN:GET_MESSAGE messages from [SL:CONTACT Ada ] ]": the outermost intent is a class of the text.
Where the words of the frame are those of a text beside it, its slots are spans in that text.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from textune.reading.forms.interface import first_rows, span
from textune.records import Row, Table

SAMPLE = 200
MOST = 0.98  # share of cells that are frames, and of frames whose words are those of the text
FEWEST = 5
FORMATS = frozenset(["csv", "tsv", "sheet", "jsonl", "parquet", "frame"])
INTENT, SLOTS = "intent", "slots"
_FRAME = re.compile(r"\[IN:(\S+)\s.*\]")


def parsed(table: Table) -> Table | None:
    """Recognise a column of frames; None where there is none."""
    if table.format not in FORMATS or len(table.columns) < 2:
        return None
    sample = first_rows(table, SAMPLE)
    frames = [at for at in range(len(table.columns)) if _are_frames([row[at] for row in sample])]
    if len(sample) < FEWEST or not frames or {INTENT, SLOTS} & {*table.columns}:
        return None
    frame = frames[0]
    texts = [at for at in range(len(table.columns)) if at not in frames]
    whole = next((at for at in texts if _are_alike(sample, at, frame)), None)
    kept = [at for at in range(len(table.columns)) if at not in frames]
    names = (*(table.columns[at] for at in kept), INTENT, *[SLOTS] * (whole is not None))

    def rows() -> Iterator[Row]:
        for row in table.rows():
            words, spans = _read(row.cells[frame])
            found = _FRAME.fullmatch(row.cells[frame].strip())
            cells = [words if at == whole else row.cells[at] for at in kept]
            cells.append(found[1] if found else "")
            cells += [json.dumps(spans, ensure_ascii=False)] * (whole is not None)
            yield replace(row, cells=tuple(cells), given=None)

    reason = (
        f"{table.columns[frame]!r} holds frames: {INTENT!r} is the outermost intent of each"
        + f", {SLOTS!r} its slots in {table.columns[whole or 0]!r}" * (whole is not None)
    )
    return replace(table, columns=names, reasons=(*table.reasons, reason), rows=rows)


def _are_frames(cells: list[str]) -> bool:
    found = sum(_FRAME.fullmatch(cell.strip()) is not None for cell in cells)
    return bool(cells) and found >= MOST * len(cells)


def _are_alike(sample: list[tuple[str, ...]], text: int, frame: int) -> bool:
    """Tell whether the words of frames are those of a text, in their order."""
    same = sum(row[text].split() == _read(row[frame])[0].split() for row in sample)
    return same >= MOST * len(sample)


def _read(frame: str) -> tuple[str, list[dict[str, Any]]]:
    """Take the words of a frame, with a space between any two, and its slots as spans of them."""
    text = ""
    opened: list[tuple[str, int]] = []  # a kind, and where its words begin
    spans: list[dict[str, Any]] = []
    for piece in frame.split():
        if piece.startswith(("[IN:", "[SL:")):
            opened.append((piece[1:], len(text) + bool(text)))
        elif piece == "]" and opened:
            kind, start = opened.pop()
            if kind.startswith("SL:") and start < len(text):
                spans.append(span(start, len(text), kind[3:]))
        else:
            text += " " * bool(text) + piece
    return text, sorted(spans, key=lambda one: int(one["start"]))
