"""Labels that another estimator takes are refused with its name; N rows of y."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from textune.data import given
from textune.errors import DataError

BINARIZED = "MultiLabelBinarizer().fit_transform(y)"
CLASSES = "for one class a text use TextClassifier"
NUMBERS = "to learn numbers use TextRegressor"


def to_array(y: Any) -> NDArray[Any]:
    """Return y as an array: (N,) or (N, K); (N,) of lists where these differ in length."""
    if hasattr(y, "toarray"):
        return np.asarray(y.toarray())
    values = y.to_numpy() if hasattr(y, "to_numpy") else y
    if isinstance(values, list | tuple) and len({_length(value) for value in values}) > 1:
        found = np.empty(len(values), dtype=object)
        for place, value in enumerate(values):
            found[place] = value
        return found
    return np.asarray(values)


def require_one_class(found: NDArray[Any], owner: str) -> None:
    """Refuse what is more than one class for each text, or a number.

    Raises:
        DataError: It is.
    """
    several = "for several labels a text use MultiLabelTextClassifier"
    if is_wide(found) and _are_marks(found):
        is_one_of = bool((found.astype(np.int64).sum(axis=1) == 1).all())
        place = ", for one class a text give the place of its 1: np.argmax(y, axis=1)"
        raise DataError(
            f"{owner}: y has the shape {found.shape} and holds 0 and 1; {several}"
            f"{place if is_one_of else ''}"
        )
    if is_wide(found) or holds_lists(found):
        held = f"has the shape {found.shape}" if is_wide(found) else f"holds {_first(found)}"
        raise DataError(
            f"{owner}: Unknown label type: y {held}; expected one class for each text; {several}, "
            f"with {BINARIZED} as y, for a tag a word TokenTagger, for numbers TextRegressor"
        )
    if len(found) and found.dtype.kind == "f" and np.isfinite(found).all():
        kind = type_of_target(found)
        if kind.startswith("continuous"):
            raise DataError(
                f"{owner}: Unknown label type: {kind}: y holds numbers with fractions; expected "
                f"one class for each text; {NUMBERS}"
            )


def require_numbers(found: NDArray[Any], owner: str) -> NDArray[np.float64]:
    """Return numbers, or refuse what is none.

    Raises:
        DataError: It is none.
    """
    try:
        numbers: NDArray[np.float64] = found.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{owner}: y holds what is no number: {error}; TextRegressor learns numbers, "
            f"{CLASSES}, for several labels MultiLabelTextClassifier, for a tag a word TokenTagger"
        ) from error
    return numbers


def require_tags(y: Any, owner: str) -> list[Any]:
    """Return y as a list with a list of tags for each text.

    Raises:
        DataError: It holds something else.
    """
    is_table = given.is_frame(y) or hasattr(y, "toarray")
    found = [] if is_table else given.to_list(y)
    other = [item for item in found if not isinstance(item, list | tuple | np.ndarray)]
    if is_table or other:
        held = f"is {type(y).__name__}" if is_table else f"holds {other[0]!r:.60}"
        raise DataError(
            f"{owner}: y {held}; expected a list of tags for each text, one a word; {CLASSES}"
        )
    return found


def is_wide(found: NDArray[Any]) -> bool:
    """Tell whether there is more than one column."""
    return found.ndim > 1 and found.shape[1:] != (1,)


def holds_lists(found: NDArray[Any]) -> bool:
    """Tell whether cells are lists."""
    return found.dtype == object and any(_length(value) >= 0 for value in found.ravel())


def _are_marks(found: NDArray[Any]) -> bool:
    if found.dtype == object and any(isinstance(value, str) for value in found.ravel()):
        return False
    return found.dtype.kind in "biufO" and bool(np.isin(found, (0, 1)).all())


def _first(found: NDArray[Any]) -> str:
    return f"{next(value for value in found.ravel() if _length(value) >= 0)!r:.60}"


def _length(value: object) -> int:
    """Count what a list holds; -1 of what is none."""
    return -1 if isinstance(value, str) or not isinstance(value, Collection) else len(value)
