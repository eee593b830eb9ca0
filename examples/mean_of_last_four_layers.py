"""A head that reads the mean of the last four layers, over all tokens of a text.

textune train reviews.csv --out run --plugin examples/mean_of_last_four_layers.py
textune predict run "A lovely film." --plugin examples/mean_of_last_four_layers.py
"""

from typing import Any

import torch
from torch import Tensor, nn

LAYERS = 4


class MeanOfLastFour(nn.Module):
    """Averages layers and tokens; a linear map gives the logits."""

    def __init__(self, config: Any, outputs: int):
        super().__init__()
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.linear = nn.Linear(config.hidden_size, outputs)

    def forward(self, states: Any) -> Tensor:
        """Return (B, C); `states.layers` are (P, D) each, the tokens of B texts end to end."""
        mixed = torch.stack(states.layers[-LAYERS:]).mean(dim=0)  # (P, D)
        return self.linear(self.dropout(states.mean(mixed)))  # (B, D) → (B, C)


head = MeanOfLastFour
