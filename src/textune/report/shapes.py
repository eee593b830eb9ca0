"""Points between 0 and 1 become a small drawing: inline SVG without a library, for many on a page.

matplotlib would take seconds and megabytes for three drawings of each of 28 labels.
"""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

LEFT, TOP, SIDE = 26, 6, 100  # of the square in the drawing; its labels stand around it
WIDTH, HEIGHT = LEFT + SIDE + 8, TOP + SIDE + 28
MOST_POINTS = 80  # of a line
BAR_WIDTH, NAMES, ROW, THICK = 400, 200, 28, 14  # of a drawing of bars; NAMES stand left of them
MOST_NAME = 36  # characters beside a bar
Floats = NDArray[np.float64]


def square(
    title: str,
    names: tuple[str, str],
    points: Floats,
    *,
    diagonal: bool = False,
    level: float | None = None,
    dots: bool = False,
    mark: str = "",
) -> Markup:
    """Draw a line in a square from 0 to 1.

    Args:
        title: What a screen reader says of it.
        names: Of the axes, across and up.
        points: Of the line. (P, 2)
        diagonal: Draw the line of chance, or of perfect calibration.
        level: Draw a dashed line at this height.
        dots: Mark each point.
        mark: Name of a dot that the page's script moves; "" for none.
    """
    thin = points if dots else thinned(points)
    places = [f"{_x(x):.1f},{_y(y):.1f}" for x, y in thin]
    inside = [_frame(names)]
    if diagonal:
        inside.append(_line((0, 0), (1, 1), "chance"))
    if level is not None:
        inside.append(_line((0, level), (1, level), "chance"))
    inside.append(f'<polyline class="curve" points="{" ".join(places)}"/>')
    if dots:
        inside += [f'<circle class="point" cx="{x}" cy="{y}" r="1.8"/>' for x, y in _split(places)]
    if mark:
        inside.append(f'<circle class="moving" data-dot="{mark}" r="3.6" hidden/>')
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"'
    return Markup(f'<svg class="small" {box}>{"".join(inside)}</svg>')


def bars(title: str, rows: Sequence[tuple[str, float, Sequence[float] | None]]) -> Markup:
    """Draw a bar for each finite number, the first in another colour, and intervals as lines.

    Args:
        title: What a screen reader says of it.
        rows: Name, number, and the ends of its interval where it has one.
    """
    ends = [
        0.0,
        *(value for _, value, _ in rows),
        *(end for *_, span in rows for end in span or ()),
    ]
    low, high = min(ends), max(ends)
    scale = (BAR_WIDTH - NAMES - 10) / ((high - low) or 1.0)
    zero = NAMES - low * scale
    inside = []
    for number, (name, value, span) in enumerate(rows):
        top = number * ROW + (ROW - THICK) / 2
        middle, tip = top + THICK / 2, zero + value * scale
        kind = "beam" if number else "beam first"
        words = escape(name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…")
        inside.append(
            f'<text x="{NAMES - 8}" y="{middle + 4:.1f}" class="end">{words}</text>'
            f'<rect class="{kind}" x="{min(zero, tip):.1f}" y="{top:.1f}" '
            f'width="{abs(tip - zero):.1f}" height="{THICK}"/>'
        )
        if span:
            left, right = (zero + end * scale for end in span)
            path = f"M{left:.1f} {middle - 4:.1f}v8m0 -4H{right:.1f}m0 -4v8"
            inside.append(f'<path class="axis" d="{path}"/>')
    height = len(rows) * ROW
    inside.append(f'<path class="axis" d="M{zero:.1f} 0V{height}"/>')
    box = f'aria-label="{escape(title)}" viewBox="0 0 {BAR_WIDTH} {height}" class="bars"'
    return Markup(f'<svg role="img" {box}>{"".join(inside)}</svg>')


def thinned(points: Floats) -> Floats:
    """Keep the first, the last and as many between as can be told apart, by their way."""
    if len(points) <= MOST_POINTS:
        return points
    way = np.concatenate([[0.0], np.abs(np.diff(points, axis=0)).sum(axis=1).cumsum()])
    places = np.searchsorted(way, np.linspace(0, way[-1], MOST_POINTS))
    kept = np.unique(np.concatenate([[0], places, [len(points) - 1]]))
    return points[np.minimum(kept, len(points) - 1)]


def _frame(names: tuple[str, str]) -> str:
    """Draw both axes with three ticks each, and their names."""
    low, high, middle = TOP + SIDE, TOP, TOP + SIDE / 2
    right, centre = LEFT + SIDE, LEFT + SIDE / 2
    ticks = "".join(
        f'<text x="{LEFT - 4}" y="{y + 3}" class="end">{words}</text>'
        for y, words in ((low, "0"), (middle, "0.5"), (high, "1"))
    ) + "".join(
        f'<text x="{x}" y="{low + 11}" class="mid">{words}</text>'
        for x, words in ((LEFT, "0"), (centre, "0.5"), (right, "1"))
    )
    across, up = (escape(name) for name in names)
    return (
        f'<path class="axis" d="M{LEFT} {high}V{low}H{right}"/>{ticks}'
        f'<text x="{centre}" y="{low + 23}" class="mid">{across}</text>'
        f'<text transform="rotate(-90)" x="{-middle}" y="7" class="mid">{up}</text>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    (a, b), (c, d) = start, end
    return f'<path class="{kind}" d="M{_x(a):.1f} {_y(b):.1f}L{_x(c):.1f} {_y(d):.1f}"/>'


def _split(places: Sequence[str]) -> list[tuple[str, str]]:
    return [(x, y) for x, _, y in (place.partition(",") for place in places)]


def _x(share: float) -> float:
    return LEFT + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)
