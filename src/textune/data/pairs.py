"""Columns of text become a pair: by their names, by what they share, or since one repeats."""

from collections.abc import Sequence
from itertools import pairwise, permutations

from textune.data import names, pair_names
from textune.data.choice import MOST_DOUBTS, Choice, option
from textune.data.columns import NUMBER, Column, Scan, is_link
from textune.data.numerals import is_number, like_number

REPEATS = 0.7  # share of different cells, below which a text repeats
DIFFERS = 0.9  # the same, above which each row has a text of its own
SENTENCE = 5  # mean words of a text that comes back beside another, without names
WORDS = 3  # mean words of a text that repeats, below which it is a name
STANDS = 0.8  # share of rows in which a part of the text stands in it: sampled ones are shortened
LABEL = 5  # evidence of a name that can be no other than that of labels
BLANK = 0.05  # share of blank cells, from which words are not compared row by row
MARKS = ("category", "flags", NUMBER)  # kinds of columns that may be the label of a pair
_PAIRS = " → pairs of texts"
VALUES = 4  # different texts, below which they are classes


def pair(
    ranked: Sequence[Column], free: Sequence[Column], seen: Scan, *, headed: bool
) -> Choice | None:
    """Find two texts that belong together; None where there is one text, or several apart.

    Args:
        ranked: Columns of text, the likeliest first.
        free: All columns without a role.
        seen: The table.
        headed: Whether names of columns mean something.
    """
    if headed:
        found = _named(ranked, free) or _judged(ranked, free, seen) or _repeated(ranked, free)
        return found or _combined(ranked, free, seen) or _alike(ranked, seen)
    for one, two in pairwise(free):
        if two.name == f"{one.name.removesuffix('_1')}_2" and two in ranked:  # of one cell, parted
            return Choice((one, two), (f"{one.name!r} and {two.name!r} → pairs of texts",), ())
        if one in ranked[:2] and two in ranked[:2]:
            doubt = f"each of the two could be the only text: {option('--text', [one])}"
            why = f"columns {one.name} and {two.name} stand side by side and"
            if _share_words(one, two, seen):
                return Choice((one, two), (f"{why} share words in each row{_PAIRS}",), (doubt,))
            if len(ranked) == 2 and _are_of_like_length(one, two) and _has_marks(free):
                return Choice((one, two), (f"{why} are of like length{_PAIRS}",), (doubt,))
        if found := _beside_repeated(one, two, ranked, free, seen):
            return found
    return None


def _beside_repeated(
    one: Column, two: Column, ranked: Sequence[Column], free: Sequence[Column], seen: Scan
) -> Choice | None:
    """Take a text and, beside it, a sentence that comes back, where a third column judges both."""
    if not _is_one_repeated(one, two, ranked) or not _are_of_like_length(one, two):
        return None
    if not _has_marks([column for column in free if column not in (one, two)]):
        return None
    if not _share_words(one, two, seen):
        return None
    why = f"{one.name!r} and {two.name!r} stand side by side, one of them comes back,"
    doubt = f"one of them may be the label of the other: {option('--text', [one])}"
    return Choice((one, two), (f"{why} and they share words in each row{_PAIRS}",), (doubt,))


def _is_one_repeated(one: Column, two: Column, ranked: Sequence[Column]) -> bool:
    """Tell a text beside sentences that come back, as those do of which several are compared."""
    repeated = [column for column in (one, two) if column.kind == "category"]
    is_prose = len(repeated) == 1 and _comes_back(repeated[0]) and repeated[0].words >= SENTENCE
    return is_prose and any(column in ranked[:1] for column in (one, two))


def of_words(free: Sequence[Column], *, headed: bool) -> Choice | None:
    """Find two single words that are compared, where no column holds longer text.

    By their names ("word1", "word2"), or without names as the only two columns that hold no
    numbers, and most of whose cells differ: "tiger", "cat", 7.35.
    """
    able = [column for column in free if _holds_words(column)]
    rest = [column for column in free if column not in able]
    if headed:
        both = next((both for both in pairwise(able) if _are_sides(both, able)), None)
        why = "are named like the two texts of a pair"
    else:
        is_alone = len(able) == 2 and bool(rest) and all(map(_holds_numbers, rest))
        is_alone = is_alone and all(column.kind == "words" for column in able)
        both = (able[0], able[1]) if is_alone else None
        why = "are the only columns without numbers"
    if both is None or both[1].place - both[0].place != 1:
        return None
    one, two = both
    doubt = f"each of the two could be the only text: {option('--text', [one])}"
    return Choice(both, (f"{one.name!r} and {two.name!r} {why} → pairs of words",), (doubt,))


