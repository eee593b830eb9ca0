"""A base, or plain text alone, becomes the tokenizer and the untrained encoder of a run."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from textune.corpora import library
from textune.corpora.library import Library
from textune.encoder import bases, initialisation, masked_lm, sizes
from textune.encoder.masked_lm import MaskedLMModel
from textune.errors import SettingsError
from textune.reading import documents
from textune.records import Message, Paragraph
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.splits import held_out
from textune.splits.held_out import Division
from textune.storage import atomic
from textune.storage.contents import TOKENIZER
from textune.text import extension, fertility, tokenizers, wordpiece

NEW, PLACE = TOKENIZER, "tokenizer"  # inside a run's folder, before and after it is begun
CHARACTERS = 4  # of a token, about, where there is no tokenizer yet
LONGEST = 512  # tokens that an encoder made from nothing can read, if nothing is said


@dataclass(frozen=True, slots=True)
class Start:
    """What a run starts from."""

    tokenizer: Path  # directory, or a base's own
    base: str | None  # directory or Hub name; None where all weights are random
    config: Any = None  # of an encoder of random weights
    added: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # new piece → pieces before
    size: int | None = None  # of a vocabulary with added pieces
    division: Division | None = None  # what is held out, where a vocabulary was learned

    def language(
        self, found: Library, *, nsp: bool, seed: int, rate: float | None = None
    ) -> MaskedLMModel:
        """Load the base, or begin an encoder with what can be counted in its text."""
        if self.base is None:
            cooccurrence = found.cooccurrence(initialisation.free_width(self.config))
            return masked_lm.make(
                self.config,
                nsp=nsp,
                seed=seed,
                frequencies=cooccurrence.frequencies,
                vectors=cooccurrence.vectors,
            )
        return masked_lm.read(
            self.base, nsp=nsp, seed=seed, added=self.added, size=self.size, rate=rate
        )


def prepare(
    sources: Sequence[str], settings: AdaptSettings | PretrainSettings, folder: Path
) -> Generator[Message, None, Start]:
    """Find the base and extend its vocabulary if asked, or learn a vocabulary from the text.

    A new tokenizer is written into the run's folder, beside what may still be there.

    Raises:
        TextuneError: The base, the text or the words cannot be had.
    """
    atomic.remove(folder / NEW)
    if isinstance(settings, PretrainSettings):
        return (yield from _from_text(sources, settings, folder))
    place = bases.find(settings.base)
    if settings.add_words in (None, 0):
        return Start(Path(place), place)
    return (yield from _extended(sources, settings, place, folder))


def _from_text(
    sources: Sequence[str], settings: PretrainSettings, folder: Path
) -> Generator[Message, None, Start]:
    limit = settings.text.max_tokens or LONGEST
    sizes.configure(settings.size, pieces=settings.vocab, positions=limit, dropout=0.0)
    asked = settings.text
    files = documents.find(
        sources, text=asked.column, documents=asked.documents, encoding=asked.encoding
    )
    read = partial(documents.read_all, files, text=settings.text.column)
    division = _drawn_by_characters(read(), settings)
    yield Message(
        f"learning a vocabulary of {settings.vocab:,} pieces from the text that is not held out"
    )
    made = wordpiece.train(
        held_out.learned_texts(read(), division),
        folder / NEW,
        size=settings.vocab,
        lowercase=not settings.cased,
        max_tokens=limit,
    )
    if made.pieces < settings.vocab:
        yield Message(f"the text gives {made.pieces:,} pieces only", is_warning=True)
    config = sizes.configure(
        settings.size, pieces=made.pieces, positions=limit, dropout=settings.dropout
    )
    config.save_pretrained(folder / NEW)
    return Start(folder / NEW, None, config=config, division=division)


def _extended(
    sources: Sequence[str], settings: AdaptSettings, place: str, folder: Path
) -> Generator[Message, None, Start]:
    words, division = _words(sources, settings, place)
    made = extension.extend(place, words, folder / NEW)
    if made.skipped:
        yield Message(
            f"{len(made.skipped):,} words were passed over (a piece already, or named twice): "
            f"{', '.join(made.skipped[:5])}"
        )
    if not made.pieces:
        yield Message("no word was added to the vocabulary", is_warning=True)
        atomic.remove(folder / NEW)
        return Start(Path(place), place, division=division)
    names = tokenizers.load(str(folder / NEW)).backend
    added = [str(names.id_to_token(piece)) for piece in made.pieces]
    yield Message(
        f"{len(made.pieces):,} words were added to the vocabulary: {', '.join(added[:5])}"
        f"{' …' if len(added) > 5 else ''}"
    )
    return Start(folder / NEW, place, added=made.pieces, size=made.size, division=division)


def _words(
    sources: Sequence[str], settings: AdaptSettings, place: str
) -> tuple[list[str], Division | None]:
    """Return the words to add: those of a file, or of the text that is learned from."""
    wanted = settings.add_words
    if isinstance(wanted, str) and not wanted.isdigit():
        file = Path(wanted)
        if not file.is_file():
            raise SettingsError(
                f"--add-words {wanted}: expected how many words to add, or a file of them, one a "
                "line; there is no such file"
            )
        return extension.read_words(file), None
    tokenizer = tokenizers.load(place)
    text = settings.text
    files = documents.find(
        sources, text=text.column, documents=text.documents, encoding=text.encoding
    )
    read = partial(documents.read_all, files, text=text.column)
    division = library.divide(files, tokenizer, text, settings.mask, seed=settings.seed)
    if not len(division.held) and text.valid_share:
        characters = sum(len(paragraph.text) for paragraph in read())
        division = held_out.part(characters, share=text.valid_share)
    texts = held_out.learned_texts(read(), division)
    return fertility.propose(texts, tokenizer, int(wanted or 0)), division


def _drawn_by_characters(paragraphs: Iterable[Paragraph], settings: PretrainSettings) -> Division:
    """Draw what is held out before there is a tokenizer to count tokens by."""
    sizes: list[int] = []
    for paragraph in paragraphs:
        if paragraph.begins or not sizes:
            sizes.append(0)
        sizes[-1] += len(paragraph.text)
    text = settings.text
    found = held_out.draw(
        np.maximum(np.array(sizes, dtype=np.int64) // CHARACTERS, 1),
        share=text.valid_share,
        most=text.most_valid_tokens,
        limit=text.limit,
        nsp=settings.mask.nexts,
        seed=settings.seed,
    )
    if len(found.held) or not text.valid_share:
        return found
    return held_out.part(sum(sizes), share=text.valid_share)


def move_tokenizer(start: Start, folder: Path) -> Start:
    """Move a new tokenizer to its place in a run that is begun."""
    if start.tokenizer != folder / NEW:
        return start
    atomic.move(start.tokenizer, folder / PLACE)
    return replace(start, tokenizer=folder / PLACE)
