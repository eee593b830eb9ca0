"""Batches of a data set become batches with a model's answers: for `map_batches` of Ray Data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textune.data.names import parted
from textune.errors import DataError, among, hinting_methods
from textune.extensions.plugin import Given
from textune.predicting.answering import Answering
from textune.predicting.predictor import Predictor

Batch = dict[str, Any]


@hinting_methods
class Labeller:
    """Answers batches of columns; each of its processes loads the model once.

    Args:
        run: The run's folder, where every machine finds it, or hf://owner/name on the Hub.
        text: The text column, or two by comma for a model of pairs; by default those of the
            training.
        threshold: Probability from which a label applies, instead of the model's own.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "fp32", "bf16", "fp16", or "auto" as `Predictor.load` has it.
        plugin: As `Predictor.load` has it.

    Raises:
        RunError: There is no finished model.
        ModelError: Its files are damaged.

    Examples:
        >>> import ray  # doctest: +SKIP
        >>> texts = ray.data.read_parquet("s3://bucket/texts")  # doctest: +SKIP
        >>> texts.map_batches(  # doctest: +SKIP
        ...     Labeller,
        ...     fn_constructor_kwargs={"run": "runs/reviews"},
        ...     batch_size=4096,
        ...     concurrency=8,
        ... )
    """

    def __init__(
        self,
        run: str | Path,
        *,
        text: str | Sequence[str] | None = None,
        threshold: float | None = None,
        device: str = "auto",
        precision: str = "auto",
        plugin: Given = None,
    ) -> None:
        predictor = Predictor.opened(run, device=device, precision=precision, plugin=plugin)
        self._answering = Answering(predictor, threshold)
        self._columns = [name for name, _ in self._answering.columns()]
        self._text = parted(text) or predictor.card.contract.text

    def __call__(self, batch: Mapping[str, Any]) -> Batch:
        """Answer a batch.

        Args:
            batch: Column → values, one for each text, as Ray's batches of NumPy arrays are.

        Returns:
            The same columns, then those of `textune predict --output`; a name that is there already
            gets a mark.

        Raises:
            DataError: A text column is not there, or holds something else than text.
        """
        missing = [name for name in self._text if name not in batch]
        if missing:
            raise DataError(
                f"the batch has no column {missing[0]!r}: {among(missing[0], batch)}; name the "
                "column of texts: text="
            )
        columns = [[_text(name, value) for value in batch[name]] for name in self._text]
        texts: Any = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        cells = self._answering.cells(self._answering.predictor.examples(texts)) if texts else []
        found = dict(batch)
        for place, name in enumerate(self._columns):
            while name in found:
                name += " (textune)"
            found[name] = [cell[place] for cell in cells]
        return found


def _text(column: str, value: object) -> Any:
    """Take a text, or a list of words, as a batch holds it; nothing is the empty text."""
    if value is None or value != value:  # NaN is how data frames write it
        return ""
    if isinstance(value, str):
        return value
    if hasattr(value, "tolist") or isinstance(value, list | tuple):
        return [str(word) for word in value]  # type: ignore[attr-defined]
    raise DataError(f"column {column!r}: {value!r:.80} is no text; name the column of texts: text=")
