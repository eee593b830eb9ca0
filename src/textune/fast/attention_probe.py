"""An attention function is tried on a few texts: does it drop the same weights in both passes?

torch's kernels for sequences of different lengths have no public name, and one of them draws other
masks in its backward pass than in its forward pass (fp32 with dropout, up to torch 2.13), which no
comparison without dropout can see. Values that are unit vectors show which weights the forward pass
kept; gradients that are unit vectors show which ones the backward pass did.
"""

from collections.abc import Callable, Sequence
from itertools import combinations

import torch
from torch import Tensor

RATE = 0.4
HEADS = 3
LENGTHS = (8, 3, 8, 5)  # of texts; a head is at least 8 wide, so a place fits into a unit vector

# (P, H, D) queries, keys and values → (P, H, D), with a dropout rate of RATE
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def drops_alike(attend: Attend, *, width: int, dtype: torch.dtype, device: torch.device) -> bool:
    """Tell whether attention drops the same weights in both passes, and others elsewhere.

    Returns:
        Whether the masks of both passes are the same, and those of two heads, texts or calls are
        not, at about this rate.
    """
    if width < max(LENGTHS):
        return False
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        torch.manual_seed(0)
        first, back = masks(attend, width=width, dtype=dtype, device=device)
        second, _ = masks(attend, width=width, dtype=dtype, device=device)
    longest = [kept for kept in first if len(kept) == max(LENGTHS)]
    again = [kept for kept in second if len(kept) == max(LENGTHS)]
    apart = [kept[:, head] for kept in (*longest, *again) for head in range(HEADS)]
    share = torch.cat([kept.flatten() for kept in (*first, *second)]).float().mean().item()
    return (
        all(map(torch.equal, first, back))
        and not any(torch.equal(one, other) for one, other in combinations(apart, 2))
        and abs(1 - RATE - share) < 0.1  # of 972 weights: six deviations
    )


def masks(
    attend: Attend,
    *,
    width: int,
    dtype: torch.dtype,
    device: torch.device,
    lengths: Sequence[int] = LENGTHS,
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the weights that one call keeps in its forward pass, and in its backward pass.

    `width` is at least the length of the longest text.

    Returns:
        For each text of L tokens, (L, H, L) bool: whether query i of head h kept key j.
    """
    tokens = sum(lengths)
    places = torch.cat([torch.arange(size) for size in lengths])
    units = (places[:, None] == torch.arange(width)).to(device, dtype)  # (P, D)
    values = units[:, None].repeat(1, HEADS, 1).requires_grad_()
    alike = torch.zeros(tokens, HEADS, width, dtype=dtype, device=device)  # all weights are equal
    out = attend(alike, alike.clone(), values)
    (back,) = torch.autograd.grad(out, values, units[:, None].repeat(1, HEADS, 1))
    ahead = [part[..., : len(part)] > 0 for part in out.detach().split(list(lengths))]
    behind = [(part[..., : len(part)] > 0).permute(2, 1, 0) for part in back.split(list(lengths))]
    return ahead, behind
