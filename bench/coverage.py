"""How often intervals and sets hold what they say they hold, on made data whose truth is known.

`python -m bench.coverage` draws data sets of several sizes from populations of which every metric
is known, asks textune for its 95 % intervals, and counts how often these hold the number of the
population; how often differences of equal models are called differences; and how often sets of
classes hold the right one.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

from bench import commands, coverage_pairs, machine
from bench.coverage_worlds import WORLDS, World

SIZES = (30, 100, 300, 1000)
LEAST, MOST = 0.92, 0.98  # of the data sets, whose intervals are to hold the truth


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, then print and write what was found."""
    options = parse(arguments)
    found = [
        {"world": name, "texts": size, **shares}
        for name in options.only or WORLDS
        for size in options.sizes
        for shares in [covered(WORLDS[name], size, options.sets, options.seed)]
    ]
    pairs = [] if options.only else coverage_pairs.over(options.sizes, options.sets, options.seed)
    show(found, commands.console())
    show_pairs(pairs, commands.console())
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "found": found,
        "pairs": pairs,
    }
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("coverage", __doc__)
    add = parser.add_argument
    add("--sizes", type=commands.positive, nargs="+", default=list(SIZES), help="texts of a set")
    add("--sets", type=commands.positive, default=500, help="data sets of each size (500)")
    add("--only", help="some of the populations, by comma")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, list(WORLDS), ())
    return options


def covered(world: World, size: int, sets: int, seed: int) -> dict[str, Any]:
    """Return the share of data sets whose interval holds the number of the population.

    Args:
        world: That they are drawn from.
        size: Texts of each.
        sets: How many are drawn.
        seed: Of the draws.

    Returns:
        `held`: metric → share of those data sets that have an interval of it; `given`: metric →
        share of data sets that have one.
    """
    rng = np.random.default_rng([seed, size])
    held: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for _ in range(sets):
        for name, (low, high) in world.intervals(world.draw(rng, size)).items():
            if name in world.truth:
                given[name] += 1
                held[name] += low - 1e-12 <= world.truth[name] <= high + 1e-12
    return {
        "held": {name: held[name] / count for name, count in given.items()},
        "given": {name: count / sets for name, count in given.items()},
    }


def show(found: Sequence[Mapping[str, Any]], console: Any) -> None:
    """Print a row for each population and size."""
    names = sorted({name for each in found for name in each["held"]})
    table = Table(title="share of 95 % intervals that hold the truth")
    table.add_column("population")
    table.add_column("texts", justify="right")
    for name in names:
        table.add_column(name, justify="right")
    for each in found:
        shares = [each["held"].get(name) for name in names]
        cells = ["" if share is None else written(share) for share in shares]
        table.add_row(each["world"], str(each["texts"]), *cells)
    console.print(table)


def show_pairs(found: Sequence[Mapping[str, Any]], console: Any) -> None:
    """Print how often equal models are told apart, and how many texts sets of classes cover."""
    for each in found:
        parts = [
            ", ".join(f"{name} {share:.3f}" for name, share in each[key].items())
            for key in ("alarms", "covered")
        ]
        console.print(f"{each['texts']} texts: equal models called different: {parts[0]}")
        console.print(f"{each['texts']} texts: fresh classes in their sets: {parts[1]}")


def written(share: float) -> str:
    """Write a share, with a mark where it is not as it should be."""
    return f"{share:.3f}" + ("" if LEAST <= share <= MOST else " !")


if __name__ == "__main__":
    main()
