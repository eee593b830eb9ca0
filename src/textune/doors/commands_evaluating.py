"""The command that judges a model by a file: `evaluate`."""

import time
from pathlib import Path
from typing import Any

import typer

from textune.doors import console, console_metrics, evaluating_api, reporting_api
from textune.doors.options import command
from textune.errors import counted
from textune.metrics import written


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, evaluating_api.evaluate)(evaluate)


def evaluate(
    run: Path,
    source: str | list[str] | None = None,
    *,
    final: bool = False,
    as_json: bool,
    report: str | None = None,
    **options: Any,
) -> None:
    """Judge the model in RUN by the labelled text in FILE: every metric, with intervals.

    The test file that was given to train is opened by --final alone, and each time is counted.

    One that fills in masks is judged by plain text: loss, perplexity, masked accuracy.
    """
    reporting_api.require_form(report, "--report")
    reporting_api.require_labels(run, report)
    began = time.perf_counter()
    if final:
        from textune.runs import test_files

        source = test_files.final(run, source)
    found = evaluating_api.evaluate(run, source, final=final, **options)
    seconds = time.perf_counter() - began
    page = None if report is None else reporting_api.write_beside(run, report, source)
    if final:
        reporting_api.renew(run)
    if as_json:
        console.show_json(found)
        return
    for remark in found.get("remarks", ()):
        console.warn(remark)
    noun = "document" if "perplexity" in found else "text"
    place = source if isinstance(source, str) else ", ".join(source or ())
    console_metrics.show_metrics(found, title=f"{place} ({counted(found['n'], noun)})")
    console_metrics.show_per_batch(found)
    rate = found["n"] / max(seconds, 1e-9)
    took = f"{written.clock(seconds)}, {rate:,.0f} {noun}s/s"
    console.say(f"\n{took}, with reading the file and loading the model")
    if page is not None:
        console.say(f"the report: {page}")
