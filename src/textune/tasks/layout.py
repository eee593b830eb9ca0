"""A file that a model is asked about, beside the contract of its training: the same columns?

A column is known by its name, or by its place where nothing has a name. Where that fails, or where
it holds no text there, it is recognised by what it holds, and that is said; where two could be
meant the file is refused, so that no other words are ever read as the text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from textune.data import names
from textune.data.choice import option
from textune.data.columns import Column
from textune.data.sampling import head
from textune.data.scanning import scan
from textune.errors import DataError, counted
from textune.reading.forms import joined_pairs, ticked
from textune.records import Contract, Finding, Look, Row, Table
from textune.tasks import likeness, registry
from textune.tasks.tags import moved_words

SAMPLE = 1_000  # rows that are looked at
SHOWN = 8  # columns that are listed
BRIEF = 3  # words of a name
TABLES = frozenset(["csv", "tsv", "text", "sheet"])  # formats whose first row may name the columns
MARKS = "columns"  # form of labels that have one each, where a mark may stand or nothing
KIND = "layout"  # of findings that say which columns were taken for which
BY_CONTENT = "is read as the text that was"


def fitted(
    table: Table,
    contract: Contract,
    labels: Sequence[str] = (),
    *,
    text_named: bool = False,
    label_named: bool = False,
) -> tuple[Table, Contract]:
    """Return a file, and the contract by which it is to be read for a model.

    Args:
        table: The file; its first rows are read.
        contract: That of the training.
        labels: That the model knows.
        text_named: Whether somebody named the columns of the text, which are then not looked for.
        label_named: Whether somebody named those of the labels.

    Returns:
        The table, with a finding where columns were recognised by what they hold; and the contract
        with the names that they have in this file.

    Raises:
        DataError: What should be the text is none, or is not there, and several columns may be it.
    """
    if table.format == "squad":
        return table, contract
    table = joined_pairs.known(table, contract.text)
    are_marks = contract.form == MARKS and registry.of(contract.task).several
    table = ticked.known(table, contract.label if are_marks else ())
    if not text_named and any(name in table.passed_over for name in contract.text):
        return table, contract  # which is refused: it is there, and holds no text
    if table.format == "conll":
        is_known = text_named or contract.form not in moved_words.FORMS
        moved = contract if is_known else moved_words.fitted(table, contract)
        return _told(table, _said(contract.text, moved.text, "by what it holds")), moved
    whole = {name.partition(".")[0] for name in table.inner}  # objects, whose parts are columns
    held = tuple(column for column in _columns(table) if column.name not in whole)
    barred = {c.name for c in held if likeness.is_of_labels(c, labels)} if held else set()
    barred |= {c.name for c in held if table.has_header and c.name in contract.label}
    if held and contract.form in moved_words.FORMS:
        barred |= {*moved_words.forms(table), *moved_words.poor(table)}
    text, said = contract.text, list[str]()
    if not text_named and held:
        text, said = _texts(table, contract, held, barred)
    free = [column for column in held if column.name not in text]
    chosen, more = replace(contract, text=text), list[str]()
    if not label_named:
        label, more = _labels(contract, free, labels)
        chosen = replace(chosen, label=label)
    if held and not label_named and contract.form in moved_words.FORMS:
        chosen = moved_words.marked(table, chosen)
        more = _renamed(contract.label, chosen.label)
    return _told(table, [*said, *more]), chosen


def _told(table: Table, said: Sequence[str]) -> Table:
    """Add to the findings of a table which columns were taken for which."""
    if not said:
        return table
    return replace(table, findings=(*table.findings, Finding(KIND, "warning", "; ".join(said), 1)))


def has_header(table: Table, contract: Contract, *, trained: bool) -> bool | None:
    """Tell whether a file's first line names its columns; None where nobody can tell.

    Args:
        table: As it is recognised by itself.
        contract: That of the training.
        trained: Whether the training file had names.
    """
    first = {_plain(name) for name in table.columns}
    if trained and {_plain(name) for name in (*contract.text, *contract.label)} & first:
        return True
    if not table.has_header:
        return False
    if trained:
        return True
    is_brief = all(len(name.split()) <= BRIEF for name in table.columns)
    is_name = any(
        names.text_evidence(name) > 0 or names.label_evidence(name) != 0 for name in table.columns
    )
    return True if is_name and is_brief else None


def unnamed(table: Table, contract: Contract) -> DataError:
    """Refuse a file of which nobody can tell whether its first line names the columns."""
    return DataError(
        f"{table.name}: its first line seems to name the columns "
        f"({', '.join(table.columns[:SHOWN])}), and the model was trained on a file "
        f"without names (text in column {' and '.join(contract.text)}); name the "
        f"text column with --text, or say --no-header if the first line is data"
    )


def are_places(contract: Contract) -> bool:
    """Tell whether a contract has the places of columns, in the lack of names."""
    return all(name.isdecimal() for name in contract.columns or contract.text)


def _columns(table: Table) -> tuple[Column, ...]:
    """Describe the columns by the first rows, as far as they can be read."""
    rows: list[Row] = []
    try:
        rows.extend(head(table.rows(), SAMPLE))
    except DataError:  # which is raised again when all rows are read
        return ()
    return scan(replace(table, rows=lambda: iter(rows))).columns if rows else ()


def _texts(
    table: Table, contract: Contract, held: Sequence[Column], barred: set[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Find the text columns: each by name or place, else by what it holds."""
    looks = contract.looks or tuple(Look("text", 0.0) for _ in contract.text)
    by_name = {column.name: column for column in held}
    here = [_named(name, by_name, table, contract) for name in contract.text]
    free = [c for c in held if c.name not in (*here, *barred)]
    if not table.has_header and all(name in by_name for name in contract.text):
        return _by_place(table, contract, held, barred, looks)
    for name, look in zip(here, looks, strict=True):
        if name is not None:
            _refuse_odd(table, by_name[name], look, free)
    if None not in here:
        found = tuple(name for name in here if name is not None)
        return found, _renamed(contract.text, found)
    if len(held) == 1 == len(contract.text):
        only = held[0]
        if likeness.is_no_text(only) and not likeness.is_odd_look(looks[0]):
            raise _other(table, only, free)
        return (only.name,), _said(contract.text, (only.name,), "it is the only column")
    chosen = likeness.assign(here, looks, free)
    if chosen is None:
        raise _unclear(table, contract, here, looks, free)
    return chosen, _said(contract.text, chosen, "by what it holds")


