"""Plain text becomes a WordPiece tokenizer, as BERT's."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer
from tokenizers.trainers import WordPieceTrainer

from textune.errors import DataError, SettingsError
from textune.storage import atomic

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # their ids are 0 to 4
PREFIX = "##"  # of a piece that goes on with a word
LONGEST_WORD = 100  # characters; WordPiece of the library writes a longer one as [UNK]
LEAST_OCCURRENCES = 2  # of a piece: what occurs once teaches nothing
MOST_WORDS = 2_000_000  # that are counted at a time
STRETCH = re.compile(r"[^ \t\n\r]{1,1000}")  # cut, lest one endless stretch fill the memory
STRETCHES = 2**18  # different ones that are counted at a time
SPACE = re.compile(r"[ \t\n\r]")
PART = 2**20  # characters of a long text that are read at a time
REPEATED = 1000  # times that a word stands in one text given to the trainer


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of the texts."""

    pieces: int  # in the vocabulary, special ones included; fewer than wished for in a small corpus
    texts: int  # that were read
    left_out: int  # occurrences of words of more than LONGEST_WORD characters


def train(
    texts: Iterable[str], folder: Path, *, size: int, lowercase: bool, max_tokens: int = 512
) -> Trained:
    """Learn a vocabulary and write a tokenizer that plain transformers loads.

    The same texts and options give the same bytes, on any machine and any number of cores. The
    texts are read once, as a stream; what is kept are words and how often they occur. "Words" of
    more than LONGEST_WORD characters are left out, for the tokenizer could not write them either.
    Every sign of all other words gets a piece, so that none of them is unknown.

    Args:
        texts: In any number and of any length.
        folder: Where the files go; made if it is absent.
        size: Pieces in the vocabulary, special ones included.
        lowercase: Whether capitals and accents are put aside.
        max_tokens: What the tokenizer's files name as the most tokens of a text.

    Raises:
        DataError: There is no word in the texts.
        SettingsError: The size has not even room for the signs of the texts.
        OSError: The disk is full or read-only.
    """
    words = _count(texts, lowercase)
    if not words.occurrences:
        raise DataError(
            f"none of the {words.texts:,} texts holds a word to learn a tokenizer from "
            f"({words.left_out:,} words of more than {LONGEST_WORD} characters were left out); "
            f"give files with text"
        )
    alphabet = [*SPECIALS, *sorted(words.signs), *sorted(PREFIX + sign for sign in words.inner)]
    if size < len(alphabet):
        raise SettingsError(
            f"a vocabulary of {size:,} pieces is too small for this text: its {len(words.signs):,} "
            f"signs, at the start of words and inside, and {len(SPECIALS)} special pieces are "
            f"{len(alphabet):,}; allowed are {len(alphabet):,} and more"
        )
    pieces = _learn(words.occurrences, alphabet, size)
    _write(pieces, folder, lowercase=lowercase, max_tokens=max_tokens)
    return Trained(pieces=len(pieces), texts=words.texts, left_out=words.left_out)


def counts(texts: Iterable[str]) -> Iterator[Counter[str]]:
    """Count what stands between spaces and line ends, a bounded number of stretches at a time."""
    found: Counter[str] = Counter()
    for text in texts:
        for part in _cut(text):
            found.update(STRETCH.findall(part))
            if len(found) > STRETCHES:
                yield found
                found = Counter()
    if found:
        yield found


def prune(words: Counter[str], most: int) -> None:
    """Drop the rarest words, first those seen once, until no more than `most` are left."""
    least = 2
    while len(words) > most:
        for word in [word for word, count in words.items() if count < least]:
            del words[word]
        least *= 2


def _cut(text: str) -> Iterator[str]:
    """Cut a long text at spaces."""
    start = 0
    while start < len(text):
        border = SPACE.search(text, start + PART)
        end = border.start() if border else len(text)
        yield text[start:end]
        start = end


@dataclass(slots=True)
class _Words:
    occurrences: Counter[str] = field(default_factory=Counter)
    signs: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)  # signs that go on with a word
    texts: int = 0
    left_out: int = 0

    def each(self, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            self.texts += 1
            yield text

    def add(self, word: str, count: int) -> None:
        if len(word) > LONGEST_WORD:
            self.left_out += count
            return
        if word not in self.occurrences:
            self.signs.update(word)
            self.inner.update(word[1:])
        self.occurrences[word] += count


def _count(texts: Iterable[str], lowercase: bool) -> _Words:
    # as BertWordPieceTokenizer has it; accents are dropped where it lowers
    normalize = normalizers.BertNormalizer(lowercase=lowercase).normalize_str
    part = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    words = _Words()
    for stretches in counts(words.each(texts)):
        for stretch, count in stretches.items():
            for word, _ in part(normalize(stretch)):
                words.add(word, count)
        prune(words.occurrences, MOST_WORDS)
    return words


def _learn(words: Counter[str], alphabet: list[str], size: int) -> list[str]:
    """Join pieces by the library's trainer; return the vocabulary in the order of its ids.

    The trainer numbers signs in the order of a hash table that differs from process to process,
    and ties are settled by number. As "special" pieces the signs have numbers before it begins.
    """
    trainer = WordPieceTrainer(
        vocab_size=size,
        min_frequency=LEAST_OCCURRENCES,
        special_tokens=alphabet,
        continuing_subword_prefix=PREFIX,
        show_progress=False,
    )
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(_repeat(words), trainer)
    found = learner.get_vocab()
    return sorted(found, key=found.__getitem__)


def _repeat(words: Counter[str]) -> Iterator[str]:
    """Yield each word as often as it occurs, for the trainer takes no counts."""
    for word, count in words.items():
        for start in range(0, count, REPEATED):
            yield f"{word} " * min(REPEATED, count - start)


def _write(pieces: list[str], folder: Path, *, lowercase: bool, max_tokens: int) -> None:
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    backend = BertWordPieceTokenizer(vocabulary, lowercase=lowercase)
    # written as by earlier versions, whose runs know their tokenizer by what is written
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIALS}
    config = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": lowercase,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "model_max_length": max_tokens,
        **names,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("tokenizer.json", backend.to_str(pretty=True)),
        ("tokenizer_config.json", json.dumps(config, indent=2)),
        ("special_tokens_map.json", json.dumps(names, indent=2)),
        ("vocab.txt", "\n".join(pieces)),
    ):
        atomic.write_text(folder / name, text + "\n")
