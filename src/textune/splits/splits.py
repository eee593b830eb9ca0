"""Examples become training, validation and test positions; the training part can be balanced."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from textune.errors import DataError, SettingsError
from textune.records import Example, Split
from textune.splits.strata import (
    TEST,
    TRAIN,
    VALID,
    Units,
    label_names,
    rebalance,
    stratify,
    together,
)


def split(
    examples: Sequence[Example],
    *,
    valid_share: float = 0.1,
    test_share: float = 0.0,
    seed: int = 0,
    repeated: NDArray[np.int64] | None = None,
) -> Split:
    """Set validation and test texts aside, each label in proportion.

    For one and for several labels a text by iterative stratification (Sechidis, Tsoumakas,
    Vlahavas: On the stratification of multi-label data, ECML PKDD 2011), then by single moves until
    the sizes are exact. Texts that are equal but for case, white space, punctuation and the form of
    Unicode, or but for a few words, stay on one side, and so do all texts of one `group`; then a
    part may be somewhat larger or smaller than asked for. Of texts of one template, which would be
    more than one twentieth of all, some are parted. Each label keeps a text in training, so its
    only text is always there. Same examples and seed: same split.

    Args:
        examples: All texts; a label of None or an empty tuple counts as "no label".
        valid_share: Part of all texts that validates; 0 for none.
        test_share: Part of all texts that is kept for the test; 0 for none.
        seed: Selects one of the many equally good splits.
        repeated: What `strata.repeats` says of the texts, where it is known already. (N,)

    Raises:
        SettingsError: A share is below 0, or both together leave nothing to learn from.
        DataError: There are too few texts, or too many that must stay together.

    Example:
        >>> texts = [Example(f"text {n}", f"a.csv:{n}", label="ab"[n % 2]) for n in range(20)]
        >>> len(split(texts).valid)
        2
    """
    _check_shares(valid_share, test_share)
    texts, shares = len(examples), (valid_share, test_share)
    held = [max(1, round(texts * share)) if share else 0 for share in shares]
    wanted = np.array([texts - sum(held), *held], dtype=np.int64)  # (3,)
    _check_enough(examples, wanted)
    rng = random.Random(seed)
    units = together(examples, repeated)
    grouped = any(example.group for example in examples)
    parts, pinned = stratify(units, wanted, rng)
    rebalance(parts, pinned, units, wanted, grouped=grouped)
    part_of_text = parts[units.of_text]  # (N,)
    _check_filled(examples, units, part_of_text, wanted)
    return Split(*(np.flatnonzero(part_of_text == part) for part in (TRAIN, VALID, TEST)))


def balance(
    examples: Sequence[Example],
    train: NDArray[np.int64],
    *,
    unlabelled: float | None = None,
    most_per_class: int | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Thin out what the training part has too much of.

    Args:
        examples: All texts.
        train: Positions of the training texts.
        unlabelled: Texts without any label to keep: above 1 their number, up to 1 their ratio to
            the texts that have a label (1: as many). None keeps all.
        most_per_class: A text goes once each of its labels has this many texts, so that a text
            with a rare label stays whatever else it has. None keeps all.
        seed: Selects which texts stay.

    Returns:
        The positions that stay, ascending.

    Raises:
        SettingsError: `unlabelled` is negative or not finite, or `most_per_class` is below 1.
        DataError: Nothing would be left.
    """
    _check_balance(unlabelled, most_per_class)
    order = [int(position) for position in train]
    random.Random(seed).shuffle(order)
    labelled = [position for position in order if label_names(examples[position])]
    plain = [position for position in order if not label_names(examples[position])]
    if most_per_class is not None:
        labelled = _capped(examples, labelled, most_per_class)
    if unlabelled is not None:
        plain = plain[: round(unlabelled if unlabelled > 1 else unlabelled * len(labelled))]
    if not labelled and not plain and len(train):
        raise DataError(
            f"{_place(examples)}: balancing leaves no training text, because none of the "
            f"{len(train)} has a label; keep some of them (data.unlabelled, now {unlabelled})"
        )
    return np.array(sorted(labelled + plain), dtype=np.int64)


