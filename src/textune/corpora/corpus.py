"""The user's files become a corpus: examples, tokens, targets and splits, ready for training."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from textune.corpora import given, grouped, leaked, pairing
from textune.corpora.parts import read_parts
from textune.data import slicing, weighting
from textune.data.words import words_of
from textune.errors import DataError, Fault, counted, some
from textune.reading import obtained, sources
from textune.records import OUTSIDE, Contract, Example, Finding, Message, Pool, Split, Table
from textune.runs.written import File
from textune.settings import judging, selection
from textune.settings.config import Settings
from textune.settings.data_config import DataSettings
from textune.splits import alike, folds, splits, strata
from textune.survey import agreement, audit, settling
from textune.tasks import annotated, contract, examples, lengths, own_tasks
from textune.tasks import registry as tasks
from textune.tasks.contract import Understanding
from textune.tasks.interface import Task
from textune.tasks.own import NOTHING, Own
from textune.text import unknown
from textune.text.ragged import Ragged, Targets
from textune.text.store import Store
from textune.text.tokenizers import Tokenizer

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything that training needs of the user's files; N texts of all parts together."""

    table: Table
    contract: Contract
    task: Task
    examples: Sequence[Example]  # N
    targets: Targets  # (N, …), or one for each word
    store: Store  # N
    split: Split
    findings: tuple[Finding, ...]
    files: tuple[File, ...]  # none of a data frame
    tokenizer: Tokenizer
    max_tokens: int
    pool: Pool  # how the windows of one text become one answer
    faulty: tuple[Fault, ...] = ()  # rows that were left out, as asked
    weights: NDArray[np.float64] | None = None  # (N,) of the texts in the loss; None: all 1
    left_out: Mapping[str, str] = field(default_factory=dict)  # columns that are not used, and why
    learns_all: bool = False  # whether no text validates and none is cross-validated, as asked
    shares: NDArray[np.float32] | None = None  # (N, C) of the classes, where annotators all count
    leaks: Mapping[str, list[str]] = field(default_factory=dict)  # how each text of a part leaks
    tables: tuple[Table, ...] = ()  # that the texts stand in, the first file's first

    def part(self, name: str) -> list[Example]:
        """Return the examples of "train", "valid" or "test"."""
        return [self.examples[row] for row in getattr(self.split, name).tolist()]

    @property
    def is_cross_validated(self) -> bool:
        """Whether no texts are set aside for validation: each is judged by a model without it."""
        return not len(self.split.valid) and not self.learns_all

    @property
    def key(self) -> str:
        """Return the name of its token ids in the cache."""
        return self.store.key

    def texts(self) -> list[str]:
        """Return every text, both of a pair."""
        return [part for item in self.examples for part in (item.text, item.pair) if part]

    def weights_of(self, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the weight of each target of some texts: one a text, or one a word."""
        if self.weights is None or self.task.asks != "words":
            return None if self.weights is None else self.weights[rows]
        return np.repeat(self.weights[rows], np.diff(self.store.item_borders)[rows])

    def shares_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Return what annotators said of some texts, (N, C); None where only one label counts."""
        return None if self.shares is None else self.shares[rows]

    def label_counts(self) -> dict[str, int]:
        """Count the texts of each label, or the words of each tag, over all parts."""
        if not tasks.of(self.task.name).has_classes:
            return {}
        values = self.targets[np.arange(len(self.store))]
        if values.ndim == 1:
            counts = np.bincount(values[values >= 0], minlength=len(self.task.labels))
        else:
            counts = np.nansum(values, axis=0).astype(np.int64)
        return dict(zip(self.task.labels, counts.tolist(), strict=True))


def gather(
    source: object,
    settings: Settings,
    tokenizer: Tokenizer,
    *,
    valid: object | None = None,
    test: object | None = None,
    sealed: bool = False,
    own: Own = NOTHING,
) -> Generator[Message, None, Corpus]:
    """Read, understand, split and tokenise; yield what a person should know on the way.

    Where it is sealed, no file for the test is opened, and rows drawn for it are in no part.

    Raises:
        DataError: With every problem's file and line.
        SettingsError: The task or the limit is impossible here.
    """
    data = settings.data
    max_tokens = tokenizer.limited(data.max_tokens, of="of a text")
    given.refuse_same_rows(source, valid, test, data.file)
    found_parts = given.Given.of(source, valid, test, sealed=sealed)
    sums = found_parts.sums()
    table = sources.read(source, data.file)
    found = _agree(table, data)
    agreed = found.contract
    contract.require_labels(agreed, table.name)
    yield Message(f"{table.name}: {counted(found.rows, 'row')}, {_words(agreed)}")
    yield from _unused(found, obtained.named(source), data)
    yield from given.said(source, table.name)
    others = yield from found_parts.others(agreed, data)
    tables: list[Table] = []
    parts = yield from read_parts(table, others, agreed, settings, tables)
    _require_slices(tables[1:] if parts[1] else tables, data, agreed)  # that hold what judges
    cost = unknown.cost(tokenizer, parts[0], words_of)
    if found_unknown := unknown.finding(tokenizer, cost):
        yield Message(f"{table.name}: {found_unknown.message}", is_warning=True)
    split = _split(parts, settings, agreed.task, seed=judging.seed_of_rows(settings))
    split = replace(split, test=split.test[:0]) if sealed else split
    alone = grouped.look(table, agreed, parts[0], split, crosses=data.valid_share != 0)
    yield from (Message(finding.message, is_warning=True) for finding in alone)
    corpus = yield from _divided(
        table, agreed, parts, split, settings, tokenizer=tokenizer, max_tokens=max_tokens, own=own
    )
    return replace(
        corpus,
        files=given.unchanged(sums, others),
        findings=(
            *table.findings,
            *found.findings,
            *alone,
            *corpus.findings,
            *audit.faulty(*tables),
        ),
        faulty=tuple(fault for one in tables for fault in one.faults or ()),
        left_out=found.left_out,
        tables=tuple(tables),
    )


def _divided(
    table: Table,
    agreed: Contract,
    parts: list[list[Example]],
    whole: Split,
    settings: Settings,
    *,
    tokenizer: Tokenizer,
    max_tokens: int,
    own: Own,
) -> Generator[Message, None, Corpus]:
    """Learn the task from the examples of all parts, and make tokens and targets."""
    data = settings.data
    everything = [example for part in parts for example in part]
    task = own_tasks.extended(_learn_task(agreed, everything, whole), own)
    selection.check(task, settings)
    raw = targets_of(task, everything)
    findings, leaks = leaked.look(parts, whole, after=_look_alike(agreed.task, everything))
    yield from (Message(finding.message, is_warning=True) for finding in findings)
    split = yield from _sampled(everything, whole, data, judging.seed_of_rows(settings))
    store, remarks = lengths.tokenize(
        own_tasks.prepared(task, everything),
        tokenizer,
        task.asks,
        long=data.long,
        overlap=data.overlap,
        max_tokens=max_tokens,
        folder="tokens" if data.cache else None,
        pairs=pairing.choose(settings, agreed, task, tokenizer.place, rows=len(split.train)),
    )
    yield from remarks
    targets = lengths.to_items(raw, store)
    yield Message(f"split: {_sizes(split, data)}")
    yield from _unjudged(agreed.task, everything, split, of_its_own=bool(parts[1]))
    return Corpus(
        table=table,
        contract=agreed,
        task=task.fitted(targets[split.train]),
        examples=everything,
        targets=targets,
        store=store,
        tokenizer=tokenizer,
        split=split,
        learns_all=_learns_all(split, data),
        findings=tuple(findings),
        leaks=leaks,
        files=(),
        max_tokens=max_tokens,
        pool=tasks.of(task.name).pool or data.pool,
        weights=None if data.weight is None else weighting.of(everything, split.train),
        shares=annotated.shares_of(everything, task.labels),
    )


def _learns_all(split: Split, data: DataSettings) -> bool:
    """Tell whether no text validates, and none is cross-validated, as asked."""
    return data.valid_share == 0 and not len(split.valid)


def _sizes(split: Split, data: DataSettings) -> str:
    valid = f"{len(split.valid):,} valid" if len(split.valid) else "judged by cross-validation"
    valid = "none validates, as asked" if _learns_all(split, data) else valid
    return f"{len(split.train):,} train, {valid}, {len(split.test):,} test"


def _require_slices(tables: Sequence[Table], data: DataSettings, agreed: Contract) -> None:
    """Refuse columns to judge by that are not in a table, or say what is to be learned."""
    of_labels = agreed.label if tasks.of(agreed.task).names_one else ()
    for one in tables:
        slicing.require(one, data.by, agreed.text, of_labels)


def _agree(table: Table, data: DataSettings) -> Understanding:
    return agreement.agree(
        table,
        task=data.task,
        text=data.text or None,
        label=data.label or None,
        group=data.group,
        skip=data.skip,
        no_skip=data.no_skip,
        weight=data.weight,
        names=data.names,
        annotators=data.annotators,
        merge_labels=data.merge_labels,
    )


def _unused(found: Understanding, places: Sequence[str], data: DataSettings) -> Iterator[Message]:
    """Name the columns and the rows that are not learned from, why, and what else could be."""
    if found.left_out:
        listed = "; ".join(f"{name!r} ({why})" for name, why in found.left_out.items())
        yield Message(f"columns left out: {listed}")
    columns = ("text", "label", "task", "group", "skip", "no_skip", "weight", "names")
    given = {name: getattr(data, name) for name in (*columns, "merge_labels")}
    call = settling.Call.of(places, data.file, **given)
    for doubt in found.contract.doubts:
        yield Message("\n".join([doubt, *(f"  {c}" for c in settling.commands(doubt, call))]))
    yield from (Message(finding.message, is_warning=True) for finding in found.findings)


def _words(agreed: Contract) -> str:
    kind = tasks.of(agreed.task).words
    label = some(list(map(repr, agreed.label)), SHOWN)
    labels = f", labels in {label}" if label else ""
    return f"texts in {' + '.join(map(repr, agreed.text))}{labels}: {kind}"


def _split(parts: list[list[Example]], settings: Settings, task: str, *, seed: int) -> Split:
    """Set texts aside for validation and test; none for validation where folds of them judge."""
    first, valid, test = parts
    data, kind = settings.data, tasks.of(task)
    if not kind.has_classes:  # numbers are not to be kept in proportion
        first = [replace(item, label=None) for item in first]
    share = judging.share(settings, len(first), kind, has_file=bool(valid))
    if share is None and folds.deal_most(first, 2, seed=seed) is None:
        share = judging.SHARE  # which says why that cannot be either
    if data.folds is None:
        test_share = 0.0 if test else data.test_share
        split = splits.split(first, valid_share=share or 0.0, test_share=test_share, seed=seed)
    else:
        split = folds.split(first, data.fold, data.folds, valid_share=share or 0.0, seed=seed)
    ends = np.cumsum([len(part) for part in parts])
    return Split(
        train=split.train,
        valid=np.arange(ends[0], ends[1]) if valid else split.valid,
        test=np.arange(ends[1], ends[2]) if test else split.test,
    )


def _learn_task(agreed: Contract, everything: Sequence[Example], split: Split) -> Task:
    training = [everything[row] for row in split.train.tolist()]
    names = examples.learned_names(agreed, training)
    return tasks.make(agreed.task, names, tasks.of(agreed.task).begun(agreed))


def targets_of(task: Task, everything: Sequence[Example]) -> Targets:
    """Turn every label into its target; (N, …), or one for each word.

    Raises:
        DataError: The first twenty labels that training did not see, and the count of all.
    """
    values, problems = [], []
    for example in everything:
        try:
            values.append(task.target(example))
        except DataError as error:
            problems.append(str(error))
    if problems:
        more = f"\n… and {len(problems) - SHOWN:,} more" if len(problems) > SHOWN else ""
        raise DataError("\n".join(problems[:SHOWN]) + more)
    return Ragged.of(values) if task.asks == "words" else np.stack(values)


def _look_alike(task: str, everything: Sequence[Example]) -> list[Finding]:
    """Name labels that are learned as different ones, and look or read alike."""
    kind = tasks.of(task)
    if not kind.has_classes:
        return []
    names = (name for item in everything for name in strata.label_names(item))
    return list(alike.findings(Counter(map(kind.class_of, names)), of=kind.noun))[: alike.MOST]


def _unjudged(
    task: str, everything: Sequence[Example], split: Split, *, of_its_own: bool
) -> Iterator[Message]:
    """Name the labels that are learned, but of which no validation text tells how well."""
    kind = tasks.of(task)
    if not kind.has_classes or not len(split.valid):
        return
    learned, judged = (
        {name for row in rows.tolist() for name in strata.label_names(everything[row])}
        for rows in (split.train, split.valid)
    )
    if kind.asks == "words":  # "B-PER" and "I-PER" are one, and a tag of no entity is itself
        learned, judged = (set(map(kind.class_of, of)) - {OUTSIDE} for of in (learned, judged))
    if missing := sorted(learned - judged):
        way_out = (
            "add rows that have them to the file of --valid"
            if of_its_own
            else "give more rows, --valid FILE or --set data.valid_share=0.3"
        )
        yield Message(
            f"no validation text has {some(missing, 5)} ({len(missing):,} of "
            f"{len(learned):,} labels): no score speaks of them; {way_out}",
            is_warning=True,
        )


def _sampled(
    everything: Sequence[Example], split: Split, data: DataSettings, seed: int
) -> Generator[Message, None, Split]:
    """Leave out training texts as asked, and say what is left."""
    found = _balance(everything, split, data, seed)
    yield from _kept(everything, split, found)
    return found


def _kept(everything: Sequence[Example], before: Split, after: Split) -> Iterator[Message]:
    """Say how many training texts of each class are left, where some were left out."""
    if len(after.train) == len(before.train):
        return
    kept = [everything[row] for row in after.train.tolist()]
    counts = Counter(name for item in kept for name in strata.label_names(item))
    listed = [f"{name} {count:,}" for name, count in counts.most_common()]
    bare = sum(not strata.label_names(item) for item in kept)
    without = f"{bare:,} without a label; " if bare else ""
    yield Message(
        f"sampled: {len(kept):,} of {len(before.train):,} training texts are kept; {without}"
        f"{some(listed, SHOWN)}"
    )


def _balance(everything: Sequence[Example], split: Split, data: DataSettings, seed: int) -> Split:
    if data.unlabelled is None and data.most_per_class is None:
        return split
    kept = splits.balance(
        everything,
        split.train,
        unlabelled=data.unlabelled,
        most_per_class=data.most_per_class,
        seed=seed,
    )
    return replace(split, train=kept)
