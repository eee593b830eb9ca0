"""Which way to explain a decision is most faithful: what deleting the words that it names changes.

`python -m bench.explain` explains texts of SST-2 and GoEmotions by several methods, deletes the
words that each holds for the most important, and looks how far the probability of the decided
label falls (comprehensiveness), and how far with nothing else left (sufficiency), each in the mean
over 1, 5, 10, 20 and 50 % of the words, at least one (DeYoung et al., 2020, "ERASER").
Explained are validation texts, by a run that is trained here, or by `--run`.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.table import Table

from bench import commands, explain_measure, machine, pretrained, processes, tasks

SETS = {  # files to learn from, to explain, and others that are needed
    "sst2": ("sst2/train.tsv.gz", "sst2/dev.tsv"),
    "goemotions": ("goemotions/train.tsv.gz", "goemotions/dev.tsv", "goemotions/emotions.txt"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    processes.limit_threads(options.threads)
    say, out = commands.console(stderr=True), commands.console()
    found: dict[str, Any] = {}
    for name in options.sets:
        with TemporaryDirectory() as folder:
            run = options.run or trained(name, Path(folder), options)
            texts = drawn(name, options)
            say.print(f"{name}: explaining {len(texts):,} texts")
            found[name] = explain_measure.measured(run, texts, seed=options.seed)
        show(name, found[name], out)
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "found": found,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("explain", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--sets", nargs="+", choices=SETS, default=[*SETS], help="which data sets (both)")
    add("--run", type=Path, help="explain this run instead of one that is trained here")
    add("--rows", type=commands.positive, default=12_000, help="rows to learn from (12,000)")
    add("--epochs", type=commands.positive, default=2, help="passes over them (2)")
    add("--texts", type=commands.positive, default=200, help="validation texts (200)")
    add("--fewest", type=commands.positive, default=5, help="words of a text, at least (5)")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    files = [file for name in options.sets for file in SETS[name]]
    commands.require(parser, options.data, [f for f in files if not (options.data / f).is_file()])
    if options.run is not None and len(options.sets) > 1:
        parser.error("--run explains the texts of one set: name it by --sets")
    if options.run is not None:
        _require_run(parser, options.run)
    return options


def _require_run(parser: argparse.ArgumentParser, run: Path) -> None:
    """End with a message where a folder has no model that decides."""
    from textune.errors import TextuneError
    from textune.runs import runs

    try:
        runs.model_folder(run)
    except TextuneError as error:
        parser.error(f"--run: {error}")


def trained(name: str, folder: Path, options: argparse.Namespace) -> Path:
    """Train a run on rows drawn from a set."""
    import textune

    kind = "multi" if name == "goemotions" else "single"
    labels = tasks.label_names(name, options.data) if kind == "multi" else ("0", "1")
    rows = tasks.drawn(_rows(name, 0, options), options.rows)
    file = tasks.write(folder / "train.jsonl", rows, kind, labels)
    given: dict[str, Any] = {} if options.base is None else {"base": options.base}
    run = textune.train(
        file, text="text", epochs=options.epochs, out=folder / "run", seed=options.seed, **given
    )
    return Path(run.path)


def drawn(name: str, options: argparse.Namespace) -> list[str]:
    """Draw validation texts that have so many words."""
    texts = [text for text, _ in _rows(name, 1, options)]
    known = [text for text in texts if len(text.split()) >= options.fewest]
    order = np.random.default_rng(options.seed).permutation(len(known))[: options.texts]
    return [known[at] for at in order.tolist()]


def _rows(name: str, part: int, options: argparse.Namespace) -> list[tasks.Row]:
    file = options.data / SETS[name][part]
    if name == "goemotions":
        return tasks.read(name, file, tasks.label_names(name, options.data))
    return pretrained.read(file)


def show(name: str, found: Mapping[str, Any], out: Any) -> None:
    """Print how faithful each method is, words being removed, or masked."""
    title = f"{name}: {found['values']:,} decisions on {found['texts']:,} texts"
    table = Table(title=title, box=None, title_justify="left")
    for column in ("method", "deleted by", "comprehensiveness", "95 %", "sufficiency", "95 %"):
        table.add_column(column, justify="left" if column in ("method", "deleted by") else "right")
    for method, ways in found["methods"].items():
        for way, one in ways.items():
            cells = []
            for key in ("comprehensiveness", "sufficiency"):
                low, high = one[f"{key} interval"]
                cells += [f"{one[key]:.3f}", f"{low:.3f} to {high:.3f}"]
            table.add_row(method, way, *cells)
    out.print(table)
    for line in found["words"]:
        out.print(line)


if __name__ == "__main__":
    main()
