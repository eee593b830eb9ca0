"""A CAS of UIMA as JSON (INCEpTION's "UIMA CAS JSON 0.4") becomes sentences with their spans.

{"%FEATURE_STRUCTURES": [{"%TYPE": "uima.cas.Sofa", "sofaString": …}, {"%TYPE": "….NamedEntity",
"@sofa": 1, "begin": 0, "end": 4, "value": "PER"}, …]}. Places are counted in units of UTF-16. A
layer without a feature marks its spans by its name.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from textune.reading import units
from textune.reading.forms.interface import (
    Converter,
    Form,
    Made,
    Values,
    are_objects,
    left_out,
    span,
    whole,
)

HELD, VIEWS, SOFA = "%FEATURE_STRUCTURES", "%VIEWS", "uima.cas.Sofa"
FIRST = "_InitialView"
SENTENCE, ENTITY = "Sentence", "NamedEntity"
WORDS = ("POS", "Lemma", "Stem", "MorphologicalFeatures")  # of every word: after all others
OTHERS = frozenset(  # that mark no span of text, or parts of it of no label
    [
        *("Token", SENTENCE, "Paragraph", "Div", "Heading", "Document", "DocumentMetaData"),
        *("DocumentAnnotation", "TagsetDescription", "TagDescription", "CoreferenceLink"),
        *("Dependency", "ROOT", "Constituent", "SurfaceForm", "Field", "CASMetadata"),
    ]
)
_WAY_OUT = "export it as WebAnno TSV 3, or write a row for each text, with a list of its spans"
Marks = dict[str, list[tuple[int, int, str]]]


@dataclass(slots=True)
class _Document:
    text: str = ""
    sentences: list[tuple[int, int]] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)  # layer and feature → spans


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, HELD) and all(isinstance(value[HELD], list) for value in values)


def _converter(values: Values) -> Converter:
    counts: Counter[str] = Counter()
    names: dict[str, None] = {}
    for value in values():
        if _recognise([value]):
            names.update(dict.fromkeys(_read(value, counts).marks))
    if not names:
        raise ValueError(f"a CAS of UIMA in which no layer marks a span of text; {_WAY_OUT}")
    listed = sorted(names, key=_rank)

    def convert(value: Any) -> Iterator[Made]:
        yield from _rows(_read(value, Counter()), listed)

    shown = ", ".join(map(repr, listed))
    return Converter(convert, (f"a row for each sentence; layers: {shown}",), left_out(counts))


def _rank(name: str) -> int:
    layer = name.partition(".")[0]
    return 0 if layer == ENTITY else 2 if layer in WORDS else 1


def _read(value: Mapping[str, Any], counts: Counter[str]) -> _Document:
    """Read the first view; what stands in others is counted.

    Raises:
        ValueError: It has no text, or a place is none.
    """
    held = [one for one in value[HELD] if isinstance(one, Mapping)]
    sofas = [one for one in held if one.get("%TYPE") == SOFA]
    sofa = next((one for one in sofas if one.get("sofaID") == FIRST), next(iter(sofas), {}))
    text = sofa.get("sofaString")
    if not isinstance(text, str):
        raise ValueError(f"a CAS of UIMA without the text of its view; {_WAY_OUT}")
    found = _Document(text)
    place = units.of_utf16(found.text)
    for one in held:
        layer = str(one.get("%TYPE", "")).rpartition(".")[2]
        if "begin" not in one or "end" not in one or one.get("@sofa") != sofa.get("%ID"):
            counts["annotations of other views"] += "begin" in one and bool(one.get("@sofa"))
            continue
        start, end = place(whole(one["begin"])), place(whole(one["end"]))
        if layer == SENTENCE:
            found.sentences.append((start, end))
        elif layer not in OTHERS:
            features = list(_features(layer, one))
            counts["annotations without a value"] += not features
            for name, label in features:
                found.marks.setdefault(name, []).append((start, end, label))
    return found


def _features(layer: str, one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the features of an annotation that hold a text, each with it; its name without any."""
    held = {key: text for key, text in one.items() if isinstance(text, str) and key[0] not in "%@^"}
    held.pop("identifier", None)  # of a knowledge base
    if "coarseValue" in held and "PosValue" in held:
        del held["coarseValue"]
    kind = WORDS[0] if WORDS[0] in str(one.get("%TYPE", "")) else layer
    for key, text in held.items():
        yield (kind if len(held) == 1 else f"{kind}.{key}"), text
    if not held and layer != ENTITY and kind not in WORDS:
        yield layer, layer


def _rows(found: _Document, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Write a row for each sentence, or one for the document where a span is in none of them."""
    spans = [(start, end) for marks in found.marks.values() for start, end, _ in marks]
    parts = sorted(found.sentences)
    if not parts or not _fit(spans, parts):
        parts = [(0, len(found.text))]
    held = {name: sorted(found.marks.get(name, ())) for name in names}
    at = dict.fromkeys(names, 0)
    for start, end in parts:
        row: dict[str, Any] = {"text": found.text[start:end]}
        for name in names:
            row[name], marks = [], held[name]
            while at[name] < len(marks) and marks[at[name]][0] < end:
                first, last, label = marks[at[name]]
                surface = found.text[first:last]
                row[name].append(span(first - start, last - start, label, surface))
                at[name] += 1
        yield row


def _fit(spans: Sequence[tuple[int, int]], parts: Sequence[tuple[int, int]]) -> bool:
    """Tell whether each span lies in one of the sentences, which follow each other."""
    if any(one[1] > two[0] for one, two in pairwise(parts)):
        return False
    number = 0
    for start, end in sorted(spans):
        while number < len(parts) and parts[number][1] < end:
            number += 1
        if number == len(parts) or not parts[number][0] <= start:
            return False
    return True


FORM = Form("a CAS of UIMA (INCEpTION)", _recognise, _converter)
