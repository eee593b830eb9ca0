"""The story of plain text: an encoder is made at home in it, or made from it, by masked-LM."""

from collections.abc import Generator, Mapping, Sequence
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.encoder import bases
from textune.reading import documents
from textune.recipes import recipe
from textune.recipes.recipe import Event, Story
from textune.recipes.requests import TextRequest
from textune.records import Message
from textune.runs.runs import Run
from textune.settings.language_config import AdaptSettings
from textune.storage.contents import TOKENIZER
from textune.training.clock import Clock

if TYPE_CHECKING:  # with torch and transformers, which take seconds to import
    from textune.corpora.library import Library
    from textune.recipes.masked_lm import MaskedLM
    from textune.recipes.vocabularies import Start


def learn(request: TextRequest) -> Generator[Event, None, Run]:
    """Adapt an encoder to plain text, or pretrain one; iterate to watch, as `recipe.run` says."""
    return recipe.run(request, STORY)


def check_base(base: str) -> None:
    """Refuse a base that cannot be used; the bundled one, which is hashed, at its use."""
    if base not in bases.BUNDLED_NAMES:
        bases.find(base)


def check_files(sources: Sequence[str], *, column: str | None, encoding: str | None = None) -> None:
    """Refuse files that are not there or hold no text; folders and patterns at their use."""
    named = [one for one in sources if not has_magic(one) and not Path(one).is_dir()]
    if named:
        documents.find(named, text=column, encoding=encoding)


def _gather(
    request: TextRequest, folder: Path
) -> "Generator[Message, None, tuple[Start, Library]]":
    if isinstance(request.settings, AdaptSettings):
        check_base(request.settings.base)
    asked = request.settings.text
    check_files(request.source, column=asked.column, encoding=asked.encoding)
    from textune.recipes import masked_lm  # torch, transformers: nothing is wrong with the request

    return masked_lm.gather(request, folder)


def _build(request: TextRequest, found: "tuple[Start, Library]", clock: Clock) -> "MaskedLM":
    from textune.recipes import masked_lm  # imported already

    return masked_lm.build(request, found, clock)


def _prove(
    request: TextRequest, folder: Path, numbers: Mapping[str, Any]
) -> Generator[Message, None, dict[str, Any]]:
    """Fine-tune from the base and from the run, and compare, where that was asked for."""
    if request.proof is None:
        return dict(numbers)
    from textune.recipes import proving  # imported already

    assert isinstance(request.settings, AdaptSettings)
    base, device = request.settings.base, request.settings.device
    proved = yield from proving.prove(request.proof, base, folder, device=device)
    return {**numbers, "prove": proved}


STORY = Story(
    "textune adapt or pretrain",
    gather=_gather,
    build=_build,
    follow=_prove,
    passing=(TOKENIZER,),
)
