"""What is learned once is learned again by other seeds, on the same rows; the best model is saved.

The first seed's run is that of the folder; the others lie in `seeds/` inside it, as does what the
first one scored. All are judged by the same texts, which also choose.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.errors import NumericsError, RunError, SettingsError
from textune.metrics import catalogue, metrics, repeated, written
from textune.recipes.recipe import Event
from textune.recipes.requests import TrainRequest
from textune.records import Message
from textune.runs import sealing
from textune.runs.runs import Run
from textune.runs.written import Best
from textune.settings import config, judging
from textune.settings.train_config import TrainSettings
from textune.storage import atomic, contents, folders, objects

FOLDER = "seeds"
END = 2**32  # of the seeds that there are
PARTS = ("valid", "test")
RECORDS = ("log.jsonl", "capsule.json", "probe.json", "predictions")  # of how a model was learned

Learn = Callable[[TrainRequest], Generator[Event, None, Run]]
Numbers = Mapping[str, Any]


def check(request: TrainRequest) -> None:
    """Refuse what cannot be done by several seeds.

    Raises:
        SettingsError: Too few or too many seeds, or an effort that tries some by itself.
        RunError: The run that goes on began with another number of them.
    """
    count, settings = request.seeds or 1, request.settings
    if count > 1 and settings.train.effort == "best":
        raise SettingsError(
            f"--seeds {count}: --effort best trains by {judging.SEEDS} seeds itself; leave one of "
            "the two out"
        )
    if settings.seed + count > END:
        raise SettingsError(
            f"--seeds {count}: the last seed would be {settings.seed + count - 1:,}, and at most "
            f"{END - 1:,} is possible; give a smaller --seed"
        )
    file = request.out / "config.toml"
    if not request.resume or not file.is_file():
        return
    try:
        begun = config.run_section(file).get(FOLDER) or 1
    except SettingsError:  # damaged: it is written anew
        return
    if begun != count:
        raise RunError(
            f"{request.out}: this run began with --seeds {begun}, and cannot go on with "
            f"{count}; give --seeds {begun}, or choose another --out"
        )


def introduce(request: TrainRequest) -> Message | None:
    """Say which seed comes first, where there are several."""
    if (request.seeds or 1) == 1:
        return None
    return Message(f"seed {request.settings.seed} (1 of {request.seeds})")


def repeat(
    request: TrainRequest, folder: Path, numbers: Numbers, learn: Learn
) -> Generator[Event, None, dict[str, Any]]:
    """Learn by each of the other seeds, and put the best model into the run's folder.

    Seeds that are finished are not learned again, and the others go on where they were.

    Args:
        request: Of the run.
        folder: Of the run, with the first seed's model.
        numbers: What that scored.
        learn: Makes a run of a request.

    Returns:
        The numbers of the best, and of all seeds under `seeds`.
    """
    count, first = count_of(request, numbers), request.settings.seed
    if count == 1:
        return dict(numbers)
    found = {first: _keep_first(folder, first, numbers)}
    failed: dict[int, str] = {}
    for place, seed in enumerate(range(first + 1, first + count), start=2):
        yield Message(f"seed {seed} ({place} of {count})")
        try:
            run = yield from learn(_by_seed(request, folder, seed))
        except NumericsError as error:
            failed[seed] = str(error)
            yield Message(f"seed {seed} is left out: {error}", is_warning=True)
            continue
        found[seed] = run.metrics
        best = _best(found)
        for other in found:
            if other not in (first, best) and (_place(folder, other) / "model").exists():
                folders.drop_model(_place(folder, other))
    best = _best(found)
    if best != first:
        _adopt(folder, _place(folder, best))
    return {**found[best], FOLDER: _told(found, best, failed)}


def of_first(folder: Path, numbers: Numbers) -> Numbers:
    """Return what the first seed scored, of which the run's settings and its curve are."""
    if FOLDER not in numbers:
        return numbers
    first = numbers[FOLDER]["each"][0]["seed"]
    return objects.read(_place(folder, first) / "metrics.json") or numbers


def tidy(folder: Path) -> None:
    """Delete the models of a finished run's seeds: the best one is the run's own."""
    for place in sorted((folder / FOLDER).glob("seed-*")):
        if (place / "model").exists():
            folders.drop_model(place)


