"""Tables as their owners have them: columns called as in the originals, a few rows made by rule.

`tests/data/owners_tables.txt` has four lines for each: its name; its columns, parted by |, or their
number, where the file has no header; the cells of each column; "task: text -> label", as the owner
means it, and after ";" what has to be shown as a second reading.

Cells: # counts, P S L W are texts of some lengths, a/b/c is one of these (_ for space), =x is
always x; P~20 is one of 20 texts, x?0.3 is blank in three of ten rows, x!nan:0.3 is "nan" there.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from made_tables import code, date, mark, number, one_of, prose, table
from textune.records import Table

FILE = Path(__file__).parent / "data" / "owners_tables.txt"
Make = Callable[[int, random.Random], str]
NAMES = ("Ann", "Ben", "Cid", "Dora", "Emil", "Fritz", "Gus")


@dataclass(frozen=True)
class Owned:
    columns: tuple[str, ...] | int
    cells: tuple[str, ...]
    tasks: frozenset[str]  # "any": whatever is said
    text: tuple[str, ...]
    label: tuple[str, ...]
    second: str

    def table(self, rows: int) -> Table:
        draw = random.Random(7)
        makers = list(map(maker, self.cells))
        held = [[make(n, draw) for make in makers] for n in range(rows)]
        return table(self.columns, held)


def owned() -> dict[str, Owned]:
    found = {}
    for block in FILE.read_text(encoding="utf-8").strip().split("\n\n"):
        name, header, cells, meant = block.split("\n")
        reading, _, second = meant.partition(" ; ")
        tasks, _, columns = reading.partition(": ")
        text, _, label = columns.partition(" ->")
        found[name] = Owned(
            _columns(header),
            tuple(cells.split()),
            frozenset(tasks.split("|")),
            tuple(text.split("|")),
            tuple(part for part in label.strip().split("|") if part),
            second,
        )
    return found


def maker(spec: str) -> Make:
    """Make the function of a row's number that gives a cell."""
    if spec.startswith("="):
        return lambda n, draw: _spaced(spec[1:])
    if "!" in spec:
        inner, _, odd = spec.rpartition("!")
        value, _, share = odd.rpartition(":")
        make = maker(inner)
        return lambda n, draw: value if draw.random() < float(share) else make(n, draw)
    if "?" in spec:
        inner, _, share = spec.rpartition("?")
        return maker(f"{inner}!:{share}")
    if "~" in spec:
        inner, _, most = spec.rpartition("~")
        make = maker(inner)
        return lambda n, draw: make(0, random.Random(draw.randrange(int(most))))
    return _simple(spec)


def _simple(spec: str) -> Make:
    kind, _, given = spec.partition(":")
    if given:
        return KINDS[kind](*given.split(","))
    return PLAIN[spec] if spec in PLAIN else one_of(*map(_spaced, spec.split("/")))


def _per(rows: str, spec: str) -> Make:
    make = maker(spec)
    return lambda n, draw: make(0, random.Random(n // int(rows)))


def _whole(low: str, high: str) -> Make:
    return lambda n, draw: str(draw.randint(int(low), int(high)))


def _half(low: str, high: str) -> Make:
    return lambda n, draw: str(draw.randint(2 * int(low), 2 * int(high)) / 2)


KINDS: dict[str, Callable[..., Make]] = {
    "per": _per,  # the same for some rows
    "block": lambda rows: lambda n, draw: str(n // int(rows) + 1),
    "cycle": lambda *values: lambda n, draw: values[n % len(values)],
    "mark": lambda share: mark(float(share)),
    "int": _whole,
    "half": _half,
    "words": lambda least, most: prose(int(least), int(most)),
    "num": lambda low, high, digits: number(float(low), float(high), int(digits)),
}


def _columns(header: str) -> tuple[str, ...] | int:
    if header.startswith("("):
        return int(header[1:-1])
    found: list[str] = []
    for name in header.split("|"):
        found.append(name if name and name not in found else f"column{len(found) + 1}")
    return tuple(found)


def _spaced(word: str) -> str:
    return word.replace("_", " ")


def _parse(n: int, draw: random.Random) -> str:
    return f"(ROOT (S {prose()(n, draw)}))"


def _binary_parse(n: int, draw: random.Random) -> str:
    return f"( ( {prose()(n, draw)} ) . )"


def _html(n: int, draw: random.Random) -> str:
    return f"<div class='a'><p>{prose(25, 60)(n, draw)}</p></div>"


def _keywords(n: int, draw: random.Random) -> str:
    return "urology, " + ", ".join(prose(1, 3)(n, draw).rstrip(".").split())


def _user(n: int, draw: random.Random) -> str:
    return "".join(draw.choices("abcdefghijklm", k=7)) + str(draw.randrange(99))


PLAIN: dict[str, Make] = {
    "#": lambda n, draw: str(n),
    "P": prose(6, 20),
    "S": prose(3, 6),
    "L": prose(25, 60),
    "W": prose(2, 3),
    "code": code,
    "date": date,
    "parse": _parse,
    "bparse": _binary_parse,
    "html": _html,
    "keywords": _keywords,
    "uname": _user,
    "name": lambda n, draw: f"{draw.choice(NAMES)} {draw.choice(NAMES)}son",
    "mail": lambda n, draw: f"{_user(n, draw)}@shop.example",
    "url": lambda n, draw: f"https://www.shop.example/{draw.randrange(10**6)}/page",
    "file": lambda n, draw: f"{draw.randrange(10**4)}.json",
    "big": lambda n, draw: str(draw.randint(10**17, 10**18)),
}
