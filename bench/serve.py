"""Ask servers over loopback by many clients at once, and compare texts a second and waiting.

textune's server of a run, of its ONNX export, and in bf16, beside a plain one of FastAPI and
transformers' pipeline, each in a process of its own, in turns; one text a request, as soon as the
last answer is there, by many clients and by one alone. The clients are a process of their own, on
the same processors. `--overload` asks the first of textune's for twice what it can, for so many
seconds: only 200 and 429 may come back, all answers right, and its memory must not grow.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, predict, processes, serve_texts, summary
from bench.serve_process import Running, started

SERVERS = {
    "textune": "textune serve (fp32)",
    "onnx": "textune serve, of the run's ONNX export (fp32)",
    "bf16": "textune serve --precision bf16",
    "threads": "FastAPI, `def` handler in its threads, transformers pipeline, fp32",
    "async": "FastAPI, `async def` handler, transformers pipeline, fp32",
}
PLAIN = ("threads", "async")
BEST = "best plain server"
QUICK = {"seconds": 4, "turns": 1, "clients": 8}
USUAL = {"seconds": 20, "turns": 2, "clients": 32}
WARM = 1.5  # seconds that are not measured
GROWTH_MB = 20.0
WAITING = 512  # texts that textune lets wait, which an overload is to reach before it counts
MOST_TRIALS = 6  # at rates that double, until something is refused


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all turns, then print and write what they say."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as name:
        folder = Path(name)
        try:
            size = 512 if options.quick else 2048
            head = machine.describe(options.base, options.threads, folder, size=size)
            say.print(machine.in_words(head["machine"]))
            run = Path(options.run) if options.run else predict.fine_tune(options, folder)
            texts = folder / "texts.json"
            made = serve_texts.made(options.data, run, tokens=options.tokens)
            texts.write_text(json.dumps(made), encoding="utf-8")
            if "onnx" in options.only:
                export(run, options.threads, folder)
            measured = list(_turns(options, run, texts, folder, say))
            flood = _flood(options, run, texts, folder, say) if options.overload else None
        except processes.ProgramError as error:
            sys.exit(str(error))
    report = {
        "settings": commands.settings(options),
        **head,
        **summarise(measured),
        "measured": measured,
        "overload": flood,
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; `--quick` sets what is not set otherwise."""
    parser = commands.parser_of("serve", __doc__)
    add = parser.add_argument
    add("--run", help="folder that textune's training wrote (default: trained on a few rows)")
    add("--clients", type=commands.positive, help="that ask at once (32)")
    add("--seconds", type=commands.positive, help="of each measurement (20)")
    add("--turns", type=commands.positive, help="rounds over all servers (2)")
    add("--tokens", type=commands.positive, default=40, help="of a text, about (40)")
    add("--overload", type=commands.natural, default=0, help="seconds at twice the capacity (0)")
    add("--quick", action="store_true", help=f"a trial: {QUICK}, unless given")
    options = parser.parse_args(arguments)
    commands.fill(options, QUICK if options.quick else USUAL)
    options.only = commands.chosen(parser, options.only, list(SERVERS), list(SERVERS))
    sources = [file for _, file in predict.SOURCES if not (options.data / file).is_file()]
    commands.require(parser, options.data, sources)
    if options.run:
        predict.require_run(parser, Path(options.run))
        options.base = str(Path(options.run) / "model")
    options.base = options.base or commands.bundled_base(parser)
    return options


def _turns(
    options: argparse.Namespace, run: Path, texts: Path, folder: Path, say: Console
) -> Iterator[dict[str, Any]]:
    """Measure every server, one after the other, by one client and by many."""
    for turn in range(1, options.turns + 1):
        for name in options.only:
            with server(name, run, options.threads, folder) as running:
                given = {"clients": 1, "seconds": max(2.0, options.seconds / 4)}
                alone = asked(running, texts, folder, given)
                given = {"clients": options.clients, "seconds": float(options.seconds)}
                many = asked(running, texts, folder, given)
                peak = running.peak_mb()
            speed, late = many["texts_per_second"], many["p99_ms"]
            say.print(
                f"turn {turn} {name}: {speed:.1f} texts/s, p50 {many['p50_ms']:.0f} ms, p99 "
                f"{late:.0f} ms; one alone p50 {alone['p50_ms']:.1f} ms; "
                f"{many['processor_ms']:.2f} ms of the processor a text; {peak:.0f} MB"
            )
            yield {"server": name, "turn": turn, "many": many, "alone": alone, "peak_mb": peak}


def export(run: Path, threads: int, folder: Path) -> None:
    """Write the run's ONNX export where `server` looks for it."""
    words = ("export", run, "--to", "onnx", "--out", folder / "export", "--random", 0)
    variables = processes.environment(threads, folder)
    processes.timed("textune", list(map(str, words)), folder / "export.txt", variables)


@contextmanager
def server(name: str, run: Path, threads: int, folder: Path) -> Iterator[Running]:
    """Start one of the servers in a process of its own."""
    place = folder / "export" if name == "onnx" else run
    precision = ["--precision", "bf16"] if name == "bf16" else []
    module, words = "textune", ["serve", str(place), *precision, "--port"]
    if name in PLAIN:
        module, words = "bench.serve_pipeline", [str(run / "model"), name]
    with started(module, words, processes.environment(threads, folder), folder) as running:
        yield running


