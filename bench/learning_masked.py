"""One masked-LM training of bench.learning in a process of its own, by textune or the Trainer.

Both begin at the same encoder with the same masked-LM head, and are judged by the same masks of the
same held-out text.
"""

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

from bench import masked_jobs, masking, measure
from bench.jobs import POLICIES, Job, Result
from bench.tasks import Prepared

FILE = "meditations/clean.txt"
HELD_OUT = 10  # each such line is not learned from
BASE = "masked-lm-base"  # folder of the encoder with its head
SCORE = "held-out loss"
MOST_TOKENS = 128


def prepare(options: argparse.Namespace, folder: Path) -> Prepared:
    """Write the lines to learn from and those held out, and give the base a masked-LM head."""
    import textune

    lines = (options.data / FILE).read_text(encoding="utf-8").splitlines()
    lines = lines[: options.rows]
    parts = {
        "train": [line for number, line in enumerate(lines) if number % HELD_OUT],
        "valid": lines[::HELD_OUT],
    }
    files = {}
    for name, part in parts.items():
        files[name] = folder / f"masked-lm-{name}.jsonl"
        rows = [json.dumps({"text": line}) + "\n" for line in part]
        files[name].write_text("".join(rows), encoding="utf-8")
    textune.adapt(
        files["train"],
        base=options.base,
        out=folder / BASE,
        text="text",
        epochs=0,
        seed=1,
        max_tokens=MOST_TOKENS,
    )
    return Prepared(
        kind="masked-lm",
        labels=(),
        train=files["train"],
        valid=files["valid"],
        sets={"valid": files["valid"]},
        rows={name: len(part) for name, part in parts.items()},
        metrics=("loss",),
    )


def base_of(options: argparse.Namespace, prepared: Prepared, task: str) -> str:
    """Return the encoder that a task begins at."""
    if task != "masked-lm":
        return str(options.base)
    return str(prepared.train.parent / BASE / "model")


def run(job: Job) -> Result:
    """Train by the program of the job, and judge what was learned."""
    place = train_textune(job) if job.program == "textune" else train_peer(job)[0]
    return Result(
        program=job.program,
        policy=POLICIES[job.program],
        seed=job.seed,
        turn=job.turn,
        device="",
        precision=job.numbers or "auto",
        threads=job.threads,
        examples=0,
        examples_per_second=0.0,
        tokens_per_second=0.0,
        train_seconds=0.0,
        padding=0.0,
        peak_memory_mb=0.0,
        scores={SCORE: judge(place, job)},
    )


def train_textune(job: Job) -> Path:
    """Learn from every text with what `textune adapt` learns with; return the model's folder."""
    os.environ["TEXTUNE_KERNELS"] = "1" if job.kernels else "0"
    from itertools import islice

    from textune.encoder import load
    from textune.training import loop

    asked = masked_jobs.Job(
        program=job.program,
        base=job.base,
        texts=job.train,
        scratch=job.scratch,
        seed=job.seed,
        turn=job.turn,
        batch_size=job.batch_size,
        max_tokens=job.max_tokens or MOST_TOKENS,
        threads=job.threads,
    )
    changes = (f"train.lr={job.lr}", *measure.changes(job))
    learner = masking.build(asked, epochs=job.epochs, changes=changes)
    steps = loop.train(
        learner.model,
        learner.objective.loss,
        learner.work(),
        learner.optimizer,
        learner.schedule,
        clip=job.clip,
    )
    for _ in islice(steps, learner.total):
        pass
    place = Path(job.scratch) / "model"
    place.mkdir()
    load.save(learner.encoder, place)
    for file in Path(job.base).glob("*token*"):
        shutil.copy(file, place)
    return place


def train_peer(job: Job) -> tuple[Path, float]:
    """Train by the Trainer on random batches; return the folder of the model, and the seconds."""
    from transformers import AutoModelForMaskedLM, AutoTokenizer, Trainer, set_seed

    from bench import masked_peers, peers  # here, so that --help does not load transformers

    set_seed(job.seed)
    tokenizer: Any = AutoTokenizer.from_pretrained(job.base)
    model = AutoModelForMaskedLM.from_pretrained(job.base)
    lines = Path(job.train).read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    ids = tokenizer(texts, truncation=True, max_length=job.max_tokens)["input_ids"]
    trainer = Trainer(
        model=model,
        args=peers.arguments(job),
        train_dataset=[{"input_ids": each} for each in ids],
        data_collator=masked_peers.collator(tokenizer),
        processing_class=tokenizer,
    )
    seconds = float(trainer.train().metrics["train_runtime"])
    place = Path(job.scratch) / "model"
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place, seconds


def judge(place: Path, job: Job) -> float:
    """Return the loss on the held-out text, whose masks follow from a fixed seed, in fp32."""
    from textune.corpora import library
    from textune.doors import keywords
    from textune.encoder import masked_lm
    from textune.objectives.masked import Masked
    from textune.settings.language_config import AdaptSettings
    from textune.text import tokenizers

    given = {"base": str(place), "text": "text", "max_tokens": job.max_tokens}
    settings = keywords.resolve(AdaptSettings, given)
    tokenizer = tokenizers.load(str(place))
    found = library.judged([job.valid], tokenizer, settings.text, settings.mask, seed=1)
    loaded = masked_lm.read(str(place))
    numbers = Masked(found, 1).judge(loaded.encoder, micro_tokens=4096)
    return float(numbers["loss"])


if __name__ == "__main__":
    measure.answer(run)
