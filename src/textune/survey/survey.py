"""A file becomes a Survey: what is in it, what would be trained, and what is wrong with it."""

import json
import random
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from textune.data import naming
from textune.data.names import Columns, parted
from textune.data.words import words_of
from textune.encoder import bases
from textune.encoder.names import BUNDLED
from textune.errors import SHOWN, hinting
from textune.reading import obtained, sources
from textune.reading.passed_over import is_of_blank_lines
from textune.records import Annotators, Contract, Example, Finding, ReadOptions, Survey, Table
from textune.survey import agreement, audit, beyond, grouping, leaks, plain_survey, settling
from textune.survey.beyond import CountTokens, Measured, Ruler
from textune.survey.settling import Call
from textune.tasks import examples, installed, registry
from textune.tasks.contract import Understanding
from textune.tasks.kind import Tally
from textune.text import tokenizers, unknown
from textune.text.unknown import Cost

MEASURED = 5_000  # texts whose tokens are counted, where the file has more than `ALL_BELOW`
ALL_BELOW = 10_000
TOGETHER, MOST_TOGETHER = 256, 8_000_000  # texts given to the tokenizer at once, characters
LONG_SHARE = 0.05  # of the texts beyond the largest limit, from which it is worth a finding


@hinting
def check(  # noqa: D417  # the other keywords are those of `train`
    source: object,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    annotators: Annotators | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    merge_labels: str | Sequence[str] | None = None,
    group: str | None = None,
    skip: str | Sequence[str] | None = None,
    no_skip: str | Sequence[str] | None = None,
    weight: str | None = None,
    names: str | Path | None = None,
    base: str | Path | None = None,
    valid: object | None = None,
    test: object | None = None,
    count_tokens: CountTokens | None = None,
) -> Survey:
    """Read a file twice, in bounded memory, and describe what `train` would learn from it.

    Files for validation and test are looked through for texts that stand in the first as well.

    The keywords that are not described here are those of `train`.

    Args:
        source: A file or a data frame.
        task: As of `train`, or "plain": text without labels.
        base: Encoder whose tokens are counted; the bundled one if not given.
        valid: A file, whose texts are looked for among those of the first.
        test: One more.
        count_tokens: Counts the tokens of texts, special ones included, in place of a base.

    Raises:
        DataError: The file, or labels in it, cannot be read; all rows concerned are named.
        SettingsError: An option names a column that is not there.
    """
    installed.load()
    file = ReadOptions(
        header=header, delimiter=delimiter, quote=quote, encoding=encoding, faulty=faulty,
        rows=rows, sheet=sheet, annotators=annotators, merge_labels=_several(merge_labels) or None,
    )  # fmt: skip
    asked: dict[str, Any] = {
        "text": parted(text) or None, "label": parted(label) or None, "task": task, "group": group,
        "skip": _several(skip), "no_skip": _several(no_skip), "weight": weight,
        "names": None if names is None else str(names), "merge_labels": _several(merge_labels),
    }  # fmt: skip
    table = sources.read(source, file)
    found = agreement.agree(table, **asked, annotators=annotators)
    call = Call.of(obtained.named(source), file, **asked, base=None if base is None else str(base))
    command = _command(call.places, table, found.contract, file, base=base, names=asked["names"])
    survey = _survey(table, found, base, count_tokens, command=command)
    others = {name: one for name, one in (("valid", valid), ("test", test)) if one is not None}
    own = {name: one for name, one in sources.parts(source).items() if name not in others}
    leaked = tuple(leaks.of_files(table, found.contract, others, file, own=own))
    hint = None if "valid" in {*others, *own} else grouping.find(table, found.contract)
    hints = () if hint is None else (hint.finding(),)
    survey = replace(survey, findings=(*leaked, *hints, *survey.findings))
    if call.places:
        survey = replace(survey, command=_judged_by(command, others))
    second = {doubt: settling.commands(doubt, call) for doubt in survey.contract.doubts}
    return replace(survey, source=", ".join(call.places) or table.name, second=second)


