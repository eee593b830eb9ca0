"""Numbers become a tensor on a device, once: copying them in every pass makes a card wait."""

from collections.abc import Iterable
from functools import cache

import torch
from torch import Tensor


def on(device: torch.device, values: Iterable[float], dtype: torch.dtype = torch.float32) -> Tensor:
    """Return numbers as a tensor that is not to be changed; (N,).

    It is kept as long as the process lives: a captured graph reads it where it lies.
    """
    return _kept(device, tuple(values), dtype)


@cache
def _kept(device: torch.device, values: tuple[float, ...], dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):  # judging may have asked first
        return torch.tensor(values, dtype=dtype, device=device)
