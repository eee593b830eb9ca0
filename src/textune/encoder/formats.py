"""Which number format is fastest here, measured."""

import time
from pathlib import Path
from statistics import median

import torch
from torch.nn import functional

from textune.errors import SettingsError, among

WANTED = ("auto", "fp32", "bf16")
CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16", "svebf16"}  # as Linux names them
GAIN = 1.3  # how much faster bf16 must be before its coarser numbers are worth it


def choose(wanted: str, device: torch.device, *, width: int) -> tuple[str, str]:
    """Return the format of the encoder's products, and why in words.

    Args:
        wanted: "fp32", "bf16", or "auto" for a measurement of a few hundred milliseconds.
        device: Where the encoder will run.
        width: Of its hidden states.

    Raises:
        SettingsError: There is no such format.
    """
    if wanted not in WANTED:
        raise SettingsError(f"--precision {wanted}: {among(wanted, WANTED)}")
    if wanted != "auto":
        return wanted, "as asked for"
    if device.type == "cuda":
        capable = torch.cuda.is_bf16_supported(including_emulation=False)
        return ("bf16", "the card computes it natively") if capable else ("fp32", "no bf16 here")
    if device.type != "cpu":
        return "fp32", f"bf16 is not used on {device.type}"
    if not _may_have_bf16():
        return "fp32", "this processor has no bf16 instructions"
    plain, short = (_seconds(dtype, width) for dtype in (torch.float32, torch.bfloat16))
    ratio = plain / short
    words = f"bf16 products run at {ratio:.1f} × the speed of fp32 on this processor"
    return ("bf16" if ratio >= GAIN else "fp32"), words


def _seconds(dtype: torch.dtype, width: int) -> float:
    tokens = torch.randn(512, width, generator=torch.Generator().manual_seed(0)).to(dtype)
    weight = torch.randn(4 * width, width, generator=torch.Generator().manual_seed(1)).to(dtype)
    times = []
    for _ in range(12):
        start = time.perf_counter()
        functional.linear(tokens, weight)
        times.append(time.perf_counter() - start)
    return median(times[4:])


def _may_have_bf16() -> bool:
    """Tell whether the processor names bf16 instructions, or does not say what it has."""
    info = Path("/proc/cpuinfo")
    try:
        text = info.read_text(encoding="utf-8")
    except OSError:
        return True
    return not CPU_FLAGS.isdisjoint(text.split())
