"""Packed attention: texts are concatenated, and each attends to itself only.

On a CUDA device torch's kernels for sequences of different lengths follow the borders. Elsewhere
the texts of a batch are padded inside attention alone, in buckets of like length. (The families
in `layers` go through kernels of their own on a CPU, and never come here.)

Shapes: P packed tokens, H heads, D width of a head, B texts and L tokens of the longest text in a
bucket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from textune.fast import attention_probe, dropout

NAME = "textune_packed"
WASTE = 1.25  # most slots over real tokens that a bucket may reach before a new one is opened


@dataclass(frozen=True, slots=True)
class Bucket:
    """Neighbouring texts of a pack that attention computes together."""

    start: int  # first packed token
    stop: int
    texts: int
    longest: int  # L
    slots: (
        Tensor | None
    )  # (stop - start,) slot of each token in the padded B * L; None: nothing to pad
    real: Tensor | None  # (B, 1, 1, L) bool, True where there is a token; None: everywhere


@dataclass(frozen=True)
class Packing:
    """How a pack is cut for attention; made once a batch and used in every layer."""

    lengths: Sequence[int]  # tokens of each text, in packed order; sorted ones leave fewest holes
    borders: Tensor  # (B + 1,) int64, on the device of the pack
    longest: int | None = None  # tokens of a text at most, where only the borders say how long each
    # is: nothing is read from them by the host
    calls: list[int] = field(default_factory=list)  # query rows of each call
    kept: dict[int, Bucket] = field(default_factory=dict)  # of such a pack, by its tokens

    @property
    def most(self) -> int:
        """Return how long a text can be."""
        return max(self.lengths) if self.longest is None else self.longest

    @cached_property
    def short_borders(self) -> Tensor:
        """Return the borders, (B + 1,), as int32: the type of CUDA's kernels."""
        return self.borders.to(torch.int32)

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """Neighbouring texts of like lengths; none are cut where a kernel follows the borders."""
        buckets = []
        first, offset = 0, 0
        while first < len(self.lengths):
            last, tokens, longest = first, 0, 0
            while last < len(self.lengths):
                height, more = max(longest, self.lengths[last]), tokens + self.lengths[last]
                if height * (last + 1 - first) > WASTE * more + 64:
                    break
                tokens, longest, last = more, height, last + 1
            lengths = self.lengths[first:last]
            buckets.append(_bucket(lengths, offset, longest, self.borders.device))
            first, offset = last, offset + tokens
        return tuple(buckets)

    def buckets_of(self, tokens: int) -> tuple[Bucket, ...]:
        """Return the buckets of a pack of so many tokens: one where only the borders are known."""
        if self.longest is None:
            return self.buckets
        if tokens not in self.kept:
            self.kept[tokens] = _by_borders(self.borders, tokens, self.longest)
        return (self.kept[tokens],)


def _by_borders(borders: Tensor, tokens: int, longest: int) -> Bucket:
    """Lay out all texts side by side, without asking how long each of them is."""
    place = torch.arange(tokens, device=borders.device)  # (P,)
    owner = torch.searchsorted(borders, place, right=True) - 1
    slots = owner * longest + place - borders[owner]
    columns = torch.arange(longest, device=borders.device)
    real = columns[None] < borders.diff()[:, None]  # (B, L)
    return Bucket(0, tokens, len(borders) - 1, longest, slots, real[:, None, None])


