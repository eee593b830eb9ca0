"""What is wrong with a folder: file by file, with the way out."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["missing", "changed", "damaged", "unfit", "no state"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    path: Path
    kind: Kind  # "unfit": it does not fit another file; "no state": nothing to resume from
    what: str
    way_out: str


@dataclass(slots=True)
class Seen:
    """What was looked at on the way."""

    files: int = 0  # that were read whole
    compared: int = 0  # of them with a checksum
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in a folder."""

    path: Path
    kind: str  # "a finished run", "an unfinished run", "a model", "an export", "runs"
    files: int  # that were read whole
    compared: int  # of them with checksums that textune wrote
    faults: tuple[Fault, ...]
    left: tuple[Path, ...]  # what killed processes left unfinished: nothing reads it
    remarks: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong; what killed processes left does no harm."""
        return not self.faults

    @property
    def exit_code(self) -> int:
        """Return 0, 2 where something is wrong, 4 where there is nothing to resume from."""
        return 4 if any(one.kind == "no state" for one in self.faults) else 2 * bool(self.faults)

    def told(self) -> dict[str, Any]:
        """Return it as JSON would hold it."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "whole": self.is_whole,
            "files": self.files,
            "compared": self.compared,
            "faults": [{**asdict(one), "path": str(one.path)} for one in self.faults],
            "left": [str(one) for one in self.left],
            "remarks": list(self.remarks),
        }
