"""Label Studio's full export: tasks with "data", and "annotations" (once "completions").

Each annotation holds the results of the labelling tool's controls: choices, labels of spans,
ratings, numbers, paths of a taxonomy, which of two texts was preferred. Its short exports (JSON-MIN
and CSV) are tables, see `label_studio_rows`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from textune.metrics.votes import Judged
from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    is_prose,
    left_out,
    member,
    plain,
    span,
)
from textune.records import Finding

LISTS = ("annotations", "completions")
GUESSED = "predictions"
IMAGES = frozenset(
    [
        *("brush", "brushlabels", "ellipse", "ellipselabels", "keypoint", "keypointlabels"),
        *("polygon", "polygonlabels", "rectangle", "rectanglelabels", "videorectangle"),
        *("bitmask", "bitmasklabels", "timelinelabels", "timeserieslabels", "vectorlabels"),
    ]
)
"""Kinds of results that mark regions of pictures, films or sound."""
SPANS = ("labels", "hypertextlabels", "paragraphlabels")
PICTURED = "regions of pictures, films or sound"
PAIRWISE = "pairwise"
HELD = {PAIRWISE: "selected", "textarea": "text"}  # kinds whose value has another key


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "data") and all(
        any(
            isinstance(value.get(key), list) and all(map(_is_annotation, value[key]))
            for key in _lists(value)
        )
        and isinstance(value["data"], Mapping)
        for value in values
    )


def _lists(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the keys of annotations; of predictions where a task has none, as before its import."""
    return LISTS if any(key in value for key in LISTS) else (GUESSED,)


def _is_annotation(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("result"), list)


def _done(value: Any) -> list[Mapping[str, Any]]:
    """List the annotations that somebody finished, the agreed one first."""
    lists = (value[key] for key in _lists(value) if isinstance(value.get(key), list))
    held: list[Mapping[str, Any]] = next(lists, [])
    done = [item for item in held if not (item.get("was_cancelled") or item.get("skipped"))]
    done.sort(key=lambda item: not item.get("ground_truth"))
    return done


@dataclass(slots=True)
class _Seen:
    """What the annotations of a file hold."""

    kinds: dict[str, str] = field(default_factory=dict)  # from_name → "labels", "choices", …
    several: set[str] = field(default_factory=set)  # of which a text has more than one
    others: Counter[str] = field(default_factory=Counter)  # what is no label of a text or a span
    guessed: int = 0  # tasks with predictions beside annotations
    taken: int = 0  # tasks with predictions alone
    annotated: int = 0  # all others
    compared: dict[str, None] = field(default_factory=dict)  # texts, where two were compared

    def add(self, value: Mapping[str, Any]) -> None:
        is_alone = _lists(value) == (GUESSED,)
        self.guessed += bool(value.get(GUESSED)) and not is_alone
        self.taken += is_alone
        self.annotated += not is_alone
        for annotation in _done(value):
            result = annotation["result"]
            marked = _marked(result)
            counts: Counter[str] = Counter()
            for item in result:
                if what := _other(item, marked):
                    self.others[what] += 1
                    continue
                name, kind = str(item.get("from_name")), str(item.get("type"))
                self.kinds.setdefault(name, "labels" if _is_region(item) else kind)
                if kind == PAIRWISE:
                    self.compared.update(dict.fromkeys(_texts(value)))
                counts[name] += len(_names(item))
            self.several |= {name for name, count in counts.items() if count > 1}

    def findings(self) -> tuple[Finding, ...]:
        found = left_out({**self.others, "tasks with predictions of a model": self.guessed})
        found = (*found, *asked(list(self.compared)))
        if not self.taken or self.annotated:
            return found
        message = (
            f"the labels of {self.taken:,} tasks are predictions of a model, which nobody has "
            "checked: there are no annotations"
        )
        return (*found, Finding("annotators", "warning", message, self.taken))


def asked(texts: Sequence[str]) -> tuple[Finding, ...]:
    """Ask which two texts were compared, where there are more."""
    if len(texts) < 3:
        return ()
    message = (
        "the labels say which of two texts was preferred, and the export does not say which two of "
        f"{', '.join(map(repr, texts))} those are; name them: --text ONE,OTHER"
    )
    return (Finding("texts", "error", message, len(texts)),)


