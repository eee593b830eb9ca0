"""An explanation becomes lines on the screen: the text, its words marked by what they moved.

Signs say it as well as colours, so that it reads without them: + for what spoke for the label, -
for what spoke against it, twice for what moved most.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from rich.markup import escape

from textune.doors.console import out, warn

if TYPE_CHECKING:  # numpy
    from textune.predicting.explaining.explanation import Explanation, Reason

MUCH, SOME = 0.5, 0.15  # of the strongest word's contribution, from which a word is marked
TOP = 8  # words that are listed with their numbers
LONG = 120  # parts of a text, beyond which only what is near to marked ones is shown
NEAR = 6  # parts on either side of those
FOR, AGAINST = "blue", "dark_orange3"


def show(found: "Explanation") -> None:
    """Print an explanation."""
    for reason in found.reasons:
        out.print(_head(found, reason))
        out.print(f"  {_text(found, reason)}")
        listed = [
            f"{_coloured(f'{reason.contributions[at]:+.2f}', reason.contributions[at])} "
            f"{escape(_short(found.parts[at].text))}"
            for at in reason.ranked(most=TOP)
        ]
        out.print(f"  {'  '.join(listed) or 'no word changed it'}")
    if not found.reasons:
        out.print(escape(found.text))
    if found.unread:
        warn(f"{found.unread:,} words lie beyond what the model reads, and moved nothing")
    if found.window is not None:
        start, end = found.window
        warn(f"read in several windows; characters {start:,} to {end:,} spoke most for it")
    for remark in found.remarks:
        warn(remark)


def _head(found: "Explanation", reason: "Reason") -> str:
    score = "" if reason.score is None else f" {reason.score:.3g}"
    is_number = reason.measure == "quantity"
    state = "" if reason.decided or is_number else " (not decided)"
    base = "the baseline" if found.method == "gradients" else "no word"
    unit = "" if is_number else f"{reason.measure} "
    numbers = f"{unit}{reason.value:+.2f}; of {base} {reason.base:+.2f}"
    about = f"  {escape(_short(found.about(reason)))}" if found.about(reason) else ""
    return f"[bold]{escape(_short(reason.label))}{score}[/]{state}{about}  [dim]{numbers}[/]"


def _text(found: "Explanation", reason: "Reason") -> str:
    """Write the text with its marks; of a pair, the second text after a bar."""
    top = max(map(abs, reason.contributions), default=0.0)
    marks = [_mark(number, top) for number in reason.contributions]
    kept = [*_kept(marks)] if len(marks) > LONG else [True] * len(marks)
    pieces: list[str] = [] if found.pair is None else _wordless(found, 1)
    for (side, is_kept), group in groupby(
        range(len(marks)), key=lambda at: (found.parts[at].side, kept[at])
    ):
        places = [*group]
        if side == 2 and (not places[0] or found.parts[places[0] - 1].side == 1):
            pieces.append(" [dim]|[/] ")
        if not is_kept:
            pieces.append(" [dim]…[/] ")
            continue
        text = found.text if side == 1 else found.pair or ""
        at = found.parts[places[0]].start
        for place in places:
            part = found.parts[place]
            pieces.append(escape(" ".join(text[at : part.start].split("\n"))))
            pieces.append(_marked(" ".join(part.text.split()), marks[place]))
            at = part.end
    last = [] if found.pair is None else _wordless(found, 2)
    return "".join([*pieces, *([" [dim]|[/] ", *last] if last else [])])


def _wordless(found: "Explanation", side: int) -> list[str]:
    """Write a text of a pair that shows no word."""
    if any(part.side == side for part in found.parts):
        return []
    text = (found.text if side == 1 else found.pair) or ""
    return [f"[dim]{'(no word of it is read)' if text.strip() else '(empty)'}[/]"]


def _kept(marks: list[str]) -> Iterator[bool]:
    places = [at for at, mark in enumerate(marks) if mark]
    for at in range(len(marks)):
        yield any(abs(at - place) <= NEAR for place in places)


def _mark(number: float, top: float) -> str:
    if not top or abs(number) < SOME * top:
        return ""
    sign = "+" if number > 0 else "-"
    return sign * (2 if abs(number) >= MUCH * top else 1)


def _marked(word: str, mark: str) -> str:
    if not mark:
        return escape(word)
    look = f"bold {_colour(mark)}" if len(mark) > 1 else _colour(mark)
    return f"[{look}]{escape(f'[{mark}{word}]')}[/]"


def _colour(mark: str) -> str:
    return FOR if mark.startswith("+") else AGAINST


def _coloured(text: str, number: float) -> str:
    return f"[{FOR if number > 0 else AGAINST}]{text}[/]"


def _short(word: str) -> str:
    word = " ".join(word.split())
    return word if len(word) <= 40 else f"{word[:38]}…"
