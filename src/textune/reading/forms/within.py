"""The values of a JSON file become its rows, which may stand inside one of them, or in each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from textune.errors import DataError, excerpt
from textune.reading import near_json
from textune.reading.forms import frames, places
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
    if is_form(objects):
        return values, ""
    found = [] if any(map(frames.has_text, objects)) else places.find(objects)
    if not found:
        return values, ""
    place, said = places.choose(found)
    if place is None:
        raise _several(path, found)
    return partial(_within, path, values, place.keys), f"{said} of each object"


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
        if found := frames.rows_of(document):
            rows, said = found
            return partial(_counted, rows), said
        inside = places.find([document])
    except ValueError as error:
        raise DataError(f"{path.name}: {error}; {near_json.ROWS}") from None
    place, said = places.choose(inside) if inside else (None, "")
    if place is not None:
        return partial(_counted, list(places.at(document, place.keys))), said
    if inside:
        raise _several(path, inside)
    if places.has_own_text(document) or not any(
        isinstance(v, dict | list) for v in document.values()
    ):
        return values, ""
    listed = ", ".join(map(repr, list(document)[:SHOWN]))
    raise DataError(
        f"{path.name}: one object, in which no rows with a text were found (its keys: {listed}); "
        f"name the keys that lead to them: --rows KEY.KEY, or {near_json.ROWS}"
    )


def _several(path: Path, found: list[places.Place]) -> DataError:
    return DataError(
        f"{path.name}: rows stand in several places: {places.listed(found)}; choose one: "
        f"--rows {found[0].keys}"
    )


def _told(path: Path, values: Stream, objects: list[Any], told: str) -> tuple[Stream, str]:
    """Take the rows to which the user's keys lead."""
    within = partial(_within, path, values, told)
    try:
        if any(True for one in objects for _ in places.at(one, told)):
            return within, f"the rows stand in {told!r}, as told"
    except (LookupError, ValueError):
        pass
    there = places.listed(places.find(objects)) or "none"
    raise DataError(f"{path.name}: --rows {told}: no rows stand there; there are: {there}")


def _counted(rows: list[Any]) -> Iterator[Value]:
    return (Value(number, row, "", "", number) for number, row in enumerate(rows, start=1))


def _within(path: Path, values: Stream, keys: str) -> Iterator[Value]:
    """Number the rows inside the values of a file."""
    number, many = 0, len(list(islice(values(), 2))) > 1
    for value in values():
        try:
            found = [] if value.fault else list(places.at(value.value, keys, is_member=many))
        except (LookupError, ValueError):
            fault = f"no rows stand in {keys!r} here: {excerpt(repr(value.value))}"
            yield value._replace(fault=fault)
            continue
        if value.fault:
            yield value
        for row in found:
            number += 1
            yield Value(number, row, "", "", number)
