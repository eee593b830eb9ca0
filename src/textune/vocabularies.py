"""A base, or plain text alone, becomes the tokenizer and the untrained encoder of a run."""

import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textune.encoder import bases, beginnings, language, sizes
from textune.encoder.language import Language
from textune.errors import SettingsError
from textune.language_config import AdaptSettings, PretrainSettings
from textune.library import Library
from textune.reading import documents
from textune.records import Said
from textune.text import extension, fertility, tokenizers, wordpiece

NEW, PLACE = ".tokenizer", "tokenizer"  # inside a run's folder, before and after it is begun
LONGEST = 512  # tokens that an encoder made from nothing can read, if nothing is said


@dataclass(frozen=True, slots=True)
class Start:
    """What a run starts from."""

    tokenizer: Path  # directory, or a base's own
    base: str | None  # directory or Hub name; None where all weights are random
    config: Any = None  # of an encoder of random weights
    added: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # new piece → pieces before
    size: int | None = None  # of a vocabulary with added pieces

    def language(self, found: Library, *, nexts: bool, seed: int) -> Language:
        """Load the base, or begin an encoder with what can be counted in its text."""
        if self.base is None:
            company = found.company(beginnings.room(self.config))
            return language.make(
                self.config,
                nexts=nexts,
                seed=seed,
                frequencies=company.frequencies,
                vectors=company.vectors,
            )
        return language.read(self.base, nexts=nexts, seed=seed, added=self.added, size=self.size)


def prepare(
    sources: Sequence[str], settings: AdaptSettings | PretrainSettings, folder: Path
) -> Generator[Said, None, Start]:
    """Find the base and extend its vocabulary if asked, or learn a vocabulary from the text.

    A new tokenizer is written into the run's folder, beside what may still be there.

    Args:
        sources: Files, folders and patterns.
        settings: Of the run.
        folder: The run's.

    Raises:
        TextuneError: The base, the text or the words cannot be had.
    """
    shutil.rmtree(folder / NEW, ignore_errors=True)
    if isinstance(settings, PretrainSettings):
        return (yield from _from_text(sources, settings, folder))
    place = bases.find(settings.base)
    if settings.add_words in (None, 0):
        return Start(Path(place), place)
    return (yield from _extended(sources, settings, place, folder))


def _from_text(
    sources: Sequence[str], settings: PretrainSettings, folder: Path
) -> Generator[Said, None, Start]:
    limit = settings.text.max_tokens or LONGEST
    sizes.configure(settings.size, pieces=settings.vocab, positions=limit, dropout=0.0)
    files = documents.find(sources, text=settings.text.column)
    yield Said(f"learning a vocabulary of {settings.vocab:,} pieces from the text")
    made = wordpiece.train(
        (paragraph.text for paragraph in documents.read_all(files, text=settings.text.column)),
        folder / NEW,
        size=settings.vocab,
        lowercase=not settings.cased,
        max_tokens=limit,
    )
    if made.pieces < settings.vocab:
        yield Said(f"the text gives {made.pieces:,} pieces only", is_warning=True)
    config = sizes.configure(
        settings.size, pieces=made.pieces, positions=limit, dropout=settings.dropout
    )
    config.save_pretrained(folder / NEW)
    return Start(folder / NEW, None, config=config)


def _extended(
    sources: Sequence[str], settings: AdaptSettings, place: str, folder: Path
) -> Generator[Said, None, Start]:
    words = _words(sources, settings, place)
    made = extension.extend(place, words, folder / NEW)
    if made.skipped:
        yield Said(
            f"{len(made.skipped):,} words were passed over (a piece already, or named twice): "
            f"{', '.join(made.skipped[:5])}"
        )
    if not made.pieces:
        yield Said("no word was added to the vocabulary", is_warning=True)
        shutil.rmtree(folder / NEW)
        return Start(Path(place), place)
    names = tokenizers.load(str(folder / NEW)).backend
    added = [str(names.id_to_token(piece)) for piece in made.pieces]
    yield Said(
        f"{len(made.pieces):,} words were added to the vocabulary: {', '.join(added[:5])}"
        f"{' …' if len(added) > 5 else ''}"
    )
    return Start(folder / NEW, place, added=made.pieces, size=made.size)


def _words(sources: Sequence[str], settings: AdaptSettings, place: str) -> list[str]:
    wanted = settings.add_words
    if isinstance(wanted, str) and not wanted.isdigit():
        file = Path(wanted)
        if not file.is_file():
            raise SettingsError(
                f"--add-words {wanted}: expected how many words to add, or a file of them, one a "
                "line; there is no such file"
            )
        return extension.read_words(file)
    files = documents.find(sources, text=settings.text.column)
    texts = (paragraph.text for paragraph in documents.read_all(files, text=settings.text.column))
    return fertility.propose(texts, tokenizers.load(place), int(wanted or 0))


@contextmanager
def unsettled(folder: Path) -> Iterator[None]:
    """Leave no tokenizer behind of a run that was never begun."""
    try:
        yield
    finally:
        shutil.rmtree(folder / NEW, ignore_errors=True)


def settle(start: Start, folder: Path) -> Start:
    """Move a new tokenizer to its place in a run that is begun."""
    if start.tokenizer != folder / NEW:
        return start
    shutil.rmtree(folder / PLACE, ignore_errors=True)
    start.tokenizer.rename(folder / PLACE)
    return replace(start, tokenizer=folder / PLACE)
