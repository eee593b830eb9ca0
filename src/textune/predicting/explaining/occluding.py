"""What a model says of a text without a word becomes what that word moved.

The difference is that of two answers of the model, so each number can be had by hand: predict the
text with and without the word. A long text is taken apart step by step: without each of its parts
first, then those that moved most again in smaller ones. V copies, I items, C outputs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from textune.predicting.explaining import lacking, tracing
from textune.predicting.explaining.lacking import How, Lacking
from textune.predicting.explaining.model import Model, in_chunks
from textune.predicting.explaining.tracing import Trace
from textune.predicting.explaining.values import Value

Floats = NDArray[np.float64]
Part = tuple[int, ...]  # neighbouring words
MOST_COPIES = 96  # of one text, about: a text of as many words is explained word by word
FIRST = 24  # parts that a longer text is taken into at first
SPLIT = 4  # parts that one of those is taken into next


@dataclass(frozen=True, slots=True)
class Occluded:
    """What the parts of a text moved."""

    parts: tuple[Part, ...]  # in the order of the text
    moved: Floats  # (K, parts) of each value
    value: Floats  # (K,) of the text
    base: Floats  # (K,) of the text without any word
    copies: int  # that the model answered


def occlude(
    model: Model,
    traces: Sequence[Trace],
    values: Sequence[Sequence[Value]],
    *,
    how: How | None = None,
    most: int = MOST_COPIES,
) -> list[Occluded]:
    """Leave out each word of each text, or parts of it, and see what changes.

    Args:
        model: That answers.
        traces: N texts.
        values: Of each, those that are explained.
        how: Whether words are left out or masked; None: as is usual for what the head reads.
        most: Copies of a text, about.
    """
    wanted = [_begun(trace, most) for trace in traces]
    ends = _answers(model, traces, values, [[(), tuple(trace.words)] for trace in traces], how)
    known: list[dict[Part, Floats]] = [{} for _ in traces]
    copies = [2] * len(traces)
    while any(wanted):
        found = _answers(model, traces, values, wanted, how)
        for place, parts in enumerate(wanted):
            changes = (ends[place][0] - one for one in found[place])
            known[place] |= dict(zip(parts, changes, strict=True))
            copies[place] += len(parts)
            wanted[place] = _next(known[place], room=most - copies[place])
    return [
        _ordered(known[place], whole, base, copies[place])
        for place, (whole, base) in enumerate(ends)
    ]


def _answers(
    model: Model,
    traces: Sequence[Trace],
    values: Sequence[Sequence[Value]],
    wanted: Sequence[Sequence[Part]],
    how: How | None,
) -> list[list[Floats]]:
    """Compute the values of copies: for each text, for each copy, (K,)."""
    places = [place for place, parts in enumerate(wanted) for _ in parts]
    rows: list[Lacking] = [
        (trace, part) for trace, parts in zip(traces, wanted, strict=True) for part in parts
    ]
    found: list[list[Floats]] = [[] for _ in traces]
    sizes = [len(trace.store.ids) for trace, _ in rows]
    mask = lacking.blank(model.tokenizer)
    for chunk in in_chunks(sizes):
        store = lacking.copies([rows[at] for at in chunk], how=how, mask=mask)
        logits, borders = model.logits(store)
        for at, first, end in zip(chunk, borders[:-1].tolist(), borders[1:].tolist(), strict=True):
            of_copy = logits[first:end][None]  # (1, I, C)
            numbers = [value.of(of_copy)[0] for value in values[places[at]]]
            found[places[at]].append(np.asarray(numbers))
    return found


def _begun(trace: Trace, most: int) -> list[Part]:
    """Return single words, or of a long text its sentences, joined or cut to about `FIRST`."""
    words = trace.words
    if len(words) < most:
        return [(word,) for word in words]
    size = -(-len(words) // FIRST)
    found: list[Part] = []
    for sentence in tracing.sentences(trace, words):
        is_near = found and trace.spots[found[-1][-1]].text == trace.spots[sentence[0]].text
        if is_near and len(found[-1]) + len(sentence) <= size:
            found[-1] = (*found[-1], *sentence)
        else:
            found += _cut(sentence, -(-len(sentence) // size))
    return found


def _next(known: dict[Part, Floats], *, room: int) -> list[Part]:
    """Take the parts apart that moved most, as long as there is room; [] once there is none."""
    long = [part for part in known if len(part) > 1]
    long.sort(key=lambda part: (-float(np.abs(known[part]).max(initial=0.0)), part))
    found: list[Part] = []
    for part in long:
        pieces = list(_cut(part, min(SPLIT, len(part))))
        if len(found) + len(pieces) > room:
            break
        del known[part]
        found += pieces
        if len(found) >= max(SPLIT, room // 2):  # what follows is chosen by what these move
            break
    return found


def _cut(words: Sequence[int], count: int) -> Iterator[Part]:
    """Cut into so many parts of nearly one length."""
    bounds = np.linspace(0, len(words), count + 1).round().astype(int).tolist()
    for first, end in pairwise(bounds):
        yield tuple(words[first:end])


def _ordered(known: dict[Part, Floats], whole: Floats, base: Floats, copies: int) -> Occluded:
    parts = sorted(known)
    moved = np.stack([known[part] for part in parts], axis=1)
    return Occluded(tuple(parts), moved, whole, base, copies)
