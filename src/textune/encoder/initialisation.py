"""A new BERT gets initial weights: sinusoidal positions, and what was counted in its text.

From weights that are all random, a BERT has to find out first how frequent pieces are, and that its
position embeddings say which tokens are near; that takes most of a short pretraining, which is too
short to learn which words mean alike. Here the head's bias begins as the logarithm of the
frequencies, and word embeddings as vectors of co-occurrence. Positions begin as sinusoids (Vaswani
et al., 2017), and queries and keys as rotations of them: half of the heads of each layer attend
most at one distance each, as in trained encoders (Clark et al., 2019); the others, and the first
token, whose state stands for the whole text, attend to all tokens alike. That weights may begin
with structure is from Trockman and Kolter (2023). All are learned.
"""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

POSITION_DIMENSIONS = 64  # of the hidden state, that begin as sinusoids of the position, at most
LONGEST, SHORTEST = 1 / 100, 1.5  # angular frequencies, in radians a token
DEVIATION = 0.64  # of the layers' weights, times the root of the width
WORDS = 0.05  # standard deviation of word embeddings
SHARP = 4.0  # logit of a token at just the distance that a head attends to
DISTANCES = (-1, 1, -2, 2, -3, 3, -4, 4)  # of the heads of a layer, in turns


def free_width(config: Any) -> int:
    """Return how many dimensions of word embeddings hold no position."""
    size = _position_width(config)
    return int(config.hidden_size) - size or size


@torch.no_grad()
def set_from_counts(
    model: Any, frequencies: NDArray[np.int64], vectors: NDArray[np.float32]
) -> None:
    """Set bias and word embeddings by what was counted in the text, after `initialise`.

    Args:
        model: BERT of transformers with a masked-LM head.
        frequencies: (V,) how often each piece occurs.
        vectors: (V, D) of co-occurrence, rows of length 1, D up to the `free_width`; a row of
            zeros leaves a piece's embedding as it is.
    """
    words = model.get_input_embeddings().weight
    found = torch.from_numpy(vectors).to(words) * (WORDS * math.sqrt(vectors.shape[1]))
    known = found.any(dim=1)
    first = words.shape[1] - free_width(model.config)
    words[known, first : first + found.shape[1]] = found[known]
    chance = (torch.from_numpy(frequencies).to(words) + 1).log()
    model.get_output_embeddings().bias.copy_(chance - chance.mean())


@torch.no_grad()
def initialise(model: Any) -> None:
    """Set the initial weights of a new BERT.

    It is a BERT of transformers whose random weights are drawn by its `initializer_range`.
    """
    config, base = model.config, model.base_model
    tables = base.embeddings
    drawn = float(config.initializer_range)
    for module in base.encoder.modules():
        if isinstance(module, nn.Linear):
            module.weight.mul_(DEVIATION / math.sqrt(config.hidden_size) / drawn)
    tables.word_embeddings.weight.mul_(WORDS / drawn)
    tables.token_type_embeddings.weight.zero_()
    size = _position_width(config)
    waves = _angular_frequencies(size // 2)  # (F,)
    places = tables.position_embeddings.weight
    angles = torch.arange(len(places), dtype=torch.float64)[:, None] * waves  # (positions, F)
    places.zero_()
    places[:, :size] = WORDS * torch.cat([angles.sin(), angles.cos()], dim=1).to(places)
    places[0] = 0.0  # a text's first token attends to all alike: its state stands for the whole
    if config.hidden_size > size:
        tables.word_embeddings.weight[:, :size] = 0.0  # places are not mixed with words
    amplitude = _amplitude(tables.word_embeddings.weight.double(), places.double())
    gain = math.sqrt(SHARP * math.sqrt(config.hidden_size // config.num_attention_heads))
    gain /= amplitude * math.sqrt(len(waves))
    for layer in base.encoder.layer:
        own = layer.attention.self
        for head in range((config.num_attention_heads + 1) // 2):
            distance = DISTANCES[head % len(DISTANCES)]
            width = own.attention_head_size
            rows = slice(head * width, (head + 1) * width)
            _attend_at(own.query.weight[rows], own.key.weight[rows], waves * distance, gain)


def _position_width(config: Any) -> int:
    return int(min(POSITION_DIMENSIONS, config.hidden_size // config.num_attention_heads) // 2 * 2)


def _angular_frequencies(count: int) -> Tensor:
    ends = math.log(SHORTEST), math.log(LONGEST)
    return torch.linspace(*ends, count, dtype=torch.float64).exp()


def _amplitude(words: Tensor, places: Tensor) -> float:
    """Return the amplitude of the sinusoids once word and position are added and normalised."""
    count = min(len(words), 1000)
    shown = words[-count:] + places[len(places) // 2]
    return WORDS / float(shown.std(dim=1).mean())


def _attend_at(query: Tensor, key: Tensor, angles: Tensor, gain: float) -> None:
    """Set queries and keys so that a head attends most where positions differ by these angles."""
    half = len(angles)
    at = torch.arange(half)
    query.zero_()
    key.zero_()
    query[at, at] = query[at + half, at + half] = (gain * angles.cos()).to(query)
    query[at, at + half] = (gain * angles.sin()).to(query)
    query[at + half, at] = (-gain * angles.sin()).to(query)
    key[at, at] = key[at + half, at + half] = gain
