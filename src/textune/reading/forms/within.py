"""The values of a JSON file become its rows, which may stand inside one of them, or in each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from textune.errors import DataError, excerpt
from textune.reading import near_json
from textune.reading.forms import frames, places
from textune.reading.forms.interface import is_prose
from textune.reading.forms.places import LOOKED_AT, SHOWN
from textune.reading.json_values import Value

Stream = Callable[[], Iterator[Value]]
"""Gives all values of a file, from the start, as often as it is called."""
Recognise = Callable[[Sequence[Any]], bool]


def rows(path: Path, values: Stream, told: str | None, is_form: Recognise) -> tuple[Stream, str]:
    """Find the rows of a file: its values, or what stands inside them; and say where.

    Args:
        path: The file.
        values: Its values.
        told: Keys that lead to its rows, if somebody names them.
        is_form: Whether values are of a form that is read as it stands.

    Raises:
        DataError: They may stand in several places, or nowhere.
    """
    head = list(islice(values(), LOOKED_AT))
    objects = [value.value for value in head if isinstance(value.value, Mapping)]
    if len(head) == 1 and objects and not told:
        return _inside_one(path, values, objects[0], is_form)
    if told:
        return _told(path, values, objects, told)
    if not objects or len(objects) < len(head) or any(map(places.has_own_text, objects)):
        return values, ""
    return (values, "") if is_form(objects) else _inside_each(path, values, objects)


def _inside_each(path: Path, values: Stream, objects: list[Any]) -> tuple[Stream, str]:
    """Find the rows inside each of several objects.

    Raises:
        DataError: They may stand in several places, or are no rows.
    """
    if frames.are_tables(objects):
        return partial(_chained, values), "each object holds a table; all are read in turn"
    found = [] if any(map(frames.has_text, objects)) else places.find(objects)
    if not found and all(map(_has_list_of_texts, objects)):
        raise DataError(
            f"{path.name}: each object holds a list of texts, and none that goes with each of "
            f"them; {near_json.ROWS}"
        )
    if not found:
        return values, ""
    place, said = places.choose(found)
    if place is None:
        raise _several(path, found)
    return partial(_within, values, place.keys), f"{said} of each object"


def _inside_one(
    path: Path, values: Stream, document: Mapping[str, Any], is_form: Recognise
) -> tuple[Stream, str]:
    """Find the rows inside a file that is one object, unless it is a row itself.

    Raises:
        DataError: They may stand in several places, or nowhere.
    """
    if any(isinstance(document.get(key), str) for key in ("text", "content", "context")):
        return values, ""
    if is_form([document]):
        return values, ""
    try:
        named = list(document.values())
        are_objects = len(named) > 1 and all(isinstance(one, Mapping) for one in named)
        if are_objects and is_form(named[:LOOKED_AT]):
            return partial(_counted, named), "the rows are the values of one object, by their keys"
        if found := frames.rows_of(document):
            rows, said = found
            return partial(_counted, rows), said
        inside = places.find([document])
    except ValueError as error:
        raise DataError(f"{path.name}: {error}; {near_json.ROWS}") from None
    if inside:
        return _placed(path, document, inside)
    if places.has_own_text(document) or (len(document) <= SHOWN and not _is_nested(document)):
        return values, ""
    listed = ", ".join(map(repr, list(document)[:SHOWN]))
    raise DataError(
        f"{path.name}: one object, in which no rows with a text were found (its keys: {listed}); "
        f"name the keys that lead to them: --rows KEY.KEY, or {near_json.ROWS}"
    )


def _placed(
    path: Path, document: Mapping[str, Any], inside: list[places.Place]
) -> tuple[Stream, str]:
    """Take the rows from one of the places where some stand in an object."""
    place, said = places.choose(inside)
    if place is None:
        raise _several(path, inside)
    if places.loose(document, inside) > place.rows:
        raise DataError(
            f"{path.name}: rows stand in {place.keys!r} ({place.rows:,}), but more texts stand in "
            f"objects beside it; if these rows are meant: --rows {place.keys}"
        )
    return partial(_counted, list(places.at(document, place.keys))), said


def _has_list_of_texts(value: Mapping[str, Any]) -> bool:
    lists = [held for held in value.values() if isinstance(held, list)]
    return any(sum(map(is_prose, held)) > 1 for held in lists)


def _is_nested(document: Mapping[str, Any]) -> bool:
    return any(isinstance(held, dict | list) for held in document.values())


def _several(path: Path, found: list[places.Place]) -> DataError:
    both = places.joined(found)
    if 1 < len(both) < len(found):
        found, both = both, []
    more = f", or all together: --rows '{both[0].keys}'" if len(both) == 1 else ""
    first = f"'{found[0].keys}'" if places.EVERY in found[0].keys else found[0].keys
    return DataError(
        f"{path.name}: rows stand in several places: {places.listed(found)}; choose one: "
        f"--rows {first}{more}"
    )


def _told(path: Path, values: Stream, objects: list[Any], told: str) -> tuple[Stream, str]:
    """Take the rows to which the user's keys lead."""
    within = partial(_within, values, told)
    try:
        if any(True for one in objects for _ in places.at(one, told)):
            return within, f"the rows stand in {told!r}, as told"
    except (LookupError, ValueError):
        pass
    there = places.listed(places.find(objects)) or "none"
    raise DataError(f"{path.name}: --rows {told}: no rows stand there; there are: {there}")


def _chained(values: Stream) -> Iterator[Value]:
    """Number the rows of values each of which is a table."""
    return _numbered(values, places.tables, "an object is no table here")


def _counted(rows: list[Any]) -> Iterator[Value]:
    return (Value(number, row, "", "", number) for number, row in enumerate(rows, start=1))


def _within(values: Stream, keys: str) -> Iterator[Value]:
    """Number the rows inside the values of a file."""
    is_member = len(list(islice(values(), 2))) > 1
    take = partial(places.at, keys=keys, is_member=is_member)
    return _numbered(values, take, f"no rows stand in {keys!r} here")


def _numbered(values: Stream, take: Callable[[Any], Iterator[Any]], fault: str) -> Iterator[Value]:
    number = 0
    for value in values():
        try:
            found = [] if value.fault else list(take(value.value))
        except (LookupError, ValueError):
            yield value._replace(fault=f"{fault}: {excerpt(repr(value.value))}")
            continue
        if value.fault:
            yield value
        for row in found:
            number += 1
            yield Value(number, row, "", "", number)
