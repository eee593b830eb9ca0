"""Counters of a machine become the energy that a session took, where the machine has such.

Processors count in `/sys/class/powercap` (RAPL), which often only root may read; graphics cards by
NVIDIA's management library. Where neither tells, nothing is said.
"""

import ctypes
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # takes seconds to import
    import torch

ZONES = Path("/sys/class/powercap")
LIBRARY = "libnvidia-ml.so.1"
EVERY = 60.0  # seconds after which a counter is read again: it begins anew after some minutes
Event = TypeVar("Event")


@dataclass(slots=True)
class Zone:
    """A processor's counter, in microjoules, which begins anew where it is full."""

    file: Path
    full: int
    last: int
    joules: float = 0.0

    def look(self) -> None:
        """Add what was used since the last look."""
        found = _number(self.file)
        if found is not None:
            self.joules += ((found - self.last) % (self.full + 1)) / 1e6
            self.last = found


@dataclass(slots=True)
class Meter:
    """What processors have used since it was made, and a graphics card."""

    zones: list[Zone] = field(default_factory=list)
    looked: float = field(default_factory=time.perf_counter)
    card: str | None = None  # its identifier, "GPU-…"
    before: float | None = None  # joules of the card's life

    @classmethod
    def begin(cls, places: Path = ZONES) -> "Meter":
        """Read the counters of whole processors."""
        found = []
        for place in sorted(places.glob("*-rapl:[0-9]*")) if places.is_dir() else []:
            last, full = (_number(place / name) for name in ("energy_uj", "max_energy_range_uj"))
            if place.name.count(":") == 1 and None not in (last, full) and not _is_whole(place):
                found.append(Zone(place / "energy_uj", full or 0, last or 0))
        return cls(found)

    def watching(
        self, events: Iterator[Event], device: "torch.device", library: str = LIBRARY
    ) -> Iterator[Event]:
        """Hand events on, and read the counters between them before they are full.

        Args:
            events: Of a training.
            device: On which; what a graphics card uses counts from now on, too.
            library: Of its maker.
        """
        if device.type == "cuda":
            import torch  # loaded already

            self.card = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
            self.before = of_card(self.card, library)
        for event in events:
            if time.perf_counter() - self.looked > EVERY:
                self.look()
            yield event

    def look(self) -> None:
        """Read the processors' counters."""
        self.looked = time.perf_counter()
        for zone in self.zones:
            zone.look()

    def told(self, library: str = LIBRARY) -> dict[str, float]:
        """Return joules by what used them; nothing of what does not tell."""
        self.look()
        found = {}
        if self.zones:
            found["processors"] = round(sum(zone.joules for zone in self.zones), 1)
        if self.card is not None and self.before is not None:
            after = of_card(self.card, library)
            if after is not None:
                found["card"] = round(after - self.before, 1)
        return found


def of_card(card: str, library: str = LIBRARY) -> float | None:
    """Return the joules that a graphics card has used since its driver was loaded."""
    with suppress(OSError, AttributeError):
        nvml = ctypes.CDLL(library)
        handle, used = ctypes.c_void_p(), ctypes.c_ulonglong()
        is_told = (
            nvml.nvmlInit_v2() == 0
            and nvml.nvmlDeviceGetHandleByUUID(card.encode(), ctypes.byref(handle)) == 0
            and nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(used)) == 0
        )
        return used.value / 1000 if is_told else None
    return None


def _is_whole(place: Path) -> bool:
    """Tell whether a counter is of the whole machine, which holds the others."""
    name = place / "name"
    return name.is_file() and name.read_text(encoding="ascii", errors="replace").strip() == "psys"


def _number(file: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int(file.read_text(encoding="ascii"))
    return None
