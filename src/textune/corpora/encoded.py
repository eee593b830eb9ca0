"""A labelled file becomes a data set of token ids and targets, for a loop of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textune.corpora.corpus import targets_of
from textune.data import naming
from textune.data.names import Columns, parted
from textune.encoder import bases
from textune.encoder.names import BUNDLED
from textune.errors import DataError, SettingsError
from textune.reading import sources
from textune.records import Contract, Example, ReadOptions, Shape
from textune.splits.left_out import is_skipped
from textune.storage import objects
from textune.survey import agreement
from textune.tasks import contract, examples, installed
from textune.tasks import registry as tasks
from textune.tasks.interface import Task
from textune.text import store as stores
from textune.text import tokenizers
from textune.text.ragged import Targets
from textune.text.store import Store
from textune.text.tokenizers import Tokenizer

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts as token ids, and their targets; torch's `DataLoader` takes it as it is.

    Example:
        >>> data = textune.dataset("reviews.csv")  # doctest: +SKIP
        >>> for batch in DataLoader(data, 32, collate_fn=data.collate):  # doctest: +SKIP
        ...     loss = model(**batch).loss
    """

    texts: tuple[Example, ...]
    labels: tuple[str, ...]  # names, in the order of the targets' numbers
    tokenizer: Tokenizer
    task: Task
    contract: Contract
    pad_id: int
    targets: Targets
    store: Store

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, number: int) -> "dict[str, Tensor]":
        """Return ids, mask and segments of one text, (T,) each, and its target."""
        import torch  # heavy, and a data set is described without it

        if not -len(self) <= number < len(self):
            raise IndexError(f"text {number} of {len(self)}")
        row = number % len(self)
        ids = self.store.window(row)
        first = int(self.store.first_sizes[row])
        found = torch.tensor(ids.tolist())
        segments = (torch.arange(len(ids)) >= first).long()
        return {
            "input_ids": found,
            "attention_mask": torch.ones_like(found),
            "token_type_ids": segments,
            "labels": torch.as_tensor(self.targets[np.array([row])])[0],
        }

    def collate(self, items: "Sequence[dict[str, Tensor]]") -> "dict[str, Tensor]":
        """Pad some texts to the longest of them, and stack them; (B, T) each."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        fills = {"input_ids": self.pad_id, "attention_mask": 0, "token_type_ids": 0}
        batch = {
            name: pad_sequence([item[name] for item in items], batch_first=True, padding_value=fill)
            for name, fill in fills.items()
        }
        return batch | {"labels": torch.stack([item["labels"] for item in items])}


def encode(
    source: object,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    base: str | Path | None = None,
    max_tokens: int | None = None,
    **reading: Any,
) -> Encoded:
    """Read labelled text and tokenise it, the beginning of each text.

    The keywords are those of `train`; `reading` holds those of `ReadOptions`.

    Raises:
        DataError: The file cannot be read, or has no labels.
        SettingsError: The task asks about words or passages.
    """
    installed.load()
    place = bases.find(BUNDLED if base is None else base)
    tokenizer = tokenizers.load(place)
    most = tokenizer.limited(max_tokens, of="of a text")
    table = sources.read(source, ReadOptions(**reading))
    found = agreement.agree(
        table, task=task, text=parted(text) or None, label=parted(label) or None
    )
    agreed = found.contract
    contract.require_labels(agreed, table.name)
    kind = tasks.of(agreed.task)
    if kind.asks != "texts":
        raise SettingsError(
            f"a data set is of whole texts, and {agreed.task!r} asks about words or passages; "
            "textune.lightning has batches of these"
        )
    everything = examples.read(naming.named(table, agreed), agreed)
    texts = tuple(item for item in everything if not is_skipped(item))
    if not texts:
        raise DataError(f"{table.name}: no row has both a text and a scored label")
    names = examples.label_names(agreed, texts)
    made = tasks.make(agreed.task, names, kind.begun(agreed))
    padding = objects.read(Path(place) / "config.json").get("pad_token_id")
    return Encoded(
        texts=texts,
        labels=made.labels,
        tokenizer=tokenizer,
        task=made,
        contract=agreed,
        pad_id=padding if isinstance(padding, int) else 0,
        targets=targets_of(made, texts),
        store=stores.tokenize(texts, tokenizer, Shape(most)),
    )
