"""A job of bench.few becomes a training by SetFit: `PYTHON bench/few_setfit.py JOB RESULT`.

SetFit is no dependency of anything here: this file runs by another Python, that of `--setfit`, and
imports nothing of the project.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any


def train(job: dict[str, Any]) -> dict[str, Any]:
    """Train, and answer for the test rows."""
    setfit = importlib.import_module("setfit")  # not by a statement: nothing declares it
    datasets = importlib.import_module("datasets")
    rows, test = (read(job[part]) for part in ("train", "test"))
    several = job["kind"] == "multi"
    labels = list(job["labels"])
    targets = [
        [int(row[name]) for name in labels] if several else labels.index(row["label"])
        for row in rows
    ]
    strategy = {"multi_target_strategy": "one-vs-rest"} if several else {}
    model = setfit.SetFitModel.from_pretrained(job["base"], **strategy)
    model.model_body.max_seq_length = job["max_tokens"]
    options = setfit.TrainingArguments(
        output_dir=str(Path(job["scratch"]) / "setfit"),
        max_steps=job["setfit_steps"],
        seed=job["seed"],
        report_to="none",
        save_strategy="no",
        show_progress_bar=False,
    )
    texts = [row["text"] for row in rows]
    given = datasets.Dataset.from_dict({"text": texts, "label": targets})
    setfit.Trainer(model=model, args=options, train_dataset=given).train()
    fitted = time.time()
    said = model.predict([row["text"] for row in test], as_numpy=True)
    if several:
        answers = [
            [name for name, there in zip(labels, row, strict=True) if there]
            for row in said.tolist()
        ]
    else:
        answers = [labels[int(at)] for at in said.tolist()]
    return {"fitted": fitted, "answers": answers}


def read(file: str) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Read the job, train, and write the answers."""
    source, target = map(Path, sys.argv[1:3])
    job = json.loads(source.read_text(encoding="utf-8"))
    target.write_text(json.dumps(train(job)), encoding="utf-8")


if __name__ == "__main__":
    main()
