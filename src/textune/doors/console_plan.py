"""The forecast of a run becomes lines: what it takes, and how each number is known."""

from collections.abc import Mapping
from typing import Any

from textune.doors.console import say, show_json, warn

WORDS = {
    "training": "training: {steps:,} updates, {tokens:,} tokens ({computed_steps} computed)",
    "validation": "validation on the way",
    "scoring": "scoring the best weights",
    "rest": "reading, loading, saving, the report",
}


def show(plan: Mapping[str, Any], *, as_json: bool, report: str | None = None) -> None:
    """Print what a run takes, for people or as one JSON object."""
    if report is not None:
        warn(f"--report {report}: a forecast keeps nothing, and none was written")
    if as_json:
        show_json(plan)
        return
    rows = _rows(plan)
    width = max(len(row[0]) for row in rows)
    for name, value, how in rows:
        say(f"{name:<{width}}  {value:>9}  {how}".rstrip())
    for one in plan["left_out"]:
        say(f"not counted: {one}")


def _rows(plan: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what a run takes of what, and how that is known."""
    seconds, disk = plan["seconds"], plan["disk_bytes"]
    rows = [
        ("time", _time(seconds["whole"]), "at most: it may stop earlier" * plan["may_end_earlier"])
    ]
    for name, words in WORDS.items():
        how = "reckoned by tokens" if f"seconds.{name}" in plan["reckoned"] else "measured"
        rows.append((f"  {words.format(**plan)}", _time(seconds[name]), how))
    if plan["trainings"] > 1:
        rows.append(("  trainings (folds, seeds)", f"{plan['trainings']}", "known"))
    if plan["peak_memory_bytes"] is not None:
        rows.append(
            ("memory at most", _size(plan["peak_memory_bytes"]), "measured, largest update")
        )
    if plan["peak_card_bytes"]:
        rows.append(("memory of the card", _size(plan["peak_card_bytes"]), "measured"))
    rows += [_share(one) for one in plan["each_process"]]
    rows.append(("disk while it runs", _size(disk["most"]), "measured"))
    rows.append(("disk afterwards", _size(disk["end"]), f"of it the model {_size(disk['model'])}"))
    rows.append(("cache of token ids", _size(disk["cache"]), "known"))
    return rows


def _share(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what each of several processes holds, and the first one of them."""
    how = "reckoned" + (f"; the first {_size(one['first'])}" if one["first"] > one["each"] else "")
    if "card" in one:
        how += f"; of a card {_size(one['card'])}"
        if one["first_card"] > one["card"]:
            how += f", of the first's {_size(one['first_card'])}"
    return f"  each of {one['processes']} processes", _size(one["each"]), how


def _time(seconds: float) -> str:
    """Write seconds as people do."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 6000:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    """Write bytes as people do."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
