"""Columns become the labels, in words of why, and what else could be."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from textune.data import lists, names, people, unlikely
from textune.data.choice import MOST_DOUBTS, Choice, option, others, quoted
from textune.data.columns import NUMBER, OFTEN, Column, are_tags, describe, flag, signs_of
from textune.data.numerals import is_number, like_number
from textune.data.unlikely import MOST_NAMES

Fits = Callable[[Column], bool]
PLAUSIBLE = 1.5  # weight from which another column is worth a doubt
NEARLY_ALL = 0.98  # share of one value from which a column hardly tells texts apart
ALL_BUT_FEW = 0.995  # the same, from which the only 0/1 column beside constant ones is no label
NEARLY_NUMBERS = 0.9  # share of numbers that makes a column with slips one of numbers
UNLIKELY = -1.0  # weight of what no column of labels is
COUNTS = -0.3  # weight of whole numbers with gaps between, which may count something
BESIDE = 0.5  # weight of standing beside the text, where columns have no names
FREE = 0.8  # share of different cells from which some words are no names of classes,
FEW_WORDS = 3  # in a table of more rows than MOST_NAMES; a name has fewer words
CLOSE = 0.98  # share of 0 and 1 that makes a column with a few slips a 0/1 column among others


def given_label(columns: Sequence[Column]) -> Choice:
    """Take the columns that the user named."""
    return Choice(tuple(columns), (f"label: {quoted(c.name for c in columns)}, as asked",))


def label(
    free: Sequence[Column],
    *,
    headed: bool,
    texts: Sequence[Column] = (),
    several: bool | None = None,
    fits: Fits | None = None,
) -> Choice:
    """Choose the labels among the columns that have no other role; none, if nothing fits.

    Args:
        free: Columns without a role.
        headed: Whether names of columns mean something.
        texts: One, or a pair, which is often scored by how alike its two are.
        several: Whether a text has several labels, if the user said so; False bars 0/1 columns.
        fits: Which columns can be what the user asked for, where that is no matter of names.
    """
    weights = {column.name: _label_weight(column, headed, texts) for column in free}
    apart = unlikely.named(free) if headed else unlikely.beside(free, texts)
    weights |= {column.name: UNLIKELY for column in apart}
    ranked = sorted(
        (column for column in free if _is_candidate(column, weights[column.name], fits, headed)),
        key=lambda column: -weights[column.name],
    )
    marks = () if several is False else _marks(free, headed)
    if several is None and headed:
        marks = _without_readers(marks)
    best = weights[ranked[0].name] if ranked else 0.0
    if marks and (several or _marks_weight(marks, headed) > best):
        odd = [c for c in marks if _named(c, headed) <= -3]
        apart = [c for c in free if c.kind == "flags" and c not in marks and _is_mark(c, marks)]
        return _all_marks(marks, ranked, odd if len(odd) < len(marks) else [], apart)
    if not ranked:
        return Choice(doubts=_last_resorts(free, headed))
    found = _best_label(ranked, marks, weights, free, headed=headed)
    return replace(found, doubts=(*found.doubts, *_beside(texts, found.columns[0], ranked)))


def _named(column: Column, headed: bool) -> float:
    return names.label_evidence(column.name) if headed else 0.0


def _label_weight(column: Column, headed: bool, texts: Sequence[Column]) -> float:
    """Weigh how well a column would do as the one label column, by content and by name."""
    named = _named(column, headed)
    content = {"flags": 3.2, "category": 3 - min(column.classes, 300) / 200, "list": 3.0}
    paired = len(texts) > 1
    weight = content.get(column.kind, -1.0) + named - 3 * column.blank
    if column.kind == NUMBER:
        is_measured = paired and any(float(cell) % 1 for cell in column.cells if is_number(cell))
        unlike = 1.2 if is_measured else -0.3
        weight += 1.8 + ((2.5 if paired else 1) if _is_scale(column) else unlike)
    if column.kind == "category" and all(map(is_number, column.cells)):
        weight += 0.1 if _count_up(column) else COUNTS
    if max((column.counts or {"": 0}).values()) > NEARLY_ALL * column.rows:
        weight -= 2  # hardly ever anything else
    if column.blocks and named <= 0:  # a source or a chapter, more often than a label
        weight -= 2
    if headed and paired and names.is_origin(column.name):
        weight -= 2
    weight -= unlikely.penalty(column, texts, named)
    weight -= 9 * lists.are_words_of(column.cells, column.separator, [one.cells for one in texts])
    if not headed and any(abs(column.place - text.place) == 1 for text in texts):
        weight += BESIDE
    if column.kind in ("category", "list") and lists.are_places(column.cells):
        weight -= 2  # votes, or ratings of several things
    weight -= 2 * are_tags(column)  # of words that stand in another column
    once = sum(count == 1 for count in (column.counts or {}).values())
    return weight - (1 if column.kind != NUMBER and once > column.classes / 2 else 0)


def _count_up(column: Column) -> bool:
    """Tell whether numbers are those of classes, 0 or 1 and on, and not counts of something."""
    found = sorted({float(cell) for cell in column.counts or column.cells})
    return found[0] in (0, 1) and found[-1] - found[0] + 1 == len(found)


def _is_scale(column: Column) -> bool:
    """Tell whether numbers stay within limits that people give to judgements, with decimals."""
    numbers = [float(cell) for cell in column.cells if is_number(cell)]
    limits = ((0, 1), (-1, 1), (0, 5), (1, 5), (1, 7), (0, 10), (0, 100))
    within = any(
        low <= min(numbers) <= low + 0.2 * (high - low)
        and high - 0.2 * (high - low) <= max(numbers)
        and max(numbers) <= high
        for low, high in limits
    )
    return within and any(number % 1 for number in numbers)


def _is_candidate(column: Column, weight: float, fits: Fits | None, headed: bool) -> bool:
    named = _named(column, headed)
    if fits is not None:
        return fits(column)
    least = {"flags": 0.0, "category": 0.3, "list": 0.3, NUMBER: 1.8}.get(column.kind)
    if least is None:  # constant, unique or odd content: only a plain name makes it the label
        return (
            named >= 3
            and column.kind not in ("empty", "split", "record")
            and not (column.kind == "constant" and names.is_type(column.name))
            and not _is_unclear(column)
            and not _is_free(column)
            and not _names_rows(column)
        )
    return weight >= least


def _names_rows(column: Column) -> bool:
    """Tell names of rows, each another, from those of classes; a column of labels says its own."""
    is_named = column.kind in ("id", "words", "text")
    is_label = bool({"label", "labels"} & {*names.parts(column.name)})
    return is_named and not is_label and column.varied == 1 and column.rows > MOST_NAMES


def _is_free(column: Column) -> bool:
    """Tell free text, whatever it is called, from names: hardly any comes back."""
    is_prose = column.kind in ("words", "text") and column.words >= FEW_WORDS
    return is_prose and column.varied > FREE and column.rows > MOST_NAMES


def _is_unclear(column: Column) -> bool:
    """Tell numbers with a comma of which nobody knows what it means."""
    return column.kind == "decimal" and not (column.numerals and column.numerals.is_clear)


def are_numbers(columns: Sequence[Column]) -> bool:
    """Tell several columns of numbers from 0/1 columns, of which some may hold slips."""
    return not all(map(is_mark, columns)) and all(map(_are_mostly_numbers, columns))


def _are_mostly_numbers(column: Column) -> bool:
    return sum(map(like_number, column.cells)) > len(column.cells) / 2


def could_be_numbers(column: Column) -> bool:
    """Tell whether a column holds numbers that somebody estimated, rather than counted rows."""
    if not column.cells or column.kind in ("empty", "constant"):
        return False
    if column.kind == "decimal":
        return True
    right = sum(map(is_number, column.cells)) / len(column.cells)
    if column.kind in (NUMBER, "category", "flags"):
        return right >= NEARLY_NUMBERS
    return NEARLY_NUMBERS <= right < 1


def _marks(free: Sequence[Column], headed: bool) -> tuple[Column, ...]:
    """Find the 0/1 columns that could be one label each: at least two, or three with constants."""
    flags = [c for c in free if c.kind == "flags" and not (headed and names.is_apart(c.name))]
    styles = [[c for c in flags if _in_digits(c) is digits] for digits in (True, False)]
    members = max(styles, key=len)
    if not members or (len(members) == 1 and _named(members[0], headed) <= -3):
        return ()
    places = {column.place for column in members}
    near = [c for c in free if c.place not in places and _nearly(c) and _named(c, headed) > -3]
    slips = [column for column in near if column.kind != "constant"]
    if len(members) + len(near) - len(slips) < 2:
        return ()
    for column in sorted(near, key=lambda c: min(abs(c.place - place) for place in places)):
        if min(places) - 1 <= column.place <= max(places) + 1:
            places.add(column.place)
    found = tuple(column for column in free if column.place in places)
    is_told = len(members) >= 2 or (len(found) >= 3 and not _is_of_one_value(members[0]))
    return found if is_told else ()


def _without_readers(marks: tuple[Column, ...]) -> tuple[Column, ...]:
    """Leave out what others did with a text, `likes`, where it stands beside labels."""
    rest = tuple(column for column in marks if not names.is_of_readers(column.name))
    return rest if len(rest) > 1 or not marks else () if rest else marks


def _is_of_one_value(column: Column) -> bool:
    """Tell a column that says the same of all texts but a few, as a program's flags do."""
    return max((column.counts or {"": 0}).values()) > ALL_BUT_FEW * column.rows


