"""Plain text becomes what there is to say of it: documents, words, and how a base writes them."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from textune.encoder import bases
from textune.encoder.names import BUNDLED
from textune.errors import DataError, some
from textune.reading import documents, kinds, obtained, sources
from textune.reading.documents import TextFile
from textune.reading.forms import folders
from textune.text import fertility, tokenizers
from textune.text.tokenizers import Tokenizer

FEW = 5  # files each of which is described
SHOWN = 3  # files that are named, of those that are alike
KINDS = {  # what a document is
    "lines": "each line is a document",
    "blocks": "each block between blank lines is a document",
    "table": "each row is a document",
}


def is_many(source: object, *, is_plain: bool = False) -> bool:
    """Tell whether a source is a folder or a pattern of plain text, not of labelled texts.

    Args:
        source: What somebody named.
        is_plain: Whether it is said to be plain text.
    """
    if not isinstance(source, str | Path):
        return False
    is_folder = Path(source).is_dir()
    if not is_folder and not obtained.is_pattern(source):
        return False
    if is_plain:
        return not (is_folder and folders.is_table(Path(source)))
    try:
        found = obtained.obtain(source).train
        if is_folder and found == (Path(source),):
            return not folders.is_table(found[0])
        return _is_prose(found[0])
    except DataError:  # of rows: nobody can tell which of the files is meant
        return not is_folder or not any(map(kinds.holds_rows, Path(source).iterdir()))


def _is_prose(file: Path) -> bool:
    """Tell whether a file is plain text: each line of it one text without a label."""
    if kinds.ending(file) in (".text", ".md"):
        return True
    table = sources.read(file)
    return table.format == "text" and len(table.columns) == 1


def check(
    sources: Sequence[str | Path],
    *,
    text: str | None = None,
    base: str | Path | None = None,
    encoding: str | None = None,
) -> dict[str, object]:
    """Read plain text once, and measure it in the pieces of a base.

    Returns:
        "source", "task" ("plain"), "reading" (how each file was understood), "documents",
        "fertility" and the "command" that adapts an encoder to it.

    Raises:
        DataError: There is no text, or a file cannot be read.
    """
    files = documents.find(sources, text=text, encoding=encoding)
    count = 0

    def texts() -> Iterable[str]:
        nonlocal count
        for paragraph in documents.read_all(files, text=text):
            count += paragraph.begins
            yield paragraph.text

    found = measure(texts(), tokenizers.load(bases.find(base or BUNDLED)))
    return {
        "source": [str(source) for source in sources],
        "task": "plain",
        "reading": summary(files),
        "documents": count,
        "fertility": found,
        "command": command(sources, text=text, base=base, encoding=encoding),
    }


def summary(files: Sequence[TextFile]) -> list[str]:
    """Say how files were understood: each of a few, and of many how many in each way."""
    if len(files) <= FEW:
        return [reason for file in files for reason in file.reasons]
    found = []
    for kind, words in KINDS.items():
        alike = [file for file in files if file.kind == kind]
        if alike:
            named = some([file.name for file in alike], SHOWN)
            count = "1 file" if len(alike) == 1 else f"{len(alike):,} files"
            found.append(f"{count} in which {words}: {named}")
    others = dict.fromkeys(reason for file in files for reason in file.reasons[1:])
    return [*found, *list(others)[:FEW], *list(others)[FEW:][-1:]]  # the last says what is left out


def measure(texts: Iterable[str], tokenizer: Tokenizer) -> dict[str, object]:
    """Say what texts cost in a tokenizer's pieces, as plain values; {} where there is no word."""
    try:
        return asdict(fertility.measure(texts, tokenizer))
    except DataError:
        return {}


def command(
    sources: Sequence[str | Path],
    *,
    text: str | None = None,
    base: str | Path | None = None,
    encoding: str | None = None,
) -> str:
    """Return the command that adapts an encoder to some text."""
    places = (f"./{source}" if str(source).startswith("-") else str(source) for source in sources)
    words = ["textune", "adapt", *places]
    for option, value in (("--text", text), ("--base", base), ("--encoding", encoding)):
        words += [option, str(value)] if value is not None else []
    return shlex.join(words)
