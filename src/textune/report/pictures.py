"""The log of a run becomes curves: PNG files in its folder, inline SVG for its page."""

import io
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from textune.report import pages
from textune.runs.typed import LogLine, MostFrequent, PlainMetrics
from textune.storage import atomic

if TYPE_CHECKING:  # half a second to import, and most pages take over pictures of the one before
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 400  # of a curve
FEW_POINTS = 20  # of a curve that needs no running mean
DOTS_PER_INCH = 150
PNG_SIZE = (6.8, 4.0)  # inches
SVG_SIZE = (5.4, 2.9)  # inches, which the page scales to its cards

Points = NDArray[np.float64]  # (points, 2): step, value


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours of a drawing."""

    ink: str
    accent: str
    second: str
    faint: str


PAPER = Paint(ink="#1d2528", accent="#0b6e6e", second="#b06a12", faint="#c3cccd")
PAGE = Paint(ink="#010203", accent="#010204", second="#010205", faint="#010206")
"""matplotlib draws in stand-ins; the page's own colours follow the reader's light or dark."""
PAGE_COLOURS = {
    PAGE.ink: "currentColor",
    PAGE.accent: "var(--accent)",
    PAGE.second: "var(--second)",
    PAGE.faint: "var(--line)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a chart."""

    label: str
    points: Points
    kind: Literal["noisy", "smooth", "measured"]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a picture shows, before anything is drawn."""

    name: str  # of the PNG file
    title: str
    unit: str
    lines: tuple[Line, ...]
    level: tuple[str, float] | None = None  # a dashed line across
    spans: tuple[tuple[float, float, float], ...] = ()  # step, and the ends of an interval there


_left_out: ContextVar[bool] = ContextVar("left_out", default=False)


@contextmanager
def left_out() -> Iterator[None]:
    """Draw nothing meanwhile, for a run whose page nobody will see."""
    before = _left_out.set(True)
    try:
        yield
    finally:
        _left_out.reset(before)


def are_wanted() -> bool:
    """Tell whether anything is drawn: `TEXTUNE_PICTURES=0` leaves all drawings out."""
    return os.environ.get("TEXTUNE_PICTURES", "1") != "0" and not _left_out.get()


def draw(run_dir: Path, files: pages.Files) -> list[Path]:
    """Draw the curves of a language run into its folder `pictures`.

    Returns:
        The PNG files, one for each curve of which the log has a point; none where none are wanted.
    """
    if not are_wanted():
        return []
    found = charts(files.log, cast("PlainMetrics", files.metrics))
    (run_dir / "pictures").mkdir(exist_ok=True)
    return [
        write_png(run_dir / "pictures" / f"{chart.name}.png", chart.title, partial(_plot, chart))
        for chart in found
    ]


def charts(log: Sequence[LogLine], metrics: PlainMetrics) -> list[Chart]:
    """Choose what the pictures of a language run show; a chart without a point is left out."""
    steps, checks = parted(log)
    rate = Line("learning rate", of_steps(steps, "lr"), "smooth")
    found = [
        _loss_chart(steps, checks, is_sum=metrics.get("objective") == "mlm+nsp"),
        Chart("learning_rate", "Learning rate", "learning rate", (rate,)),
        _accuracy_chart(checks, metrics),
    ]
    return [chart for chart in found if any(len(line.points) for line in chart.lines)]


def _loss_chart(steps: Sequence[LogLine], checks: Sequence[LogLine], *, is_sum: bool) -> Chart:
    """Put training and held-out loss side by side; where training adds two losses, so do both."""
    training = of_steps(steps, "loss")
    held_out, label = _measured(checks, "loss"), "held-out"
    title, unit = "Loss", "loss (nats per masked token)"
    if is_sum:
        title, unit = "Loss, masked tokens + next sentence", "loss (nats)"
        added = _measured(checks, "loss", "nsp_loss")
        held_out, label = (added, label) if len(added) else (held_out, "held-out, masked tokens")
    lines = (Line("training", training, "noisy"), Line(label, held_out, "measured"))
    return Chart("loss", title, unit, tuple(line for line in lines if len(line.points)))


def _accuracy_chart(checks: Sequence[LogLine], metrics: PlainMetrics) -> Chart:
    points = _measured(checks, "masked_accuracy") * (1, 100)  # (points, 2)
    guess = (metrics.get("baselines") or {}).get("most_frequent") or {}
    value = guess.get("masked_accuracy")
    return Chart(
        "masked_accuracy",
        "Masked accuracy",
        "masked tokens guessed right (%)",
        (Line("held-out", points, "measured"),),
        level=None if value is None else (_guess_label(guess), 100 * value),
        spans=tuple(_spans(points, metrics)) if len(points) else (),
    )


def _spans(points: Points, metrics: PlainMetrics) -> Iterable[tuple[float, float, float]]:
    """Find the intervals of what was measured before the first step and of the model kept."""
    last = (metrics.get("best") or {}).get("step")
    places = {"before": 0, "valid": points[-1, 0] if last is None else last}
    parts = {"before": metrics.get("before"), "valid": metrics.get("valid")}
    for part, step in places.items():
        interval = ((parts[part] or {}).get("intervals") or {}).get("masked_accuracy")
        if interval and step in points[:, 0]:
            yield float(step), 100 * interval[0], 100 * interval[1]


def _guess_label(guess: MostFrequent) -> str:
    """Name the baseline, with its piece if the pictures' font has all its characters."""
    from matplotlib import font_manager  # heavy

    piece = str(guess.get("piece") or "")
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    is_drawable = piece.isprintable() and all(font.get_char_index(ord(sign)) for sign in piece)
    named = f" “{piece}”" if piece and is_drawable else ""
    return f"always the most frequent piece{named}: {pages.percent(guess['masked_accuracy'])}"


