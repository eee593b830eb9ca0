"""Explanations become a file: JSON lines for programs, or a page of HTML for people."""

import json
from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain
from pathlib import Path

from textune.errors import RunError, SettingsError
from textune.predicting.explaining.explanation import Explanation, Reason
from textune.storage import atomic

ENDINGS = (".jsonl", ".html")
SOME = 0.02  # of the strongest word's contribution, below which a word has no colour
STYLE = """
:root { color-scheme: light dark; --fg: #1a1a1a; --bg: #fff;
  --for: 37 99 235; --against: 194 65 12 }
@media (prefers-color-scheme: dark) { :root { --fg: #eee; --bg: #161616 } }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--fg); background: var(--bg);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere }
.why { white-space: pre-wrap }
.why .for { background: rgb(var(--for) / var(--much)) ; border-bottom: 2px solid rgb(var(--for)) }
.why .against { background: rgb(var(--against) / var(--much));
  border-bottom: 2px dotted rgb(var(--against)) }
"""
NOTE = (
    "Underlined words spoke for the label, dotted ones against it; the stronger the colour, the "
    "more. It says what this model went by, not whether that is right."
)


def require_place(output: Path, *, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything is read.

    Raises:
        SettingsError: Its ending is not one of those that can be written.
        RunError: It exists.
    """
    if output.suffix.lower() not in ENDINGS:
        raise SettingsError(
            f"--output {output.name}: the ending says the form; allowed: .jsonl, .html"
        )
    if output.exists() and not overwrite:
        raise RunError(f"{output} exists; another name, or --overwrite")


def write(output: Path, found: Iterable[Explanation], *, name: str, overwrite: bool = False) -> int:
    """Write explanations, whole or not at all.

    Returns:
        How many there are.
    """
    count = 0

    def counted() -> Iterator[str]:
        nonlocal count
        for one in found:
            count += 1
            yield line(one)

    is_page = output.suffix.lower() == ".html"
    line = fragment if is_page else _json
    lines = chain(_before(name), counted(), ["</main></html>\n"]) if is_page else counted()
    with atomic.writing(atomic.target(output), overwrite=overwrite) as file:
        for text in lines:
            file.write(text.encode())
    return count


def fragment(found: Explanation) -> str:
    """Write an explanation as a part of a page; whatever stands in a text is escaped."""
    said = "".join(f"<p><em>{escape(remark)}</em></p>" for remark in found.remarks)
    parts = [f"<section>{_reason(found, reason)}{said}</section>\n" for reason in found.reasons]
    return "".join(parts) or f"<section><p>{escape(found.text)}</p>{said}</section>\n"


def _before(name: str) -> Iterator[str]:
    title = f"Why: {escape(name)}"
    yield '<!doctype html><html lang="en"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<title>{title}</title><style>{STYLE}</style><main><h1>{title}</h1><p>{NOTE}</p>\n"


def _reason(found: Explanation, reason: Reason) -> str:
    score = "" if reason.score is None else f" {reason.score:.3g}"
    state = "" if reason.decided or reason.measure == "quantity" else " (not decided)"
    top = max(map(abs, reason.contributions), default=0.0)
    pieces: list[str] = []
    at, side = 0, 1
    for part, number in zip(found.parts, reason.contributions, strict=True):
        if part.side != side:
            pieces.append(escape(found.text[at:]) + '</p><p class="why">')
            at, side = 0, part.side
        text = found.text if side == 1 else found.pair or ""
        pieces += [escape(text[at : part.start]), _word(part.text, number, top)]
        at = part.end
    rest = (found.text if side == 1 else found.pair or "")[at:]
    body = "".join([*pieces, escape(rest)])
    about = f": {escape(found.about(reason))}" if found.about(reason) else ""
    return f'<h2>{escape(reason.label)}{about}{score}{state}</h2><p class="why">{body}</p>'


def _word(text: str, number: float, top: float) -> str:
    if not top or abs(number) < SOME * top:
        return escape(text)
    kind = "for" if number > 0 else "against"
    much = f"{0.6 * abs(number) / top:.2f}"
    title = f'title="{number:+.3f}"'
    return f'<span class="{kind}" style="--much:{much}" {title}>{escape(text)}</span>'


def _json(found: Explanation) -> str:
    return json.dumps(found.told(), ensure_ascii=False) + "\n"
