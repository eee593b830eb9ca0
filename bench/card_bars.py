"""What was measured on a card becomes a table, beside the bars that are to be reached."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.card_base import BASE, WEIGHTS
from bench.card_jobs import PEERS, Result

OURS = "textune"
FASTER = {  # work → times as fast as the best of the others
    "cola 32": 6.0,
    "imdb 32": 6.0,
    "imdb 128": 2.8,
    "masked-LM 32": 4.0,
    "prediction": 3.0,
}
SHARES = {"imdb 32": 0.33, "imdb 128": 0.45}  # of the card's own rate of bf16 products
FIRST_STEP = 15.0  # seconds from the command to the end of the first update


def judge(
    results: Sequence[Result], lengths: Mapping[str, Sequence[int]], rate: float
) -> list[dict[str, Any]]:
    """Compare what was measured with the bars.

    Args:
        results: Of one run.
        lengths: Tokens of each text, by work.
        rate: GFLOP/s of bf16 products on this machine.

    Returns:
        For each bar its name, what was measured (None where a program is missing), what is wanted,
        and whether it is reached.
    """
    by = {(each.work, each.program): each for each in results}
    found = []
    for work, least in FASTER.items():
        others = [each for each in results if each.work == work and not _is_ours(each.program)]
        mine = by.get((work, OURS))
        ratio = None
        if mine is not None and others:
            ratio = _speed(mine) / max(map(_speed, others))
        found.append(_bar(f"{work}: times as fast as the best of the others", ratio, least))
    for work, least in SHARES.items():
        mine = by.get((work, OURS))
        part = None if mine is None else share(mine, lengths[work], rate)
        found.append(_bar(f"{work}: share of the bf16 rate", part, least))
    for work in dict.fromkeys(each.work for each in results):
        mine, tuned = by.get((work, OURS)), by.get((work, "tuned"))
        if mine is None or tuned is None or not tuned.peak_card_mb or not mine.peak_card_mb:
            continue
        part = mine.peak_card_mb / tuned.peak_card_mb
        found.append(_bar(f"{work}: peak memory over the tuned Trainer's", part, 1.0, is_most=True))
    firsts = [each.first_step_seconds for each in results if each.program == OURS]
    seconds = max((each for each in firsts if each is not None), default=None)
    found.append(_bar("seconds to the first update, at most", seconds, FIRST_STEP, is_most=True))
    return found


def share(found: Result, lengths: Sequence[int], rate: float) -> float:
    """Return the useful products of a training over what the card multiplies at most.

    A token costs 6 products of every weight of the layers (Kaplan et al., 2020, section 2.1), and
    attention 12 L² D a layer, forward and backward; the head and the embedding are left out.
    """
    flop = sum(
        6 * WEIGHTS * each + 12 * BASE["num_hidden_layers"] * BASE["hidden_size"] * each * each
        for each in lengths
    ) / len(lengths)
    return found.texts_per_second * flop / (rate * 1e9)


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print what each program reached, and the bars."""
    table = Table(title="texts a second of training alone; the first update from the command on")
    for heading in ("work", "program", "texts/s", "tokens/s", "first update", "peak card MB"):
        table.add_column(heading, justify="left" if heading in ("work", "program") else "right")
    for each in report["results"]:
        numbers = (
            each["texts_per_second"],
            each["tokens_per_second"],
            each["first_step_seconds"],
            each["peak_card_mb"],
        )
        table.add_row(each["work"], each["program"], *map(_number, numbers))
    console.print(table)
    bars = Table(title="bars")
    for heading in ("bar", "measured", "wanted", ""):
        bars.add_column(heading, justify="right" if heading in ("measured", "wanted") else "left")
    for bar in report["bars"]:
        verdict = {True: "reached", False: "MISSED", None: "not measured"}[bar["is_reached"]]
        sign = "≤" if bar["is_most"] else "≥"
        bars.add_row(bar["name"], _number(bar["measured"]), f"{sign} {bar['wanted']:g}", verdict)
    console.print(bars)
    if report["settings"]["tiny"]:
        console.print("--tiny: that it goes through is all that these numbers say")


def _bar(
    name: str, measured: float | None, wanted: float, *, is_most: bool = False
) -> dict[str, Any]:
    is_reached = None
    if measured is not None:
        is_reached = measured <= wanted if is_most else measured >= wanted
    numbers = {"measured": measured, "wanted": wanted}
    return {"name": name, **numbers, "is_most": is_most, "is_reached": is_reached}


def _speed(found: Result) -> float:
    """Return real tokens a second: of long texts textune parts what others cut off."""
    tokens = found.tokens_per_second
    return found.texts_per_second if tokens is None else tokens


def _is_ours(program: str) -> bool:
    return program not in (*PEERS, "pipeline")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
