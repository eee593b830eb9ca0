"""Adapt an encoder to a book by masked-LM, and ask it what it learned.

python docs/recipes/meditations.py meditations/clean.txt --out runs/meditations
"""

import argparse

import textune


def main() -> None:
    """Adapt with the published settings, then fill a mask."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("text", help="a file with a paragraph on each line")
    options.add_argument("--rows", type=int, help="read so many paragraphs only")
    options.add_argument("--base", default="bert-base-uncased")
    options.add_argument("--out", default="runs/meditations")
    options.add_argument("--ask", default="the emperor wrote his [MASK] in greek .")
    given = options.parse_args()

    run = textune.adapt(
        given.text,
        base=given.base,
        out=given.out,
        limit=given.rows,
        epochs=2,
        batch_size=16,
        lr=1e-5,
        seed=42,
    )
    filler = textune.Filler.load(run.path)
    for mask in filler.fill(given.ask):
        for candidate in mask:
            print(candidate)


if __name__ == "__main__":
    main()
