"""Keywords become requests to learn from plain text: `textune.adapt`, `textune.pretrain`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from textune.doors.api import free_folder
from textune.errors import SettingsError
from textune.recipes.plain_request import Proof, Request
from textune.runs.runs import Run
from textune.settings.config import Section, settle
from textune.settings.language_config import AdaptSettings, PretrainSettings

Kind = TypeVar("Kind", bound=Section)
Sources = str | Path | Sequence[str | Path]
SETTINGS = {  # keyword or option → setting
    "add_words": "add_words",
    "base": "base",
    "batch_size": "train.batch_size",
    "cased": "cased",
    "device": "device",
    "epochs": "train.epochs",
    "hours": "train.hours",
    "limit": "text.limit",
    "lr": "train.lr",
    "mask": "mask.rate",
    "max_tokens": "text.max_tokens",
    "nsp": "mask.nexts",
    "precision": "train.precision",
    "seed": "seed",
    "size": "size",
    "text": "text.column",
    "vocab": "vocab",
    "whole_word": "mask.whole_words",
}
PLAIN_MASK = ("mask.mask_share=1", "mask.random_share=0")


def adapt(
    texts: Sources,
    *,
    base: str | Path | None = None,
    text: str | None = None,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    hours: float | None = None,
    mask: float | None = None,
    whole_word: bool | None = None,
    plain_mask: bool = False,
    nsp: bool | None = None,
    add_words: int | str | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    prove: str | Path | None = None,
    prove_seeds: int = 3,
    config: str | Path | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> Run:
    """Make an encoder at home in plain text, by masked-LM.

    Args:
        texts: Files, folders or patterns: text, CSV, TSV, JSONL, Parquet, each also .gz.
        base: Directory, run or Hub name of the encoder; the bundled one by default.
        text: Text column of a table; recognised if not given.
        out: Folder of the run; runs/<name of the file> by default.
        epochs: Passes over the text.
        batch_size: Passages in one update.
        lr: Highest learning rate.
        hours: Time to train in, in place of epochs.
        mask: Share of the tokens that are asked for.
        whole_word: Choose whole words.
        plain_mask: Mask all chosen tokens, instead of 80/10/10.
        nsp: Ask for next sentences as well.
        add_words: How many of the text's own words to add to the vocabulary, or a file of words.
        max_tokens: Most tokens of a passage.
        seed: Of everything random.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto" (measured once a run), "fp32" or "bf16".
        limit: Use so many documents only.
        prove: Labelled file; it is fine-tuned with adaptation and without, and compared.
        prove_seeds: How often each way.
        config: TOML file with settings; keywords win over it.
        settings: More settings, as "mask.random_share=0".
        resume: Continue the run in `out`.
        accept_changes: Resume with other versions, kernels or number format too.
        overwrite: Replace the run in `out`.

    Returns:
        The run: its folder and its numbers, "before" and "valid" among them.

    Raises:
        TextuneError: Any mistake in files, settings or folders.

    Example:
        >>> run = adapt("book.txt", epochs=2)  # doctest: +SKIP
        >>> run.metrics["valid"]["perplexity"]  # doctest: +SKIP
        52.8
    """
    given = {
        "base": base,
        "text": text,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "hours": hours,
        "mask": mask,
        "whole_word": whole_word,
        "plain_mask": plain_mask,
        "nsp": nsp,
        "add_words": add_words,
        "max_tokens": max_tokens,
        "seed": seed,
        "device": device,
        "precision": precision,
        "limit": limit,
    }
    proof = None if prove is None else Proof(str(prove), prove_seeds)
    return learn(
        Request(
            sources=to_sources(texts),
            settings=resolve(AdaptSettings, given, config, settings),
            out=folder(out, texts),
            proof=proof,
            resume=resume,
            accept_changes=accept_changes,
            overwrite=overwrite,
        )
    )


def pretrain(
    texts: Sources,
    *,
    size: str | None = None,
    vocab: int | None = None,
    cased: bool | None = None,
    text: str | None = None,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    hours: float | None = None,
    mask: float | None = None,
    whole_word: bool | None = None,
    plain_mask: bool = False,
    nsp: bool | None = None,
    max_tokens: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    config: str | Path | None = None,
    settings: Sequence[str] = (),
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> Run:
    """Make a tokenizer and a BERT from nothing but plain text.

    Args:
        texts: Files, folders or patterns, as in `adapt`.
        size: "tiny", "mini", "small", "medium", "base", "large", or layers x width: "6x384".
        vocab: Pieces of the vocabulary.
        cased: Keep capitals and accents.
        text: Text column of a table; recognised if not given.
        out: Folder of the run; runs/<name of the file> by default.
        epochs: Passes over the text.
        batch_size: Passages in one update.
        lr: Highest learning rate.
        hours: Time to train in, in place of epochs.
        mask: Share of the tokens that are asked for.
        whole_word: Choose whole words.
        plain_mask: Mask all chosen tokens, instead of 80/10/10.
        nsp: Ask for next sentences as well.
        max_tokens: Most tokens of a passage.
        seed: Of everything random.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: "auto" (measured once a run), "fp32" or "bf16".
        limit: Use so many documents only.
        config: TOML file with settings; keywords win over it.
        settings: More settings, as "dropout=0".
        resume: Continue the run in `out`.
        accept_changes: Resume with other versions, kernels or number format too.
        overwrite: Replace the run in `out`.

    Returns:
        The run: its folder and its numbers.

    Raises:
        TextuneError: Any mistake in files, settings or folders.
    """
    given = {
        "size": size,
        "vocab": vocab,
        "cased": cased,
        "text": text,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "hours": hours,
        "mask": mask,
        "whole_word": whole_word,
        "plain_mask": plain_mask,
        "nsp": nsp,
        "max_tokens": max_tokens,
        "seed": seed,
        "device": device,
        "precision": precision,
        "limit": limit,
    }
    return learn(
        Request(
            sources=to_sources(texts),
            settings=resolve(PretrainSettings, given, config, settings),
            out=folder(out, texts),
            resume=resume,
            accept_changes=accept_changes,
            overwrite=overwrite,
        )
    )


def learn(request: Request) -> Run:
    """Run a request to its end."""
    from textune.recipes import language_recipe  # torch: not for the options that `cli` reads here
    from textune.runs import sessions

    return sessions.finish(language_recipe.learning(request))


def to_sources(texts: Sources) -> tuple[str, ...]:
    """Give one path, or several, as strings."""
    found = (texts,) if isinstance(texts, str | Path) else tuple(texts)
    if not found:
        raise SettingsError("no text was named; give files, folders or patterns")
    return tuple(str(item) for item in found)


def folder(out: str | Path | None, texts: Sources) -> Path:
    """Return the run's folder: as named, or after the first file."""
    return free_folder(to_sources(texts)[0]) if out is None else Path(out)


def resolve(
    kind: type[Kind],
    given: Mapping[str, Any],
    config: str | Path | None = None,
    changes: Sequence[str] = (),
) -> Kind:
    """Settle settings from a file, changes, and keywords or options by their own names.

    Raises:
        SettingsError: All wrong names and values at once.
    """
    values = {
        SETTINGS[name]: str(value) if isinstance(value, Path) else value
        for name, value in given.items()
        if name in SETTINGS
    }
    if given.get("epochs") is not None and given.get("hours") is not None:
        raise SettingsError("--epochs and --hours exclude each other: so many passes, or so long")
    words = values.get("add_words")
    if isinstance(words, str) and words.isdigit():
        values["add_words"] = int(words)
    plain = PLAIN_MASK if given.get("plain_mask") else ()
    changes = (*plain, *changes)
    return settle(kind, None if config is None else Path(config), changes, values)