def class_weights(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weigh each class by the inverse of its frequency, as scikit-learn's "balanced" does.

    A class without a text gets 1 (no loss ever uses it) and is not counted among the classes.

    Args:
        counts: Training texts of each class. (C,)

    Returns:
        One weight a class; their mean over the texts is 1. (C,)
    """
    present = np.flatnonzero(counts)
    weights = np.ones(len(counts), dtype=np.float64)
    weights[present] = counts.sum() / (len(present) * counts[present])
    return weights


def positive_weights(
    counts: NDArray[np.int64], total: int | NDArray[np.int64], *, most: float = 100.0
) -> NDArray[np.float64]:
    """Weigh the texts that have a label by negatives / positives, between 1 / most and `most`.

    Beyond the cap a single text would outweigh all others of its batch. A label without a positive
    text gets 1.

    Args:
        counts: Training texts that have the label. (C,)
        total: Training texts scored for the label: one number, or one a label. (C,)
        most: The largest weight; its inverse is the smallest.

    Returns:
        One weight a label, for the positive term of the binary cross-entropy. (C,)
    """
    positives = counts.astype(np.float64)
    negatives = np.asarray(total, dtype=np.float64) - positives  # (C,)
    weights = np.ones(len(counts), dtype=np.float64)
    np.divide(negatives, positives, out=weights, where=positives > 0)
    weights[positives > 0] = weights[positives > 0].clip(1 / most, most)
    return weights


def _place(examples: Sequence[Example]) -> str:
    """Name the file that texts are of; those of several, a text each, are files."""
    if not examples:
        return "data"
    origin = examples[0].origin  # "a.csv:3", "row 3" of a data frame, or "a.xml"
    return origin.rpartition(":")[0] or ("data frame" if origin.startswith("row ") else "files")


def _check_shares(valid_share: float, test_share: float) -> None:
    for name, share in (("valid_share", valid_share), ("test_share", test_share)):
        if not 0 <= share < 1:  # NaN fails here too
            raise SettingsError(
                f"{name} is {share}; allowed: at least 0 and below 1, such as 0.1 for a tenth"
            )
    if valid_share + test_share >= 1:
        raise SettingsError(
            f"valid_share {valid_share} and test_share {test_share} leave nothing to learn from; "
            "together they must stay below 1"
        )


def _check_enough(examples: Sequence[Example], wanted: NDArray[np.int64]) -> None:
    if wanted[TRAIN] >= 1:
        return
    raise DataError(
        f"{_place(examples)}: too few texts to split ({len(examples)}), at least "
        f"{1 + int((wanted > 0)[1:].sum())} are needed for these shares; add rows, lower the "
        "shares, or give the other parts as files (--valid, --test)"
    )


def _check_filled(
    examples: Sequence[Example],
    units: Units,
    part_of_text: NDArray[np.int64],
    wanted: NDArray[np.int64],
) -> None:
    for part, name in ((TRAIN, "training"), (VALID, "validation"), (TEST, "the test")):
        if wanted[part] == 0 or bool((part_of_text == part).any()):
            continue
        option = "--test" if part == TEST else "--valid"
        if len(examples) > 1 and len({(item.text, item.pair) for item in examples}) == 1:
            raise DataError(
                f"{_place(examples)}: all {len(examples)} texts are the same: nothing in them "
                "tells the labels apart; name another column with --text"
            )
        count = len(units.totals)  # of what has no labels, as answers, there are none
        kept = f", and training keeps one text of each of the {count} labels" if count else ""
        raise DataError(
            f"{_place(examples)}: nothing is left for {name}: the {len(examples)} texts form "
            f"{len(units.sizes)} that can move on their own (equal texts and equal groups stay "
            f"together{kept}); "
            f"add rows, or give that part as a file ({option})"
        )


def _check_balance(unlabelled: float | None, most_per_class: int | None) -> None:
    if unlabelled is not None and not (math.isfinite(unlabelled) and unlabelled >= 0):
        raise SettingsError(
            f"unlabelled is {unlabelled}; allowed: a number of texts above 1 (2000), or "
            "their ratio to the labelled ones from 0 to 1 (0.5)"
        )
    if most_per_class is not None and most_per_class < 1:
        raise SettingsError(f"most_per_class is {most_per_class}; allowed: 1 or more texts")


def _capped(examples: Sequence[Example], order: list[int], most: int) -> list[int]:
    """Keep a text while one of its labels has fewer than `most`; rare labels come first."""
    frequency = Counter(name for position in order for name in label_names(examples[position]))
    order = sorted(
        order, key=lambda position: min(frequency[n] for n in label_names(examples[position]))
    )
    kept: Counter[str] = Counter()
    stays = []
    for position in order:
        names = label_names(examples[position])
        if any(kept[name] < most for name in names):
            kept.update(names)
            stays.append(position)
    return stays
