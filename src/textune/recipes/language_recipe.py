"""The stories of plain text: an encoder is made at home in it, or made from it."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from textune.corpora import library
from textune.corpora.library import Library
from textune.encoder import bases, devices, freezing, language, manifest, sizes
from textune.encoder.language import Language
from textune.errors import RunError
from textune.fast import build, threads
from textune.objectives.masked import Masked
from textune.recipes import proving, vocabularies
from textune.recipes.plain_request import Request
from textune.recipes.vocabularies import Start
from textune.records import Message, Started, Step, Validated
from textune.report import language_report, pictures
from textune.runs import evaluations, runs
from textune.runs.runs import Run
from textune.settings import config
from textune.settings.config import to_toml
from textune.settings.language_config import (
    AdaptSettings,
    MaskSettings,
    PretrainSettings,
    TextSettings,
)
from textune.storage import atomic, folders
from textune.text import saving, tokenizers
from textune.training import fingerprints, guards, memory, snapshot, warming
from textune.training.clock import Clock
from textune.training.learning import Learner

Event = Message | Started | Step | Validated
WARMTH = "warmup.json"
NEW_HEAD_LR = 3e-4  # where the head is new and nobody has said how fast to learn


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that a run needs once it has begun."""

    request: Request
    start: Start
    found: Library
    spoken: Language
    learner: Learner

    @property
    def objective(self) -> str:
        """What is asked, in a word."""
        return "mlm+nsp" if self.request.settings.mask.nexts else "mlm"


def learning(request: Request) -> Generator[Event, None, Run]:
    """Adapt an encoder to plain text, or pretrain one; iterate to watch.

    Yields:
        Lines for people, the start, each update of the weights, each validation.

    Returns:
        The finished run, as the generator's value.

    Raises:
        TextuneError: Any mistake of the user's; the run folder keeps the last sound state.
    """
    hours = request.settings.train.hours
    clock = Clock(None if hours is None else hours * 3600)
    with (
        threads.shared(request.settings.train.threads),
        guards.stopping() as stop,
        folders.claim(
            request.out,
            resume=request.resume,
            overwrite=request.overwrite,
            inputs=request.inputs(),
        ) as folder,
        vocabularies.unsettled(folder),
    ):
        if request.resume and (folder / "model").is_dir() and not runs.is_language(folder):
            raise RunError(
                f"{folder}: this run was not made by textune adapt or pretrain, but by textune "
                "train; choose another --out"
            )
        if request.proof is not None:
            proving.check(request.proof, request.base, device=request.settings.device)
        job = yield from _prepare(request, folder, clock)
        state: folders.State = "fresh"
        if request.resume:
            state = yield from job.learner.take_up(folder, accept=request.accept_changes)
        # nothing can be wrong any more: the run takes its place
        mended = folders.start(
            folder,
            partial(_write_beginning, job=job),
            state=state,
            keep={vocabularies.NEW},
        )
        stop.is_begun = True
        for name in mended:
            yield Message(f"{folder / name} was absent or damaged: written anew", is_warning=True)
        start = vocabularies.settle(job.start, folder)
        if state == "done":
            _finish(folder, fingerprints.recorded(folder), request)
            yield Message(f"{folder}: this run is finished; there is nothing to resume")
            return Run(folder, runs.read_metrics(folder) or {})
        yield from _learn(folder, job, stop, goes_on=state == "on")
        # judge it and keep it
        numbers = _judge(folder, job)
        yield from _write_model(folder, job, str(start.tokenizer))
        _write_capsule(folder, job, clock)
        noted = job.learner.note()
        del job  # what comes needs the memory
        memory.give_back()
        if request.proof is not None:
            numbers["prove"] = yield from proving.prove(
                request.proof, request.base, folder, device=request.settings.device
            )
        atomic.remove(folder / "report.html")  # of a run that was shorter
        atomic.write_json(folder / "metrics.json", numbers)  # from now on the run is finished
        _finish(folder, noted, request)
        yield Message(f"everything is in {folder}")
    return Run(folder, numbers)


