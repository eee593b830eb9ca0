"""Labels with a score behind them are read without it; those of other cells stay."""

import csv
import json

import pytest

from made_tables import table as table_of
from textune.errors import DataError
from textune.reading import sources
from textune.tasks.contract import understand

NAMES = ("neg", "pos", "no opinion")


def write(folder, label):
    """Write twenty texts, each with the cell that a function gives for its number."""
    path = folder / "a.csv"
    lines = [f'some text of words {n},"{label(n)}"' for n in range(20)]
    path.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "form",
    ["{} (0.{})", "{}:0.{}", "{}: .{}", "{} = 0.{}", "{}|0.{}", "{} 0.{}", "{} ({}%)", "{} [0.{}]"],
)
def test_a_name_with_a_score_is_the_name(tmp_path, form):
    path = write(tmp_path, lambda n: form.format(NAMES[n % 3], 51 + n))
    table = sources.read(path)
    rows = list(table.rows())
    assert [row.cells[1] for row in rows] == [NAMES[n % 3] for n in range(20)]
    assert rows[0].given[1] == form.format(NAMES[0], 51)
    assert any("read as the name, without the score" in reason for reason in table.reasons)
    assert understand(table).contract.task == "single"


def test_a_score_may_be_all_there_is(tmp_path):
    path = write(tmp_path, lambda n: f"{NAMES[n % 2]} {1 - n / 40:.2f}")
    assert [row.cells[1] for row in sources.read(path).rows()][:2] == ["neg", "pos"]


@pytest.mark.parametrize(
    "label",
    [
        lambda n: f"{('iPhone', 'GPT')[n % 2]} ({n % 7}.5)",
        lambda n: f"{('low', 'mid', 'high')[n % 3]} ({(0.1, 0.5, 0.9)[n % 3]})",
        lambda n: f"{n % 3}:{n % 2}",
        lambda n: f"pos (0.{51 + n})" if n else "neg",
        lambda n: f"{NAMES[n % 3]}:{n % 2}",
    ],
)
def test_other_cells_stay_as_they_are(tmp_path, label):
    rows = list(sources.read(write(tmp_path, label)).rows())
    assert [row.cells[1] for row in rows] == [label(n) for n in range(20)]


def test_several_names_with_scores_are_refused(tmp_path):
    path = write(tmp_path, lambda n: f"neg:0.{51 + n}; pos:0.{49 - n}")
    with pytest.raises(DataError, match=r"several names with a score each \('neg:0.51; pos:0.49'"):
        understand(sources.read(path))


def doubts_of(label):
    lines = [(f"some text of words {n}", label(n)) for n in range(30)]
    return understand(table_of(("text", "label"), lines)).contract.doubts


def test_names_in_an_order_are_said_to_be_classes_as_a_whole():
    held = ("1. sport 2. art", "1. art 2. sport", "1) art 2) news 3) sport")
    (doubt,) = [one for one in doubts_of(lambda n: held[n % 3]) if "in an order" in one]
    assert "'1. sport 2. art'" in doubt
    assert not any("in an order" in one for one in doubts_of(lambda n: f"{n % 3}. sport"))


ANSWERS = ("Yes, always", "No", "No, At night", "Yes, always, At night", "No, Yes, always")


def test_names_that_hold_a_comma_are_said_to_be_parted():
    (doubt,) = [one for one in doubts_of(lambda n: ANSWERS[n % 5]) if "never stands apart" in one]
    assert "in 'Yes, always' never" in doubt
    plain = ("Price", "Staff", "Price, Staff", "Place, Price", "Place")
    assert not any("apart" in one for one in doubts_of(lambda n: plain[n % 5]))


def of_rows(folder, labels, name="label"):
    """Read a CSV of these cells, and give what is in their column."""
    path = folder / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", name), *(("some words of it", one) for one in labels)])
    return sources.read(path)


@pytest.mark.parametrize("labels", [["pos (0.93)"], ["pos: 0.93", "neg: 0.88"], ["a 0.91"] * 3])
def test_few_rows_are_read_as_many_where_their_column_is_one_of_labels(tmp_path, labels):
    found = [row.cells[1] for row in of_rows(tmp_path, labels).rows()]
    assert found == [one[:3].rstrip(": 0") for one in labels]
    assert [row.cells[1] for row in of_rows(tmp_path, labels, "version").rows()] == labels
    few = ["low (0.1)", "high (0.9)"]  # numbers of the classes themselves
    assert [row.cells[1] for row in of_rows(tmp_path, few).rows()] == few


SURE = [{"label": "neg", "score": 0.02}, {"label": "pos", "score": 0.98}]


@pytest.mark.parametrize("rows", [1, 3, 9])
@pytest.mark.parametrize(
    "cell",
    [
        json.dumps(SURE),
        repr(SURE),
        json.dumps([SURE[1]]),
        json.dumps(SURE[1]),
        '{"neg": 0.02, "pos": 0.98}',
        '[["neg", 0.02], ["pos", 0.98]]',
        "[('neg', 0.02), ('pos', 0.98)]",
    ],
)
def test_the_largest_score_of_objects_is_the_label_in_files_of_any_length(tmp_path, cell, rows):
    table = of_rows(tmp_path, [cell] * rows)
    assert [row.cells[1] for row in table.rows()] == ["pos"] * rows
    assert any("score" in reason for reason in table.reasons)


@pytest.mark.parametrize(("name", "held"), [("answer of a model", "pos"), ("weights", None)])
def test_scores_are_said_by_the_cells_or_by_the_name_of_their_column(tmp_path, name, held):
    cell = json.dumps(SURE if held else {"neg": 0.02, "pos": 0.98})
    assert [row.cells[1] for row in of_rows(tmp_path, [cell], name).rows()] == [held or cell]


@pytest.mark.parametrize(
    "cell",
    [
        '[{"label": "a", "score": 0.9}, {"label": "b", "score": 0.8}]',  # two labels, or one
        '{"start": 0.5, "length": 7.5}',
        '[["a", 3], ["b", 4]]',
        "[" * 7_000 + "0.1" + "]" * 7_000,
    ],
)
def test_other_objects_stay_and_are_no_names_of_classes(tmp_path, cell):
    table = of_rows(tmp_path, [cell] * 2)
    assert [row.cells[1] for row in table.rows()] == [cell] * 2
    with pytest.raises(DataError, match=r"column 'label' holds (JSON|lists)"):
        understand(table, label=("label",), text=("text",))


def test_several_names_with_scores_are_refused_in_a_single_row(tmp_path):
    with pytest.raises(DataError, match="several names with a score each"):
        understand(of_rows(tmp_path, ["sport: 0.8; art: 0.1"]))
