"""A table of texts with a class of each of three columns, that their words decide."""

import random
from pathlib import Path

from conftest import WORDS

COLUMNS = ("taste", "service", "price")
OF_WORD = {  # word → column and class
    **dict.fromkeys(WORDS[:3], ("taste", "pos")),
    **dict.fromkeys(WORDS[5:8], ("taste", "neg")),
    **dict.fromkeys(WORDS[3:5], ("service", "pos")),
    **dict.fromkeys(WORDS[8:10], ("service", "neg")),
    "film": ("price", "pos"),
    "meal": ("price", "neg"),
}


def rows(count: int = 160, *, blank: float = 0.0, seed: int = 0) -> list[list[str]]:
    """Return texts, each with "pos", "neg" or "none" for each column; some cells may be blank."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        words = [draw.choice(WORDS[13:]) for _ in range(3)]
        classes = []
        for column in COLUMNS:
            value = draw.choice(("pos", "neg", "none"))
            telling = [word for word, of in OF_WORD.items() if of == (column, value)]
            words += draw.choices(telling, k=2) if telling else []
            classes.append("" if draw.random() < blank else value)
        draw.shuffle(words)
        found.append([" ".join(words), *classes])
    return found


def write(file: Path, count: int = 160, *, blank: float = 0.0, seed: int = 0) -> Path:
    """Write such a table as CSV."""
    lines = [["text", *COLUMNS], *rows(count, blank=blank, seed=seed)]
    file.write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
    return file
