"""A file of texts becomes the same file with a probability a label and a decision, row by row."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from itertools import count, islice
from pathlib import Path

from textune.encoder import manifest
from textune.errors import Problems, counted
from textune.metrics.one_label import is_blank
from textune.predicting import asking, outputs, unfinished, workers
from textune.predicting.answering import Answering, Cells
from textune.predicting.outputs import Output, RowWriter
from textune.predicting.predictor import CHUNK, Predictor, Reading, Text
from textune.predicting.unfinished import Parts
from textune.predicting.workers import Later, Opening
from textune.reading import obtained
from textune.reading.passed_over import SAID
from textune.records import Contract, Example, Row, Table
from textune.storage import checksums, faulty_rows
from textune.tasks import examples

SHOWN = 5  # lines that are none of a file's rows
Ask = Callable[[Sequence[Example]], Later]
Asked = Callable[[Opening], AbstractContextManager[tuple[Ask, int]]]
# gives what answers texts elsewhere, and how many parts may wait for it


@dataclass(frozen=True, slots=True)
class Long:
    """How a file that takes long is labelled: stopped and continued, and by several processes."""

    opening: Opening
    resume: bool = False  # go on where a process was stopped or killed
    anew: bool = False  # drop what is kept of an output that is not finished
    processes: int = 1
    asked: Asked | None = None  # other processes, of a cluster
    remarks: list[str] = field(default_factory=list)  # what a person should know in the end


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
    long: Long | None = None,
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
        chunk: Rows that are computed together, and a row group of Parquet.
        long: Keeps answers beside the output until it is whole, or asks other processes; None:
            this process answers, and nothing is kept.

    Yields:
        Rows labelled so far.

    Raises:
        DataError: The input has a problem; no output is left.
        RunError: The output exists or cannot be written, or what is kept of it is of another model,
            input or option.
        BusyError: Another process writes the same output.
        RanksError: One of several processes was lost.
        SettingsError: The output's ending is not one of those that can be written.
    """
    answering = Answering(predictor, options.threshold, explain)
    columns, nested = answering.columns(), answering.nested()
    written = Output(output, overwrite=overwrite, harmless=harmless)
    written.check(source)
    if long is None:
        table, agreed = options.open(source, predictor.card, unlabelled=True)
        work = _Work(table, agreed, chunk)
        with written.writing(table, agreed, columns, nested=nested) as write:
            yield from work.run(lambda texts: partial(answering.cells, texts), write)
    else:
        about = partial(_about, answering, source, options, chunk, long.opening)
        kept = unfinished.kept(output, about, resume=long.resume, anew=long.anew)
        with outputs.told(output), kept as parts:
            table, agreed = options.open(source, predictor.card, unlabelled=True)
            work = _Work(table, agreed, chunk, parts)
            with (
                written.writing(table, agreed, columns, nested=nested) as write,
                _asked(answering, long) as (ask, ahead),
            ):
                yield from work.run(ask, write, ahead=ahead)
            long.remarks.extend(parts.told())
    if table.faults is not None:
        faulty_rows.write(faulty_rows.beside(output), table.faults)


