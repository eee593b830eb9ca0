"""A model that `textune export` wrote is told from a run, where more than a model is needed."""

from pathlib import Path

from textune.encoder import manifest
from textune.errors import RunError
from textune.storage import objects

RECORD = "parity.json"  # how far it is from its run


def refuse(folder: Path, lacks: str) -> None:
    """Refuse an export.

    Args:
        folder: Of a run, or of what else was given for one.
        lacks: What an export lacks, as "keeps no numbers".

    Raises:
        RunError: It is one.
    """
    if not any((folder / name).is_file() for name in (RECORD, manifest.EXPORTED)):
        return
    name = objects.read(folder / RECORD).get("run")
    named = f" ({name})" if isinstance(name, str) and name else ""
    raise RunError(
        f"{folder}: is an export, which {lacks}; give the run that it was made of{named}"
    )
