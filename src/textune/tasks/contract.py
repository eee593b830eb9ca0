"""Rows become a contract: which task, which columns, which labels, and why."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from textune.data import (
    choices,
    naming,
    odd_names,
    pointing,
    settled,
    skipping,
    strays,
    text_choice,
    unlabelled,
)
from textune.data.choice import MOST_DOUBTS, Choice, quoted
from textune.data.columns import NUMBER, Column, Scan, describe
from textune.data.names import columns_meant
from textune.data.scanning import scan
from textune.data.unlabelled import Gap
from textune.errors import DataError, SettingsError, among
from textune.records import Contract, Finding, Look, Table
from textune.tasks import annotated, options, refused, registry
from textune.tasks.kind import Kind

FASTTEXT = "__label__"
LABEL = "label"  # what a form without a line of names calls what it has read as the label
MOST_BEGINNINGS = 20  # different first words of texts, for them to be labels
LIST = re.compile(r"\s*\[u?['\"]")
NOT_TAKEN = {
    "text": "; not taken for the text",
    **dict.fromkeys(("category", "flags", "list", NUMBER), "; not taken for a label"),
}
"""What is said of columns that are left out, by their kind."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """A contract, and what every column of the table was taken for."""

    contract: Contract
    columns: Mapping[str, str]  # name of the column → kind and why
    rows: int  # that have a label
    findings: tuple[Finding, ...] = ()
    passed_over: Mapping[str, str] = field(default_factory=dict)  # columns that cannot be read

    @property
    def left_out(self) -> dict[str, str]:
        """Name the columns that are neither text nor label nor anything else, and why."""
        agreed = self.contract
        used = {*agreed.text, *agreed.label, agreed.group, *agreed.annotators[:1]}
        used |= {entry.rpartition("=")[0] for entry in agreed.skip}
        found = {
            name: why + NOT_TAKEN.get(why.partition(":")[0], "")
            for name, why in self.columns.items()
            if name not in used
        }
        return found | {name: f"holds {what}" for name, what in self.passed_over.items()}


def understand(
    table: Table,
    *,
    task: str | None = None,
    text: tuple[str, ...] | None = None,
    label: tuple[str, ...] | None = None,
    group: str | None = None,
    skip: tuple[str, ...] = (),
    no_skip: tuple[str, ...] = (),
) -> Understanding:
    """Read a table once and say what it holds; what the caller names is not guessed.

    Args:
        table: Its rows are streamed from start to end, in bounded memory.
        task: A name of the registry, or "plain" (text without labels).
        text: One column, or two for pairs of texts or for questions and their passages. A name with
            commas may be given in its parts.
        label: One column, or one 0/1 column for each label, or one for each number, or the answers;
            commas as above.
        group: A column whose equal values must stay in one split.
        skip: "COLUMN=VALUE": rows in which that cell stands are left out.
        no_skip: The same, for a cell that is a label though it looks like none.

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
    skipping.named(table, no_skip, option="--no-skip")
    table = skipping.without(refused.known_texts(table, text), skip)
    seen = scan(table)
    if seen.rows == 0:
        raise DataError(
            f"{table.name}: there are no rows to learn from; check that the file is whole"
        )
    columns = {column.name: column for column in seen.columns}
    described = {name: describe(column) for name, column in columns.items()}
    if text is None and label is None:
        options.refuse(table, seen.columns)
    if apart := _apart(table, seen, task, text=text, label=label, group=group):
        kind = registry.of(apart.task)
        described |= kind.described(apart) if kind.described else {}
        return _found(table, apart, described, seen, skip=skip, no_skip=no_skip)
    taken = {*(label or ()), *([group] if group else ())}
    texts = text_choice.choose(seen, text, taken=taken, headed=table.has_header)
    if not texts.columns:
        raise refused.no_text(table, columns.values())
    refused.refuse_pieces(table, () if text else texts.columns, seen.columns)
    if label:
        labels = choices.given_label([columns[name] for name in label])
    else:
        barred = {*taken, *(column.name for column in texts.columns)}
        free = [column for column in seen.columns if column.name not in barred]
        is_named = table.has_header or LABEL in table.columns  # by a form that knows which it is
        free, said = _without_votes(free, task, seen, headed=is_named)
        labels = _labels(free, task, texts.columns, headed=is_named)
        labels = replace(labels, doubts=(*said, *labels.doubts))
    if text is None and not labels.columns:
        refused.refuse_words(table, texts.columns, columns.values())
    for kind in registry.TASKS.values() if task is None else ():
        kind.refuse(table, texts.columns, labels.columns)
    contract = _completed(table, seen, task, texts=texts, labels=labels, group=group)
    return _found(table, contract, described, seen, skip=skip, no_skip=no_skip)


