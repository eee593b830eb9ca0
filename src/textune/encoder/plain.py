"""A saved model of BERT's build computes logits of a few texts by NumPy alone, in fp32.

Importing torch takes longer than computing a text. What is unusual is left to `saved`.
The logits are those of torch within rounding (1e-5 of a probability). Shapes: T tokens of a
window, D width, H heads, C outputs, W windows of a text, M tokens that are asked, I items.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from textune.encoder import headers, units
from textune.encoder.pooled import pooled
from textune.families.known import PREFIXES
from textune.records import PASSAGES, Asks, Pairs, Pool

Floats = NDArray[np.float32]
HEADS: dict[Asks, str] = {
    "texts": "ForSequenceClassification",
    "words": "ForTokenClassification",
    PASSAGES: "ForQuestionAnswering",
}
LARGEST = 2**29  # bytes of weights: of more, reading and computing take longer than torch does
HEAD = "head"  # of two texts that are encoded apart, here
SHARPNESS = "window_sharpness"  # of a learned pool, among a model's weights
ERF_ABOVE = (  # rational approximation of erf on [-4, 4] by odd and even powers: Eigen's, for fp32
    *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05),
    *(-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
)
ERF_BELOW = (
    *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03),
    *(-7.37332916720468e-03, -1.42647390514189e-02),
)
KEY_VALUE = ("key", "value")
TABLES = ("word", "position", "token_type")
LINEAR = (  # of a layer
    *("attention.self.query", "attention.self.key", "attention.self.value"),
    *("attention.output.dense", "intermediate.dense", "output.dense"),
)
_FAULTS = (AttributeError, KeyError, OSError, SafetensorError, TypeError, ValueError)


class PlainEncoder:
    """An encoder with its head that computes logits text by text.

    Weights and configuration have the names of transformers.

    Raises:
        KeyError: A weight or setting that the family has is not there.
    """

    def __init__(
        self,
        weights: Mapping[str, Floats],
        config: Mapping[str, Any],
        *,
        asks: Asks,
        pool: Pool,
        pairs: Pairs = "together",
    ):
        self._weights, self._asks, self._pool = weights, asks, pool
        self._is_apart = pairs == "apart"
        self._prefix = PREFIXES[config["model_type"]]
        is_bert = self._prefix == "bert"
        self._first = 0 if is_bert else int(config["pad_token_id"]) + 1
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._eps = float(config["layer_norm_eps"])
        self._has_segments = int(config["type_vocab_size"]) > 1
        self._dense = "bert.pooler.dense" if is_bert else "classifier.dense"
        out = "classifier" if is_bert or asks == "words" else "classifier.out_proj"
        out = "qa_outputs" if asks == PASSAGES else out
        out = HEAD if self._is_apart else out
        self.head = weights[f"{out}.weight"].T, weights[f"{out}.bias"]  # (D, C), (C,)
        if (own := units.read(config)) is not None:
            centers, scales = np.asarray(own.centers), np.asarray(own.scales)
            self.head = (
                (self.head[0] / scales).astype(np.float32),
                ((self.head[1] - centers) / scales).astype(np.float32),
            )
        if missing := sorted(self._names() - weights.keys()):
            raise KeyError(missing[0])

    def window(self, ids: NDArray[np.int32], first: int, asked: NDArray[np.int32]) -> Floats:
        """Compute the logits of a window, (1, C), or of the tokens `asked` in it, (M, C).

        Of one of two texts that are encoded apart it is the state that the head reads, (1, D).

        The ids are (T,), special tokens included; the first so many of them lie in the first
        segment. `asked` are the places of tokens, (M,), for a head on tokens.
        """
        states = self._embed(ids, first)  # (T, D)
        is_whole = self._asks == "texts"
        for number in range(self._layers):
            is_last = number == self._layers - 1
            states = self._layer(states, number, only_first=is_last and is_whole)
        if self._is_apart:
            return states
        # (1, D) of the whole window, or (M, D)
        states = np.tanh(self._linear(states, self._dense)) if is_whole else states[asked]
        weight, bias = self.head
        return np.asarray(states @ weight + bias, dtype=np.float32)

    def join(self, logits: Floats, of: NDArray[np.integer[Any]], count: int) -> Floats:
        """Pool the logits of each item over windows; (R, C) and (R,) items → (I, C).

        Of two texts that are encoded apart, both states become logits; (2 I, D) → (I, C).
        """
        if self._is_apart:
            first, second = logits[0::2], logits[1::2]
            product = first * second
            parts = [np.abs(first - second), product, product.sum(axis=1, keepdims=True)]
            both = np.concatenate(parts, axis=1)  # (I, 2 D + 1)
            weight, bias = self.head
            return np.asarray(both @ weight + bias, dtype=np.float32)
        return pooled(logits, of, count, how=self._pool, sharpness=self._weights.get(SHARPNESS))

    def _names(self) -> set[str]:
        """Name the weights that are read."""
        at = f"{self._prefix}.embeddings"
        linear = [self._dense] if self._asks == "texts" and not self._is_apart else []
        norms, tables = [f"{at}.LayerNorm"], [f"{at}.{name}_embeddings.weight" for name in TABLES]
        for number in range(self._layers):
            at = f"{self._prefix}.encoder.layer.{number}"
            linear += [f"{at}.{name}" for name in LINEAR]
            norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        both = (f"{name}.{part}" for name in (*linear, *norms) for part in ("weight", "bias"))
        return {*tables, *both}

    def _embed(self, ids: NDArray[np.int32], first_segment: int) -> Floats:
        at = f"{self._prefix}.embeddings"
        places = np.arange(len(ids))
        segments = (places >= first_segment) & self._has_segments
        found = (
            self._weights[f"{at}.word_embeddings.weight"][ids]
            + self._weights[f"{at}.position_embeddings.weight"][places + self._first]
            + self._weights[f"{at}.token_type_embeddings.weight"][segments.astype(np.int64)]
        )
        return self._norm(found, f"{at}.LayerNorm")

    def _layer(self, states: Floats, number: int, *, only_first: bool) -> Floats:
        """(T, D) → (T, D), or (1, D) where only the first token is read."""
        at = f"{self._prefix}.encoder.layer.{number}"
        own = states[:1] if only_first else states
        mixed = self._attend(own, states, f"{at}.attention.self")
        own = self._close(mixed, own, f"{at}.attention.output")
        inner = gelu(self._linear(own, f"{at}.intermediate.dense"))
        return self._close(inner, own, f"{at}.output")

    def _attend(self, own: Floats, states: Floats, at: str) -> Floats:
        query = self._by_head(self._linear(own, f"{at}.query"))  # (H, 1 or T, D / H)
        key, value = (self._by_head(self._linear(states, f"{at}.{name}")) for name in KEY_VALUE)
        scores = query @ key.transpose(0, 2, 1) * np.float32(query.shape[2] ** -0.5)
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        scores /= scores.sum(axis=2, keepdims=True)
        return (scores @ value).transpose(1, 0, 2).reshape(own.shape)

    def _by_head(self, states: Floats) -> Floats:
        """(T, D) → (H, T, D / H)."""
        return states.reshape(len(states), self._heads, -1).transpose(1, 0, 2)

    def _close(self, states: Floats, onto: Floats, at: str) -> Floats:
        return self._norm(self._linear(states, f"{at}.dense") + onto, f"{at}.LayerNorm")

    def _linear(self, states: Floats, at: str) -> Floats:
        found = states @ self._weights[f"{at}.weight"].T
        found += self._weights[f"{at}.bias"]
        return found

    def _norm(self, states: Floats, at: str) -> Floats:
        states = states - states.mean(axis=1, keepdims=True)
        spread = np.sqrt(np.square(states).mean(axis=1, keepdims=True) + np.float32(self._eps))
        return states / spread * self._weights[f"{at}.weight"] + self._weights[f"{at}.bias"]


def load(
    folder: Path,
    labels: tuple[str, ...],
    *,
    asks: Asks,
    pool: Pool = "mean",
    pairs: Pairs = "together",
) -> PlainEncoder | None:
    """Load a saved model, if it is one of the usual build and whole.

    The folder is as `load.save` wrote it; its configuration must have these labels, in this order.

    Returns:
        None where torch must be asked: for other families, and for what is wrong.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        suffix = "Model" if pairs == "apart" else HEADS[asks]
        is_head = str(config["architectures"]).endswith(f"{suffix}']")
        if not is_head or not is_usual(config):
            return None
        if asks != PASSAGES and _labels(config) != list(labels):
            return None
        file = folder / "model.safetensors"
        if file.stat().st_size > LARGEST:
            return None
        weights = load_file(file)
        if pairs == "apart":
            weights = {
                f"{PREFIXES[config['model_type']]}.{name}": weights[name] for name in weights
            }
            head = load_file(folder / headers.PAIRS)
            weights |= {f"{HEAD}.{name}": head[name] for name in head}
        if not all(item.dtype == np.float32 and _is_finite(item) for item in weights.values()):
            return None
        encoder = PlainEncoder(weights, config, asks=asks, pool=pool, pairs=pairs)
        outputs = 2 if asks == PASSAGES else len(labels)
        return encoder if encoder.head[0].shape[1] == outputs else None
    except _FAULTS:
        return None


