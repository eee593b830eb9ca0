"""What a user wants of decisions, in a word, becomes an aim: `f1`, `precision>=0.9`, `top=3`."""

import math
import re
from dataclasses import dataclass

from textune.errors import SettingsError, among

LIKELIEST = "likeliest"  # the likeliest class; every label that is likelier than not
OF_SCORES = ("f1", "fbeta", "mcc")  # made as high as can be
OF_PROMISES = ("precision", "recall")  # held, and the other made as high as can be
KNOWN = (LIKELIEST, *OF_SCORES, *OF_PROMISES, "cost", "top")
FORMS = "f1, fbeta=NUMBER, mcc, precision>=SHARE, recall>=SHARE, cost=FILE, top=COUNT, or likeliest"
_FORM = re.compile(r"(?P<kind>[a-z0-9]+)(\((?P<label>.+)\))?\s*(?P<sign>>=|=)?\s*(?P<value>.*)")
_SIGNS = {"fbeta": "=", "precision": ">=", "recall": ">=", "cost": "=", "top": "="}


@dataclass(frozen=True, slots=True)
class Aim:
    """What decisions are to be good at."""

    kind: str  # of `KNOWN`
    value: float = 1.0  # beta, a share, or how many labels a text gets
    file: str = ""  # of costs
    label: str = ""  # of two classes, the one that precision and recall are of

    @property
    def beta(self) -> float:
        """Return by how much recall counts more than precision."""
        return self.value if self.kind == "fbeta" else 1.0

    @property
    def share(self) -> float:
        """Return the precision or the recall that is promised."""
        return self.value

    def __str__(self) -> str:
        """Write it as it is read."""
        label = f"({self.label})" if self.label else ""
        end = self.file or (f"{self.value:g}" if self.kind in _SIGNS else "")
        return f"{self.kind}{label}{_SIGNS.get(self.kind, '')}{end}"


def read(text: str) -> Aim:
    """Understand an aim.

    Args:
        text: As `FORMS` says; of two classes also `precision(LABEL)>=SHARE`.

    Raises:
        SettingsError: It is none.

    Example:
        >>> read("precision>=0.9").share, str(read("fbeta=2"))
        (0.9, 'fbeta=2')
    """
    parts = _FORM.fullmatch(text.strip())
    kind = parts["kind"] if parts else text.strip()
    if parts is None or kind not in KNOWN:
        raise SettingsError(f"--aim {text!r:.60}: {among(kind[:40], KNOWN)}; as {FORMS}")
    sign, value = _SIGNS.get(kind, ""), parts["value"].strip()
    if (parts["sign"] or "") != sign or bool(value) != bool(sign):
        quoted = f" (a shell wants quotes around it: '{kind}>=0.9')" if sign == ">=" else ""
        raise SettingsError(f"--aim {text!r:.60}: an aim is written as {FORMS}{quoted}")
    label = parts["label"] or ""
    if label and kind not in OF_PROMISES:
        raise SettingsError(f"--aim {text!r:.60}: only precision and recall are of one label")
    if kind == "cost":
        return Aim(kind, file=value)
    return Aim(kind, _number(text, kind, value) if value else 1.0, label=label)


def _number(text: str, kind: str, value: str) -> float:
    """Read the number of an aim.

    Raises:
        SettingsError: It is none, or out of the range that makes sense.
    """
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    ranges = {
        "fbeta": (0 < found < math.inf, "a number above 0"),
        "top": (found >= 1 and found == int(found if math.isfinite(found) else 0), "1, 2, 3, …"),
    }
    is_sound, allowed = ranges.get(kind, (0 < found < 1, "a share between 0 and 1, as 0.9"))
    if not is_sound:
        raise SettingsError(f"--aim {text!r:.60}: {value!r:.20} is not {allowed}")
    return found
