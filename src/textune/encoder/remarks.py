"""An encoder becomes lines for people: what will be trained, and by what it computes."""

from collections.abc import Callable, Iterator

from textune.encoder import devices, precision
from textune.encoder.model import Encoder
from textune.fast import dropout


def describe(
    encoder: Encoder, *, left_out: int, millions: Callable[[int], str], is_frozen: bool = False
) -> Iterator[str]:
    """Yield lines on what will be trained, and on how it was loaded.

    Args:
        encoder: What is trained.
        left_out: Parameters of it that are not in memory.
        millions: Writes a number of parameters.
        is_frozen: Whether nothing is fitted but a linear head on it.
    """
    everything = sum(item.numel() for item in encoder.parameters())
    trained = sum(item.numel() for item in encoder.parameters() if item.requires_grad)
    learns = f"{millions(trained)} of them trained here"
    if is_frozen:
        learns = "frozen: nothing is fitted but a linear head on it"
    how = "packed, no padding" if encoder.packed else f"padded: {encoder.refusal}"
    if encoder.apart:
        how = "texts of one length at a time: padding changes its answers"
    yield (
        f"encoder: {encoder.config.model_type}, {millions(everything + left_out)} "
        f"parameters, {learns}; {how}; dropout {_dropout(encoder)}"
    )
    yield from encoder.remarks


def _dropout(encoder: Encoder) -> str:
    """Say the rates of dropout."""
    found = dropout.rates(encoder.config.to_dict())
    return " and ".join(f"{rate:g}" for rate in found) or "0"


def how(
    encoder: Encoder, numbers: str, why: str, *, tf32: bool, is_sharded: bool
) -> tuple[str, ...]:
    """Return lines on where an encoder will be trained, in which numbers, and by what.

    Args:
        encoder: Where it will compute.
        numbers: The format, chosen for the reason `why`.
        why: In words.
        tf32: Whether a card may multiply what is in fp32 by TF32.
        is_sharded: Whether its weights are parted between processes.
    """
    place = encoder.device
    said = f"device: {devices.words(place)}; numbers: {numbers} ({why})"
    if tf32 and precision.has_tf32(place, numbers):
        said += "; its products in TF32 (train.tf32=false: in fp32)"
    if place.type != "cpu" or not encoder.packed:
        return (said,)
    if encoder.has_kernels:
        return said, "layers: by kernels compiled for this processor"
    reason = "train.shard parts the weights" if is_sharded else encoder.why_no_kernels
    if numbers == "fp16":
        reason = "kernels know fp32 and bf16"
    return said, f"layers: by torch's own operations ({reason})"


def remedy(numbers: str) -> str:
    """Say what may help where a gradient is not finite."""
    return "a lower --lr" if numbers == "fp32" else "a lower --lr or --set train.precision=fp32"
