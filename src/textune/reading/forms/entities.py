"""Entities as programs write them, their ends inclusive or not, become spans or tags of words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    always,
    are_objects,
    member,
    plain,
    span,
    whole,
)


def _with(*keys: str, fits: Callable[[list[Any]], bool]) -> Callable[[Sequence[Any]], bool]:
    """Recognise objects that have these keys, by all that stands under the last of them."""
    return lambda values: are_objects(values, *keys) and fits([one[keys[-1]] for one in values])


def _are_by_surface(held: list[Any]) -> bool:
    kinds = [kind for one in held for kind in (one.values() if _is_object(one) else [one])]
    places = [at for kind in kinds if _is_object(kind) for at in kind.values()]
    are_places = all(isinstance(at, list) and all(map(_is_list, at)) for at in places)
    return bool(kinds) and all(map(_is_object, kinds)) and are_places


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _cluener(value: Any) -> Iterator[Made]:
    text = member(value, "text", str)
    found = [
        span(whole(start), whole(last) + 1, kind, surface)
        for kind, surfaces in member(value, "label", Mapping).items()
        for surface, places in surfaces.items()
        for start, last in places
    ]
    yield {**plain(value, "label"), "text": text, "label": found}


def _gliner(value: Any) -> Iterator[Made]:
    words = member(value, "tokenized_text", list)
    tags = ["O"] * len(words)
    for start, last, kind in member(value, "ner", list):
        if not 0 <= whole(start) <= whole(last) < len(words):
            raise ValueError(f"the span {start}–{last} ({kind}) does not lie in {len(words)} words")
        if any(tag != "O" for tag in tags[start : last + 1]):
            raise ValueError(f"the span {start}–{last} ({kind}) overlaps another one")
        tags[start : last + 1] = [f"B-{kind}"] + [f"I-{kind}"] * (last - start)
    yield {**plain(value), "words": words, "tags": tags}


def _are_pairs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, list)
        and 2 <= len(item) <= 4
        and all(isinstance(held, str) for held in item)
        for item in value
    )


def _pairs(value: Any) -> Iterator[Made]:
    if not _are_pairs(value):
        raise ValueError(f"expected a list of [word, tag], found {value!r:.60}")
    yield {"words": [item[0] for item in value], "tags": [item[-1] for item in value]}


def _has_points(held: object) -> bool:
    if isinstance(held, Mapping):
        return "labels" in held
    return held is None or held == [] or (isinstance(held, list) and are_objects(held, "points"))


def _dataturks(values: Values) -> Converter:
    held = (value.get("annotation") for value in values() if isinstance(value, Mapping))
    is_class = any(isinstance(one, Mapping) for one in held)

    def convert(value: Any) -> Iterator[Made]:
        held = value.get("annotation")
        if held is None:
            yield LeftOut("has no annotation", {"text": value.get("content")})
            return
        label = list((held or {}).get("labels") or []) if is_class else list(_points(held))
        row = plain(value, "annotation", "extras", "content")
        yield row | {"text": value.get("content"), "label": label}

    return Converter(convert, ("'content' is the text; the ends of its points are inclusive",))


def _points(items: list[Any]) -> Iterator[dict[str, object]]:
    for item in items:
        label = item.get("label")
        for point in item["points"]:
            start, last = whole(point.get("start")), whole(point.get("end"))
            surface = point.get("text")
            is_inclusive = not isinstance(surface, str) or len(surface) != last - start
            for kind in label if isinstance(label, list) else [label]:
                yield span(start, last + is_inclusive, kind, surface)


_OF_TWITTER = frozenset(["hashtags", "urls", "user_mentions", "symbols", "media", "polls"])
_OF_TEXTS = ("full_text", "text")


def _by_type(value: object) -> Mapping[str, Any]:
    """Find entities in lists by their types, each with its "indices"; empty for anything else."""
    held = value.get("entities") if isinstance(value, Mapping) else None
    if not isinstance(held, Mapping) or not all(map(_is_list, held.values())):
        return {}
    items = [item for items in held.values() for item in items]
    are_placed = all(_is_object(item) and _is_list(item.get("indices")) for item in items)
    return {kind: held[kind] for kind in held if kind not in _OF_TWITTER} if are_placed else {}


def _has_types(values: Sequence[Any]) -> bool:
    """Recognise GATE's JSON: what Twitter itself says of a post is no label of anybody's."""
    return (
        are_objects(values, "entities")
        and all(isinstance(one["entities"], Mapping) for one in values)
        and all(any(isinstance(one.get(key), str) for key in _OF_TEXTS) for one in values)
        and all(_by_type(one) or not _own(one["entities"]) for one in values)
        and any(map(_by_type, values))
    )


def _own(entities: Mapping[str, Any]) -> bool:
    return bool(entities.keys() - _OF_TWITTER)


def _types(value: Any) -> Iterator[Made]:
    key = next((key for key in _OF_TEXTS if isinstance(value.get(key), str)), "")
    if not key or not isinstance(value.get("entities"), Mapping):
        raise ValueError(f"expected a text in {' or '.join(_OF_TEXTS)}, and entities by their type")
    held = [(kind, item) for kind, items in _by_type(value).items() for item in items]
    places = [(kind, *map(whole, item["indices"])) for kind, item in held]
    found = [span(start, end, kind) for kind, start, end in places]
    yield {**plain(value, "entities", *_OF_TEXTS), "text": value[key], "label": found}


FORMS = (
    Form(
        "entities by type, with indices (GATE)",
        _has_types,
        always(_types, "'entities' holds them by their types; those of Twitter are left out"),
    ),
    Form(
        "entities by type and surface (CLUENER)",
        _with("text", "label", fits=_are_by_surface),
        always(_cluener, "'label' holds entities by type and surface; their ends are inclusive"),
    ),
    Form(
        "an export of Dataturks",
        _with("content", "annotation", fits=lambda held: all(map(_has_points, held))),
        _dataturks,
    ),
    Form(
        "training data of GLiNER",
        _with("tokenized_text", "ner", fits=lambda _: True),
        always(_gliner, "'ner' holds spans of words; their ends are inclusive"),
    ),
    Form(
        "sentences as lists of [word, tag]",
        lambda values: any(values) and all(map(_are_pairs, values)),
        always(_pairs, "each row is a list of [word, tag]"),
    ),
)
