"""Augmented manifests of Amazon SageMaker Ground Truth: a line has a text, and keys of its jobs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import (
    Converter,
    Form,
    LeftOut,
    Made,
    Values,
    member,
    span,
)

META = "-metadata"


def _jobs(value: Mapping[str, Any]) -> list[str]:
    """Name the labelling jobs of a line: keys that have metadata beside them."""
    return [
        key
        for key in value
        if isinstance(value.get(key + META), Mapping) and "type" in value[key + META]
    ]


def _is_manifest(values: Sequence[Any]) -> bool:
    are_sources = all(
        isinstance(value, Mapping) and {"source", "source-ref"} & value.keys() for value in values
    )
    return bool(values) and are_sources and any(map(_jobs, values))


def _manifest(values: Values) -> Converter:
    jobs: dict[str, None] = {}
    for value in values():
        if isinstance(value, Mapping):
            jobs.update(dict.fromkeys(_jobs(value)))

    def convert(value: Any) -> Iterator[Made]:
        if not isinstance(value.get("source"), str):
            raise ValueError(
                "its text stands in another file ('source-ref'); put it into the line as 'source'"
            )
        found = {job: _job(value, job) for job in jobs if job in value}
        if not found:
            yield LeftOut("has no label of any job", {"source": value["source"]})
            return
        yield {"source": value["source"], **found}

    listed = ", ".join(map(repr, jobs))
    return Converter(convert, (f"'source' is the text; jobs: {listed}",))


def _job(value: Mapping[str, Any], job: str) -> object:
    """Take what one labelling job says of a text.

    Raises:
        ValueError: It is of no known kind.
    """
    held, meta = value[job], value.get(job + META) or {}
    if isinstance(held, Mapping) and isinstance(held.get("annotations"), Mapping):
        return [
            span(item.get("startOffset"), item.get("endOffset"), item.get("label"))
            for item in member(held["annotations"], "entities", list)
        ]
    if isinstance(held, list):
        names = meta.get("class-map") or {}
        return [names.get(str(number), str(number)) for number in held]
    return meta.get("class-name", held)


FORM = Form("an augmented manifest of SageMaker Ground Truth", _is_manifest, _manifest)