def are_polarity(columns: Sequence[Column]) -> bool:
    """Tell columns of -1, 0 and 1 as classes from 0/1 columns that are not scored here and there.

    All three are frequent in at least half of them, and the others are written so, too. Rows that
    are -1 throughout were not scored, unless the columns say the same of every row.
    """
    torn = [column for column in columns if _is_polarity(column)]
    if len(columns) > 1 and not any(column.blank for column in columns):
        rows = [{*map(flag, cells)} for cells in zip(*(c.cells for c in columns), strict=False)]
        is_told = any(len(row) > 1 for row in rows)
        if is_told and all(-1 not in row or row == {-1} for row in rows):
            return False
    return bool(torn) and 2 * len(torn) >= len(columns) and all(map(is_mark, columns))


def is_mark(column: Column) -> bool:
    """Tell whether a column is one of 0 and 1, but for a slip or for holding one value."""
    return column.kind == "flags" or _nearly(column)


def _is_polarity(column: Column) -> bool:
    counts: Counter[int | None] = Counter()
    for cell, count in (column.counts or {}).items():
        counts[flag(cell)] += count
    return min(counts[-1], counts[0], counts[1]) >= OFTEN * max(1, counts.total())


def _marks_weight(marks: Sequence[Column], headed: bool) -> float:
    """Weigh several 0/1 columns against one label column; "label_a", "label_b" weigh more.

    Names that are seldom those of labels weigh less: another column may be named as one.
    """
    named = [_named(mark, headed) for mark in marks]
    mean = sum(named) / len(named)
    return min(4.5 + 0.5 * len(marks), 8) + max(0, min(named)) + min(0, mean)


