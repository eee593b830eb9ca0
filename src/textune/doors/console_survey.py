"""What `check` found becomes lines and tables on the screen."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from textune.doors.console import MOST_LABELS, folded, out, say_more, table
from textune.errors import counted
from textune.records import Survey

if TYPE_CHECKING:
    from textune.survey.drawn import Drawn
    from textune.tasks.kind import Chart, Grid

BAR = 28
MOST_BROKEN = 10
WORDS = 160  # characters of a row's text


def show_survey(found: Survey) -> None:
    """Print what `check` found."""
    out.print(f"[bold]{escape(found.table.name)}[/]: {counted(found.rows, 'row')}")
    _list("layout", found.table.reasons)
    _columns(found.columns)
    _list("left out", [f"column {name!r}: {why}" for name, why in found.left_out.items()])
    _list("understood", found.contract.reasons)
    _list("could also be", _settled(found))
    _targets(found)
    _lengths(found.lengths)
    _fertility(found.fertility)
    _findings(found)
    is_plain = found.contract.task == "plain"
    out.print(f"\nto {'adapt an encoder to' if is_plain else 'train on'} it:")
    out.print(f"  {escape(found.command)}")


def _settled(found: Survey) -> list[str]:
    """Return every other reading, and below it the commands that take it."""
    return [
        "\n".join([doubt, *(f"    {command}" for command in found.second.get(doubt, ()))])
        for doubt in found.contract.doubts
    ]


def show_drawn(found: "Drawn") -> None:
    """Print rows that were drawn at random, and those of each label that was asked for."""
    from textune.survey import drawn  # numpy

    parts = {f"{len(found.rows)} rows, drawn at random": found.rows} if found.rows else {}
    parts |= {f"{len(rows)} rows of {label!r}": rows for label, rows in found.of.items()}
    for title, rows in parts.items():
        out.print(f"\n[bold]{escape(title)}[/]")
        cells = []
        for row in rows:
            text = row.text if row.pair is None else f"{row.text} | {row.pair}"
            short = " ".join(text.split())
            short = short if len(short) <= WORDS else f"{short[:WORDS]}…"
            cells.append((f"  {row.origin}", drawn.labels_of(row), short))
        table(("  row", "label", "text"), cells, texts=3)


def show_recipe(lines: Sequence[str]) -> None:
    """Print what `train` would choose, in its words."""
    _list("what train chooses, where nothing else is asked for", lines)


def show_forecast(found: Mapping[str, Any]) -> None:
    """Print what frozen features score, and what more texts would buy."""
    title = f"{found['title']} of a linear head on the frozen encoder, by cross-validation"
    rows = [(f"  {item['texts']:,}", f"{item['score']:.3f}") for item in found["scores"]]
    rows += [(f"  {item['texts']:,}", f"about {item['score']:.3f}") for item in found["ahead"]]
    out.print(f"\n[bold]{escape(title)}[/]")
    table(("  texts", found["title"]), rows)
    out.print(escape(folded(f"  {found['words']}", screen=out)))


def show_plain(found: Mapping[str, Any]) -> None:
    """Print what `check` found in folders and patterns of plain text."""
    out.print(f"[bold]{escape(', '.join(found['source']))}[/]: {found['documents']:,} documents")
    _list("understood", found["reading"])
    _fertility(found["fertility"])
    out.print("\nto adapt an encoder to it:")
    out.print(f"  {escape(found['command'])}")


def _fertility(costs: Mapping[str, Any]) -> None:
    """Print how a tokenizer writes the words of a text."""
    if not costs:
        return
    if "broken" not in costs:  # of labelled texts
        pieces, unknown = costs["pieces_per_word"], costs["unknown_share"]
        out.print(f"  pieces of the tokenizer: {pieces:.2f} a word, {unknown:.2%} unknown")
        return
    out.print("\n[bold]words in the pieces of the tokenizer[/]")
    out.print(
        f"  {costs['words']:,} words take {costs['pieces_per_word']:.3f} pieces each; "
        f"{costs['one_piece_share']:.1%} take one, {costs['unknown_share']:.2%} of the pieces "
        "are unknown"
    )
    rows = [
        (
            f"  {item['word']}",
            f"{item['occurrences']:,}",
            f"{item['pieces']:.3g}",
            f"{item['saved']:,} tokens",
        )
        for item in costs["broken"][:MOST_BROKEN]
    ]
    table(("  word in many pieces", "occurrences", "pieces", "one piece would save"), rows)
    for saving in costs["savings"]:
        out.print(
            f"  --add-words {saving['words']:<5} would save {saving['tokens']:,} tokens "
            f"({saving['share']:.1%})"
        )


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        out.print(f"\n[bold]{title}[/]")
    for line in lines:
        out.print(escape(folded(f"  {line}", screen=out)))


def _columns(columns: Mapping[str, str]) -> None:
    rows = [(f"  {name}", words) for name, words in list(columns.items())[:MOST_LABELS]]
    out.print("\n[bold]columns[/]")
    table(("name", "taken for"), rows, texts=2, style="cyan")
    say_more(len(columns))


def _targets(found: Survey) -> None:
    """Print what there is to find in the texts, as the task has it."""
    from textune.tasks import registry  # numpy
    from textune.tasks.kind import Chart, Grid

    for part in registry.of(found.contract.task).picture(found):
        if isinstance(part, Chart):
            _chart(part)
        elif isinstance(part, Grid):
            _grid(part)
        else:
            out.print(escape(part))


def _grid(grid: "Grid") -> None:
    """Print names and the numbers of each."""
    first, *others = grid.heads
    rows = [(f"  {name}", *cells) for name, *cells in grid.rows[:MOST_LABELS]]
    out.print(f"\n[bold]{grid.title}[/]")
    table((f"  {first}", *others), rows)
    say_more(len(grid.rows))


def _chart(chart: "Chart") -> None:
    """Print a bar for each count, and its share of the total."""
    labels, total = chart.counts, chart.total
    out.print(f"\n[bold]{chart.title}[/] ({len(labels)})")
    shown = sorted(labels.items(), key=lambda pair: -pair[1])[:MOST_LABELS]
    most = max((count for _, count in shown), default=0) or 1
    width = min(max((len(name) for name, _ in shown), default=0), 30)
    for name, count in shown:
        bar = "█" * max(1 if count else 0, round(BAR * count / most))
        out.print(
            f"  {escape(name[:30]):{width}}  {count:>9,}  {count / max(total, 1):>6.1%}  "
            f"[blue]{bar}[/]"
        )
    say_more(len(labels))


def _lengths(lengths: Mapping[str, Any]) -> None:
    if not lengths:
        return
    out.print("\n[bold]tokens a text[/]")
    out.print(
        f"  median {lengths['median']:,.0f}, mean {lengths['mean']:,.1f}, 90 % below "
        f"{lengths['p90']:,.0f}, "
        f"99 % below {lengths['p99']:,.0f}, longest {lengths['longest']:,}"
    )
    _limits(lengths["beyond"])
    if lengths.get("sampled"):
        out.print(f"  (from a sample of {lengths['texts']:,} rows)")


def _limits(beyond: Mapping[str, Mapping[str, Any]]) -> None:
    """Print what lies beyond each limit, and what an epoch costs."""
    entries = list(beyond.values())
    lost = [key for key in entries[0] if key not in ("head", "window")]
    read = [key for key in ("head", "window") if key in entries[0]]
    columns = ["  limit", *(f"{key} cut" for key in lost)]
    columns += [name for key in read for name in (f"{key}: tokens", "time")]
    rows = []
    for limit, entry in beyond.items():
        cells = [f"  {limit}", *(f"{entry[key]:.1%}" for key in lost)]
        for key in read:
            cells += [f"{entry[key]['tokens']:,}", f"{entry[key]['time']:.2f}"]
        rows.append(cells)
    table(columns, rows, texts=0)
    if read:
        largest = list(beyond)[-1]
        words = (
            "  tokens of an epoch that reads beginnings (--long head) or everything (--long "
            f"window); time: that of beginnings of {largest} tokens is 1"
        )
        out.print(escape(folded(words, screen=out)))


def _findings(found: Survey) -> None:
    if not found.findings:
        out.print("\n[green]nothing wrong was found[/]")
        return
    out.print("\n[bold]findings[/]")
    colours = {"error": "red", "warning": "yellow", "note": "dim"}
    for finding in found.findings:
        colour = colours.get(finding.severity, "dim")
        words = folded(f"  {finding.severity} {finding.message}", screen=out)
        _, _, rest = words.partition(finding.severity)
        out.print(f"  [{colour}]{finding.severity}[/]{escape(rest)}")
