"""What is asked becomes labels that are one: as told, or those that differ in what nobody sees."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from textune.errors import SettingsError

AUTO = "auto"
FLAGS: Mapping[str, int] = {
    **dict.fromkeys(("1", "1.0", "1.", "true", "yes", "y", "t"), 1),
    **dict.fromkeys(("ja", "j", "oui", "sí", "si", "sim", "tak", "evet", "да", "是", "はい"), 1),
    **dict.fromkeys(
        ("예", "نعم", "wahr", "vrai", "vero", "verdadero", "истина", "✓", "✔", "✅"), 1
    ),
    **dict.fromkeys(("0", "0.0", "0.", "false", "no", "n", "f"), 0),
    **dict.fromkeys(("nein", "nej", "nee", "non", "não", "nao", "nie", "hay\u0131r", "hayir"), 0),
    **dict.fromkeys(("нет", "否", "いいえ", "아니오", "아니요", "لا", "falsch", "faux"), 0),
    **dict.fromkeys(("falso", "ложь", "✗", "✘", "❌"), 0),
    **dict.fromkeys(("-1", "-1.0", "-1."), -1),
}
"""How a 0/1 column may be written, in lower case; -1 stands for "not scored"."""
DOTTED = "i\u0307"  # of a Turkish capital I with its dot, in lower case
UNSEEN = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def is_blank(text: str) -> bool:
    """Tell whether nobody sees anything of a text: white space, and signs without width.

    Example:
        >>> is_blank(" \u200b"), is_blank("0")
        (True, False)
    """
    held = text.strip()
    return not held or (UNSEEN.match(held) is not None and not UNSEEN.sub("", held).strip())


def key(name: str) -> str:
    """Return a name without what hardly anybody sees.

    Example:
        >>> key("Positive ") == key("positive")
        True
    """
    seen = unicodedata.normalize("NFC", UNSEEN.sub("", name)).strip()
    return unicodedata.normalize("NFC", seen.casefold().replace(DOTTED, "i"))


def read(asked: Sequence[str], counts: Mapping[str, int]) -> dict[str, str]:
    """Read which labels are one: each label, and the one that it is taken for.

    Args:
        asked: "NAME=OTHER", or several with commas between them; "auto".
        counts: How often each label stands there, of which "auto" takes the most frequent.

    Raises:
        SettingsError: It is written otherwise, or names several labels for one.
    """
    found: dict[str, str] = {}
    for entry in asked:
        found |= _alike(counts) if entry.strip() == AUTO else _told(entry, counts)
    return found


def _told(entry: str, counts: Mapping[str, int]) -> dict[str, str]:
    parts = entry.split(",")
    parts = parts if all("=" in part for part in parts) else [entry]
    found = {}
    for part in parts:
        name, sign, other = (piece.strip() for piece in part.partition("="))
        if not sign or not name or not other or name == other:
            raise SettingsError(
                f"--merge-labels {entry!r}: write a label and its name as Positive=positive, or "
                "auto for those that differ only in case, spaces around them or unseen signs"
            )
        several = [one.strip() for one in other.split(",")]
        if other not in counts and len(several) > 1 and counts.keys() & {*several}:
            each = ",".join(f"{one}={name}" for one in several)
            raise SettingsError(
                f"--merge-labels {entry}: {other!r} is no label of the file, and "
                f"{' and '.join(map(repr, several))} are several; say of each what it becomes: "
                f"{each}"
            )
        found[name] = other
    return found


def _alike(counts: Mapping[str, int]) -> dict[str, str]:
    """Take labels that differ only in what hardly anybody sees for the most frequent of them."""
    groups: dict[str, list[str]] = {}
    for name in counts:
        groups.setdefault(key(name), []).append(name)
    found: dict[str, str] = {}
    for group in groups.values():
        most = min(group, key=lambda name: (-counts[name], name))
        found |= {name: most for name in group if name != most}
    return found
