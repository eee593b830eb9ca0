"""The answers that a run keeps of its held-out texts become another rule, without the encoder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from textune.decisions.wishes import Wish
from textune.encoder import manifest
from textune.errors import RunError, SettingsError
from textune.evaluation import applying, fitting, judged, parts, where_wrong
from textune.metrics import intervals
from textune.metrics.intervals import OUT_OF_FOLD
from textune.metrics.metrics import Report
from textune.recipes import at_chance, wishing
from textune.records import Example, Scores
from textune.runs import exports, model_card, predictions, runs, sealing
from textune.runs.runs import Card
from textune.settings import asked as asked_for
from textune.settings.decision_config import DecisionSettings
from textune.storage import atomic, folders, objects
from textune.tasks import installed, registry
from textune.tasks.interface import Task
from textune.tasks.labels import parted
from textune.text import store as stores
from textune.text import tokenizers, unknown
from textune.text.tokenizers import Tokenizer

PAGE = "README.md"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run keeps of the texts of a part."""

    examples: list[Example]
    scores: Scores  # by logits that are not calibrated
    cells: dict[str, list[str]]  # of the columns by whose values they are judged apart
    leaked: list[str] | None = None  # how each stands in the training data
    unknown: Mapping[str, int] = field(default_factory=dict)  # pieces counted, by the text


def decide(run: Path, own: DecisionSettings) -> dict[str, Any]:
    """Fit the rule of a run's model anew, and judge its texts by it.

    Args:
        run: A finished run of one label or several labels a text.
        own: What is wanted of decisions.

    Returns:
        The run's numbers, as they are now.

    Raises:
        DataError: The file of costs is not as it should be.
        RunError: The run is not finished, is in use, or keeps no answers of held-out texts.
        SettingsError: Its task has no place for what is wanted.
    """
    installed.load()
    folder = runs.model_folder(run)
    card = runs.read_card(folder)
    task = registry.make(card.task, card.labels, card.state)
    if registry.of(task.name).rule is None:
        words = registry.of(task.name).words
        raise SettingsError(f"{run}: no thresholds decide {words}: nothing can be decided anew")
    manifest.verify(folder)
    wish = wishing.wish(own, task.labels, task.name, calibrates=own.calibrate is not False)
    fitting.refuse(task, wish)
    exports.refuse(run, "keeps no answers about held-out texts")
    if folder != run / "model" or not (run / "metrics.json").is_file():
        raise RunError(f"{run}: has no metrics.json; give the folder that textune train wrote")
    with folders.claim(run, resume=True, overwrite=False, inputs=None):
        return _decide(run, card, task, wish)


def _decide(run: Path, card: Card, task: Task, wish: Wish) -> dict[str, Any]:
    numbers = dict(objects.read(run / "metrics.json"))
    opened = cache(partial(tokenizers.load, str(run / "model")))
    held = read(run / "predictions" / "valid.parquet", task, card, opened)
    fitted = fitting.decide(task, held.scores, held.examples, wish)
    judged_by = {"valid": (fitted.scores, held, fitted.how)}
    tested = run / "predictions" / "test.parquet"
    if tested.is_file():
        found = read(tested, task, card, opened)
        judged_by["test"] = applying.decided(task, found.scores, fitted.rule), found, ""
    for part, (scores, kept, how) in judged_by.items():
        texts, told = kept.examples, numbers.get(part, {}).get("cross_validation")
        beside = parts.Beside(
            *(kept.cells, kept.leaked, unknown.Counter(opened, kept.unknown)),
            wider=1.0 if told is None else OUT_OF_FOLD,
        )
        given: Any = {"rule": fitted.rule, "how": how, "marked": partial(_marked, told=told)}
        numbers[part] = parts.judge(task, scores, texts, beside, **given)
        file = run / "predictions" / f"{part}.parquet"
        parts.write(file, task, scores, texts, beside)
    at_chance.renewed(numbers, effort=_effort(run / "config.toml"))
    _write_rule(run / "model", replace(card, decision=fitted.rule), numbers)
    atomic.write_json(run / "metrics.json", numbers)
    sealing.renew(run, ["metrics.json", *(f"predictions/{part}.parquet" for part in judged_by)])
    from textune.report import reasons, report  # draws

    atomic.remove(run / reasons.FILE)  # of other decisions
    report.write(run)
    return numbers


