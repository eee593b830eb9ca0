"""What a model was judged as becomes tables on the screen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from textune.doors import console_files, console_wrong
from textune.doors.console import MOST_LABELS, argument, folded, number, out, say_more, table
from textune.metrics import catalogue, decided, repeated, written
from textune.metrics.catalogue import HEADLINES
from textune.runs.curves import WAYS

if TYPE_CHECKING:  # pydantic
    from textune.metrics.metrics import Report  # numpy
    from textune.runs.curves import LearningCurve
    from textune.runs.runs import Run

INTERVAL = "95 % interval"
OF_LABELS = ("n", "exact_match", *catalogue.COUNTS, *catalogue.OF_LABELS)


def headlines(metrics: Mapping[str, object]) -> list[str]:
    """Name the numbers to show; of one label a text, micro-F1 is the accuracy once more."""
    is_single = "confusion" in metrics or "confusion_cells" in metrics
    same = {"micro_f1"} if is_single else set()
    return [key for key in HEADLINES if key in metrics and key not in same]


def show_parts(metrics: Mapping[str, Any]) -> None:
    """Print the numbers of validation and test texts, as far as there are any."""
    for part in ("valid", "test"):
        if part in metrics:
            title = catalogue.judged_by(metrics[part], part)
            show_metrics(metrics[part], title=f"\n{title}")


def show_metrics(metrics: "Report", *, title: str) -> None:
    """Print the headline numbers of a split with their intervals, then each label's."""
    spans = metrics.get("intervals", {})
    rows = [_row(HEADLINES[key], spans.get(key), metrics[key]) for key in headlines(metrics)]
    table(("metric", "value", INTERVAL), rows, title=title)
    _show_columns(metrics)
    show_labels(metrics.get("labels", {}))
    kinds = {name: metrics[key] for key, name in catalogue.QUESTIONS.items() if key in metrics}
    show_labels(kinds, of="questions")
    _show_by_length(metrics.get("by_length", ()))
    if plain := metrics.get("plain_text"):
        values = ", ".join(
            f"{HEADLINES[key]} {number(plain[key])}" for key in ("f1", "precision", "recall")
        )
        out.print(
            f"  the same sentences as plain text: {values}; {plain['cut_otherwise']:.1%} of the "
            "words are cut otherwise there"
        )
    for reason in sorted({str(reason) for reason in metrics.get("undefined", {}).values()}):
        out.print(f"  – where there is no number: {escape(reason)}")
    if metrics.get("confusions"):
        out.print(f"  – entities: {escape(catalogue.confusion_words(metrics['confusions']))}")
    if metrics.get("decided"):
        out.print(f"  – {escape(metrics['decided'])}")
    for line in decided.lines(metrics):
        out.print(f"  – {escape(line)}")
    console_wrong.show(metrics)


def _row(name: str, span: list[float] | None, *values: object) -> tuple[str, ...]:
    """Make a row of a name, of numbers, and of an interval of the last of them."""
    return name, *map(number, values), written.interval(span)


def _show_columns(metrics: "Report") -> None:
    """Print a line for each column of classes, and the means that stand for all of them."""
    columns: Mapping[str, Mapping[str, object]] = metrics.get("columns", {})
    if not columns:
        return
    every = {**columns, "mean": metrics}
    keys = [key for key in HEADLINES if all(key in numbers for numbers in every.values())]
    rows = [
        (name, number(numbers["n"]), *(number(numbers[key]) for key in keys))
        for name, numbers in every.items()
    ]
    table(("column", "texts", *(HEADLINES[key] for key in keys)), rows)


def show_labels(labels: Mapping[str, Mapping[str, object]], *, of: str = "label") -> None:
    """Print a line a label, or whatever else there are numbers of."""
    known = {key for numbers in labels.values() for key in numbers}
    keys = [key for key in OF_LABELS if key in known]
    if not keys:
        return
    rows = [
        (name, *(number(numbers.get(key)) for key in keys))
        for name, numbers in list(labels.items())[:MOST_LABELS]
    ]
    table((of, *(key.replace("_", "-") for key in keys)), rows)
    say_more(len(labels), " labels", indent="")


def _show_by_length(bins: Sequence[Mapping[str, Any]]) -> None:
    """Print what texts of each length were judged as, where they differ in it."""
    if len(bins) < 2:
        return
    (key,) = bins[0].keys() & HEADLINES.keys()
    rows = [_row(_length_range(item), item["interval"], item["n"], item[key]) for item in bins]
    table(("tokens a text", "texts", HEADLINES[key], INTERVAL), rows)
    for reason in sorted({item["why"] for item in bins if item.get("why")}):
        out.print(escape(f"  – where there is no number: {reason}"))


def _length_range(item: Mapping[str, Any]) -> str:
    """Write which lengths an entry of `by_length` is about."""
    if item["up_to"] is None:
        return f"over {item['above']}"
    return f"{(item['above'] or 0) + 1} to {item['up_to']}"


def show_baselines(metrics: Mapping[str, Any]) -> None:
    """Print what simple rules would have scored, beside the model."""
    if metrics.get("learned_all"):
        out.print("every row was learned from; none was held out, so that no score says how well")
    simple = metrics.get("baselines")
    if not simple:
        return
    part = simple["part"]
    title = catalogue.judged_by(metrics[part], part)
    judged = {"this model": metrics[part]}
    judged |= {name: simple[key] for key, (_, name) in catalogue.BASELINES.items() if key in simple}
    keys = headlines(metrics[part])
    rows = [(name, *(number(each.get(key)) for key in keys)) for name, each in judged.items()]
    table(("", *(HEADLINES[key] for key in keys)), rows, title=f"\nbeside simple rules ({title})")


