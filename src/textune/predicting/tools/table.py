"""The forms of annotation tools by name, and a file of texts written in one of them."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from textune.errors import Problems, RunError, SettingsError, among
from textune.predicting import outputs
from textune.predicting.predictor import CHUNK, Predictor, Reading
from textune.predicting.tools import brat, conll, doccano, label_studio
from textune.predicting.tools.interface import Item, Model, Tool
from textune.records import Contract, Row, Table
from textune.storage import atomic, faulty_rows
from textune.tasks import examples

TOOLS = {room.TOOL.name: room.TOOL for room in (label_studio, doccano, conll, brat)}


def of(name: str, predictor: Predictor, version: str) -> tuple[Tool, Model]:
    """Return a form by its name, and what it needs to know of a model.

    Raises:
        SettingsError: There is no such form, or it has no place for what the model says.
    """
    model = Model.of(predictor.task, predictor.card.contract, version)
    return named(name, model), model


def named(name: str, model: Model) -> Tool:
    """Return a form by its name.

    Raises:
        SettingsError: There is no such form, or it has no place for what the model says.
    """
    if name not in TOOLS:
        raise SettingsError(f"--as {name}: is no form of predictions; {among(name, TOOLS)}")
    tool = TOOLS[name]
    if not tool.fits(model):
        able = [other.name for other in TOOLS.values() if other.fits(model)]
        ways = f"allowed for it: {', '.join(able)}" if able else "no form of --as has"
        pair = " of pairs of texts" if len(model.texts) == 2 else ""
        raise SettingsError(
            f"--as {name}: holds {tool.what}, and this model gives {model.words}{pair}; {ways}, "
            "or leave it out and write a table"
        )
    return tool


def predict_as(
    predictor: Predictor,
    source: object,
    output: Path,
    options: Reading,
    made: tuple[Tool, Model],
    *,
    overwrite: bool = False,
) -> Iterator[int]:
    """Label a file of any size in bounded memory, in the form of an annotation tool.

    Args:
        predictor: The model.
        source: A path or a data frame; label columns may be absent, and are left out.
        output: A file, or a folder; written whole or not at all.
        options: How to read the input.
        made: From `of`.
        overwrite: Whether an output that exists may be replaced.

    Yields:
        Rows labelled so far.

    Raises:
        DataError: The input has a problem; no output is left.
        RunError: The output exists or cannot be written.
        SettingsError: The output's ending is not one of those of the form.
    """
    tool, model = made
    check(source, output, tool, overwrite)
    table, agreed = options.open(source, predictor.card)
    decision, task = predictor.decision(options.threshold), predictor.task
    to_example = examples.reader(table, agreed, labelled=False)
    problems = Problems(table.name, table.faults)
    done = 0
    with outputs.told(output), tool.writing(atomic.target(output), model, overwrite) as write:
        rest = iter(table.rows())
        while rows := list(islice(rest, CHUNK)):
            found = examples.paired(rows, to_example, problems)
            rows, texts = [row for row, _ in found], [example for _, example in found]
            if problems.count or not texts:
                continue
            predictions = task.predictions(predictor.score(texts, decision), texts)
            others = _others(table, agreed, rows)
            write(
                [
                    Item(text.text, text.pair, other, said, text.origin)
                    for text, other, said in zip(texts, others, predictions, strict=True)
                ]
            )
            done += len(rows)
            yield done
        problems.raise_any()
    if table.faults is not None:
        faulty_rows.write(faulty_rows.beside(output), table.faults)


def _others(table: Table, agreed: Contract, rows: list[Row]) -> Iterator[Mapping[str, Any]]:
    """Give the columns of rows that are neither text nor label."""
    taken = {*agreed.text, *agreed.label}
    for held in outputs.records(table, agreed, (), rows, [()] * len(rows)):
        yield {name: value for name, value in held.items() if name not in taken}


def check(source: object, output: Path, tool: Tool, overwrite: bool) -> None:
    """Refuse a place where a form cannot be written.

    Raises:
        RunError: Something is there, or nothing may be written there.
        SettingsError: Its ending is not one of those of the form.
    """
    if tool.endings and output.suffix.lower() not in tool.endings:
        raise SettingsError(
            f"--output {output}: --as {tool.name} writes files that end in "
            f"{', '.join(tool.endings)}"
        )
    if not tool.endings and output.suffix:
        raise SettingsError(f"--output {output}: --as {tool.name} writes a folder; name one")
    outputs.check_place(source, output, overwrite=overwrite)
    if tool.endings and output.is_dir():
        raise RunError(f"{output}: is a folder; name a file")