def gelu(states: Floats) -> Floats:
    """GELU in its exact form: each number times the normal distribution's share below it."""
    bounded = np.clip(states * np.float32(0.5**0.5), -4, 4)
    square = bounded * bounded
    above, below = (_powers(square, numbers) for numbers in (ERF_ABOVE, ERF_BELOW))
    return np.asarray(0.5 * states * (1 + bounded * above / below), dtype=np.float32)


def _powers(square: Floats, numbers: tuple[float, ...]) -> Floats:
    found = np.full_like(square, numbers[0])
    for number in numbers[1:]:
        found *= square
        found += np.float32(number)
    return found


def _labels(config: Mapping[str, Any]) -> list[str]:
    return [name for _, name in sorted((int(n), v) for n, v in config["id2label"].items())]


def _is_finite(weights: Floats) -> bool:
    return bool(np.isfinite(weights.sum()) or np.isfinite(weights).all())


def is_usual(config: Mapping[str, object]) -> bool:
    """Tell whether a configuration is of an encoder of BERT's build."""
    is_encoder = not config.get("is_decoder") and not config.get("add_cross_attention")
    is_known = config["model_type"] in PREFIXES and config["hidden_act"] == "gelu"
    is_absolute = config.get("position_embedding_type", "absolute") == "absolute"
    return is_encoder and is_known and is_absolute
