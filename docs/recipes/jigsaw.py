"""Toxic comments (Jigsaw): look, train, ask. `python jigsaw.py TRAIN.csv`."""

import argparse
import json
import sys
from pathlib import Path

import textune


def main(words: list[str] | None = None) -> None:
    """Do what the page says, on as many rows as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("--rows", type=int, help="use so many rows: a trial")
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--base", default="bert-base-uncased")
    parser.add_argument("--out", type=Path, default=Path("runs/jigsaw"))
    given = parser.parse_args(words)

    survey = textune.check(given.train, base=given.base)
    show(rows=survey.rows, labels=dict(survey.labels), unlabelled=survey.unlabelled)
    run = textune.train(
        given.train,
        base=given.base,
        out=given.out,
        epochs=10,
        batch_size=32,
        lr=2e-5,
        max_tokens=given.max_tokens,
        long="head",
        limit=given.rows,
        settings=["data.unlabelled=1.0", "train.warmup_epochs=0.33"],
    )
    parts = run.metrics["valid"]["labels"]
    show(roc_auc={label: numbers.get("roc_auc") for label, numbers in parts.items()})
    comments = ["You are a fool.", "Thank you for the link."]
    for found in textune.Predictor.load(run.path).predict(comments, threshold=0.3):
        show(text=found.text, labels=found.labels, scores=dict(found.scores))


def show(**values: object) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
