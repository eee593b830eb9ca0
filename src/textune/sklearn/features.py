"""Texts become the mean of what a frozen encoder says of their tokens."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from textune.encoder import bases
from textune.encoder.names import BUNDLED
from textune.errors import SettingsError, hinting_methods
from textune.records import Example, Shape
from textune.runs import sessions
from textune.sklearn import handed
from textune.sklearn.estimator import matched, require_rows
from textune.tasks import registry
from textune.text import store as stores
from textune.text import tokenizers
from textune.text.tokenizers import Tokenizer

if TYPE_CHECKING:  # torch
    from textune.encoder.model import Encoder

FEWEST_TOKENS = 8  # as in the settings of a run


@hinting_methods
class TextFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no types
    """Turn texts, or pairs of them, into features of a frozen encoder.

    They are the mean over a text's tokens, as the linear head of `effort="quick"` reads it.

    Args:
        base: Encoder: a directory or a Hub name; the bundled one by default.
        max_tokens: Tokens that are read at once; longer texts are read in windows, whose mean it
            is. By default as many as the encoder reads.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Example:
        >>> make_pipeline(TextFeatures(), LogisticRegression())  # doctest: +SKIP
    """

    def __init__(
        self,
        base: str | Path | None = None,
        *,
        max_tokens: int | None = None,
        device: str = "auto",
    ) -> None:
        self.base = base
        self.max_tokens = max_tokens
        self.device = device

    def fit(self, X: Any, y: Any = None) -> Self:
        """Take note of the columns; nothing is learned."""
        owner = type(self).__name__
        if self.max_tokens is not None and self.max_tokens < FEWEST_TOKENS:
            raise SettingsError(
                f"{owner}: max_tokens is {self.max_tokens}; allowed: {FEWEST_TOKENS} or more, or "
                "None for as many as the encoder reads"
            )
        require_rows(matched(self, handed.read(X, owner), reset=True), owner, fewest=1)
        self._loaded: dict[tuple[str, str], tuple[Tokenizer, Encoder]] = {}
        self._n_features_out = bases.width(Path(bases.find(self.base or BUNDLED)))
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the features of each text; (N, width of the encoder)."""
        from textune.probing import features  # torch

        check_is_fitted(self)
        texts = matched(self, handed.read(X, type(self).__name__), reset=False)
        if not len(texts):
            return np.zeros((0, self._n_features_out), dtype=np.float32)
        tokenizer, encoder = self._base()
        limit = min(self.max_tokens or tokenizer.limit, tokenizer.limit)
        examples = [
            Example(columns[0], f"row {number}", pair=columns[1] if columns[1:] else None)
            for number, columns in enumerate(zip(*texts.columns, strict=True))
        ]
        store = stores.tokenize(examples, tokenizer, Shape(limit, "window"))
        return features.features(encoder, store, np.arange(len(store)), micro_tokens=0)

    def _base(self) -> tuple[Tokenizer, "Encoder"]:
        """Return the base, loaded once."""
        from textune.encoder import devices, load  # torch

        key = str(self.base), self.device
        if key not in self._loaded:
            place = bases.find(self.base or BUNDLED)
            task = registry.make("single", ("0", "1"))  # a head, of which it is what it would read
            with sessions.unchanged():
                encoder = load.load(
                    place, model_class=task.model_class, config=task.config(), pooling="mean"
                )
            encoder.to(devices.choose(self.device)).eval()
            self._loaded = {key: (tokenizers.load(place), encoder)}
        return self._loaded[key]

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: nothing that was loaded."""
        state = dict(super().__getstate__())
        return state | {"_loaded": {}} if "_loaded" in state else state

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of estimators: it takes texts."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags
