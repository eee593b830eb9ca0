"""The user's plain text becomes a library: passages to learn from, and others that are held out."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from textune.errors import DataError
from textune.reading import documents as reading
from textune.reading.documents import TextFile
from textune.records import Batch, Message
from textune.settings.language_config import MaskSettings, TextSettings
from textune.splits import held_out
from textune.splits.held_out import Division
from textune.storage.checksums import Inputs
from textune.text import cooccurrence, documents, masking, passages, saving, sentences
from textune.text.cooccurrence import Cooccurrence
from textune.text.documents import Documents
from textune.text.masking import Masking
from textune.text.passages import PairSpans, Passages
from textune.text.tokenizers import Tokenizer

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that is learned from plain text, and judged on."""

    files: tuple[TextFile, ...]
    documents: Documents
    tokenizer: Tokenizer
    masking: Masking
    max_tokens: int
    train: Passages | PairSpans  # runs are parted anew in each pass
    valid: Passages  # the same for ever
    held_out: int  # documents; 0 where passages of the only document are held out
    seed: int
    sums: Inputs  # the files' checksums
    column: str | None = None  # of tables

    @property
    def key(self) -> str:
        """Return the name of its token ids in the cache."""
        return self.documents.key

    def texts(self) -> list[str]:
        """Read the first texts of each file again."""
        most = max(1, saving.MOST_TEXTS // max(1, len(self.files)))
        return [
            paragraph.text
            for file in self.files[: saving.MOST_TEXTS]
            for paragraph in islice(reading.read(file, text=self.column), most)
        ]

    @property
    def specials(self) -> tuple[int, int]:
        """Return the special tokens around one part, and around two."""
        return self.tokenizer.specials(pair=False), self.tokenizer.specials(pair=True)

    def passages(self, epoch: int) -> Passages:
        """Return what is learned from in one pass."""
        if isinstance(self.train, Passages):
            return self.train
        return passages.paired(self.train, seed=self.seed, epoch=epoch)

    def masked_batch(
        self, found: Passages, rows: Numbers, *, epoch: int, device: torch.device | str = "cpu"
    ) -> Batch:
        """Make the masked batch of some passages of one pass.

        What is held out is masked at the usual rate, whatever is learned from: only so can
        encoders be compared.
        """
        is_compared = epoch == masking.HELD_OUT and self.masking.rate > 0
        return masking.masked_batch(
            self.documents,
            found,
            rows,
            self.tokenizer,
            replace(self.masking, rate=masking.USUAL) if is_compared else self.masking,
            seed=self.seed,
            epoch=epoch,
            device=device,
        )

    def asked(self, found: Passages, rows: Numbers, *, epoch: int) -> int:
        """Count the tokens that are asked for in some passages of one pass."""
        return masking.asked(
            self.documents,
            found,
            rows,
            self.tokenizer,
            self.masking,
            seed=self.seed,
            epoch=epoch,
        )

    def cooccurrence(self, most: int) -> Cooccurrence:
        """Count what is learned from: how frequent pieces are, and which stand together."""
        return cooccurrence.count(
            self.documents.ids, self._learned(), self.masking.special, most=most
        )

    def frequencies(self, pieces: int) -> Numbers:
        """Count how often each of so many pieces stands in what is learned from; (pieces,)."""
        return cooccurrence.occurrences(self.documents.ids, self._learned(), pieces)

    def most_frequent(self) -> tuple[str, float]:
        """Return the piece that is commonest in what is learned from, and how often it is right.

        Guessed is it for every held-out mask.
        """
        counts = self.frequencies(len(self.masking.special))
        counts[self.masking.special] = 0
        piece = int(counts.argmax())
        asked = self.masked_batch(
            self.valid, np.arange(len(self.valid)), epoch=masking.HELD_OUT
        ).mlm_targets
        assert asked is not None
        share = float((asked == piece).double().mean()) if len(asked) else 0.0
        return str(self.tokenizer.backend.id_to_token(piece)), share

    def _learned(self) -> Numbers:
        """Return where the passages that are learned from begin and end; (N, 2)."""
        return self.train.first if isinstance(self.train, Passages) else self.train.edges


def gather(
    sources: Sequence[str | Path],
    tokenizer: Tokenizer,
    text: TextSettings,
    mask: MaskSettings,
    *,
    seed: int,
    division: Division | None = None,
) -> Generator[Message, None, Library]:
    """Read, tokenise, part and hold out; yield what a person should know on the way.

    What is held out is drawn, unless a vocabulary was learned from the rest: then by `division`.

    Raises:
        DataError: There is no text, or too little for what is asked.
        ModelError: The tokenizer has no mask.
        SettingsError: The limit is more than the encoder takes.
    """
    rules = _rules(tokenizer, mask)
    max_tokens = tokenizer.limited(text.max_tokens, of="at once")
    files = reading.find(
        sources, text=text.column, documents=text.documents, encoding=text.encoding
    )
    for file in files[:5]:
        yield from (Message(reason) for reason in file.reasons)
        yield from (Message(doubt, is_warning=True) for doubt in file.doubts)
    if len(files) > 5:
        yield Message(f"… and {len(files) - 5:,} more files")
    paths = [file.path for file in files]
    sums = Inputs.of(paths)
    found = _tokenized(files, tokenizer, text, mask, division)
    sums.refuse_changed(paths)
    drawn = _divided(found, text, division, nsp=mask.nexts, seed=seed)
    room = max_tokens - tokenizer.specials(pair=mask.nexts)
    train, valid = _part(found, drawn, rules, room=room, mask=mask, text=text, seed=seed)
    library = Library(
        files=tuple(files),
        documents=found,
        tokenizer=tokenizer,
        masking=rules,
        max_tokens=max_tokens,
        train=train,
        valid=valid,
        held_out=0 if drawn.cut is not None else len(drawn.held),
        seed=seed,
        sums=sums,
        column=text.column,
    )
    _refuse_unasked(library)
    yield from _report(library, text.limit)
    return library


def divide(
    files: Sequence[TextFile],
    tokenizer: Tokenizer,
    text: TextSettings,
    mask: MaskSettings,
    *,
    seed: int,
) -> Division:
    """Draw what is held out, by a base's tokens, before words are added to its vocabulary.

    Raises:
        DataError: There is no text, or too little for what is asked.
    """
    found = _tokenized(files, tokenizer, text, mask)
    drawn = _divided(found, text, None, nsp=mask.nexts, seed=seed)
    if found.numbers is None:
        return drawn
    return replace(drawn, held=found.numbers[drawn.held], learned=found.numbers[drawn.learned])


def judged(
    sources: Sequence[str | Path],
    tokenizer: Tokenizer,
    text: TextSettings,
    mask: MaskSettings,
    *,
    seed: int,
) -> Library:
    """Read plain text all of which is to be judged, as what `gather` holds out is.

    Raises:
        DataError: There is no text, or one document only where next sentences are asked for.
        ModelError: The tokenizer has no mask.
    """
    rules = _rules(tokenizer, mask)
    files = reading.find(
        sources, text=text.column, documents=text.documents, encoding=text.encoding
    )
    found = _tokenized(files, tokenizer, text, mask)
    max_tokens = tokenizer.limited(text.max_tokens, of="at once")
    room = max_tokens - tokenizer.specials(pair=mask.nexts)
    everything = _passages(found, np.arange(found.count), rules, room=room, nsp=mask.nexts)
    valid = _fixed(everything, seed)
    library = Library(
        files=tuple(files),
        documents=found,
        tokenizer=tokenizer,
        masking=rules,
        max_tokens=max_tokens,
        train=valid.take(np.arange(0)),
        valid=valid,
        held_out=found.count,
        seed=seed,
        sums=Inputs((), ()),
    )
    _refuse_unasked(library)
    return library


def _rules(tokenizer: Tokenizer, mask: MaskSettings) -> Masking:
    return Masking.of(
        tokenizer,
        rate=0.0 if mask.only_nexts else mask.rate,
        mask_share=mask.mask_share,
        random_share=mask.random_share,
        whole_words=mask.whole_words,
    )


def _tokenized(
    files: Sequence[TextFile],
    tokenizer: Tokenizer,
    text: TextSettings,
    mask: MaskSettings,
    division: Division | None = None,
) -> Documents:
    return documents.tokenize(
        lambda: held_out.parted(reading.read_all(files, text=text.column), division),
        tokenizer,
        split=sentences.splitter(text.language) if mask.nexts else None,
        how=f"sentences {text.language}" if mask.nexts else "",
        folder="tokens" if text.cache else None,
    )


def _divided(
    found: Documents, text: TextSettings, division: Division | None, *, nsp: bool, seed: int
) -> Division:
    """Draw what is held out, unless it was drawn before the tokenizer was made."""
    if division is None:
        return held_out.draw(
            found.sizes(),
            share=text.valid_share,
            most=text.most_valid_tokens,
            limit=text.limit,
            nsp=nsp,
            seed=seed,
        )
    held, learned = found.places(division.held), found.places(division.learned)
    if len(division.held) and not (len(held) and len(learned)):
        raise _too_little(found)
    return replace(division, held=held, learned=learned)


def _too_little(found: Documents) -> DataError:
    only = "there is only one document, of " if found.count == 1 else ""
    return DataError(
        f"{only}{len(found.ids):,} tokens: too little to hold something out; name more text"
    )


def _part(
    found: Documents,
    drawn: Division,
    rules: Masking,
    *,
    room: int,
    mask: MaskSettings,
    text: TextSettings,
    seed: int,
) -> tuple[Passages | PairSpans, Passages]:
    train = _passages(found, drawn.learned, rules, room=room, nsp=mask.nexts)
    if text.valid_share == 0:
        return train, passages.whole(found, drawn.held, rules.word_starts, room=room)
    if len(drawn.held) or isinstance(train, PairSpans):
        held = _passages(found, drawn.held, rules, room=room, nsp=mask.nexts)
        return train, _fixed(held, seed)
    if len(train) < 2:
        raise _too_little(found)
    count = min(max(round(text.valid_share * len(train)), 1), len(train) - 1)
    return train.take(np.arange(len(train) - count)), train.take(
        np.arange(len(train) - count, len(train))
    )


def _passages(
    found: Documents, chosen: Numbers, rules: Masking, *, room: int, nsp: bool
) -> Passages | PairSpans:
    """Cut documents into passages, or into the spans that pairs of sentences are drawn from."""
    if nsp:
        return passages.pair_spans(found, chosen, rules.word_starts, room=room)
    return passages.whole(found, chosen, rules.word_starts, room=room)


def _fixed(found: Passages | PairSpans, seed: int) -> Passages:
    """Return passages by which is judged: those that are the same for ever."""
    if isinstance(found, Passages):
        return found
    return passages.paired(found, seed=seed, epoch=masking.HELD_OUT)


def _refuse_unasked(library: Library) -> None:
    """Refuse text on which nothing can be judged.

    Raises:
        DataError: The tokenizer knows no word of it, or none of the held-out ones is masked.
    """
    special = library.masking.special
    if not library.documents.frequencies(len(special))[~special].any():
        raise DataError(
            f"the tokenizer of {library.tokenizer.place} knows none of the words of this text; "
            "choose another --base, or make one with textune pretrain"
        )
    if not len(library.valid) or not library.masking.rate:
        return  # nothing is held out, or masked, as asked
    rows = np.arange(len(library.valid))
    asked = library.masked_batch(library.valid, rows, epoch=masking.HELD_OUT).mlm_targets
    assert asked is not None
    if not len(asked):
        tokens = int(library.valid.lengths((0, 0)).sum())
        raise DataError(
            f"the {tokens:,} tokens that are held out are too few: none of them is masked; name "
            "more text, or hold out more of it with --set text.valid_share=0.5"
        )


def _report(library: Library, limit: int | None) -> Generator[Message, None, None]:
    found = library.documents
    if found.remark is not None:
        yield Message(found.remark, is_warning=True)
    sizes = found.sizes()
    yield Message(
        f"text: {found.count:,} documents, {len(found.ids):,} tokens (a document: median "
        f"{int(np.median(sizes)):,}, longest {int(sizes.max()):,}); {_used(found, limit)}"
    )
    if library.held_out:
        yield Message(
            f"held out: {library.held_out:,} documents in {len(library.valid):,} passages; "
            f"learned from: {len(library.train):,} passages of up to {library.max_tokens} tokens"
        )
    elif not len(library.valid):
        yield Message(
            f"held out: nothing; learned from: {len(library.train):,} "
            f"passages of up to {library.max_tokens} tokens"
        )
    else:
        yield Message(
            f"there is one document only: its last {len(library.valid):,} of "
            f"{len(library.valid) + len(library.train):,} passages are held out",
            is_warning=True,
        )


def _used(found: Documents, limit: int | None) -> str:
    """Say which documents are learned from or held out."""
    if limit is not None and limit < found.count:
        return f"this trial uses {limit:,} of them, drawn at random"
    lost = 0 if found.numbers is None else int(found.numbers[-1]) + 1 - found.count
    return f"{lost:,} more hold no token" if lost else "none is dropped"
