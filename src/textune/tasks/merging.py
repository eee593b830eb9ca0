"""Labels that are one become one: as told, or those that differ only in what hardly anybody sees.

That is case, the form of Unicode, signs without width, and spaces around the name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from textune.errors import SettingsError, among, excerpt, some
from textune.metrics import one_label
from textune.records import Contract, Example

Pairs = tuple[tuple[str, str], ...]  # a label of the file, and the one that it is taken for
FORMS = frozenset({"name", "list", "words", "spans"})  # of labels that have names of their own
_MARK = re.compile(r"[BIESLUM]-")  # before the type of a tag


def pairs(asked: Sequence[str], counts: Mapping[str, int]) -> Pairs:
    """Read which labels are one.

    Args:
        asked: "NAME=OTHER", or several with commas between them; "auto".
        counts: How often each label of the file stands there.

    Raises:
        SettingsError: It is written otherwise, or there is no such label.
    """
    found = one_label.read(asked, counts)
    for name, other in found.items():
        if name not in counts:
            raise SettingsError(
                f"--merge-labels {name}={other}: {name!r} is no label of the file; "
                f"{among(name, counts)}"
            )
        if other in found:
            raise SettingsError(
                f"--merge-labels {name}={other}: {other!r} is merged into {found[other]!r}; name "
                "the label that all are to become"
            )
    return tuple(found.items())


def shown(found: Pairs) -> str:
    """Say which labels are taken for which."""
    return some([f"{excerpt(name)} as {excerpt(other)}" for name, other in found], 10)


def refuse_useless(contract: Contract, *, has_classes: bool) -> None:
    """Refuse to merge what are no names.

    Raises:
        SettingsError: The labels are columns, or numbers.
    """
    if not has_classes or contract.form not in FORMS:
        held = "columns" if contract.form in ("columns", "classes") else "no names"
        raise SettingsError(f"--merge-labels: the labels of this file are {held}; leave it out")


def merged(example: Example, found: Mapping[str, str]) -> Example:
    """Take the labels of an example for those that they are."""
    label = example.label
    if label is None:
        return example
    if isinstance(label, str):
        shares: dict[str, float] = {}  # of annotators
        for name, share in example.shares:
            name = found.get(name, name)
            shares[name] = shares.get(name, 0.0) + share
        return replace(example, label=found.get(label, label), shares=tuple(shares.items()))
    if example.words is None:
        return replace(example, label=tuple(dict.fromkeys(found.get(one, one) for one in label)))
    return replace(example, label=tuple(_tag(tag, found) for tag in label))


def names(example: Example) -> Iterable[str]:
    """Name the labels of an example; of tags their types."""
    label = () if example.label is None else example.label
    several = (label,) if isinstance(label, str) else label
    if example.words is None:
        return several
    return (tag[_start(tag) :] for tag in several)


def _tag(tag: str, found: Mapping[str, str]) -> str:
    start = _start(tag)
    return tag[:start] + found.get(tag[start:], tag[start:])


def _start(tag: str) -> int:
    """Return where the type of a tag begins."""
    mark = _MARK.match(tag)
    return mark.end() if mark else 0
