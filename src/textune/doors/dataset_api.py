"""What `import textune` offers for a loop of one's own: `dataset`."""

from pathlib import Path
from typing import TYPE_CHECKING

from textune.data.names import Columns
from textune.errors import hinting

if TYPE_CHECKING:  # numpy, tokenizers
    from textune.corpora.encoded import Encoded


@hinting
def dataset(
    source: object,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    base: str | Path | None = None,
    max_tokens: int | None = None,
) -> "Encoded":
    """Make a data set of ids, mask, segments and targets of labelled text, for one's own loop.

    Args:
        source: As for `train`.
        text: Text column, or two.
        label: Label column, or several.
        task: "single", "multi", "aspects" or "number"; recognised if not given.
        header: Does the first row name the columns?
        delimiter: Character between cells.
        encoding: Encoding of files that are not UTF-8.
        base: Whose tokenizer: a run, a directory or a Hub name; the bundled one by default.
        max_tokens: Tokens of a text that are read; the encoder's own limit if not given.

    Returns:
        A data set for torch's `DataLoader`: each item has `input_ids`, `attention_mask`,
        `token_type_ids` and `labels`; its `collate` pads them.

    Raises:
        TextuneError: Any mistake in the file or the base.
    """
    from textune.corpora import encoded

    return encoded.encode(
        source,
        text=text,
        label=label,
        task=task,
        base=base,
        max_tokens=max_tokens,
        header=header,
        delimiter=delimiter,
        encoding=encoding,
    )
