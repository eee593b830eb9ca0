"""Words of a run's texts, and of its vocabulary, become random texts its export is compared on."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.predicting import held
from textune.records import PASSAGES, Example
from textune.runs.card import Card
from textune.tasks.interface import Task
from textune.text.tokenizers import Tokenizer

LONG_SHARE = 0.02  # of random texts: longer than the limit, so that they have windows
MOST_LIMITS = 3  # how much longer
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'-àéüßñ中文日本語Ждم🙂"
QUESTION = 24  # tokens of a question, at most


def random_ones(
    count: int, task: Task, card: Card, tokenizer: Tokenizer, own: Sequence[Example]
) -> list[Example]:
    """Make texts of 1 token up to the limit, as many of 5 to 10 as of 50 to 100; some are longer.

    They are of the words of a run's texts, of pieces of its vocabulary, and of signs at random; the
    same ones every time.
    """
    draw = random.Random(0)
    pool = _pool(draw, tokenizer, own)
    limit = card.shape.max_tokens
    longest = [limit * draw.uniform(1, MOST_LIMITS) for _ in range(round(count * LONG_SHARE))]
    shorter = count - len(longest)
    sizes = [limit ** (place / max(shorter - 1, 1)) for place in range(shorter)] + longest
    is_pair = len(card.contract.text) == 2
    given: list[Any] = []
    for size in sizes:
        text = _text(draw, pool, size)
        if not is_pair:
            given.append(text)
        elif task.asks == PASSAGES:
            given.append((_text(draw, pool, draw.uniform(1, QUESTION)), text))
        else:
            given.append((_text(draw, pool, size / 2), _text(draw, pool, size / 2)))
    names = [f"random text {number}" for number in range(1, count + 1)]
    return held.examples(given, task, card, names)


def _pool(draw: random.Random, tokenizer: Tokenizer, own: Sequence[Example]) -> Mapping[str, int]:
    """Gather words, and how many tokens each has."""
    words = {word for item in own[:2000] for word in f"{item.text} {item.pair or ''}".split()}
    some = draw.sample(sorted(words), min(len(words), 2000))
    pieces = draw.choices(range(tokenizer.size), k=1000)
    some += [word for piece in pieces if (word := tokenizer.backend.decode([piece]).strip())]
    some += ["".join(draw.choices(SIGNS, k=draw.randint(1, 9))) for _ in range(500)]
    sound = [word for word in dict.fromkeys(some) if "\ufffd" not in word and " " not in word]
    return dict(zip(sound, map(len, tokenizer.encode(sound)), strict=True))


def _text(draw: random.Random, pool: Mapping[str, int], size: float) -> str:
    """Join words until they have about so many tokens."""
    return " ".join(_words(draw, pool, size))


def _words(draw: random.Random, pool: Mapping[str, int], size: float) -> Iterator[str]:
    names, left = list(pool), size
    while left > 0:
        word = draw.choice(names)
        yield word
        left -= max(pool[word], 1)
