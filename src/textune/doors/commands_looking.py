"""The commands that look: `tokens`, `inspect`, `features`."""

from collections.abc import Sequence
from pathlib import Path

import typer

from textune.doors import console, looking_api
from textune.doors.options import command
from textune.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Give the command line these commands."""
    command(app, words=looking_api.tokens)(tokens)
    command(app, words=looking_api.inspect)(inspect)
    command(app, words=looking_api.features)(features)
    command(app, words=looking_api.follows)(follows)


def tokens(  # noqa: D417  # the others are described in `looking_api.tokens`
    texts: Sequence[str] = (),
    *,
    pair: str | None = None,
    base: str | None = None,
    max_tokens: int | None = None,
    ids: str | None = None,
    as_json: bool = False,
) -> None:
    """Show what an encoder reads of TEXT: pieces, ids, words, special tokens, mask, segments.

    Args:
        texts: Texts.
        pair: A second text, read together with the first.
        ids: Say which text these ids, "101 2023 102", stand for, instead.
        as_json: Print one JSON object a text, for programs.
    """
    if ids is not None:
        if texts or pair is not None:
            raise SettingsError("--ids is decoded and takes no TEXT beside it; leave one out")
        numbers = [_number(word) for word in ids.replace(",", " ").strip("[] ").split()]
        text = looking_api.decode(numbers, base=base)
        whole = looking_api.decode(numbers, base=base, special=True)
        if as_json:
            console.show_json({"ids": numbers, "text": text, "with_special": whole})
        else:
            console.say(f"{text}\n{whole}")
        return
    if not texts or (pair is not None and len(texts) > 1):
        raise SettingsError("give a TEXT, or one TEXT and --pair TEXT, or --ids")
    from textune.doors import console_looking

    every = looking_api.tokens_of(texts, pair, base=base, max_tokens=max_tokens)
    for place, found in enumerate(every):
        if as_json:
            console.show_json(found.told())
            continue
        if place:
            console.say("")
        console_looking.show_pieces(found)


def _number(word: str) -> int:
    if not word.lstrip("-").isdecimal():
        raise SettingsError(f'--ids: {word!r:.40} is no id; give whole numbers, as "101 2023 102"')
    return int(word)


def inspect(
    base: str | None = None, *, tree: bool = False, all_layers: bool = False, as_json: bool = False
) -> None:
    """Show a model's named parameters by group, with shapes, or its tree of modules.

    Of a base it is the model that train would make of it for one label a text; of a RUN its own.

    Args:
        base: Run, directory or Hub name; the bundled encoder by default.
        tree: Print the tree of modules instead.
        all_layers: List each layer, and not the first only.
        as_json: Print one JSON object, for programs.
    """
    found = looking_api.inspect(base)
    if as_json:
        console.show_json(
            {
                "architecture": found.architecture,
                "place": found.place,
                "count": len(found.parameters),
                "numbers": found.size,
                "parameters": [
                    {
                        "name": one.name,
                        "shape": list(one.shape),
                        "group": one.group,
                        "new": one.is_new,
                    }
                    for one in found.parameters
                ],
                "tree": found.tree,
                "pooling": found.pooling,
            }
        )
        return
    from textune.doors import console_looking

    console_looking.show_inspected(found, tree=tree, all_layers=all_layers)


def features(  # noqa: D417  # the others are described in `looking_api.features`
    model: str,
    texts: Sequence[str],
    *,
    hidden_states: bool = False,
    attentions: bool = False,
    max_tokens: int | None = None,
    output: Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    as_json: bool = False,
) -> None:
    """Compute what an encoder makes of each TEXT: pooled states, hidden states, attentions.

    Args:
        model: Run, directory or Hub name.
        texts: Texts, each read by itself.
        output: File to write: .npz (NumPy), .safetensors or .json.
        overwrite: Replace what is there.
        as_json: Print one JSON object, for programs.
    """
    from textune.storage import arrays

    if output is not None:
        arrays.require_place(output, overwrite=overwrite)
    found = looking_api.features(
        model,
        texts,
        hidden_states=hidden_states,
        attentions=attentions,
        max_tokens=max_tokens,
        device=device,
    )
    if output is not None:
        found.save(output, overwrite=overwrite)
    if as_json:
        console.show_json({"output": str(output)} if output is not None else found.told())
        return
    from textune.doors import console_looking

    console_looking.show_features(found)
    if output is not None:
        console.say(f"{output}: {', '.join(found.arrays())}")


def follows(  # noqa: D417  # the others are described in `looking_api.follows`
    model: str, first: str, second: str, *, device: str = "auto", as_json: bool = False
) -> None:
    """Say how likely it is that SECOND follows FIRST, by a model of next sentences.

    Args:
        model: Run, directory or Hub name.
        as_json: Print one JSON object, for programs.
    """
    chance = looking_api.follows(model, first, second, device=device)
    if as_json:
        console.show_json({"first": first, "second": second, "follows": chance})
    else:
        console.say(f"{chance:.1%}  that it follows")
