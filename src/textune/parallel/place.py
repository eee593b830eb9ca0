"""The environment of torchrun or SLURM becomes a process's place among those of its run.

Nothing of torch is needed to know it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textune.errors import SettingsError

ADDRESS = ("MASTER_ADDR", "MASTER_PORT")  # where the first process is reached


@dataclass(frozen=True, slots=True)
class Place:
    """Which process this is."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0  # among those of this machine
    local_world: int = 1
    restarts: int = 0  # how often torchrun has started all of them anew

    NAMES: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),  # of torchrun
        ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"),
    )

    @property
    def is_first(self) -> bool:
        """Whether this process decides, writes and speaks."""
        return self.rank == 0

    @classmethod
    def here(cls, environment: Mapping[str, str] | None = None) -> "Place":
        """Return the place of this process; alone where nothing says otherwise.

        SLURM's variables count only beside `MASTER_ADDR` and `MASTER_PORT`: an interactive shell
        has the others, too.

        Raises:
            SettingsError: The variables contradict each other.
        """
        known = os.environ if environment is None else environment
        for rank, world, local_rank, local_world in cls.NAMES:
            if rank not in known or world not in known or not all(map(known.get, ADDRESS)):
                continue
            found = cls(
                rank=_number(known, rank),
                world=_number(known, world),
                local_rank=_number(known, local_rank, 0),
                local_world=max(_number(known, local_world, 1), 1),
                restarts=_number(known, "TORCHELASTIC_RESTART_COUNT", 0),
            )
            if not found.rank < found.world:
                raise SettingsError(
                    f"{rank}={found.rank} of {world}={found.world}: ranks count from 0 to one "
                    "below the number of processes"
                )
            return found
        return cls()

    def words(self, host: str = "") -> str:
        """Name this process."""
        return f"rank {self.rank} of {self.world}" + (f" on {host}" if host else "")


FIRST = Place()


def refuse(what: str) -> None:
    """Refuse what several processes cannot do together.

    Raises:
        SettingsError: There are several.
    """
    if (found := Place.here()).world > 1:
        raise SettingsError(
            f"{what}: is done by one process, and {found.world} were started; leave out "
            "--processes, --gpus or torchrun"
        )


def _number(known: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = known.get(name, "")
    text = text.partition("(")[0]  # SLURM writes "8(x2)" of tasks per node
    if not text and default is not None:
        return default
    if not text.isdigit():
        raise SettingsError(f"{name}={known.get(name)!r}: expected a number, as torchrun sets it")
    return int(text)
