"""Objects with a list of aspects, each with what is said of it, become a column for each aspect.

{"text": "…", "aspects": [{"aspect": "food", "polarity": "positive"}]}: as in SemEval's XML, an
aspect that a text does not name is "none", one of several polarities "conflict".
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.absa import CONFLICT, NONE
from textune.reading.forms.interface import Converter, Form, Made, Values, is_prose, plain

ASPECTS = ("aspect", "category", "aspect_category", "aspectCategory", "attribute", "topic")
SAID = ("polarity", "sentiment", "opinion", "stance", "label", "value")
PLACES = ("start", "from", "begin", "offset", "span", "startPos")
MOST = 50  # aspects: of more each is a phrase of its text, no column
OFTEN = 3  # texts that an aspect has in the mean, likewise

Keys = tuple[str, str, str]  # of the list, of the aspect and of what is said of it


def _recognise(values: Sequence[Any]) -> bool:
    keys = _keys(values)
    if keys is None or not all(any(map(is_prose, value.values())) for value in values):
        return False
    counts = Counter(name for value in values for name, _ in _said(value, keys))
    return len(counts) <= MOST and counts.total() >= min(OFTEN * len(counts), len(values))


def _keys(values: Sequence[Any]) -> Keys | None:
    """Find the list of aspects among the keys of all objects, and what its items are called."""
    if not all(isinstance(value, Mapping) for value in values):
        return None
    for key in dict.fromkeys(key for value in values for key in value):
        lists = [value[key] for value in values if value.get(key) is not None]
        items = [item for held in lists if isinstance(held, list) for item in held]
        if not items or not all(isinstance(held, list) for held in lists):
            continue
        if not all(isinstance(item, Mapping) for item in items):
            continue
        shared = set.intersection(*(set(item) for item in items))
        name = next((word for word in ASPECTS if word in shared), None)
        said = next((word for word in SAID if word in shared), None)
        if name and said and not shared.intersection(PLACES):
            return key, name, said
    return None


def _said(value: Mapping[str, Any], keys: Keys) -> Iterator[tuple[str, str]]:
    """Yield each aspect of an object with what is said of it.

    Raises:
        ValueError: One of them is no text or number.
    """
    held, name, said = keys
    for item in value.get(held) or ():
        both = item.get(name), item.get(said)
        if not all(isinstance(part, str | int | float) and str(part).strip() for part in both):
            raise ValueError(f"an aspect is {item!r:.60}; allowed: a name, and what is said of it")
        yield str(both[0]).strip(), str(both[1]).strip()


def _converter(values: Values) -> Converter:
    objects = [value for value in values() if isinstance(value, Mapping)]
    keys = _keys(objects)
    if keys is None:
        raise ValueError("some of its lists of aspects are written otherwise than the first ones")
    names = sorted({name for value in objects for name, _ in _said(value, keys)})

    def convert(value: Any) -> Iterator[Made]:
        if not isinstance(value, Mapping):
            raise ValueError("no JSON object")
        said: dict[str, str] = {}
        for name, what in _said(value, keys):
            said[name] = what if said.get(name, what) == what else CONFLICT
        row = plain(value, keys[0], *names)
        yield row | {name: said.get(name, NONE) for name in names}

    reason = (
        f"a column for each aspect of {keys[0]!r}: its {keys[2]}, or {NONE!r} where a text does "
        "not name it"
    )
    return Converter(convert, (reason,))


FORM = Form("lists of aspects", _recognise, _converter)
