"""Emotions (GoEmotions): train, test, ask. `python emotions.py TRAIN DEV TEST NAMES`."""

import argparse
import json
import sys
from pathlib import Path

import textune


def main(words: list[str] | None = None) -> None:
    """Do what the page says, on as many rows as are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("train", "valid", "test", "names"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--rows", type=int, help="use so many rows of each file: a trial")
    parser.add_argument("--base", default="bert-base-uncased")
    parser.add_argument("--out", type=Path, default=Path("runs/emotions"))
    given = parser.parse_args(words)

    survey = textune.check(given.valid, names=given.names, base=given.base)
    show(rows=survey.rows, labels=dict(survey.labels))
    run = textune.train(
        given.train,
        valid=given.valid,
        test=given.test,
        names=given.names,
        base=given.base,
        out=given.out,
        epochs=5,
        batch_size=8,
        lr=2e-5,
        limit=given.rows,
        settings=["train.metric=micro_f1"],
    )
    for part in ("valid", "test"):
        numbers = run.metrics[part]
        show(part=part, micro_f1=numbers["micro_f1"], roc_auc=numbers.get("micro_roc_auc"))
    [found] = textune.Predictor.load(run.path).predict(["I am so happy that you came!"])
    show(labels=found.labels, likeliest=max(found.scores, key=found.scores.__getitem__))


def show(**values: object) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