def _measured(checks: Sequence[LogLine], *keys: str) -> Points:
    """Add the named metrics of each validation that has them all."""
    found = [(line["step"], line.get("metrics") or {}) for line in checks]
    return to_points(
        (step, sum(metrics[key] for key in keys))
        for step, metrics in found
        if all(metrics.get(key) is not None for key in keys)
    )


def parted(
    log: Sequence[LogLine],
) -> tuple[list[LogLine], list[LogLine]]:
    """Part a log into the lines of steps and those of validations."""
    steps = [line for line in log if line.get("kind") == "step"]
    return steps, [line for line in log if line.get("kind") == "validation"]


def of_steps(steps: Iterable[LogLine], key: str) -> Points:
    """Return what was noted of each step under a key."""
    return to_points((line["step"], line.get(key)) for line in steps)


def to_points(pairs: Iterable[tuple[int, Any]]) -> Points:
    """Keep the finite ones, the last of each step, in order."""
    found = {x: float(y) for x, y in pairs if isinstance(y, int | float) and math.isfinite(y)}
    return np.array(sorted(found.items()), dtype=np.float64).reshape(-1, 2)


def thinned(points: Points) -> Points:
    """Average neighbours, the same number everywhere: else the noise would seem to change."""
    size = -(-len(points) // MOST_POINTS)
    groups = np.array_split(points, range(size, len(points), size))
    return np.stack([group.mean(axis=0) for group in groups])


def canvas(paint: Paint, *, size: tuple[float, float]) -> "tuple[Figure, Axes]":
    """Make an empty drawing of a width and height in inches."""
    from matplotlib.figure import Figure  # heavy

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(paint.ink)
    axes.tick_params(colors=paint.ink, labelsize=9)
    return figure, axes


def svg(figure: "Figure", title: str) -> Markup:
    """Draw as inline SVG that takes the page's colours, font and width."""
    import matplotlib as mpl  # heavy

    target = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(target, format="svg", transparent=True, metadata=empty)
    drawing = target.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.S)
    drawing = re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawing)
    drawing = re.sub(r'(<svg) width="[^"]*" height="[^"]*"', rf'\1 role="img" aria-label="{title}"',
                     drawing, count=1)  # fmt: skip
    for stand_in, colour in PAGE_COLOURS.items():
        drawing = drawing.replace(stand_in, colour)
    return Markup(drawing)  # ours; matplotlib escapes what it writes


