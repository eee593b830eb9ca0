"""Rows become a contract: which task, which columns, which labels, and why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from textune.data import choices, lists, number_columns, skipping, unlabelled
from textune.data.choice import Choice, quoted
from textune.data.columns import (
    Column,
    Scan,
    describe,
    flag,
    scan,
    signs_of,
)
from textune.data.names import columns_meant
from textune.data.numerals import is_number
from textune.data.word_lists import read_list
from textune.errors import DataError, SettingsError, among
from textune.records import Contract, Finding, Table
from textune.tasks.answers import questions
from textune.tasks.tags import tag_columns

WORD_TAG = re.compile(r"O|[BIESLU]-\S+")  # how a word of a name is marked in CoNLL files
TAG_ENDS = re.compile(r"[\s,;|]+")  # between tags that are no list
FASTTEXT = "__label__"
TASKS = ("single", "multi", "number", "tags", "answers", "plain")


@dataclass(frozen=True, slots=True)
class Understanding:
    """A contract, and what every column of the table was taken for."""

    contract: Contract
    columns: Mapping[str, str]  # name of the column → kind and why
    rows: int  # that have a label
    findings: tuple[Finding, ...] = ()

    @property
    def left_out(self) -> dict[str, str]:
        """Name the columns that are neither text nor label nor anything else, and what they are."""
        agreed = self.contract
        used = {*agreed.text, *agreed.label, agreed.group}
        used |= {entry.rpartition("=")[0] for entry in agreed.skip}
        return {name: why for name, why in self.columns.items() if name not in used}


def understand(
    table: Table,
    *,
    task: str | None = None,
    text: tuple[str, ...] | None = None,
    label: tuple[str, ...] | None = None,
    group: str | None = None,
    skip: tuple[str, ...] = (),
) -> Understanding:
    """Read a table once and say what it holds; what the caller names is not guessed.

    Args:
        table: Its rows are streamed from start to end, in bounded memory.
        task: "single", "multi", "number", "tags", "answers" or "plain" (text without labels).
        text: One column, or two for pairs of texts or for questions and their passages. A name with
            commas may be given in its parts.
        label: One column, or one 0/1 column for each label, or one for each number, or the answers;
            commas as above.
        group: A column whose equal values must stay in one split.
        skip: "COLUMN=VALUE": rows in which that cell stands are left out.

    Raises:
        SettingsError: A named column is not in the table, or is named twice.
        DataError: No rows, no column of text, none that fits the task, or one word a row.

    Example:
        >>> understand(sources.read("reviews.csv")).contract.label  # doctest: +SKIP
        ('sentiment',)
    """
    text = None if text is None else columns_meant(text, table.columns)
    label = None if label is None else columns_meant(label, table.columns)
    _check_options(table, task, text=text, label=label, group=group)
    skipping.named(table, skip)
    table = skipping.without(table, skip)
    seen = scan(table)
    if seen.rows == 0:
        raise DataError(
            f"{table.name}: there are no rows to learn from; check that the file is whole"
        )
    columns = {column.name: column for column in seen.columns}
    described = {name: describe(column) for name, column in columns.items()}
    if tags := tag_columns.understand(table, seen, task=task, text=text, label=label, group=group):
        return _found(tags, {**described, **tag_columns.described(tags)}, seen, skip)
    if answers := questions.understand(table, seen, task=task, text=text, label=label, group=group):
        return _found(answers, {**described, **questions.described(answers)}, seen, skip)
    taken = {*(label or ()), *([group] if group else ())}
    texts = choices.text(seen, text, taken=taken, headed=table.has_header)
    if not texts.columns:
        listed = "; ".join(f"{name!r} is {describe(column)}" for name, column in columns.items())
        raise DataError(f"{table.name}: no column looks like text ({listed}); name one with --text")
    asked = choices.given_label([columns[name] for name in label]) if label else None
    barred = {*taken, *(column.name for column in texts.columns)}
    free = [column for column in seen.columns if column.name not in barred]
    paired = len(texts.columns) > 1
    labels = asked or choices.label(free, task=task, headed=table.has_header, paired=paired)
    if task is None:
        _refuse_words(table, texts.columns, labels.columns)
    contract = _settle(table, seen, task, texts=texts, labels=labels, group=group)
    made = _found(contract, described, seen, skip)
    unclear = number_columns.findings(table, contract, seen)
    mixed = [c for c in labels.columns if c.separator == "mixed" == made.contract.separator]
    said = [item for c in mixed for item in lists.mixed(c.name, c.counts or Counter(c.cells))]
    return replace(made, findings=(*made.findings, *unclear, *said))


def _found(
    contract: Contract, described: Mapping[str, str], seen: Scan, skip: tuple[str, ...]
) -> Understanding:
    """Add what is left out: as asked, and rows whose label says that there is none."""
    by_name = {column.name: column for column in seen.columns}
    labels = [by_name[name] for name in contract.label]
    meant = unlabelled.no_gold(contract, labels[0]) if len(labels) == 1 else ""
    if meant and meant not in skip:
        count = (labels[0].counts or {})[unlabelled.NO_GOLD]
        contract = replace(contract, skip=(meant,))
        findings = unlabelled.findings(contract, seen, labels[0].cells)
        contract = replace(contract, skip=(*skip, meant))
        return Understanding(contract, described, seen.rows - count, tuple(findings))
    cells = labels[0].cells if labels else ()
    findings = unlabelled.findings(contract, seen, cells)
    return Understanding(replace(contract, skip=skip), described, seen.rows, tuple(findings))


def require_labels(contract: Contract, name: str) -> None:
    """Check that a contract has what training needs.

    Args:
        contract: As `understand` found it.
        name: Of the table, for the message.

    Raises:
        DataError: There are no labels.
    """
    if contract.task == "plain":
        raise DataError(
            f"{name}: found text in {quoted(contract.text)} but no labels to learn; "
            "name the label column with --label"
        )


def _check_options(
    table: Table,
    task: str | None,
    *,
    text: tuple[str, ...] | None,
    label: tuple[str, ...] | None,
    group: str | None,
) -> None:
    if task is not None and task not in TASKS:
        raise SettingsError(f"task {task!r} is not known; {among(task, TASKS)}")
    if task == "plain" and label:
        raise SettingsError(
            f"task 'plain' has no labels, but --label names {quoted(label)}; leave out one of them"
        )
    if text is not None and len(text) not in (1, 2):
        raise SettingsError(
            f"--text names {len(text)} columns ({quoted(text)}); allowed: one, or two for pairs"
        )
    named = [("--text", name) for name in text or ()] + [("--label", name) for name in label or ()]
    _check_names(table, [*named, *([("--group", group)] if group is not None else [])])


def _check_names(table: Table, named: Sequence[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for option, name in named:
        if name not in table.columns:
            raise SettingsError(_no_column(table, option, name))
        if name in seen and {option, seen[name]} != {"--text", "--group"}:
            raise SettingsError(
                f"column {name!r} is named by {seen[name]} and again by {option}; "
                "each column has one role: name another"
            )
        seen[name] = option


def _no_column(table: Table, option: str, name: str) -> str:
    if name in table.passed_over:
        held = f"column {name!r} holds {table.passed_over[name]}"
        return f"{table.name}: {option}: {held}; write it as strings, or name another column"
    start = f"{table.name}: {option} {name!r} is not a column; {among(name, table.columns)}"
    if table.has_header and name.isdecimal():
        return f"{start} (the first line was read as names; with --no-header columns are 1, 2, …)"
    if not table.has_header:
        return f"{start} (the file was read without names in its first line)"
    return start


def _refuse_words(table: Table, texts: Sequence[Column], labels: Sequence[Column]) -> None:
    """Refuse a file of words with a tag each, of which a classifier would learn nonsense."""
    _refuse_joined(table, labels)
    one, *others = texts
    tags: Sequence[str] = ()
    if len(labels) == 1 and one.words < 1.5:
        tags = tuple(labels[0].counts or ())
    elif not labels and not others and one.words > 1:
        tags = [cell.split()[-1] for cell in one.cells]
    marked = sum(WORD_TAG.fullmatch(tag) is not None for tag in tags)
    if any(tag[:2] in ("B-", "I-") for tag in tags) and marked >= 0.9 * len(tags):
        raise DataError(
            f"{table.name}: this is one word a row, each with a tag such as "
            f"{next(tag for tag in tags if tag[:2] in ('B-', 'I-'))!r}; textune reads such words "
            "as CoNLL files have them (word and tag parted by a tab, a blank line after each "
            "sentence), or else one text a row: write them so, or if every row is a text, say so "
            "with --task single or --task plain"
        )


def _refuse_joined(table: Table, labels: Sequence[Column]) -> None:
    """Refuse cells with a tag for each word of a text that is no list of words."""
    if len(labels) != 1 or not labels[0].cells:
        return
    tags = [read_list(cell) or TAG_ENDS.split(cell) for cell in labels[0].cells]
    every = [tag for found in tags for tag in found]
    marked = sum(WORD_TAG.fullmatch(tag) is not None for tag in every)
    is_marked = any(tag[:2] in ("B-", "I-") for tag in every) and "O" in every
    if is_marked and marked >= 0.9 * len(every) and len(every) > 2 * len(tags):
        raise DataError(
            f"{table.name}: column {labels[0].name!r} holds a tag for each word, such as "
            f"{labels[0].cells[0][:40]!r}, but which the words are is not said; write both as "
            'lists, as {"words": ["EU", "said"], "tags": ["B-ORG", "O"]}, or a CoNLL file, or if '
            "they are labels of whole texts, say so with --task single or --task multi"
        )


def _settle(
    table: Table,
    seen: Scan,
    task: str | None,
    *,
    texts: Choice,
    labels: Choice,
    group: str | None,
) -> Contract:
    """Decide the task and the form of the labels, once their columns are known."""
    reasons, doubts = [*texts.reasons], [*texts.doubts]
    chosen = labels.columns if task != "plain" else ()
    if task not in (None, "plain") and not chosen:
        raise DataError(
            f"{table.name}: no column can be the label of task {task!r}; name it with --label; "
            f"{among('', table.columns)}"
        )
    if chosen:
        reasons += labels.reasons
    doubts += labels.doubts if task != "plain" else ()
    doubts += [
        f"{column.name!r} begins with {FASTTEXT} in most rows, as fastText marks labels: they are "
        "read as text; write the labels to a column of its own"
        for column in texts.columns
        if sum(cell.startswith(FASTTEXT) for cell in column.cells) > len(column.cells) / 2
    ]
    if not chosen:
        reasons.append(
            "no labels, as asked" if task else "no column looks like labels → plain text"
        )
        form, found, separator = "none", "plain", None
    elif len(chosen) > 1:
        found = task or ("number" if choices.are_numbers(chosen) else "multi")
        form, separator = "columns", None
        said, doubted = _many(table, chosen, seen, found)
        reasons.append(said)
        doubts += doubted
    else:
        form, found, separator, said, doubted = _one(table, chosen[0], task)
        reasons.append(said)
        doubts += doubted
    names = tuple(column.name for column in texts.columns)
    label = tuple(column.name for column in chosen)
    made = Contract(found, names, label, form, separator, group, tuple(reasons), tuple(doubts))
    return replace(made, numerals=number_columns.written(chosen)) if found == "number" else made


def _many(table: Table, chosen: Sequence[Column], seen: Scan, task: str) -> tuple[str, list[str]]:
    if task == "number":
        for column in chosen:
            number_columns.refuse_others(table, column)
        return f"{len(chosen)} columns hold numbers → {len(chosen)} numbers a text", []
    if task == "single":
        return f"{len(chosen)} columns, of which exactly one is 1 → one label a text, as asked", []
    choices.refuse_polarity(table.name, chosen)
    odd = [column for column in chosen if column.kind not in ("flags", "constant")]
    doubts = [
        f"column {column.name!r} is not only 0, 1 and -1 but {describe(column)}" for column in odd
    ]
    marks = [[flag(row[column.place]) for column in chosen] for row in seen.sample]
    if len(marks) >= 20 and all(row.count(1) == 1 for row in marks):
        doubts.append(
            "every text has exactly one of these labels: `--task single` would make them "
            "exclude each other"
        )
    unscored = " (-1: not scored)" if any(-1 in row for row in marks) else ""
    return (
        f"{len(chosen)} columns hold only {signs_of(chosen)}{unscored} → several labels a text",
        doubts,
    )


def _one(
    table: Table, column: Column, task: str | None
) -> tuple[str, str, str | None, str, list[str]]:
    """Give form, task, separator, the reason and the doubts for one label column."""
    name = column.name
    if task == "number" or (task is None and number_columns.is_one(column)):
        return number_columns.understand(table, column, asked=task is not None)
    if task == "multi" and column.kind == "flags":
        return (
            "columns",
            "multi",
            None,
            f"{name!r} holds only {signs_of([column])} → one 0/1 label, as asked",
            [],
        )
    is_vector = column.separator == "vector"
    if task is None and not is_vector and (places := lists.positions(column.cells)):
        raise DataError(
            f"{table.name}: column {name!r} holds lists of {places} numbers, some of them repeated "
            f"({column.cells[0][:40]}): one value for each position, no set of labels; write a "
            "column for each position, and name one with --label (--task single), or all of them "
            "(--task number)"
        )
    written = column.separator or ""
    is_alone = written in ("json", "mixed") and lists.lengths(column.cells, written) == {1}
    if task in (None, "single") and is_alone and not column.blank:
        held = "a list of exactly one name" + (" or a name alone" if written == "mixed" else "")
        said = f"{name!r} holds {held} in each row → one label a text"
        doubts = [] if task else ["`--task multi` would learn several labels a text"]
        return "name", "single", written, said, doubts
    if task == "multi" or (task is None and column.kind == "list"):
        separator = written or lists.likely_separator(column.cells)
        shape = {
            "json": "in brackets",
            "mixed": "in brackets, or one name alone",
            "<>": "as <a><b>",
            "vector": "of one 0 or 1 for each label",
        }.get(separator, f"separated by {separator!r}")
        doubts = (
            [] if task else [f"`--task single` would take every whole cell of {name!r} as a class"]
        )
        return (
            "list",
            "multi",
            separator,
            f"{name!r} holds lists {shape} → several labels a text",
            doubts,
        )
    said = f"{name!r} holds {column.classes} different values, one a row → one label a text"
    if column.kind == "constant":
        value = next(iter(column.counts or {""}))
        said = f"{name!r} holds one value only, {value!r} → one label a text"
    doubts = []
    if task is None and column.classes > 2 and all(map(is_number, column.cells)):
        held = "decimals" if any(float(cell) % 1 for cell in column.cells) else "numbers"
        doubts.append(
            f"{name!r} holds {held}: `--task number` would estimate them, so that near ones count "
            "as nearly right, instead of taking each as a class"
        )
    return "name", "single", None, said, doubts
