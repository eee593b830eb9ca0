"""Texts become an order, of which each beginning has the labels in proportion."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.records import Example
from textune.splits import strata


def order(examples: Sequence[Example], *, seed: int) -> NDArray[np.int64]:
    """Draw an order of texts; the first n of it are a stratified sample of n, for any n.

    A text with several labels counts for the rarest of them.

    Returns:
        (N,) places among the texts.
    """
    rng = np.random.default_rng(seed)
    names = [strata.label_names(example) for example in examples]
    counts = Counter(name for have in names for name in have)
    members: defaultdict[str, list[int]] = defaultdict(list)
    for place in rng.permutation(len(examples)).tolist():
        rarest = min(names[place], key=lambda name: (counts[name], name), default="")
        members[rarest].append(place)
    when = np.empty(len(examples))  # from 0 to 1
    for key in sorted(members):
        size = len(members[key])
        when[members[key]] = (np.arange(size) + rng.random(size)) / size
    return np.argsort(when, kind="stable").astype(np.int64)
