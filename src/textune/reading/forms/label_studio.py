"""Label Studio's full export: tasks with "data", and "annotations" (once "completions")."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    are_objects,
    member,
    plain,
    span,
)
from textune.records import Finding

LISTS = ("annotations", "completions")


def _recognise(values: Sequence[Any]) -> bool:
    return are_objects(values, "data") and all(
        any(
            isinstance(value.get(key), list) and all(map(_is_annotation, value[key]))
            for key in LISTS
        )
        and isinstance(value["data"], Mapping)
        for value in values
    )


def _is_annotation(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("result"), list)


def _done(value: Any) -> list[list[Mapping[str, Any]]]:
    """List the results of the annotations that somebody finished, the agreed one first."""
    lists = (value[key] for key in LISTS if isinstance(value.get(key), list))
    held: list[Mapping[str, Any]] = next(lists, [])
    done = [item for item in held if not item.get("was_cancelled")]
    done.sort(key=lambda item: not item.get("ground_truth"))
    return [item["result"] for item in done]


def _converter(values: Values) -> Converter:
    kinds: dict[str, str] = {}  # from_name → "labels", "choices", …
    several: set[str] = set()  # of which a text has more than one
    torn = 0
    for value in values():
        if not _recognise([value]):
            continue
        done = _done(value)
        for result in done:
            counts: Counter[str] = Counter()
            for item in result:
                name, kind = str(item.get("from_name")), str(item.get("type"))
                kinds.setdefault(name, kind)
                held = item.get("value", {}).get(kind)
                counts[name] += len(held) if isinstance(held, list) else 1
            several |= {name for name, count in counts.items() if count > 1}
        said = [[f"{one.get('from_name')}: {one.get('value')!r}" for one in part] for part in done]
        torn += len({tuple(sorted(part)) for part in said}) > 1

    def convert(value: object) -> Iterator[Made]:
        return _rows(value, kinds, several)

    findings: tuple[Finding, ...] = ()
    if torn:
        message = (
            f"annotators differ in {torn:,} text{'s' if torn > 1 else ''}: the annotation marked "
            "as ground truth, else the first, was taken"
        )
        findings = (Finding("annotators", "warning", message, torn),)
    held = ", ".join(f"{name!r} ({kind})" for name, kind in kinds.items())
    return Converter(convert, (f"annotations: {held}",), findings)


def _rows(value: Any, kinds: Mapping[str, str], several: set[str]) -> Iterator[Made]:
    data = member(value, "data", Mapping)
    done = _done(value)
    if not done:
        yield LeftOut("has no finished annotation")
        return
    row: dict[str, Any] = dict(plain(data))
    for name, kind in kinds.items():
        column = f"{name} (annotated)" if name in row else name
        items = [item for item in done[0] if str(item.get("from_name")) == name]
        row[column] = _held(items, kind, is_list=name in several)
    yield row


def _held(items: Sequence[Mapping[str, Any]], kind: str, *, is_list: bool) -> object:
    """Take what one control of the tool holds for a text."""
    if kind in ("labels", "hypertextlabels", "paragraphlabels"):
        return [
            span(held.get("start"), held.get("end"), name, held.get("text"))
            for held in (item["value"] for item in items)
            for name in held.get(kind) or []
        ]
    held = [item.get("value", {}).get(kind) for item in items]
    names = [name for found in held for name in (found if isinstance(found, list) else [found])]
    return names if is_list else next(iter(names), None)


FORM = Form("an export of Label Studio", _recognise, _converter)
