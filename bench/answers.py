"""Texts labelled in a process of its own: `python -m bench.answers QUESTION.json RESULT.json`."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench import processes
from bench.jobs import ANSWERERS, BATCH, Answer, Question

WARM = 8  # texts that are labelled before the clock starts
Labelled = list[
    tuple[str, list[float]]
]  # a label, and the probability of each label, for each text
Answerer = Callable[[Sequence[str]], Labelled]


def main() -> None:
    """Read the question, answer it, and write what was measured."""
    values, target = processes.read_job()
    question = Question(**values)
    processes.limit_threads(question.threads)
    answer = replace(run(question), peak_memory_mb=processes.peak_memory_mb())
    target.write_text(json.dumps(asdict(answer)), encoding="utf-8")


def run(question: Question) -> Answer:
    """Load the model, label a few texts, then label all of them with the clock running."""
    texts = json.loads(Path(question.texts).read_text(encoding="utf-8"))
    label = load(question.program, Path(question.run))
    before = cached()
    label(texts[:WARM])
    began = time.perf_counter()
    found = label(texts)
    seconds = time.perf_counter() - began
    refuse_cache(before)
    probabilities = [shares for _, shares in found]
    Path(question.probabilities).write_text(json.dumps(probabilities), encoding="utf-8")
    return Answer(
        program=question.program,
        policy=ANSWERERS[question.program],
        turn=question.turn,
        threads=question.threads,
        texts=len(texts),
        seconds=seconds,
        texts_per_second=len(texts) / seconds,
        peak_memory_mb=0.0,
    )


def load(program: str, run: Path) -> Answerer:
    """Load the fine-tuned model as this program does."""
    if program == "textune":
        return load_textune(run)
    card = json.loads((run / "model" / "decision.json").read_text(encoding="utf-8"))
    if program == "pipeline":
        return load_pipeline(run / "model", card)
    return load_sorted(run / "model", card, is_bf16=program == "sorted-bf16")


def load_textune(run: Path) -> Answerer:
    """Load the predictor of the public door."""
    from textune import Predictor

    predictor = Predictor.load(run)

    def label(texts: Sequence[str]) -> Labelled:
        return [(found.labels[0], list(found.scores.values())) for found in predictor(texts)]

    return label


def load_pipeline(model: Path, card: dict[str, Any]) -> Answerer:
    """Load transformers' pipeline; its limit is that of the model, which not every one names."""
    import torch
    from transformers import pipeline

    classify: Any = pipeline(
        "text-classification",
        model=str(model),
        tokenizer=str(model),
        batch_size=BATCH,
        truncation=True,
        max_length=card["shape"]["max_tokens"],
        top_k=None,
        device=0 if torch.cuda.is_available() else "cpu",
    )

    def label(texts: Sequence[str]) -> Labelled:
        found = []
        for shares in classify(list(texts)):
            by_name = {share["label"]: share["score"] for share in shares}
            found.append((shares[0]["label"], [by_name[name] for name in card["labels"]]))
        return found

    return label


def load_sorted(model: Path, card: dict[str, Any], *, is_bf16: bool) -> Answerer:
    """Load what a careful user writes: texts of like length together, weights in one format."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForSequenceClassification.from_pretrained(
        model, dtype=torch.bfloat16 if is_bf16 else torch.float32, attn_implementation="sdpa"
    )
    network.eval().to("cuda" if torch.cuda.is_available() else "cpu")

    def label(texts: Sequence[str]) -> Labelled:
        ids = tokenizer(list(texts), truncation=True, max_length=card["shape"]["max_tokens"])[
            "input_ids"
        ]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]), reverse=True)
        found: Labelled = [("", [])] * len(ids)
        with torch.inference_mode():
            for start in range(0, len(order), BATCH):
                places = order[start : start + BATCH]
                rows = {"input_ids": [ids[at] for at in places]}
                batch = tokenizer.pad(rows, return_tensors="pt").to(network.device)
                shares = network(**batch).logits.float().softmax(-1)  # (B, C)
                best = shares.argmax(-1).tolist()
                for at, one, row in zip(places, best, shares.tolist(), strict=True):
                    found[at] = (card["labels"][one], row)
        return found

    return label


def cached() -> set[str]:
    """Name what lies in textune's cache; compiled kernels hold no part of the work on a text."""
    place = Path(os.environ.get("TEXTUNE_CACHE", "no such folder"))
    names = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    return {name for name in names if not name.startswith("kernels/")}


def refuse_cache(before: set[str]) -> None:
    """End where a program kept tokens: the warm-up would have done a part of its work.

    Raises:
        RuntimeError: There are files in textune's cache that were not there before.
    """
    if kept := sorted(cached() - before):
        raise RuntimeError(f"tokens were kept ({kept[0]}), so the times are not fair")


if __name__ == "__main__":
    main()
