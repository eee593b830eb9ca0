"""What `import textune` offers for plain text: `adapt` and `pretrain`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textune.doors.api import Events, carried_out_by

if TYPE_CHECKING:  # pydantic, numpy
    from textune.recipes.requests import TextRequest
    from textune.runs.runs import Run


def adapting(options: Mapping[str, object]) -> Events["Run"]:
    """Adapt an encoder by the keywords of `adapt`; iterate to watch."""
    from textune.doors import keywords
    from textune.settings.language_config import AdaptSettings

    return _learning(keywords.plain(AdaptSettings, options), options)


def pretraining(options: Mapping[str, object]) -> Events["Run"]:
    """Make an encoder by the keywords of `pretrain`; iterate to watch."""
    from textune.doors import keywords
    from textune.settings.language_config import PretrainSettings

    return _learning(keywords.plain(PretrainSettings, options), options)


def _learning(request: "TextRequest", options: Mapping[str, object]) -> Events["Run"]:
    """Carry out a request, try it, or say what it would take."""
    from textune.recipes import plain_text, plain_trial, planned

    if options.get("plan"):
        return planned.forecast_language(request)
    return (plain_trial if options.get("trial") else plain_text).learn(request)


@carried_out_by(adapting)
def adapt(
    texts: str | Path | Sequence[str | Path],
    *,
    base: str | Path | None = None,
    out: str | Path | None = None,
    text: str | None = None,
    encoding: str | None = None,
    config: str | Path | None = None,
    settings: str | Sequence[str] = (),
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    hours: float | None = None,
    mask: float | None = None,
    plain_mask: bool = False,
    whole_word: bool | None = None,
    nsp: bool | None = None,
    nsp_only: bool = False,
    add_words: int | str | None = None,
    prove: str | Path | None = None,
    prove_seeds: int = 3,
    prove_set: str | Sequence[str] = (),
    max_tokens: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    track: str | Sequence[str] | None = None,
    trial: bool = False,
    plan: bool = False,
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> "Run":
    """Make an encoder at home in plain text, by masked-LM.

    Args:
        texts: Files, folders or patterns: text, CSV, TSV, JSONL, Parquet, each also packed.
        base: Encoder: a directory, a run or a Hub name; the bundled one by default.
        out: Folder of the run; runs/<name of the file> by default.
        text: Text column of a table; recognised if not given.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        config: TOML file with settings; what is named beside it wins.
        settings: Any setting, as "mask.random_share=0".
        epochs: Passes over the text.
        batch_size: Passages in one update.
        lr: Highest learning rate.
        hours: Hours to train, in place of epochs; 0.5 is half an hour.
        mask: Share of the tokens that are asked for.
        plain_mask: Mask all chosen tokens, instead of 80/10/10.
        whole_word: Choose whole words.
        nsp: Ask for next sentences too.
        nsp_only: Ask for next sentences alone, and mask nothing.
        add_words: Add so many of the text's own words to the vocabulary, or those of a file.
        prove: Labelled file: does fine-tuning gain by it? It is done with adaptation and without.
        prove_seeds: How often to fine-tune each way.
        prove_set: Any setting of that fine-tuning, as "train.epochs=1".
        max_tokens: Most tokens of a passage.
        seed: Of everything random.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format of products: "auto" (measured once a run), "fp32", "bf16" or
            "fp16".
        limit: Use so many documents: a trial.
        track: Trackers that follow the run, "tensorboard", "csv", "mlflow" or "wandb" (offline
            unless you say otherwise); several with commas.
        trial: Go through every stage with one batch, in a folder that is gone afterwards.
        plan: Compute a few updates and say what the run takes: time, memory, disk; nothing stays.
        resume: Continue the run in `out`, or the last one that is named after the text.
        accept_changes: Resume with other versions, kernels or number format too.
        overwrite: Replace what is there.

    Returns:
        The run: its folder and its numbers, "before" and "valid" among them.

    Raises:
        TextuneError: Any mistake in files, settings or folders.
        KeyboardInterrupt: After Ctrl-C, with the state saved.

    Examples:
        >>> run = adapt("book.txt", epochs=2)  # doctest: +SKIP
        >>> run.metrics["valid"]["perplexity"]  # doctest: +SKIP
        52.8
    """
    raise NotImplementedError


@carried_out_by(pretraining)
def pretrain(  # noqa: D417  # the other keywords are those of `adapt`
    texts: str | Path | Sequence[str | Path],
    *,
    size: str | None = None,
    vocab: int | None = None,
    cased: bool | None = None,
    out: str | Path | None = None,
    text: str | None = None,
    encoding: str | None = None,
    config: str | Path | None = None,
    settings: str | Sequence[str] = (),
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    hours: float | None = None,
    mask: float | None = None,
    plain_mask: bool = False,
    whole_word: bool | None = None,
    nsp: bool | None = None,
    nsp_only: bool = False,
    max_tokens: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    track: str | Sequence[str] | None = None,
    trial: bool = False,
    plan: bool = False,
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> "Run":
    """Make a tokenizer and a BERT from nothing but plain text.

    The keywords that are not described here are those of `adapt`.

    Args:
        size: "tiny", "mini", "small", "medium", "base", "large", or layers x width: "6x384".
        vocab: Pieces of the vocabulary.
        cased: Keep capitals and accents.
        settings: Any setting, as "dropout=0".

    Returns:
        The run: its folder and its numbers.

    Raises:
        TextuneError: Any mistake in files, settings or folders.
        KeyboardInterrupt: After Ctrl-C, with the state saved.
    """
    raise NotImplementedError
