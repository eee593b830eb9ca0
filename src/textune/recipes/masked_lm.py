"""Plain text becomes a job of masked-LM: its learner, and what is judged and kept of it."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from textune.corpora import library
from textune.corpora.library import Library
from textune.encoder import averaging, bases, devices, freezing, manifest, masked_lm, sizes
from textune.encoder.masked_lm import MaskedLMModel
from textune.metrics.metrics import Report
from textune.objectives.masked import Masked
from textune.recipes import proving, vocabularies
from textune.recipes.recipe import Event
from textune.recipes.requests import TextRequest
from textune.recipes.vocabularies import Start
from textune.records import Message
from textune.runs import runs
from textune.runs.typed import Capsule, PlainCard, PlainMetrics
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.storage import atomic, objects
from textune.text import tokenizers
from textune.training import snapshot, warming
from textune.training.clock import Clock
from textune.training.guards import StopRequest
from textune.training.learner import Learner

WARMTH = "warmup.json"
NEW_HEAD_LR = 3e-4  # where the head is new and nobody has said how fast to learn


@dataclass(frozen=True, slots=True)
class MaskedLM:
    """What a run on plain text needs once it begins."""

    request: TextRequest
    start: Start
    found: Library
    loaded: MaskedLMModel
    learner: Learner

    @property
    def objective(self) -> str:
        """What is asked, in a word."""
        asked = self.request.settings.mask
        return "nsp" if asked.only_nexts else "mlm+nsp" if asked.nexts else "mlm"

    @property
    def base(self) -> str | None:
        """Name what is adapted, if anything."""
        return self.start.base

    def asked(self) -> dict[str, object]:
        """Return what `config.toml` says beside the settings: the sources."""
        return {"sources": list(self.request.source)}

    def measures(self) -> Capsule:
        """Return where, how and how fast it was learned."""
        return self.learner.measures()

    def write_card(self, folder: Path) -> None:
        """Write what was understood of the files, and how much there is to learn from."""
        found = self.found
        valid, train = found.valid, found.passages(1)
        card: PlainCard = {
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

    def place_tokenizer(self, folder: Path) -> str:
        """Move a new tokenizer to its place; return where the tokenizer's files are."""
        return str(vocabularies.move_tokenizer(self.start, folder).tokenizer)

    def prepare(self, folder: Path, stop: StopRequest, *, goes_on: bool) -> Iterator[Event]:
        """Say what is new in a base's heads, and warm a new masked-LM head."""
        if goes_on:
            return
        with stop.between_steps():
            for event in self._warm(folder):
                yield event
                warming.stop_if(stop, event)

    def judge(self, folder: Path) -> tuple[Report, None]:
        """Judge the best weights on what is held out, beside those before the first step."""
        learner, progress = self.learner, self.learner.progress
        if not learner.objective.is_judged:
            best = {"step": progress.step, "metric": learner.objective.metric, "value": None}
            told = {"objective": self.objective, "learned_all": True, "best": best}
            return told | progress.told(), None
        piece, share = self.found.most_frequent()
        numbers: PlainMetrics = {
            "objective": self.objective,
            "before": progress.before,
            "valid": learner.objective.judge(learner.encoder, micro_tokens=learner.micro_tokens),
            "baselines": {"most_frequent": {"piece": piece, "masked_accuracy": share}},
            "best": {
                "step": progress.best_step,
                "metric": learner.objective.metric,
                "value": progress.best,
            },
        }
        if self.request.settings.mask.only_nexts:  # nothing is masked
            del numbers["baselines"]
        with suppress(ValueError, KeyError, TypeError):  # damaged: it is told of, nothing more
            warmth = objects.read(folder / WARMTH)
            losses = warmth["losses"]
            numbers["warmup"] = {
                "rounds": len(losses) - 1,
                "kept": min(losses) < losses[0],
                "steps": warmth["steps"],
                "losses": losses,
            }
        if self.start.added:
            numbers["added_words"] = len(self.start.added)
        return dict(numbers) | progress.told(), None

    def save(self, folder: Path, _: object) -> str:
        """Write the weights and what using them needs into a folder; return its page."""
        if self.start.base is None:
            sizes.prepare_for_tuning(self.loaded.encoder.config)
        masked_lm.save(self.loaded, folder)
        if self.start.base is not None:
            averaging.hand_on(Path(bases.find(self.start.base)), folder)
        card = {
            "format": 1,
            manifest.TOLD: True,
            "objective": self.objective,
            "max_tokens": self.found.max_tokens,
        }
        atomic.write_json(folder / runs.LANGUAGE_CARD, card)
        return runs.language_readme(self.start.base, nsp=self.request.settings.mask.nexts)

    def conclude(self, _: Path, __: object) -> Iterator[Message]:
        """Do nothing more."""
        return iter(())

    def _warm(self, folder: Path) -> Generator[Event, None, None]:
        settings, loaded, learner = self.request.settings, self.loaded, self.learner
        counts = self.found.frequencies(loaded.encoder.config.vocab_size)
        is_all_new = isinstance(settings, PretrainSettings)
        if loaded.has_new_head:
            warming.begin(loaded.encoder, counts, is_all_new=is_all_new)
        if not isinstance(settings, AdaptSettings):
            return
        if loaded.has_new_head:
            yield Message(
                f"{settings.base} has no masked-LM head: it gets a new one, tied to its embedding; "
                f"highest learning rate {settings.train.lr:g}"
            )
        if loaded.has_new_nsp:
            yield Message(f"{settings.base} has no head for next sentences: it gets a new one")
        is_warmed = learner.objective.is_judged and not settings.mask.only_nexts
        if not loaded.has_new_head or settings.warm_head == "never" or not is_warmed:
            return
        assert isinstance(learner.objective, Masked)
        found = yield from warming.warm(
            loaded.encoder,
            learner.objective,
            micro_tokens=learner.micro_tokens,
            clock=learner.clock,
        )
        atomic.write_json(folder / WARMTH, {"steps": found.steps, "losses": list(found.losses)})


