"""Texts that are computed together become smaller groups where memory is lacking, once and for all.

A text has the same answer in any company, so that nothing else changes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from textune.errors import OutOfMemoryError
from textune.fast.lacking import is_lack

Rows = NDArray[np.int64]
Answer = TypeVar("Answer")
MOST = 4  # times that groups are halved


def over(
    groups: Iterable[Rows], lengths: NDArray[np.int64], compute: Callable[[Rows, int], Answer]
) -> Iterator[tuple[Rows, Answer]]:
    """Compute groups of texts; where memory is lacking in halves, and all after it no larger.

    Args:
        groups: Places of texts.
        lengths: (N,) tokens of each text.
        compute: Answers a group, of which so many tokens at most may be computed at once.

    Yields:
        Places, and what was computed for them.

    Raises:
        OutOfMemoryError: Even so there is too little.
    """
    most, left = int(np.iinfo(np.int64).max), MOST
    for group in groups:
        waiting = [group]
        while waiting:
            places = waiting.pop(0)
            tokens = int(lengths[places].sum())
            if tokens > most and len(places) > 1:
                waiting = [*np.array_split(places, 2), *waiting]
                continue
            try:
                found = compute(places, most)
            except (RuntimeError, MemoryError) as error:
                if not is_lack(error):
                    raise
            else:
                yield places, found
                continue
            if not left:
                raise OutOfMemoryError(_words(min(tokens, most)))
            most, left = max(min(tokens, most) // 2, 1), left - 1
            waiting.insert(0, places)


def _words(tokens: int) -> str:
    return (
        f"not enough memory to compute {tokens:,} tokens at once, {MOST} times fewer than before; "
        "what helps: fewer programs beside this one, another --device, or a model that reads less "
        "of each text (--max-tokens when it is trained)"
    )
