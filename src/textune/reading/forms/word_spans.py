"""Words in a list and entities by the numbers of their words (SpERT, PURE, …) become tags."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from textune.reading.forms.interface import Converter, Form, Made, Values, left_out, plain

HEAD = 200  # values by which the keys are found
GLINER = "tokenized_text"  # has a form of its own
STARTS = ("start", "begin", "start_token", "token_start")
ENDS = ("end", "end_token", "token_end")
KINDS = ("type", "label", "entity_type", "tag")
INNER = "entities that overlap a longer one"
Place = tuple[int, int, str]


def _place(item: object) -> Place | None:
    """Read [2, 3, "PER"] or {"start": 2, "end": 3, "type": "PER"}; None for anything else."""
    found: list[Any] = list(item) if isinstance(item, list) else []
    if isinstance(item, Mapping) and isinstance(item.get("index"), list) and item["index"]:
        places, kind = item["index"], next((item[key] for key in KINDS if key in item), None)
        return _place([places[0], places[-1], kind]) if _are_in_a_row(places) else None
    if isinstance(item, Mapping):
        keys = (next((key for key in names if key in item), "") for names in (STARTS, ENDS, KINDS))
        found = [item.get(key) for key in keys]
    if len(found) != 3 or not isinstance(found[2], str):
        return None
    if any(isinstance(at, bool) or not isinstance(at, int) for at in found[:2]):
        return None
    return (found[0], found[1], found[2])


def _are_in_a_row(places: Sequence[object]) -> bool:
    """Tell the numbers of words that follow each other, [4, 5, 6]."""
    first = places[0]
    return type(first) is int and list(places) == list(range(first, first + len(places)))


def _words_key(value: Mapping[str, Any]) -> str | None:
    """Find the one key under which a list of strings of several signs stands."""
    able = [
        key
        for key, held in value.items()
        if isinstance(held, list) and held and all(isinstance(word, str) for word in held)
    ]
    return able[0] if len(able) == 1 and able[0] != GLINER else None


def _spans_key(values: Sequence[Mapping[str, Any]], words: str) -> str | None:
    """Find the one key under which nothing but places of words stands."""
    able = []
    for key in values[0]:
        held = [(value.get(key), len(value.get(words) or ())) for value in values]
        lists = [(items, size) for items, size in held if isinstance(items, list)]
        if key == words or len(lists) < len(held):
            continue
        places = [(_place(item), size) for items, size in lists for item in items]
        if places and all(at is not None and 0 <= at[0] <= at[1] <= size for at, size in places):
            able.append(key)
    return able[0] if len(able) == 1 else None


def _keys(values: Sequence[Any]) -> tuple[str, str] | None:
    if not values or not all(isinstance(value, Mapping) for value in values):
        return None
    words = next((key for value in values if (key := _words_key(value))), None)
    if words is None or not all(isinstance(value.get(words), list) for value in values):
        return None
    if any(isinstance(held, str) and " " in held for value in values for held in value.values()):
        return None  # a text beside the words, in which the places may be
    spans = _spans_key(values, words)
    return None if spans is None else (words, spans)


def _recognise(values: Sequence[Any]) -> bool:
    return _keys(values) is not None


def _converter(values: Values) -> Converter:
    """Decide by the whole file whether the ends are the last words, or those after them."""
    words, spans = _keys(list(islice(values(), HEAD))) or ("", "")
    alone = beyond = lists = 0  # indices name the last word
    others: Counter[str] = Counter()
    for value in values():
        if not isinstance(value, Mapping):
            continue
        others.update({key: len(held) for key, held in value.items() if isinstance(held, list)})
        held = value.get(spans)
        for item in held if isinstance(held, list) else ():
            place = _place(item)
            lists += isinstance(item, list) or (isinstance(item, Mapping) and "index" in item)
            alone += place is not None and place[0] == place[1]
            beyond += place is not None and place[1] == len(value.get(words) or ())
        beyond += _touching(held)
    is_last = alone > beyond or (alone == beyond and lists > 0)
    if alone or beyond:
        why = "so they fit the file"
    else:
        why = "as other files have them; nothing in this one tells"
    ends = "the last word of each" if is_last else "the word after each"

    def convert(value: Any) -> Iterator[Made]:
        yield _tagged(value, words, spans, is_last=is_last)

    said = f"{spans!r} holds entities by the numbers of their words, their ends are {ends}, {why}"
    counts = {repr(key): size for key, size in others.items() if key not in (words, spans)}
    within = sum(
        _covered(value.get(spans), is_last=is_last)
        for value in values()
        if isinstance(value, Mapping)
    )
    return Converter(convert, (said,), left_out({**counts, INNER: within}))


def _touching(items: object) -> int:
    """Count the entities that end where another begins, as none does with its last word."""
    places = [found for item in _listed(items) if (found := _place(item))]
    begun = {start for start, end, _ in places if start < end}
    return sum(start < end and end in begun for start, end, _ in places)


def _covered(items: object, *, is_last: bool = True) -> int:
    """Count the entities of which a word belongs to a longer one, or to one before."""
    places = [found for item in _listed(items) if (found := _place(item))]
    taken: list[tuple[int, int]] = []
    for start, last, _ in sorted(places, key=lambda one: (one[0] - one[1], one[0])):
        end = last + is_last
        if not any(start < other[1] and other[0] < end for other in taken):
            taken.append((start, end))
    return len(places) - len(taken)


def _listed(items: object) -> list[Any]:
    return items if isinstance(items, list) else []


def _tagged(value: Any, words: str, spans: str, *, is_last: bool) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not isinstance(value.get(words), list):
        raise ValueError(f"the key {words!r} is missing or holds something else")
    tags = ["O"] * len(value[words])
    found: list[Place] = []
    for item in value.get(spans) or ():
        place = _place(item)
        if place is None:
            raise ValueError(f"expected a start, an end and a type, found {item!r:.60}")
        start, last, kind = place
        end = last + is_last
        if not 0 <= start < end <= len(tags):
            raise ValueError(f"the span {start}–{last} ({kind}) does not lie in {len(tags)} words")
        found.append((start, end, kind))
    for start, end, kind in sorted(found, key=lambda one: (one[0] - one[1], one[0])):
        if all(tag == "O" for tag in tags[start:end]):  # of those that overlap, the longest
            tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return {**plain(value), "words": value[words], "tags": tags}


def _are_documents(values: Sequence[Any]) -> bool:
    """Recognise documents of sentences with the entities of each, numbered through (DyGIE++)."""
    return bool(values) and all(
        isinstance(value, Mapping)
        and _are_lists(value.get("sentences"))
        and _are_lists(value.get("ner"))
        and len(value["sentences"]) == len(value["ner"])
        and all(isinstance(word, str) for words in value["sentences"] for word in words)
        and all(_place(item) is not None for items in value["ner"] for item in items)
        for value in values
    )


def _are_lists(held: object) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(one, list) for one in held)


def _of_documents(values: Values) -> Converter:
    others: Counter[str] = Counter()
    for value in values():
        for key in ("relations", "events", "clusters"):
            held = value.get(key) if isinstance(value, Mapping) else None
            others[key] += len(held) if isinstance(held, list) else 0
        sentences = value.get("ner") if isinstance(value, Mapping) else None
        others[INNER] += sum(map(_covered, _listed(sentences)))

    def convert(value: Any) -> Iterator[Made]:
        if not _are_documents([value]):
            raise ValueError("expected sentences and the entities of each")
        before = 0
        for words, items in zip(value["sentences"], value["ner"], strict=True):
            spans = [[start - before, last - before, kind] for start, last, kind in items]
            row = {**plain(value), "words": words, "spans": spans}
            yield {
                key: held
                for key, held in _tagged(row, "words", "spans", is_last=True).items()
                if key != "spans"
            }
            before += len(words)

    said = "the entities of each sentence are numbered through the document, up to their last word"
    return Converter(convert, (said,), left_out(others))


FORMS = (
    Form("words and entities by the numbers of their words", _recognise, _converter),
    Form("documents of sentences and their entities (DyGIE++)", _are_documents, _of_documents),
)
