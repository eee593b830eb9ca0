"""Texts and their numbers become a regressor."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from textune.errors import hinting_methods
from textune.sklearn import targets
from textune.sklearn.estimator import TextEstimator, require_labels, require_rows


@hinting_methods
class TextRegressor(RegressorMixin, TextEstimator):  # type: ignore[misc]  # no types
    """Fine-tune an encoder to estimate a number of each text, or several, as `textune train` does.

    Its parameters are those of `TextEstimator`.

    Attributes:
        model_: The model, as the files of its folder.
        metrics_: The numbers of the run: what validation said.
        remarks_: What the run warned of.
    """

    _task = "number"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn from texts and their numbers.

        Args:
            X: N texts, or N pairs: a list, an array, a column or two of a data frame.
            y: N numbers, or (N, K) of them.
            sample_weight: How much each text weighs in the loss; those of 0 are left out.
            groups: Texts that are equal in it stay in one part of the inner validation.

        Raises:
            DataError: A `ValueError`: what X or y holds cannot be learned from.
        """
        owner = type(self).__name__
        require_labels(y, owner)
        texts = self._texts(X, reset=True)
        numbers = targets.numbers_of_texts(y, len(texts), owner)
        require_rows(texts, owner)
        kept, weights = self._weighed(texts, sample_weight)
        self._is_flat = numbers.ndim == 1
        columns = numbers[kept].reshape(int(kept.sum()), -1).T.tolist()
        names = ["target"] if self._is_flat else [f"target {n}" for n in range(len(columns))]
        labels = dict(zip(names, columns, strict=True))
        parts = targets.groups_of_texts(groups, kept, owner)
        self._learn(texts.only(kept), labels, weights=weights, groups=parts)
        self._names = tuple(self.model_.card().labels)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the number of each text, (N,), or its numbers, (N, K)."""
        found = self._predictions(X)
        rows = [[prediction.numbers[name] for name in self._names] for prediction in found]
        numbers = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(self._names))
        return numbers[:, 0] if self._is_flat else numbers

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of estimators: y may have several columns."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _know(self, labels: Sequence[str]) -> None:
        self._names, self._is_flat = tuple(labels), len(labels) == 1