def count_of(request: TrainRequest, numbers: Numbers) -> int:
    """Say by how many seeds a run learns."""
    if request.seeds is not None:
        return request.seeds
    train = request.settings.train
    is_crossed = "cross_validation" in numbers.get("valid", {})  # which tried them already
    return judging.SEEDS if train.effort == "best" and train.epochs and not is_crossed else 1


def _place(folder: Path, seed: int) -> Path:
    return folder / FOLDER / f"seed-{seed}"


def _by_seed(request: TrainRequest, folder: Path, seed: int) -> TrainRequest:
    """Ask for the same by another seed: the rows, their split and the number format stay."""
    settings, out = request.settings, _place(folder, seed)
    begun = config.read_section(folder / "config.toml", "train", TrainSettings)
    data = settings.data.model_copy(update={"split_seed": judging.seed_of_rows(settings)})
    train = settings.train.model_copy(
        update={"curve": False, "explain": 0, "precision": begun.precision}
    )
    changes = {"seed": seed, "data": data, "train": train}
    return replace(
        request,
        settings=settings.model_copy(update=changes),
        out=out,
        seeds=1,
        named=frozenset(),  # the first one has said what it has to say of them
        overwrite=False,
        resume=bool(contents.inside(out)),
    )


def _keep_first(folder: Path, seed: int, numbers: Numbers) -> Numbers:
    """Keep what the first seed's run tells of itself, as it stays where another one is better."""
    place = _place(folder, seed)
    if known := objects.read(place / "metrics.json"):
        return known
    with atomic.replacing_folder(place) as made:
        for name in ("config.toml", *RECORDS):
            atomic.copy(folder / name, made / name)
        atomic.write_json(made / "metrics.json", numbers)
        atomic.write_json(made / contents.MARK, sealing.mark(made, {folders.NO_MODEL: True}))
    return numbers


def _adopt(folder: Path, place: Path) -> None:
    """Put the model of another seed into the run's folder, and what tells how it was learned."""
    with atomic.replacing_folder(folder / "model") as made:
        for file in sorted((place / "model").iterdir()):
            atomic.copy(file, made / file.name)
    for name in RECORDS:
        if (place / name).is_dir():
            with atomic.replacing_folder(folder / name) as made:
                for file in sorted((place / name).iterdir()):
                    atomic.copy(file, made / file.name)
        elif (place / name).exists():
            with atomic.replacing_file(folder / name) as unfinished:
                atomic.copy(place / name, unfinished)


def _best(found: Mapping[int, Numbers]) -> int:
    """Return the seed that is best by what selects; of equal ones the first."""

    def worth(seed: int) -> float:
        best = Best.of(found[seed])
        if best.value is None:
            return -float("inf")
        return best.value if catalogue.is_better_higher(best.metric) else -best.value

    return max(found, key=worth)


def _told(found: Mapping[int, Numbers], best: int, failed: Mapping[int, str]) -> dict[str, Any]:
    """Say what all seeds scored, and which one's model is saved."""
    metric, numbers = Best.of(found[best]).metric, found[best]
    told: dict[str, Any] = {
        "count": len(found),
        "best": best,
        "metric": metric,
        "judged": catalogue.judged_by(numbers["valid"], "valid"),
    }
    for part in PARTS:
        if part in numbers:
            told[part] = repeated.spread([one[part] for one in found.values()], metric)
    told["each"] = [
        {"seed": seed}
        | {
            part: metrics.headline(one[part]) | {metric: catalogue.value(one[part], metric)}
            for part in PARTS
            if part in one
        }
        for seed, one in found.items()
    ]
    if failed:
        told["failed"] = [{"seed": seed, "why": why} for seed, why in failed.items()]
    return told | {"words": _words(told, has_test="test" in numbers)}


def _words(told: Mapping[str, Any], *, has_test: bool) -> str:
    """Say which seed's model is saved, and what its score is worth."""
    metric, judged = told["metric"], told["judged"]
    by = "validation texts" if judged == "valid" else judged
    count = told["count"]
    value = next(one for one in told["each"] if one["seed"] == told["best"])["valid"][metric]
    shown = "" if value is None else f" {written.decimals(value)}"
    over = told["valid"].get(metric)
    mean = f", {repeated.words(over)} over all" if over else ""
    rest = "the test texts had no part in that" if has_test else "--test FILE would tell better"
    return (
        f"{count} seeds: the model of seed {told['best']} is saved, the best by {by} "
        f"({catalogue.title(metric)}{shown}{mean}); chosen by them, its score there is a little "
        f"optimistic: {rest}"
    )
