"""How often intervals and sets hold what they say they hold, on made data whose truth is known.

`python -m bench.coverage` draws data sets of several sizes from populations of which every metric
is known, asks textune for its 95 % intervals, and counts how often these hold the number of the
population; how often differences of equal models are called differences; and how often sets of
classes hold the right one. Each population of a size is printed when it is done.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench import commands, coverage_pairs, machine
from bench.coverage_worlds import WORLDS, World

SIZES = (30, 100, 300, 1000)
LEAST, MOST = 0.92, 0.98  # of the data sets, whose intervals are to hold the truth


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one population after the other, then write what was found."""
    options = parse(arguments)
    found = []
    for name in options.only or WORLDS:
        for size in options.sizes:
            sets = options.sets, options.seed
            shares = covered(WORLDS[name], size, *sets, has_widths=options.widths)
            found.append({"world": name, "texts": size, **shares})
            print(line(found[-1]), flush=True)
    pairs = []
    for size in () if options.only else options.sizes:
        pairs.append(coverage_pairs.of(size, options.sets, options.seed))
        print(line_of_pairs(pairs[-1]), flush=True)
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
    add("--widths", action="store_true", help="say how wide they are, too")
    add("--seed", type=commands.natural, default=0, help="of all that is drawn (0)")
    options = parser.parse_args(arguments)
    options.only = commands.chosen(parser, options.only, list(WORLDS), ())
    return options


def covered(
    world: World, size: int, sets: int, seed: int, *, has_widths: bool = False
) -> dict[str, Any]:
    """Return the share of data sets whose interval holds the number of the population.

    An interval of a number without bias has a width of 1 at least, if it knows of nothing but the
    data set itself.

    Args:
        world: That they are drawn from.
        size: Texts of each.
        sets: How many are drawn.
        seed: Of the draws.
        has_widths: Whether to measure how wide they are, too.

    Returns:
        `held`: metric → share of those data sets that have an interval of it; `given`: metric →
        share of data sets that have one; `widths`: metric → width of its intervals, in widths of
        what holds 95 % of the numbers of data sets.
    """
    rng = np.random.default_rng([seed, size])
    held: Counter[str] = Counter()
    given: Counter[str] = Counter()
    counted: dict[str, list[float]] = {}
    wide: dict[str, list[float]] = {}
    for _ in range(sets):
        case = world.draw(rng, size)
        judged = world.judge(case) if has_widths else {}
        for name, (low, high) in world.intervals(case).items():
            if name in world.truth:
                given[name] += 1
                held[name] += low - 1e-12 <= world.truth[name] <= high + 1e-12
                wide.setdefault(name, []).append(high - low)
                counted.setdefault(name, []).append(judged.get(name, 0.0))
    found = {
        "held": {name: held[name] / count for name, count in given.items()},
        "given": {name: count / sets for name, count in given.items()},
    }
    return found | ({"widths": _widths(wide, counted)} if has_widths else {})


def _widths(
    wide: Mapping[str, Sequence[float]], counted: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    return {
        name: float(np.mean(values) / (2 * 1.96 * np.std(counted[name])))
        for name, values in wide.items()
    }


def line(found: Mapping[str, Any]) -> str:
    """Write how many intervals of each number hold that of a population of a size."""
    shares = ", ".join(f"{name} {written(share)}" for name, share in found["held"].items())
    wide = ", ".join(f"{name} {width:.2f}" for name, width in found.get("widths", {}).items())
    return f"{found['world']}, {found['texts']} texts: {shares}" + (wide and f"; widths: {wide}")


def line_of_pairs(found: Mapping[str, Any]) -> str:
    """Write how often equal models are told apart, and how many texts sets of classes cover."""
    alarms, covered = (
        ", ".join(f"{name} {share:.3f}" for name, share in found[key].items())
        for key in ("alarms", "covered")
    )
    return (
        f"{found['texts']} texts: equal models called different: {alarms}; "
        f"fresh classes in their sets: {covered}"
    )


def written(share: float) -> str:
    """Write a share, with a mark where it is not as it should be."""
    return f"{share:.3f}" + ("" if LEAST <= share <= MOST else " !")


if __name__ == "__main__":
    main()
