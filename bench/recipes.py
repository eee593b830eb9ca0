"""The five published recipes, whole: textune beside transformers' Trainer, one command each.

Both programs have the same base, rows, batches, epochs, tokens of a text and highest learning rate,
and are judged by scikit-learn on the same test rows from answers that both save. textune runs the
command of the recipe's page (docs/recipes), the Trainer as a script with its defaults: random
batches, padded to their longest text, fp32. Both validate after each epoch and keep the best
weights. By default so few rows are taken that a recipe needs about six minutes on two cores for
both; `--full` takes all rows and the published epochs, which takes hours.

Each training is appended to `--out` as it comes, and `--continue` repeats none that was the last of
its recipe, program and seed; the table (table.md, table.json) and what both said of each test row
(answers/) stand beside that file. A training that fails is told of in the table, and leaves the
others as they are.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import commands, machine, processes, recipes_sets, recipes_sides, recipes_table
from bench.jobs import Job
from bench.recipes_sets import RECIPES, Files, Recipe
from bench.recipes_sides import OURS, PEER, Side

Record = dict[str, Any]
OUT = Path("build/recipes/results.jsonl")
SEEDS = 2
LAST = 300  # characters of an error that are shown
KEY = ("recipe", "program", "seed")  # answers are kept of the last training of these


def main(arguments: Sequence[str] | None = None) -> None:
    """Train all that is asked for and not yet there, then write the table."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    before = {key_of(record): record for record in read(options.out)} if options.go_on else {}
    found: list[Record] = []
    with tempfile.TemporaryDirectory(prefix="bench-recipes-") as name:
        folder = Path(name)
        recipes_sides.ready_kernels(options.threads, folder)
        head = {"versions": machine.versions(), "machine": machine.processor()}
        for recipe in options.only:
            found += measured(options, recipe, before, folder, say)
    settings = commands.settings(options)
    report = recipes_table.summarise(found, options.out.parent, settings | head)
    recipes_table.write(report, options.out.parent)
    console = commands.console()
    console.print(recipes_table.in_markdown(report), highlight=False, markup=False)
    if options.json is not None:
        commands.finish(report, options.json)
    if report["failures"]:
        sys.exit(f"failed: {', '.join(report['failures'])}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("recipes", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--only", help=f"some of the recipes, by comma: {', '.join(RECIPES)}")
    add("--full", action="store_true", help="all rows and the published epochs: hours")
    add("--rows", type=commands.positive, help="train on so many rows (by the recipe)")
    add("--test-rows", type=commands.positive, help="judge by so many rows (by the recipe)")
    add("--seeds", type=commands.positive, default=SEEDS, help=f"seeds 1, 2, … ({SEEDS})")
    add("--epochs", type=commands.positive, help="passes over the rows (by the recipe)")
    add("--lr", type=float, help="highest learning rate (published; of the bundled base its own)")
    add("--max-tokens", type=commands.positive, help="tokens of a text (by the recipe)")
    add("--out", type=Path, default=OUT, help=f"append each training here as JSON ({OUT})")
    add("--continue", dest="go_on", action="store_true", help="leave out what --out has")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, list(RECIPES), list(RECIPES))
    missing = [each for name in options.only for each in recipes_sets.missing(name, options.data)]
    commands.require(parser, options.data, sorted(set(missing)))
    options.is_bundled = options.base is None
    options.base = options.base or commands.bundled_base(parser)
    answers(options).mkdir(parents=True, exist_ok=True)
    return options


def answers(options: argparse.Namespace) -> Path:
    """Return the folder of what both programs said."""
    return Path(options.out).parent / recipes_table.ANSWERS


def read(file: Path) -> list[Record]:
    """Read the trainings that are there; a last line that a kill has cut is left out."""
    if not file.is_file():
        return []
    text = file.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def keep(file: Path, record: Mapping[str, Any]) -> None:
    """Append one training."""
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(record) + "\n")


def measured(
    options: argparse.Namespace,
    name: str,
    before: Mapping[tuple[Any, ...], Record],
    folder: Path,
    say: Console,
) -> Iterator[Record]:
    """Train a recipe by both programs, seed by seed; yield a record of each training.

    None is repeated that was the same the last time: of those before it there are no answers.
    """
    recipe, place = RECIPES[name], folder / name
    place.mkdir()
    files = recipes_sets.prepare(name, options, place)
    asked = how(options, recipe, files)
    say.print(f"{recipe.title}: {asked}", highlight=False)
    for seed in range(1, options.seeds + 1):
        for program in (OURS, PEER):
            record = {"recipe": name, "program": program, "seed": seed, "how": asked}
            last = before.get(key_of(record))
            if last is not None and last["error"] is None and last["how"] == asked:
                yield last
                continue
            target = answers(options) / f"{name}-{program}-{seed}.json"
            side = Side(program, to_job(options, recipe, files, seed), files, target)
            record |= tried(side, recipe, place)
            keep(options.out, record)
            say.print(in_words(record), highlight=False)
            yield record
    recipes_table.keep_truth(answers(options), name, files)


def tried(side: Side, recipe: Recipe, folder: Path) -> Record:
    """Train; a failure is a result too."""
    try:
        if recipe.has_head:
            base = recipes_sides.with_head(side.job, folder)
            side = recipes_sides.on(side, base)
        found = recipes_sides.train(side, folder)
    except (processes.ProgramError, OSError, AssertionError, LookupError) as error:
        return {**dict.fromkeys(recipes_table.CLOCKS), "error": str(error) or repr(error)}
    return {**found, "error": None}


def how(options: argparse.Namespace, recipe: Recipe, files: Files) -> dict[str, Any]:
    """Say by what a training could differ from another one of the recipe."""
    epochs = recipe.full_epochs if options.full else recipe.epochs
    max_tokens = recipe.full_tokens if options.full else recipe.max_tokens
    return {
        "base": options.base,
        "rows": dict(files.rows),
        "epochs": options.epochs or epochs,
        "batch_size": recipe.batch_size,
        "lr": options.lr or (recipe.small_lr if options.is_bundled else recipe.lr),
        "max_tokens": options.max_tokens or max_tokens,
        "threads": options.threads,
    }


def to_job(options: argparse.Namespace, recipe: Recipe, files: Files, seed: int) -> Job:
    """Say what both programs have to do; each fills in the rest."""
    asked = how(options, recipe, files)
    valid = None if files.valid is None else str(files.valid)
    share = recipe.warmup_share or recipe.warmup_epochs / asked["epochs"]
    return Job(
        program="default",
        base=options.base,
        task=recipe.kind,
        labels=files.labels,
        train=str(files.train),
        valid=valid or "",
        sets={} if valid is None else {"valid": valid},
        metrics=(recipe.metric,),
        scratch="",
        seed=seed,
        turn=seed,
        epochs=asked["epochs"],
        batch_size=recipe.batch_size,
        lr=asked["lr"],
        max_tokens=asked["max_tokens"],
        threads=options.threads,
        weight_decay=recipe.weight_decay,
        warmup_share=share,
        schedule=recipe.schedule,
    )


def key_of(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what the answers of a training are kept by."""
    return tuple(record[name] for name in KEY)


def in_words(record: Mapping[str, Any]) -> str:
    """Say what one training took."""
    said = f"{record['recipe']}, seed {record['seed']}, {record['program']}"
    if record["error"]:
        return f"{said}: FAILED: {record['error'][-LAST:].strip()}"
    return (
        f"{said}: {record['seconds']:.1f} s, of which {record['train_seconds']:.1f} s are updates"
    )


if __name__ == "__main__":
    main()
