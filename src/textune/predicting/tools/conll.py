"""Predictions become lines of CoNLL: a word and its tag in IOB2, a blank line after each text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from textune.errors import DataError, excerpt
from textune.predicting.tools.interface import Item, Model, Tool, Write, no_settings
from textune.storage import atomic

ENDINGS = (".conll", ".iob2", ".bio", ".tsv", ".txt")
BORDER = "-DOCSTART-"


@contextmanager
def _writing(path: Path, model: Model, overwrite: bool) -> Iterator[Write]:  # as all
    with atomic.writing(path, overwrite=overwrite) as file:

        def write(items: Sequence[Item]) -> None:
            for item in items:
                lines = [
                    f"{_word(item.text[start:end], item.origin)}\t{tag}\n"
                    for (start, end), tag in zip(item.said.words, item.said.labels, strict=True)
                ]
                if lines:
                    file.write("".join([*lines, "\n"]).encode())

        yield write


def _word(word: str, origin: str) -> str:
    if any(sign in word for sign in "\t\r\n") or not word.strip() or word.startswith(BORDER):
        raise DataError(
            f"{origin}: the word {excerpt(word)} cannot stand in a line of CoNLL; take the row out "
            "of the file, or write predictions in another form"
        )
    return word


TOOL = Tool(
    name="conll",
    endings=ENDINGS,
    fits=lambda model: model.asks == "words",
    what="tags of words",
    writing=_writing,
    settings=no_settings,
)