def _effort(settings: Path) -> object:
    """Return with what effort a run learned, where that is known."""
    train = asked_for.load(settings).get("train") if settings.is_file() else None
    return train.get("effort") if isinstance(train, dict) else None


def _marked(numbers: Report, *, told: object) -> Report:
    """Say again what is told of the cross-validation that numbers are of, if they are of one."""
    if told is None:
        return numbers
    return intervals.widened(numbers, OUT_OF_FOLD) | {"cross_validation": told}


def _write_rule(folder: Path, card: Card, numbers: Report) -> None:
    """Put a rule in place of a model's own, wholly or not at all."""
    with atomic.replacing_folder(folder) as unfinished:
        carried = [
            file.name
            for file in folder.iterdir()
            if file.name not in ("decision.json", PAGE, manifest.NAME)
        ]
        for name in carried:
            atomic.carry(folder / name, unfinished / name)
        runs.write_card(unfinished, card)
        if (folder / PAGE).is_file():
            page = (folder / PAGE).read_text(encoding="utf-8")
            page = runs.decided_page(page, runs.read_card(folder), card)
            page = _dressed(page, unfinished, folder.parent / "config.toml", numbers)
            atomic.write_text(unfinished / PAGE, page)
        manifest.seal(unfinished, same=manifest.told(folder, carried))


def _dressed(page: str, model: Path, settings: Path, numbers: Report) -> str:
    """Put the new numbers onto a model's page, where it is known what they are of."""
    if not settings.is_file():
        return page
    said = asked_for.load(settings)
    base, sources = said.get("base"), said.get("run", {})
    return model_card.dressed(page, model, base=base, numbers=numbers, sources=sources)


def read(file: Path, task: Task, card: Card, opened: Callable[[], Tokenizer]) -> Kept:
    """Read what a run keeps of the texts of a part.

    Args:
        file: Parquet.
        task: Of the model.
        card: Of the model.
        opened: Returns the model's tokenizer, for a file that does not say how long texts are.

    Raises:
        RunError: It keeps nothing, or not what its model's labels are.
    """
    kind = registry.of(task.name)
    try:
        columns = predictions.read(file, ("text", "truth", "origin"))
        logits = np.stack(
            [np.asarray(columns[f"logit({label})"], dtype=np.float32) for label in task.labels],
            axis=1,
        )
        pairs = columns.get(kind.second) or [None] * len(logits)
        nothing = [None] * len(logits)
        cells = zip(
            *(columns["text"], pairs, columns["truth"], columns["origin"]),
            columns.get("unscored") or nothing,
            strict=True,
        )
        examples = [
            Example(
                text,
                origin,
                pair=pair,
                label=parted(truth, task.labels) if kind.several else truth,
                unscored=parted(unscored or "", task.labels),
            )
            for text, pair, truth, origin, unscored in cells
        ]
    except (RunError, KeyError, ValueError) as error:
        raise RunError(
            f"{file}: what the run's model said of held-out texts is absent or damaged "
            f"({error!r:.100}); only a run that validated can be decided anew"
        ) from error
    counted = predictions.counted(file)
    fulls = counted.get(judged.TOKENS)
    if fulls is None:
        fulls = stores.tokenize(examples, opened(), card.shape).fulls.tolist()
    targets = np.stack([task.target(example) for example in examples])
    empty = np.empty(0)
    scores = Scores(logits, empty, empty, targets, fulls=np.asarray(fulls, np.int32))
    decided = applying.decided(task, scores, task.default_decision())
    pieces = _pieces(examples, counted.get(judged.UNKNOWN, ()))
    return Kept(examples, decided, predictions.sliced(columns), columns.get("leak"), pieces)


def _pieces(examples: list[Example], counts: Sequence[int]) -> dict[str, int]:
    """Return the counts of unknown pieces that are known, by the text they are of."""
    return {
        where_wrong.looked_at(item): count
        for item, count in zip(examples, counts, strict=False)
        if count != predictions.UNCOUNTED
    }
