"""Ask textune what a run takes, make the run, and print what it took as a share of the forecast.

Three tasks of fine-tuning, and adapting to plain text, in two sizes, each forecast and each run in
a process of its own. Where other programs compute, `--processor` reckons and measures in seconds of
the processor instead of the clock. With `--processes 2` (4, 8, 16) as many part the weights on this
machine, and the memory of the first and of the largest other one is compared.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands
from textune.recipes.shares import COUNTS

PLAIN = "plain text"
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "one label": ("cola/in_domain_train.tsv", {"text": "4", "label": "2"}),
    "number": ("stsbenchmark/sts-train.csv", {"text": "6,7", "label": "5"}),
    "words": ("wnut17/wnut17train.conll", {}),
    PLAIN: ("meditations/clean.txt", {"epochs": 2, "max_tokens": 64, "batch_size": 8}),
}
SIZES = {PLAIN: (200, 600)}  # documents
ROWS = (700, 2500)  # of the others
HEADS = {
    False: ("seconds", "memory", "disk afterwards", "disk at most", "updates"),
    True: ("memory of the first", "memory of each other"),
}
PARTED = ["train.shard=true", "train.epochs=1", "data.valid_share=0.2"]  # no folds by one process
LOOKS = 0.05  # seconds between two looks at the folder of a run


def main(arguments: Sequence[str] | None = None) -> None:
    """Forecast, run, and print the ratios."""
    parser = commands.plain_parser("plan", __doc__)
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    parser.add_argument("--only", help="one of the tasks")
    parser.add_argument("--sizes", help="rows, or documents, by comma")
    parser.add_argument("--processes", type=int, choices=COUNTS, help="by train.shard")
    options = parser.parse_args(arguments)
    rows = []
    for name, (file, given) in TASKS.items():
        sizes = options.sizes.split(",") if options.sizes else SIZES.get(name, ROWS)
        for size in map(int, sizes):
            if options.only in (None, name):
                job = {"source": str(options.data / file), "limit": size, "given": given}
                job |= {"learns": "adapt" if name == PLAIN else "train"}
                job |= {"processor": options.processor, "processes": options.processes}
                compared = _parted if options.processes else _compared
                rows.append({"task": name, "rows": size, **compared(job, options.threads)})
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        return
    table = Table("task", "rows", *HEADS[bool(options.processes)])
    for row in rows:
        shares = [f"{value:.2f}" for value in row["shares"].values()]
        table.add_row(row["task"], f"{row['rows']:,}", *shares)
    Console().print("what the run took, as a share of the forecast", table)


def _compared(job: dict[str, Any], threads: int) -> dict[str, Any]:
    """Return what one forecast says, what its run took, and the shares."""
    plan, took = (_child({**job, "plan": is_plan}, threads) for is_plan in (True, False))
    disk = plan["disk_bytes"]
    told = {
        "seconds": plan["seconds"]["whole"],
        "memory": plan["peak_memory_bytes"],
        "end": disk["end"],
        "most": disk["most"],
        "steps": plan["steps"],
    }
    shares = {name: took[name] / value for name, value in told.items()}
    return {"plan": plan, "took": took, "shares": shares}


def _parted(job: dict[str, Any], threads: int) -> dict[str, Any]:
    """Return what is forecast of processes that part the weights, what they held, the shares."""
    count = job["processes"]
    plan = _child({**job, "plan": True}, threads)
    (told,) = (one for one in plan["each_process"] if one["processes"] == count)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        where = {"MASTER_ADDR": "localhost", "MASTER_PORT": str(free.getsockname()[1])}
    with tempfile.TemporaryDirectory(prefix="bench-plan-") as folder:
        where |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
        given = {**job, "plan": False, "out": folder}
        with ThreadPoolExecutor(count) as pool:
            places = [where | {"RANK": str(n), "LOCAL_RANK": str(n)} for n in range(count)]
            first, *others = pool.map(lambda place: _child(given, threads, **place), places)
    most = max(one["memory"] for one in others)
    shares = {"first": first["memory"] / told["first"], "each": most / told["each"]}
    return {"plan": plan, "took": {"first": first["memory"], "each": most}, "shares": shares}


def _child(job: dict[str, Any], threads: int, **more: str) -> dict[str, Any]:
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TEXTUNE_PROGRESS_SECONDS": "999"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.plan", "--child", json.dumps(job)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment | more,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _work(job: dict[str, Any]) -> dict[str, Any]:
    """Forecast, or run and measure."""
    import textune
    from textune.fast import memory
    from textune.recipes import reckoned

    clock: Callable[[], float] = time.process_time if job["processor"] else time.perf_counter
    reckoned.clock = clock
    with tempfile.TemporaryDirectory(prefix="bench-plan-") as folder:
        out = Path(job.get("out", folder)) / "run"
        most, ended = [0], threading.Event()

        def watch() -> None:
            while not ended.wait(LOOKS):
                most[0] = max(most[0], _bytes(out))

        learn = getattr(textune, job["learns"])
        given: dict[str, Any] = {"limit": job["limit"], "precision": "fp32", **job["given"]}
        given |= {"settings": PARTED} if job["processes"] else {}
        if job["plan"]:
            forecast: dict[str, Any] = dict(
                learn(job["source"], out=out, plan=True, **given).metrics["plan"]
            )
            return forecast
        began = clock()
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        learn(job["source"], out=out, **given)
        took = clock() - began
        ended.set()
        watcher.join()
        if job["processes"]:
            return {"memory": memory.peak() or 0}
        return {
            "seconds": took,
            "memory": memory.peak() or 0,
            "end": _bytes(out),
            "most": max(most[0], _bytes(out)),
            "steps": _steps(out),
        }


def _steps(run: Path) -> int:
    """Count the updates of a run."""
    log = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return sum("loss" in line and "step" in line for line in map(json.loads, log))


def _bytes(place: Path) -> int:
    """Return the bytes of all files below a folder, of which some may just vanish."""
    total = 0
    for root, _, files in os.walk(place):
        for file in files:
            with suppress(FileNotFoundError):
                total += (Path(root) / file).stat().st_size
    return total


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        json.dump(_work(json.loads(sys.argv[2])), sys.stdout)
        print()
    else:
        main()