def _without_votes(
    free: list[Column], task: str | None, seen: Scan, *, headed: bool
) -> tuple[list[Column], tuple[str, ...]]:
    """Leave out votes beside what was settled by them, unless several columns are asked for."""
    return settled.without_votes(free, seen) if headed and task is None else (free, ())


def _labels(
    free: Sequence[Column], task: str | None, texts: Sequence[Column], *, headed: bool
) -> Choice:
    """Choose the labels among columns without a role."""
    free = [column for column in free if not annotated.names_people(column.name)] or free
    labels = choices.label(
        free,
        headed=headed,
        texts=texts,
        several=None if task is None else registry.of(task).several,
        fits=None if task is None else registry.of(task).fits,
    )
    return _together(free, labels, task, headed=headed)


def _together(free: Sequence[Column], labels: Choice, task: str | None, *, headed: bool) -> Choice:
    """Ask the tasks of several label columns whether some columns are one thing."""
    able = registry.TASKS.values() if task is None else [registry.of(task)]
    for kind in able:
        if kind.together is not None:
            found = kind.together(free, labels, headed, task is not None)
            if found is not None:
                return found
    return labels


def _apart(
    table: Table,
    seen: Scan,
    task: str | None,
    *,
    text: tuple[str, ...] | None,
    label: tuple[str, ...] | None,
    group: str | None,
) -> Contract | None:
    """Ask the tasks whose tables are unlike all others whether this is one."""
    for kind in registry.TASKS.values():
        if kind.understand is None:
            continue
        found = kind.understand(table, seen, task=task, text=text, label=label, group=group)
        if found is not None:
            return found
    return None


def _found(
    table: Table,
    contract: Contract,
    described: Mapping[str, str],
    seen: Scan,
    *,
    skip: tuple[str, ...],
    no_skip: tuple[str, ...],
) -> Understanding:
    """Add what is left out: as asked, and rows whose label says that there is none."""
    kind = registry.of(contract.task)
    contract = replace(contract, skip=skip, no_skip=no_skip)
    gaps = unlabelled.gaps(contract, seen, has_classes=kind.has_classes)
    findings = (
        *unlabelled.findings(contract, seen, gaps),
        *strays.findings(contract, seen),
        *pointing.findings(contract, seen),
        *kind.findings(table, contract, seen),
    )
    by_name = {column.name: column for column in seen.columns}
    texts = (by_name[name] for name in contract.text)
    contract = replace(
        contract,
        skip=(*skip, *(gap.entry for gap in gaps)),
        doubts=(*contract.doubts, *naming.doubts(table, contract, seen)),
        columns=table.columns,
        looks=tuple(Look(column.kind, round(column.words, 1)) for column in texts),
    )
    rows = _rows(table, seen, contract.skip, gaps)
    return Understanding(contract, described, rows, findings, table.passed_over)


def _rows(table: Table, seen: Scan, skip: Sequence[str], gaps: Sequence[Gap]) -> int:
    """Count the rows that stay; where several cells say that one has no label, once more."""
    if len({gap.column for gap in gaps}) < 2:
        return seen.rows - sum(gap.rows for gap in gaps)
    is_kept = skipping.keeper(table.columns, skip)
    return sum(map(is_kept, table.rows()))


def require_labels(contract: Contract, name: str) -> None:
    """Check that a contract has what training needs.

    Args:
        contract: As `understand` found it.
        name: Of the table, for the message.

    Raises:
        DataError: There are no labels.
    """
    if contract.task == "plain":
        able = [doubt for doubt in contract.doubts if "--label" in doubt][:MOST_DOUBTS]
        raise DataError(
            f"{name}: found text in {quoted(contract.text)} but no labels to learn; "
            f"{'; '.join(['name the label column with --label', *able])}"
        )


