import csv

import pytest

from made_tables import table as table_of
from textune.reading import sources
from textune.tasks import layout
from textune.tasks.contract import understand

TEXTS = [f"the {thing} was {how} that day" for thing in ("room", "meal") for how in "abcdefgh"]
LABELS = ("price", "place", "staff")


def write(path, rows, names=("text", *LABELS)):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def ticked(mark, nothing=""):
    marks = [[(n + at) % (2 + at) == 0 for at in range(3)] for n in range(len(TEXTS))]
    cells = [
        [mark or label if is_true else nothing for is_true, label in zip(row, LABELS, strict=True)]
        for row in marks
    ]
    plain = [[str(int(is_true)) for is_true in row] for row in marks]
    return [[text, *row] for text, row in zip(TEXTS, cells, strict=True)], plain


@pytest.mark.parametrize("nothing", ["", "-"])
@pytest.mark.parametrize("mark", ["x", "X", "✓", "1", "yes", "ja", ""])
def test_a_mark_or_nothing_is_one_or_zero(tmp_path, mark, nothing):
    rows, plain = ticked(mark, nothing)
    table = sources.read(write(tmp_path / "a.csv", rows))
    found = list(table.rows())
    assert [list(row.cells[1:]) for row in found] == plain
    assert list(found[0].given) == rows[0]
    contract = understand(table).contract
    assert (contract.task, contract.label) == ("multi", LABELS)
    assert any("hold a mark or nothing" in reason for reason in table.reasons)


def test_marks_in_a_sheet_are_read_so(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    rows, plain = ticked("x")
    for row in [["text", *LABELS], *rows]:
        book.active.append([cell or None for cell in row])
    book.save(tmp_path / "a.xlsx")
    table = sources.read(tmp_path / "a.xlsx")
    assert [list(row.cells[1:]) for row in table.rows()] == plain


def test_a_cell_that_is_no_mark_is_left_as_it_is(tmp_path):
    rows, _ = ticked("x")
    rows.extend([[f"{text} again", *row] for text, *row in rows * 150])
    rows[-1][2] = "perhaps"  # beyond what is looked at
    *_, last = sources.read(write(tmp_path / "a.csv", rows)).rows()
    assert last.cells[2] == "perhaps"


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: [[text, one, "", ""] for text, one, *_ in rows],  # a single column
        lambda rows: [[text, one and "a", two and "b", two and "c"] for text, one, two, _ in rows],
        lambda rows: [[text, "x", "x", "x"] for text, *_ in rows],
    ],
)
def test_other_columns_stay_as_they_are(tmp_path, change):
    rows = change(ticked("x")[0])
    table = sources.read(write(tmp_path / "a.csv", rows))
    assert [list(row.cells) for row in table.rows()] == rows


@pytest.mark.parametrize(
    "signs",
    [
        *[("ja", "nein"), ("oui", "non"), ("да", "нет"), ("sí", "no"), ("sim", "não")],
        *[("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("是", "否"), ("EVET", "HAYIR"), ("✓", "✗")],
    ],
)
def test_yes_and_no_of_other_languages_are_one_and_zero(signs):
    rows = [(text, signs[n % 2], signs[n % 3 // 2]) for n, text in enumerate(TEXTS)]
    contract = understand(table_of(("text", "price", "staff"), rows)).contract
    assert (contract.task, contract.label) == ("multi", ("price", "staff"))


@pytest.mark.parametrize("kept", [(0, 1), (0,), (2,)])
def test_labels_without_a_mark_are_zero_where_a_model_knows_them(tmp_path, kept):
    rows, plain = ticked("x")
    contract = understand(sources.read(write(tmp_path / "a.csv", rows))).contract
    fewer = [[text, *(cell * (at in kept) for at, cell in enumerate(row))] for text, *row in rows]
    table, _ = layout.fitted(sources.read(write(tmp_path / "b.csv", fewer)), contract, LABELS)
    wanted = [[one if at in kept else "0" for at, one in enumerate(row)] for row in plain]
    assert [list(row.cells[1:]) for row in table.rows()] == wanted


def test_labels_of_a_file_without_any_mark_stay_blank(tmp_path):
    rows, _ = ticked("x")
    contract = understand(sources.read(write(tmp_path / "a.csv", rows))).contract
    bare = [[text, "", "", ""] for text, *_ in rows]
    table, _ = layout.fitted(sources.read(write(tmp_path / "b.csv", bare)), contract, LABELS)
    assert {row.cells[1:] for row in table.rows()} == {("", "", "")}


def test_a_column_beside_others_without_a_mark_is_said_to_be_no_label(tmp_path):
    rows = [[*row[:3], ""] for row in ticked("x")[0]]
    table = sources.read(write(tmp_path / "a.csv", rows))
    assert any("no row has a mark in 'staff' beside them: no label" in one for one in table.reasons)
    assert understand(table).contract.label == LABELS[:2]
