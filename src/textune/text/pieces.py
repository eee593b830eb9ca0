"""A text, or a pair, becomes its pieces one by one, as a person looks at them; and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textune.errors import SettingsError
from textune.records import Example, Shape
from textune.text import shapes
from textune.text.tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Piece:
    """A token as an encoder reads it."""

    piece: str  # as the vocabulary writes it: "##ing"
    id: int
    word: int | None  # which word of its text, from 1; None of a special token
    span: tuple[int, int] | None  # characters of its text, first and end; None of a special token
    segment: int  # 1 in the second text of a pair, where the tokenizer tells them apart
    mask: int = 1  # of the attention: nothing is padded here, so that each token is read

    @property
    def is_special(self) -> bool:
        """Tell whether it stands around texts."""
        return self.span is None


@dataclass(frozen=True, slots=True)
class Pieces:
    """What an encoder reads of a text, or of a pair."""

    text: str
    pair: str | None
    tokens: tuple[Piece, ...]
    length: int  # tokens, special ones included, were there no limit
    max_tokens: int  # that are read at once

    @property
    def ids(self) -> list[int]:
        """Return the ids, special tokens included."""
        return [token.id for token in self.tokens]

    @property
    def attention_mask(self) -> list[int]:
        """Return 1 for each token: nothing is padded."""
        return [token.mask for token in self.tokens]

    @property
    def segments(self) -> list[int]:
        """Return 0 for tokens of the first text, 1 for those of the second."""
        return [token.segment for token in self.tokens]

    def told(self) -> dict[str, Any]:
        """Return it as plain values that JSON can hold."""
        return {
            "text": self.text,
            **({} if self.pair is None else {"pair": self.pair}),
            "length": self.length,
            "max_tokens": self.max_tokens,
            "pieces": [token.piece for token in self.tokens],
            "ids": self.ids,
            "words": [token.word for token in self.tokens],
            "spans": [token.span and list(token.span) for token in self.tokens],
            "special": [token.is_special for token in self.tokens],
            "attention_mask": self.attention_mask,
            "segments": self.segments,
        }


def of(tokenizer: Tokenizer, text: str, pair: str | None, *, max_tokens: int) -> Pieces:
    """Return the pieces of a text, or of a pair, of which the beginning is read.

    Raises:
        SettingsError: The limit has no room for the special tokens.
    """
    if max_tokens <= (least := tokenizer.specials(pair=pair is not None)):
        raise SettingsError(
            f"--max-tokens {max_tokens}: {least} special tokens stand around "
            f"{'a pair' if pair is not None else 'a text'}; give more than {least}"
        )
    example = Example(text, "text 1", pair=pair)
    shaped = next(iter(shapes.shaped([example], tokenizer, Shape(max_tokens, "head"))))
    window, frame = shaped.windows[0], tokenizer.template
    ids, first = window.ids.tolist(), window.first
    before, after = len(frame.before), len(frame.after if pair is None else frame.after_pair)
    middle = 0 if pair is None else len(frame.between)
    one = first - before - (after if pair is None else frame.between_first)
    known: list[tuple[int, tuple[int, int]] | None] = [None] * before
    known += _known(tokenizer, text)[:one]
    if pair is not None:
        two = len(ids) - before - one - middle - after
        known += [None] * middle + _known(tokenizer, pair)[:two]
    known += [None] * after
    return Pieces(
        text=text,
        pair=pair,
        tokens=tuple(
            Piece(
                piece=str(tokenizer.backend.id_to_token(number)),
                id=number,
                word=None if place is None else place[0],
                span=None if place is None else place[1],
                segment=int(position >= first),
            )
            for position, (number, place) in enumerate(zip(ids, known, strict=True))
        ),
        length=shaped.full,
        max_tokens=max_tokens,
    )


def decode(tokenizer: Tokenizer, ids: Sequence[int], *, special: bool = False) -> str:
    """Return the text that ids stand for.

    Args:
        tokenizer: Whose ids they are.
        ids: Whole numbers, also of NumPy or torch.
        special: Write special tokens, as [CLS], too.

    Raises:
        SettingsError: One of them is no id of this tokenizer.
    """
    numbers = np.asarray(ids).reshape(-1)
    if numbers.size and not np.issubdtype(numbers.dtype, np.integer):
        raise SettingsError(f"ids are whole numbers, found {numbers.tolist()!r:.80}")
    for number in numbers.tolist():
        if number < 0 or tokenizer.backend.id_to_token(number) is None:
            raise SettingsError(
                f"{number} is no id of this tokenizer, which has {tokenizer.size:,} pieces"
            )
    found: str = tokenizer.backend.decode(numbers.tolist(), skip_special_tokens=not special)
    return found


def _known(tokenizer: Tokenizer, text: str) -> list[tuple[int, tuple[int, int]] | None]:
    """Return the number of the word, and the characters, of each piece of a text."""
    found = tokenizer.backend.encode(text, add_special_tokens=False)
    return [
        (0 if word is None else word + 1, (int(start), int(end)))
        for word, (start, end) in zip(found.word_ids, found.offsets, strict=True)
    ]
