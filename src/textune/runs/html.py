"""A run becomes a small table of HTML, for notebooks, and a few words elsewhere."""

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textune.metrics import catalogue, metrics, written

PARTS = {"valid": "validation", "test": "test"}


def table(path: Path, found: Mapping[str, Any]) -> str:
    """Write a run's folder and its main numbers; all that is not ours is escaped."""
    parts = [part for part in PARTS if isinstance(found.get(part), Mapping)]
    names = dict.fromkeys(key for part in parts for key in metrics.headline(found[part]))
    head = "".join(f"<th>{PARTS[part]}</th>" for part in parts)
    rows = "".join(
        f"<tr><td>{html.escape(catalogue.title(name))}</td>"
        + "".join(f"<td>{_cell(found[part].get(name))}</td>" for part in parts)
        + "</tr>"
        for name in names
    )
    place = html.escape(str(path))
    report = html.escape(str(path / "report.html"), quote=True)
    return (
        f'<div><b>textune run</b> <code>{place}</code> (<a href="{report}">report</a>)'
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def words(path: Path, found: Mapping[str, Any]) -> str:
    """Write a run's folder and its main numbers in a line a part."""
    lines = [str(path)]
    for part, name in PARTS.items():
        numbers = found.get(part)
        if isinstance(numbers, Mapping):
            told = (
                f"{catalogue.title(key)} {written.decimals(numbers[key])}"
                for key in metrics.headline(numbers)
                if isinstance(numbers[key], int | float)
            )
            lines.append(f"  {name}: {', '.join(told) or 'no main number'}")
    return "\n".join(lines)


def _cell(value: object) -> str:
    return html.escape(written.decimals(value)) if isinstance(value, int | float) else "–"