def _texts(value: Mapping[str, Any]) -> list[str]:
    """Name what a task shows that is prose."""
    data = value.get("data")
    return [key for key, held in data.items() if is_prose(held)] if data else []


def _marked(result: Sequence[Any]) -> set[object]:
    """List the ids of the spans that have a label."""
    return {item.get("id") for item in result if item.get("type") in SPANS}


def _is_region(item: Any) -> bool:
    return isinstance(item.get("value"), Mapping) and {"start", "end"} <= item["value"].keys()


def _other(item: Any, marked: set[object]) -> str:
    """Name what is no label; "" for what is one."""
    if item.get("type") == "relation":
        return "relations between spans"
    if item.get("type") in IMAGES:
        return PICTURED
    if _is_region(item) and item.get("type") not in SPANS and item.get("id") in marked:
        return "properties of spans (choices and the like for a region)"
    return ""


def _names(item: Any) -> list[Any]:
    """List what a result holds, a path of a taxonomy as one name."""
    kind = str(item.get("type"))
    held = item.get("value", {}).get(HELD.get(kind, kind))
    if kind == "taxonomy" and isinstance(held, list):
        return [" / ".join(map(str, path if isinstance(path, list) else [path])) for path in held]
    return held if isinstance(held, list) else [held]


def _converter(values: Values) -> Converter:
    seen = _Seen()
    for value in values():
        if _recognise([value]):
            seen.add(value)

    if seen.others[PICTURED] and not seen.kinds:
        raise ValueError(
            f"an export of Label Studio, whose annotations are {PICTURED}; textune learns from "
            "text: export a project that labels text"
        )

    def convert(value: object) -> Iterator[Made]:
        return _rows(value, seen)

    held = ", ".join(f"{name!r} ({kind})" for name, kind in seen.kinds.items())
    return Converter(convert, (f"annotations: {held}",), seen.findings())


def _rows(value: Any, seen: _Seen) -> Iterator[Made]:
    data = member(value, "data", Mapping)
    if seen.annotated and _lists(value) == (GUESSED,):
        yield LeftOut("has predictions of a model, and no annotation", plain(data))
        return
    done = _done(value)
    if not done:
        yield LeftOut("has no finished annotation", plain(data))
        return
    row: dict[str, Any] = dict(plain(data))
    votes = [_vote(annotation["result"], row, seen) for annotation in done]
    yield Judged(row, tuple(votes), is_settled=bool(done[0].get("ground_truth")))


def _vote(result: Sequence[Any], row: Mapping[str, Any], seen: _Seen) -> dict[str, Any]:
    """Take what one annotator said of a text, in a column for each control of the tool."""
    marked = _marked(result)
    held = [item for item in result if not _other(item, marked)]
    return {
        f"{name} (annotated)" if name in row else name: _held(
            [item for item in held if str(item.get("from_name")) == name],
            kind,
            is_list=name in seen.several,
        )
        for name, kind in seen.kinds.items()
    }


def _held(items: Sequence[Mapping[str, Any]], kind: str, *, is_list: bool) -> object:
    """Take what one control of the tool holds for a text."""
    if kind in SPANS:
        return [
            span(*_ends(item["value"]), name, item["value"].get("text"))
            for item in items
            for name in _names(item)
        ]
    names = [name for item in items for name in _names(item)]
    return names if is_list else next(iter(names), None)


def _ends(value: Mapping[str, Any]) -> tuple[object, object]:
    """Take where a span begins and ends, in the text or, of a page, in what is seen of it.

    Raises:
        ValueError: It lies in a dialogue, whose turns are no text.
    """
    if isinstance(value.get("start"), str) and "startOffset" in value:
        raise ValueError(
            "a span lies in a page or in a dialogue (HyperText, Paragraphs), whose text is not in "
            "the export as it was shown; annotate plain text (the tag Text)"
        )
    return value.get("start"), value.get("end")


FORM = Form("an export of Label Studio", _recognise, _converter)
