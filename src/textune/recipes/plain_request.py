"""What somebody asked to be learned from plain text; what is wrong with it is said at once.

The story that follows (`language_recipe`) loads torch and transformers, which takes seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path

from textune.encoder import bases, names
from textune.reading import documents
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.storage import folders


@dataclass(frozen=True, slots=True)
class Proof:
    """A labelled file, and how often to fine-tune on it."""

    file: str
    seeds: int = 3
    changes: tuple[str, ...] = ()  # settings of the fine-tuning: "train.epochs=1"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked to be learned from plain text."""

    sources: tuple[str, ...]
    settings: AdaptSettings | PretrainSettings
    out: Path
    proof: Proof | None = None
    resume: bool = False
    overwrite: bool = False
    config: Path | None = None  # file that settings came from
    accept_changes: bool = False  # a resumed run may come to other bits

    def inputs(self) -> dict[str, object]:
        """Return all that is read, by the words for it."""
        adapting = self.settings if isinstance(self.settings, AdaptSettings) else None
        return {
            **{f"text {number}": source for number, source in enumerate(self.sources, start=1)},
            "the base": None if adapting is None else adapting.base,
            "the file of --add-words": None if adapting is None else adapting.add_words,
            "the file of --prove": None if self.proof is None else self.proof.file,
            "the file of --config": self.config,
        }

    @property
    def base(self) -> str:
        """What is adapted."""
        assert isinstance(self.settings, AdaptSettings)
        return self.settings.base


def check(request: Request) -> None:
    """Refuse folders, devices, bases and files that cannot be used, before anything is loaded.

    Raises:
        TextuneError: With what is wrong.
    """
    settings = request.settings
    names.require_device(settings.device)
    with folders.claim(
        request.out, resume=request.resume, overwrite=request.overwrite, inputs=request.inputs()
    ):
        if isinstance(settings, AdaptSettings):
            check_base(settings.base)
        check_files(request.sources, column=settings.text.column)


def check_base(base: str) -> None:
    """Refuse a base that cannot be used; the bundled one, which is hashed, at its use."""
    if base not in bases.BUNDLED_NAMES:
        bases.find(base)


def check_files(sources: Sequence[str], *, column: str | None) -> None:
    """Refuse files that are not there or hold no text; folders and patterns at their use."""
    named = [one for one in sources if not has_magic(one) and not Path(one).is_dir()]
    if named:
        documents.find(named, text=column)
