"""A BERT of random weights begins with a sense of place: its heads look at neighbouring tokens.

From weights that are all random, a BERT has to find out first that its position embeddings say
which tokens are near; until then it learns no more than how frequent pieces are, and that takes
most of a short pretraining. Here positions begin as sinusoids (Vaswani et al., 2017), and queries
and keys as rotations of them: half of the heads of each layer look most at one distance each, as
heads of trained encoders do (Clark et al., 2019); the others, and the first token, which speaks of
the whole text, look at all alike. That weights may begin with structure is from Trockman and Kolter
(2023). All are learned.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

PLACES = 64  # dimensions of the hidden state that begin as sinusoids of the position, at most
LONGEST, SHORTEST = 1 / 100, 1.5  # angular frequencies, in radians a token
DEVIATION = 0.64  # of the layers' weights, times the root of the width
WORDS = 0.05  # standard deviation of word embeddings
SHARP = 4.0  # logit of a token at just the distance that a head looks at
DISTANCES = (-1, 1, -2, 2, -3, 3, -4, 4)  # of the heads of a layer, in turns


@torch.no_grad()
def begin(model: Any) -> None:
    """Give a new BERT its first weights.

    Args:
        model: BERT of transformers with random weights, drawn by its `initializer_range`.
    """
    config, base = model.config, model.base_model
    tables = base.embeddings
    drawn = float(config.initializer_range)
    for module in base.encoder.modules():
        if isinstance(module, nn.Linear):
            module.weight.mul_(DEVIATION / math.sqrt(config.hidden_size) / drawn)
    tables.word_embeddings.weight.mul_(WORDS / drawn)
    tables.token_type_embeddings.weight.zero_()
    size = min(PLACES, config.hidden_size // config.num_attention_heads) // 2 * 2
    waves = _waves(size // 2)  # (F,)
    places = tables.position_embeddings.weight
    angles = torch.arange(len(places), dtype=torch.float64)[:, None] * waves  # (positions, F)
    places.zero_()
    places[:, :size] = WORDS * torch.cat([angles.sin(), angles.cos()], dim=1).to(places)
    places[0] = 0.0  # a text's first token looks everywhere alike: it shall speak of the whole
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
            _look(own.query.weight[rows], own.key.weight[rows], waves * distance, gain)


def _waves(count: int) -> Tensor:
    ends = math.log(SHORTEST), math.log(LONGEST)
    return torch.linspace(*ends, count, dtype=torch.float64).exp()


def _amplitude(words: Tensor, places: Tensor) -> float:
    """Return the amplitude of the sinusoids once word and position are added and normalised."""
    count = min(len(words), 1000)
    shown = words[-count:] + places[len(places) // 2]
    return WORDS / float(shown.std(dim=1).mean())


def _look(query: Tensor, key: Tensor, angles: Tensor, gain: float) -> None:
    """Let a head compare its place, turned by some angles, with the places of others."""
    half = len(angles)
    at = torch.arange(half)
    query.zero_()
    key.zero_()
    query[at, at] = query[at + half, at + half] = (gain * angles.cos()).to(query)
    query[at, at + half] = (gain * angles.sin()).to(query)
    query[at + half, at] = (-gain * angles.sin()).to(query)
    key[at, at] = key[at + half, at + half] = gain