def gather(request: TextRequest, folder: Path) -> Generator[Message, None, tuple[Start, Library]]:
    """Find or make the tokenizer, and read the text by it.

    Raises:
        TextuneError: The base, the text or the file of the proof cannot be used.
    """
    settings = request.settings
    if request.proof is not None:
        assert isinstance(settings, AdaptSettings)
        proving.check(request.proof, settings.base, device=settings.device)
    start = yield from vocabularies.prepare(request.source, settings, folder)
    found = yield from library.gather(
        request.source,
        tokenizers.load(str(start.tokenizer)),
        settings.text.passages() if isinstance(settings, PretrainSettings) else settings.text,
        settings.mask,
        seed=settings.seed,
        division=start.division,
    )
    return start, found


def build(request: TextRequest, gathered: tuple[Start, Library], clock: Clock) -> MaskedLM:
    """Load or make the encoder, and everything that trains it.

    Raises:
        TextuneError: Device, number format or base cannot be had.
    """
    (start, found), settings = gathered, request.settings
    loaded = start.language(
        found, nsp=settings.mask.nexts, seed=settings.seed, rate=settings.train.rate
    )
    masked_lm.require_rows(loaded, len(found.masking.special), found.tokenizer.place)
    loaded.encoder.to(devices.choose(settings.device))
    freezing.freeze(loaded.encoder.model, settings.train.freeze)
    settings, why = snapshot.choose_precision(
        _with_rate_of_new_head(settings, loaded),
        loaded.encoder.device,
        width=int(loaded.encoder.config.hidden_size),
        resumed=request.out if request.resume else None,
    )
    objective = Masked(found, settings.train.batch_size)
    learner = Learner.build(objective, settings, loaded.encoder, clock=clock, why=why)
    return MaskedLM(replace(request, settings=settings), start, found, loaded, learner)


def _with_rate_of_new_head(
    settings: AdaptSettings | PretrainSettings, loaded: MaskedLMModel
) -> AdaptSettings | PretrainSettings:
    """Raise the learning rate of an encoder under a new head, where none was chosen."""
    is_said = "lr" in settings.train.model_fields_set
    if is_said or not loaded.has_new_head or not isinstance(settings, AdaptSettings):
        return settings
    train = settings.train.model_copy(update={"lr": NEW_HEAD_LR})
    return settings.model_copy(update={"train": train})
