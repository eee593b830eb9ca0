"""The figures of a table become those of the recipes' pages, between their marks.

`python -m bench.recipes_pages TABLE.json [TABLE.json …]` writes into docs/recipes; with
`--no-times` scores alone, where the machine was busy.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.recipes_scores import ERRORS, TITLES
from bench.recipes_sides import OURS, PEER
from bench.recipes_table import CLOCKS, in_words, row
from bench.tasks import ROOT

PAGES = {
    "cola": "1-cola.md",
    "jigsaw": "2-jigsaw.md",
    "meditations": "3-meditations.md",
    "meditations-head": "3-meditations.md",
    "imdb": "4-imdb.md",
    "emotions": "5-emotions.md",
}
MARKS = "<!-- measured {name} -->\n", "<!-- /measured {name} -->\n"
HEADS = ("score", "published", OURS, "Trainer", "difference")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the figures of every recipe that the tables hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.recipes_pages", description=__doc__)
    add = parser.add_argument
    add("tables", nargs="+", type=Path, help="table.json of bench.recipes")
    add("--docs", type=Path, default=ROOT / "docs" / "recipes", help="folder of the pages")
    add("--no-times", action="store_true", help="scores alone")
    options = parser.parse_args(arguments)
    pages = []
    for file in options.tables:
        try:
            pages += texts(file, times=not options.no_times)
        except (OSError, ValueError) as error:
            parser.error(f"{file}: {error}")
        except (KeyError, TypeError, AttributeError) as error:
            parser.error(f"{file}: is no table of bench.recipes ({error!r:.100})")
    for name, text in pages:
        try:
            put(options.docs / PAGES[name], name, text)
        except (OSError, ValueError) as error:
            parser.error(f"--docs {options.docs}: {error}")


def texts(file: Path, *, times: bool) -> list[tuple[str, str]]:
    """Return each recipe of a table that has scores, with what its page shall say."""
    found = json.loads(file.read_text(encoding="utf-8"))["recipes"]
    known = {name: each for name, each in found.items() if each["scores"]}
    strange = [name for name in known if name not in PAGES]
    if strange:
        raise KeyError(", ".join(strange))
    return [(name, "\n".join(measured(each, times=times)) + "\n") for name, each in known.items()]


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of a recipe on its page."""
    first, last = (mark.format(name=name) for mark in MARKS)
    before, start, rest = page.read_text(encoding="utf-8").partition(first)
    _, end, after = rest.partition(last)
    if not start or not end:
        raise ValueError(f"{page.name} has no marks of {name}: {first.strip()} … {last.strip()}")
    page.write_text(f"{before}{first}{text}{last}{after}", encoding="utf-8")


def measured(found: Mapping[str, Any], *, times: bool) -> list[str]:
    """Write what one recipe scored and took."""
    seeds = found["scores"][0]["seeds"]
    lines = [f"Measured ({in_words(found['how'])}; {seeds} seed{'s' * (seeds > 1)}):", ""]
    lines += [row(*HEADS), "|---|" + "---:|" * (len(HEADS) - 1)]
    lines += [
        row(
            TITLES[each["score"]],
            found["published"].get(each["score"], "–"),
            *(f"{each[name]:.3f}" for name in ("textune", "trainer")),
            f"{each['difference']:+.3f} ± {ERRORS * each['error']:.3f}",
        )
        for each in found["scores"]
    ]
    for clock, each in found["times"].items() if times else ():
        ours, theirs = (f"{each[program]:.1f} s" for program in (OURS, PEER))
        ratio = "–" if each["ratio"] is None else f"{each['ratio']:.2f} ×"
        lines.append(row(CLOCKS[clock], "–", ours, theirs, ratio))
    return lines


if __name__ == "__main__":
    main()
