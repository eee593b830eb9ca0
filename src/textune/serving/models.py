"""Runs become models that are served, each under a name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from textune.decisions.rule import Decision
from textune.encoder import bases, exported
from textune.errors import SettingsError, among
from textune.records import Example, Prediction
from textune.runs.runs import Card, model_folder
from textune.serving import refusals
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.tasks.kind import Kind
from textune.text import store as stores
from textune.text.tokenizers import Tokenizer


class Served(Protocol):
    """What can be served: a Predictor, or whatever answers as one."""

    @property
    def card(self) -> Card:
        """What it knows of its training."""

    @property
    def task(self) -> Task:
        """What it was trained for."""

    @property
    def encoder(self) -> object:
        """What computes."""

    @property
    def tokenizer(self) -> Tokenizer:
        """By which its texts are counted."""

    def examples(self, texts: Any) -> list[Example]:
        """Take texts; a SettingsError says which of them cannot be taken."""

    def decision(self, threshold: float | None) -> Decision:
        """Return its rule, or one of a threshold; a SettingsError says that there is none."""

    def stream(
        self, examples: Iterable[Example], *, threshold: float | None = None
    ) -> Iterator[Prediction]:
        """Answer, in order; the same whatever texts share a call."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model under the name by which requests ask for it."""

    name: str
    predictor: Served

    @property
    def kind(self) -> Kind:
        """Its task, as the registry has it."""
        return registry.of(self.predictor.task.name)

    @property
    def is_of_pairs(self) -> bool:
        """Whether it reads two texts at a time."""
        return len(self.predictor.card.contract.text) == 2

    @property
    def takes_threshold(self) -> bool:
        """Whether a request may name a threshold."""
        kind = self.kind
        several = kind.several or len(self.predictor.task.labels) == 2
        return "threshold" in kind.decisions and several

    @property
    def explains(self) -> bool:
        """Whether it can say which words moved its decisions."""
        return hasattr(self.predictor, "explanations")

    def tokens(self, examples: Sequence[Example]) -> list[int]:
        """Count the tokens of each text that are computed, in all its windows."""
        shape, tokenizer = self.predictor.card.shape, self.predictor.tokenizer
        texts = [one.text if one.pair is None else f"{one.text} {one.pair}" for one in examples]
        counts = tokenizer.count(texts)
        if max(counts, default=0) <= shape.max_tokens:
            return counts
        lengths: list[int] = stores.tokenize(examples, tokenizer, shape).lengths.tolist()
        return lengths

    def described(self) -> dict[str, Any]:
        """Say what it is, for programs and for the page."""
        predictor, kind = self.predictor, self.kind
        return {
            "name": self.name,
            "task": predictor.task.name,
            "words": kind.words,
            "labels": list(predictor.task.labels),
            "inputs": list(kind.order) if self.is_of_pairs else ["text"],
            "takes_words": predictor.task.asks == "words",
            "several": kind.several,
            "takes_threshold": self.takes_threshold,
            "thresholds": dict(predictor.card.decision.thresholds),
            "explains": self.explains,
            "max_tokens": predictor.card.shape.max_tokens,
            "long_texts": predictor.card.shape.long,
        }


class Models:
    """The models of a server, by name; the first is the default."""

    def __init__(self, models: Sequence[Model]):
        self.all = tuple(models)
        self._by_name = {one.name: one for one in models}

    @property
    def threads(self) -> int:
        """How many batches are computed at once, each by a thread.

        Of exported graphs one a core. Of runs one by all cores: their layers are called from
        Python, which one thread at a time does, and two would wait for each other.
        """
        graphs = [isinstance(one.predictor.encoder, exported.Exported) for one in self.all]
        return exported.cores() if all(graphs) else 1

    def named(self, name: str | None) -> Model:
        """Return a model.

        Raises:
            RefusedError: There is none of this name.
        """
        if name is None:
            return self.all[0]
        if name not in self._by_name:
            raise refusals.malformed("model", f"{name!r:.80}", among(name, self._by_name))
        return self._by_name[name]


def named(runs: Sequence[str]) -> dict[str, str]:
    """Give each run its name: what stands before "=", or its folder's.

    Raises:
        SettingsError: Two have the same name.

    Example:
        >>> named(["runs/reviews", "spam=runs/7"])
        {'reviews': 'runs/reviews', 'spam': 'runs/7'}
    """
    found: dict[str, str] = {}
    for run in runs:
        name, _, place = run.rpartition("=")
        place = place if name else run
        if name and Path(run).exists():  # a folder with "=" in its name
            name, place = "", run
        path = Path(place)
        own = path.resolve()
        name = name or (own.parent.name if own.name == "model" else own.name) or place
        if name in found:
            raise SettingsError(
                f"RUN {run}: two models would be called {name!r}; name them: NAME={place}"
            )
        found[name] = place
    return found


def load(
    runs: Sequence[str], *, device: str = "auto", precision: str | None = None, plugin: Any = None
) -> Models:
    """Load runs, weights and all, and folders that were exported.

    Args:
        runs: As for `named`.
        device: As for `Predictor.load`.
        precision: Number format of the runs, fp32 where none is given; an export has its own.
        plugin: As for `Predictor.load`.

    Raises:
        SettingsError: Two have the same name, or there are exports alone, of another number format;
            or as `Predictor.load`.
    """
    from textune.predicting.predictor import Predictor

    places = named(runs)
    folders = {name: model_folder(bases.of_address(place)) for name, place in places.items()}
    graphs = {name for name, folder in folders.items() if exported.is_in(folder)}
    of_graphs = precision if precision and len(graphs) == len(places) else "auto"
    made: Mapping[str, Served] = {
        name: Predictor.load(
            place,
            device=device,
            precision=of_graphs if name in graphs else precision or "fp32",
            plugin=plugin,
        )
        for name, place in places.items()
    }
    return Models([Model(name, predictor) for name, predictor in made.items()])


def told(models: Models, precision: str | None) -> list[str]:
    """Say which exports answer in numbers of their own, where others were asked for."""
    graphs = [
        (one.name, one.predictor.encoder.numbers)
        for one in models.all
        if isinstance(one.predictor.encoder, exported.Exported)
    ]
    return [
        f"{name}: answers in {numbers}, as it was exported; --precision {precision} is for the runs"
        for name, numbers in graphs
        if precision not in (None, "auto", numbers)
    ]
