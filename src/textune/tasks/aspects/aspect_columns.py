"""Columns of a table become labels with classes of their own: which do, and what is unclear."""

from collections.abc import Iterator, Sequence

from textune.data import choices, names, people
from textune.data.choice import MOST_DOUBTS, Choice, option, quoted
from textune.data.columns import NUMBER, Column, Scan, describe
from textune.data.numerals import is_number
from textune.errors import DataError
from textune.records import Contract, Finding, Table
from textune.tasks.aspects.outputs import SIGN
from textune.tasks.kind import Form

CLASSES = ("category", "flags")  # kinds of columns that hold classes
MOST = 30  # classes of a column that is taken unasked
MOST_NUMBERS = 7  # that are taken for classes unasked
CLEAR = 3.0  # evidence of a name of one word from which it says which column is the label
SURE = 4.0  # the same, of any name
MOST_BESIDE = 300  # classes of a column that may be learned beside another
MOST_BLANK = 0.9  # share of blank cells from which a column is no label unasked
SHOWN = 4  # classes that are named


def together(free: Sequence[Column], chosen: Choice, headed: bool, asked: bool) -> Choice | None:
    """Choose columns that are one thing: the same classes stand in each of them.

    Args:
        free: Columns without a role.
        chosen: What was chosen among single columns, or columns of 0 and 1.
        headed: Whether names of columns mean something.
        asked: Whether the task was asked for.

    Returns:
        None where a single label is meant, as far as can be seen.
    """
    able = [column for column in free if _is_able(column)]
    group = _alike(able, headed)
    if asked and not group:
        group = [column for column in able if _named(column, headed) > -CLEAR]
    if len(group) < 2 or not (asked or _beats(group, chosen, headed)):
        return None
    reason = f"labels: {quoted(column.name for column in group)}"
    doubts = [f"one of them could be the only label: {option('--label', group[:1])}"]
    others = [column for column in able if column not in group]
    for other in sorted(others, key=lambda column: -_named(column, headed))[:MOST_DOUBTS]:
        every = sorted((*group, other), key=lambda column: column.place)
        doubts.append(
            f"{other.name!r} ({describe(other)}) could be the label instead: "
            f"{option('--label', [other])}; or one more of them: "
            f"{option('--task aspects --label', every)}"
        )
    doubts += [*people.doubts(group), *people.votes(group)]
    if all(map(is_number, _values_of(group))):
        doubts.append(
            f"{len(group)} columns hold numbers: `--task number` would estimate them, so that near "
            "ones count as nearly right, instead of taking each as a class"
        )
    return Choice(tuple(group), (reason,), tuple(doubts))


def weight(columns: Sequence[Column]) -> float:
    """Weigh columns as those of a class each: several, not all of 0 and 1, nor of numbers."""
    if len(columns) < 2 or any(column.kind not in (*CLASSES, "constant") for column in columns):
        return 0.0
    if choices.are_polarity(columns):
        return 4.0
    if all(map(choices.is_mark, columns)):
        return 0.0
    are_numbers = all(map(is_number, _values_of(columns)))
    if are_numbers and not _are_scales(columns):
        return 1.5
    return 3.5


def form(table: Table, columns: Sequence[Column], seen: Scan) -> Form:
    """Say which classes each column holds.

    Raises:
        DataError: There is one column only, or one has no classes.
    """
    if len(columns) < 2:
        raise DataError(
            f"{table.name}: {columns[0].name!r} alone holds one label a text; choose --task single,"
            " or name several columns with --label"
        )
    for column in columns:
        _refuse_others(table, column, columns)
    _refuse_alike_names(table, columns)
    held = "; ".join(f"{column.name!r} {_shown(column)}" for column in columns)
    reason = f"{len(columns)} columns hold classes ({held}) → one class of each column a text"
    return Form("classes", None, reason)


def instead(columns: Sequence[Column], seen: Scan) -> str:
    """Say what could be learned beside one column of classes, or of several columns of numbers."""
    if len(columns) > 1:
        return _instead_of_several(columns)
    best = columns[0]
    if best.kind not in CLASSES:
        return ""
    others = [
        column
        for column in seen.columns
        if column.place != best.place and _is_able(column, MOST_BESIDE) and _is_second(column, best)
    ]
    if not others:
        return ""
    likeliest = sorted(others, key=lambda column: -names.label_evidence(column.name))
    chosen = likeliest if _all_alike(others, best) else likeliest[:MOST_DOUBTS]
    every = sorted((best, *chosen), key=lambda column: column.place)
    return (
        f"{option('--task aspects --label', every)} would learn all {len(every)} columns, each "
        "with classes of its own"
    )


def _instead_of_several(columns: Sequence[Column]) -> str:
    torn = [column for column in columns if choices.are_polarity([column])]
    if all(map(choices.is_mark, columns)) and torn:
        return (
            f"-1 is as frequent as 0 and 1 in {quoted(column.name for column in torn)}: where it "
            'is a class, rather than "not scored", '
            f"{option('--task aspects --label', columns)} learns a class of each column"
        )
    if all(map(choices.is_mark, columns)) or any(column.kind not in CLASSES for column in columns):
        return ""
    return "`--task aspects` would take each number as a class of its column"


def findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Say in how many rows a column is blank."""
    blank = {
        column.name: round(column.blank * seen.rows)
        for column in seen.columns
        if column.name in contract.label
    }
    torn = {name: count for name, count in blank.items() if count}
    if not torn:
        return
    listed = ", ".join(f"{name!r} in {count:,}" for name, count in torn.items())
    message = (
        f"blank cells among the labels: {listed} of {seen.rows:,} rows; such a column is neither "
        "learned nor judged there; if blank stands for a class of its own (not named, none), write "
        "a word for it"
    )
    yield Finding("unscored", "note", message, sum(torn.values()))


def _named(column: Column, headed: bool) -> float:
    if not headed or names.PEOPLE.intersection(names.parts(column.name)):
        return 0.0
    return names.label_evidence(column.name)


def _are_people(columns: Sequence[Column]) -> bool:
    return names.are_of_people([column.name for column in columns])


def _is_able(column: Column, most: int = MOST) -> bool:
    """Tell whether a column may hold classes beside those of others."""
    if column.kind not in CLASSES or not 2 <= column.classes <= most or names.is_apart(column.name):
        return False
    is_held = column.blank < MOST_BLANK
    return names.text_evidence(column.name) < 2 and column.words < 4 and is_held


def _values(column: Column) -> frozenset[str]:
    """Return the classes of a column, numbers in one way: with blanks beside them they have .0."""
    cells = column.counts or dict.fromkeys(column.cells, 1)
    return frozenset(f"{float(cell):g}" if is_number(cell) else cell.casefold() for cell in cells)


def _values_of(columns: Sequence[Column]) -> set[str]:
    return {value for column in columns for value in _values(column)}


def _are_alike(one: Column, other: Column) -> bool:
    """Tell whether most classes of two columns are the same ones."""
    return _overlap(_values(one), _values(other))


def _overlap(first: frozenset[str], second: frozenset[str]) -> bool:
    shared = len(first & second)
    return shared >= 2 and 2 * shared >= len(first | second)


def _are_scales(columns: Sequence[Column]) -> bool:
    """Tell whether columns hold few whole numbers, and the same ones, as people give in judging."""
    values = {float(value) for value in _values_of(columns)}
    is_few = len(values) <= MOST_NUMBERS and all(value.is_integer() for value in values)
    return is_few and all(_are_alike(columns[0], column) for column in columns)


def _alike(able: Sequence[Column], headed: bool) -> list[Column]:
    """Find the most columns with the same classes; none where these are 0 and 1, or counts."""
    held = [(column, _values(column)) for column in able]
    groups = [[other for other, theirs in held if _overlap(own, theirs)] for _, own in held]
    group = max(groups, key=len, default=[])
    if len(group) < 2:
        return []
    if all(map(is_number, _values_of(group))) and not choices.are_polarity(group):
        likely = [column for column in group if _named(column, headed) > -CLEAR]
        is_judged = min(map(float, _values_of(group))) < 0  # nobody counts below 0
        if not _are_scales(group) or (len(likely) < 2 and not is_judged):
            return []
        if len(likely) > 1 and _are_people(likely):  # the number of a set is not what they said
            group = likely
    if all(map(choices.is_mark, group)) and not choices.are_polarity(group):
        return []
    return group


def _beats(group: Sequence[Column], chosen: Choice, headed: bool) -> bool:
    """Tell whether columns together are the labels rather than what was chosen by itself."""
    evidence = {column.name: _named(column, headed) for column in group}
    own = min(4.5 + 0.5 * len(group), 8) + max(0, min(evidence.values()))
    if _are_people(group):  # what they agreed on stands in another column, if any
        own = CLEAR + 1
    if not chosen.columns:
        return True
    if len(chosen.columns) > 1:
        inside = [column for column in chosen.columns if column in group]
        return 2 * len(inside) >= len(chosen.columns) or len(group) > len(chosen.columns)
    best = chosen.columns[0]
    if best not in group:
        return 3 + _named(best, headed) < own
    ranked = sorted(evidence.values(), reverse=True)
    least = CLEAR if len(names.parts(best.name)) == 1 else SURE
    is_clear = evidence[best.name] == ranked[0] >= least and ranked[0] - ranked[1] >= 1
    return not is_clear


def _is_second(column: Column, best: Column) -> bool:
    """Tell whether a column may be annotated as well as the one that was taken."""
    evidence = names.label_evidence(column.name)
    are_words = not all(map(is_number, _values(column)))
    if evidence >= CLEAR or (_are_alike(column, best) and (are_words or evidence > -CLEAR)):
        return True
    return evidence > -CLEAR and column.kind == "category" and not column.blocks


def _all_alike(others: Sequence[Column], best: Column) -> bool:
    return all(_are_alike(column, best) for column in others)


def _refuse_others(table: Table, column: Column, columns: Sequence[Column]) -> None:
    """Refuse a column that has no classes, or one alone."""
    others = [other for other in columns if other is not column]
    leave = f"leave it out ({option('--label', others)})"
    if column.kind in ("constant", "empty"):
        raise DataError(
            f"{table.name}: column {column.name!r} has nothing to tell apart ({column.why}); "
            f"{leave}"
        )
    is_repeated = column.counts is not None and 2 * column.classes <= sum(column.counts.values())
    odd = column.kind in ("list", NUMBER, "record", "date", "decimal", "split")
    if odd or not (column.kind in CLASSES or is_repeated):
        raise DataError(
            f"{table.name}: column {column.name!r} is no column of classes ({describe(column)}); "
            f"allowed: a few names, one a cell; {leave}"
        )


def _refuse_alike_names(table: Table, columns: Sequence[Column]) -> None:
    """Refuse names of which one begins another, up to the sign that parts column and class."""
    for one in columns:
        for other in columns:
            if other.name.startswith(f"{one.name}{SIGN}"):
                raise DataError(
                    f"{table.name}: the columns {one.name!r} and {other.name!r} cannot be told "
                    f"apart once classes stand after them ({SIGN!r}); rename one of them"
                )


def _shown(column: Column) -> str:
    counts = column.counts or {}
    common = sorted(counts, key=lambda cell: -counts[cell])
    more = ", …" if len(common) > SHOWN else ""
    return f"{column.classes}: {', '.join(common[:SHOWN])}{more}"
