"""A run's tokenizer is saved with its model, so that plain transformers gives the same ids.

Transformers' classes build a tokenizer anew from their own rules and a few settings; what
`tokenizer.json` says beyond that (another normaliser, accents that stay) is lost on them. So the
file is written as it was used, and where the class would make other ids of the run's texts,
the folder names the class that takes the file as it is. A tokenizer that is `usual` needs no proof.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer as Backend

from textune.errors import ModelError
from textune.storage import atomic
from textune.text import tokenizers, usual
from textune.text.tokenizers import Ids, Tokenizer

MOST_TEXTS = 1000  # that are compared
MOST_CHARACTERS = 20_000  # of each
AS_IT_IS = "PreTrainedTokenizerFast"  # the class that takes tokenizer.json as it is
TOKENS = {  # beside "[UNK]" and "<unk>", and so on
    **dict.fromkeys(("unk", "pad", "mask"), ()),
    **{"cls": ("<s>",), "sep": ("</s>",), "bos": ("<s>",), "eos": ("</s>",)},
}
SHOWN = 60  # characters of a text that is named
FAULTS = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError)


def write(
    tokenizer: Tokenizer, folder: Path, texts: Sequence[str], *, place: str | None = None
) -> str | None:
    """Write a tokenizer into a model's folder, and prove that it reads texts as before.

    Args:
        tokenizer: That made the run's ids.
        folder: Holds the model's config.json already.
        texts: Of the run, or a sample of them.
        place: Directory where its settings lie, if that is not where it was loaded from.

    Returns:
        Where plain transformers reads these texts otherwise; None where it does not.

    Raises:
        ModelError: The written file does not give the same ids.
        OSError: The disk is full or read-only.
    """
    is_usual = write_files(tokenizer.backend, place or tokenizer.place, folder)
    some = sample(texts)
    again = tokenizers.load(str(folder))
    if again.fingerprint() == tokenizer.fingerprint():  # then it reads all texts alike
        return None if is_usual else _agree(tokenizer, folder, some)
    for text, one, other in zip(some, tokenizer.encode(some), again.encode(some), strict=True):
        if not np.array_equal(one, other):
            raise ModelError(
                f"{folder}: the tokenizer that was written reads {text[:SHOWN]!r} otherwise than "
                f"the one of the training; update the package tokenizers, and report this"
            )
    return _agree(tokenizer, folder, some)


def remark(otherwise: str | None) -> str:
    """Turn what `write` returned into a paragraph of the model's README."""
    return "" if otherwise is None else f"\n**Beware**: {otherwise}.\n"


def write_files(backend: Backend, place: str, folder: Path) -> bool:
    """Write tokenizer.json as it is used, and the settings that transformers needs beside it.

    Returns:
        Whether transformers is known to read every text as this file does, without being asked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = usual.settings(backend, Path(place))
    if known is None:
        _save_by_transformers(backend, place, folder)
    else:
        told = json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        atomic.write_text(folder / "tokenizer_config.json", told)
    atomic.write_text(folder / "tokenizer.json", backend.to_str(pretty=True) + "\n")
    return known is not None


def _save_by_transformers(backend: Backend, place: str, folder: Path) -> None:
    with quiet():
        try:
            source = tokenizers.of_transformers(place)
        except FAULTS:
            from transformers import PreTrainedTokenizerFast  # heavy

            source = PreTrainedTokenizerFast(
                tokenizer_object=Backend.from_str(backend.to_str()), **_named(backend)
            )
        with atomic.disk_errors(folder):
            source.save_pretrained(folder)


def sample(texts: Sequence[str]) -> list[str]:
    """Choose texts over the whole length of a list, each cut to what is read in a moment."""
    step = max(1, -(-len(texts) // MOST_TEXTS))
    return [text[:MOST_CHARACTERS] for text in texts[::step]]


def _agree(tokenizer: Tokenizer, folder: Path, texts: Sequence[str]) -> str | None:
    """Let plain transformers read the folder as textune does, by naming another class if need be.

    Returns:
        How it reads otherwise all the same.
    """
    wanted = [tokenizer.wrap(ids, None)[0] for ids in tokenizer.encode(texts)]
    found = _difference(folder, texts, wanted)
    if found is None:
        return None
    file = folder / "tokenizer_config.json"
    before = file.read_text(encoding="utf-8")
    names = _named(tokenizer.backend)
    for change in ({}, dict.fromkeys(("add_prefix_space", "do_lower_case", "strip_accents"))):
        settings = json.loads(before) | {"tokenizer_class": AS_IT_IS}
        kept = {name: value for name, value in settings.items() if name not in change}
        atomic.write_json(file, names | kept)
        if _difference(folder, texts, wanted) is None:
            return None
    atomic.write_text(file, before)
    return found


def _difference(folder: Path, texts: Sequence[str], wanted: Sequence[Ids]) -> str | None:
    """Say how many texts plain transformers reads otherwise, and name the first."""
    with quiet():
        try:
            found = tokenizers.of_transformers(folder)(list(texts))["input_ids"] if texts else []
        except FAULTS as error:
            return f"plain transformers cannot load its tokenizer ({str(error)[:200]})"
    pairs = zip(texts, found, wanted, strict=True)
    other = [text for text, one, two in pairs if not np.array_equal(one, two)]
    if not other:
        return None
    return (
        f"plain transformers' AutoTokenizer reads {len(other):,} of {len(texts):,} texts otherwise "
        f"than this model was trained, the first of them {other[0][:SHOWN]!r}; use textune, or the "
        f"package tokenizers with tokenizer.json"
    )


def _named(backend: Backend) -> dict[str, str]:
    """Name the usual special tokens that a tokenizer has."""
    found = {}
    for name, others in TOKENS.items():
        for token in (f"[{name.upper()}]", f"<{name}>", *others):
            if backend.token_to_id(token) is not None:
                found[f"{name}_token"] = token
                break
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' remarks and its progress bars off the terminal."""
    from transformers.utils import logging  # heavy

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
