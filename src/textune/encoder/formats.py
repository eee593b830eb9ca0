"""Which number format an encoder computes in: asked for, recorded, or measured to be fastest."""

import os
import time
from pathlib import Path
from statistics import median

import torch
from torch.nn import functional

from textune.encoder import names
from textune.errors import SettingsError, among
from textune.fast import threads

CPU_FLAGS = {"avx512_bf16", "amx_bf16", "bf16", "svebf16"}  # as Linux names them
FORCED = "TEXTUNE_AUTO_PRECISION"  # "fp32", "bf16" or "fp16": what "auto" takes, unmeasured
GAIN = 1.3  # how much faster bf16 must be before its coarser numbers are worth it


def choose(wanted: str, device: torch.device, *, width: int) -> tuple[str, str]:
    """Return the format of the encoder's products, and why in words.

    Args:
        wanted: "fp32", "bf16", "fp16", or "auto" for a measurement of a few hundred milliseconds.
        device: Where the encoder will run.
        width: Of its hidden states.

    Raises:
        SettingsError: There is no such format, or not on this device.
    """
    names.require_format(wanted)
    if wanted == "fp16" and device.type not in ("cuda", "cpu"):
        raise SettingsError(
            "--precision fp16: is for cards of NVIDIA without bf16, and can be tried on a CPU, "
            f"not on {device.type}; take --precision fp32"
        )
    if wanted != "auto":
        return wanted, "as train.precision says"
    forced = os.environ.get(FORCED)
    if forced:
        if forced not in names.FORMATS[1:]:
            raise SettingsError(f"{FORCED}={forced}: {among(forced, names.FORMATS[1:])}")
        return forced, f"as {FORCED} says"
    has_bf16, why = _has_bf16(device)
    if not has_bf16 and _has_fp16(device):
        return "fp16", "the card has no bf16, and its tensor cores multiply fp16"
    if not has_bf16 or device.type == "cuda":
        return ("bf16" if has_bf16 else "fp32"), why
    plain, short = (_seconds(dtype, width) for dtype in (torch.float32, torch.bfloat16))
    ratio = plain / short
    words = f"bf16 products run at {ratio:.1f} × the speed of fp32 on this processor"
    return ("bf16" if ratio >= GAIN else "fp32"), words


def of_model(wanted: str, recorded: str | None, device: torch.device) -> str:
    """Return the format that a saved model computes in: nothing is measured, so calls agree.

    Args:
        wanted: "fp32", "bf16", "fp16", or "auto" for the format that the model was trained in.
        recorded: That format; None for models that do not say it: fp32.
        device: Where the model will run. "auto" is fp32 without bf16 instructions there, and, of a
            model that was trained in fp16, on all but cards of NVIDIA.

    Raises:
        SettingsError: There is no such format, or not on this device.
    """
    if wanted != "auto":
        return choose(wanted, device, width=0)[0]
    if recorded == "fp16" and device.type == "cuda":
        return "fp16"
    return "bf16" if recorded == "bf16" and _has_bf16(device)[0] else "fp32"


def _has_bf16(device: torch.device) -> tuple[bool, str]:
    """Tell whether a device may compute bf16 natively, and why in words."""
    if device.type == "cuda":
        is_native = torch.cuda.is_bf16_supported(including_emulation=False)
        return is_native, "the card computes it natively" if is_native else "no bf16 here"
    if device.type != "cpu":
        return False, f"bf16 is not used on {device.type}"
    if _may_have_bf16():
        return True, "this processor has bf16 instructions"
    return False, "this processor has no bf16 instructions"


def _has_fp16(device: torch.device) -> bool:
    """Tell whether a card multiplies fp16 by tensor cores: from Volta on; Pascal may be slower."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (7, 0)


def _seconds(dtype: torch.dtype, width: int) -> float:
    """Measure the computing time of a product by one thread, whatever other programs do.

    Two threads that wait for each other beside a busy program would measure the waiting.
    """
    tokens = torch.randn(512, width, generator=torch.Generator().manual_seed(0)).to(dtype)
    weight = torch.randn(4 * width, width, generator=torch.Generator().manual_seed(1)).to(dtype)
    times = []
    with threads.alone():
        for _ in range(12):
            start = time.thread_time()
            functional.linear(tokens, weight)
            times.append(time.thread_time() - start)
    return max(median(times[4:]), 1e-9)


def _may_have_bf16() -> bool:
    """Tell whether the processor names bf16 instructions, or does not say what it has."""
    info = Path("/proc/cpuinfo")
    try:
        text = info.read_text(encoding="utf-8")
    except OSError:
        return True
    return not CPU_FLAGS.isdisjoint(text.split())
