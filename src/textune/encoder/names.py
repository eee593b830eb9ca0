"""What can be the name of a device or of a number format, on whatever machine; of one base.

Known without torch, so that a name that is none is refused at once.
"""

from typing import Literal

from textune.errors import SettingsError, among

BUNDLED = "all-MiniLM-L6-v2"
"""The encoder that is there without being asked for."""
Targets = Literal["query-value", "all"]  # which linear layers get adapters
DEVICES = ("cpu", "cuda", "mps")
FORMATS = ("auto", "fp32", "bf16", "fp16")


def require_device(name: str) -> None:
    """Refuse what names no device.

    Raises:
        SettingsError: It is none of "auto", "cpu", "cuda", "cuda:N" and "mps".
    """
    kind, _, number = str(name).partition(":")
    is_numbered = ":" in str(name)
    if kind in ("tpu", "xla"):
        raise SettingsError(
            f"device {name!r}: textune computes on processors (cpu), cards of NVIDIA (cuda) and of "
            "Apple (mps), not on TPUs; textune.lightning gives the same model to Lightning's "
            "Trainer, which knows accelerator='tpu' where torch_xla is installed"
        )
    if str(name).isdigit() or "," in str(name):
        raise SettingsError(
            f"device {name!r}: a process computes on one device; name it, as cuda:0. Several cards "
            "learn together by --gpus N, or torchrun --nproc-per-node N -m textune train"
        )
    is_one = kind in DEVICES and (not is_numbered or (kind == "cuda" and number.isdigit()))
    if name != "auto" and not is_one:
        raise SettingsError(f"device {name!r}: {among(str(name), ['auto', *DEVICES])}")


def require_format(name: str) -> None:
    """Refuse what names no number format.

    Raises:
        SettingsError: It is none of "auto", "fp32", "bf16" and "fp16".
    """
    if name not in FORMATS:
        raise SettingsError(f"--precision {name}: {among(str(name), FORMATS)}")
