"""What a program asks of a model becomes what it works with: texts Examples, a threshold a rule."""

import json
from collections.abc import Sequence
from typing import Any

from textune.data import given
from textune.data.cut import Cutter
from textune.data.words import joined
from textune.decisions.rule import Calibration, Decision
from textune.errors import SettingsError
from textune.records import Contract, Example
from textune.tasks import registry
from textune.tasks.interface import Task, thresholds

Text = str | tuple[str, str] | list[str]


def to_example(text: Text, number: int, *, task: Task, contract: Contract) -> Example:
    """Take a text, or a pair where the model was trained on pairs; of tags also a list of words.

    Args:
        text: As it was given.
        number: Of the text, from 1, for messages.
        task: Of the model.
        contract: By which its training texts were read.

    Raises:
        SettingsError: It is none, or one of another kind.
    """
    text = _plain(text)
    if task.asks == "words" and _is_list(text):
        return _of_words(text, number)
    wants_pair = len(contract.text) == 2
    parts = (text,) if isinstance(text, str) else tuple(text) if _is_list(text) else ()
    if len(parts) != 1 + wants_pair or not all(isinstance(part, str) for part in parts):
        one = "texts, or lists of their words" if task.asks == "words" else "single texts"
        wanted = "pairs of texts" if wants_pair else one
        raise SettingsError(
            f"text {number}: this model was trained on {wanted}, found {text!r:.80}"
        )
    for part in parts:
        if not _is_unicode(part):
            raise SettingsError(f"text {number}: holds bytes that are not UTF-8: {part!a:.80}")
    pair = parts[1] if wants_pair else None
    words = Cutter.of(contract.cut)(parts[0]) if task.asks == "words" else None
    return Example(parts[0], f"text {number}", pair=pair, words=words)


def typed(texts: Sequence[str], *, task: Task, contract: Contract) -> list[Text]:
    """Take texts from a command line; a model of pairs takes two at a time.

    For tags a JSON list of words is taken for the words of one text.

    Raises:
        SettingsError: A pair lacks its second text.
    """
    if task.asks == "words":
        return [_listed(text) or text for text in texts]
    if len(contract.text) == 1:
        return list(texts)
    if len(texts) % 2:
        both = " and ".join(registry.of(task.name).order)
        raise SettingsError(f"this model reads pairs: give an even number of texts, {both}")
    return list(zip(texts[::2], texts[1::2], strict=True))


def rule(threshold: float, *, task: Task, calibration: Calibration | None) -> Decision:
    """Return the rule by which a threshold decides.

    Raises:
        SettingsError: It is no probability, or the task has no place for one.
    """
    threshold = given.probability(threshold)
    kind = registry.of(task.name)
    if "threshold" not in kind.decisions:
        raise SettingsError(
            f"--threshold: this model was trained for {task.name!r}, which has none"
        )
    if not kind.several and len(task.labels) != 2:
        raise SettingsError(
            f"--threshold: this model chooses the likeliest of {len(task.labels)} labels; "
            f"a threshold fits several labels a text, or exactly two"
        )
    bars = thresholds(task.labels, threshold)
    return Decision("threshold", bars, calibration=calibration)


def _of_words(words: Sequence[Any], number: int) -> Example:
    """Take words as they are given: each gets a tag."""
    sound = [word for word in words if isinstance(word, str) and word.strip()]
    if len(sound) < len(words) or not all(map(_is_unicode, sound)):
        raise SettingsError(
            f"text {number}: a list is of words, each of them not empty, found {words!r:.80}"
        )
    text, places = joined(sound)
    return Example(text, f"text {number}", words=places)


def _listed(text: str) -> list[str] | None:
    """Read a JSON list of words; None where it is running text."""
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else None
    except (ValueError, RecursionError):
        return None
    is_words = isinstance(found, list) and all(isinstance(word, str) for word in found)
    return found if is_words else None


def _plain(text: Any) -> Any:
    """Take an array of words, or of both texts of a pair, as a list."""
    return text.tolist() if getattr(text, "ndim", None) == 1 else text


def _is_list(text: object) -> bool:
    return isinstance(text, tuple | list)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