def _prepare(request: Request, folder: Path, clock: Clock) -> Generator[Message, None, Job]:
    """Read the text and load or make the encoder that shall learn from it."""
    settings = request.settings
    start = yield from vocabularies.prepare(request.sources, settings, folder)
    found = yield from library.gather(
        request.sources,
        tokenizers.load(str(start.tokenizer)),
        settings.text.passages() if isinstance(settings, PretrainSettings) else settings.text,
        settings.mask,
        seed=settings.seed,
        division=start.division,
    )
    if build.is_due():
        yield Message("compiling kernels for this processor: some seconds, once")
    spoken = start.language(
        found, nexts=settings.mask.nexts, seed=settings.seed, rate=settings.train.rate
    )
    language.require_rows(spoken, len(found.masking.special), found.tokenizer.place)
    spoken.encoder.to(devices.choose(settings.device))
    freezing.freeze(spoken.encoder.model, settings.train.freeze)
    settings, why = snapshot.choose_precision(
        _settled(settings, spoken),
        spoken.encoder.device,
        width=int(spoken.encoder.config.hidden_size),
        resumed=folder if request.resume else None,
    )
    objective = Masked(found, settings.train.batch_size)
    learner = Learner.build(objective, settings, spoken.encoder, clock=clock, why=why)
    return Job(replace(request, settings=settings), start, found, spoken, learner)


def _learn(
    folder: Path, job: Job, stop: guards.StopRequest, *, goes_on: bool
) -> Generator[Event, None, None]:
    """Warm a new head, update the weights, and take the best of them."""
    learner = job.learner
    yield from learner.introduce()
    with guards.memory(learner.micro_tokens):
        if not goes_on:
            with stop.between_steps():
                for event in _warm(folder, job):
                    yield event
                    warming.stop_if(stop, event)
        yield from learner.learn(folder, stop, goes_on=goes_on)
    learner.take_best(folder)
    if learner.progress.step and not learner.progress.best_step:
        yield Message(
            "no update made the held-out loss lower: the weights before the first are kept",
            is_warning=True,
        )


