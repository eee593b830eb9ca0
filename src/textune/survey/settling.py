"""Sentences that name an option become whole commands, or calls, that choose by it."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from textune.records import ReadOptions

OPTIONS = re.compile(r"`(--[a-z][a-z-]*[^`]*)`(?: (?:with|and) `(--[a-z][a-z-]*[^`]*)`)?")
Given = str | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Call:
    """How somebody asked for a table to be read."""

    places: Sequence[str]  # of its files; none of a data frame
    options: Mapping[str, Given]  # by their names in Python, as they were given

    @classmethod
    def of(cls, places: Sequence[str], file: ReadOptions, **options: Given) -> "Call":
        """Take what was given for the file, and for its columns."""
        return cls(places, {**asdict(file), **options})

    def changed(self, changes: Mapping[str, Given]) -> str:
        """Write the command, or the call, that differs from this one in some options."""
        unchanged = {key: value for key, value in self.options.items() if key not in changes}
        options = {
            key: value
            for key, value in {**unchanged, **changes}.items()
            if value or (key == "header" and value is False)
        }
        if not self.places:
            given = "".join(f", {key}={value!r}" for key, value in options.items())
            return f"textune.check(frame{given})"
        files = (f"./{place}" if place.startswith("-") else place for place in self.places)
        words = ["textune", "check", *files]
        for key, value in options.items():
            words += _written(key, value)
        return shlex.join(words)


def commands(doubt: str, call: Call) -> tuple[str, ...]:
    """Return the commands that choose what a sentence names, in its order.

    Example:
        >>> call = Call(["data.csv"], {"delimiter": ";"})
        >>> commands("'b' could be the label: `--label b` selects the other", call)
        ("textune check data.csv --delimiter ';' --label b",)
    """
    found = []
    for match in OPTIONS.finditer(doubt):
        changes: dict[str, Given] = {}
        for word in shlex.split(" ".join(part for part in match.groups() if part)):
            if word.startswith("--"):
                name = word[2:].replace("-", "_")
            else:
                changes[name] = word
        found.append(call.changed(changes))
    return tuple(dict.fromkeys(found))


def _written(key: str, value: Given) -> list[str]:
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, str):
        return [f"--{name}", value]
    if key in ("text", "label"):
        return [f"--{name}", ",".join(value or ())]
    return [word for one in value or () for word in (f"--{name}", one)]
