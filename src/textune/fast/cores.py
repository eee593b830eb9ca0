"""Affinity and quotas become the number of cores that this process may use."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

CONTROLLED = ("cgroup", "cgroup2")  # file systems of control groups, version 1 and 2


@dataclass(frozen=True, slots=True)
class Quota:
    """What a control group allows, in cores, and the folder that says so."""

    cores: float
    folder: Path


def allowed() -> frozenset[int]:
    """Return the numbers of the processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def threads_for(cores: int, quota: Quota | None) -> int:
    """Return how many threads compute fastest on so many cores under a quota.

    A quota of 1.5 is used best by two threads that are stopped for a quarter of the time, one of
    1.2 by a single one.

    Example:
        >>> threads_for(8, Quota(1.5, Path("/")))
        2
    """
    if quota is None:
        return max(cores, 1)
    return max(min(cores, int(quota.cores + 0.5)), 1)


def quota(processes: Path = Path("/proc")) -> Quota | None:
    """Return the tightest quota of all groups that this process is in; None where there is none."""
    found = [
        Quota(cores, folder)
        for folder in groups(processes)
        if (cores := _cores_of(folder)) is not None
    ]
    return min(found, key=lambda each: each.cores, default=None)


def used_by_group(folder: Path) -> float | None:
    """Return the seconds of computing that a group has used so far; None where it is not said."""
    stat = _read(folder / "cpu.stat")
    if found := re.search(r"^usage_usec (\d+)$", stat, flags=re.MULTILINE):
        return int(found[1]) / 1e6
    plain = _read(folder / "cpuacct.usage").strip()
    return int(plain) / 1e9 if plain.isdigit() else None


def groups(processes: Path = Path("/proc")) -> list[Path]:
    """Return the folders of this process's groups that can limit computing, with all above."""
    paths = _paths(_read(processes / "self" / "cgroup"))
    found = []
    for line in _read(processes / "self" / "mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = [*after.split(" "), "", "", ""][:3]
        fields = before.split(" ")
        is_two = kind == "cgroup2"
        if kind not in CONTROLLED or len(fields) < 5 or not (is_two or "cpu" in options.split(",")):
            continue
        group = paths.get("" if is_two else "cpu")
        if group is not None:
            found += _upwards(Path(_unescaped(fields[4])), _unescaped(fields[3]), group)
    return found


def _paths(text: str) -> dict[str, str]:
    """Part `/proc/self/cgroup`: controller → path; version 2 has the name ""."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, names, path = [*line.split(":", 2), "", ""][:3]
        found |= dict.fromkeys(names.split(","), path)
    return found


def _upwards(mount: Path, root: str, group: str) -> list[Path]:
    """Return a group's folder and those above it, as far as they are mounted.

    Where a container sees only its own part of the tree, the mount is that part.
    """
    inside = group.removeprefix(root.rstrip("/")) if group.startswith(root) else ""
    parts = [part for part in inside.split("/") if part and part != ".."]
    return [mount.joinpath(*parts[:count]) for count in range(len(parts), -1, -1)]


def _cores_of(folder: Path) -> float | None:
    """Read a group's own quota."""
    two = _read(folder / "cpu.max").split()
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")  # of version 1
    pair = two if len(two) == 2 else [_read(folder / name).strip() for name in names]
    if not all(part.isdigit() for part in pair) or len(pair) != 2 or int(pair[1]) == 0:
        return None  # "max", or -1 in version 1
    return int(pair[0]) / int(pair[1])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _unescaped(path: str) -> str:
    """Undo what `mountinfo` makes of white space."""
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), path)
