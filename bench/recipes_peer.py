"""One published recipe by transformers' Trainer, as a script of a user's would do it.

`python -m bench.recipes_peer JOB.json RESULT.json`: it validates after each epoch and keeps the
best weights in memory (cheaper than the Trainer's own checkpoints), saves the model, and answers
for the test rows.
"""

import json
from pathlib import Path
from typing import Any

from bench import processes
from bench.jobs import Job
from bench.recipes_scores import Predictions
from bench.recipes_sets import MASKED


def run(job: Job, test: Path, answers: Path) -> float:
    """Train, save, and write the answers; return the seconds of training alone."""
    if job.task == MASKED:
        from bench import learning_masked

        return learning_masked.train_peer(job)[1]
    from bench import peer_trainer
    from bench.quality_sets import read

    fitted = peer_trainer.fit(job)
    fitted.clock.restore()
    place = Path(job.scratch) / "model"
    fitted.model.save_pretrained(place)
    fitted.tokenizer.save_pretrained(place)
    head = peer_trainer.HEADS[job.task]
    features = head.asked(read(test), fitted.tokenizer, job)
    found = peer_trainer.answers(fitted.model, features, head.collator(fitted.tokenizer))
    to_predictions(found, job.task).write(answers)
    return float(fitted.clock.seconds)


def to_predictions(outputs: Any, kind: str) -> Predictions:
    """Return probabilities, and as decisions what is likeliest, or likelier than not."""
    import torch

    logits = torch.stack([each["logits"] for each in outputs]).double()  # (N, C)
    if kind == "multi":
        return Predictions(logits.sigmoid().tolist(), (logits >= 0).int().tolist())
    return Predictions(logits.softmax(1).tolist(), logits.argmax(1).tolist())


def main() -> None:
    """Read the job, train, and write what was measured."""
    values, target = processes.read_job()
    test, answers = (Path(values.pop(name)) for name in ("test", "answers"))
    job = Job(**values)
    processes.limit_threads(job.threads)
    seconds = run(job, test, answers)
    target.write_text(json.dumps({"train_seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
