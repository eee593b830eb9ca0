"""A device's name becomes a device of this machine, and words for people."""

import torch

from textune.encoder import names
from textune.errors import SettingsError
from textune.fast import threads


def choose(name: str) -> torch.device:
    """Return the device that was asked for, or the best one here.

    The name is "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        SettingsError: There is no such device.
    """
    names.require_device(name)
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    here = {"cpu": True, "cuda": cuda, "mps": mps}
    kind, _, number = name.partition(":")
    if not here[kind] or (number and int(number) >= torch.cuda.device_count()):
        found = ", ".join(item for item, exists in here.items() if exists)
        raise SettingsError(f"device {name!r}: not on this machine, which has {found}")
    return torch.device(name)


def words(device: torch.device) -> str:
    """Say which device it is."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} (cuda)"
    if device.type == "cpu":
        return f"cpu, {threads.words()}"
    return device.type
