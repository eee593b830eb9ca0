"""What `import textune` offers for looking: tokens of a text, a model's parts, its features."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from textune.errors import hinting

if TYPE_CHECKING:  # numpy, tokenizers, torch
    from textune.encoder.inspecting import Inspected
    from textune.predicting.features import Features
    from textune.text.pieces import Pieces
    from textune.text.tokenizers import Tokenizer


@hinting
def tokens(
    text: str,
    pair: str | None = None,
    *,
    base: str | Path | None = None,
    max_tokens: int | None = None,
) -> "Pieces":
    """Show what an encoder reads of a text, or of a pair: pieces, ids, words, mask, segments.

    Args:
        text: A text.
        pair: A second text, read together with the first.
        base: Whose tokenizer: a run, a directory or a Hub name; the bundled one by default.
        max_tokens: Tokens that are read, as in training; the encoder's own limit, or that of the
            run, if not given.

    Raises:
        TextuneError: The base cannot be had, or the limit is impossible.

    Examples:
        >>> textune.tokens("warm films").ids  # doctest: +SKIP
        [101, 4010, 3152, 102]
    """
    return next(tokens_of([text], pair, base=base, max_tokens=max_tokens))


def tokens_of(
    texts: Iterable[str],
    pair: str | None = None,
    *,
    base: str | Path | None = None,
    max_tokens: int | None = None,
) -> "Iterator[Pieces]":
    """Show what an encoder reads of each of several texts, as `tokens` does of one."""
    from textune.errors import SettingsError
    from textune.text import pieces

    given = list(texts)
    for one in (*given, pair or ""):
        if not isinstance(one, str) or _is_torn(one):
            raise SettingsError(f"a text is a string of Unicode, found {one!a:.80}")
    tokenizer, trained = _tokenizer(base)
    asked = trained if max_tokens is None else max_tokens
    most = tokenizer.limited(asked, of="of a text")
    for text in given:
        yield pieces.of(tokenizer, text, pair, max_tokens=most)


@hinting
def decode(ids: Iterable[int], *, base: str | Path | None = None, special: bool = False) -> str:
    """Return the text that ids stand for.

    Args:
        ids: Ids of a tokenizer's pieces.
        base: Whose tokenizer: a run, a directory or a Hub name; the bundled one by default.
        special: Write special tokens, as [CLS], too.

    Raises:
        TextuneError: The base cannot be had, or one of them is no id of its tokenizer.
    """
    from textune.text import pieces

    tokenizer, _ = _tokenizer(base)
    return pieces.decode(tokenizer, list(ids), special=special)


@hinting
def inspect(base: str | Path | None = None) -> "Inspected":
    """Describe a model: its named parameters by group, with shapes, and its tree of modules.

    Of a base it is the model that `train` would make of it for one label a text; of a run the
    run's own. No weights are read.

    Args:
        base: A run, a directory or a Hub name; the bundled one by default.

    Raises:
        TextuneError: It cannot be had.
    """
    from textune.encoder import bases, inspecting
    from textune.encoder.names import BUNDLED
    from textune.runs import classes

    place = bases.find(BUNDLED if base is None else base)
    return inspecting.inspect(place, classes.model_class(Path(place)))


@hinting
def features(
    base: str | Path,
    texts: Iterable[str],
    *,
    hidden_states: bool = False,
    attentions: bool = False,
    max_tokens: int | None = None,
    device: str = "auto",
) -> "Features":
    """Compute what an encoder makes of texts, for other programs.

    Args:
        base: A run, a directory or a Hub name.
        texts: Texts, each read by itself.
        hidden_states: Keep the states of all layers, for each token.
        attentions: Keep the attention of each head of each layer, from each token to each.
        max_tokens: Tokens of a text that are read; the encoder's own limit if not given.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Returns:
        `pooled` (N, D), and on request `hidden_states`, N arrays (layers + 1, tokens, D), and
        `attentions`, N arrays (layers, heads, tokens, tokens); `save` writes them.

    Raises:
        TextuneError: The encoder cannot be had, or there is no text.
    """
    from textune.encoder import names

    names.require_device(device)
    from textune.predicting import features as made  # torch: nothing is wrong with the options

    return made.features(
        base,
        texts,
        hidden_states=hidden_states,
        attentions=attentions,
        max_tokens=max_tokens,
        device=device,
    )


@hinting
def follows(base: str | Path, first: str, second: str, *, device: str = "auto") -> float:
    """Return how likely it is that a text follows another, by a model of next sentences.

    Args:
        base: A run of `adapt` or `pretrain` with `nsp`, a directory or a Hub name.
        first: A text.
        second: The one that may follow it.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        TextuneError: The model cannot be had, or has no head for next sentences.
    """
    from textune.encoder import names

    names.require_device(device)
    from textune.predicting import following  # torch: nothing is wrong with the options

    return following.follows(base, [(first, second)], device=device)[0]


def _is_torn(text: str) -> bool:
    """Tell whether a text holds what is no character, as a command line of other bytes gives."""
    return any("\ud800" <= sign <= "\udfff" for sign in text)


def _tokenizer(base: str | Path | None) -> "tuple[Tokenizer, int | None]":
    """Load a tokenizer; return it, and the limit by which its run was trained."""
    from textune.encoder import bases
    from textune.encoder.names import BUNDLED
    from textune.runs import runs
    from textune.text import tokenizers

    place = bases.find(BUNDLED if base is None else base)
    is_run = (Path(place) / "decision.json").is_file()
    trained = runs.read_card(Path(place)).shape.max_tokens if is_run else None
    return tokenizers.load(place), trained
