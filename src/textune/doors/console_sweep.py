"""What a person sees of a sweep: the best settings, both of its numbers, how to go on."""

import shlex
from typing import TYPE_CHECKING

from textune.doors.console import argument, say, table
from textune.metrics import catalogue, repeated, written
from textune.sweeping import plans, spaces

if TYPE_CHECKING:
    from textune.sweeping.sweep import Sweep


def show_sweep(found: "Sweep") -> None:
    """Print what a sweep found."""
    numbers, path = found.numbers, argument(found.path)
    best, winner = numbers["best"], numbers["winner"] or {}
    title = catalogue.title(numbers["metric"])
    rows = [(f"best of {numbers['trials']['complete']} trials", written.decimals(best["value"]))]
    for part, name in (("valid", "validation"), ("test", "test")):
        if winner.get(part):
            rows.append((f"trained again, {name}", repeated.words(winner[part])))
    table(("", title), rows, title=f"\nbest: {spaces.words(best['settings'])}")
    if numbers["importance"]:
        listed = ", ".join(
            f"{spaces.shown_name(name)} {share:.0%}"
            for name, share in numbers["importance"].items()
        )
        say(f"importance: {listed}")
    again = ["textune", "train", "--config", f"{path}/{plans.BEST}"]
    say(f"\nthe report, for a browser:  {path}/{plans.PAGE}")
    say(f"repeat the best trial:      {shlex.join(again)}")
    if winner:
        label = ["textune", "predict", f"{path}/{plans.FINAL}"]
        say(f"label new texts:            {shlex.join(label)}")
