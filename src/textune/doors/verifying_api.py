"""What `import textune` offers to look whether a folder is whole: `verify`."""

from pathlib import Path
from typing import TYPE_CHECKING

from textune.errors import hinting

if TYPE_CHECKING:  # torch
    from textune.runs.runs import Run
    from textune.verifying.found import Verified


@hinting
def verify(run: "str | Path | Run") -> "Verified":
    """Look whether a run, a model or an export is whole; nothing is written, nothing deleted.

    Every checksum is compared, every file read to its end. The tensors are finite and of the shapes
    of `config.json`, the labels of the decisions are those of the model.

    Args:
        run: Folder of a run, of its model or of an export, or one that holds several runs (in
            Python: or what `train` returned).

    Returns:
        `faults`, each with the path, what is wrong and the way out; `left`, what killed processes
        left unfinished; `is_whole`.

    Raises:
        TextuneError: There is no such folder, or another process works in it.

    Examples:
        >>> textune.verify("runs/reviews").is_whole  # doctest: +SKIP
        True
    """
    from textune.runs import runs
    from textune.verifying import verify as verifying  # torch

    return verifying.verify(runs.folder_of(run))