def _check_options(
    table: Table,
    task: str | None,
    *,
    text: tuple[str, ...] | None,
    label: tuple[str, ...] | None,
    group: str | None,
) -> None:
    known = (*registry.TASKS, registry.PLAIN.name)
    if task is not None and task not in known:
        raise SettingsError(f"task {task!r} is not known; {among(task, known)}")
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
    if table.whole is not None and name in table.whole.columns:
        both = ",".join(each for each in table.columns if each not in table.whole.columns)
        why = next(said for said in table.reasons if said.startswith(repr(name)))
        return f"{table.name}: {option}: {why}; name both: {option} {both}"
    start = f"{table.name}: {option} {name!r} is not a column; {among(name, table.columns)}"
    if table.has_header and name.isdecimal():
        return f"{start} (the first line was read as names; with --no-header columns are 1, 2, …)"
    if not table.has_header:
        return f"{start} (the file was read without names in its first line)"
    return start


def _never_changing(seen: Scan) -> str:
    """Name columns that hold one value, where no column can be the label."""
    found = [f"{c.name!r}: {c.why}" for c in seen.columns if c.kind == "constant"]
    return f" ({'; '.join(found[:MOST_DOUBTS])}: nothing can be learned of it)" if found else ""


def _completed(
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
            f"{table.name}: no column can be the label of task {task!r}{_never_changing(seen)}; "
            f"name it with --label; {among('', table.columns)}"
        )
    if chosen:
        reasons += labels.reasons
    doubts += labels.doubts if task != "plain" else ()
    doubts += map(_marked, filter(_is_marked, texts.columns))
    doubts += map(_bracketed, filter(_is_bracketed, texts.columns))
    doubts += filter(None, map(_begun, texts.columns if not chosen else ()))
    names = tuple(column.name for column in texts.columns)
    if not chosen:
        reasons.append(
            "no labels, as asked" if task else "no column looks like labels → plain text"
        )
        found = registry.PLAIN.name
        return Contract(found, names, (), "none", None, group, tuple(reasons), tuple(doubts))
    refused.refuse_empty(table, chosen)
    if task is None:
        refused.refuse_odd_cells(table, chosen)
    kind = registry.of(task) if task else _likeliest(chosen)
    assert kind.form is not None
    form = kind.form(table, chosen, seen)
    if task is None:
        others = [other for other in registry.TASKS.values() if other is not kind]
        doubts += filter(None, [other.instead(chosen, seen) for other in others])
    return Contract(
        kind.name,
        names,
        tuple(column.name for column in chosen),
        form.form,
        form.separator,
        group,
        (*reasons, form.reason),
        (*doubts, *form.doubts, *odd_names.doubts(chosen, form.separator)),
        numerals=form.numerals,
    )


def _is_marked(column: Column) -> bool:
    """Tell whether most texts of a column begin with a label, as fastText writes it."""
    return sum(cell.startswith(FASTTEXT) for cell in column.cells) > len(column.cells) / 2


def _marked(column: Column) -> str:
    return (
        f"{column.name!r} begins with {FASTTEXT} in most rows, as fastText marks labels: they are "
        "read as text; write the labels to a column of its own"
    )


def _begun(column: Column) -> str:
    """Say which few words every text of a column begins with, if they may be its labels."""
    firsts = Counter(cell.split(maxsplit=1)[0] for cell in column.cells)
    few = 1 < len(firsts) <= min(MOST_BEGINNINGS, len(column.cells) / 5)
    if not few or min(firsts.values()) < 2 or column.words < 3:
        return ""
    return (
        f"{column.name!r} begins with one of {len(firsts)} words in every row "
        f"({quoted(sorted(firsts)[:4])}): they are read as text; if they are labels, write them "
        "to a column of their own"
    )


def _is_bracketed(column: Column) -> bool:
    """Tell whether most texts of a column are lists of words."""
    return sum(LIST.match(cell) is not None for cell in column.cells) > len(column.cells) / 2


def _bracketed(column: Column) -> str:
    return (
        f"{column.name!r} holds lists of words, read as text with their brackets and quotes, which "
        "other texts do not have: write the words with spaces between them"
    )


def _likeliest(chosen: Sequence[Column]) -> Kind:
    """Return the task of which columns hold the labels, where nobody says which it is."""
    able = [kind for kind in registry.TASKS.values() if kind.form is not None]
    return max(able, key=lambda kind: kind.weight(chosen))