def _several(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def _survey(
    table: Table,
    found: Understanding,
    base: str | Path | None,
    count_tokens: CountTokens | None,
    *,
    command: str,
) -> Survey:
    """Go through the rows of a table whose columns are understood."""
    agreed = found.contract
    rows = naming.named(table, agreed)
    labels = registry.of(agreed.task).tally(agreed)
    ruler = _ruler(agreed, labels.golds, base, count_tokens)
    tally = _Reader(agreed, found.rows, ruler, labels)
    read = tally.watch(examples.read(rows, agreed))
    findings = audit.audit(read, contract=agreed)
    cost = tally.cost()
    lengths = beyond.lengths(tally.measured, ruler, rows=found.rows)
    targets = labels.targets([item.answer for item in tally.measured if item.answer is not None])
    return Survey(
        source=table.name,
        table=table,
        contract=agreed,
        rows=found.rows,
        labels=labels.in_order(),
        unlabelled=labels.unlabelled,
        lengths=lengths,
        findings=(
            *table.findings,
            *found.findings,
            *_unknown(ruler, cost),
            *labels.findings(found.rows),
            *tally.mended(),
            *findings,
            *_without_labels(agreed, table.name, found.rows),
            *_too_long(lengths),
            *audit.faulty(table),
        ),
        command=command,
        columns=found.columns,
        left_out=found.left_out,
        fertility=_costs(table, agreed, ruler) or (cost.to_json() if cost else {}),
        targets=targets,
    )


def _costs(table: Table, agreed: Contract, ruler: Ruler) -> dict[str, object]:
    """Say what plain text costs in a tokenizer's pieces."""
    if agreed.task != "plain" or ruler.tokenizer is None:
        return {}
    texts = (example.text for example in examples.read(table, agreed))
    return plain_survey.measure(texts, ruler.tokenizer)


def _unknown(ruler: Ruler, cost: Cost | None) -> Iterator[Finding]:
    """Say how much of the texts the tokenizer does not know, where that is much."""
    if ruler.tokenizer is not None and cost is not None:
        yield from filter(None, [unknown.finding(ruler.tokenizer, cost)])


def to_json(survey: Survey) -> dict[str, object]:
    """Give a survey as plain values that JSON can hold."""
    agreed = survey.contract
    found = {
        "source": survey.source,
        "format": survey.table.format,
        **{name: getattr(agreed, name) for name in ("task", "text", "label")},
        **{name: getattr(survey, name) for name in ("rows", "labels", "unlabelled", "lengths")},
        "findings": list(map(asdict, survey.findings)),
        "reasons": [*survey.table.reasons, *agreed.reasons],
        "doubts": agreed.doubts,
        "second": survey.second,
        **{name: getattr(survey, name) for name in ("columns", "left_out", "fertility", "targets")},
        "contract": asdict(agreed),
        "command": survey.command,
    }
    return dict(json.loads(json.dumps(found)))


class _Reader:
    """Counts labels and measures texts while somebody else reads the examples."""

    def __init__(self, agreed: Contract, rows: int, ruler: Ruler, labels: Tally) -> None:
        self._agreed = agreed
        self._labels = labels
        self._ruler = ruler
        self._remarks: list[str] = []  # the first of them
        self._remarked = 0
        self._blank: list[str] = []  # of the blank lines of each file
        self.is_sample = rows > ALL_BELOW
        chosen = random.Random(0).sample(range(rows), MEASURED) if self.is_sample else ()
        self._chosen = frozenset(chosen)
        self._waiting: list[Example] = []
        self._size = 0  # of the texts that wait, in characters
        self._first: list[Example] = []  # by which unknown words are counted
        self.measured: list[Measured] = []

    def watch(self, stream: Iterable[Example]) -> Iterator[Example]:
        for place, example in enumerate(stream):
            self._labels.add(example)
            if place < unknown.MOST:
                self._first.append(unknown.beginning(example))
            remarks = [one for one in example.remarks if not is_of_blank_lines(one)]
            self._blank += [one for one in example.remarks if is_of_blank_lines(one)]
            self._remarked += len(remarks)
            self._remarks += remarks[: SHOWN - len(self._remarks)]
            if not self.is_sample or place in self._chosen:
                self._waiting.append(example)
                self._size += len(example.text) + len(example.pair or "")
                if len(self._waiting) == TOGETHER or self._size > MOST_TOGETHER:
                    self._measure()
            yield example
        self._measure()

    def mended(self) -> Iterator[Finding]:
        """Say what was mended while the file was read: the first places, and the number of all."""
        for remark in self._blank[:SHOWN]:
            yield Finding("blank lines", "note", remark, 1)
        if not self._remarked:
            return
        listed = "; ".join(self._remarks)
        more = f"; and {self._remarked - SHOWN:,} more" if self._remarked > SHOWN else ""
        what = "1 place was" if self._remarked == 1 else f"{self._remarked:,} places were"
        message = f"{what} mended while reading: {listed}{more}"
        yield Finding("mended", "warning", message, self._remarked)

    def cost(self) -> Cost | None:
        """Count the pieces of the first texts, where a tokenizer is known."""
        tokenizer = self._ruler.tokenizer
        return None if tokenizer is None else unknown.cost(tokenizer, self._first, words_of)

    def _measure(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting:
            self.measured += self._ruler.measure(waiting)


def _ruler(
    agreed: Contract, golds: str, base: str | Path | None, count_tokens: CountTokens | None
) -> Ruler:
    if count_tokens is not None:
        return Ruler(agreed.task, golds, count=count_tokens)
    place = bases.find(base or BUNDLED)
    width = bases.width(Path(place))
    return Ruler(agreed.task, golds, tokenizer=tokenizers.load(place), width=width)


def _without_labels(agreed: Contract, name: str, rows: int) -> Iterator[Finding]:
    """Say what can be done with text that has no labels."""
    if agreed.task == "plain":
        message = (
            f"{name}: no labels were found in it; an encoder can be adapted to its text, and "
            "--label names the label column if there is one"
        )
        yield Finding("task", "note", message, rows)


def _too_long(lengths: Mapping[str, Any]) -> Iterator[Finding]:
    limit, shares = list(lengths["beyond"].items())[-1]
    if shares["rows"] < LONG_SHARE:
        return
    count = round(shares["rows"] * lengths["texts"])
    of = f"{lengths['texts']:,} texts that were measured" if lengths["sampled"] else "the texts"
    message = (
        f"{shares['rows']:.1%} of {of} and {shares['tokens']:.1%} of all tokens lie beyond "
        f"{limit} tokens, the most that is read at once; --long says what becomes of them"
    )
    yield Finding("length", "note", message, count)


def _command(
    places: Sequence[str],
    table: Table,
    agreed: Contract,
    given: ReadOptions,
    *,
    base: str | Path | None,
    names: str | Path | None,
) -> str:
    told = {name: value for name, value in asdict(given).items() if value is not None}
    told.pop("merge_labels", None)  # as the contract has them
    options = told | _options(agreed, base, names)
    if not places:
        return _call(agreed, options)
    if agreed.task == "plain":
        column = None if table.format == "text" else agreed.text[0]
        return plain_survey.command(places, text=column, base=base, encoding=given.encoding)
    words = ["textune", "train", *(f"./{one}" if one.startswith("-") else one for one in places)]
    if not table.has_header and table.format != "conll":
        words.append("--no-header")
    elif given.header:
        words.append("--header")
    options.pop("header", None)
    for option, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += [f"--{option.replace('_', '-')}", one]
    return shlex.join(words)


def _judged_by(command: str, others: Mapping[str, object]) -> str:
    """Name in a command of training the files that judge."""
    named = {part: obtained.named(one)[:1] for part, one in others.items()}
    words = [
        word for part, file in named.items() for word in ([f"--{part}", *file] if file else [])
    ]
    return f"{command} {shlex.join(words)}" if words else command


def _call(agreed: Contract, options: Mapping[str, object]) -> str:
    """Return what trains on a data frame, which no command can name."""
    if agreed.task == "plain":
        return (
            f"textune.adapt('texts.parquet', text={agreed.text[0]!r})"
            "  # once the frame is saved: adapt reads files"
        )
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return f"textune.train(frame, {given})"


def _options(
    agreed: Contract, base: str | Path | None, names: str | Path | None
) -> dict[str, str | list[str]]:
    """Name the keywords of `train` that a contract needs."""
    given = {
        "text": ",".join(agreed.text),
        "label": ",".join(agreed.label),
        "task": agreed.task,
        "group": agreed.group,
        "names": names and str(names),
        "weight": agreed.weight,
        "base": base and str(base),
        "skip": list(agreed.skip),
        "no_skip": list(agreed.no_skip),
        "merge_labels": [f"{name}={other}" for name, other in agreed.merged],
    }
    return {name: value for name, value in given.items() if value}
