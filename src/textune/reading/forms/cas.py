"""A CAS of UIMA becomes sentences with their spans: JSON (0.4, as INCEpTION writes it, and 2), XMI.

{"%FEATURE_STRUCTURES": [{"%TYPE": "uima.cas.Sofa", "sofaString": …}, {"%TYPE": "….NamedEntity",
"@sofa": 1, "begin": 0, "end": 4, "value": "PER"}, …]}. The others become such a list first. Places
are counted in units of UTF-16. A layer without a feature marks its spans by its name.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from textune.errors import DataError
from textune.reading import jsonlines, units
from textune.reading.forms import xml_elements
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
from textune.reading.told import problems_of
from textune.records import Row, Table

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
NAME = "a CAS of UIMA as XMI"
NO_SPAN = "no layer marks a span of text"
XMI = "{http://www.omg.org/XMI}id"
LAYERS, REFERRED = "_views", "_referenced_fss"
_BEGIN = re.compile(rb"(?s)(<\?xml.*?\?>\s*)?<xmi:XMI[\s>]")
_NO_NAME = re.compile(r"[\d\s.+eE-]*|true|false|NaN|-?Infinity")  # numbers, and references by them
_WAY_OUT = (
    "export it as WebAnno TSV 3, or write a row for each text, with a list of its spans, by "
    "dkpro-cassis"
)
Feature = tuple[str, str]  # the layer, and its feature; "" where it has none
Marks = dict[Feature, list[tuple[int, int, str]]]


@dataclass(slots=True)
class _Document:
    text: str = ""
    sentences: list[tuple[int, int]] = field(default_factory=list)
    marks: Marks = field(default_factory=dict)  # the spans of each feature


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, HELD) and all(isinstance(value[HELD], list) for value in values)


def _are_older(values: Sequence[Any]) -> bool:
    return are_objects(values, LAYERS, REFERRED)


def _held(value: Mapping[str, Any]) -> Sequence[Any]:
    """List the feature structures of a value of either version."""
    return value[HELD] if HELD in value else list(_of_older(value))


def _of_older(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Write what version 2 keeps by layers as a list; there a place of 0 is not written."""
    referred = value[REFERRED]
    for key, one in referred.items():
        if isinstance(one, Mapping) and "sofaString" in one:
            yield {"%TYPE": SOFA, "%ID": int(key), **one}
    for layers in value[LAYERS].values():
        for layer, items in layers.items():
            for item in items:
                one = referred[str(item)] if isinstance(item, int) else item
                features = {key: held for key, held in one.items() if key[0] != "_"}
                places = {"begin": 0, **features, "@sofa": one.get("sofa")}
                yield {**(places if "end" in one else features), "%TYPE": layer}


def begins(path: Path, head: bytes) -> bool:
    """Tell XMI by its first bytes."""
    return _BEGIN.match(head.lstrip()) is not None


def read(path: Path, why: tuple[str, ...] = ()) -> Table:
    """Describe the sentences of one document.

    Raises:
        DataError: It is no XML, has no text, or no layer marks a span of it.
    """
    root = xml_elements.tree(path)
    try:
        held = {HELD: [_of_xmi(element) for element in root]}
        made = _converter(lambda: iter([held]))
        found = [row for row in made.convert(held) if isinstance(row, Mapping)]
    except ValueError as error:
        raise DataError(f"{path.name}: {error}") from error
    columns = tuple(found[0])

    def rows() -> Iterator[Row]:
        with problems_of(path) as problems:
            for number, row in enumerate(found, start=1):
                origin = f"{path.name}: sentence {number}"
                yield from jsonlines.sound(tuple(row.values()), columns, origin, problems)

    reasons = (*why, f"format: {NAME}", *made.reasons)
    table = Table.of_file(path, "jsonl", columns, reasons, rows, findings=made.findings)
    return replace(table, layers=made.layers)