@dataclass(frozen=True, slots=True)
class _Work:
    """A table whose rows are answered part by part."""

    table: Table
    agreed: Contract
    chunk: int
    parts: Parts | None = None

    def run(self, ask: Ask, write: RowWriter, *, ahead: int = 0) -> Iterator[int]:
        """Answer the rows and write them in their order.

        Args:
            ask: Takes texts, and returns what gives or awaits their answers.
            write: Takes rows and their answers.
            ahead: Parts that may be asked before the answers of the first are taken.

        Yields:
            Rows labelled so far.

        Raises:
            DataError: A row has a problem; all are named.
        """
        problems = Problems(self.table.name, self.table.faults)
        waiting: deque[_Part] = deque()
        done = 0
        for number, rows, texts in self._read(problems):
            if problems.count:
                continue
            kept = None if self.parts is None else self.parts.read(number)
            waiting.append(_Part(number, rows, kept, ask(texts) if kept is None else None))
            if len(waiting) > ahead:
                done += self._write(write, waiting.popleft())
                yield done
        if problems.count and self.parts is not None:
            self.parts.drop()
        problems.raise_any()
        while waiting:
            done += self._write(write, waiting.popleft())
            yield done

    def _read(self, problems: Problems) -> Iterator[tuple[int, list[Row], list[Example]]]:
        """Yield parts with a text, each with its number, its rows and their texts."""
        to_example = examples.reader(self.table, self.agreed, labelled=False)
        rest = iter(self.table.rows())
        for number in count():
            if not (rows := list(islice(rest, self.chunk))):
                return
            if found := examples.paired(rows, to_example, problems):
                yield number, [row for row, _ in found], [example for _, example in found]

    def _write(self, write: RowWriter, part: "_Part") -> int:
        cells = part.kept
        if part.later is not None:
            cells = part.later()
            if self.parts is not None:
                self.parts.add(part.number, cells)
        assert cells is not None, "they are kept, or asked for"
        write(part.rows, cells)
        return len(part.rows)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows in turn, with their answers or what awaits them."""

    number: int
    rows: list[Row]
    kept: Cells | None
    later: Later | None


@contextmanager
def _asked(answering: Answering, long: Long) -> Iterator[tuple[Ask, int]]:
    """Give what answers texts, and how many parts may wait for it."""
    if long.asked is not None:
        with long.asked(long.opening) as found:
            yield found
        return
    if long.processes == 1:
        yield (lambda texts: partial(answering.cells, texts)), 0
        return
    with workers.started(long.opening, long.processes) as ask:
        yield ask, 2 * long.processes


def _about(
    answering: Answering, source: object, options: Reading, chunk: int, opening: Opening
) -> dict[str, object]:
    """Say of what model, input and options answers are."""
    folder = Path(answering.predictor.tokenizer.place)
    seal = folder / manifest.NAME
    return {
        "textune": version("textune"),
        "model": checksums.Inputs.of([seal if seal.exists() else folder]).to_json(),
        "input": checksums.Inputs.of(obtained.on_machine(source)).to_json(),
        "options": [repr(options), repr(replace(opening, run=folder)), chunk],
    }


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
    """Say how an input was read where its columns stand otherwise, and what is no text of it."""
    table, agreed = options.open(source, predictor.card, unlabelled=True)
    said = [item.message for item in table.findings if item.kind in ("left out", "layout")]
    places = [table.columns.index(name) for name in agreed.text if name in table.columns]
    passed, blank = _Counted(SHOWN), _Counted(1)
    rows = 0
    for row in table.rows():
        rows += 1
        for remark in row.remarks:
            if remark.endswith(SAID):
                passed.add(remark)
        if any(is_blank(row.cells[place]) for place in places):
            blank.add(row.origin)
    said += [f"no answer for what is no row: {passed.listed()}"] if passed.count else []
    return [*said, *_empty(blank, rows)]


def remarks_on(texts: Sequence[Example]) -> list[str]:
    """Say how many of a few texts are empty."""
    blank = _Counted(1)
    for each in texts:
        if is_blank(each.text) or (each.pair is not None and is_blank(each.pair)):
            blank.add(each.origin)
    return _empty(blank, len(texts))


@dataclass(slots=True)
class _Counted:
    """How many of something there are, and the first of them."""

    most: int  # that are kept
    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, one: str) -> None:
        self.count += 1
        if len(self.first) < self.most:
            self.first.append(one)

    def listed(self) -> str:
        more = self.count - len(self.first)
        return "; ".join(self.first) + (f"; and {more:,} more" if more else "")


def _empty(blank: _Counted, texts: int) -> list[str]:
    """Say what was answered where there is no text."""
    if not blank.count:
        return []
    which = (
        f"{blank.count:,} of {counted(texts, 'text')} {'is' if blank.count == 1 else 'are'} empty"
    )
    theirs = "its answer is" if blank.count == 1 else "their answers are"
    return [
        f"{which} (first: {blank.first[0]}): {theirs} what the model says of no words at all; "
        "leave such rows out if they should have none"
    ]


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
