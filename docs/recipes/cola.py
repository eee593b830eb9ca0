"""Acceptability of sentences (CoLA): look, train, test. `python cola.py TRAIN.tsv TEST.tsv`."""

import argparse
import json
import sys
from pathlib import Path

import textune


def main(words: list[str] | None = None) -> None:
    """Do what the page says, on as many rows as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--rows", type=int, help="use so many rows of each file: a trial")
    parser.add_argument("--base", default="bert-base-uncased")
    parser.add_argument("--out", type=Path, default=Path("runs/cola"))
    given = parser.parse_args(words)

    survey = textune.check(given.train, header=False, text=4, label=2, base=given.base)
    show(rows=survey.rows, labels=dict(survey.labels), longest=survey.lengths["longest"])
    run = textune.train(
        given.train,
        header=False,
        text=4,
        label=2,
        base=given.base,
        out=given.out,
        epochs=4,
        batch_size=32,
        lr=2e-5,
        max_tokens=64,
        seed=42,
        limit=given.rows,
        settings=["train.warmup_steps=0", "train.weight_decay=0"],
    )
    numbers = textune.evaluate(run, given.test)
    show(mcc=numbers["mcc"], accuracy=numbers["accuracy"])
    [found] = textune.Predictor.load(run.path).predict(["The cake was been eating."])
    show(labels=found.labels, scores=dict(found.scores))


def show(**values: object) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
