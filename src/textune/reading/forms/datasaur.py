"""Datasaur's JSON: lines with spans by the numbers of their tokens, answers on whole documents."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    left_out,
    member,
    span,
    whole,
)

KEYS = frozenset(["spanLabels", "rowAnswers", "documentAnswers", "documentAnswerSet", "bboxLabels"])
ROWS = '{"text": "…", "label": [[start, end, "type"], …]}'
JOINED = "spans over several lines, cut at the ends of these"
UNSURE = "spans that were rejected, or of which the labelers disagree"
AGAINST = ("REJECTED", "CONFLICT")


@dataclass(frozen=True, slots=True)
class _Line:
    """A text, and where each of its tokens stands."""

    text: str
    places: tuple[tuple[int, int], ...]

    def place(self, token: int) -> tuple[int, int]:
        """Tell where a token stands.

        Raises:
            ValueError: There is no such token.
        """
        if not 0 <= token < len(self.places):
            raise ValueError(f"no token {token} among the {len(self.places)} of {self.text!r:.60}")
        return self.places[token]


@dataclass(frozen=True, slots=True)
class _Mark:
    """A span by its first and its last character: a line, a token, a character of this."""

    column: str
    label: str
    first: tuple[int, int, int | None]
    last: tuple[int, int, int | None]


def _is_schema(values: Sequence[Any]) -> bool:
    return are_objects(values, "data") and all(
        isinstance(value["data"], Mapping)
        and (KEYS & value["data"].keys() or {"kinds", "document"} <= value["data"].keys())
        for value in values
    )


def _is_advanced(values: Sequence[Any]) -> bool:
    return are_objects(values, "sentences", "labels", "labelSets") and all(
        isinstance(value[key], list)
        for value in values
        for key in ("sentences", "labels", "labelSets")
    )


def _schema(values: Values) -> Converter:
    """Tell whether lines or whole documents are the rows, by what is answered.

    Raises:
        ValueError: Rows were labelled, or pictures, which are no texts with spans.
    """
    counts: Counter[str] = Counter()
    layers: set[str] = set()
    is_answered = is_marked = False
    for value in values():
        data = value["data"]
        _refuse(data)
        layers |= set(_columns(data.get("labelSets")).values())
        is_marked = _watch(_marks(data), counts) or is_marked
        counts["relations between spans"] += len(data.get("arrowLabels") or ())
        is_answered = is_answered or any(_answers(data).values())

    def convert(value: Any) -> Iterator[Made]:
        data = member(value, "data", Mapping)
        lines = [_line(cells) for cells in member(data, "rows", list)]
        if is_answered:
            yield _document(lines, _answers(data), _marks(data), layers if is_marked else set())
        else:
            yield from _rows(lines, _marks(data), layers)

    said = "each document is a text" if is_answered else "each line is a text"
    return Converter(convert, (said,), left_out(counts), layers={name: name for name in layers})


def _advanced(values: Values) -> Converter:
    counts: Counter[str] = Counter()
    layers: set[str] = set()
    for value in values():
        layers |= set(_columns(value["labelSets"]).values())
        _watch(_old_marks(value), counts)
        kinds = Counter(item.get("type", "SPAN") for item in value["labels"])
        counts["relations between spans"] += kinds["ARROW"]

    def convert(value: Any) -> Iterator[Made]:
        lines = [_line(one) for one in member(value, "sentences", list)]
        yield from _rows(lines, _old_marks(value), layers)

    reasons = ("each line is a text",)
    return Converter(convert, reasons, left_out(counts), layers={name: name for name in layers})


def _refuse(data: Mapping[str, Any]) -> None:
    kinds = data.get("kinds") or ()
    is_rows = "ROW_BASED" in kinds or any(
        key.startswith("rowAnswer") and held for key, held in data.items()
    )
    if is_rows:
        raise ValueError(
            "a project in Datasaur's own schema whose rows are labelled; export it as CSV or XLSX"
        )
    if "BBOX_BASED" in kinds or not isinstance(data.get("rows"), list) or not data["rows"]:
        raise ValueError(
            "a project in Datasaur's own schema without texts: of pictures, or of files beside it; "
            f"export documents as CSV, or write a row for each text: {ROWS}"
        )


def _line(cells: Any) -> _Line:
    """Take the text of a line, which has one cell where spans are marked.

    Raises:
        ValueError: A token is not in the text.
    """
    cell = cells[0] if isinstance(cells, list) and len(cells) == 1 else cells
    text, places, end = member(cell, "content", str), [], 0
    for token in member(cell, "tokens", list):
        start = text.find(token, end)
        if start < 0:
            raise ValueError(f"the token {token!r:.40} is not in the line {text!r:.60}")
        end = start + len(token)
        places.append((start, end))
    return _Line(text, tuple(places))


def _columns(sets: Any) -> dict[int, str]:
    """Name the column of each set of labels; that of a single one is "label"."""
    names = [str(one.get("name") or one.get("label") or "") for one in sets or ()]
    if len(names) < 2:
        return {0: "label"}
    return {
        number: name if name and names.count(name) == 1 else f"layer {number}"
        for number, name in enumerate(names)
    }


def _marks(data: Mapping[str, Any]) -> Iterator[_Mark | None]:
    """Give the spans; None for each that was rejected."""
    sets = data.get("labelSets") or ()
    columns = _columns(sets)
    layer_of = {
        item.get("id"): number
        for number, one in enumerate(sets)
        for item in one.get("labelItems") or ()
    }
    for item in data.get("spanLabels") or ():
        if _is_against(item):
            yield None
            continue
        kind = member(item, "labelItem", Mapping)
        place = member(item, "textPosition", Mapping)
        first, last = member(place, "start", Mapping), member(place, "end", Mapping)
        yield _Mark(
            columns[layer_of.get(kind.get("id"), 0)],
            member(kind, "labelName", str),
            (whole(first["row"]), whole(first["tokenIndex"]), first.get("charIndex")),
            (whole(last["row"]), whole(last["tokenIndex"]), last.get("charIndex")),
        )


def _old_marks(value: Mapping[str, Any]) -> Iterator[_Mark | None]:
    """Give the spans of "JSON Advanced", whose labels stand in the sets under their ids.

    Raises:
        ValueError: A label stands in no set.
    """
    columns = _columns(value["labelSets"])
    names = {
        (number, item["id"]): item["label"]
        for number, one in enumerate(value["labelSets"])
        for item in (one.get("config") or {}).get("options") or one.get("labelItems") or ()
    }
    for item in value["labels"]:
        if item.get("type", "SPAN") != "SPAN":
            continue
        if _is_against(item):
            yield None
            continue
        at = (item.get("layer", 0), item["labelSetItemId"])
        if at not in names:
            raise ValueError(f"the label {at[1]!r} is in no set of labels (layer {at[0]!r})")
        first, last = (
            (
                whole(item[f"{end}CellLine"]),
                whole(item[f"{end}TokenIndex"]),
                item.get(f"{end}CharIndex"),
            )
            for end in ("start", "end")
        )
        yield _Mark(columns[at[0]], names[at], first, last)


def _is_against(item: Mapping[str, Any]) -> bool:
    return not {item.get("status"), item.get("labeledBy")}.isdisjoint(AGAINST)


def _watch(marks: Iterator[_Mark | None], counts: Counter[str]) -> bool:
    """Count what is not read of the spans, and tell whether there is any."""
    is_marked = False
    for mark in marks:
        counts[UNSURE] += mark is None
        counts[JOINED] += mark is not None and mark.first[0] != mark.last[0]
        is_marked = is_marked or mark is not None
    return is_marked


def _answers(data: Mapping[str, Any]) -> dict[str, Any]:
    """Take what was answered on the document, by the questions' own words."""
    held = data.get("documentAnswerSet")
    if not isinstance(held, Mapping):
        return {}
    questions = {str(one["id"]): one for one in data.get("documentQuestions") or ()}
    return {
        str(questions.get(key, {}).get("label") or f"question {key}"): said
        for key, said in held.items()
    }