def _bucket(lengths: Sequence[int], start: int, longest: int, device: torch.device | str) -> Bucket:
    texts, stop = len(lengths), start + sum(lengths)
    if stop - start == texts * longest:
        return Bucket(start, stop, texts, longest, None, None)
    sizes = torch.tensor(lengths)
    real = torch.arange(longest)[None] < sizes[:, None]  # (B, L)
    slots = real.flatten().nonzero().squeeze(1)  # (tokens,)
    return Bucket(start, stop, texts, longest, slots.to(device), real[:, None, None].to(device))


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    packing: Packing,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attend within each text of a pack, by the contract of transformers' `AttentionInterface`.

    Queries, keys and values are (1, H, P, D); tokens as far apart as `sliding_window`, or farther,
    do not see each other. Borders come with `packing`, and no mask.

    Returns:
        (1, P, H, D) and no weights.
    """
    del module, attention_mask
    tokens = (states[0].transpose(0, 1) for states in (query, key, value))  # 3 × (P, H, D)
    found = attend(*tokens, packing=packing, rate=dropout, scaling=scaling, window=sliding_window)
    return found[None], None


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    packing: Packing,
    rate: float = 0.0,
    scaling: float | None = None,
    window: int | None = None,
) -> Tensor:
    """Attend within each text of a pack.

    Queries, keys and values are (P, H, D); queries of the first token of each text alone (B, H, D).
    Tokens as far apart as `window`, or farther, do not see each other; scores are scaled by 1 /
    sqrt(D) where no factor is given.

    Returns:
        As many rows as the query has.
    """
    packing.calls.append(query.shape[0])
    factor = query.shape[-1] ** -0.5 if scaling is None else scaling
    if window is None and _has_varlen(query.device, query.dtype, query.shape[-1], rate > 0.0):
        return _attend_varlen(query, key, value, packing, rate, factor)
    firsts_only = query.shape[0] != key.shape[0]
    parts, done = [], 0
    for bucket in packing.buckets_of(len(key)):
        rows = slice(bucket.start, bucket.stop)
        k, v = _pad(key[rows], bucket), _pad(value[rows], bucket)
        if firsts_only:
            q = query[done : done + bucket.texts].unsqueeze(2)  # (B, H, 1, D)
            mask = bucket.real
        else:
            q, mask = _pad(query[rows], bucket), _mask(bucket, window, query.device)
        out = _attend(q, k, v, mask, rate, factor)
        parts.append(out.squeeze(2) if firsts_only else _unpad(out, bucket))
        done += bucket.texts
    return parts[0] if len(parts) == 1 else torch.cat(parts)


@lru_cache(maxsize=8)
@torch.no_grad()
def _has_varlen(device: torch.device, dtype: torch.dtype, width: int, drops: bool = False) -> bool:
    """Try the kernels of a card on short texts: they have no public name, and no promise to stay.

    With dropout the masks of both passes are compared as well: in fp32 they differ up to torch
    2.13, and the padded way by torch's public attention is taken.
    """
    if device.type == "meta":  # shapes without numbers, by which a step is looked through
        return dtype != torch.float32
    if device.type != "cuda":
        return False
    packing = Packing((5, 3), torch.tensor([0, 5, 8], device=device))
    draw = torch.Generator(device).manual_seed(0)
    states = torch.randn(3, 8, 2, width, generator=draw, device=device).to(dtype)
    try:
        found = _attend_varlen(states[0], states[1], states[2], packing, 0.0, width**-0.5)
    except (RuntimeError, TypeError, AttributeError):
        return False
    for rows in (slice(0, 5), slice(5, 8)):
        query, key, value = (state[rows].transpose(0, 1)[None].float() for state in states)
        wanted = functional.scaled_dot_product_attention(query, key, value)[0].transpose(0, 1)
        if not torch.allclose(found[rows].float(), wanted, atol=0.03):
            return False
    return not drops or _drops_alike(device, dtype, width)


def _drops_alike(device: torch.device, dtype: torch.dtype, width: int) -> bool:
    """Tell whether the kernels drop the same weights in both passes."""
    lengths = attention_probe.LENGTHS
    borders = torch.tensor((0, *lengths), device=device).cumsum(0)
    packing = Packing(lengths, borders)

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return _attend_varlen(query, key, value, packing, attention_probe.RATE, width**-0.5)

    return attention_probe.drops_alike(attend, width=width, dtype=dtype, device=device)


def _attend_varlen(
    query: Tensor, key: Tensor, value: Tensor, packing: Packing, rate: float, factor: float
) -> Tensor:
    """Attend by torch's own kernels for CUDA, which take the borders as they are.

    Flash attention (Dao, 2023) for bf16 and fp16, memory-efficient attention (Rabe and Staats,
    2021) for fp32. They are the parts of torch's public attention that know neither padding nor
    buckets, but have no public name: both draw dropout masks and have gradients.
    """
    borders = packing.short_borders
    longest = packing.most
    firsts_only = query.shape[0] != key.shape[0]
    asking = torch.arange(len(borders), dtype=torch.int32, device=borders.device)
    of_queries, most = (asking, 1) if firsts_only else (borders, longest)
    if query.dtype in {torch.bfloat16, torch.float16}:
        flash = torch.ops.aten._flash_attention_forward
        found = flash(
            *(query, key, value, of_queries, borders, most, longest),
            rate,
            False,  # causal
            False,  # debug mask
            scale=factor,
        )
        return found[0]
    efficient = torch.ops.aten._efficient_attention_forward
    rows = (query[None], key[None], value[None])
    found = efficient(*rows, None, of_queries, borders, most, longest, rate, 0, True, scale=factor)
    return found[0][0]


def _attend(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, rate: float, factor: float
) -> Tensor:
    if rate == 0.0 or query.device.type != "cpu":
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=rate, scale=factor
        )
    scores = torch.matmul(query * factor, key.transpose(-1, -2))  # (B, H, L, L)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    return torch.matmul(dropout.drop(scores.softmax(-1), rate), value)  # (B, H, L, D)


def _mask(bucket: Bucket, window: int | None, device: torch.device) -> Tensor | None:
    if window is None or window >= bucket.longest:
        return bucket.real
    places = torch.arange(bucket.longest, device=device)
    near = (places[:, None] - places[None]).abs() < window  # (L, L)
    # A padded slot must see something, or its softmax is NaN and poisons the gradient of its text.
    return near[None, None] if bucket.real is None else (near & bucket.real) | ~bucket.real.mT


def _pad(tokens: Tensor, bucket: Bucket) -> Tensor:
    """(tokens, H, D) → (B, H, L, D)."""
    if bucket.slots is not None:
        slots = bucket.texts * bucket.longest
        tokens = _Scatter.apply(tokens, bucket.slots, slots)  # type: ignore[no-untyped-call]  # torch's
    return tokens.unflatten(0, (bucket.texts, bucket.longest)).transpose(1, 2)


def _unpad(states: Tensor, bucket: Bucket) -> Tensor:
    """(B, H, L, D) → (tokens, H, D)."""
    flat = states.transpose(1, 2).flatten(0, 1)  # (B * L, H, D)
    if bucket.slots is None:
        return flat
    return _Gather.apply(flat, bucket.slots)  # type: ignore[no-untyped-call]  # torch's


class _Scatter(torch.autograd.Function):
    """Rows to their slots, zeros elsewhere; as no slot takes two, the gradient is a plain read."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, slots: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(slots)
        return rows.new_zeros((size, *rows.shape[1:])).index_copy_(0, slots, rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slots,) = ctx.saved_tensors
        return gradients[0].index_select(0, slots), None, None


class _Gather(torch.autograd.Function):
    """Read rows from their slots. Its gradient is a plain write: no slot is read twice."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, slots: Tensor) -> Tensor:
        ctx.save_for_backward(slots)
        ctx.size = states.shape[0]
        return states.index_select(0, slots)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slots,) = ctx.saved_tensors
        rows = gradients[0]
        return rows.new_zeros((ctx.size, *rows.shape[1:])).index_copy_(0, slots, rows), None
