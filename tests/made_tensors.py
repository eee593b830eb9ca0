"""Tensors for kernels, and what the kernels' results must be near to."""

from typing import Any

import torch
from torch import Tensor

DTYPES = [torch.float32, torch.bfloat16]
CLOSE = {torch.float32: 1e-5, torch.bfloat16: 1e-2}


def drawn(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """Draw a tensor."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def exact(*tensors: Tensor) -> list[Any]:
    """Return copies in float64 that ask for gradients."""
    return [item.detach().double().requires_grad_() for item in tensors]


def assert_near(found: Tensor, wanted: Tensor, dtype: torch.dtype) -> None:
    """Compare with a result in float64, relative to its greatest value."""
    assert found.shape == wanted.shape
    gap = (found.double() - wanted).abs().max() / wanted.abs().max().clamp(min=1e-12)
    assert gap.item() < CLOSE[dtype]


def norm_of(width: int, seed: int = 0) -> torch.nn.LayerNorm:
    """Return a layer norm with some gain and shift."""
    norm = torch.nn.LayerNorm(width, eps=1e-6).requires_grad_(False)
    norm.weight.copy_(1 + 0.3 * drawn(width, seed=seed + 100))
    norm.bias.copy_(0.3 * drawn(width, seed=seed + 200))
    return norm