def _document(
    lines: Sequence[_Line],
    answers: Mapping[str, Any],
    marks: Iterator[_Mark | None],
    layers: set[str],
) -> Made:
    begin = [0]
    for line in lines:
        begin.append(begin[-1] + len(line.text) + 1)
    text = "\n".join(line.text for line in lines)
    row: dict[str, Any] = {"text": text, **{column: [] for column in sorted(layers)}}
    for mark in filter(None, marks):
        start, end = _edges(lines, mark)
        found = span(begin[mark.first[0]] + start, begin[mark.last[0]] + end, mark.label)
        row[mark.column].append(found)
    return {**row, **answers} if any(answers.values()) else LeftOut("has no answer", row)


def _rows(
    lines: Sequence[_Line], marks: Iterator[_Mark | None], layers: set[str]
) -> Iterator[Made]:
    rows: list[dict[str, Any]] = [
        {"text": line.text, **{column: [] for column in sorted(layers)}} for line in lines
    ]
    for mark in filter(None, marks):
        start, end = _edges(lines, mark)
        top, bottom = mark.first[0], mark.last[0]
        for number in range(top, bottom + 1):
            at = start if number == top else 0
            to = end if number == bottom else len(lines[number].text)
            rows[number][mark.column].append(span(at, to, mark.label))
    yield from rows


def _edges(lines: Sequence[_Line], mark: _Mark) -> tuple[int, int]:
    """Tell where a span begins in its first line and ends in its last; a character is within.

    Raises:
        ValueError: It lies in no line.
    """
    (top, token, sign), (bottom, last, end) = mark.first, mark.last
    if not 0 <= top <= bottom < len(lines):
        raise ValueError(f"the span {mark.label!r} from line {top} to {bottom} lies in no line")
    place = lines[bottom].place(last)
    return lines[top].place(token)[0] + (sign or 0), place[1] if end is None else place[0] + end + 1


FORMS = (
    Form("Datasaur's own schema", _is_schema, _schema),
    Form('an export of Datasaur ("JSON Advanced")', _is_advanced, _advanced),
)
