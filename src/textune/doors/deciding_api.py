"""What `import textune` offers to decide anew."""

from pathlib import Path
from typing import TYPE_CHECKING

from textune.errors import hinting

if TYPE_CHECKING:  # numpy
    from textune.runs.runs import Run


@hinting
def decide(
    run: "str | Path | Run",
    *,
    aim: str | None = None,
    abstain: float | None = None,
    sets: float | None = None,
    calibrate: bool = True,
) -> "Run":
    """Fit the decisions of a run's model anew, from what it said of its held-out texts.

    Nothing is trained: logits that the run keeps are decided by another rule, which takes the place
    of the model's own. What is left out is as `train` does it.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        aim: What decisions are to be good at: "f1" (the default for several labels a text),
            "fbeta=2", "mcc", "precision>=0.9", "recall>=0.8", "cost=FILE", "top=3", or "likeliest"
            (the default for one label).
        abstain: Leave texts undecided, so that this share of the others is right, as 0.95.
        sets: Give each text a set of classes that holds the right one this often, as 0.9.
        calibrate: Calibrate probabilities where held-out texts are answered better for it.

    Returns:
        The run, with its new numbers.

    Raises:
        TextuneError: The run is not finished or is in use, its task has no place for what is
            wanted, or the file of costs is faulty.

    Examples:
        >>> textune.decide("runs/toxic", aim="precision>=0.9")  # doctest: +SKIP
    """
    from textune.recipes import redeciding
    from textune.runs import runs
    from textune.settings.decision_config import DecisionSettings
    from textune.settings.refusals import checked

    given = {"aim": aim, "abstain": abstain, "sets": sets, "calibrate": calibrate}
    wanted = {name: value for name, value in given.items() if value is not None}
    own = checked(DecisionSettings, wanted)
    folder = runs.folder_of(run)
    return runs.Run(folder, redeciding.decide(folder, own))