def evaluate_text(
    run: Path, source: str, *, column: str | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Judge a run's model by all of another text, and keep what it said in `evaluations/`.

    What is masked follows from the run's seed and the text, so that models can be compared.

    Args:
        run: The run's folder.
        source: A file, folder or pattern.
        column: Text column of tables.
        device: Where to compute.

    Raises:
        DataError: There is no text in it, or it cannot be read.
        ModelError: The model cannot be loaded.
    """
    place = bases.find(run)
    asked = config.read_section(run / "config.toml", "mask", MaskSettings)
    seed = config.seed_of(run / "config.toml")
    text = TextSettings.model_validate({"column": column})
    found = library.judged([source], tokenizers.load(place), text, asked, seed=seed)
    spoken = language.read(place, nexts=asked.nexts)
    spoken.encoder.to(devices.choose(device))
    numbers = Masked(found, 1).judge(spoken.encoder, micro_tokens=0)
    evaluations.write(run, source, numbers)
    return numbers


def _finish(folder: Path, noted: Mapping[str, Any], request: Request) -> None:
    """Draw and write the page of a run whose numbers are there; delete what is needed no more."""
    if not (folder / "report.html").is_file():
        pictures.draw(folder)
        language_report.write(folder)
    keep = request.settings.train.keep_checkpoints
    folders.finish(folder, noted, keep_checkpoints=keep)


def _settled(
    settings: AdaptSettings | PretrainSettings, spoken: Language
) -> AdaptSettings | PretrainSettings:
    """Let an encoder under a new head learn faster, where nobody has said how fast."""
    is_said = "lr" in settings.train.model_fields_set
    if is_said or not spoken.has_new_head or not isinstance(settings, AdaptSettings):
        return settings
    train = settings.train.model_copy(update={"lr": NEW_HEAD_LR})
    return settings.model_copy(update={"train": train})


def _warm(folder: Path, job: Job) -> Generator[Event, None, None]:
    """Say what is new in a base's heads, and warm a new masked-LM head."""
    settings, spoken, learner = job.request.settings, job.spoken, job.learner
    counts = job.found.frequencies(spoken.encoder.config.vocab_size)
    is_all_new = isinstance(settings, PretrainSettings)
    if spoken.has_new_head:
        warming.begin(spoken.encoder, counts, is_all_new=is_all_new)
    if not isinstance(settings, AdaptSettings):
        return
    if spoken.has_new_head:
        yield Message(
            f"{settings.base} has no masked-LM head: it gets a new one, tied to its embedding; "
            f"highest learning rate {settings.train.lr:g}"
        )
    if spoken.has_new_nexts:
        yield Message(f"{settings.base} has no head for next sentences: it gets a new one")
    if not spoken.has_new_head or settings.warm_head == "never":
        return
    assert isinstance(learner.objective, Masked)
    found = yield from warming.warm(
        spoken.encoder, learner.objective, micro_tokens=learner.micro_tokens, clock=learner.clock
    )
    atomic.write_json(folder / WARMTH, {"steps": found.steps, "losses": list(found.losses)})


def _judge(folder: Path, job: Job) -> dict[str, Any]:
    """Judge the chosen weights on what is held out, beside the weights before the first step."""
    learner, progress = job.learner, job.learner.progress
    piece, share = job.found.most_frequent()
    numbers: dict[str, Any] = {
        "objective": job.objective,
        "before": progress.before,
        "valid": learner.objective.judge(learner.encoder, micro_tokens=learner.micro_tokens),
        "baselines": {"most_frequent": {"piece": piece, "masked_accuracy": share}},
        "best": {"step": progress.best_step, "metric": "loss", "value": progress.best},
    }
    if (folder / WARMTH).is_file():
        with suppress(ValueError, KeyError, TypeError):  # damaged: it is told of, nothing more
            warmth = json.loads((folder / WARMTH).read_text(encoding="utf-8"))
            losses = warmth["losses"]
            is_kept = min(losses) < losses[0]
            numbers["warmup"] = {"rounds": len(losses) - 1, "kept": is_kept, **warmth}
    if job.start.added:
        numbers["added_words"] = len(job.start.added)
    return numbers


def _write_beginning(folder: Path, job: Job) -> None:
    """Write what was asked and understood before anything is learned."""
    request, found = job.request, job.found
    sources = {"sources": list(request.sources)}
    atomic.write_text(folder / "config.toml", to_toml(request.settings, sources))
    valid, train = found.valid, found.passages(1)
    card = {
        "files": found.sums.to_json(),
        "reading": [reason for file in found.files for reason in file.reasons],
        "documents": found.documents.count,
        "tokens": len(found.documents.ids),
        "pieces": len(train) + len(valid),
        "max_tokens": found.max_tokens,
        "splits": {
            "train": len(set(train.owners.tolist())),
            "valid": found.held_out,
        },
        "tokens_train": int(train.lengths((0, 0)).sum()),
        "tokens_valid": int(valid.lengths((0, 0)).sum()),
    }
    atomic.write_json(folder / "data_card.json", card)


def _write_model(folder: Path, job: Job, place: str) -> Iterator[Message]:
    """Write the model; yield where plain transformers would read texts otherwise."""
    base = job.start.base
    if base is None:
        sizes.prepare_for_tuning(job.spoken.encoder.config)
    card = {"format": 1, "objective": job.objective, "max_tokens": job.found.max_tokens}
    nexts = job.request.settings.mask.nexts
    with atomic.replacing_folder(folder / "model") as unfinished:
        language.save(job.spoken, unfinished)
        texts = library.some(job.found, column=job.request.settings.text.column)
        otherwise = saving.write(job.found.tokenizer, unfinished, texts, place=place)
        atomic.write_json(unfinished / runs.LANGUAGE_CARD, card)
        page = runs.language_readme(base, nexts=nexts)
        atomic.write_text(unfinished / "README.md", page + saving.remark(otherwise))
        manifest.seal(unfinished)
    if otherwise is not None:
        yield Message(otherwise, is_warning=True)


def _write_capsule(folder: Path, job: Job, clock: Clock) -> None:
    capsule = runs.capsule() | job.learner.measures()
    capsule |= {"store": job.found.documents.key, "wall_seconds": round(clock.seconds(), 2)}
    atomic.write_json(folder / "capsule.json", capsule)