def _in_digits(column: Column) -> bool:
    return all(map(is_number, column.counts or ()))


def _nearly(column: Column) -> bool:
    """Tell whether a column would be a 0/1 column, but for a slip or for holding one value."""
    counts = column.counts or {}
    total = sum(counts.values())
    right = sum(count for cell, count in counts.items() if flag(cell) is not None)
    if column.kind == "constant":
        return right == total > 0
    return right < total and (right >= CLOSE * total or (right >= total - 1 and total >= 4))


def _is_mark(column: Column, marks: Sequence[Column]) -> bool:
    return _in_digits(column) is _in_digits(marks[0])


def _all_marks(
    marks: tuple[Column, ...],
    ranked: Sequence[Column],
    odd: Sequence[Column],
    left_out: Sequence[Column],
) -> Choice:
    apart = [column for column in ranked if column not in (*marks, *left_out)]
    doubts = [
        f"{other.name!r} ({describe(other)}) could be the label instead: "
        f"{option('--label', [other])}"
        for other in apart[:MOST_DOUBTS]
    ]
    doubts += others(apart[MOST_DOUBTS:], "label")
    if left_out:
        every = sorted((*marks, *left_out), key=lambda column: column.place)
        doubts.append(
            f"{quoted(c.name for c in left_out)} hold only {signs_of(left_out)} too, but are not "
            f"named like labels: {option('--label', every)} takes them as well"
        )
    if odd:
        rest = [column for column in marks if column not in odd]
        its, it = ("its", "it") if len(odd) == 1 else ("their", "them")
        doubts.append(
            f"{quoted(c.name for c in odd)} may be no label by {its} name: "
            f"{option('--label', rest)} leaves {it} out"
        )
    doubts += people.doubts(marks)
    if len(marks) <= 3:
        doubts.append(f"one of them could be the only label: {option('--label', marks[:1])}")
    return Choice(marks, (f"labels: {quoted(column.name for column in marks)}",), tuple(doubts))


