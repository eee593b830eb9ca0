"""What a model predicted of a text becomes what is explained of it.

Of labels: each that was decided on, and of several labels a text the likeliest of the others; of
numbers each; of words those that are marked; of a passage the answer. Or what the user names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textune.errors import SettingsError, among, excerpt
from textune.predicting.explaining import values
from textune.predicting.explaining.model import Model
from textune.predicting.explaining.tracing import Trace
from textune.predicting.explaining.values import Value
from textune.records import OUTSIDE, PASSAGES, Entity, Prediction
from textune.tasks import lengths, registry
from textune.tasks.interface import Floats

MOST = 8  # values of one text


@dataclass(frozen=True, slots=True)
class Asked:
    """A text, what was predicted of it, and the probabilities behind that."""

    trace: Trace
    prediction: Prediction
    probabilities: Floats  # (I, C)


def check(model: Model, wanted: str | None) -> None:
    """Refuse a label that the model does not know.

    Raises:
        SettingsError: There is no such label.
    """
    if wanted is None or model.task.asks == PASSAGES:
        return
    known = list(model.task.labels)
    if model.task.asks == "words":
        known = _kinds(model) + [label for label in known if label not in _kinds(model)]
    if wanted not in known:
        noun = registry.of(model.task.name).noun
        raise SettingsError(
            f"--for {wanted!r}: none of this model's {noun}; {among(wanted, known)}"
        )


def choose(model: Model, asked: Asked, wanted: str | None) -> list[Value]:
    """Choose what is explained of a text; nothing where the encoder reads no word of it.

    Args:
        model: That predicted.
        asked: The text.
        wanted: A label, a type of entities or a tag; for answers a part of the passage.

    Raises:
        SettingsError: What is wanted does not stand in the passage.
    """
    if not asked.trace.words:
        return []
    asks = model.task.asks
    if asks == "texts":
        return list(_of_labels(model, asked, wanted))[:MOST]
    if asks == "words":
        return list(_of_tags(model, asked, wanted))[:MOST]
    return [_of_answer(model, asked, wanted)]


def _of_labels(model: Model, asked: Asked, wanted: str | None) -> Iterator[Value]:
    task, kind = model.task, registry.of(model.task.name)
    labels, chances = task.labels, asked.probabilities[0]
    if not kind.has_classes:
        for place, label in enumerate(labels):
            if wanted in (None, label):
                yield _of_number(model, place, float(chances[place]))
        return
    decided = [label for label in asked.prediction.labels if label in labels]
    names = [wanted] if wanted is not None else decided
    if wanted is None and (kind.several or not decided):
        others = [place for place, label in enumerate(labels) if label not in decided]
        if others and not kind.by_column:
            names = [*decided[: MOST - 1], labels[max(others, key=lambda at: chances[at])]]
    for label in names:
        place = labels.index(label)
        yield Value(
            label,
            "log-odds",
            values.of_class(place, _rivals(model, place)),
            is_decided=label in decided,
            score=float(chances[place]),
        )


def _rivals(model: Model, place: int) -> Sequence[int]:
    """Return the outputs that exclude one."""
    kind = registry.of(model.task.name)
    if kind.several and not kind.by_column:
        return ()
    none = np.zeros((0, len(model.task.labels)), dtype=np.float32)
    groups = [outputs.tolist() for outputs, _ in kind.exclusive(model.task, none)]
    return next(group for group in groups if place in group)


def _of_number(model: Model, place: int, number: float) -> Value:
    """Take an output as the number that it stands for, in the user's unit."""
    ends = np.zeros((2, len(model.task.labels)), dtype=np.float32)
    ends[1] = 1.0
    low, high = model.task.probabilities(ends, None)[:, place].tolist()
    term = values.Term((place,), weight=high - low)
    return Value(model.task.labels[place], "quantity", (term,), shift=low, score=number)


def _kinds(model: Model) -> list[str]:
    """Name what words may be: the types of entities, other tags as they are."""
    class_of = registry.of(model.task.name).class_of
    return list(dict.fromkeys(class_of(label) for label in model.task.labels))


def _of_tags(model: Model, asked: Asked, wanted: str | None) -> Iterator[Value]:
    found = asked.prediction
    class_of = registry.of(model.task.name).class_of
    own: dict[str, list[int]] = {kind: [] for kind in _kinds(model)}
    for place, label in enumerate(model.task.labels):
        own[class_of(label)].append(place)
    if wanted is not None and wanted not in own:
        own[wanted] = [model.task.labels.index(wanted)]
    marked = list(_marked(found))
    if wanted is not None:
        of_words = [(kind, items) for kind, items in marked if kind == wanted]
        marked = of_words or [(wanted, [_likeliest(asked, own[wanted])])]
    elif not marked:
        inside = [place for kind, places in own.items() if kind != OUTSIDE for place in places]
        item = _likeliest(asked, inside)
        best = max(inside, key=lambda place: asked.probabilities[item, place])
        marked = [(class_of(model.task.labels[best]), [item])]
    decided = [class_of(label) for label in found.labels]
    for kind, items in marked:
        sure = asked.probabilities[items][:, own[kind]].sum(axis=1)
        yield Value(
            kind,
            "log-odds",
            values.of_words(items, own[kind], len(model.task.labels)),
            is_decided=all(decided[item] == kind or found.labels[item] == kind for item in items),
            score=float(sure.mean()),
            spot=(found.words[items[0]][0], found.words[items[-1]][1]),
            words=tuple(items),
        )


def _marked(found: Prediction) -> Iterator[tuple[str, list[int]]]:
    """Yield what tags mark: entities, or single words where they mark none."""
    for entity in found.entities:
        yield entity.label, _items(found, entity)
    if not found.entities:
        for item, tag in enumerate(found.labels):
            if tag != OUTSIDE:
                yield tag, [item]


def _items(found: Prediction, entity: Entity) -> list[int]:
    return [
        item
        for item, (start, end) in enumerate(found.words)
        if entity.start <= start and end <= entity.end
    ]


def _likeliest(asked: Asked, places: Sequence[int]) -> int:
    return int(asked.probabilities[:, [*places]].sum(axis=1).argmax())


def _of_answer(model: Model, asked: Asked, wanted: str | None) -> Value:
    """Take the answer that was given, or a part of the passage that the user names."""
    found, trace = asked.prediction, asked.trace
    passage = trace.example.pair or ""
    count = int(trace.store.item_borders[-1])
    best = next(iter(found.entities), None)
    if wanted is not None:
        start = passage.find(wanted)
        if start < 0 or not wanted:
            raise SettingsError(
                f"--for {excerpt(wanted)}: does not stand in the passage; give a part of it, "
                "letter by letter"
            )
        spot, label = (start, start + len(wanted)), wanted
    elif found.labels and best is not None:
        spot, label = (best.start, best.end), best.text
    else:
        return Value(
            "(no answer)",
            "log-probability",
            values.of_ends(0, 0, items=count),
            score=next(iter(found.scores.values()), None),
        )
    first, last = lengths.items_of(trace.store, 0, *spot)
    if first < 0:
        raise SettingsError(
            f"--for {excerpt(label)}: lies beyond the {trace.store.shape.max_tokens} tokens that "
            "this model reads; shorten the passage"
        )
    lowest = int(not getattr(model.task, "may_be_none", True))
    is_given = wanted is None or wanted in found.labels
    score = best.score if best is not None and best.text == label else None
    return Value(
        label,
        "log-probability",
        values.of_ends(first, last, items=count, lowest=lowest),
        is_decided=is_given,
        score=score,
        spot=spot,
    )