def _by_place(
    table: Table,
    contract: Contract,
    held: Sequence[Column],
    barred: set[str],
    looks: Sequence[Look],
) -> tuple[tuple[str, ...], list[str]]:
    """Keep the places of columns without names, unless other columns are like those texts."""
    by_name = {column.name: column for column in held}
    own = [by_name[name] for name in contract.text]
    is_same = len(held) == len(contract.columns) or not contract.columns
    fits = [
        likeness.fits(column, look) and column.name not in barred
        for column, look in zip(own, looks, strict=True)
    ]
    others = [c for c in held if c not in own and c.name not in barred]
    rivals = [c for c in others if any(likeness.fits(c, look) for look in looks)]
    if not rivals or (is_same and all(fits)):
        for column, look in zip(own, looks, strict=True):
            _refuse_odd(table, column, look, others)
        return contract.text, []
    here = [name if ok and is_same else None for name, ok in zip(contract.text, fits, strict=True)]
    free = [c for c in held if c.name not in (*here, *barred)]
    chosen = likeness.assign(here, looks, free, in_order=True)
    if chosen is None:
        odd = next((c for c, ok in zip(own, fits, strict=True) if not ok), own[0])
        raise _other(table, odd, free)
    return chosen, _said(contract.text, chosen, "by what it holds")


