"""The commands of plain text: adapt an encoder to it, make one from it, fill in masks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from textune.doors import console, watching
from textune.doors.cli_options import (
    AcceptChanges,
    Device,
    Json,
    Overwrite,
    Precision,
    Resume,
    Seed,
)

Texts = Annotated[
    list[str],
    typer.Argument(metavar="TEXT…", help="Files, folders, patterns: text, CSV, JSONL, Parquet."),
]
Column = Annotated[str | None, typer.Option("--text", help="Text column of a table.")]
Out = Annotated[Path | None, typer.Option(help="Folder of the run; runs/<file> if left out.")]
Config = Annotated[Path | None, typer.Option(help="TOML file with settings.")]
Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any setting.")
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the text.")]
BatchSize = Annotated[int | None, typer.Option(help="Passages in one update.")]
Lr = Annotated[float | None, typer.Option(help="Highest learning rate.")]
Hours = Annotated[
    float | None, typer.Option(help="Hours to train, in place of epochs; 0.5 is half an hour.")
]
Mask = Annotated[float | None, typer.Option(help="Share of the tokens that are asked for.")]
Plain = Annotated[
    bool, typer.Option("--plain-mask", help="Mask all chosen tokens, instead of 80/10/10.")
]
WholeWord = Annotated[
    bool | None, typer.Option("--whole-word/--no-whole-word", help="Choose whole words.")
]
Nsp = Annotated[bool | None, typer.Option("--nsp/--no-nsp", help="Ask for next sentences too.")]
MaxTokens = Annotated[int | None, typer.Option(help="Most tokens of a passage.")]
Limit = Annotated[int | None, typer.Option(help="Use so many documents: a trial.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (adapt, pretrain, fill):
        app.command()(command)


def adapt(
    ctx: typer.Context,
    texts: Texts,
    base: Annotated[
        str | None, typer.Option(help="Encoder: a directory, a run or a Hub name.")
    ] = None,
    out: Out = None,
    text: Column = None,
    config: Config = None,
    changes: Changes = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: Lr = None,
    hours: Hours = None,
    mask: Mask = None,
    plain_mask: Plain = False,
    whole_word: WholeWord = None,
    nsp: Nsp = None,
    add_words: Annotated[
        str | None, typer.Option(help="Add so many of the text's own words, or those of a file.")
    ] = None,
    prove: Annotated[
        str | None, typer.Option(help="Labelled file: does fine-tuning gain by it?")
    ] = None,
    prove_seeds: Annotated[int, typer.Option(help="How often to fine-tune each way.")] = 3,
    prove_set: Annotated[
        list[str] | None,
        typer.Option(metavar="SECTION.KEY=VALUE", help="Any setting of that fine-tuning."),
    ] = None,
    max_tokens: MaxTokens = None,
    seed: Seed = None,
    device: Device = None,
    precision: Precision = None,
    limit: Limit = None,
    resume: Resume = False,
    accept_changes: AcceptChanges = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make an encoder at home in plain TEXT, by masked-LM, before it is fine-tuned."""
    from textune.recipes.plain_request import Proof
    from textune.settings.language_config import AdaptSettings

    proof = None if prove is None else Proof(prove, prove_seeds, tuple(prove_set or ()))
    _learn(AdaptSettings, ctx.params, proof)


def pretrain(
    ctx: typer.Context,
    texts: Texts,
    size: Annotated[
        str | None,
        typer.Option(help="tiny, mini, small, medium, base, large, or layers x width: 6x384."),
    ] = None,
    vocab: Annotated[int | None, typer.Option(help="Pieces of the vocabulary.")] = None,
    cased: Annotated[
        bool | None, typer.Option("--cased/--uncased", help="Keep capitals and accents.")
    ] = None,
    out: Out = None,
    text: Column = None,
    config: Config = None,
    changes: Changes = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    lr: Lr = None,
    hours: Hours = None,
    mask: Mask = None,
    plain_mask: Plain = False,
    whole_word: WholeWord = None,
    nsp: Nsp = None,
    max_tokens: MaxTokens = None,
    seed: Seed = None,
    device: Device = None,
    precision: Precision = None,
    limit: Limit = None,
    resume: Resume = False,
    accept_changes: AcceptChanges = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make a tokenizer and a BERT from nothing but plain TEXT."""
    from textune.settings.language_config import PretrainSettings

    _learn(PretrainSettings, ctx.params, None)


def fill(
    model: Annotated[
        str, typer.Argument(metavar="RUN_OR_BASE", help="Run, directory or Hub name.")
    ],
    texts: Annotated[list[str], typer.Argument(metavar="TEXT…", help="Texts with [MASK] in them.")],
    top: Annotated[int, typer.Option(min=1, help="How many candidates for each mask.")] = 5,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    as_json: Json = False,
) -> None:
    """Say what an encoder would put for each [MASK] in TEXT."""
    from textune.encoder import names
    from textune.recipes import plain_request

    names.require_device(device)
    plain_request.check_base(model)
    from textune.predicting import filling  # torch, transformers: nothing is wrong with the base

    filler = filling.Filler.load(model, device=device)
    for text in texts:
        found = filling.lines(filler.fill(text, top=top))
        if as_json:
            console.show_json({"text": text, "masks": found})
        else:
            console.show_filled(text, found)


def _learn(kind: Any, options: Mapping[str, Any], proof: Any) -> None:
    """Make a request of a command's options, watch it, and show what came of it."""
    from textune.doors import language_api
    from textune.recipes import plain_request

    changes = options["changes"] or ()
    request = plain_request.Request(
        sources=language_api.to_sources(options["texts"]),
        settings=language_api.resolve(kind, options, options["config"], changes),
        out=language_api.folder(options["out"], options["texts"]),
        proof=proof,
        resume=options["resume"],
        accept_changes=options["accept_changes"],
        overwrite=options["overwrite"],
        config=options["config"],
    )
    plain_request.check(request)
    from textune.recipes import (
        language_recipe,  # torch, transformers: nothing is wrong with the request
    )

    is_quiet = bool(options["as_json"])
    run = watching.watch(language_recipe.learning(request), quiet=is_quiet)
    if is_quiet:
        console.show_json({"run": str(run.path), **run.metrics})
    else:
        with console.spared():
            console.show_language(run.metrics, run=console.argument(run.path))
