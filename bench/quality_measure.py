"""One training of bench.quality in a process of its own."""

from pathlib import Path

from bench import measure
from bench.jobs import Job, Result
from bench.quality_sets import read

COLUMNS = {  # of texts, and of what is learned
    "tags": (("words",), "tags"),
    "answers": (("question", "context"), "answers"),
}


def run(job: Job) -> Result:
    """Train by the program of the job."""
    if job.program == "textune":
        return train_textune(job)
    from bench import peer_trainer  # here, so that textune's process does not pay for the Trainer

    return peer_trainer.train(job)


def train_textune(job: Job) -> Result:
    """Train as textune does by itself; long texts in windows, unless the job says otherwise."""
    rows = read(Path(job.train))
    texts = ("text", "pair") if "pair" in rows[0] else ("text",)
    text, label = COLUMNS.get(job.task, (texts, "label"))
    long = {} if job.long is None else {"long": job.long}
    return measure.by_textune(job, examples=len(rows), text=text, label=label, **long)


if __name__ == "__main__":
    measure.answer(run)
