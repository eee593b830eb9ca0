"""Predictions become JSONL of doccano: a text a line with its labels, or spans as lists.

Places count characters (code points). The input's other columns become doccano's metadata.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from textune.predicting.tools.interface import Item, Model, Tool, Write, no_settings
from textune.storage import atomic

KEYS = ("text", "label")


@contextmanager
def _writing(path: Path, model: Model, overwrite: bool) -> Iterator[Write]:  # as all
    with atomic.writing(path, overwrite=overwrite) as file:

        def write(items: Sequence[Item]) -> None:
            for item in items:
                line = json.dumps(_line(item, model), ensure_ascii=False)
                file.write(f"{line}\n".encode())

        yield write


def _line(item: Item, model: Model) -> dict[str, object]:
    found: list[object] = list(item.said.labels)
    if model.asks == "words":
        found = [[one.start, one.end, one.label] for one in item.said.entities]
    others = {f"{name} (input)" if name in KEYS else name: v for name, v in item.others.items()}
    return {"text": item.text, "label": found} | others


def _fits(model: Model) -> bool:
    return len(model.texts) == 1 and (model.is_class or model.marks_entities)


TOOL = Tool(
    name="doccano",
    endings=(".jsonl",),
    fits=_fits,
    what="classes and entities of single texts",
    writing=_writing,
    settings=no_settings,
)
