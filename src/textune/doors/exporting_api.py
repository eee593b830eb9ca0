"""What `import textune` offers to export a model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import hinting

if TYPE_CHECKING:  # torch
    from textune.exporting.export import Done
    from textune.runs.runs import Run


@hinting
def export(
    run: "str | Path | Run",
    *,
    to: str = "onnx",
    out: str | Path | None = None,
    int8: bool = False,
    fp16: bool = False,
    random: int | None = None,
    tolerance: float | None = None,
    moved: float | None = None,
    points: float | None = None,
    overwrite: bool = False,
) -> "Done":
    """Export a run's model with its tokenizer and its decision, compared with the run.

    Scores and decisions on the run's validation texts, and on random texts of all lengths, are
    compared with those of the run; where they are too far apart, nothing is written.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        to: "onnx" (the default), "openvino", "torchscript" or "safetensors".
        out: Folder to write; beside the run, as RUN-onnx, if not given.
        int8: Weights of 8 bits in blocks of 32, activations as well.
        fp16: Numbers of 16 bits.
        random: How many random texts are compared; 1,000 by default.
        tolerance: Most that a score may differ: 1e-4 by default, 0.02 for fp16, 0.2 for int8.
        moved: Share of texts whose decision may move: 0 by default, 0.005 for fp16, 0.02 for int8.
        points: Hundredths that a metric may fall on validation texts; 1 for int8 and fp16.
        overwrite: Replace an export that is there.

    Returns:
        Where it lies, how far it is from the run, and its size.

    Raises:
        TextuneError: The run is not finished, the folder is there, a library is missing, or the
            export answers otherwise than the run.

    Examples:
        >>> textune.export("runs/reviews", int8=True).parity.gap  # doctest: +SKIP
    """
    return exported(
        {
            **{"run": run, "to": to, "out": out, "int8": int8, "fp16": fp16, "random": random},
            **{"tolerance": tolerance, "moved": moved, "points": points, "overwrite": overwrite},
        }
    )


def exported(options: Mapping[str, Any], tell: Callable[[str], object] | None = None) -> "Done":
    """Export by the keywords of `export`.

    Args:
        options: All of them.
        tell: Takes what is done now.
    """
    from textune.errors import SettingsError
    from textune.exporting import export as exporting
    from textune.runs import runs
    from textune.storage.names import to_path

    int8, fp16, out, made = (options[name] for name in ("int8", "fp16", "out", "random"))
    if int8 and fp16:
        raise SettingsError("--int8 and --fp16 exclude each other")
    asked = exporting.Request(
        run=runs.folder_of(options["run"]),
        to=options["to"],
        numbers="int8" if int8 else "fp16" if fp16 else "fp32",
        out=None if out is None else to_path(out, "--out"),
        made=exporting.MADE if made is None else made,
        score=options["tolerance"],
        moved=options["moved"],
        points=options["points"],
        overwrite=options["overwrite"],
    )
    return exporting.export(asked) if tell is None else exporting.export(asked, tell)
