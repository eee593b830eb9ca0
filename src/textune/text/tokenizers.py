"""Texts become token ids, by the tokenizer of a base."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as Backend

from textune.errors import ModelError, SettingsError, excerpt, first_line
from textune.families.known import family_of
from textune.text import patterns

Ids = NDArray[np.int32]
MASKS = ("[MASK]", "<mask>")


@dataclass(frozen=True, slots=True)
class Template:
    """The special tokens around one text or two, learned from the tokenizer itself."""

    before: Ids
    between: Ids  # between the two texts of a pair
    after: Ids
    after_pair: Ids
    between_first: int  # tokens of `between` that belong to the first segment


class Tokenizer:
    """A fast tokenizer with its special tokens made explicit.

    Args:
        backend: The tokenizer of the library `tokenizers`.
        limit: Most tokens, special ones included, that the encoder can take.
        place: Where it came from, for messages and for saving it again.
        mask: Its mask token, if that is none of the usual ones.
    """

    def __init__(self, backend: Backend, *, limit: int, place: str, mask: str | None = None):
        backend.no_truncation()
        backend.no_padding()
        self.backend = backend
        self.limit = limit
        self.place = place
        self._unread = f"{place}: its tokenizer cannot read a text"
        with _sound(self._unread):
            self.template = _learn_template(backend, place)
        names = (mask, *MASKS) if mask else MASKS
        found = (backend.token_to_id(name) for name in names)
        self.mask_id: int | None = next((number for number in found if number is not None), None)
        self._fingerprint: str | None = None

    @property
    def size(self) -> int:
        """Pieces of the vocabulary, added ones included."""
        return self.backend.get_vocab_size()

    def special(self) -> NDArray[np.bool_]:
        """Tell which pieces are special, as [CLS]; (V,)."""
        found = np.zeros(self.rows, dtype=np.bool_)
        added = self.backend.get_added_tokens_decoder()
        found[[number for number, token in added.items() if token.special]] = True
        parts = self.template
        for ids in (parts.before, parts.between, parts.after, parts.after_pair):
            found[ids] = True
        others = (self.mask_id, self.unknown_id())
        found[[number for number in others if number is not None]] = True
        return found

    def unknown_id(self) -> int | None:
        """Return the id of what cannot be written; None where everything can."""
        model = self.backend.model
        if hasattr(model, "unk_token"):
            return None if model.unk_token is None else self.backend.token_to_id(model.unk_token)
        found: int | None = json.loads(self.backend.to_str())["model"].get("unk_id")  # of Unigram
        return found

    def word_starts(self) -> NDArray[np.bool_]:
        """Tell which pieces begin a word; (V,)."""
        found = np.ones(self.rows, dtype=np.bool_)
        begins = _beginnings(json.loads(self.backend.to_str()))
        for piece, number in self.backend.get_vocab(with_added_tokens=False).items():
            found[number] = begins(piece)
        return found

    @property
    def rows(self) -> int:
        """Return how many rows an embedding needs for its ids."""
        return max(self.backend.get_vocab(with_added_tokens=True).values()) + 1

    def fingerprint(self) -> str:
        """Name the tokenizer by its content."""
        if self._fingerprint is None:  # a vocabulary takes some time to be written
            self._fingerprint = sha256(self.backend.to_str().encode()).hexdigest()
        return self._fingerprint

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Return the ids of each text, without special tokens and untruncated, on all cores."""
        with _sound(self._unread):
            found = self.backend.encode_batch_fast(list(texts), add_special_tokens=False)
        return [np.asarray(encoding.ids, dtype=np.int32) for encoding in found]

    def encode_with_places(self, texts: Sequence[str]) -> list[tuple[Ids, NDArray[np.int64]]]:
        """Return the ids of each text as `encode` does, and (L, 2) the characters of each."""
        with _sound(self._unread):
            found = self.backend.encode_batch(list(texts), add_special_tokens=False)
        return [
            (
                np.asarray(encoding.ids, dtype=np.int32),
                np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2),
            )
            for encoding in found
        ]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text, special ones included, untruncated."""
        extra = self.specials(pair=False)
        return [len(ids) + extra for ids in self.encode(texts)]

    def specials(self, *, pair: bool) -> int:
        """Count the special tokens around one text, or around a pair."""
        parts = self.template
        inner = len(parts.between) + len(parts.after_pair) if pair else len(parts.after)
        return len(parts.before) + inner

    def limited(self, asked: int | None, *, of: str) -> int:
        """Return how many tokens are read: as asked, or all that the encoder can take.

        Raises:
            SettingsError: More is asked than it can.
        """
        if asked is not None and asked > self.limit:
            raise SettingsError(
                f"--max-tokens {asked}: this encoder reads at most {self.limit} tokens {of}"
            )
        return self.limit if asked is None else asked

    def wrap(self, first: Ids, second: Ids | None) -> tuple[Ids, int]:
        """Put special tokens around one text or two.

        Returns:
            The ids, and how many of them, from the first, lie in the first segment.
        """
        parts = self.template
        if second is None:
            ids = np.concatenate([parts.before, first, parts.after])
            return ids, len(ids)
        ids = np.concatenate([parts.before, first, parts.between, second, parts.after_pair])
        return ids, len(parts.before) + len(first) + parts.between_first


def load(place: str) -> Tokenizer:
    """Load the tokenizer of a base.

    Raises:
        ModelError: There is none, it is damaged, it does not belong to the model, or it has no fast
            version.
    """
    folder = Path(place)
    config = _config(folder)
    fast = folder / "tokenizer.json"
    if fast.is_file():
        with _sound(f"{fast}: not a tokenizer that can be read"):
            backend = Backend.from_file(str(fast))
        mask = _mask(folder)
    else:
        backend, mask = _convert(folder)
    _refuse_endless(backend, place)
    found = Tokenizer(backend, limit=_room(config), place=place, mask=mask)
    rows = config.get("vocab_size")
    if isinstance(rows, int) and found.rows > rows:
        raise ModelError(
            f"{place}: its tokenizer has {found.rows:,} pieces and its model rows for {rows:,} "
            f"only; take tokenizer and weights from one base"
        )
    return found


def of_transformers(folder: str | Path) -> Any:
    """Load a tokenizer as plain transformers does; nothing is fetched, and no code of its run."""
    from transformers import AutoTokenizer  # heavy, and rarely needed

    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def _convert(folder: Path) -> tuple[Backend, str | None]:
    """Make a tokenizer of the vocabulary that a class of transformers knows how to read.

    Where the file that it looks for is not there, transformers makes a tokenizer of its own, of a
    few pieces: that is no tokenizer of this base.
    """
    try:
        found = of_transformers(folder)
    except Exception as error:  # transformers raises many kinds
        raise ModelError(
            f"{folder}: no tokenizer can be loaded ({first_line(error, 200)}); --base takes a "
            "directory with tokenizer.json, or the name of a model on the Hub that can be reached"
        ) from error
    backend = getattr(found, "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"{folder}: its tokenizer has no fast version, which textune needs")
    pieces, invented = backend.get_vocab_size(), _invented(type(found))
    written = folder / "vocab.txt"
    there = len(written.read_text(encoding="utf-8").split()) if written.is_file() else 0
    if pieces <= invented or pieces < there // 2:
        raise ModelError(
            f"{folder}: no tokenizer: transformers makes one of {pieces:,} pieces from what is "
            f"there; copy tokenizer.json, or the vocabulary that {type(found).__name__} reads, "
            f"from the model that the weights are of"
        )
    return backend, getattr(found, "mask_token", None)


def _invented(kind: Any) -> int:
    """Count the pieces of what a class of transformers makes without any file."""
    try:
        return int(kind().backend_tokenizer.get_vocab_size())
    except Exception:  # one that needs a file
        return 0


def _refuse_endless(backend: Backend, place: str) -> None:
    for part in (backend.normalizer, backend.pre_tokenizer, backend.decoder):
        for pattern in patterns.of(part):
            if patterns.is_endless(pattern):
                raise ModelError(
                    f"{place}: its tokenizer searches by {excerpt(pattern)}, a repetition of what "
                    f"repeats, for which a text of some dozens of signs can take for ever; take "
                    f"another base, or write the pattern so that it repeats once"
                )


@contextmanager
def _sound(what: str) -> Iterator[None]:
    """Say what went wrong where the library gives up: it raises bare exceptions, and panics."""
    try:
        yield
    except BaseException as error:
        if type(error) is not Exception and type(error).__name__ != "PanicException":
            raise
        raise ModelError(f"{what}: {str(error)[:200]}") from error


def _config(folder: Path) -> dict[str, object]:
    file = folder / "config.json"
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"{file}: cannot be read: {error}") from error


def _mask(folder: Path) -> str | None:
    """Return the mask token that a tokenizer's settings name, if they name one."""
    for file in (folder / "tokenizer_config.json", folder / "special_tokens_map.json"):
        if not file.is_file():
            continue
        try:
            token = json.loads(file.read_text(encoding="utf-8")).get("mask_token")
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise ModelError(f"{file}: not a JSON object that can be read: {error}") from error
        token = token.get("content") if isinstance(token, dict) else token
        if isinstance(token, str):
            return token
    return None