def _named(ranked: Sequence[Column], free: Sequence[Column]) -> Choice | None:
    """Find two columns that are named like the two texts of a pair, the surest names first."""
    able = [column for column in free if _reads_as_text(column)]
    found = []
    for one, two in permutations(able, 2):
        is_best = not ranked or ranked[0] in (one, two)
        if not (is_best or pair_names.is_first(one.name) or pair_names.is_first(two.name)):
            continue
        rank = pair_names.rank(one.name, two.name)
        if rank is not None and not _are_of_many(one, two, able):
            derived = names.is_derived(one.name) + names.is_derived(two.name)
            found.append(((rank, derived, one.place, two.place), one, two))
    if not found:
        return None
    _, one, two = min(found, key=lambda entry: entry[0])
    is_listed = pair_names.are_listed(one.name, two.name)
    both = tuple(sorted((one, two), key=lambda column: column.place)) if is_listed else (one, two)
    why = f"{both[0].name!r} and {both[1].name!r} are named like the two texts"
    return Choice(both, (f"{why} of a pair → pairs of texts",), _rest(ranked, both))


def _are_of_many(one: Column, two: Column, able: Sequence[Column]) -> bool:
    """Tell whether two names are of a longer list: "Top1", "Top2", …, of which none is a pair."""
    if not pair_names.are_sides(one.name, two.name):
        return False
    series = pair_names.series(one.name)
    return sum(pair_names.series(column.name) == series for column in able) > len((one, two))


def _judged(ranked: Sequence[Column], free: Sequence[Column], seen: Scan) -> Choice | None:
    """Find a text and what is judged in it: the aspect of a sentiment, the target of a stance.

    Whatever the judgement is called, it is of an entity that stands in a text which comes back,
    each time with another one.
    """
    able = [c for c in free if pair_names.is_target(c.name) and _is_phrase(c)]
    if not able and _is_stance_all(free):
        able = [c for c in free if pair_names.is_target(c.name, of_stance=True) and _is_phrase(c)]
    texts = [column for column in ranked if column not in able]
    apart = [*able, *texts[:1]]  # a text may be called a sentiment, too
    judged = [c for c in free if pair_names.is_judged(c.name) and c not in apart]
    if texts and not judged and texts[0].varied < DIFFERS:
        able = [column for column in able if _stands_in(column, texts[0], seen)]
        judged = [c for c in free if names.label_evidence(c.name) >= LABEL and c not in able]
    if not (texts and judged) or len(able) != 1:
        return None
    both = tuple(sorted((texts[0], able[0]), key=lambda column: column.place))
    text, target = texts[0].name, able[0].name
    why = f"{judged[0].name!r} is said of {target!r} in {text!r} → pairs of texts"
    doubts = (
        f"{text!r} could be the only text: {option('--text', texts[:1])} takes it alone",
        f"{target!r} could be the label: {option('--text', texts[:1])} "
        f"with {option('--label', able)}",
    )
    return Choice(both, (why,), (*doubts, *_rest(ranked, both)))


def _is_stance_all(free: Sequence[Column]) -> bool:
    """Tell whether a stance is what there is to learn: it is given, and nothing is named surer."""
    able = [c for c in free if c.kind not in ("constant", "empty") and c.blank < 1]
    stances = [c for c in able if pair_names.is_stance(c.name)]
    most = max((names.label_evidence(c.name) for c in able), default=0)
    return any(names.label_evidence(c.name) >= most for c in stances)


def _stands_in(part: Column, text: Column, seen: Scan) -> bool:
    """Tell whether what a column holds stands in the texts of most rows."""
    rows = [row for row in seen.sample if row[part.place] and row[text.place]]
    return sum(row[part.place] in row[text.place] for row in rows) > STANDS * len(rows)


def _is_phrase(column: Column) -> bool:
    return column.kind in ("text", "category", "words") and column.words >= 1 and not column.blank


def _repeated(ranked: Sequence[Column], free: Sequence[Column]) -> Choice | None:
    """Find a text that comes back in several rows, beside one of their own in each.

    So do questions with candidate answers come, and headlines with the articles under them.
    """
    own = [column for column in ranked if column.varied >= DIFFERS]
    able = [column for column in free if column not in own and _comes_back(column)]
    able = [column for column in able if not names.is_derived(column.name)]
    if len(own) != 1 or len(able) != 1 or able[0].words > 2 * own[0].words:
        return None
    both = sorted((own[0], able[0]), key=lambda column: column.place)
    why = f"{able[0].name!r} repeats over rows, each with another {own[0].name!r} → pairs of texts"
    doubt = f"{own[0].name!r} could be the only text: {option('--text', own)} takes it alone"
    return Choice(tuple(both), (why,), (doubt,))


