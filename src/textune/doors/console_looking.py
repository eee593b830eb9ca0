"""Tokens of a text, and the parts of a model, become tables on the screen."""

from itertools import pairwise
from typing import TYPE_CHECKING

from rich.markup import escape

from textune.doors.console import folded, out, table

if TYPE_CHECKING:  # numpy, torch
    from textune.encoder.inspecting import Inspected, Parameter
    from textune.predicting.features import Features
    from textune.text.pieces import Pieces


def show_pieces(found: "Pieces") -> None:
    """Print a line for each token of a text, or of a pair."""
    out.print(f"[bold]text[/]    {escape(found.text)}")
    if found.pair is not None:
        out.print(f"[bold]pair[/]    {escape(found.pair)}")
    out.print(f"[bold]pieces[/]  {escape(' '.join(token.piece for token in found.tokens))}")
    out.print(f"[bold]ids[/]     {' '.join(map(str, found.ids))}\n")
    rows = []
    texts = (found.text, found.pair or "")
    second = found.pair is not None
    first = _end_of_first(found)
    for place, token in enumerate(found.tokens):
        written = ""
        if token.span is not None:
            written = texts[second and place >= first][slice(*token.span)]
        span = "special" if token.span is None else f"{token.span[0]}-{token.span[1]}"
        rows.append(
            (
                f"{place}",
                token.piece,
                written,
                f"{token.id}",
                f"{token.word or ''}",
                span,
                f"{token.segment}",
                f"{token.mask}",
            )
        )
    heads = ("place", "piece", "written", "id", "word", "characters", "segment", "mask")
    table(heads, rows, texts=3)
    of = f"{len(found.tokens):,} tokens, special ones included; at most {found.max_tokens:,}"
    out.print(f"\n{of} are read at once, and nothing is padded: the mask is 1 throughout")
    if found.length > len(found.tokens):
        beyond = found.length - len(found.tokens)
        words = (
            f"{beyond:,} of {found.length:,} tokens lie beyond and are not shown; train reads them "
            "in windows, or leaves them out, as --long says"
        )
        out.print(escape(folded(words, screen=out)))


def _end_of_first(found: "Pieces") -> int:
    """Return the place of the first token of the second text, or beyond the last."""
    known = [place for place, token in enumerate(found.tokens) if token.span is not None]
    jumps = [after for before, after in pairwise(known) if after > before + 1]
    return jumps[0] if jumps else len(found.tokens)


def show_inspected(found: "Inspected", *, tree: bool, all_layers: bool) -> None:
    """Print a model's named parameters by group, or its tree of modules."""
    if tree:
        out.print(escape(found.tree), no_wrap=True, crop=False)
        return
    out.print(f"[bold]{escape(found.architecture)}[/] in {escape(found.place)}")
    count = len(found.parameters)
    out.print(
        f"{count:,} named parameters, {found.size:,} numbers ({found.size * 4 / 1e6:,.0f} MB)"
    )
    out.print(f"{found.sizes()}")
    groups = found.groups()
    layers = [name for name in groups if name.startswith("layer ")]
    for name, parameters in groups.items():
        if (
            name in layers[1:]
            and not all_layers
            and _shapes(parameters) == _shapes(groups[layers[0]])
        ):
            continue
        of = f"{len(parameters)} parameters, {sum(one.size for one in parameters):,} numbers"
        out.print(f"\n[bold]{name}[/] ({of})")
        rows = [
            (f"  {one.name}", " x ".join(map(str, one.shape)), f"{one.size:,}", "new" * one.is_new)
            for one in parameters
        ]
        table(("  name", "shape", "numbers", ""), rows)
        if layers and name == layers[0]:
            _say_alike(groups, layers, all_layers=all_layers)
    _say_new(found)
    if found.pooling:
        out.print(escape(folded(found.pooling, screen=out)))


def _say_alike(
    groups: "dict[str, list[Parameter]]", layers: list[str], *, all_layers: bool
) -> None:
    """Say how many layers are like the first, where they are not listed."""
    alike = [name for name in layers[1:] if _shapes(groups[name]) == _shapes(groups[layers[0]])]
    if alike and not all_layers:
        more = "1 more layer" if len(alike) == 1 else f"{len(alike)} more layers"
        out.print(f"  and {more} of the same names and shapes (--all-layers)")


def _shapes(parameters: "list[Parameter]") -> list[tuple[int, ...]]:
    return [one.shape for one in parameters]


def _say_new(found: "Inspected") -> None:
    """Say which parameters the base does not have."""
    if found.new:
        words = f"new, the base has none: {', '.join(found.new)}; they are drawn and then trained"
    else:
        words = "no parameter is new: all are in its files"
    out.print(f"\n{escape(folded(words, screen=out))}")


def show_features(found: "Features") -> None:
    """Print what was computed of each text: shapes, and the first numbers."""
    rows = []
    for number, one in enumerate(found.pieces):
        shapes = [f"pooled {found.pooled.shape[1]}"]
        for name in ("hidden_states", "attentions"):
            if values := getattr(found, name):
                sides = " x ".join(map(str, values[number].shape))
                shapes.append(f"{name.replace('_', ' ')} {sides}")
        first = " ".join(f"{value:.4f}" for value in found.pooled[number][:4])
        rows.append((one.text[:40], f"{len(one.tokens)}", ", ".join(shapes), f"{first} …"))
    table(("text", "tokens", "shapes", "pooled"), rows)
    out.print(f"pooled: {'the mean of its tokens' if found.pooling == 'mean' else 'first token'}")
