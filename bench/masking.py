"""One masked-LM training in its own process: `python -m bench.masking JOB.json RESULT.json`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench import processes
from bench.masked_clock import Clock
from bench.masked_jobs import POLICIES, RATE, Job, Result
from bench.stepping import timed

PASSES = 100  # of textune's schedule, which must not end within what is measured


def main() -> None:
    """Read the job, train, and write what was measured."""
    values, target = processes.read_job()
    job = Job(**values)
    processes.limit_threads(job.threads)
    result = replace(run(job), peak_memory_mb=processes.peak_memory_mb())
    target.write_text(json.dumps(asdict(result)), encoding="utf-8")


def run(job: Job) -> Result:
    """Learn by the program of the job."""
    if job.program == "textune":
        return learn(job)
    from bench import masked_peers  # here, so that textune's process does not pay for the Trainer

    return masked_peers.learn(job)


def learn(job: Job, changes: Sequence[str] = ()) -> Result:
    """Take the updates of `textune adapt`: some to warm up, then one pass with the clock on.

    Args:
        job: What to learn from.
        changes: Other settings, "section.name=value".
    """
    import torch

    learner = build(job, changes=changes)
    whole = learner.objective
    learner.objective = part(whole, job.warm)
    updates(learner)
    learner.objective, learner.sizes = whole, None
    device = str(learner.encoder.device)
    clock = Clock(job, device)
    clock.start()
    taken = updates(learner)
    clock.stop()
    tokens, computed = (int(sum(each[name] for each in taken)) for name in ("tokens", "computed"))
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        turn=job.turn,
        model=type(learner.encoder.model).__name__,
        device=device,
        precision=learner.precision,
        threads=torch.get_num_threads(),
        updates=len(taken),
        texts=whole.library.documents.count,
        tokens=tokens,
        computed=computed,
        seconds=clock.seconds,
    )


def build(job: Job, *, epochs: int = PASSES, changes: Sequence[str] = ()) -> Any:
    """Make what `textune adapt` would learn with, and let it learn from every text.

    A user's run holds a tenth of the texts out; here nothing is, so that all programs learn from
    the same ones.

    Args:
        job: What to learn from.
        epochs: Passes of the schedule.
        changes: Other settings, "section.name=value".
    """
    import torch

    from textune.corpora import library
    from textune.doors import keywords
    from textune.encoder import devices
    from textune.fast import memory
    from textune.objectives.masked import Masked
    from textune.recipes import vocabularies
    from textune.runs.events import drained
    from textune.settings.language_config import AdaptSettings
    from textune.text import tokenizers
    from textune.training import snapshot
    from textune.training.learner import Learner

    given = {
        "base": job.base,
        "text": "text",
        "max_tokens": job.max_tokens,
        "batch_size": job.batch_size,
        "epochs": epochs,
        "seed": job.seed,
        "mask": RATE,
    }
    settings = keywords.resolve(AdaptSettings, given, None, changes)
    start = drained(vocabularies.prepare((job.texts,), settings, Path(job.scratch)))
    tokenizer = tokenizers.load(str(start.tokenizer))
    found = drained(
        library.gather((job.texts,), tokenizer, settings.text, settings.mask, seed=settings.seed)
    )
    loaded = start.language(found, nsp=False, seed=settings.seed)
    loaded.encoder.to(devices.choose(settings.device))
    width = int(loaded.encoder.config.hidden_size)
    device = loaded.encoder.device
    settings, _ = snapshot.choose_precision(settings, device, width=width, resumed=None)
    learner = Learner.build(Masked(everything(found), job.batch_size), settings, loaded.encoder)
    torch.manual_seed(settings.seed)  # this and the next as in learning.learn
    memory.keep()
    return learner


def everything(found: Any) -> Any:
    """Return the library in which all documents are learned from, in their order."""
    import numpy as np

    from textune.text import passages

    whole = passages.whole(
        found.documents,
        np.arange(found.documents.count),
        found.masking.word_starts,
        room=found.max_tokens - found.specials[0],
    )
    return replace(found, train=whole)


def part(objective: Any, texts: int) -> Any:
    """Return the objective of the first texts alone."""
    import numpy as np

    library = objective.library
    train = library.train.take(np.arange(min(texts, len(library.train))))
    return replace(objective, library=replace(library, train=train))


def updates(learner: Any) -> list[dict[str, float]]:
    """Take the updates of one pass."""
    return list(islice(timed(learner), learner.objective.per_epoch))


if __name__ == "__main__":
    main()
