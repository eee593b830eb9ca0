"""Training data of Rasa NLU: examples with an intent and marked entities, as JSON or YAML.

In YAML an example is a line as "- to [Paris](city)", or "[Paris]{"entity": "city", "role": "to"}".
Synonyms, look-up tables and regular expressions hold no examples.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from textune.errors import DataError, Problems, excerpt
from textune.reading import jsonlines, yaml_values
from textune.reading.forms.interface import (
    Converter,
    Form,
    Made,
    Values,
    are_objects,
    left_out,
    member,
    plain,
    span,
)
from textune.reading.lines import pieces
from textune.reading.told import problems_of
from textune.records import Row, Table

NAME = "training data of Rasa in YAML"
COLUMNS = ("text", "intent", "entities")
OTHERS = ("synonym", "lookup", "regex")

_BEGINS = re.compile(rb"(\s*(#[^\n]*|---|version:[^\n]*)\n)*\s*nlu:\s*\n")
_ENTITY = re.compile(
    r"\[(?P<text>[^\[\]]+)\](?:\((?P<name>[^:()]+)(?::[^()]*)?\)|(?P<one>\{[^{}]*\})"
    r"|(?P<several>\[\s*\{[^\[\]]*\}\s*\]))"
)


def _is_rasa(values: Sequence[Any]) -> bool:
    return (
        are_objects(values, "text")
        and any("intent" in value for value in values)
        and all(
            isinstance(value.get("entities", []), list)
            and all(map(_is_entity, value.get("entities", [])))
            for value in values
        )
        and any(value.get("entities") for value in values)
    )


def _is_entity(item: object) -> bool:
    return isinstance(item, Mapping) and {"start", "end", "entity"} <= item.keys()


def _converter(values: Values) -> Converter:
    def convert(value: Any) -> Iterator[Made]:
        found = [
            span(item.get("start"), item.get("end"), item.get("entity"))
            for item in value.get("entities") or ()
        ]
        row = {"text": member(value, "text", str), "intent": value.get("intent")}
        yield {**row, **plain(value, "text", "intent"), "entities": found}

    return Converter(convert, ("'value' of an entity, its synonym, is left out",))


FORM = Form("training data of Rasa", _is_rasa, _converter)


def begins(path: Path, head: bytes) -> bool:
    """Tell by its first bytes whether a file is Rasa's YAML."""
    return _BEGINS.match(head) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the examples of a file of YAML.

    Raises:
        DataError: It is no YAML, or has no example.
    """
    blocks = _blocks(path)
    counts = Counter(key for block in blocks for key in OTHERS if key in block)
    has_entities = any(item for _, _, item in _examples(path, blocks, Problems(path.name)))
    columns = COLUMNS if has_entities else COLUMNS[:2]
    reasons = (
        *why,
        f"format: {NAME}: the intent of each example"
        + (", and its entities, whose marks are taken out of the text" if has_entities else ""),
    )
    findings = left_out({f"lists of {key}": count for key, count in counts.items()})
    rows = partial(_rows, path, blocks, columns)
    return Table.of_file(path, "jsonl", columns, reasons, rows, findings=findings)


def _blocks(path: Path) -> list[dict[str, Any]]:
    """Take the members of "nlu", each with its keys and the nodes of YAML under them."""
    document = yaml_values.composed(path, "".join(pieces(path)))
    found = _keys(document).get("nlu")
    nodes = found.value if isinstance(found, yaml.SequenceNode) else []
    blocks = [_keys(node) for node in nodes]
    for node, block in zip(nodes, blocks, strict=True):
        _check(path, node, block)
    if not any("intent" in block for block in blocks):
        raise DataError(f"{path.name}: 'nlu' has no intent with examples")
    return blocks


def _check(path: Path, node: Any, block: Mapping[str, Any]) -> None:
    """Make sure that nothing of a block would be lost.

    Raises:
        DataError: A key stands twice in it, an intent has no examples, or examples no intent.
    """
    place = f"{path.name}:{node.start_mark.line + 1}"
    if not isinstance(node, yaml.MappingNode):
        raise DataError(
            f"{place}: what begins here is no block of an intent and its examples: "
            f"{excerpt(str(node.value))}; write '- intent: NAME' and 'examples: |'"
        )
    names = [str(key.value) for key, _ in node.value]
    if twice := [name for name in block if names.count(name) > 1]:
        raise DataError(
            f"{place}: the key {twice[0]!r} stands twice in the block that begins here; is the "
            "line '- intent: …' missing between them?"
        )
    if "examples" in block and not {"intent", *OTHERS} & block.keys():
        listed = ", ".join(map(repr, block))
        raise DataError(
            f"{place}: examples without an intent (the keys here are {listed}); write "
            "'- intent: NAME' before them"
        )
    if "intent" in block and "examples" not in block:
        raise DataError(
            f"{place}: the intent {excerpt(str(block['intent'].value))} has no examples; write "
            "'examples: |' beneath it, or take it out"
        )


def _keys(node: Any) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def _rows(
    path: Path, blocks: Sequence[Mapping[str, Any]], columns: tuple[str, ...]
) -> Iterator[Row]:
    with problems_of(path) as problems:
        for line, cells, spans in _examples(path, blocks, problems):
            held = (*cells, spans)[: len(columns)]
            yield from jsonlines.sound(held, columns, f"{path.name}:{line}", problems)


Example = tuple[int, tuple[str, str], list[dict[str, object]]]


def _examples(
    path: Path, blocks: Sequence[Mapping[str, Any]], problems: Problems
) -> Iterator[Example]:
    for block in blocks:
        if "intent" not in block:
            continue
        intent = str(block["intent"].value)
        for line, marked in _lines(block.get("examples")):
            try:
                text, spans = unmarked(marked)
            except ValueError as error:
                problems.add(f"{path.name}:{line}: {error}: {excerpt(marked)}", row=marked)
                continue
            yield line, (text, intent), spans


def _lines(node: Any) -> Iterator[tuple[int, str]]:
    """Yield the examples under an intent, each with its line in the file."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            held = _keys(item).get("text", item)
            if isinstance(held, yaml.ScalarNode):
                text = str(held.value).strip()
                yield held.start_mark.line + 1, text.removeprefix("- ").strip()
        return
    if not isinstance(node, yaml.ScalarNode):
        return
    first = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
    for number, line in enumerate(str(node.value).split("\n")):
        if line.strip("- \t"):
            yield first + number, line.strip().removeprefix("-").strip()


def unmarked(example: str) -> tuple[str, list[dict[str, object]]]:
    """Take the marks of entities out of an example; then its text and where they are.

    Raises:
        ValueError: What stands after an entity does not name it.
    """
    text, spans, at = "", [], 0
    for match in _ENTITY.finditer(example):
        text += example[at : match.start()]
        at = match.end()
        for name in _named(match):
            spans.append(span(len(text), len(text) + len(match["text"]), name))
        text += match["text"]
    return text + example[at:], spans


def _named(match: re.Match[str]) -> list[str]:
    if match["name"]:
        return [match["name"].strip()]
    try:
        held = json.loads(match["one"] or match["several"])
    except ValueError:
        held = {}
    names = [item.get("entity") for item in (held if isinstance(held, list) else [held])]
    if not all(isinstance(name, str) for name in names):
        raise ValueError('an entity is written [words](name) or [words]{"entity": "name"}')
    return list(map(str, names))
