"""A labelled file becomes the rows whose labels are probably wrong, the surest first."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textune.corpora import corpus as corpora
from textune.corpora.corpus import Corpus
from textune.encoder import bases
from textune.errors import SettingsError
from textune.predicting import outputs
from textune.predicting.outputs import Output
from textune.predicting.tools import table as tools
from textune.predicting.tools.interface import Item, Model
from textune.recipes import doubted, kept_answers, label_cells
from textune.recipes.doubted import Doubted
from textune.recipes.selection import held_out
from textune.records import Message, Row
from textune.runs import test_files
from textune.runs.events import AuxiliaryStep
from textune.settings.config import Settings
from textune.storage import atomic
from textune.tasks import registry
from textune.tasks.interface import Column
from textune.text import tokenizers

ADDED: list[Column] = [
    *(("rank", True), ("place", False), ("given", False), ("suggested", False)),
    *(("p given", True), ("p suggested", True), ("corrected", False)),
]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Labels of a file that are probably wrong, the surest first."""

    task: str
    texts: int  # that were looked at
    likely: int  # of them, whose label is probably wrong
    agreement: float  # share of the labels that are also the likeliest answer
    rows: tuple[dict[str, Any], ...]  # the input's columns, then those of `ADDED`
    texts_of: tuple[str, ...]  # the text of each of these
    remarks: tuple[str, ...]
    config: tuple[str, ...] = ()  # lines by which an annotation tool shows what was written

    @property
    def share(self) -> float:
        """Return the share of the labels that are probably wrong."""
        return self.likely / self.texts

    def told(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        names = ("task", "texts", "likely", "share", "agreement")
        found = {name: getattr(self, name) for name in names}
        return found | {"rows": list(self.rows), "remarks": list(self.remarks)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of suspects."""

    count: int | None = None  # most rows; None: all whose label is probably wrong
    output: Output | None = None  # to write them to
    form: str | None = None  # of an annotation tool, in which they are written; None: a table
    run: Path | None = None  # whose answers about texts that it held out are taken
    is_thorough: bool = False  # whether the encoder is fine-tuned on folds


ALL = Wanted()


def suspects(
    source: object, settings: Settings, wanted: Wanted = ALL
) -> Generator[Message | AuxiliaryStep, None, Suspects]:
    """Find labels that models which did not learn from them hold for wrong.

    Args:
        source: A file or a data frame of labelled text.
        settings: How to read it, the base, and the seed.
        wanted: How many, from what, and where they go.

    Yields:
        Warnings about the file, and how far fine-tuning is.

    Raises:
        TextuneError: The file or the base cannot be read, or its labels are no names.
    """
    output = wanted.output
    if wanted.run is not None:
        test_files.refuse(
            wanted.run,
            source,
            "labels are corrected before a model is judged by them: leave out --run",
        )
    if output is not None and wanted.form is None:
        output.check(source)
    data = settings.data.model_copy(update={"valid_share": 0.0, "test_share": 0.0})
    settings = settings.model_copy(update={"data": data})
    tokenizer = tokenizers.load(bases.find(settings.base))
    corpus = yield from _only_warnings(corpora.gather(source, settings, tokenizer))
    _require_names(corpus, wanted)
    model = Model.of(corpus.task, corpus.contract, "textune suspects")
    if output is not None and wanted.form is not None:
        tools.check(source, output.path, tools.named(wanted.form, model), output.overwrite)
    own = None
    if corpus.task.asks == "texts":
        own = label_cells.of(corpus.table, corpus.contract, corpus.task.labels, corpus.examples)
    logits = yield from _answered(corpus, settings, wanted)
    found, likely = doubted.of(corpus, logits, wanted.count)
    rows_at = {row.origin: row for row in corpus.table.rows()}
    rows = [rows_at[corpus.examples[place].origin] for place in found.rows.tolist()]
    answers = _answers(rows, found, doubted.cells(corpus, found, rows, own))
    config: tuple[str, ...] = ()
    if output is not None and wanted.form is None:
        with output.writing(corpus.table, corpus.contract, ADDED) as write:
            write(rows, answers)
    told = outputs.records(corpus.table, corpus.contract, ADDED, rows, answers)
    if output is not None and wanted.form is not None:
        config = _write_as(wanted.form, output, model, corpus, found, told)
    texts = tuple(corpus.examples[place].text for place in found.rows.tolist())
    return Suspects(
        *(corpus.task.name, len(corpus.store) - found.unknown, likely, found.agreement),
        *(tuple(told), texts, _remarks(corpus, found, wanted.run), config),
    )


def _only_warnings(
    gathering: Generator[Message, None, Corpus],
) -> Generator[Message, None, Corpus]:
    """Leave out what is said of training alone: how texts are split."""
    found: list[Corpus] = []

    def keep() -> Generator[Message, None, None]:
        found.append((yield from gathering))

    yield from (said for said in keep() if said.is_warning)
    return found[0]


def _require_names(corpus: Corpus, wanted: Wanted) -> None:
    kind = registry.of(corpus.task.name)
    if corpus.task.asks not in ("texts", "words") or not kind.has_classes or kind.by_column:
        raise SettingsError(
            f"{corpus.table.name}: {kind.words}: suspects are looked for among names, one or "
            "several a text, and among tags and spans; name such a column with --label"
        )
    if corpus.task.asks == "words" and wanted.run is not None:
        raise SettingsError(
            f"--run {wanted.run}: runs keep no probabilities of tags; leave it out, or give "
            "--effort thorough"
        )


def _answered(
    corpus: Corpus, settings: Settings, wanted: Wanted
) -> Generator[Message | AuxiliaryStep, None, doubted.Logits]:
    """Return what is said of each text, or word, by what did not learn from it."""
    if wanted.run is not None:
        return kept_answers.logits(wanted.run, corpus)
    if wanted.is_thorough:
        return (yield from held_out.thorough(corpus, settings))
    return held_out.frozen(corpus, settings)


def _answers(rows: list[Row], found: Doubted, cells: Sequence[Sequence[str]]) -> list[list[object]]:
    """Return what is added to each row."""
    given, suggested = found.given.tolist(), found.suggested.tolist()
    return [
        [
            *(place + 1, row.origin, *cells[place]),
            *(round(given[place], 6), round(suggested[place], 6), ""),
        ]
        for place, row in enumerate(rows)
    ]


def _write_as(
    form: str,
    output: Output,
    model: Model,
    corpus: Corpus,
    found: Doubted,
    told: Sequence[dict[str, Any]],
) -> tuple[str, ...]:
    """Write tasks of an annotation tool, with what is suggested as the first annotation."""
    tool = tools.named(form, model)
    taken = {*corpus.contract.text, *corpus.contract.label, "corrected"}
    items = []
    for place, said, row in zip(found.rows.tolist(), found.instead, told, strict=True):
        item = corpus.examples[place]
        others = {name: value for name, value in row.items() if name not in taken}
        items.append(Item(item.text, item.pair, others, said, item.origin))
    written = atomic.target(output.path)
    with outputs.told(output.path), tool.writing(written, model, output.overwrite) as write:
        write(items)
    return tuple(tool.settings(model))


def _remarks(corpus: Corpus, found: Doubted, run: Path | None) -> tuple[str, ...]:
    said = []
    if found.unknown:
        why = "their labels are too rare to be held out"
        why = why if run is None else f"{run} did not hold them out"
        said.append(f"{found.unknown:,} of {len(corpus.store):,} texts were not looked at: {why}")
    if corpus.faulty:
        said.append(f"{len(corpus.faulty):,} faulty rows were left out, as asked")
    return tuple(said)
