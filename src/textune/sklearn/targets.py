"""What a program hands over as y becomes classes, marks, numbers or tags, and names of labels."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from textune.data import given
from textune.errors import DataError
from textune.sklearn import other_targets

TOO_LARGE = "infinity or a value too large for dtype"  # words that scikit-learn's checks look for
MOST_NAME = 200  # characters of a class that is written as it is


def classes_of_texts(y: Any, rows: int, owner: str) -> NDArray[Any]:
    """Read y as one class a text; (N,).

    Raises:
        DataError: It is not.
    """
    whole = other_targets.to_array(y)
    other_targets.require_one_class(whole, owner)
    found = column_or_1d(whole, warn=True)
    _require_length(len(found), rows, "y")
    _refuse_missing(found, owner)
    if found.dtype == object and (plain := np.asarray(found.tolist())).dtype.kind in "biuf":
        found = plain  # numbers that pandas keeps with room for missing ones
    if rows:
        check_classification_targets(found)
    kinds = {type(value) for value in (y if isinstance(y, list | tuple) else found.tolist())}
    if len(kinds) > 1 and str in kinds:
        raise DataError(
            f"{owner}: y holds classes of several types "
            f"({', '.join(sorted(kind.__name__ for kind in kinds))}); let all be of one"
        )
    return found


def marks_of_texts(y: Any, rows: int, owner: str) -> tuple[NDArray[Any], list[str] | None]:
    """Read y as labels that apply or not; (N, L), and the labels' names where it has some.

    Raises:
        DataError: It is not.
    """
    names = list(map(str, given.columns(y))) if given.is_frame(y) else None
    found = other_targets.to_array(y)
    if found.ndim != 2 or not found.shape[1]:
        raise DataError(
            f"{owner}: Unknown label type: y has the shape {found.shape}; expected (N, labels), 1 "
            "where a label applies and 0 where it does not, as MultiLabelBinarizer of "
            "sklearn.preprocessing makes it; for one class a text use TextClassifier"
        )
    _require_length(len(found), rows, "y")
    _refuse_missing(found, owner)
    other = [value for value in np.unique(found).tolist() if value not in (0, 1)]
    if other:
        raise DataError(
            f"{owner}: Unknown label type: y holds {other[0]!r}; allowed: 0 and 1, one column for "
            "each label: 1 where a label applies and 0 where it does not, as MultiLabelBinarizer "
            "of sklearn.preprocessing makes it of lists of labels"
        )
    return found.astype(np.int64) if found.dtype == object else found, names


def numbers_of_texts(y: Any, rows: int, owner: str) -> NDArray[np.float64]:
    """Read y as a number, or several, for each text; (N,) or (N, K).

    Raises:
        DataError: It is not.
    """
    found = other_targets.to_array(y)
    if found.ndim == 2 and found.shape[1] == 1:
        found = column_or_1d(found, warn=True)
    if found.ndim not in (1, 2):
        raise DataError(f"{owner}: y has the shape {found.shape}; expected (N,) or (N, numbers)")
    _require_length(len(found), rows, "y")
    _refuse_missing(found, owner)
    return other_targets.require_numbers(found, owner)


def tags_of_texts(y: Any, sentences: Sequence[Any], owner: str) -> list[list[str]]:
    """Read y as a tag for each word of each text.

    Raises:
        DataError: It is not.
    """
    found = other_targets.require_tags(y, owner)
    _require_length(len(found), len(sentences), "y")
    for number, (words, tags) in enumerate(zip(sentences, found, strict=True)):
        if not isinstance(words, list):
            raise DataError(f"{owner}: row {number} of X is one string; fit takes lists of words")
        if isinstance(tags, str) or len(tags) != len(words):
            raise DataError(
                f"{owner}: row {number} has {len(words)} words in X and {len(tags)} tags in y; "
                "each word has one tag"
            )
        if not all(isinstance(tag, str) for tag in tags):
            raise DataError(
                f"{owner}: row {number} of y holds a tag that is no string: {tags!r:.60}"
            )
    return [[str(tag) for tag in tags] for tags in found]


def groups_of_texts(groups: Any, kept: NDArray[np.bool_], owner: str) -> list[Hashable] | None:
    """Read groups, of the rows that are learned from.

    Raises:
        DataError: They are not one for each row.
    """
    if groups is None:
        return None
    found = column_or_1d(groups)
    _require_length(len(found), len(kept), "groups")
    _refuse_missing(found, owner, "groups")
    return found[kept].tolist()


def names_of(classes: Sequence[object], kind: str) -> tuple[str, ...]:
    """Name classes as files write them: by themselves where that is clear, else by number.

    Example:
        >>> names_of([0, 1], "class"), names_of(["", " a"], "class")
        (('0', '1'), ('class 0', 'class 1'))
    """
    own = tuple(map(str, classes))
    is_clear = len(set(own)) == len(own) and all(map(_is_plain, own))
    return own if is_clear else tuple(f"{kind} {number}" for number in range(len(own)))


def _is_plain(name: str) -> bool:
    return bool(name) and name == name.strip() and name.isprintable() and len(name) <= MOST_NAME


def _require_length(found: int, rows: int, name: str) -> None:
    if found != rows:
        raise DataError(
            f"Found input variables with inconsistent numbers of samples: {rows} rows of X and "
            f"{found} of {name}"
        )


def _refuse_missing(found: NDArray[Any], owner: str, name: str = "y") -> None:
    """Refuse values that are none.

    Raises:
        DataError: There are such.
    """
    if found.dtype.kind in "fc":
        sound = np.isfinite(found)
        if not sound.all():
            row, *_ = np.argwhere(~sound)[0].tolist()
            what = "NaN" if np.isnan(found[row]).any() else f"{TOO_LARGE}('{found.dtype}')"
            raise DataError(
                f"{owner}: Input {name} contains {what}: row {row} does; leave out such rows, or "
                "give them numbers"
            )
    elif found.dtype == object:
        values = found.ravel().tolist()
        is_missing = [value is None or value != value for value in values]  # NaN
        if any(is_missing):
            raise DataError(
                f"{owner}: Input {name} contains NaN: row {is_missing.index(True)} has none; leave "
                "out rows without a label"
            )
