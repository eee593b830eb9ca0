"""Texts and their classes become a classifier; one class a text, or several labels."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from textune.errors import DataError, hinting_methods
from textune.records import Prediction
from textune.sklearn import decided, targets
from textune.sklearn.estimator import TextEstimator, require_labels, require_rows


@hinting_methods
class TextClassifier(ClassifierMixin, TextEstimator):  # type: ignore[misc]  # no types
    """Fine-tune an encoder to give each text one of several classes, as `textune train` does.

    Its parameters are those of `TextEstimator`.

    Attributes:
        classes_: The classes, sorted, of the type that y had.
        model_: The model, as the files of its folder.
        metrics_: The numbers of the run: what validation said.
        remarks_: What the run warned of.

    Example:
        >>> model = TextClassifier(effort="quick")
        >>> model.fit(texts, labels).predict(["I really hate you"])  # doctest: +SKIP
        array(['toxic'], dtype=object)
    """

    _task = "single"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn from texts and their classes.

        Args:
            X: N texts, or N pairs: a list, an array, a column or two of a data frame.
            y: N classes of any one type.
            sample_weight: How much each text weighs in the loss; those of 0 are left out.
            groups: Texts that are equal in it stay in one part of the inner validation.

        Raises:
            DataError: A `ValueError`: what X or y holds cannot be learned from.
        """
        owner = type(self).__name__
        require_labels(y, owner)
        texts = self._texts(X, reset=True)
        found = targets.classes_of_texts(y, len(texts), owner)
        require_rows(texts, owner)
        kept, weights = self._weighed(texts, sample_weight)
        self.classes_, codes = np.unique(found[kept], return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"{owner}: the texts have only one class ({self.classes_.tolist()[0]!r}); at least "
                "two are needed, for there to be something to learn"
            )
        self._names = targets.names_of(self.classes_.tolist(), "class")
        labels = {"label": [self._names[code] for code in codes.tolist()]}
        parts = targets.groups_of_texts(groups, kept, owner)
        only = texts.only(kept)
        return self._learn(only, labels, weights=weights, groups=parts, names=self._names)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the class of each text; (N,) of the type that y had.

        A text that the model leaves undecided (`decision.abstain`) has the class of which it is not
        sure enough.
        """
        found = self._predictions(X)
        chances = probabilities(found, self._names)
        chosen = decided.of_classes(chances, self._names, self.model_.card()).argmax(axis=1)
        place = {name: number for number, name in enumerate(self._names)}
        for row, prediction in enumerate(found):
            if prediction.labels:
                chosen[row] = place[prediction.labels[0]]
        return self.classes_[chosen]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each class, in the order of `classes_`; (N, C)."""
        return probabilities(self._predictions(X), self._names)

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms of the probabilities; (N, C)."""
        return decided.logarithms(self.predict_proba(X))

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return how much speaks for each class; (N, C), of two classes for the second, (N,).

        It is what `predict` goes by: the log-probabilities, or, where the run fitted a rule of its
        own, what they are above its thresholds, or what a class saves where errors have a cost.
        """
        found = decided.of_classes(self.predict_proba(X), self._names, self.model_.card())
        return found[:, 1] - found[:, 0] if len(self.classes_) == 2 else found

    def _know(self, labels: Sequence[str]) -> None:
        self.classes_ = np.asarray(sorted(labels), dtype=object)
        self._names = tuple(sorted(labels))


@hinting_methods
class MultiLabelTextClassifier(ClassifierMixin, TextEstimator):  # type: ignore[misc]  # no types
    """Fine-tune an encoder to give each text any of several labels, as `textune train` does.

    Its parameters are those of `TextEstimator`.

    Attributes:
        classes_: The names of the labels where y was a data frame, else their places in it.
        model_: The model, as the files of its folder.
        metrics_: The numbers of the run: what validation said.
        remarks_: What the run warned of.
    """

    _task = "multi"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn from texts and their labels.

        Args:
            X: N texts, or N pairs: a list, an array, a column or two of a data frame.
            y: (N, L) of 0 and 1: an array, a sparse one, or a data frame with a column a label.
            sample_weight: How much each text weighs in the loss; those of 0 are left out.
            groups: Texts that are equal in it stay in one part of the inner validation.

        Raises:
            DataError: A `ValueError`: what X or y holds cannot be learned from.
        """
        owner = type(self).__name__
        require_labels(y, owner)
        texts = self._texts(X, reset=True)
        marks, named = targets.marks_of_texts(y, len(texts), owner)
        require_rows(texts, owner)
        kept, weights = self._weighed(texts, sample_weight)
        self._dtype = marks.dtype
        self.classes_ = np.arange(marks.shape[1]) if named is None else np.asarray(named)
        names = [f"label {place}" for place in range(marks.shape[1])] if named is None else named
        self._names = targets.names_of(names, "label")
        columns = marks[kept].astype(np.int64).T.tolist()
        labels = dict(zip(self._names, columns, strict=True))
        parts = targets.groups_of_texts(groups, kept, owner)
        self._learn(texts.only(kept), labels, weights=weights, groups=parts)
        self._names = tuple(self.model_.card().contract.label)  # some columns were named otherwise
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return 1 for each label that applies, else 0; (N, L), by the thresholds of the run."""
        found = self._predictions(X)
        place = {name: number for number, name in enumerate(self._names)}
        marks = np.zeros((len(found), len(place)), dtype=self._dtype)
        for row, prediction in enumerate(found):
            marks[row, [place[name] for name in prediction.labels]] = 1
        return marks

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each label, in the order of `classes_`; (N, L)."""
        return probabilities(self._predictions(X), self._names)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return how far each label is above its threshold, in log-odds; (N, L)."""
        return decided.of_labels(self.predict_proba(X), self._names, self.model_.card())

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of estimators: y is an indicator matrix."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags

    def _know(self, labels: Sequence[str]) -> None:
        self.classes_ = np.asarray(labels, dtype=object)
        self._names, self._dtype = tuple(labels), np.dtype(np.int64)


def probabilities(found: Sequence[Prediction], names: Sequence[str]) -> NDArray[np.float64]:
    """Collect what the model says of each label; (N, C)."""
    rows = [[prediction.scores[name] for name in names] for prediction in found]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), len(names))
