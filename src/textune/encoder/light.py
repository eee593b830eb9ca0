"""A saved classifier of BERT's build, ready to answer without importing transformers.

Its classes take longer to import than a text takes to be answered. Here the weights of the usual
families go straight to the kernels; whatever is unusual is left to `load`. Shapes: P tokens, B
texts, C labels, D width.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from textune.encoder import manifest, pooling, units
from textune.encoder.weights import refuse_not_finite
from textune.fast import calls
from textune.fast.firsts import LastLayer
from textune.fast.fused import FusedEmbeddings, FusedLayer
from textune.records import Batch, Items, Pool

PREFIXES = {"bert": "bert", "camembert": "roberta", "roberta": "roberta", "xlm-roberta": "roberta"}
_FAULTS = (
    AttributeError,
    KeyError,
    OSError,
    RuntimeError,
    SafetensorError,
    TypeError,
    ValueError,
)


class LightEncoder(nn.Module):
    """A text classifier that computes logits from packed batches, on a CPU.

    Args:
        weights: By transformers' names.
        config: As in config.json.

    Raises:
        KeyError: A weight or setting that the family has is not there.
    """

    packed = True
    device = torch.device("cpu")

    def __init__(self, weights: Mapping[str, Tensor], config: Mapping[str, Any]):
        super().__init__()
        self._weights, self._config = weights, config
        self.pool: Pool = "mean"
        self._prefix = PREFIXES[config["model_type"]]
        self._first = 0 if self._prefix == "bert" else int(config["pad_token_id"]) + 1
        self._has_segments = int(config["type_vocab_size"]) > 1
        self.compute_in(torch.float32)
        dense = "bert.pooler.dense" if self._prefix == "bert" else "classifier.dense"
        out = "classifier" if self._prefix == "bert" else "classifier.out_proj"
        self._pool, self._classify = self._linear(dense), self._linear(out)
        if (own := units.read(config)) is not None:
            found = units.standardised(self._classify.weight, self._classify.bias, own)
            self._classify.weight, self._classify.bias = (
                nn.Parameter(part, requires_grad=False) for part in found
            )

    def compute_in(self, dtype: torch.dtype) -> bool:
        """Compute the layers in this number format."""
        count = int(self._config["num_hidden_layers"])
        self._embed = FusedEmbeddings(self._embeddings(), dtype)
        layers = [FusedLayer(self._layer(number), dtype) for number in range(count - 1)]
        self._layers = layers
        self._last = LastLayer(FusedLayer(self._layer(count - 1), torch.float32))
        return True

    def forward(self, batch: Batch) -> Tensor:
        """Compute logits, (I, C): one row a text, whatever its windows."""
        segments = batch.segments if self._has_segments else batch.segments * 0
        states = self._embed(batch.ids, batch.positions + self._first, segments)[0]  # (P, D)
        for layer in self._layers:
            states = layer(states, batch.borders, training=False)
        firsts = self._last(states, batch.borders, training=False)  # (B, D)
        logits: Tensor = self._classify(torch.tanh(self._pool(firsts)))
        return logits if batch.items is None else self.join(logits, batch.items)

    def join(self, answers: Tensor, items: Items) -> Tensor:
        """Make one answer for each text of what was said of its windows; (B, C) → (I, C)."""
        return pooling.pool(answers, items, self.pool, self._weights.get(pooling.NAME))

    def _layer(self, number: int) -> Any:
        at = f"{self._prefix}.encoder.layer.{number}"
        heads = int(self._config["num_attention_heads"])
        none = nn.Dropout(0.0)
        own = SimpleNamespace(
            query=self._linear(f"{at}.attention.self.query"),
            key=self._linear(f"{at}.attention.self.key"),
            value=self._linear(f"{at}.attention.self.value"),
            num_attention_heads=heads,
            scaling=(int(self._config["hidden_size"]) // heads) ** -0.5,
            dropout=none,
        )
        return SimpleNamespace(
            attention=SimpleNamespace(self=own, output=self._close(f"{at}.attention.output")),
            intermediate=SimpleNamespace(dense=self._linear(f"{at}.intermediate.dense")),
            output=self._close(f"{at}.output"),
        )

    def _close(self, at: str) -> Any:
        return SimpleNamespace(
            dense=self._linear(f"{at}.dense"),
            LayerNorm=self._norm(f"{at}.LayerNorm"),
            dropout=nn.Dropout(0.0),
        )

    def _embeddings(self) -> Any:
        at = f"{self._prefix}.embeddings"
        names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
        tables = {
            name: SimpleNamespace(weight=self._weights[f"{at}.{name}.weight"]) for name in names
        }
        norm = self._norm(f"{at}.LayerNorm")
        return SimpleNamespace(**tables, LayerNorm=norm, dropout=nn.Dropout(0.0), training=False)

    def _linear(self, at: str) -> nn.Linear:
        weight = self._weights[f"{at}.weight"]
        with torch.device("meta"):
            part = nn.Linear(weight.shape[1], weight.shape[0])
        part.weight = nn.Parameter(weight, requires_grad=False)
        part.bias = nn.Parameter(self._weights[f"{at}.bias"], requires_grad=False)
        return part

    def _norm(self, at: str) -> nn.LayerNorm:
        weight = self._weights[f"{at}.weight"]
        part = nn.LayerNorm(len(weight), eps=float(self._config["layer_norm_eps"]))
        part.weight = nn.Parameter(weight, requires_grad=False)
        part.bias = nn.Parameter(self._weights[f"{at}.bias"], requires_grad=False)
        return part


def load(folder: Path, labels: tuple[str, ...], *, pool: Pool = "mean") -> LightEncoder | None:
    """Load a saved classifier, if it is one of the usual build and whole.

    Args:
        folder: As `load.save` wrote it.
        labels: Names that its configuration must have, in this order.
        pool: How the answers in the windows of one text become one.

    Returns:
        None where transformers must be asked: for other families, and for what is wrong.
    """
    if not calls.available():
        return None
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        names = [name for _, name in sorted((int(n), v) for n, v in config["id2label"].items())]
        if not _is_usual(config) or names != list(labels):
            return None
        weights = load_file(folder / "model.safetensors")
        if any(item.dtype != torch.float32 for item in weights.values()):
            return None
        if not (folder / manifest.NAME).exists():  # else it was looked at when it was sealed
            refuse_not_finite(weights, folder)
        encoder = LightEncoder(weights, config).eval()
        encoder.pool = pool
        return encoder if encoder._classify.out_features == len(labels) else None
    except _FAULTS:
        return None


def width(folder: Path) -> int:
    """Read how wide the hidden states of a saved model are; 768 where that is not said."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return int(config["hidden_size"])
    except (OSError, KeyError, TypeError, ValueError):
        return 768


def _is_usual(config: Mapping[str, Any]) -> bool:
    is_classifier = str(config["architectures"]).endswith("ForSequenceClassification']")
    is_encoder = not config.get("is_decoder") and not config.get("add_cross_attention")
    is_known = config["model_type"] in PREFIXES and config["hidden_act"] == "gelu"
    return is_known and is_classifier and is_encoder
