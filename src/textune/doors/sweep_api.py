"""What `import textune` offers for trying settings: `sweep`."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.doors.api import Events, carried_out_by
from textune.parallel import place
from textune.records import Annotators, Long, Pool

if TYPE_CHECKING:  # pydantic, optuna
    from textune.recipes.requests import TrainRequest
    from textune.sweeping.sweep import Sweep

OWN = ("space", "trials", "timeout", "jobs", "pruner")  # keywords that are none of `train`
FREE = ("trials", "timeout", "jobs", "seeds", "out", "resume")  # that a sweep may go on with
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TIME = re.compile(r"(?:(\d+(?:\.\d+)?)([smhd]))+")


def sweeping(options: Mapping[str, Any]) -> Events["Sweep"]:
    """Try settings by the keywords of `sweep`; iterate to watch."""
    from textune.doors import keywords
    from textune.sweeping import spaces, sweep
    from textune.sweeping.plans import SweepRequest

    place.refuse("sweep")
    joins = options["resume"] and options["source"] is None and options["config"] is None
    request = SweepRequest(
        _joined(options) if joins else _train_request(options),
        space=spaces.parse(options["space"], keywords.LABELLED) or None,
        trials=keywords.number("trials", options["trials"]),
        seconds=seconds(options["timeout"]),
        jobs=keywords.number("jobs", options["jobs"]) or 1,
        pruner=options["pruner"],
        joins=joins,
    )
    return sweep.learn(request)


def _joined(options: Mapping[str, Any]) -> "TrainRequest":
    """Ask for what the folder of a sweep keeps, where nothing else is named."""
    from textune.doors import keywords
    from textune.errors import SettingsError
    from textune.recipes.requests import TrainRequest
    from textune.settings.config import Settings

    named = [name for name in options if name not in FREE]
    if given := [name for name in named if options[name] not in (None, False, (), [])]:
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise SettingsError(
            f"{listed}: without FILE a sweep goes on with all that its folder keeps; leave it "
            "out, or name FILE and everything else too"
        )
    if options["out"] is None:
        raise SettingsError("--resume without FILE: name the folder of the sweep with --out")
    nothing, count = Settings.model_validate({}), keywords.number("seeds", options["seeds"])
    return TrainRequest(None, nothing, Path(options["out"]), resume=True, seeds=count)


def _train_request(options: Mapping[str, Any]) -> "TrainRequest":
    """Ask for what all trials have in common, as `train` would be asked."""
    from textune.doors import keywords

    wanted = {name: value for name, value in options.items() if name not in OWN}
    metric, changes = wanted.pop("metric"), wanted.pop("settings")
    changes = (changes,) if isinstance(changes, str) else tuple(changes)
    changes += () if metric is None else (f"train.metric={metric}",)
    wanted |= {"settings": changes, "accept_changes": False}
    return keywords.labelled(wanted, suffix="-sweep")


def seconds(written: str | float | None) -> float | None:
    """Read a time: "2h", "90m", "1h30m", or seconds.

    Raises:
        SettingsError: It is none.
    """
    from textune.errors import SettingsError

    if written is None:
        return None
    text = str(written).replace(" ", "").lower()
    if TIME.fullmatch(text):
        parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", text)
        found = sum(float(number) * UNITS[unit] for number, unit in parts)
    else:
        try:
            found = float(text)
        except ValueError:
            found = 0.0
    if not 0 < found < float("inf"):
        raise SettingsError(f"--timeout {written}: expected a time, as 2h, 90m, 1h30m or 600s")
    return found


@carried_out_by(sweeping)
def sweep(  # noqa: D417  # the other keywords are those of `train`
    source: object | None = None,
    *,
    space: str | Sequence[str] | Mapping[str, object] = (),
    trials: int | None = None,
    timeout: str | float | None = None,
    jobs: int = 1,
    metric: str | None = None,
    pruner: str | None = None,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    annotators: Annotators | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    merge_labels: str | Sequence[str] | None = None,
    group: str | None = None,
    names: str | Path | None = None,
    weight: str | None = None,
    skip: str | Sequence[str] | None = None,
    no_skip: str | Sequence[str] | None = None,
    valid: object | None = None,
    test: object | None = None,
    base: str | Path | None = None,
    out: str | Path | None = None,
    config: str | Path | None = None,
    settings: str | Sequence[str] = (),
    recipe: str | None = None,
    effort: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    max_tokens: int | None = None,
    long: Long | None = None,
    pool: Pool | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    seeds: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> "Sweep":
    """Try settings, trial after trial, and train the best of them again.

    The keywords that are not described here are those of `train`.

    Args:
        space: What is tried, "NAME=VALUES", once or several times: "batch-size=16,32",
            "lr=1e-5..1e-3:log", "train.dropout=0.0..0.3" (in Python: or a dict of names to values);
            by default the grid of BERT's paper, or one around the recipe's values for a small base.
        trials: How many; all combinations of a small grid, or 20, if not given.
        timeout: No trial begins after so long: "2h", "90m", "1h30m", "600s".
        jobs: Processes that try settings side by side.
        metric: What trials are compared by, and what selects the best weights of each; that of the
            task if not given.
        pruner: What gives up trials on the way by their validations: "median", "hyperband" or
            "none"; the median by default.
        valid: File that judges trials; a tenth of the rows by default, the same for all trials.
        test: File for the final numbers: it is opened once the best settings are trained again.
        out: Folder of the sweep; runs/<name of the file>-sweep by default.
        seeds: Train the best settings so many times, by other seeds than the trials; 3 by default.
        resume: Go on with the sweep in `out`, also beside processes that are at it; without a file,
            as it began.
        overwrite: Replace the sweep that is there.

    Returns:
        The sweep: its folder, its numbers, and the run of the winner.

    Raises:
        TextuneError: As for `train`; what goes wrong in a trial is noted, and others follow.
        KeyboardInterrupt: After Ctrl-C, with the state saved.

    Examples:
        >>> found = sweep("reviews.csv", space=["lr=1e-5..1e-4:log"], trials=8)  # doctest: +SKIP
        >>> found.numbers["best"]["settings"], found.run.metrics["valid"]["mcc"]  # doctest: +SKIP
        ({'train.lr': 4.1e-05}, 0.8)
    """
    raise NotImplementedError
