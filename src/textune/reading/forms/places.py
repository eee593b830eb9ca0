"""Objects that hold their rows somewhere inside become these rows, found or named by the user."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textune.reading.forms import frames
from textune.reading.forms.interface import is_prose

FIRST = frozenset(["train", "training"])
EVERY = "*"  # in place of a key: every one, as of objects by their ids
DEEPEST = 5  # keys that lead to rows
SEVERAL = 3  # objects with rows at the same place in each, from which they are read together
LOOKED_AT = 50  # members of a list
SHOWN = 8
_SCALARS = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True)
class Place:
    """A list of rows inside something."""

    keys: str  # that lead to it: "data.items"
    rows: int
    is_named: bool = False  # whether the text of each row goes by that name


def find(sample: Sequence[object]) -> list[Place]:
    """Find the lists of rows inside values, those of texts if there are any."""
    found = _together([*_lists(sample, (), frames.has_text)])
    return found or [*_lists(sample, (), _has_values)]


def _together(found: list[Place]) -> list[Place]:
    """Take the places under one key in each of several objects as one, in each part for itself."""
    if any(frames.is_part(place.keys.partition(".")[0]) for place in found):
        parts: dict[str, list[Place]] = {}
        for place in found:
            parts.setdefault(place.keys.partition(".")[0], []).append(place)
        return [place for name, own in parts.items() for place in _alike(own, f"{name}.")]
    return _alike(found)


def _alike(found: list[Place], before: str = "", *, direct: bool = False) -> list[Place]:
    """Take several places as one that differ in the key after the keys before it alone.

    Args:
        found: All of them behind the keys before it.
        before: Keys, and a dot.
        direct: Whether the rows may stand under that key itself.
    """
    ends = {place.keys.removeprefix(before).partition(".")[2] for place in found}
    if len(found) < SEVERAL or len(ends) > 1 or (ends == {""} and not direct):
        return found
    rows, end = sum(place.rows for place in found), ends.pop()
    keys = f"{before}{EVERY}.{end}" if end else f"{before}{EVERY}"
    return [Place(keys, rows, all(place.is_named for place in found))]


def joined(found: list[Place]) -> list[Place]:
    """Take lists of rows together that stand side by side, as somebody may want them."""
    groups: dict[str, list[Place]] = {}
    for place in found:
        groups.setdefault(place.keys.rpartition(".")[0], []).append(place)
    return [
        one
        for keys, own in groups.items()
        for one in _alike(own, f"{keys}." if keys else "", direct=True)
    ]


def at(value: object, keys: str, *, is_member: bool = False) -> Iterator[Any]:
    """Take the rows to which keys lead; what stands beside a list of them goes with each.

    Args:
        value: Where the rows stand.
        keys: That lead to them.
        is_member: Whether it is one of several, so that what stands in it goes with its rows.

    Raises:
        LookupError: No rows stand there.
    """
    yield from _at(value, keys.split("."), _scalars(value) if is_member else {})


def loose(value: object, found: Sequence[Place], keys: tuple[str, ...] = ()) -> int:
    """Count the objects with a text somewhere inside a value, those in places aside."""
    ways = [keys, *((*keys[:at], EVERY, *keys[at + 1 :]) for at in range(len(keys)))]
    if {place.keys for place in found}.intersection(map(".".join, ways)):
        return 0
    if isinstance(value, list):
        return sum(loose(one, found, keys) for one in value if isinstance(one, list | dict))
    if not isinstance(value, Mapping):
        return 0
    inside = sum(loose(held, found, (*keys, name)) for name, held in value.items())
    return inside + (bool(keys) and any(map(is_prose, value.values())))


def tables(value: object) -> Iterator[Any]:
    """Take the rows of an object that is a table, with what stands beside its columns."""
    if isinstance(value, Mapping) and value:
        yield from _with(_rows(value), _scalars(value))


def choose(places: Sequence[Place]) -> tuple[Place | None, str]:
    """Choose one of several places where all are known to be parts of one data set; say it."""
    if len(places) == 1:
        return places[0], f"the rows stand in {places[0].keys!r}"
    first = [place for place in places if _is_first(place)] or [
        place for place in places if FIRST & {*frames.words(place.keys)}
    ]
    if len(first) == 1 and all(frames.is_part(place.keys) for place in places):
        others = [place for place in places if place is not first[0]]
        said = f"the part {first[0].keys!r} is read; --rows reads another: {listed(others)}"
        return first[0], said
    named = [place for place in places if place.is_named]
    if len(named) == 1:
        others = [place for place in places if place is not named[0]]
        said = f"the rows stand in {named[0].keys!r}; --rows reads others: {listed(others)}"
        return named[0], said
    return None, ""


def listed(places: Sequence[Place]) -> str:
    """Name places with the number of their rows."""
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(f"{place.keys} ({place.rows:,} rows)" for place in places[:SHOWN]) + more


def _is_first(place: Place) -> bool:
    return any(key.lower() in FIRST for key in place.keys.split("."))


def _at(value: object, keys: Sequence[str], beside: Mapping[str, object]) -> Iterator[Any]:
    if not keys:
        yield from _with(_rows(value), beside)
        return
    if isinstance(value, list):
        for member in value:
            if member is not None:
                yield from _at(member, keys, {**beside, **_scalars(member)})
        return
    yield from _below(value, keys, beside)


def _below(value: object, keys: Sequence[str], beside: Mapping[str, object]) -> Iterator[Any]:
    """Go down from an object by the first of the keys, which may have dots of its own."""
    held = value if isinstance(value, Mapping) else {}
    if keys[0] == EVERY and EVERY not in held:
        for name, member in held.items():
            yield from _at(member, keys[1:], {**beside, "key": name, **_scalars(member)})
        return
    for size in range(len(keys), 0, -1):
        key = ".".join(keys[:size])
        if key in held:
            yield from _at(held[key], keys[size:], beside)
            return
    raise LookupError(keys[0])


def _rows(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    if value is None:
        return []
    if isinstance(value, Mapping):
        table = frames.rows_of(value)
        if rows := table[0] if table else frames.by_name(value):
            return rows
    raise LookupError


def _scalars(value: object) -> dict[str, object]:
    held = value.items() if isinstance(value, Mapping) else ()
    return {key: held for key, held in held if isinstance(held, _SCALARS)}


def _with(rows: Sequence[Any], beside: Mapping[str, object]) -> Iterator[Any]:
    """Add to each row what stands beside its list, under names that it does not have."""
    own = {key for row in rows if isinstance(row, Mapping) for key in row}
    kept = {f"outer.{key}" if key in own else key: held for key, held in beside.items()}
    for row in rows:
        yield row | kept if isinstance(row, dict) and kept else row


def _lists(values: Sequence[Any], keys: tuple[str, ...], fit: Any) -> Iterator[Place]:
    """Look in objects that stand at the same place for lists of rows."""
    if len(keys) == DEEPEST:
        return
    objects = [value for value in values if isinstance(value, Mapping)]
    names = dict.fromkeys(name for value in objects[:LOOKED_AT] for name in value)
    for name in names:
        path = (*keys, name)
        held = [value[name] for value in objects if value.get(name) is not None]
        lists = [one for one in held if isinstance(one, list)]
        if 2 * len(lists) > len(held):
            members = [member for one in lists for member in one if member is not None]
            if _are_rows(members, fit):
                yield Place(".".join(path), len(members), _are_named(members))
            else:
                yield from _lists(members, path, fit)
        elif held and 2 * sum(isinstance(one, Mapping) for one in held) > len(held):
            table = frames.rows_of(held[0]) if len(held) == 1 else None
            if table:
                yield Place(".".join(path), len(table[0]))
            else:
                yield from _lists(held, path, fit)


def _are_rows(members: Sequence[Any], fit: Any) -> bool:
    some = members[:LOOKED_AT]
    return bool(some) and sum(map(fit, some)) > len(some) / 2


def _are_named(rows: Sequence[Any]) -> bool:
    return all(isinstance(row, Mapping) and "text" in row for row in rows[:LOOKED_AT])


def _has_values(row: object) -> bool:
    """Tell a row of short values: no text among them is longer than a word."""
    held = list(row.values()) if isinstance(row, Mapping) else []
    return len(held) > 1 and all(isinstance(one, _SCALARS) for one in held)


def has_own_text(value: object) -> bool:
    """Tell whether an object is a row itself: a text stands in it, or the words of one."""
    return isinstance(value, Mapping) and any(
        is_prose(held) or (isinstance(held, list) and frames.are_words(key, held))
        for key, held in value.items()
    )
