"""What somebody asked to be learned, from labelled files or from plain text."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from textune.settings.config import Settings
from textune.settings.language_config import AdaptSettings, PretrainSettings, RunSettings
from textune.tasks.own import NOTHING, Own


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of every run."""

    source: object
    settings: RunSettings
    out: Path
    _: KW_ONLY
    resume: bool = False
    overwrite: bool = False
    config: Path | None = None  # file that settings came from
    accept_changes: bool = False  # a resumed run may come to other bits

    @property
    def seconds(self) -> float | None:
        """Return the time that the run may take; None for no limit."""
        return None

    def inputs(self) -> dict[str, object]:
        """Return all that is read, by the words for it."""
        return {"the file of --config": self.config}


@dataclass(frozen=True, slots=True)
class TrainRequest(Request):
    """What somebody asked to be learned from labelled text: a path, or a data frame."""

    settings: Settings
    valid: object | None = None
    test: object | None = None
    seeds: int | None = None  # with how many to learn; None as the effort has it
    sealed: bool = False  # texts of the test are neither read from a file of theirs nor judged
    own: Own = NOTHING  # what the user brought
    named: frozenset[str] = frozenset()  # settings that were named for it, and not in a file

    def inputs(self) -> dict[str, object]:
        """Return all that is read, by the words for it."""
        return {
            "the file": self.source,
            "the file of --valid": self.valid,
            "the file of --test": self.test,
            "the base": self.settings.base,
            **Request.inputs(self),
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """A labelled file, and how often to fine-tune on it."""

    file: str
    seeds: int = 3
    changes: tuple[str, ...] = ()  # settings of the fine-tuning: "train.epochs=1"


@dataclass(frozen=True, slots=True)
class TextRequest(Request):
    """What somebody asked to be learned from plain text: files, folders and patterns."""

    source: tuple[str, ...]
    settings: AdaptSettings | PretrainSettings
    _: KW_ONLY
    proof: Proof | None = None

    @property
    def seconds(self) -> float | None:
        """Return the time that the run may take; None for no limit."""
        hours = self.settings.train.hours
        return None if hours is None else hours * 3600

    def inputs(self) -> dict[str, object]:
        """Return all that is read, by the words for it."""
        adapting = self.settings if isinstance(self.settings, AdaptSettings) else None
        return {
            **{f"text {number}": source for number, source in enumerate(self.source, start=1)},
            "the base": None if adapting is None else adapting.base,
            "the file of --add-words": None if adapting is None else adapting.add_words,
            "the file of --prove": None if self.proof is None else self.proof.file,
            **Request.inputs(self),
        }