def _best_label(
    ranked: Sequence[Column],
    marks: Sequence[Column],
    weights: dict[str, float],
    free: Sequence[Column],
    *,
    headed: bool,
) -> Choice:
    best = _with_names(ranked, headed)
    doubts = []
    near = [
        other
        for other in ranked
        if other is not best
        and (weights[other.name] >= PLAUSIBLE or other.kind == "flags")
        and not (marks and other in marks and best not in marks)
    ]
    for other in near[:MOST_DOUBTS]:
        by_name = _named(best, headed) > _named(other, headed)
        decided = "of its name" if by_name else "its content is more like labels"
        doubts.append(
            f"{other.name!r} ({describe(other)}) could also be the label; {best.name!r} was taken "
            f"because {decided}: {option('--label', [other])} selects the other"
        )
    doubts += others(near[MOST_DOUBTS:], "label")
    if best.kind == NUMBER:
        doubts += _all_numbers(free, headed)
    if headed and best.kind == "flags" and names.is_of_readers(best.name):
        doubts.append(
            f"{best.name!r} may say by its name what readers did, and be no label: `--task plain` "
            "takes the texts alone"
        )
    if marks:
        doubts.append(
            f"{len(marks)} columns hold only {signs_of(marks)}; {option('--label', marks)} takes "
            "them as labels, several a text"
        )
    return Choice((best,), (f"{best.name!r} is the label: {describe(best)}",), tuple(doubts))


def _with_names(ranked: Sequence[Column], headed: bool) -> Column:
    """Take the column that names the classes which the best one numbers, as label.name label.id."""
    best = ranked[0]
    if best.kind not in ("flags", "category") or not all(map(is_number, best.cells)):
        return best
    for other in ranked[1:]:
        both = {*zip(best.cells, other.cells, strict=False)}
        is_same = len(both) == best.classes == other.classes and not best.blank + other.blank
        is_named = _named(other, headed) >= _named(best, headed) and headed
        if is_same and is_named and not any(map(is_number, other.cells)):
            return other
    return best


def _beside(texts: Sequence[Column], label: Column, ranked: Sequence[Column]) -> Iterator[str]:
    """Say which list may be judged together with the text, by a label of yes and no."""
    able = [column for column in ranked if column.kind == "list"]
    if len(texts) == 1 and label.kind == "flags":
        for column in able[:MOST_DOUBTS]:
            pair = option("--text", [texts[0], column])
            yield f"{label.name!r} may be said of {column.name!r} too: {pair} takes both as a pair"


def _all_numbers(columns: Sequence[Column], headed: bool) -> list[str]:
    """Say how columns of numbers are taken together, if there are several."""
    found = [c for c in columns if c.kind == NUMBER and _named(c, headed) >= 0]
    if len(found) < 2:
        return []
    every = sorted(found, key=lambda column: column.place)
    together = f"{option('--label', every)} takes them all, {len(every)} numbers a text"
    return [f"{len(every)} columns hold numbers; {together}"]


def _last_resorts(free: Sequence[Column], headed: bool) -> tuple[str, ...]:
    able = [column for column in free if column.kind in ("flags", "category", NUMBER, "list")]
    unclear = [column for column in free if _is_unclear(column)]
    able += [column for column in free if column.kind == "decimal" and column not in unclear]
    return (
        tuple(
            f"{column.name!r} ({describe(column)}) could be the label if it were written so"
            for column in unclear[:MOST_DOUBTS]
        )
        + tuple(
            f"{column.name!r} ({describe(column)}) was not taken for labels: "
            f"{option('--label', [column])} makes it so"
            for column in able[:MOST_DOUBTS]
        )
        + tuple(_all_numbers(free, headed))
        + tuple(people.votes(people.called_votes(free), are_called=True))
    )
