"""What `import textune` offers to compare runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.errors import hinting

if TYPE_CHECKING:  # numpy
    from textune.recipes.comparing import Compared
    from textune.runs.runs import Run


@hinting
def compare(
    *runs: "str | Path | Run",
    on: object | None = None,
    text: str | Sequence[str] | None = None,
    label: str | Sequence[str] | None = None,
    metric: str | None = None,
    plugin: str | Path | Mapping[str, Any] | None = None,
    final: bool = False,
) -> "Compared":
    """Compare runs by what they say of the same texts.

    Args:
        runs: Folders of two finished runs or more; the others are compared with the first.
        on: File of labelled text by which all are judged; by default the test texts, or the
            validation texts, that all of them keep answers of.
        text: Text column of that file, where it stands otherwise than in training.
        label: Its label column.
        metric: That decides; the main one of the task by default.
        plugin: Python file with parts of your own, where a run needs it to judge the file of `on`.
        final: Judge by a file that is the test file of one of the runs: that is counted there.

    Returns:
        The differences, with intervals that hold together.

    Raises:
        TextuneError: The runs are of different tasks or labels, or keep answers of other texts.

    Examples:
        >>> textune.compare("runs/small", "runs/large").told()  # doctest: +SKIP
    """
    from textune.data.names import parted
    from textune.errors import SettingsError
    from textune.predicting.predictor import Reading
    from textune.recipes import comparing
    from textune.runs.runs import folder_of

    if plugin is not None and on is None:
        raise SettingsError(
            "--plugin: answers that runs keep are compared as they are; give --on FILE, or leave "
            "it out"
        )
    if final and on is None:
        raise SettingsError(
            "--final: answers that runs keep of their test texts are compared as they are, and no "
            "file is opened; give --on FILE, or leave it out"
        )
    given = {name: parted(value) for name, value in (("text", text), ("label", label)) if value}
    places = [folder_of(run) for run in runs]
    options = Reading(**given, plugin=plugin)  # type: ignore[arg-type]  # names of columns
    return comparing.compare(places, on=on, options=options, metric=metric, final=final)
