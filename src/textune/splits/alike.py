"""Texts and labels are compared without case, blanks and characters that nobody sees."""

import re
import shlex
import string
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

from textune.metrics.one_label import DOTTED, FLAGS, UNSEEN, key
from textune.records import Example, Finding

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
JOINT = re.compile(r"(?<=\w)[\s_-]+(?=\w)")
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
HIDDEN = {"Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs"}  # categories of signs that are hard to see
# letters of other alphabets that look as Latin ones do, before capitals are put aside
TWINS = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0391\u0392\u0395\u0396\u0397"
    "\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf",
    "ABEKMHOPCTYXSIJaeopcyxsijABEZHIKMNOPTYXo",
)
MOST = 5  # groups of labels that are named
MASK = (1 << 64) - 1
_ASCII_MARKS: Mapping[int, str] = {
    ord(sign): " " for sign in string.punctuation if unicodedata.category(sign)[0] == "P"
}


class _Marks(dict[int, str]):
    """A blank for a sign of punctuation of Unicode, any other as it is; looked up when met."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        return self.setdefault(code, " " if unicodedata.category(sign)[0] == "P" else sign)


_MARKS = _Marks()


def text_of(example: Example) -> str:
    """Return a text, or a pair, without differences of case and white space."""
    text = " ".join(example.text.split()).casefold()
    if example.pair is None:
        return text
    return f"{text}\x1f{' '.join(example.pair.split()).casefold()}"


def plain_of(example: Example) -> str:
    """Return a text, or a pair, without differences of punctuation and of the form of Unicode too.

    Nothing is left of punctuation, unless a text has nothing else.
    """
    text = _unmarked(example.text)
    return text if example.pair is None else f"{text}\x1f{_unmarked(example.pair)}"


def label_of(example: Example) -> int:
    """Return a number for a label, by which it is compared; 0 where there is none to compare."""
    if example.label is None or example.unscored:
        return 0
    names = (example.label,) if isinstance(example.label, str) else example.label
    return (hash(tuple(sorted(names))) & MASK) | 1


def fingerprint(text: str) -> int:
    """Return 64 bits of a text, the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _unmarked(text: str) -> str:
    if text.isascii():
        plain, marks = text.casefold(), _ASCII_MARKS
    else:
        plain = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
        plain, marks = unicodedata.normalize("NFKC", plain), _MARKS
    return " ".join(plain.translate(marks).split()) or " ".join(plain.split())


def variants(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Find labels that are written differently, and look alike or read alike.

    They differ in case, blanks and hyphens, in the form of Unicode, in signs that are not seen, in
    letters of another alphabet that look the same, or as numbers are written. Labels that all say
    yes or no are compared by what they say.

    Returns:
        Groups of labels, in each the most frequent first.
    """
    groups: dict[str | float, list[str]] = {}
    are_flags = all(name.lower() in FLAGS for name in counts) and any(name[1:] for name in counts)
    for name in counts:
        key: str | float = float(name) if NUMBER.fullmatch(name) else _plain(name)
        key = float(FLAGS[name.lower()]) if are_flags else key
        groups.setdefault(key, []).append(name)
    return [
        tuple(sorted(group, key=lambda name: (-counts[name], name)))
        for group in groups.values()
        if len(group) > 1
    ]


def findings(counts: Mapping[str, int], *, of: str = "labels") -> Iterator[Finding]:
    """Describe labels that look alike, with the way out; `rows` are left to the caller."""
    for group in variants(counts):
        counted = ", ".join(
            f"{name} ({counts[label]:,})"
            for name, label in zip(_told_apart(group), group, strict=True)
        )
        message = (
            f"{of} that differ only in the way they are written: {counted}; one is meant? Write it "
            "in one way in the file: as it is, each is learned as something else"
            f"{_way_out(group)}"
        )
        yield Finding("variant", "warning", message, sum(counts[name] for name in group[1:]))


def written(found: Iterable[tuple[str, str]]) -> str:
    """Write pairs as they are asked for; "" where names hold the signs that part them."""
    if any(set(name) & {",", "="} or UNSEEN.search(name) for pair in found for name in pair):
        return ""
    return ",".join(f"{name}={other}" for name, other in found)


def _way_out(group: tuple[str, ...]) -> str:
    """Name the option by which the labels of a group are one."""
    ways = []
    if told := written(tuple((name, group[0]) for name in group[1:])):
        ways.append(f"--merge-labels {shlex.quote(told)}")
    if len({key(name) for name in group}) == 1:
        ways.append("--merge-labels auto")
    return f"; or merge them: {' or '.join(ways)}" if ways else ""


def _plain(name: str) -> str:
    seen = INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).translate(TWINS)
    joined = JOINT.sub(" ", " ".join(seen.split())).casefold().replace(DOTTED, "i")
    return unicodedata.normalize("NFKC", joined)


def _looks(name: str) -> str:
    return INVISIBLE.sub("", unicodedata.normalize("NFC", name)).translate(TWINS).strip()


def _told_apart(group: tuple[str, ...]) -> list[str]:
    """Quote labels; where two look the same, show what is hidden in them by its number."""
    if len({_looks(name) for name in group}) == len(group):
        return [repr(name) for name in group]
    return [f"'{''.join(map(_spelled, name))}'" for name in group]


def _spelled(sign: str) -> str:
    is_hidden = sign != " " and unicodedata.category(sign) in HIDDEN
    is_twin = sign.translate(TWINS) != sign or INVISIBLE.match(sign) is not None
    return ascii(sign)[1:-1] if is_hidden or is_twin else sign
