"""A reader of files of one's own: chats, a line each, with a judgement in brackets.

    [good] anna: this is a lovely film

textune train talks.chat --plugin examples/custom_reader.py
"""

import re
from collections.abc import Iterator
from pathlib import Path

LINE = re.compile(r"\[(?P<label>\w+)\] (?P<who>\w+): (?P<text>.+)")


def read(path: Path) -> Iterator[dict[str, str]]:
    """Yield a dict for each row; its keys are the columns."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"line {number}: expected [LABEL] NAME: TEXT, found {line!r:.60}")
        yield {"text": found["text"], "label": found["label"]}


readers = {".chat": read}