def _beginnings(description: Mapping[str, Any]) -> Callable[[str], bool]:
    """Return what tells whether a piece begins a word, by the kind of the tokenizer."""
    model = description["model"]
    if model["type"] == "WordPiece":
        prefix = model["continuing_subword_prefix"]
        return lambda piece: not piece.startswith(prefix)
    text = json.dumps([description["pre_tokenizer"], description["normalizer"]])
    for kind, mark in (("ByteLevel", "Ġ"), ("Metaspace", "▁"), ("Prepend", "▁")):
        if kind in text:
            return lambda piece: piece.startswith(mark)
    return lambda _: True


def _room(config: Mapping[str, Any]) -> int:
    """Positions that a text can take; RoBERTa and its kin count from beyond the padding index."""
    positions = int(config.get("max_position_embeddings") or 512)
    family = family_of(config.get("model_type"))
    return positions - family.first_position(config.get("pad_token_id"))


def _learn_template(backend: Backend, place: str) -> Template:
    one, two = "a", "b c"
    left = backend.encode(one, add_special_tokens=False).ids
    right = backend.encode(two, add_special_tokens=False).ids
    single = backend.encode(one)
    pair = backend.encode(one, two)
    before = _find(single.ids, left)
    start = _find(pair.ids, left)
    second = _find(pair.ids, right, start + len(left))
    if min(before, start, second) < 0 or not left or not right or start != before:
        raise ModelError(f"{place}: the special tokens of its tokenizer are not understood")
    between = pair.ids[start + len(left) : second]
    kinds = pair.type_ids
    first_kind = kinds[start]
    return Template(
        before=_ids(single.ids[:before]),
        between=_ids(between),
        after=_ids(single.ids[before + len(left) :]),
        after_pair=_ids(pair.ids[second + len(right) :]),
        between_first=sum(kind == first_kind for kind in kinds[start + len(left) : second])
        if kinds[second] != first_kind
        else len(between),
    )


def _find(ids: Sequence[int], part: Sequence[int], start: int = 0) -> int:
    size = len(part)
    places = range(start, len(ids) - size + 1)
    return next((place for place in places if list(ids[place : place + size]) == list(part)), -1)


def _ids(values: Sequence[int]) -> Ids:
    return np.asarray(values, dtype=np.int32)
