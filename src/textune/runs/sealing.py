"""What a finished run says of itself gets checksums in its mark, and is compared with them.

The model has its own (`encoder.manifest`), and so have the checkpoints. Pages and pictures, which
are drawn anew from the rest, and what is added to later (openings, evaluations) have none.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from textune.storage import atomic, checksums, contents, folders

KEY, OWN = "records", "sha256"  # in the mark: of the records, and of all else that it says
FILES = (
    *("config.toml", "data_card.json", "splits.json", "log.jsonl", "metrics.json", "capsule.json"),
    *("probe.json", "warmup.json", "seen_texts.npy", "seen_sketches.npy"),
)
TABLES = "predictions/*.parquet"
GONE, OTHER = "is not there any more", "is not as it was when the run was finished"


def taken(folder: Path, *, but: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the sha256 of each record of a run; of those named in `but` what stands there.

    Raises:
        OSError: One of them cannot be read.
    """
    there = [folder / name for name in FILES] + sorted(folder.glob(TABLES))
    found = {
        file.relative_to(folder).as_posix(): checksums.sha256(file)
        for file in there
        if file.is_file()
    }
    return found | dict(but or {})


def known(folder: Path) -> dict[str, str]:
    """Return the checksums that the mark of a finished run has; none of an earlier version."""
    found = folders.read_mark(folder).get(KEY)
    return {str(name): str(one) for name, one in found.items()} if isinstance(found, dict) else {}


def changed(folder: Path) -> dict[str, str]:
    """Name the records that are gone or other than they were, and how.

    Raises:
        OSError: One of them cannot be read.
    """
    now = taken(folder)
    return {
        name: OTHER if name in now else GONE
        for name, digest in known(folder).items()
        if now.get(name) != digest
    }


def mark(folder: Path, noted: Mapping[str, Any], *, but: Collection[str] = ()) -> dict[str, Any]:
    """Return what the mark of a finished run says: what was noted, and the checksums of now.

    Args:
        folder: Of the run.
        noted: Of what command it is.
        but: Records that keep the checksums they had: what changed them was no run.
    """
    before = known(folder)
    kept = {name: before[name] for name in but if name in before}
    return _sealed({**noted, KEY: taken(folder, but=kept)})


def is_mark_whole(folder: Path) -> bool:
    """Tell whether the mark of a finished run can be read, and is as it was written."""
    values = folders.read_mark(folder)
    return bool(values) and (KEY not in values or values.get(OWN) == _digest(values))


def _sealed(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, OWN: _digest(values)}


def _digest(values: Mapping[str, Any]) -> str:
    """Hash what a mark says, but for its own checksum, and whether the model was deleted since."""
    kept = {key: one for key, one in values.items() if key not in {OWN, folders.NO_MODEL}}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def renew(folder: Path, names: Iterable[str] | None = None) -> list[str]:
    """Put the checksums of records as they are now in place of those before.

    Args:
        folder: Of a finished run; one without checksums keeps none.
        names: Of the records; all if not given.

    Returns:
        The names of those that were other before.
    """
    before = known(folder)
    if not before:
        return []
    now = taken(folder)
    wanted = sorted(before.keys() | now.keys()) if names is None else list(names)
    found = {name: one for name, one in before.items() if name not in wanted}
    found |= {name: now[name] for name in wanted if name in now}
    values = _sealed({**folders.read_mark(folder), KEY: found})
    atomic.write_json(folder / contents.MARK, values)
    return [name for name in wanted if before.get(name) != now.get(name)]


def drop(folder: Path) -> None:
    """Forget the checksums of a run that goes on: what it writes from now on is other."""
    values = folders.read_mark(folder)
    values.pop(OWN, None)
    if values.pop(KEY, None) is not None:
        atomic.write_json(folder / contents.MARK, values)
