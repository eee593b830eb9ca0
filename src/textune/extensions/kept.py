"""A model whose head or texts are the user's own asks for their code, and takes no other.

The code lies beside the model to be read; it is run only where the caller names it.
"""

from collections.abc import Mapping
from pathlib import Path

from textune.errors import ModelError
from textune.storage import atomic
from textune.tasks.own import ANSWERS, Own, Source

FILE = "plugin.py"  # beside the weights: a copy of the code
WORDS = {"head": "a head", "preprocess": "a preprocessing of texts"}


def write(own: Own, folder: Path) -> None:
    """Lay the code of what decides a model's answers beside it, as it was in training."""
    sources = {part: own.sources[part] for part in ANSWERS if part in own.sources}
    is_one = len({source.sha256 for source in sources.values()}) == 1
    for part, source in sources.items():
        if source.text:
            atomic.write_text(folder / (FILE if is_one else f"{part}.py"), source.text)


def require(folder: Path, told: Mapping[str, Mapping[str, str]], own: Own) -> None:
    """Hold the parts that were given against those that a model was trained with.

    Args:
        folder: Of the model.
        told: What the model says of them.
        own: What was given.

    Raises:
        ModelError: A part is missing, is not as it was, or the model has none.
    """
    for part in ANSWERS:
        if part in told:
            _compare(folder, part, told[part], own.sources.get(part))
        elif part == "preprocess" and part in own.sources:
            raise ModelError(
                f"{folder}: this model was trained on texts as they are, and "
                f"{own.sources[part].name} would change them; leave it out"
            )


def _compare(folder: Path, part: str, told: Mapping[str, str], found: Source | None) -> None:
    name = told.get("name", "")
    copies = [place for place in (folder / FILE, folder / f"{part}.py") if place.is_file()]
    copy = f" (a copy lies in {copies[0]}: read it before you run it)" if copies else ""
    if found is None:
        raise ModelError(
            f"{folder}: this model has {WORDS[part]} of its owner's, {name}, whose code is not run "
            f"unasked; give it by --plugin FILE.py{copy}, in Python plugin="
        )
    if found.sha256 != told.get("sha256"):
        raise ModelError(
            f"{folder}: this model was trained with {WORDS[part]} of its owner's, {name}, and the "
            f"code of {found.name} is another one now; take the code as it was{copy}, or train anew"
        )
