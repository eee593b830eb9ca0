"""Plain text and small bases for it: what is learned, and what it is learned from."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from conftest import WORDS
from families import tiny_config

SPECIALS = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]


@contextmanager
def own_cache(folder: Path, kernels: Path) -> Iterator[Path]:
    """Give a folder with a cache of its own, for what a whole module of tests makes once."""
    (folder / "cache").mkdir()
    (folder / "cache" / "kernels").symlink_to(kernels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXTUNE_CACHE", str(folder / "cache"))
        yield folder


def drawn(make: Callable[..., Any], source: Path, out: Path, **options: object) -> Any:
    """Make a run with its pictures, which other tests leave out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXTUNE_PICTURES", "1")
        return make(source, out=out, **options)


def sentence(draw: random.Random) -> str:
    """Write ten words of which each says something of the others."""
    words, noun = draw.choice((WORDS[:5], WORDS[5:10])), draw.choice(WORDS[10:15])
    first, second, third = draw.choices(words, k=3)
    return f"the {noun} was very {first} a {second} {noun} is {third}"


def write_lines(file: Path, number: int = 160, *, seed: int = 0) -> Path:
    """Write documents of one line."""
    draw = random.Random(seed)
    file.write_text("".join(f"{sentence(draw)}\n" for _ in range(number)), encoding="utf-8")
    return file


def write_noise(file: Path, number: int = 80, *, seed: int = 3) -> Path:
    """Write documents of one line in which no word says anything of another."""
    draw = random.Random(seed)
    rows = [" ".join(draw.choices(WORDS, k=10)) for _ in range(number)]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def write_blocks(file: Path, number: int = 40, *, most: int = 12, seed: int = 0) -> Path:
    """Write documents of several lines and sentences, some longer than the tiny base reads."""
    draw = random.Random(seed)
    blocks = []
    for _ in range(number):
        lines = [
            " ".join(f"{sentence(draw).capitalize()}." for _ in range(draw.randint(1, 3)))
            for _ in range(draw.randint(1, most))
        ]
        blocks.append("\n".join(lines) + "\n")
    file.write_text("\n".join(blocks), encoding="utf-8")
    return file


def write_tokenizer(folder: Path, words: list[str], *, mask: str | None = "[MASK]") -> None:
    """Write a tokenizer that knows these words, each as one piece."""
    special = [name for name in SPECIALS if name != "[MASK]"]
    special += [] if mask is None else [mask]
    pieces = {word: number for number, word in enumerate([*special, *words])}
    backend = Tokenizer(models.WordLevel(pieces, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        **({} if mask is None else {"mask_token": mask}),
    ).save_pretrained(folder)


def make_base(
    folder: Path,
    words: list[str],
    *,
    kind: str = "bert",
    head: str = "MaskedLM",
    mask: str | None = "[MASK]",
    **changes: Any,
) -> Path:
    """Write a two-layer base of random weights whose tokenizer knows these words."""
    import torch

    write_tokenizer(folder, words, mask=mask)
    size = len(SPECIALS) + len(words)
    config = tiny_config(
        kind, dropout=0.1, **{"max_position_embeddings": 64, "vocab_size": size, **changes}
    )
    torch.manual_seed(0)
    getattr(transformers, f"AutoModelFor{head}").from_config(config).save_pretrained(folder)
    return folder


def give_head(base: Path, folder: Path, *, nsp: bool = False) -> Path:
    """Write a base once more, with a head that fills in masks."""
    import torch

    torch.manual_seed(1)
    kind = transformers.AutoModelForPreTraining if nsp else transformers.AutoModelForMaskedLM
    kind.from_pretrained(base).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder
