"""What a picture shows becomes the picture: that of the page before, where nothing differs.

matplotlib takes half a second to import and a tenth for a picture, and most pictures of a run show
how it learned, which no later decision changes. So each picture in a page names what it was drawn
from, and by what; the next page takes those that it would draw in the same way.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import numpy as np
from markupsafe import Markup

DRAW = (  # files that decide how they look
    *("drawings.py", "drawn.py", "pictures.py", "reliable.py"),
    *("../metrics/catalogue.py", "../runs/curves.py"),
)
NAMED = re.compile(r'<svg role="img" data-of="([0-9a-f]{64})" data-is="([0-9a-f]{64})"')
ACTIVE = re.compile(r"<script|<foreignObject|\son\w+\s*=|javascript:|<image|<a\s", re.I)
BEGINNING, END = '<svg role="img"', "</svg>"

Shown = TypeVar("Shown")

_kept: ContextVar[dict[str, Markup] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping(page: Path) -> Iterator[None]:
    """Take meanwhile the pictures of an earlier page, where they show the same."""
    before = _kept.set(_read(page))
    try:
        yield
    finally:
        _kept.reset(before)


def once(draw: Callable[[Shown], Markup], shown: Shown) -> Markup:
    """Return the picture of something, drawn unless the page before has it.

    Args:
        draw: Draws what it is given, as one SVG, by nothing else.
        shown: Numbers, text, arrays, and lists, tuples and records of them.
    """
    of = _digest(f"{_hand()} {draw.__module__}.{draw.__qualname__} {_told(shown)}")
    kept = (_kept.get() or {}).get(of)
    if kept is not None:
        return kept
    rest = draw(shown).strip().removeprefix(BEGINNING)
    return Markup(f'{BEGINNING} data-of="{of}" data-is="{_digest(rest)}"{rest}')  # ours


def _read(page: Path) -> dict[str, Markup]:
    """Return the sound pictures of a page by what they were drawn from; none where it is absent.

    One that could do something in a browser is nothing that we drew, whatever digest it names.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    found = {}
    for piece in text.split(END)[:-1]:
        start = NAMED.match(piece, max(0, piece.rfind(BEGINNING)))
        if start and _digest(piece[start.end() :] + END) == start[2] and not ACTIVE.search(piece):
            found[start[1]] = Markup(piece[start.start() :] + END)  # as we drew it
    return found


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _told(shown: object) -> str:
    """Write all of what a picture shows."""
    if isinstance(shown, np.ndarray):
        data = np.ascontiguousarray(shown)
        return f"{data.dtype}{data.shape}{sha256(data.tobytes()).hexdigest()}"
    if is_dataclass(shown):
        return _told([getattr(shown, field.name) for field in fields(shown)])
    if isinstance(shown, Mapping):
        return _told(list(shown.items()))
    if isinstance(shown, list | tuple):
        return f"[{', '.join(map(_told, shown))}]"
    if not (shown is None or isinstance(shown, str | int | float)):  # of which `repr` tells all
        raise TypeError(f"{type(shown)}: not told in full")
    return repr(shown)


@cache
def _hand() -> str:
    """Name what draws: our lines, and the version of matplotlib."""
    folder = Path(__file__).parent
    lines = sha256(b"".join((folder / name).read_bytes() for name in DRAW)).hexdigest()
    return f"{metadata.version('matplotlib')} {lines}"
