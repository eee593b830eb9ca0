"""A tokenizer and words become a tokenizer that has a piece for each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken
from tokenizers import Tokenizer as Backend

from textune.errors import DataError, Problems, excerpt
from textune.storage import atomic
from textune.text import fertility, saving, tokenizers
from textune.text.tokenizers import Tokenizer

SPACES = ("Ġ", "▁")  # with which a piece begins whose tokenizer makes the space a part of it
WAY_OUT = "a piece of the vocabulary is one word without a space; write one word a line"


@dataclass(frozen=True, slots=True)
class Extended:
    """A tokenizer with new pieces."""

    folder: Path
    pieces: Mapping[int, tuple[int, ...]]  # new id → ids that the word had before
    size: int  # rows that an embedding needs for it
    skipped: tuple[str, ...]  # words that have a piece already, come twice, or are empty


def extend(place: str, words: Sequence[str], folder: Path) -> Extended:
    """Write a tokenizer that has a piece for each word, wherever the word stands alone.

    A word inside a longer one is not touched, and texts without the words have the ids they had.
    Words take the form that the tokenizer knows, so that 'Stoicism' and 'stoicism' are one where
    it lowers capitals. A tokenizer that makes the space a part of the word (of RoBERTa and its
    kin) lets the new piece eat the space before it, so that decoding does not give that back; one
    made by sentencepiece may begin what follows the word, a comma too, with a piece for a space.

    Args:
        place: Directory of the base, from `encoder.bases.find`.
        words: In the order of their new ids.
        folder: Where the tokenizer goes, with a configuration that counts its pieces.

    Raises:
        DataError: A word has a space inside.
        ModelError: The base has no tokenizer that can be extended.
        OSError: The disk is full or read-only.
    """
    _refuse_spaces(words)
    before = tokenizers.load(place)
    found, skipped = _choose(words, before)
    last = before.backend.id_to_token(before.encode(["a b"])[0].tolist()[-1])
    has_spaces = str(last).startswith(SPACES)
    after = Backend.from_str(before.backend.to_str())
    after.add_tokens(
        [AddedToken(word, single_word=True, normalized=True, lstrip=has_spaces) for word in found]
    )
    saving.write_files(after, place, folder)
    ids = after.get_vocab()
    size = max(ids.values()) + 1
    config = json.loads((Path(place) / "config.json").read_text(encoding="utf-8"))
    config["vocab_size"] = max(size, config.get("vocab_size") or 0)
    atomic.write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
    pieces = {ids[word]: parts for word, parts in found.items()}
    return Extended(folder=folder, pieces=pieces, size=size, skipped=tuple(skipped))


def read_words(file: Path) -> list[str]:
    """Read words, one a line; empty lines are passed over, and no sign begins a comment.

    Raises:
        DataError: The file cannot be read as UTF-8, or a line holds a space between words.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{file}: cannot be read ({error}); give a UTF-8 file with one word a line"
        ) from error
    words = [line.strip() for line in text.split("\n")]
    _refuse_spaces(words, source=str(file))
    return [word for word in words if word]


def _refuse_spaces(words: Sequence[str], source: str | None = None) -> None:
    problems = Problems(source or "the words to add")
    for number, word in enumerate(words, start=1):
        if len(word.split()) > 1:
            place = f"{source}:{number}" if source else f"word {number} of those to add"
            problems.add(f"{place}: {excerpt(word)} has a space inside", WAY_OUT)
    problems.raise_any()


def _choose(
    words: Sequence[str], tokenizer: Tokenizer
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Part words that become pieces, each with its pieces so far, from those that need not."""
    found: dict[str, tuple[int, ...]] = {}
    skipped = []
    vocabulary = tokenizer.backend.get_vocab()
    unknown = tokenizer.unknown_id()
    inside = tokenizer.encode([f" {word.strip()}" for word in words])
    for word, ids in zip(words, inside, strict=True):
        known = fertility.form(word, tokenizer.backend)
        known = word.strip() if len(known.split()) > 1 else known  # BERT puts spaces around 中
        parts = tuple(ids.tolist())
        has_piece = known in vocabulary or (len(parts) == 1 and parts[0] != unknown)
        # the library would search for a word of no sign forever
        if not known or not parts or known in found or has_piece:
            skipped.append(word)
        else:
            found[known] = parts
    return found, skipped
