"""Updates by textune, timed: `python -m bench.stepping JOB.json RESULT.json`."""

import json
import math
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench import processes

WARM = 5  # updates before measuring begins
# Operations that a profile names, by part; whatever it names else is the rest.
PARTS = {
    "matrix products": (
        *("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::addmv"),
        "multiply_",
    ),
    "attention": ("attend_", "first_tokens_", "aten::_softmax", "aten::masked_fill"),
    "norms and activations (with their dropout)": (
        *("add_norm_", "gelu_", "embed_", "aten::gelu", "aten::native_layer_norm", "aten::tanh"),
        "aten::addcmul",
    ),
    "dropout outside of kernels": ("aten::random_", "aten::ge", "aten::bernoulli"),
    "sums for biases and rows": ("column_sums", "add_rows", "aten::sum", "aten::index"),
    "clipping": ("squares", "aten::_foreach_norm", "aten::linalg_vector_norm"),
    "optimizer": ("adamw", "aten::_fused_adamw", "Optimizer."),
    "copies and zeros": ("aten::copy_", "aten::cat", "aten::fill_", "aten::zero_"),
}


def main() -> None:
    """Read the job, train, and write what was measured."""
    job, target = processes.read_job()
    if not job["kernels"]:
        os.environ["TEXTUNE_KERNELS"] = "0"
    processes.limit_threads(job["threads"])
    target.write_text(json.dumps(run(job)), encoding="utf-8")


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Take the steps three times: timed, in two ways by turns, and profiled."""
    import torch

    learner = build(job)
    times = list(islice(timed(learner), WARM + job["steps"]))[WARM:]
    seconds = median(each["seconds"] for each in times)
    turns = by_turns(learner, job["steps"])
    with call_by_call(), torch.profiler.profile(with_flops=True) as profile:
        products = watched()
        for _ in islice(timed(learner), job["steps"]):
            pass
    events = profile.key_averages()
    texts, tokens = (sum(each[name] for each in times) for name in ("texts", "tokens"))
    total = sum(each["seconds"] for each in times)
    return {
        "precision": learner.precision,
        "seconds_per_step": seconds,
        "by_turns": turns,
        "texts_per_second": texts / total,
        "tokens_per_second": tokens / total,
        "product_gflop": (sum(each.flops for each in events) + sum(products)) / job["steps"] / 1e9,
        "parts": parts(events, job["steps"]),
    }


def build(job: dict[str, Any]) -> Any:
    """Make what `textune.train` would learn with."""
    from textune.corpora.corpus import gather
    from textune.encoder import bases, devices
    from textune.objectives.labelled import Labelled
    from textune.runs.events import drained
    from textune.settings import config
    from textune.settings.config import Settings
    from textune.text import tokenizers
    from textune.training import snapshot
    from textune.training.learner import Learner

    label = ["label"] if job["kind"] == "single" else list(job["labels"])
    settings = config.resolve(
        Settings,
        given={
            "base": job["base"],
            "data.text": ["text"],
            "data.label": label,
            "data.task": job["kind"],
            "data.max_tokens": job["max_tokens"],
            "data.long": "head",
            "train.batch_size": job["batch_size"],
            "train.precision": job["precision"],
            "train.micro_tokens": job["micro_tokens"] or None,
            "train.epochs": 100,
            "train.pooling": "first",  # as the Trainer has it: the same layers are computed
        },
    )
    place = bases.find(settings.base)
    tokenizer = tokenizers.load(place)
    corpus = drained(gather(Path(job["train"]), settings, tokenizer, valid=Path(job["valid"])))
    device = devices.choose("auto")
    width = bases.width(Path(place))
    settings, _ = snapshot.choose_precision(settings, device, width=width, resumed=None)
    objective = Labelled.of(corpus, settings)
    encoder, sub = objective.encoder(place, settings.train, device)
    return Learner.build(objective, settings, encoder, sub=sub)


def timed(learner: Any) -> Iterator[dict[str, float]]:
    """Update, and yield each update's time and size."""
    import torch

    began = time.perf_counter()
    graphs = learner.capturing(learner.objective.loss)
    works = learner.work(None if graphs is None else torch.device("cpu"))
    for step in learner.updates(learner.objective.loss, works, graphs):
        now = time.perf_counter()
        yield {
            "seconds": now - began,
            "texts": step.texts,
            "tokens": step.tokens,
            "computed": step.computed,
        }
        began = now


def by_turns(learner: Any, steps: int) -> dict[str, float]:
    """Return medians of seconds: with each layer in one call of the kernels, and call by call."""
    whole, parts = [], []
    updates = timed(learner)
    for _ in range(steps):
        whole.append(next(updates)["seconds"])
        with call_by_call():
            parts.append(next(updates)["seconds"])
    return {"whole": median(whole), "parts": median(parts)}


@contextmanager
def call_by_call() -> Iterator[None]:
    """Let layers call a kernel for each of their parts."""
    from textune.fast.whole import Whole

    takes = Whole.takes
    Whole.takes = lambda *_: False  # type: ignore[method-assign]
    try:
        yield
    finally:
        Whole.takes = takes  # type: ignore[method-assign]


def watched() -> list[int]:
    """Let the profiler see each kernel by its name; return where operations of products come."""
    import torch

    from textune.fast import calls

    plain, products = calls.plain, list[int]()

    def named(name: str, *arguments: Any, threads: int | None = None) -> Any:
        if name.startswith("multiply_"):
            products.append(2 * math.prod(arguments[5:8]))  # rows, columns and length of a sum
        with torch.profiler.record_function(name):
            return plain(name, *arguments, threads=threads)

    calls.plain = named
    return products


def parts(events: Any, steps: int) -> dict[str, dict[str, float]]:
    """Sum the time that each operation itself took, by part, largest first."""
    spent: dict[str, float] = defaultdict(float)
    calls: dict[str, float] = defaultdict(float)
    for event in events:
        part = next(
            (name for name, keys in PARTS.items() if event.key.startswith(keys)),
            "the rest: Python, autograd, allocation",
        )
        spent[part] += event.self_cpu_time_total / 1e3 / steps
        calls[part] += event.count / steps
    total = sum(spent.values())
    ranked = sorted(spent, key=lambda name: -spent[name])
    return {
        name: {"ms": spent[name], "share": spent[name] / total, "calls": calls[name]}
        for name in ranked
    }


if __name__ == "__main__":
    main()
