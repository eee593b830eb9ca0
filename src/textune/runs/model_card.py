"""What a run scored becomes the head of its model's page, which Hugging Face's hub reads."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from textune.metrics import catalogue, written
from textune.metrics.catalogue import METRICS
from textune.metrics.metrics import Report
from textune.reading import cards
from textune.runs import runs
from textune.tasks import registry

HUB = re.compile(r"[\w.-]+/[\w.-]+")  # a name that is one of the hub, or a folder of that name
NAMES = {  # what the hub calls a metric, where that differs
    "mcc": "matthews_correlation",
    "macro_f1": "f1",
    "micro_f1": "f1",
    "weighted_f1": "f1",
    "pearson": "pearsonr",
    "spearman": "spearmanr",
    "masked_accuracy": "accuracy",
}
PARTS = {"test": "test", "valid": "validation"}
BEGIN, END = "<!-- scores -->", "<!-- end of scores -->"
HEAD = re.compile(r"\A---\n.*?\n---\n+", re.S)
SCORES = re.compile(rf"\n*{BEGIN}.*?{END}\n*", re.S)
DIGITS = 6


def dressed(
    page: str,
    folder: Path,
    *,
    base: str | None,
    numbers: Report | None,
    sources: Mapping[str, object],
) -> str:
    """Put the hub's head above a model's page, and its scores below, in place of any before.

    Args:
        page: As `model_readme` or `language_readme` wrote it, or as this did.
        folder: Of the model, with its card.
        base: What was trained; None of a model that was made from nothing.
        numbers: Of its run, as `metrics.json` has them; None where it was not judged.
        sources: Of the texts, as `config.toml` has them.
    """
    plain = bare(page)
    task = None if runs.is_language(folder) else runs.read_card(folder).contract.task
    known = {part: found for part in PARTS if (found := (numbers or {}).get(part))}
    head = _head(task, base, known, sources)
    text = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=1000)
    scores = _scores(known)
    return f"---\n{text}---\n\n{plain.rstrip()}\n" + (f"\n{scores}" if scores else "")


def bare(page: str) -> str:
    """Return a model's page without the hub's head and the scores."""
    return SCORES.sub("\n", HEAD.sub("", page))


def _head(
    task: str | None, base: str | None, parts: Mapping[str, Report], sources: Mapping[str, object]
) -> dict[str, Any]:
    kind = None if task is None else registry.of(task)
    pipeline = "fill-mask" if kind is None else kind.pipeline
    head: dict[str, Any] = {"library_name": "transformers", "license": "unknown"}
    if languages := _languages(base):
        head["language"] = languages
    if base is not None and HUB.fullmatch(base) and not Path(base).exists():
        head["base_model"] = base
    head.update(pipeline_tag=pipeline, tags=["textune", *([task] if task else [])])
    results: list[dict[str, Any]] = [
        {
            "task": {"type": pipeline, "name": "masked tokens" if kind is None else kind.words},
            "dataset": {**_data_set(part, sources), "split": PARTS[part]},
            "metrics": measured,
        }
        for part, found in parts.items()
        if (measured := _measured(found))
    ]
    if results:
        head["metrics"] = list(
            dict.fromkeys(one["type"] for each in results for one in each["metrics"])
        )
        name = f"{Path(base).name}-textune" if base else "textune"
        head["model-index"] = [{"name": name, "results": results}]
    return head


def _measured(found: Report) -> list[dict[str, Any]]:
    """List the main numbers of a part, as the hub has them."""
    return [
        {
            "type": NAMES.get(name, name),
            "value": round(float(found[name]), DIGITS),
            "name": METRICS[name].title,
        }
        for name in catalogue.HEADLINES
        if isinstance(found.get(name), int | float)
    ]


def _data_set(part: str, sources: Mapping[str, object]) -> dict[str, str]:
    """Name the file that a part came from, without its folder."""
    told = sources.get(part) or sources.get("source") or sources.get("sources") or "own texts"
    names = [told] if isinstance(told, str) else list(told) if isinstance(told, list) else []
    name = ", ".join(Path(str(one)).name for one in names) or "own texts"
    return {"type": re.sub(r"[^\w.-]+", "-", name).strip("-") or "own-texts", "name": name}


def _scores(parts: Mapping[str, Report]) -> str:
    """Write the main numbers with their intervals as a table."""
    keys = [
        name
        for name in catalogue.HEADLINES
        if any(isinstance(found.get(name), int | float) for found in parts.values())
    ]
    if not keys:
        return ""
    titles = [f"{PARTS[part]} ({found.get('n', '?')})" for part, found in parts.items()]
    lines = [f"| | {' | '.join(titles)} |", f"| --- |{' ---: |' * len(titles)}"]
    for key in keys:
        cells = [_cell(found, key) for found in parts.values()]
        lines.append(f"| {METRICS[key].title} | {' | '.join(cells)} |")
    table = "\n".join(lines)
    return f"{BEGIN}\n## Scores\n\nOf texts held out, with 95 % intervals.\n\n{table}\n{END}\n"


def _cell(found: Report, key: str) -> str:
    value, span = found.get(key), (found.get("intervals") or {}).get(key)
    if not isinstance(value, int | float):
        return "–"
    return written.decimals(value) + (f" ({written.span(span)})" if span else "")


def _languages(base: str | None) -> list[str]:
    """Return what the card of a base on this machine says of its language."""
    if base is None or not Path(base).is_dir():
        return []
    told = cards.read(Path(base)).get("language") or []
    return [str(one) for one in (told if isinstance(told, list) else [told])]
