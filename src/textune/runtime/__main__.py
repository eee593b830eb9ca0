"""The program of an exported model: `python -m textune.runtime DIR TEXT…`, an object a text."""

import argparse
import sys

from textune.errors import TextuneError
from textune.runtime import console


def main(words: list[str] | None = None) -> int:
    """Label the texts of a command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m textune.runtime",
        description="Label TEXTs with an exported model: one JSON object a text.",
    )
    parser.add_argument("folder", metavar="DIR", help="Folder that textune export wrote.")
    parser.add_argument("texts", metavar="TEXT", nargs="+", help="Texts to label; pairs by twos.")
    parser.add_argument("--threshold", type=float, help="Probability from which a label applies.")
    asked = parser.parse_args(words)
    try:
        _answer(asked.folder, asked.texts, asked.threshold)
    except TextuneError as error:
        console.fail(str(error))
        return error.exit_code
    return 0


def _answer(folder: str, texts: list[str], threshold: float | None) -> None:
    """Print what a model says of texts."""
    from textune.predicting import telling  # numpy: not for --help
    from textune.runtime.predictor import Predictor

    predictor = Predictor.load(folder)
    for item in predictor.stream(predictor.typed(texts), threshold=threshold):
        console.show(telling.to_json(item, predictor.task.name))


if __name__ == "__main__":
    sys.exit(main())
