"""Words and their tags become a tagger."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from textune.errors import hinting_methods
from textune.metrics import entities
from textune.sklearn import handed, tag_schemes, targets
from textune.sklearn.estimator import TextEstimator, matched, require_labels, require_rows
from textune.sklearn.handed import Texts


@hinting_methods
class TokenTagger(TextEstimator):
    """Fine-tune an encoder to give each word a tag, as `textune train` does.

    Its parameters are those of `TextEstimator`.

    Attributes:
        classes_: The tags that y had, sorted.
        model_: The model, as the files of its folder.
        metrics_: The numbers of the run: what validation said.
        remarks_: What the run warned of.
    """

    _task = "tags"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn from words and their tags.

        Args:
            X: N lists of words.
            y: N lists of tags, one for each word: "B-PER", "I-PER", "O" or plain ones ("NOUN").
            sample_weight: How much each text weighs in the loss; those of 0 are left out.
            groups: Texts that are equal in it stay in one part of the inner validation.

        Raises:
            DataError: A `ValueError`: what X or y holds cannot be learned from.
        """
        owner = type(self).__name__
        require_labels(y, owner)
        texts = self._texts(X, reset=True)
        tags = targets.tags_of_texts(y, texts.rows, owner)
        require_rows(texts, owner)
        kept, weights = self._weighed(texts, sample_weight)
        only = [row for row, is_kept in zip(tags, kept.tolist(), strict=True) if is_kept]
        self.classes_ = np.asarray(sorted({tag for row in only for tag in row}), dtype=object)
        parts = targets.groups_of_texts(groups, kept, owner)
        self._learn(texts.only(kept), {"tags": only}, weights=weights, groups=parts)
        self._written = tag_schemes.learn(only, self.model_.card().contract)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the tags of each text, a list of one for each word; (N,) of lists.

        They are written as y was: in IOB2, BIOES, or another scheme. A text that is handed over as
        a string is parted into words as in training.
        """
        found = self._predictions(X)
        tags = np.empty(len(found), dtype=object)
        for number, prediction in enumerate(found):
            tags[number] = tag_schemes.write(prediction.labels, self._written)
        return tags

    def score(self, X: Any, y: Any) -> float:
        """Return the F1 of entities over all texts; of plain tags, that of the words."""
        check_is_fitted(self)
        given = targets.tags_of_texts(y, self._texts(X, reset=False).rows, type(self).__name__)
        contract = self.model_.card().contract
        truth = [tag_schemes.to_iob2(tags, contract) for tags in given]
        found = [prediction.labels for prediction in self._predictions(X)]
        report = entities.judge(truth, found, plain=contract.separator == "plain")
        return float(report["f1"] or 0.0)

    def _texts(self, X: Any, *, reset: bool) -> Texts:
        return matched(self, handed.read_words(X, type(self).__name__), reset=reset)

    def _know(self, labels: Sequence[str]) -> None:
        self.classes_ = np.asarray(sorted(labels), dtype=object)
        self._written = {}  # tags are as the model gives them
