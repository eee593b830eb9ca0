"""A text becomes the windows of its tokens, and in them the tokens that a head reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from textune.records import PASSAGES, Example, Shape
from textune.text import windows
from textune.text.tokenizers import Ids, Tokenizer
from textune.text.windows import Window

Numbers = NDArray[np.int64]


def _nothing() -> Numbers:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Placed:
    """One window, with M tokens that the head reads."""

    ids: Ids
    first: int  # tokens in the first segment
    asked: Numbers = field(default_factory=_nothing)  # (M,) their places in the window
    items: Numbers = field(default_factory=_nothing)  # (M,) the item of each


@dataclass(frozen=True, slots=True)
class Shaped:
    """One text in its windows."""

    windows: Sequence[Placed]
    full: int  # tokens it would have in one window without a limit
    spans: Numbers = field(default_factory=lambda: _nothing().reshape(0, 2))  # (I, 2) characters
    # of its items


def shaped(examples: Sequence[Example], tokenizer: Tokenizer, shape: Shape) -> Iterator[Shaped]:
    """Tokenise texts and part them.

    Yields:
        One for each example.
    """
    if shape.asks == "words":
        pieces = tokenizer.encode_with_places([example.text for example in examples])
        for example, (ids, places) in zip(examples, pieces, strict=True):
            yield _words(example, ids, places, tokenizer, shape)
        return
    firsts = tokenizer.encode([example.text for example in examples])
    seconds = [example.pair for example in examples if example.pair is not None]
    if shape.asks == PASSAGES:
        passages = tokenizer.encode_with_places([example.pair or "" for example in examples])
        for example, first, (ids, places) in zip(examples, firsts, passages, strict=True):
            yield _answers(example, first, ids, places, tokenizer=tokenizer, shape=shape)
        return
    rest = iter(tokenizer.encode(seconds) if seconds else ())
    for example, first in zip(examples, firsts, strict=True):
        yield _texts(first, None if example.pair is None else next(rest), tokenizer, shape)


def _texts(first: Ids, second: Ids | None, tokenizer: Tokenizer, shape: Shape) -> Shaped:
    extra = tokenizer.specials(pair=second is not None)
    room = shape.max_tokens - extra
    if second is None:
        cuts = windows.cut(len(first), room, shape.long, overlap=shape.overlap)
        found = [Placed(*tokenizer.wrap(_take(first, window), None)) for window in cuts]
        return Shaped(found, len(first) + extra)
    if shape.pairs == "apart":
        return _apart((first, second), tokenizer, shape)
    sizes = len(first), len(second)
    pairs = windows.cut_pair(sizes, room, shape.long, overlap=shape.overlap)
    wrapped = (tokenizer.wrap(_take(first, one), _take(second, two)) for one, two in pairs)
    return Shaped([Placed(*window) for window in wrapped], sum(sizes) + extra)


def _apart(texts: tuple[Ids, Ids], tokenizer: Tokenizer, shape: Shape) -> Shaped:
    """Give each text of a pair a window of its own, and all the room."""
    extra = tokenizer.specials(pair=False)
    found = []
    for text in texts:
        (window,) = windows.cut(len(text), shape.max_tokens - extra, shape.long)
        found.append(Placed(*tokenizer.wrap(_take(text, window), None)))
    return Shaped(found, max(map(len, texts)) + extra)


def _words(
    example: Example, ids: Ids, places: Numbers, tokenizer: Tokenizer, shape: Shape
) -> Shaped:
    """Read each word once, at its first piece, in the window with most context around it."""
    words = np.asarray(example.words or (), dtype=np.int64).reshape(-1, 2)
    extra = tokenizer.specials(pair=False)
    before = len(tokenizer.template.before)
    cuts = windows.cut(len(ids), shape.max_tokens - extra, shape.long, overlap=shape.overlap)
    heads = first_pieces(words, places)  # (W,)
    chosen = windows.best_window(heads, cuts) if len(ids) else np.zeros(len(words), np.int64)
    found = []
    for number, window in enumerate(cuts):
        mine = np.flatnonzero(chosen == number)
        inside = heads[mine] - before
        if len(ids):  # places in the text become places in its window
            inside = np.searchsorted(windows.tokens(window), heads[mine]).astype(np.int64)
        wrapped = tokenizer.wrap(_take(ids, window), None)
        found.append(Placed(*wrapped, asked=inside + before, items=mine))
    return Shaped(found, len(ids) + extra, words)


def _answers(
    example: Example,
    question: Ids,
    ids: Ids,
    places: Numbers,
    *,
    tokenizer: Tokenizer,
    shape: Shape,
) -> Shaped:
    """Read each token of the passage in every window, and the first token for "no answer"."""
    extra = tokenizer.specials(pair=True)
    parts = tokenizer.template
    sizes = len(question), len(ids)
    cuts = windows.cut_second(sizes, shape.max_tokens - extra, shape.long, overlap=shape.overlap)
    found = []
    for first, second in cuts:
        start = len(parts.before) + windows.tokens(first).size + len(parts.between)
        shown = windows.tokens(second)
        wrapped = tokenizer.wrap(_take(question, first), _take(ids, second))
        asked = np.concatenate([[0], start + np.arange(len(shown))])
        found.append(Placed(*wrapped, asked=asked, items=np.concatenate([[0], shown + 1])))
    spans = np.concatenate([[[0, 0]], places])
    return Shaped(found, sum(sizes) + extra, spans)


def traced(
    example: Example, tokenizer: Tokenizer, shape: Shape
) -> tuple[list[Numbers], tuple[Numbers, Numbers]]:
    """Say for each place of each window which token of its text it shows.

    Returns:
        The tokens of each window, those of the second text counted on after the first, -1 for
        special tokens; and the characters of the tokens of both texts, (L, 2) each.
    """
    (first, places), (second, others) = tokenizer.encode_with_places(
        [example.text, example.pair or ""]
    )
    one = -2 - np.arange(len(first), dtype=np.int32)  # no ids: those of special tokens stay
    two = -2 - len(first) - np.arange(len(second), dtype=np.int32)
    if shape.asks == "words":
        found = _words(example, one, places, tokenizer, shape)
    elif shape.asks == PASSAGES:
        found = _answers(example, one, two, others, tokenizer=tokenizer, shape=shape)
    else:
        found = _texts(one, None if example.pair is None else two, tokenizer, shape)
    shown = [window.ids.astype(np.int64) for window in found.windows]
    return [np.where(ids < 0, -2 - ids, -1) for ids in shown], (places, others)


def first_pieces(words: Numbers, places: Numbers) -> Numbers:
    """Find the piece that shows the beginning of each word.

    A word that the tokenizer passes over (a mark without width) takes the piece before it.

    Args:
        words: (W, 2) characters of the words.
        places: (L, 2) characters of the pieces, in order.

    Returns:
        (W,) places of pieces, all 0 where there is no piece.
    """
    if not len(places) or not len(words):
        return np.zeros(len(words), dtype=np.int64)
    ends = np.maximum.accumulate(places[:, 1])
    found = np.searchsorted(ends, words[:, 0], side="right")
    found = np.minimum(found, len(places) - 1)
    is_beyond = places[found, 0] >= words[:, 1]
    return np.maximum(found - is_beyond, 0).astype(np.int64)


def _take(ids: Ids, window: Window) -> Ids:
    if len(window) == 1:
        return ids[slice(*window[0])]
    return ids[windows.tokens(window)]
