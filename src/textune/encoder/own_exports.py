"""A folder that `textune export` wrote is told from a model and from a run, and names its run."""

from pathlib import Path

from textune.encoder import manifest
from textune.storage import objects

RECORD = "parity.json"  # how far it is from its run


def refusal(folder: Path, lacks: str) -> str | None:
    """Say that a folder is an export, and of which run; None where it is none.

    Args:
        folder: Of a run or a base, or of what else was given for one.
        lacks: What an export lacks, as "keeps no numbers".
    """
    if not any((folder / name).is_file() for name in (RECORD, manifest.EXPORTED)):
        return None
    name = objects.read(folder / RECORD).get("run")
    named = f" ({name})" if isinstance(name, str) and name else ""
    return f"{folder}: is an export, which {lacks}; give the run that it was made of{named}"
