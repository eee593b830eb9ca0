"""Texts become what lies beyond each limit, and what it costs to read it or to leave it out."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textune.encoder import bases
from textune.reading.stretches import parts
from textune.records import PASSAGES, Asks, Example, Long
from textune.tasks import registry
from textune.text import shapes, windows
from textune.text.tokenizers import Tokenizer
from textune.text.windows import Window

CountTokens = Callable[[list[str]], list[int]]
LIMITS = (64, 128, 256, 512)
PART = 1 << 20  # characters whose tokens are counted at once


@dataclass(frozen=True, slots=True)
class Measured:
    """One text, special tokens left out."""

    sizes: tuple[int, ...]  # tokens of the text, or of both of a pair
    golds: tuple[int, ...] = ()  # of each entity or answer: the last token, in the last of the
    # texts, that must be read to find it
    answer: int | None = None  # tokens of the first answer


@dataclass(frozen=True, slots=True)
class Ruler:
    """Measures texts in tokens: by a tokenizer, or by what counts them and no more."""

    task: str
    golds: str = "entities"  # what is lost beyond a limit, as the task's tally names it
    tokenizer: Tokenizer | None = None
    count: CountTokens | None = None  # special tokens included
    width: int = bases.USUAL_WIDTH  # of the encoder's hidden states

    @property
    def asks(self) -> Asks:
        """Return what a head is asked about in these texts."""
        return registry.of(self.task).asks

    def limits(self) -> tuple[int, ...]:
        """Return limits worth considering: the usual ones and beyond, as far as can be read."""
        if self.tokenizer is None:
            return LIMITS
        most = self.tokenizer.limit
        found = [LIMITS[0]]
        while found[-1] * 2 <= most:
            found.append(found[-1] * 2)
        return tuple(found) if found[-1] <= most else (most,)

    def specials(self, *, pair: bool) -> int:
        """Count special tokens; a pair shares the first, and each part ends with its own."""
        if self.tokenizer is not None:
            return self.tokenizer.specials(pair=pair)
        assert self.count is not None
        return self.count([""])[0] + pair

    def measure(self, examples: Sequence[Example]) -> list[Measured]:
        """Count the tokens of texts, and find what they are asked about."""
        texts = [example.text for example in examples]
        if self.asks == "words" and self.tokenizer is not None:
            pieces = self.tokenizer.encode_with_places(texts)
            return [
                Measured((len(ids),), self._ends(example, places))
                for example, (ids, places) in zip(examples, pieces, strict=True)
            ]
        firsts = self._sizes(texts)
        if self.asks == PASSAGES:
            return self._answers(examples, firsts)
        seconds = iter(self._sizes([item.pair for item in examples if item.pair is not None]))
        return [
            Measured((first,) if item.pair is None else (first, next(seconds)))
            for item, first in zip(examples, firsts, strict=True)
        ]

    def _ends(self, example: Example, places: NDArray[np.int64]) -> tuple[int, ...]:
        """Find the first piece of the last word of each entity, or of each tagged word."""
        if not (tags := example.label):  # a row without words, which is left out
            return ()
        words = np.asarray(example.words or (), dtype=np.int64).reshape(-1, 2)
        heads = shapes.first_pieces(words, places).tolist()
        return tuple(
            head
            for head, tag, after in zip(heads, tags, (*tags[1:], "O"), strict=True)
            if tag != "O" and (self.golds == "words" or not re.match("I(-|$)", after))
        )

    def _answers(self, examples: Sequence[Example], firsts: Sequence[int]) -> list[Measured]:
        passages = [example.pair or "" for example in examples]
        answers = [example.answers[0].text if example.answers else "" for example in examples]
        lasts: list[tuple[int, ...]] = [()] * len(examples)
        if self.tokenizer is None:
            seconds = self._sizes(passages)
        else:
            pieces = self.tokenizer.encode_with_places(passages)
            seconds = [len(ids) for ids, _ in pieces]
            lasts = [_answer_end(item, at) for item, (_, at) in zip(examples, pieces, strict=True)]
        return [
            Measured((first, second), last, size if item.answers else None)
            for item, first, second, last, size in zip(
                examples, firsts, seconds, lasts, self._sizes(answers), strict=True
            )
        ]

    def _sizes(self, texts: list[str]) -> list[int]:
        count = self.tokenizer.count if self.tokenizer is not None else self.count
        assert count is not None
        extra = self.specials(pair=False)
        if all(len(text) <= PART for text in texts):
            return [size - extra for size in count(texts)] if texts else []
        return [sum(size - extra for size in count(parts(text, PART))) for text in texts]


def lengths(found: Sequence[Measured], ruler: Ruler, *, rows: int) -> dict[str, object]:
    """Describe token counts, special tokens included, and each limit.

    Args:
        found: The texts that were measured.
        ruler: What measured them.
        rows: Texts there are.

    Returns:
        How many texts were measured and whether they are a sample, how long they are, and under
        `beyond` for each limit the shares of `rows`, `tokens` and (where they could be found)
        `entities`, tagged `words` or `answers` that lie beyond it, with `head` and `window`: the
        `tokens` of an epoch that reads only the beginnings, or everything in windows, and its
        `time` in parts of that of beginnings of the largest limit.
    """
    full = [sum(item.sizes) + ruler.specials(pair=len(item.sizes) > 1) for item in found]
    sizes = np.asarray(full or [0], dtype=np.int64)  # (texts,)
    limits = ruler.limits()
    beyond = {str(limit): _beyond(sizes, limit) for limit in limits}
    if ruler.task != "plain" and found:
        _add_golds(beyond, found, ruler)
        _add_costs(beyond, found, ruler, times=rows / len(found))
    return {
        "texts": len(found),
        "sampled": rows > len(found),
        "mean": round(float(sizes.mean()), 2),
        "median": float(np.median(sizes)),
        "p90": float(np.percentile(sizes, 90)),
        "p99": float(np.percentile(sizes, 99)),
        "longest": int(sizes.max()),
        "beyond": beyond,
    }


def _beyond(sizes: NDArray[np.int64], limit: int) -> dict[str, object]:
    over = np.maximum(sizes - limit, 0)
    return {
        "rows": round(float((over > 0).mean()), 6),
        "tokens": round(float(over.sum() / max(1, sizes.sum())), 6),
    }


def _add_golds(
    beyond: dict[str, dict[str, object]], found: Sequence[Measured], ruler: Ruler
) -> None:
    """Add the share of entities or answers that a reader of beginnings does not see."""
    total = sum(len(item.golds) for item in found)
    if not total:
        return
    for limit, entry in beyond.items():
        unseen = 0
        for item in found:
            *_, (_, seen) = _cuts(item.sizes, int(limit), "head", ruler)[0][-1]
            unseen += sum(gold >= seen for gold in item.golds)
        entry[ruler.golds] = round(unseen / total, 6)


def _add_costs(
    beyond: dict[str, dict[str, object]], found: Sequence[Measured], ruler: Ruler, *, times: float
) -> None:
    """Add what an epoch costs.

    A layer spends 12 d² multiplications a token on its matrices and 2 n d on attention, d being its
    width and n the tokens of the window: n windowed tokens cost n (6 d + n) in some unit.
    """
    alike = Counter(item.sizes for item in found)
    costs: dict[tuple[str, Long], tuple[float, float]] = {}
    policies: tuple[Long, ...] = ("head", "window")
    for limit in beyond:
        for long in policies:
            tokens = work = 0.0
            for sizes, often in alike.items():
                cuts = _cuts(sizes, int(limit), long, ruler)
                size = sum(end - first for window in cuts[0] for first, end in window)
                size += ruler.specials(pair=len(sizes) > 1)
                tokens += often * len(cuts) * size
                work += often * len(cuts) * size * (6 * ruler.width + size)
            costs[limit, long] = tokens * times, work
    unit = costs[list(beyond)[-1], "head"][1] or 1.0
    for limit, long in costs:
        tokens, work = costs[limit, long]
        beyond[limit][long] = {"tokens": round(tokens), "time": round(work / unit, 4)}


def _cuts(
    sizes: tuple[int, ...], limit: int, long: Long, ruler: Ruler
) -> Sequence[tuple[Window, ...]]:
    """Part a text or a pair as it is parted for the encoder."""
    room = limit - ruler.specials(pair=len(sizes) > 1)
    if len(sizes) == 1:
        return [(window,) for window in windows.cut(sizes[0], room, long)]
    part = windows.cut_second if ruler.asks == PASSAGES else windows.cut_pair
    return part((sizes[0], sizes[1]), room, long)


def _answer_end(example: Example, places: NDArray[np.int64]) -> tuple[int, ...]:
    """Find the last token of the first answer, if there is one."""
    if not example.answers:
        return ()
    answer = example.answers[0]
    end = answer.start + len(answer.text)
    return (max(0, int(np.searchsorted(places[:, 0], end, side="left")) - 1),)
