"""A file of texts becomes the same file with a probability a label and a decision, row by row."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from textune.errors import Problems
from textune.predicting import asking
from textune.predicting.outputs import Output, nested_answers
from textune.predicting.predictor import CHUNK, Predictor, Reading, Text
from textune.reading.passed_over import SAID
from textune.records import Example, Prediction, Table
from textune.storage import faulty_rows
from textune.tasks import examples
from textune.tasks.interface import Task
from textune.tasks.labels import in_one_cell

SHOWN = 5  # lines that are none of a file's rows


def predict_file(
    predictor: Predictor,
    source: object,
    output: Path,
    options: Reading,
    *,
    overwrite: bool = False,
    harmless: bool = False,
    explain: bool = False,
    chunk: int = CHUNK,
) -> Iterator[int]:
    """Label a file of any size in bounded memory, keeping its columns and their order.

    Lists (words, tags, entities, answers) are lists in JSONL, and JSON text in a cell elsewhere.

    Args:
        predictor: The model.
        source: A path or a data frame; label columns may be absent.
        output: CSV, TSV, JSONL (each also .gz) or Parquet, by its ending; written whole or not at
        all.
        options: How to read the input.
        overwrite: Whether an output that exists may be replaced.
        harmless: Whether cells that a spreadsheet would take for formulas get an apostrophe first.
        explain: Whether a column `why` names the words that moved each decision most.
        chunk: Rows that are computed together.

    Yields:
        Rows labelled so far.

    Raises:
        DataError: The input has a problem; no output is left.
        RunError: The output exists or cannot be written.
        SettingsError: The output's ending is not one of those that can be written.
    """
    written = Output(output, overwrite=overwrite, harmless=harmless)
    written.check(source)
    table, agreed = options.open(source, predictor.card, unlabelled=True)
    decision, task = predictor.decision(options.threshold), predictor.task
    to_example = examples.reader(table, agreed, labelled=False)
    problems = Problems(table.name, table.faults)
    done = 0
    added = [*task.columns(), *([] if decision.member is None else [("set", False)])]
    nested = nested_answers(task)
    if explain:
        nested |= {len(added)}
        added.append(("why", False))
    with written.writing(table, agreed, added, nested=nested) as write:
        rest = iter(table.rows())
        while rows := list(islice(rest, chunk)):
            found = examples.paired(rows, to_example, problems)
            texts = [example for _, example in found]
            if problems.count or not texts:
                continue
            answers: Iterable[list[object]]
            if explain:
                whys = predictor.explanations(texts, threshold=options.threshold)
                answers = ([*_cells(task, one.prediction), one.cell()] for one in whys)
            else:
                predictions = task.predictions(predictor.score(texts, decision), texts)
                answers = (_cells(task, item) for item in predictions)
            write([row for row, _ in found], [*answers])
            done += len(texts)
            yield done
        problems.raise_any()
    if table.faults is not None:
        faulty_rows.write(faulty_rows.beside(output), table.faults)


def _cells(task: Task, item: Prediction) -> list[object]:
    """Return a prediction as cells, with its set of classes where there are sets."""
    own = task.cells(item)
    return own if item.members is None else [*own, in_one_cell(item.members, task.labels)]


def without_answer(output: Path, options: Reading) -> list[str]:
    """Say how many faulty rows of an input got no answer, and where they are named."""
    file = faulty_rows.beside(output)
    if options.file.faulty is None or not file.is_file():
        return []
    with file.open("rb") as held:
        count = sum(1 for _ in held)
    rows = "1 faulty row" if count == 1 else f"{count:,} faulty rows"
    return [f"{rows} got no answer, as asked; with the reasons in {file}"]


def remarks(predictor: Predictor, source: object, options: Reading) -> list[str]:
    """Say how an input was read where its columns stand otherwise, and what is no row of it."""
    table, _ = options.open(source, predictor.card, unlabelled=True)
    said = [item.message for item in table.findings if item.kind in ("left out", "layout")]
    return [*said, *_passed_over(table)]


def _passed_over(table: Table) -> list[str]:
    """Say which lines of a file are none of its rows, and so got no answer."""
    found = (remark for row in table.rows() for remark in row.remarks if remark.endswith(SAID))
    if not (first := list(islice(found, SHOWN))):
        return []
    more = f"; and {count:,} more" if (count := sum(1 for _ in found)) else ""
    return [f"no answer for what is no row: {'; '.join(first)}{more}"]


def read_texts(
    predictor: Predictor, source: object, options: Reading, *, left_out: list[str] | None = None
) -> Iterator[Example]:
    """Read the texts of a file for the model, without their labels; all are sound.

    Args:
        predictor: The model.
        source: A path or a data frame.
        options: How to read it.
        left_out: Takes what is to be said of faulty rows, where these get no answer.

    Raises:
        DataError: The file has a problem; all of them are named, before the first text is given.
    """
    table, agreed = options.open(source, predictor.card, unlabelled=True)
    for _ in examples.read(table, agreed, labelled=False):
        pass
    if table.faults and left_out is not None:
        left_out += faulty_rows.told(table.faults, table.name)
    return examples.read(table, agreed, labelled=False)


def to_texts(predictor: Predictor, texts: Sequence[str]) -> list[Text]:
    """Take texts from a command line, as `asking.typed` does."""
    return asking.typed(texts, task=predictor.task, contract=predictor.card.contract)
