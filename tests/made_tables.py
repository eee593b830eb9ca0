"""Tables made by rule, from a function for the cells of each column."""

import random
from collections.abc import Sequence

from textune.records import Row, Survey, Table
from textune.survey import survey

WORDS = """the a film service was is really not very good bad slow quick friendly dull bright long
short story plot actor waiter room screen battery price value time place people music sound view"""
WORDS = WORDS.split()


def count_tokens(texts: list[str]) -> list[int]:
    """Count words, and a token at each end, where no tokenizer is needed."""
    return [len(text.split()) + 2 for text in texts]


def checked(file, **options: object) -> Survey:
    return survey.check(str(file), count_tokens=count_tokens, **options)


def read_as(found: Survey) -> tuple[str, str, str, int]:
    """Say for what a file was taken: the task, its columns and its rows."""
    agreed = found.contract
    return agreed.task, "|".join(agreed.text), "|".join(agreed.label), found.rows


def table(columns: Sequence[str] | int, rows: Sequence[Sequence[str]]) -> Table:
    headed = not isinstance(columns, int)
    names = tuple(columns) if headed else tuple(str(place + 1) for place in range(columns))
    return Table(
        "made.csv",
        None,
        "csv",
        names,
        headed,
        ",",
        (),
        lambda: iter([Row(tuple(cells), f"made.csv:{n}") for n, cells in enumerate(rows, start=2)]),
    )


def made(columns: Sequence[str] | int, rows: int = 200, **cells: object) -> Table:
    """Make a table: each column by name (c1, c2 … without header) from a function of the row."""
    random_numbers = random.Random(7)
    makers = list(cells.values())
    return table(
        columns,
        [
            [make(n, random_numbers) if callable(make) else str(make) for make in makers]
            for n in range(rows)
        ],
    )


def prose(least: int = 6, most: int = 20):
    def make(_: int, numbers: random.Random) -> str:
        return " ".join(numbers.choices(WORDS, k=numbers.randint(least, most))).capitalize() + "."

    return make


def one_of(*values: str):
    return lambda _, numbers: numbers.choice(values)


def some_of(names: Sequence[str], write):
    def make(_: int, numbers: random.Random) -> str:
        return write([name for name in names if numbers.random() < 0.3])

    return make


def chinese(_: int, numbers: random.Random) -> str:
    signs = "这部电影很好看我非常喜欢剧情有点无聊服务态度差房间干净价格便宜"
    return "".join(numbers.choices(signs, k=numbers.randint(8, 30))) + "。"


def mark(share: float, yes: str = "1", no: str = "0"):
    return lambda _, numbers: yes if numbers.random() < share else no


def number(low: float, high: float, digits: int = 2):
    return lambda _, numbers: f"{numbers.uniform(low, high):.{digits}f}"


def code(_: int, numbers: random.Random) -> str:
    return f"{numbers.getrandbits(64):016x}"


def count(n: int, _: random.Random) -> str:
    return str(1000 + n)


def date(n: int, _: random.Random) -> str:
    return f"2023-{n % 12 + 1:02}-{n % 28 + 1:02} 10:{n % 60:02}:00"
