"""Does an export answer as its run does: tasks on public sets, and families of encoders.

`python -m bench.export` trains on some rows of each set, exports the run in each form, and tells
what the gate found: the largest difference of a score, decisions that moved, the main metric of the
run and of the export on the validation texts, megabytes, and texts a processor second, the run's
by torch in the same turns. `--families` takes encoders of two layers with random weights instead.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

from bench import commands, machine, processes
from textune.families.known import FAMILIES

SETS: dict[str, tuple[str, str, dict[str, Any]]] = {  # name → training, validation, options
    "sst2": ("sst2/train.tsv.gz", "sst2/dev.tsv", {}),
    "stsb": (
        *("stsbenchmark/sts-train.csv", "stsbenchmark/sts-dev.csv"),
        {"header": False, "text": "6,7", "label": "5", "delimiter": "\t"},
    ),
    "wnut17": ("wnut17/wnut17train.conll", "wnut17/emerging.dev.conll", {}),
}
FORMS = ("fp32", "int8", "fp16")
REFUSED = ("longformer", "xlnet")  # windows of its own; no limit of positions
OWN: dict[str, dict[str, Any]] = {
    "distilbert": {"dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128},
    "eurobert": {"num_key_value_heads": 4, "head_dim": 16, "mask_token_id": 4},
    "mobilebert": {"embedding_size": 64, "intra_bottleneck_size": 64, "true_hidden_size": 64},
    "nomic_bert": {"head_dim": 16},
}
COMMON = {
    "vocab_size": 30522,
    "hidden_size": 64,
    "embedding_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 130,
    "pad_token_id": 0,
    "cls_token_id": 101,
    "sep_token_id": 102,
    "bos_token_id": 101,
    "eos_token_id": 102,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    found: dict[str, Any] = {}
    for name in options.only:
        with TemporaryDirectory() as folder:
            found[name] = measured(name, Path(folder), options)
    show(found, commands.console())
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "found": found,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("export", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: textune's own choice)")
    add("--only", help=f"some of the sets, by comma: {', '.join(SETS)}; or of the families")
    add("--families", action="store_true", help="encoders of random weights instead of sets")
    add("--forms", help=f"some of {', '.join(FORMS)}, by comma; with --families fp32")
    add("--rows", type=commands.positive, default=2000, help="rows to learn from (2000)")
    add("--epochs", type=commands.positive, default=2, help="passes over them (2)")
    add("--random", type=commands.natural, default=200, help="random texts (200)")
    add("--timed", type=commands.natural, default=100, help="validation texts that are timed (100)")
    options = parser.parse_args(arguments)
    names = [name for name in FAMILIES if name not in REFUSED] if options.families else list(SETS)
    options.only = commands.chosen(parser, options.only, names, names)
    usual = ["fp32"] if options.families else list(FORMS)
    options.forms = commands.chosen(parser, options.forms, list(FORMS), usual)
    needed = ["sst2"] if options.families else options.only
    files = [file for name in needed for file in SETS[name][:2]]
    missing = [file for file in files if not (options.data / file).is_file()]
    commands.require(parser, options.data, missing)
    return options


def measured(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train on a set, or an encoder of a family on SST-2, and export the run in each form."""
    import textune

    train, valid, given = SETS["sst2" if options.families else name]
    how: dict[str, Any] = {**given, "epochs": options.epochs, "limit": options.rows}
    if options.families:
        how |= {"base": base(name, folder / "base"), "lr": 1e-3}
    elif options.base is not None:
        how["base"] = options.base
    files = {"out": folder / "run", "valid": options.data / valid}
    textune.train(options.data / train, **files, **how)
    return {form: exported(folder / "run", form, options) for form in options.forms}


def base(kind: str, folder: Path) -> Path:
    """Write an encoder of a family, with random weights, beside the default base's tokenizer."""
    import shutil

    import torch
    from transformers import AutoConfig, AutoModel

    from textune.encoder import bases, names

    config = AutoConfig.for_model(kind, **{**COMMON, **OWN.get(kind, {})})
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(folder)
    usual = Path(bases.find(names.BUNDLED))
    for file in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if (usual / file).is_file():
            shutil.copy(usual / file, folder / file)
    return folder


def exported(run: Path, form: str, options: argparse.Namespace) -> dict[str, Any]:
    """Export a run, and say what the gate found, or why it refused."""
    import textune
    from textune.errors import ModelError
    from textune.runs import predictions
    from textune.runtime import Predictor

    chosen: dict[str, Any] = {} if form == "fp32" else {form: True}
    try:
        done = textune.export(
            run, out=run.with_name(form), random=options.random, overwrite=True, **chosen
        )
    except ModelError as error:
        return {"refused": str(error)}
    told = done.parity.told() | {"megabytes": done.bytes / 1e6}
    told["held_to"] = list(done.parity.held_to)
    table = predictions.read(run / "predictions" / "valid.parquet", ("text",))
    texts = table["text"][: options.timed]
    if "pair" in table:
        texts = list(zip(texts, table["pair"], strict=False))
    if texts:
        torch = textune.Predictor.load(run, device="cpu", precision="fp32")
        told["texts_a_second"] = timed(texts, torch.predict, Predictor.load(done.path).predict)
    return told


def timed(texts: Sequence[Any], *answer: Callable[[Any], Any]) -> list[float]:
    """Count texts a processor second of each, in turns."""
    seconds: list[list[float]] = [[] for _ in answer]
    for _ in range(3):
        for one, own in zip(answer, seconds, strict=True):
            start = time.process_time()
            one(texts)
            own.append(time.process_time() - start)
    return [len(texts) / median(own) for own in seconds]


def show(found: dict[str, Any], console: Any) -> None:
    """Print a row for each export."""
    heads = ("", "form", "MB", "largest difference", "moved", "of", "run", "export", "texts/s")
    table = Table(*heads, title="exports beside their runs")
    for name, forms in found.items():
        for form, told in forms.items():
            if "refused" in told:
                table.add_row(name, form, "refused", told["refused"].splitlines()[0][-90:])
                continue
            both = [told["metrics"][metric] for metric in told["held_to"]]
            sides = [" ".join(f"{one[side]:.4f}" for one in both) for side in ("run", "export")]
            speeds = " → ".join(f"{one:.0f}" for one in told.get("texts_a_second", ()))
            texts, moved = told["texts"], told["moved_decisions"]
            cells = [f"{told['megabytes']:.1f}", f"{told['max_difference']:.1e}"]
            cells += [f"{moved['validation']} + {moved['random']}"]
            cells += [f"{texts['validation']} + {texts['random']}", *sides, speeds]
            table.add_row(name, form, *cells)
    console.print(table)


if __name__ == "__main__":
    main()
