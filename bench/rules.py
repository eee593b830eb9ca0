"""Do rules that are fitted decide worse than the plain one: CoLA, SST-2, Jigsaw, GoEmotions.

`python -m bench.rules` trains on some rows of each set, lets the model answer others, and deals
these into halves again and again: on one half a rule is fitted for each aim, as `textune decide`
does it, and the other half judges it beside the likeliest class, or 0.5 for each label.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bench import commands, decisions, lora
from textune.decisions import aims
from textune.decisions.wishes import Wish
from textune.text import tokenizers

TEXTS = ("cola", "sst2")  # of one label; the other sets have several
AIMS = ("", "mcc", "f1")  # "": what training does where no aim is named


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    decisions.run(parse(arguments), measured, show)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("rules", __doc__)
    add = parser.add_argument
    known = [*TEXTS, *decisions.FILES]
    add("--base", help="encoder: directory or Hub name (default: textune's own choice)")
    add("--only", help=f"some of the sets, by comma: {', '.join(known)}")
    add("--effort", default="quick", help="as textune train has it (quick)")
    add("--lora", type=commands.positive, help="fine-tune adapters of this rank, not all weights")
    add("--rows", type=commands.positive, default=2000, help="rows to learn from (2000)")
    add("--fresh", type=commands.positive, default=2000, help="rows that are dealt (2000)")
    add("--draws", type=commands.positive, default=20, help="halves (20)")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, known, known)
    of_sets = {**decisions.FILES, **{name: lora.SETS[name][:2] for name in TEXTS}}
    missing = [file for name in options.only for file in of_sets[name]]
    missing = [file for file in missing if not (options.data / file).is_file()]
    commands.require(parser, options.data, missing)
    return options


def measured(name: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train, and judge rules by halves of the texts that validate."""
    import textune
    from textune.recipes import redeciding
    from textune.runs import runs
    from textune.tasks import registry

    train, valid, columns = _files(name, folder, options)
    own = {"base": options.base, "lora": options.lora}
    given: dict[str, Any] = {key: value for key, value in own.items() if value is not None}
    if options.lora is None:
        given["effort"] = options.effort
    run = textune.train(
        train, valid=valid, out=folder / "run", seed=options.seed, **columns, **given
    )
    card = runs.read_card(run.path / "model")
    task = registry.make(card.task, card.labels, card.state)
    tokenizer = tokenizers.load(str(run.path / "model"))
    kept = redeciding.read(
        run.path / "predictions" / "valid.parquet", task, card, lambda: tokenizer
    )
    rng = np.random.default_rng(options.seed)
    halves = [np.array_split(rng.permutation(len(kept.examples)), 2) for _ in range(options.draws)]
    judge = partial(_gain, task, kept)
    of_aims = {aim: [judge(aim, *half) for half in halves] for aim in AIMS}
    return {
        "rows": [options.rows, len(kept.examples)],
        "metric": "macro_f1" if registry.of(task.name).several else "mcc",
        "plain": float(np.mean([one["plain"] for one in of_aims[""]])),
        "aims": {aim or "default": _summary(each) for aim, each in of_aims.items()},
    }


def _files(
    name: str, folder: Path, options: argparse.Namespace
) -> tuple[Path, Path, dict[str, Any]]:
    """Write the rows to learn from and those that are dealt; say which columns hold what."""
    if name in decisions.FILES:
        labels, rows = decisions.read(name, options.data)
        random.Random(options.seed).shuffle(rows)
        last = options.rows + options.fresh
        train = decisions.write(folder / "train.csv", labels, rows[: options.rows])
        valid = decisions.write(folder / "valid.csv", labels, rows[options.rows : last])
        return train, valid, {"text": "text", "label": list(labels)}
    train, valid = lora.write(options, name, folder, options.rows)
    return train, valid, {"text": "text", "label": "label"}


def _gain(task: Any, kept: Any, aim: str, own: Any, fresh: Any) -> dict[str, Any]:
    """Fit a rule on some texts; say by how much it is better than the plain one on others."""
    from textune.evaluation import applying, by_length, fitting
    from textune.tasks import deciding

    mine, other = (by_length.part_of(task, kept.scores, rows) for rows in (own, fresh))
    texts = [kept.examples[row] for row in own.tolist()]
    wish = Wish(aims.read(aim) if aim else None, calibrates=True)
    found = fitting.decide(task, mine, texts, wish)
    assert other.truth is not None
    by = aims.read(aim or ("f1" if other.truth.ndim == 2 else "mcc"))
    fitted, plain = (
        deciding.worth(task.labels, other.truth, one.decisions, by)
        for one in (applying.decided(task, other, found.rule), other)
    )
    assert fitted is not None
    assert plain is not None
    return {"plain": plain, "gain": fitted - plain, "is_kept": "which is kept" in found.how}


def _summary(each: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return what halves say: mean, standard deviation, and in how many the plain rule was kept."""
    gains = np.asarray([one["gain"] for one in each])
    return {
        "gain": float(gains.mean()),
        "deviation": float(gains.std()),
        "kept": int(sum(one["is_kept"] for one in each)),
    }


def show(name: str, found: Mapping[str, Any], console: Console) -> None:
    """Print what was found of a set."""
    rows, fresh = found["rows"]
    table = Table(
        title=f"{name}: {rows:,} rows to learn from; halves of {fresh:,} fit and judge; plain rule "
        f"{found['plain']:.3f}"
    )
    table.add_column("aim")
    for column in ("gain over the plain rule", "deviation", "plain rule kept in"):
        table.add_column(column, justify="right")
    for aim, one in found["aims"].items():
        numbers = f"{one['gain']:+.4f}", f"{one['deviation']:.4f}", str(one["kept"])
        table.add_row(aim, *numbers)
    console.print(table)


if __name__ == "__main__":
    main()