def _labels(
    contract: Contract, free: Sequence[Column], labels: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Find the label columns by name, or the one column that holds labels that are known."""
    by_plain = {_plain(column.name): column.name for column in free}
    here = tuple(by_plain.get(_plain(name)) for name in contract.label)
    if contract.columns and all(map(str.isdigit, contract.label)):
        here = tuple(name if _holds(free, name, labels) else None for name in here)
    known = tuple(name for name in here if name is not None)
    own = likeness.answers([column.name for column in free])
    able = [
        column
        for column in free
        if column.name not in own and likeness.is_of_labels(column, labels)
    ]
    if len(known) == len(contract.label):
        first = next((column for column in free if column.name == known[0]), None)
        if len(known) > 1 or len(able) != 1 or first is None or likeness.has_some(first, labels):
            return known, _renamed(contract.label, known)
    if len(contract.label) != 1 or len(able) != 1:
        return contract.label, []
    said = f"{able[0].name!r} is read as the label: its cells are labels that the model knows"
    return (able[0].name,), [said]


def _holds(free: Sequence[Column], name: str | None, labels: Sequence[str]) -> bool:
    """Tell whether a column at a place holds labels, where the model knows some."""
    found = next((column for column in free if column.name == name), None)
    return found is not None and (not labels or likeness.is_of_labels(found, labels))


def _plain(name: str) -> str:
    return " ".join(names.parts(name)) or name.strip().lower()


def _named(name: str, by_name: Iterable[str], table: Table, contract: Contract) -> str | None:
    """Find a column by its name: as it is, or but for case, space and signs."""
    if contract.columns and table.has_header == are_places(contract):
        return None
    if name in by_name:
        return name
    alike = [other for other in by_name if _plain(other) == _plain(name)]
    return alike[0] if len(alike) == 1 else None


def _renamed(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    pairs = zip(expected, found, strict=True)
    return [f"{two!r} is read as {one!r}" for one, two in pairs if one != two]


def _said(expected: Sequence[str], found: Sequence[str], why: str) -> list[str]:
    pairs = zip(expected, found, strict=True)
    return [
        f"{two!r} {BY_CONTENT} {one!r} in training, {why}; --text names another"
        for one, two in pairs
        if one != two
    ]


def _refuse_odd(table: Table, column: Column, look: Look, free: Sequence[Column]) -> None:
    """Refuse a column that has the name or place of the text, where another one is like it."""
    rivals = [c for c in free if c is not column and likeness.fits(c, look)]
    if rivals and likeness.is_far(column, look, rivals):
        raise _other(table, column, rivals)


def _other(table: Table, column: Column, able: Sequence[Column]) -> DataError:
    listed = ", ".join(table.columns[:SHOWN])
    held = likeness.described(column)
    others = ", ".join(f"{c.name!r} ({likeness.described(c)})" for c in able[:SHOWN])
    than = f", unlike {others}" if others else ""
    return DataError(
        f"{table.name}: column {column.name}, which held the text in training, holds {held} here"
        f"{than}: the columns stand differently; name that of the text with --text (one of "
        f"{listed})"
    )


def _unclear(
    table: Table,
    contract: Contract,
    here: Sequence[str | None],
    looks: Sequence[Look],
    free: Sequence[Column],
) -> DataError:
    lost = [name for name, at in zip(contract.text, here, strict=True) if at is None]
    able = [c for c in free if any(likeness.fits(c, look) for look in looks)]
    which = ", ".join(f"{c.name!r} ({likeness.described(c)})" for c in able[:SHOWN])
    could = f"{counted(len(able), 'column')} could be it: {which}"
    could = could if able else "no other column is like it"
    wanted = ",".join(at or name for name, at in zip(contract.text, here, strict=True))
    way = f"name the column with --text in the place of {wanted}"
    if able and len(contract.text) == 1:
        ways = [option("--text", [column]) for column in able[:SHOWN]]
        way = f"name the column with {' or '.join(ways)}"
    if len(able) < len(lost) == 2:
        way = "this model reads two texts of each row: give a file that holds both"
    unnamed = "" if table.has_header else "; the file was read without names in its first line"
    return DataError(
        f"{table.name}: there {'is no column' if len(lost) == 1 else 'are no columns'} "
        f"{', '.join(map(repr, lost))}, which {'holds' if len(lost) == 1 else 'hold'} the text by "
        f"the contract, and {could}{unnamed}; {way} "
        f"(allowed: {', '.join(table.columns[:SHOWN])})"
    )