def _combined(ranked: Sequence[Column], free: Sequence[Column], seen: Scan) -> Choice | None:
    """Find two texts of which both come back, each time beside another one."""
    able = [column for column in free if column in ranked or _comes_back(column)]
    if len(able) != 2 or not ranked or any(column.varied > REPEATS for column in able):
        return None
    one, two = able
    both = len({(row[one.place], row[two.place]) for row in seen.sample})
    if min(one.words, two.words) < WORDS or both < 2 * max(one.classes, two.classes):
        return None
    why = f"{one.name!r} and {two.name!r} both repeat over rows, but not together"
    doubt = f"{ranked[0].name!r} could be the only text: {option('--text', ranked[:1])}"
    return Choice((one, two), (f"{why} → pairs of texts",), (f"{doubt} takes it alone",))


def _alike(ranked: Sequence[Column], seen: Scan) -> Choice | None:
    """Find two texts of like length that share words in each row, of whose names none says more."""
    if len(ranked) != 2 or any(names.text_evidence(column.name) for column in ranked):
        return None
    one, two = sorted(ranked, key=lambda column: column.place)
    if not _are_of_like_length(one, two):
        return None
    if names.is_derived(one.name) or names.is_derived(two.name) or not _share_words(one, two, seen):
        return None
    why = f"{one.name!r} and {two.name!r} are of like length and share words in each row"
    doubt = f"each of the two could be the only text: {option('--text', [one])}"
    return Choice((one, two), (f"{why} → pairs of texts",), (doubt,))


def _are_of_like_length(one: Column, two: Column) -> bool:
    longest = 2 * min(one.words, two.words)
    return max(one.words, two.words) <= longest and not (one.blank or two.blank)


def _has_marks(free: Sequence[Column]) -> bool:
    """Tell whether there is something to be learned of a pair, besides its texts."""
    return any(column.kind in MARKS for column in free)


def _are_sides(both: tuple[Column, Column], able: Sequence[Column]) -> bool:
    one, two = both
    is_label = max(names.label_evidence(one.name), names.label_evidence(two.name)) > 0
    is_pair = pair_names.are_sides(one.name, two.name)
    return is_pair and not is_label and not _are_of_many(one, two, able)


def _holds_words(column: Column) -> bool:
    is_numeric = sum(map(like_number, column.cells)) > len(column.cells) / 2
    return column.kind in ("words", "category") and not is_numeric and column.blank < BLANK


def _holds_numbers(column: Column) -> bool:
    return bool(column.cells) and all(map(is_number, column.cells))


def _comes_back(column: Column) -> bool:
    is_text = column.kind == "text" or (column.kind == "category" and not column.blocks)
    is_text = is_text or (column.kind == "category" and column.words >= WORDS)
    is_named = names.label_evidence(column.name) >= 2 or names.text_evidence(column.name) < 0
    is_named = is_named or 2 * sum(map(is_link, column.cells)) > len(column.cells)
    repeats = column.varied <= REPEATS and column.classes >= VALUES
    return is_text and not is_named and repeats and column.words >= WORDS and not column.blank


def _reads_as_text(column: Column) -> bool:
    """Tell whether a column is text, or repeats itself but is named like a text."""
    is_named = column.kind in ("category", "words") and (
        names.text_evidence(column.name) > 0 or pair_names.is_first(column.name)
    )
    comes_back = column.kind == "category" and column.words > WORDS and column.classes >= VALUES
    return column.kind == "text" or comes_back or (is_named and column.words >= 1)


def _share_words(one: Column, two: Column, seen: Scan) -> bool:
    """Tell whether two texts have more in common with each other than with those of other rows."""
    rows = [row for row in seen.sample[:400] if row[one.place] and row[two.place]]
    first = [set(row[one.place].lower().split()) for row in rows]
    second = [set(row[two.place].lower().split()) for row in rows]
    if len(rows) < 5:
        return False
    mixed = second[len(rows) // 2 :] + second[: len(rows) // 2]
    return _overlap(first, second) > _overlap(first, mixed) + 0.1


def _overlap(first: Sequence[set[str]], second: Sequence[set[str]]) -> float:
    both = zip(first, second, strict=True)
    return sum(len(a & b) / max(1, len(a | b)) for a, b in both) / len(first)


def _rest(ranked: Sequence[Column], chosen: Sequence[Column]) -> tuple[str, ...]:
    return tuple(
        f"{other.name!r} is text too: {option('--text', [other])} takes it alone"
        for other in [column for column in ranked if column not in chosen][:MOST_DOUBTS]
    )
