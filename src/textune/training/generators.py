"""Where the generators stand that dropout draws from, and back to there: the same masks again."""

import torch
from torch import Tensor

State = tuple[Tensor, Tensor | None]  # of the processor, and of a card


def state(device: torch.device) -> State:
    """Return where they stand."""
    on_card = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    return torch.get_rng_state(), on_card


def go_back(to: State, device: torch.device) -> None:
    """Let them stand where they stood."""
    torch.set_rng_state(to[0])
    if to[1] is not None:
        torch.cuda.set_rng_state(to[1], device)