def to_svg(chart: Chart) -> Markup:
    """Draw a chart for a page, which sets its title beside it."""
    return drawn(chart.title, partial(_plot, chart))


def drawn(title: str, draw: Callable[["Axes", Paint], None]) -> Markup:
    """Draw for a page, which sets the title beside it."""
    figure, axes = canvas(PAGE, size=SVG_SIZE)
    draw(axes, PAGE)
    return svg(figure, title)


def write_png(path: Path, title: str, draw: Callable[["Axes", Paint], None]) -> Path:
    """Draw into a PNG file."""
    figure, axes = canvas(PAPER, size=PNG_SIZE)
    axes.set_title(title, color=PAPER.ink, loc="left", fontweight="bold")
    draw(axes, PAPER)
    nameless = {"Software": None}  # matplotlib's version would make equal pictures differ
    with atomic.replacing_file(path) as unfinished:
        figure.savefig(
            unfinished, format="png", dpi=DOTS_PER_INCH, facecolor="white", metadata=nameless
        )
    return path


def _plot(chart: Chart, axes: "Axes", paint: Paint) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter  # heavy

    for line in chart.lines:
        _plot_line(line, axes, paint)
    for step, low, high in chart.spans:
        axes.plot([step, step], [low, high], color=paint.ink, marker="_", markersize=9)
    if chart.level:
        label, height = chart.level
        axes.axhline(height, color=paint.ink, linewidth=1.2, linestyle="--", label=label)
    axes.set_xlabel("step", color=paint.ink)
    axes.set_ylabel(chart.unit, color=paint.ink)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.grid(axis="y", color=paint.faint, linewidth=0.5)
    if len(axes.get_legend_handles_labels()[0]) > 1:
        legend = axes.legend(loc="best", fontsize=9, frameon=False, labelcolor=paint.ink)
        for text in legend.get_texts():
            text.set_parse_math(False)  # a piece may be made of dollars


def _plot_line(line: Line, axes: "Axes", paint: Paint) -> None:
    thin = thinned(line.points)
    if line.kind == "noisy":
        _plot_noisy(thin, line.label, axes, paint)
    elif line.kind == "smooth":
        axes.plot(*thin.T, color=paint.accent, linewidth=2, label=line.label)
    else:
        picked = _picked(line.points)
        axes.plot(*picked.T, color=paint.second, linewidth=1.5, marker="o", label=line.label)
    if len(thin) == 1 and line.kind != "measured":  # a line of one point is invisible
        axes.plot(*thin.T, color=paint.accent, marker="o")


def _plot_noisy(points: Points, label: str, axes: "Axes", paint: Paint) -> None:
    """Plot what jumps from step to step: faintly, with its running mean, where there is much."""
    if len(points) <= FEW_POINTS:
        axes.plot(*points.T, color=paint.accent, linewidth=2, label=label)
        return
    axes.plot(*points.T, color=paint.faint, linewidth=1.2, label=label)
    window = np.ones(max(3, len(points) // 20) | 1)  # odd, so that it lies around its point
    sums, sizes = (np.convolve(of, window, "same") for of in (points[:, 1], np.ones(len(points))))
    mean = f"{label}, running mean"
    axes.plot(points[:, 0], sums / sizes, color=paint.accent, linewidth=2, label=mean)


def _picked(points: Points) -> Points:
    """Keep the first, the last and as many between as can be told apart."""
    places = np.linspace(0, len(points) - 1, min(MOST_POINTS, len(points)))
    return points[places.round().astype(int)]