def _of_xmi(element: Element) -> dict[str, Any]:
    """Write an element as a feature structure; what may be a reference is left out."""
    space, _, name = element.tag.lstrip("{").rpartition("}")
    kind = f"{space.removeprefix('http:///').removesuffix('.ecore').replace('/', '.')}.{name}"
    held = {key: text for key, text in element.items() if key[0] != "{"}
    if kind == SOFA:
        return {"%TYPE": SOFA, "%ID": element.get(XMI), **held}
    found: dict[str, Any] = {
        key: text for key, text in held.items() if _NO_NAME.fullmatch(text) is None
    }
    if "sofa" in held and "begin" in held and "end" in held:
        found |= {"@sofa": held["sofa"], "begin": int(held["begin"]), "end": int(held["end"])}
    return {**found, "%TYPE": kind}


def _converter(values: Values) -> Converter:
    counts: Counter[str] = Counter()
    found: Counter[Feature] = Counter()
    for value in values():
        if _recognise([value]) or _are_older([value]):
            marks = _read(value, counts).marks
            found.update({feature: len(spans) for feature, spans in marks.items()})
    names = _named(found)
    counts["annotations without a value"] += sum(
        count for feature, count in found.items() if feature not in names
    )

    def convert(value: Any) -> Iterator[Made]:
        yield from _rows(_read(value, Counter()), names)

    shown = f"layers: {', '.join(map(repr, names.values()))}" if names else NO_SPAN
    reason = f"a row for each sentence; {shown}"
    layers = {name: ".".join(filter(None, feature)) for feature, name in names.items()}
    return Converter(convert, (reason,), left_out(counts), layers=layers)


def _named(features: Iterable[Feature]) -> dict[Feature, str]:
    """Name the columns: by their layer, and by the feature where it has several in the file."""
    listed = sorted(features, key=_rank)
    times = Counter(layer for layer, key in listed if key)
    return {
        (layer, key): f"{layer}.{key}" if times[layer] > 1 else layer
        for layer, key in listed
        if key or not times[layer]
    }


def _rank(feature: Feature) -> int:
    layer = feature[0]
    return 0 if layer == ENTITY else 2 if layer in WORDS else 1


def _read(value: Mapping[str, Any], counts: Counter[str]) -> _Document:
    """Read the first view; what stands in others is counted.

    Raises:
        ValueError: It has no text, or a place is none.
    """
    held = [one for one in _held(value) if isinstance(one, Mapping)]
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
            for feature, label in features:
                found.marks.setdefault(feature, []).append((start, end, label))
    return found


def _features(layer: str, one: Mapping[str, Any]) -> Iterator[tuple[Feature, str]]:
    """Yield the features of an annotation that hold a text, each with it; its name without any."""
    texts = {key: text for key, text in one.items() if isinstance(text, str) and text.strip()}
    held = {key: text for key, text in texts.items() if key[0] not in "%@^"}
    held.pop("identifier", None)  # of a knowledge base
    if "coarseValue" in held and "PosValue" in held:
        del held["coarseValue"]
    name = str(one.get("%TYPE", ""))
    kind = WORDS[0] if WORDS[0] in name or ".pos." in name else layer
    for key, text in held.items():
        yield (kind, key), text
    if not held and layer != ENTITY and kind not in WORDS:
        yield (layer, ""), layer


def _rows(found: _Document, names: Mapping[Feature, str]) -> Iterator[dict[str, Any]]:
    """Write a row for each sentence, or one for the document where a span is in none of them."""
    held = {name: sorted(found.marks.get(feature, ())) for feature, name in names.items()}
    spans = [(start, end) for marks in held.values() for start, end, _ in marks]
    parts = sorted(found.sentences)
    if not parts or not _fit(spans, parts):
        parts = [(0, len(found.text))]
    at = dict.fromkeys(held, 0)
    for start, end in parts:
        row: dict[str, Any] = {"text": found.text[start:end]}
        for name, marks in held.items():
            row[name] = []
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


FORMS = (
    Form("a CAS of UIMA (INCEpTION)", _recognise, _converter),
    Form("a CAS of UIMA (version 2)", _are_older, _converter),
)
