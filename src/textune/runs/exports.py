"""A model that `textune export` wrote is refused where more than a model is needed."""

from pathlib import Path

from textune.encoder import own_exports
from textune.errors import RunError


def refuse(folder: Path, lacks: str) -> None:
    """Refuse an export.

    Args:
        folder: Of a run, or of what else was given for one.
        lacks: What an export lacks, as "keeps no numbers".

    Raises:
        RunError: It is one.
    """
    if said := own_exports.refusal(folder, lacks):
        raise RunError(said)
