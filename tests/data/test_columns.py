import itertools
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest

from textune.data import names, pair_names
from textune.data.columns import describe, flag
from textune.data.scanning import SAMPLE_ROWS, scan
from textune.records import Row, Table


def column_of(cells: Sequence[str], name: str = "x"):
    rows = [Row((cell,), f"made.csv:{n}") for n, cell in enumerate(cells, start=2)]
    table = Table("made.csv", None, "csv", (name,), True, ",", (), lambda: iter(rows))
    return scan(table).columns[0]


PROSE = [f"This is what the visitor number {n} wrote about it" for n in range(60)]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([""] * 9, "empty"),
        (["  "] * 9, "empty"),
        (["x"] * 9, "constant"),
        (["x", ""] * 9, "constant"),
        (["0", "1"] * 9, "flags"),
        (["True", "False", "true"] * 9, "flags"),
        (["0.0", "1.0"] * 9, "flags"),
        (["yes", "N", ""] * 9, "flags"),
        (["0", "1", "-1"] * 9, "flags"),
        (["0", "1", "2"] * 9, "category"),
        (["1", "5", "3"] * 9, "category"),
        (["1.0", "2.0", "3.0"] * 9, "category"),
        ([str(n % 150) for n in range(1500)], "category"),
        ([str(n) for n in range(60)], "id"),
        ([str(n * 7919 % 100003 + 10**6) for n in range(60)], "id"),
        ([f"{n * 0.37:.2f}" for n in range(60)], "number"),
        ([f"{n * 7919:x}-ab{n}" for n in range(60)], "id"),
        ([f"2021-03-{n % 28 + 1:02} 10:{n:02}:00" for n in range(60)], "date"),
        ([f"{n % 12 + 1}/{n % 28 + 1}/2021 {n:02}:00" for n in range(60)], "date"),
        ([f"https://a.example/{n}" for n in range(60)], "link"),
        ([f"me{n}@a.example" for n in range(60)], "link"),
        ([f"neg/{n}_3.txt" for n in range(60)], "link"),
        (["train", "val"] * 9, "split"),
        (["a;b", "a", "b;c", "c", "b"] * 9, "list"),
        (["Billing question", "Account"] * 9, "category"),
        (
            ["the customer wants to cancel an order", "the customer says hello to us"] * 30,
            "category",
        ),
        (PROSE, "text"),
        ([f'{{"a": {n}, "b": ["x y"]}}' for n in range(60)], "record"),
        ([f"{n * 0.37:.2f}".replace(".", ",") for n in range(60)], "number"),
        ([f"{n},{7 + n % 2 * 2}" for n in range(10, 60)], "decimal"),
        (["<c#><sql>", "<sql>", "<c#>", "<c++><sql>", "<c++>"] * 9, "list"),
        (["这部电影很好看我非常喜欢" + "好" * (n % 9) + str(n) for n in range(60)], "text"),
        (["ภาพยนตร์เรื่องนี้ดีมากจริง" + "ๆ" * n for n in range(60)], "text"),
        ([f"{chr(97 + n % 26)}{chr(97 + n // 26)}oolith" for n in range(60)], "words"),
    ],
)
def test_says_what_kind_a_column_is(cells, kind):
    column = column_of(cells)
    assert column.kind == kind, describe(column)
    assert column.why


def test_values_are_counted_without_outer_space():
    assert column_of(["a ", "a", " b", "a"]).counts == {"a": 3, "b": 1}


def test_a_column_says_why():
    assert describe(column_of(["0", "1"] * 9)) == "flags: only 0 and 1"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1),
        (" TRUE ", 1),
        ("0.0", 0),
        ("No", 0),
        ("-1", -1),
        ("-1.0", -1),
        ("2", None),
        ("", None),
    ],
)
def test_reads_0_1_cells(cell, value):
    assert flag(cell) == value


def test_the_sample_spreads_over_the_whole_file():
    rows = [Row((str(n), "x"), "") for n in range(100_000)]
    table = Table("made.csv", None, "csv", ("n", "x"), True, ",", (), lambda: iter(rows))
    seen = scan(table)
    places = [int(row[0]) for row in seen.sample]
    assert SAMPLE_ROWS / 2 <= len(places) <= SAMPLE_ROWS
    steps = {two - one for one, two in itertools.pairwise(places)}
    assert (seen.rows, places[0], len(steps)) == (100_000, 0, 1)
    assert places[-1] > 99_000


def test_a_column_whose_few_filled_cells_no_sample_has_is_described_all_the_same():
    cells = [""] * 20_000
    cells[777], cells[15_555] = "see", " the line above"
    column = column_of(cells)
    assert describe(column) == "text: 2 words a cell on average, 100% of the cells differ"
    assert (column.cells, column.blank) == (("see", "the line above"), 1 - 2 / 20_000)


def test_memory_stays_bounded_with_long_cells():
    def rows() -> Iterator[Row]:
        for n in range(1_000):
            yield Row((f"{n} " + "long " * 10_000,), "")

    tracemalloc.start()
    scan(Table("made.csv", None, "csv", ("x",), True, ",", (), rows))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20  # of 50 MB


@pytest.mark.parametrize(
    ("name", "is_label", "is_text"),
    [
        ("label", True, False),
        ("airline_sentiment", True, False),
        ("airline_sentiment_confidence", False, False),
        ("categoryName", True, False),
        ("reviewText", False, True),
        ("Review Text", False, True),
        ("user_name", False, False),
        ("标签", True, False),
        ("内容", False, True),
        ("x", False, False),
    ],
)
def test_names_are_evidence(name, is_label, is_text):
    assert (names.label_evidence(name) > 0, names.text_evidence(name) > 0) == (is_label, is_text)


@pytest.mark.parametrize(
    ("one", "two", "are_pair"),
    [
        ("sentence1", "sentence2", True),
        ("text_a", "text_b", True),
        ("#1 String", "#2 String", True),
        ("premise", "hypothesis", True),
        ("chq", "faq", True),
        ("question", "sentence", True),
        ("title", "body", False),
        ("1", "2", False),
    ],
)
def test_names_of_pairs(one, two, are_pair):
    assert pair_names.are_pair(one, two) is are_pair
