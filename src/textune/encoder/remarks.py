"""An encoder becomes lines for people: what will be trained, and by what it computes."""

from collections.abc import Callable, Iterator

from textune.encoder.model import Encoder
from textune.fast import dropout


def describe(encoder: Encoder, *, left_out: int, millions: Callable[[int], str]) -> Iterator[str]:
    """Yield lines on what will be trained, and on how it was loaded."""
    everything = sum(item.numel() for item in encoder.parameters())
    trained = sum(item.numel() for item in encoder.parameters() if item.requires_grad)
    how = "packed, no padding" if encoder.packed else f"padded: {encoder.refusal}"
    if encoder.apart:
        how = "texts of one length at a time: padding changes its answers"
    yield (
        f"encoder: {encoder.config.model_type}, {millions(everything + left_out)} "
        f"parameters, {millions(trained)} of them trained here; {how}; dropout {_dropout(encoder)}"
    )
    yield from encoder.remarks


def _dropout(encoder: Encoder) -> str:
    """Say the rates of dropout."""
    found = dropout.rates(encoder.config.to_dict())
    return " and ".join(f"{rate:g}" for rate in found) or "0"


def kernels(encoder: Encoder, why: str = "") -> tuple[str, ...]:
    """Say whether the layers compute by kernels, where they could."""
    if encoder.device.type != "cpu" or not encoder.packed:
        return ()
    if encoder.has_kernels:
        return ("layers: by kernels compiled for this processor",)
    return (f"layers: by torch's own operations ({why or encoder.why_no_kernels})",)


def remedy(numbers: str) -> str:
    """Say what may help where a gradient is not finite."""
    return "a lower --lr" if numbers == "fp32" else "a lower --lr or --set train.precision=fp32"
