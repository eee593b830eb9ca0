"""Two samples become what differs between them beyond chance: named tests, one family, one level.

The samples are of N and M texts, drawn independently. Each test holds its level by itself; Holm's
correction (1979) holds it for all of them together.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 20  # texts of a sample, below which nothing is told
EXPECTED = 5.0  # texts of a class in the smaller sample: rarer classes are merged (Cochran, 1954)
LEVEL = 0.01  # of the family: chance that anything is said to have moved where nothing has
RARE = "(rare ones)"

Floats = NDArray[np.float64]
Ids = NDArray[np.integer[Any]]  # of the pieces of a text


@dataclass(frozen=True, slots=True)
class Tested:
    """What one test said."""

    what: str  # "length", "language", "decisions", …
    test: str  # its name
    p: float  # as Holm corrects it, once `family` has seen it
    effect: float  # D of Kolmogorov and Smirnov, total variation, or area under the ROC curve
    words: str  # the effect, for people
    moved: bool = False

    def told(self) -> dict[str, Any]:
        """Return it as plain values that JSON can hold."""
        return asdict(self)


def numbers(what: str, before: Floats, after: Floats) -> Tested:
    """Compare two samples of numbers, (N,) and (M,), by Kolmogorov and Smirnov's test.

    Example:
        >>> numbers("length", np.arange(50.0), np.arange(50.0) + 40).p < 1e-6
        True
    """
    from scipy import stats  # a while to import

    with warnings.catch_warnings():  # where the exact value overflows, scipy takes the asymptotic
        warnings.simplefilter("ignore", RuntimeWarning)
        found = stats.ks_2samp(before, after)
    middle = [float(np.median(each)) for each in (before, after)]
    words = f"median {middle[1]:.4g}, in held-out texts {middle[0]:.4g}"
    return Tested(what, "Kolmogorov-Smirnov", float(found.pvalue), float(found.statistic), words)


def classes(what: str, before: Sequence[str], after: Sequence[str]) -> Tested:
    """Compare how often each of some classes is in two samples, N and M long.

    By the chi-square test with rare classes merged; of two classes by Fisher's exact test.

    Example:
        >>> classes("decisions", ["a", "b"] * 40, ["a"] * 80).words
        'a: 100.0 %, in held-out texts 50.0 %; 50 % of decisions are others'
    """
    from scipy import stats  # a while to import

    names, table = _table(before, after)
    if len(names) < 2:
        return Tested(what, "none: one class alone", 1.0, 0.0, f"all are {names[0]}")
    test = "chi-square"
    if len(names) == 2:
        test, p = "Fisher's exact", float(stats.fisher_exact(table).pvalue)
    else:
        p = float(stats.chi2_contingency(table, correction=False).pvalue)
    shares = table / table.sum(axis=1, keepdims=True)  # (2, K)
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    distance = float(np.abs(shares[1] - shares[0]).sum() / 2)
    words = (
        f"{names[most]}: {shares[1, most]:.1%}, in held-out texts {shares[0, most]:.1%}; "
        f"{distance:.0%} of {what} are others"
    ).replace("%", " %")
    return Tested(what, test, p, distance, words)


def _table(before: Sequence[str], after: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Count classes, (2, K); those that chance would put too rarely into a sample are merged.

    What is merged follows from both samples together, so that the test keeps its level.
    """
    counts = [Counter(before), Counter(after)]
    both = counts[0] + counts[1]
    least = EXPECTED * (len(before) + len(after)) / min(len(before), len(after))
    kept = [name for name, count in both.most_common() if count >= least]
    rare = [name for name in both if name not in kept]
    rows = [[count[name] for name in kept] for count in counts]
    if rare:
        rows = [
            [*row, sum(count[name] for name in rare)]
            for row, count in zip(rows, counts, strict=True)
        ]
        kept.append(rare[0] if len(rare) == 1 else RARE)
    return kept, np.asarray(rows, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Language:
    """How far a classifier tells two samples of texts apart."""

    tested: Tested
    unlike: Floats  # (M,) of each later text: how much it is unlike the earlier ones
    telling: tuple[int, ...]  # pieces that tell the later texts, the most telling first


def language(
    before: Sequence[NDArray[Any]], after: Sequence[NDArray[Any]], *, seed: int
) -> Language:
    """Compare which pieces two samples of texts hold, by a classifier two-sample test.

    A logistic regression on the pieces of a half of both samples answers the other half; there
    Mann and Whitney's test compares its scores (Lopez-Paz and Oquab 2017; Rabanser et al. 2019).

    Args:
        before: N texts, each the ids of its pieces.
        after: M texts.
        seed: Draws the halves.
    """
    from scipy import stats  # a while to import

    rows = _pieces([*before, *after])  # (N + M, V)
    is_after = np.arange(rows.shape[0]) >= len(before)
    first = _half(len(before), len(after), seed)
    models = [_classifier(rows[half], is_after[half], seed) for half in (first, ~first)]
    scores = np.empty(len(is_after))
    for model, half in zip(models, (~first, first), strict=True):
        scores[half] = model.decision_function(rows[half])
    held = ~first
    found = stats.mannwhitneyu(
        scores[held & is_after], scores[held & ~is_after], alternative="greater"
    )
    area = float(found.statistic / ((held & is_after).sum() * (held & ~is_after).sum()))
    words = f"a classifier ranks {100 * area:.0f} % of pairs of texts right, by chance 50 %"
    weights = models[0].coef_[0]
    telling = tuple(int(piece) for piece in np.argsort(-weights)[:10] if weights[piece] > 0)
    tested = Tested("language", "classifier two-sample", float(found.pvalue), area, words)
    return Language(tested, scores[is_after], telling)


def _pieces(texts: Sequence[Ids]) -> Any:
    """Say which pieces each text holds, (N, V), sparse; each text has norm 1."""
    from scipy import sparse
    from sklearn.preprocessing import normalize

    held = [np.unique(text) for text in texts]
    borders = np.concatenate([[0], np.cumsum([len(each) for each in held])])
    places = np.concatenate([*held, np.empty(0, dtype=np.int64)]).astype(np.int64)
    shape = (len(held), int(places.max(initial=0)) + 1)
    return normalize(sparse.csr_matrix((np.ones(len(places)), places, borders), shape=shape))


def _half(before: int, after: int, seed: int) -> NDArray[np.bool_]:
    """Draw a half of either sample, (N + M,)."""
    draw = np.random.default_rng(seed)
    return np.concatenate([draw.permutation(size) < size // 2 for size in (before, after)])


def _classifier(rows: Any, is_after: NDArray[np.bool_], seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000, random_state=seed)
    return model.fit(rows, is_after)


def family(found: Sequence[Tested], level: float) -> list[Tested]:
    """Correct the p of all tests by Holm, and say which moved at this level of the family.

    Example:
        >>> made = [Tested(name, "", p, 0, "") for name, p in (("a", 0.004), ("b", 0.02))]
        >>> [(each.p, each.moved) for each in family(made, 0.01)]
        [(0.008, True), (0.02, False)]
    """
    ranked = sorted(range(len(found)), key=lambda place: found[place].p)
    corrected, highest = list(found), 0.0
    for rank, place in enumerate(ranked):
        highest = max(highest, min(1.0, found[place].p * (len(found) - rank)))
        corrected[place] = replace(found[place], p=highest, moved=highest <= level)
    return corrected