def show_per_batch(metrics: Mapping[str, Any]) -> None:
    """Print the scores of batches beside that of the whole, and why not to average them."""
    told = metrics.get("per_batch")
    if not told:
        return
    title = catalogue.title(told["metric"])
    out.print(f"\n{title} of each {told['size']} texts, in the order of the file")
    out.print(folded(f"  {' '.join(map(number, told['values']))}", screen=out))
    out.print(f"  their mean {number(told['mean'])}, over the whole file {number(told['whole'])}")
    out.print(escape(folded(f"  {told['why']}", screen=out)))


def show_seeds(metrics: Mapping[str, Any]) -> None:
    """Print what trainings by several seeds scored, and which one's model is saved."""
    told = metrics.get("seeds")
    if not told:
        return
    parts = [part for part in ("valid", "test") if part in told]
    names = [told["judged"] if part == "valid" else part for part in parts]
    keys = dict.fromkeys([told["metric"], *headlines(metrics["valid"])])
    rows = [
        (catalogue.title(key), *(_spread(told[part].get(key)) for part in parts)) for key in keys
    ]
    title = f"\n{told['count']} seeds, mean ± standard deviation"
    table(("metric", *names), rows, title=title)
    metric = told["metric"]
    each = [
        (
            f"{one['seed']}{' (saved)' * (one['seed'] == told['best'])}",
            *(number(one[part].get(metric)) for part in parts),
        )
        for one in told["each"]
    ]
    table(("seed", *(f"{catalogue.title(metric)}, {name}" for name in names)), each)
    for one in told.get("failed", ()):
        out.print(escape(f"  – seed {one['seed']} is left out: {one['why']}"))
    out.print(escape(told["words"]))


def _spread(found: Mapping[str, float | None] | None) -> str:
    return "–" if found is None else repeated.words(found)


def show_curve(curve: "LearningCurve") -> None:
    """Print what parts of the texts scored, what more would, and what that means."""
    ways = curve.ways()
    known = {way: found | curve.forecast(way) for way, found in ways.items()}
    rows = []
    for texts in sorted({texts for found in known.values() for texts in found}):
        cells = (
            "–"
            if texts not in found
            else f"{'' if texts in ways[way] else 'about '}{number(found[texts])}"
            for way, found in known.items()
        )
        rows.append((f"{texts:,}", *cells))
    title = f"\nlearning curve: {catalogue.title(curve.metric)} by {curve.judged}"
    if rows:
        table(("texts", *(WAYS[way] for way in ways)), rows, title=title)
    if curve.words:
        out.print(escape(curve.words))


def show_folds(numbers: Mapping[str, Any]) -> None:
    """Print mean, deviation and interval over folds of the headline numbers."""
    found = {key: numbers["metrics"][key] for key in headlines(numbers["metrics"])}
    rows = [
        _row(HEADLINES[key], each["interval"], each["mean"], each["deviation"])
        for key, each in found.items()
    ]
    columns = ("metric", "mean", "deviation", INTERVAL)
    table(columns, rows, title=f"\n{numbers['folds']} folds")


def show_language(run: "Run") -> None:
    """Print what the held-out text says of an encoder, before the first step and after the last."""
    metrics, place = run.metrics, escape(argument(run.path))
    if metrics.get("learned_all"):
        out.print(
            "all of the text was learned from; none was held out, so that no score says how well"
        )
        _show_next(metrics, place, run.path)
        return
    before, after = metrics["before"], metrics["valid"]
    spans = after["intervals"]
    rows = [
        _row(HEADLINES[key], spans.get(key), before.get(key), after[key])
        for key in headlines(after)
    ]
    table(("metric", "before", "after", INTERVAL), rows, title="\nheld out")
    if metrics["objective"] != "nsp":
        change = after["perplexity"] / before["perplexity"] - 1
        simple = metrics["baselines"]["most_frequent"]
        out.print(
            f"perplexity {before['perplexity']:.2f} → {after['perplexity']:.2f} ({change:+.1%}); "
            f"{escape(repr(simple['piece']))} for every mask would be right in "
            f"{simple['masked_accuracy']:.1%}"
        )
    if "prove" in metrics:
        out.print(f"fine-tuned: {escape(metrics['prove']['words'])}")
    _show_next(metrics, place, run.path)


def _show_next(metrics: Mapping[str, Any], place: str, run: Path) -> None:
    """Print what can be done with an encoder that was adapted or made."""
    console_files.show_saved(run)
    if metrics["objective"] == "nsp":
        out.print(f"\nask it:        textune follows {place} 'some text' 'another'")
    else:
        out.print(f"\nfill a mask:   textune fill {place} {escape(repr('some [MASK] text'))}")
    out.print(f"fine-tune it:  textune train FILE --base {place}")


def show_filled(text: str, found: Sequence[Mapping[str, Any]]) -> None:
    """Print the candidates for each mask of a text."""
    out.print(f"[bold]{escape(text)}[/]")
    for mask in found:
        if len(found) > 1:
            out.print(f"  mask {mask['mask']}")
        for item in mask["candidates"]:
            out.print(f"  {item['probability']:>6.1%}  {escape(item['piece'])}")


def curve_of(run: "Run") -> dict[str, object]:
    """Return the learning curve of a run by its name, if there is one."""
    from textune.runs.curves import LearningCurve

    found = LearningCurve.read(run.path)
    return {} if found is None else {"curve": found.told()}
