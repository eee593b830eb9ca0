"""A column's cells become slices: values, quarters of numbers, others, missing ones."""

from dataclasses import dataclass

import pytest

from textune.data import slicing
from textune.errors import SettingsError
from textune.records import Example, Row


@dataclass(frozen=True)
class Held:
    name: str
    columns: tuple[str, ...]
    held: tuple[tuple[str, ...], ...]

    def rows(self):
        return (Row(cells, f"{self.name}:{n}") for n, cells in enumerate(self.held, start=2))


def test_numbers_are_cut_at_quartiles_and_missing_values_stand_apart():
    cells = [str(n) for n in range(1, 41)] + ["", "NaN"]
    found = slicing.parted(cells)
    assert [(one.name, len(one.rows), one.kind) for one in found] == [
        ("1 to 10", 10, "range"),
        ("11 to 20", 10, "range"),
        ("21 to 30", 10, "range"),
        ("31 to 40", 10, "range"),
        ("missing", 2, "missing"),
    ]


def test_equal_numbers_are_never_parted():
    found = slicing.parted(["0"] * 70 + [str(n) for n in range(1, 31)])
    assert [(one.name, len(one.rows)) for one in found] == [
        ("0", 70),
        ("1 to 5", 5),
        ("6 to 30", 25),
    ]


def test_few_numbers_are_values():
    assert [one.name for one in slicing.parted(["5", "4", "5", "1"])] == ["5", "1", "4"]


def test_of_many_values_the_biggest_twenty_stand_and_the_others_are_one():
    cells = [f"v{n:02}" for n in range(30) for _ in range(40 - n)]
    found = slicing.parted(cells)
    assert [one.name for one in found[:2]] == ["v00", "v01"]
    assert len(found) == 21
    assert (found[-1].name, found[-1].values, found[-1].kind) == ("10 other values", 10, "other")
    assert sum(len(one.rows) for one in found) == len(cells)


def test_every_row_is_in_one_slice():
    cells = ["a", "", "b", "null", "a", "c"]
    rows = sorted(row for one in slicing.parted(cells) for row in one.rows.tolist())
    assert rows == list(range(6))


def test_cells_are_found_by_place_in_any_of_the_files():
    one = Held("a.csv", ("text", "source"), (("x", " web "), ("y", "")))
    other = Held("b.csv", ("text",), (("z",),))
    texts = [Example("x", origin) for origin in ("b.csv:2", "a.csv:3", "a.csv:2")]
    found = slicing.cells([one, other], ["source"], texts)
    assert found == {"source": ["", "", "web"]}


def test_a_column_that_is_not_there_is_refused_with_the_nearest():
    with pytest.raises(SettingsError, match=r"--by sourc: a.csv has no such column; did you mean"):
        slicing.require(Held("a.csv", ("text", "source"), ()), ["sourc"], ["text"])


def test_seconds_since_1970_are_told_apart():
    cells = [str(1_700_000_000 + n) for n in range(12)]
    assert slicing.parted(cells)[0].name == "1700000000 to 1700000002"


def test_one_number_in_many_spellings_is_no_range():
    cells = [f"1{'.' * bool(n)}{'0' * n}" for n in range(12)]
    assert sum(len(one.rows) for one in slicing.parted(cells)) == 12