def asked(running: Running, texts: Path, folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Let a process of clients ask a server; return what it measured."""
    job = {"port": running.port, "texts": str(texts), "warm": WARM, "threads": 1, **given}
    scratch = folder / "clients"
    scratch.mkdir(exist_ok=True)
    before = running.processor()
    found = processes.run("bench.serve_clients", job, scratch)
    found["processor_ms"] = 1e3 * (running.processor() - before) / max(1, found["answers"])
    if found["codes"].keys() - set(given.get("allowed", ["200"])):
        raise processes.ProgramError(f"answers that were not to be: {found['codes']}")
    if "200" not in found["codes"]:
        raise processes.ProgramError("no answer came in the time that is measured: more --seconds")
    return found


def _flood(
    options: argparse.Namespace,
    run: Path,
    texts: Path,
    folder: Path,
    say: Console,
) -> dict[str, Any]:
    """Ask the first of textune's servers for twice what it can, and follow its memory."""
    name = next((one for one in options.only if one not in PLAIN), summary.OURS)
    with server(name, run, options.threads, folder) as running:
        usual = {"clients": options.clients, "seconds": max(3.0, options.seconds / 2)}
        most = tried = asked(running, texts, folder, usual)["texts_per_second"]
        for _ in range(MOST_TRIALS):  # more at once fill its batches, and it can more
            trial = asked(running, texts, folder, _rate(tried, 5.0))
            most = max(most, trial["texts_per_second"])
            if "429" in trial["codes"]:
                break
            tried *= 2
        with running.followed() as sizes:
            given = _rate(most, float(options.overload))
            found = asked(running, texts, folder, given)
    sizes = sizes[int(len(sizes) * given["warm"] / (given["warm"] + options.overload)) :]
    third = max(1, len(sizes) // 3)
    growth = median(sizes[-third:]) - median(sizes[third : 2 * third])
    found |= {
        "capacity": most,
        "rate": 2 * most,
        "refused": found["codes"].get("429", 0) / sum(found["codes"].values()),
        "growth_mb": growth,
        "memory_mb": sizes,
        "is_steady": growth <= GROWTH_MB,
    }
    say.print(f"overload: {found['codes']}, memory grew by {growth:.1f} MB")
    if "429" not in found["codes"]:
        say.print("[yellow]nothing was refused: that was no overload, or the server takes too much")
    return found


def _rate(most: float, seconds: float) -> dict[str, Any]:
    """Ask for twice what a server can, first until its queue is full."""
    fills = 1.5 * WAITING / most
    asks = {"clients": 1_024, "rate": 2 * most, "warm": fills, "seconds": seconds}
    return asks | {"allowed": ["200", "429"]}


def summarise(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up each server, and compare textune's with the plain ones, turn by turn."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for one in measured:
        by_name.setdefault(one["server"], []).append(one)
    speeds = {
        name: {one["turn"]: one["many"]["texts_per_second"] for one in found}
        for name, found in by_name.items()
    }
    servers = {
        name: {
            "policy": SERVERS[name],
            "texts_per_second": median(one["many"]["texts_per_second"] for one in found),
            "p50_ms": median(one["many"]["p50_ms"] for one in found),
            "p99_ms": median(one["many"]["p99_ms"] for one in found),
            "alone_p50_ms": median(one["alone"]["p50_ms"] for one in found),
            "processor_ms": median(one["many"]["processor_ms"] for one in found),
            "peak_mb": max(one["peak_mb"] for one in found),
        }
        for name, found in by_name.items()
    }
    plain = {name: speeds[name] for name in PLAIN if name in speeds}
    ratios = {
        name: summary.ratios({summary.OURS: speed, **plain}, best={BEST: PLAIN})
        for name, speed in speeds.items()
        if name not in PLAIN
    }
    return {"servers": servers, "ratios": ratios}


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the servers, and below how textune's compares with each."""
    given = report["settings"]
    title = f"{given['clients']} clients, one text of {given['tokens']} tokens a request: medians"
    table = Table(title=title)
    for heading in (
        "server",
        "texts/s",
        "p50 ms",
        "p99 ms",
        "one alone, p50 ms",
        "processor ms a text",
        "peak MB",
    ):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    for one in report["servers"].values():
        table.add_row(
            one["policy"],
            f"{one['texts_per_second']:.1f}",
            f"{one['p50_ms']:.0f}",
            f"{one['p99_ms']:.0f}",
            f"{one['alone_p50_ms']:.1f}",
            f"{one['processor_ms']:.2f}",
            f"{one['peak_mb']:.0f}",
        )
    console.print(table)
    for name, found in report["ratios"].items():
        for line in summary.ratio_lines(found, "times the texts a second"):
            console.print(line.replace(summary.OURS, SERVERS[name], 1))
    if found := report["overload"]:
        codes = ", ".join(f"{count:,} × {code}" for code, count in sorted(found["codes"].items()))
        console.print(
            f"{found['rate']:.0f} texts/s asked for {given['overload']} s, and "
            f"{found['capacity']:.0f} can be answered: {codes}; half within "
            f"{found['p50_ms'] / 1e3:.1f} s, 99 % within {found['p99_ms'] / 1e3:.1f} s; "
            f"{found['wrong']} answers wrong; memory grew by {found['growth_mb']:.1f} MB"
        )


if __name__ == "__main__":
    main()
