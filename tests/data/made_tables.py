"""Tables of the kinds that users bring, made by rule, and what must be recognised in each."""

import random
from collections.abc import Sequence

from textune.records import Row, Table

WORDS = """the a film service was is really not very good bad slow quick friendly dull bright long
short story plot actor waiter room screen battery price value time place people music sound view"""
WORDS = WORDS.split()


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


EMOTIONS = ("joy", "anger", "fear", "sadness", "surprise")
FLAGS = ("joy", "anger", "fear")

CASES = {
    "stars": (
        ("review_id", "review", "stars", "date"),
        {"i": code, "t": prose(), "s": one_of(*"12345"), "d": date},
        ("single", ("review",), ("stars",), "name"),
    ),
    "spam with odd names and empty columns": (
        ("v1", "v2", "Unnamed: 2", "Unnamed: 3"),
        {"a": one_of("ham", "ham", "spam"), "b": prose(), "c": "", "d": ""},
        ("single", ("v2",), ("v1",), "name"),
    ),
    "tweets": (
        ("target", "ids", "date", "flag", "user", "text"),
        {
            "l": one_of("0", "4"),
            "i": count,
            "d": date,
            "f": "NO_QUERY",
            "u": lambda n, _: f"user{n}",
            "t": prose(),
        },
        ("single", ("text",), ("target",), "name"),
    ),
    "tweets without header": (
        6,
        {
            "l": one_of("0", "4"),
            "i": count,
            "d": lambda n, _: f"Mon Apr 06 22:{n % 60:02}:45 PDT 2009",
            "f": "NO_QUERY",
            "u": lambda n, _: f"user{n}",
            "t": prose(),
        },
        ("single", ("6",), ("1",), "name"),
    ),
    "tickets": (
        ("ticket", "subject", "body", "category", "priority"),
        {
            "i": lambda n, _: f"T-{n:05}",
            "s": prose(3, 6),
            "b": prose(20, 60),
            "c": one_of("Billing question", "Technical issue", "Account"),
            "p": one_of("low", "medium", "high"),
        },
        ("single", ("body",), ("category",), "name"),
    ),
    "many intents": (
        ("text", "intent"),
        {"t": prose(3, 9), "l": lambda n, _: f"intent_{n % 150}"},
        ("single", ("text",), ("intent",), "name"),
    ),
    "many numbered intents without header": (
        2,
        {"t": prose(3, 9), "l": lambda n, _: str(n * 7 % 77)},
        ("single", ("1",), ("2",), "name"),
    ),
    "label first without header": (
        2,
        {"l": one_of("World", "Sports", "Business", "Sci/Tech"), "t": prose()},
        ("single", ("2",), ("1",), "name"),
    ),
    "news with title and description": (
        3,
        {"l": one_of("1", "2", "3", "4"), "t": prose(3, 8), "d": prose(20, 40)},
        ("single", ("3",), ("1",), "name"),
    ),
    "labels longer than texts": (
        ("utterance", "meaning"),
        {
            "t": lambda n, _: f"{WORDS[n % 31]} {WORDS[n % 29]} {n % 7}",
            "l": one_of(
                "the customer wants to cancel an order that is on its way already",
                "the customer says hello and wants to be greeted in a friendly way",
                "the customer complains about a bill that is too high for the month",
            ),
        },
        ("single", ("utterance",), ("meaning",), "name"),
    ),
    "Chinese": (
        ("label", "review"),
        {"l": one_of("0", "1"), "t": chinese},
        ("single", ("review",), ("label",), "name"),
    ),
    "Chinese without header": (
        2,
        {"t": chinese, "l": one_of("正面", "负面", "中性")},
        ("single", ("1",), ("2",), "name"),
    ),
    "words": (
        ("name", "language"),
        {
            "t": lambda n, r: "".join(r.choices("abcdefghijklmnopqrst", k=8)).title(),
            "l": one_of("Irish", "Czech", "Greek"),
        },
        ("single", ("name",), ("language",), "name"),
    ),
    "pair by name": (
        ("premise", "hypothesis", "label"),
        {"p": prose(), "h": prose(4, 8), "l": one_of("entailment", "neutral", "contradiction")},
        ("single", ("premise", "hypothesis"), ("label",), "name"),
    ),
    "questions": (
        ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
        {
            "i": count,
            "a": count,
            "b": count,
            "q": prose(),
            "r": prose(),
            "l": one_of("0", "1"),
        },
        ("single", ("question1", "question2"), ("is_duplicate",), "name"),
    ),
    "paraphrases": (
        ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"),
        {"l": one_of("0", "1"), "a": count, "b": code, "s": prose(), "t": prose()},
        ("single", ("#1 String", "#2 String"), ("Quality",), "name"),
    ),
    "similarity": (
        ("sentence_a", "sentence_b", "score"),
        {"p": prose(), "h": prose(), "l": number(0, 5)},
        ("number", ("sentence_a", "sentence_b"), ("score",), "name"),
    ),
    "0/1 columns": (
        ("id", "text", *FLAGS),
        {"i": code, "t": prose(), "a": mark(0.3), "b": mark(0.1), "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns apart from each other": (
        ("joy", "text", "anger", "date", "fear"),
        {"a": mark(0.3), "t": prose(), "b": mark(0.1), "d": date, "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "True/False columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "True", "False"),
            "b": mark(0.1, "True", "False"),
            "c": mark(0.05, "True", "False"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "yes/no columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "Yes", "No"),
            "b": mark(0.1, "Y", "N"),
            "c": mark(0.2, "yes", "no"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0.0/1.0 columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "1.0", "0.0"),
            "b": mark(0.1, "1.0", "0.0"),
            "c": mark(0.05, "1.0", "0.0"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns, one of them always 0": (
        ("text", *FLAGS),
        {"t": prose(), "a": mark(0.3), "b": "0", "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns with -1": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": one_of("-1", "0", "1"),
            "b": one_of("-1", "0", "1"),
            "c": one_of("-1", "0", "1"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns beside a part of the data": (
        ("text", *FLAGS, "dataset", "is_verified"),
        {
            "t": prose(),
            "a": mark(0.3),
            "b": mark(0.1),
            "c": mark(0.05),
            "d": one_of("train", "val"),
            "v": mark(0.5, "True", "False"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "label beside a 0/1 column": (
        ("tweet", "sentiment", "retweeted", "is_reply"),
        {"t": prose(), "s": one_of("0", "1"), "r": mark(0.2), "q": mark(0.3)},
        ("single", ("tweet",), ("sentiment",), "name"),
    ),
    "-1, 0, 1 as classes": (
        ("text", "sentiment"),
        {"t": prose(), "s": one_of("-1", "0", "1")},
        ("single", ("text",), ("sentiment",), "name"),
    ),
    "a;b": (
        ("text", "tags"),
        {"t": prose(), "l": some_of(EMOTIONS, ";".join)},
        ("multi", ("text",), ("tags",), "list"),
    ),
    "a|b": (
        ("text", "genres"),
        {"t": prose(), "l": some_of(EMOTIONS, "|".join)},
        ("multi", ("text",), ("genres",), "list"),
    ),
    "a, b": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, ", ".join)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "a b": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, " ".join)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "0/1 columns named as labels": (
        ("text", "label_joy", "label_fear"),
        {"t": prose(), "a": mark(0.3), "b": mark(0.1)},
        ("multi", ("text",), ("label_joy", "label_fear"), "columns"),
    ),
    "numbers that are named text": (
        ("text", "label"),
        {"t": number(0, 100), "l": one_of("a", "b")},
        ("single", ("text",), ("label",), "name"),
    ),
    "few texts, many times": (
        ("text", "label"),
        {"t": one_of("good movie", "bad movie"), "l": one_of("1", "0")},
        ("single", ("text",), ("label",), "name"),
    ),
    "few texts, many times, without header": (
        2,
        {"t": one_of("good movie", "bad movie"), "l": one_of("pos", "neg")},
        ("single", ("1",), ("2",), "name"),
    ),
    "JSON lists": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, lambda names: str(names).replace("'", '"'))},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "Python lists": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, str)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "numbers in brackets": (
        ("text", "labels", "id"),
        {"t": prose(), "l": some_of("0123456789", lambda n: f"[{', '.join(n)}]"), "i": code},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "a row of 0 and 1": (
        ("text", "labels"),
        {"t": prose(), "l": lambda _, r: str([r.randint(0, 1) for _ in range(6)])},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "names with commas that are no lists": (
        ("text", "category"),
        {"t": prose(), "l": one_of("Clothing, Shoes", "Music", "Home, Garden", "Food")},
        ("single", ("text",), ("category",), "name"),
    ),
    "price, address, mail": (
        ("url", "email", "price", "description", "category"),
        {
            "u": lambda n, _: f"https://shop.example/{n}",
            "e": lambda n, _: f"me{n}@shop.example",
            "p": number(1, 900),
            "t": prose(),
            "l": one_of("book", "toy"),
        },
        ("single", ("description",), ("category",), "name"),
    ),
    "text alone": (
        ("id", "text"),
        {"i": count, "t": prose()},
        ("plain", ("text",), (), "none"),
    ),
    "text and price": (
        ("text", "price"),
        {"t": prose(), "p": number(1, 900)},
        ("plain", ("text",), (), "none"),
    ),
}
