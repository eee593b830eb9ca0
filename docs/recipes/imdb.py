"""Learn whether a film review is good or bad: one epoch, a one-cycle learning rate.

python docs/recipes/imdb.py imdb/train.csv.gz imdb/test.csv.gz --out runs/imdb
"""

import argparse

import textune


def main() -> None:
    """Train with the published settings, judge by the test reviews, then label one review."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("train", help="labelled reviews: a table, or a folder for each label")
    options.add_argument("test", help="the same, for the judgement at the end")
    options.add_argument("--rows", type=int, help="train on so many reviews only")
    options.add_argument("--base", default="bert-base-uncased")
    options.add_argument("--out", default="runs/imdb")
    given = options.parse_args()

    run = textune.train(
        given.train,
        text="text",
        label="label",
        base=given.base,
        out=given.out,
        limit=given.rows,
        epochs=1,
        lr=5e-5,
        settings="train.schedule=one-cycle",
        seed=42,
    )
    scores = textune.evaluate(run, given.test)
    print("accuracy", scores["accuracy"])
    answer = textune.Predictor.load(run.path)(["A slow start, and then a film to remember."])[0]
    print("label", answer.labels)


if __name__ == "__main__":
    main()
