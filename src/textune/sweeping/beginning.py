"""What is asked becomes the plan of a sweep, new or that of a folder; its files are looked at."""

import os
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from textune.corpora.corpus import Corpus
from textune.encoder import bases, devices, names
from textune.errors import DataError, RunError, SettingsError
from textune.metrics import catalogue
from textune.reading import obtained, sources
from textune.recipes.requests import TrainRequest
from textune.recipes.selection import choices
from textune.records import Message
from textune.settings import judging, selection
from textune.settings.config import Settings
from textune.sweeping import plans, spaces
from textune.sweeping.plans import Plan, SweepRequest
from textune.sweeping.spaces import Space
from textune.sweeping.study import PRUNERS, quiet
from textune.sweeping.trials import Reading
from textune.training import snapshot

TRIALS = 20  # where a space is no grid, and nobody says how many
DECIDING = ("train.recipe", "train.patience", "train.validate_every")  # whether folds judge


def begin(
    request: SweepRequest, reading: Reading
) -> Generator[Message, None, tuple[Plan, SweepRequest]]:
    """Make the plan of a new sweep, or read that of one that goes on.

    Returns:
        The plan, and the request with the settings that all trials have in common.

    Raises:
        TextuneError: Something is wrong with files, settings or folders; nothing was begun.
    """
    with quiet():  # it is there
        pass
    _check(request)
    folder, before = request.train.out, None
    if request.train.resume:
        before = Plan.read(folder)
        if request.joins:
            request = replace(request, train=plans.request_of(before, request.train))
    else:
        plans.make_room(request.train)
    plan, settings = yield from _planned(request, reading, before)
    if before is not None and (found := before.differences(plan)):
        listed = "; ".join(found)
        raise RunError(
            f"{folder}: this sweep began otherwise ({listed}); go on with textune sweep --resume "
            f"--out {folder}, or choose another --out"
        )
    if request.jobs > 1 and plan.source is None:
        raise SettingsError(
            f"--jobs {request.jobs}: data that Python holds is in this process alone; write it to "
            "a file, or leave --jobs out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if before != plan:
        plan.write(folder)
    return plan, replace(request, train=replace(request.train, settings=settings, resume=False))


def _check(request: SweepRequest) -> None:
    """Refuse what no sweep can do.

    Raises:
        SettingsError: So it is.
        DataError: There is no file for the test.
    """
    train = request.train.settings.train
    names.require_device(request.train.settings.device)
    if train.effort != "normal":
        raise SettingsError(
            f"--effort {train.effort}: trials are fine-tuned once, the winner by --seeds; leave it "
            "out"
        )
    if request.pruner not in (None, *PRUNERS):
        raise SettingsError(f"--pruner {request.pruner}: allowed: {', '.join(PRUNERS)}")
    if "?" in str(request.train.out.resolve()):
        raise SettingsError(
            f"--out {request.train.out}: the address of a database cannot hold a '?'; choose "
            "another folder"
        )
    test = request.train.test
    if isinstance(test, str | Path) and _is_absent(str(test)):
        raise DataError(f"{test}: no such file; it is for the test, once the winner is trained")


def _is_absent(place: str) -> bool:
    is_plain = "://" not in place and not any(sign in place for sign in "*?[")
    return is_plain and not Path(place).exists()


def _planned(
    request: SweepRequest, reading: Reading, before: Plan | None
) -> Generator[Message, None, tuple[Plan, Settings]]:
    """Look at the files; choose what is left open, or take it from the plan before."""
    asked = request.train
    corpus = yield from reading.gather(_sealed(asked), asked.out)
    has_own_valid = _has_own_valid(asked, corpus)
    settings = asked.settings
    if not has_own_valid:  # a share would be drawn instead
        is_crossed = corpus.is_cross_validated
        settings = judging.resolved(settings, is_cross_validated=is_crossed)
    settings = _fixed(settings, corpus, before)
    reading.know(settings, corpus)
    space, why = yield from _space(request, corpus, settings, before)
    _refuse_unjudged(space, corpus)
    spaces.check(space, settings)
    metric = corpus.task.main_metric
    if settings.train.metric is not None:
        metric = selection.metric(corpus.task, settings.train.metric)
    is_grid, count = _count(request, space, before)
    files = [[file.path, file.sha256] for file in corpus.files]
    plan = Plan(
        source=_place(asked.source),
        valid=_place(asked.valid),
        test=_place(asked.test),
        settings=plans.given(settings),
        space=spaces.stored(space),
        pruner=request.pruner or (before.pruner if before else "median"),
        is_grid=is_grid,
        metric=metric,
        is_higher=catalogue.is_better_higher(metric),
        is_crossed=corpus.is_cross_validated,
        has_own_valid=has_own_valid,
        files=files,
        texts=len(corpus.split.train if corpus.is_cross_validated else corpus.split.valid),
        trials=count,
        seeds=asked.seeds or (before.seeds if before else plans.SEEDS),
    )
    yield Message(why or f"space: {'; '.join(each.words() for each in space)}")
    yield Message(_words(plan, request))
    return plan, settings


def _sealed(request: TrainRequest) -> TrainRequest:
    return replace(request, test=None, sealed=True, seeds=1, resume=False, overwrite=False)


def _fixed(settings: Settings, corpus: Corpus, before: Plan | None) -> Settings:
    """Return settings that name what would be chosen anew in each trial: texts, number format."""
    rows = judging.seed_of_rows(settings)
    data = settings.data.model_copy(update={"split_seed": rows})
    settings = settings.model_copy(update={"data": data})
    if settings.train.precision != "auto":
        return settings
    if before is not None and before.of_all.train.precision != "auto":
        known = {"precision": before.of_all.train.precision}
        return settings.model_copy(update={"train": settings.train.model_copy(update=known)})
    device = devices.choose(settings.device)
    width = bases.width(Path(corpus.tokenizer.place))
    return snapshot.choose_precision(settings, device, width=width, resumed=None)[0]


def _space(
    request: SweepRequest, corpus: Corpus, settings: Settings, before: Plan | None
) -> Generator[Message, None, tuple[Space, str]]:
    """Return the space that was named, that of the plan before, or one that fits the base."""
    yield from ()
    if request.space:
        return request.space, ""
    if before is not None and request.joins:
        return before.dimensions, ""
    return spaces.default(choices.facts_of(corpus, settings), request.train.settings)


def _refuse_unjudged(space: Space, corpus: Corpus) -> None:
    """Refuse trials that nothing judges, or some by folds and others by a split.

    Raises:
        SettingsError: So it is.
    """
    if corpus.learns_all:
        raise SettingsError(
            "data.valid_share=0: nothing would tell trials apart; leave it out or give --valid"
        )
    named = [each.name for each in space if each.name in DECIDING]
    if named and corpus.is_cross_validated:
        raise SettingsError(
            f"--space {named[0]}: so few texts are cross-validated, or not, by this setting, and "
            "trials must be judged alike; give --valid FILE or --set data.valid_share=0.2 too"
        )


def _count(request: SweepRequest, space: Space, before: Plan | None) -> tuple[bool, int]:
    """Say whether all combinations are tried, and how many trials there are."""
    combinations = spaces.grid(space)
    wanted = request.trials or (before.trials if before else None)
    if combinations is None:
        return False, wanted or TRIALS
    size = len(combinations)
    if before is not None:
        is_grid = before.is_grid
    else:
        is_grid = size <= spaces.MOST_GRID if wanted is None else wanted >= size
    return is_grid, min(wanted or size, size) if is_grid else wanted or TRIALS


def _place(source: object) -> Any:
    """Write the name of a file, or the names of several; None for data that Python held."""
    if source is None or not obtained.are_places(source):
        return None
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return [os.fspath(each) for each in source]


def _has_own_valid(request: TrainRequest, corpus: Corpus) -> bool:
    """Tell whether a file, or a part of the data set, validates, and not rows that are drawn."""
    if request.valid is not None or any(file.part == "valid" for file in corpus.files):
        return True
    own: Mapping[str, object] = {} if corpus.files else sources.parts(request.source)
    return "valid" in own and request.settings.data.valid_share is None


def _words(plan: Plan, request: SweepRequest) -> str:
    """Say how many trials there are, what judges them, and what is not looked at."""
    metric, by = catalogue.title(plan.metric), f"the same {plan.texts:,} validation texts"
    if plan.is_crossed:
        by = f"cross-validation of the same {plan.texts:,} texts, at their end (no pruning)"
    how = "each combination once" if plan.is_grid else "chosen by Optuna's TPE"
    sealed = "" if request.train.test is None else "; the file of --test is not opened till then"
    return (
        f"{plan.trials} trials, {how}, judged by {metric} of {by}; then the best one is trained "
        f"again by {plan.seeds} other seed{'s' * (plan.seeds > 1)}{sealed}"
    )
