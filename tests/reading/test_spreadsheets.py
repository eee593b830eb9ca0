"""Sheets become rows that know their numbers; nothing in them is read as something else unsaid."""

import datetime
import zipfile
from dataclasses import replace

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import textune
from made_runs import make_run
from textune.corpora import given as given_parts
from textune.doors import evaluating_api
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions
from textune.survey import leaks, survey
from textune.tasks import contract

ROWS = [["text", "label"], *([f"the film was {n}", ("bad", "good")[n % 2]] for n in range(9))]
MANIFEST = """<?xml version="1.0"?><manifest:manifest
xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry
manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
</manifest:manifest>"""
ODS = """<?xml version="1.0" encoding="UTF-8"?><office:document-content
xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="Blatt">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""


@pytest.fixture
def book(tmp_path):
    """Return a function that writes sheets, each a list of rows or what fills it, to a book."""

    def write(name="book.xlsx", **sheets):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in sheets.items():
            sheet = made.create_sheet(title)
            for row in rows if isinstance(rows, list) else ():
                sheet.append(row)
            if callable(rows):
                rows(sheet)
        made.save(tmp_path / name)
        return tmp_path / name

    return write


def cells(table):
    return [row.cells for row in table.rows()]


def message_of(path, options=sources.USUAL):
    with pytest.raises(DataError, match=r"\w") as caught:
        list(sources.read(path, options).rows())
    return str(caught.value)


def test_an_encoding_that_is_named_in_vain_is_said(book):
    path = book(Reviews=ROWS)
    reasons = sources.read(path, ReadOptions(encoding="cp1252")).reasons
    assert "--encoding cp1252 is of no effect: a spreadsheet says itself" in reasons[-1]
    assert "encoding" not in " ".join(sources.read(path).reasons)


def test_the_only_sheet_with_a_table_is_read(book):
    path = book(Notes=[["made by hand"]], Reviews=ROWS, Empty=[])
    table = sources.read(path)
    assert (table.columns, table.has_header, table.format) == (("text", "label"), True, "sheet")
    assert cells(table) == [tuple(row) for row in ROWS[1:]]
    assert [row.origin for row in table.rows()][:2] == [
        "book.xlsx: Reviews row 2",
        "book.xlsx: Reviews row 3",
    ]
    assert "the sheet 'Reviews'; not read: 'Notes', 'Empty'" in table.reasons[0]


@pytest.mark.parametrize(
    "more",
    [
        {"ReadMe": [["column", "meaning"], ["text", "what was said"]]},
        {"About": [["These were collected"], ["by hand"]]},
    ],
)
def test_a_sheet_that_tells_of_the_others_holds_no_table(book, more):
    table = sources.read(book(**more, Data=ROWS))
    assert cells(table) == [tuple(row) for row in ROWS[1:]]
    assert f"the sheet 'Data'; not read: {next(iter(more))!r}" in table.reasons[0]
    message = message_of(book(**more, dev=ROWS, train=ROWS, test=ROWS))
    assert "several sheets hold tables ('dev', 'train', 'test')" in message
    assert '--sheet "train"; "test" judges the model: --test book.xlsx beside it' in message
    assert 'textune evaluate RUN FILE --sheet "test"' in message


def test_a_sheet_of_texts_alone_is_a_table(book):
    path = book(More=[["text"], *([f"some text {n}"] for n in range(40))], Data=ROWS)
    assert "several sheets hold tables ('More', 'Data')" in message_of(path)
    path = book(Notes=[["text"], ["some text"]], Data=ROWS)
    assert "several sheets hold tables ('Notes', 'Data')" in message_of(path)
    path = book(Notes=[["text"], ["some text"]], Data=[["text"], ["a text"], ["another text"]])
    assert "several sheets hold tables ('Notes', 'Data')" in message_of(path)


def test_of_several_sheets_one_is_named(book):
    path = book(Train=ROWS, Other=[["text", "label"], ["a", "b"]])
    assert "several sheets hold tables ('Train', 'Other')" in message_of(path)
    assert '--sheet "Train"' in message_of(path)
    assert cells(sources.read(path, ReadOptions(sheet="other"))) == [("a", "b")]
    assert "no sheet 'Trian'; did you mean 'Train'?" in message_of(path, ReadOptions(sheet="Trian"))
    assert "--sheet Other" in survey.check(path, sheet="Other", label="label").command


def test_a_hidden_sheet_is_read_where_it_is_named(book):
    def hide(sheet):
        sheet.append(["text", "label"])
        sheet.append(["a", "b"])
        sheet.sheet_state = "hidden"

    path = book(Seen=ROWS, Hidden=hide)
    assert len(cells(sources.read(path))) == 9
    assert cells(sources.read(path, ReadOptions(sheet="Hidden"))) == [("a", "b")]


def test_values_are_written_as_people_see_them(book):
    noon = datetime.datetime(2026, 1, 2, 12, 30)
    values = [1, 1.0, 2.5, True, datetime.date(2026, 1, 2), noon, datetime.time(3, 4), "007"]
    path = book(A=[[f"name {n}" for n in range(len(values))], values])
    assert cells(sources.read(path, ReadOptions(header=True))) == [
        ("1", "1", "2.5", "True", "2026-01-02", "2026-01-02 12:30:00", "03:04:00", "007")
    ]


def test_a_table_may_stand_anywhere_in_its_sheet(book):
    def fill(sheet):
        sheet["A1"] = "Reviews of the year"
        for number, row in enumerate(ROWS, start=4):
            sheet.cell(number, 3, row[0])
            sheet.cell(number, 5, row[1])

    table = sources.read(book(A=fill))
    assert table.columns == ("text", "label")
    assert cells(table) == [tuple(row) for row in ROWS[1:]]
    assert next(table.rows()).origin == "book.xlsx: A row 5"
    assert any("passed over: 'Reviews of the year'" in reason for reason in table.reasons)


def test_a_cell_merged_over_rows_stands_in_each(book):
    def fill(sheet):
        for row in ROWS:
            sheet.append(row)
        sheet.merge_cells("B2:B4")
        sheet.merge_cells("B8:B9")

    table = sources.read(book(A=fill))
    labels = [row[1] for row in cells(table)]
    assert labels == ["bad", "bad", "bad", "good", "bad", "good", "bad", "bad", "bad"]
    (finding,) = table.findings
    assert finding.message == "3 rows lie within a merged cell, and have its value"


def test_errors_and_formulas_without_a_value_are_said(book):
    def fill(sheet):
        for row in ROWS:
            sheet.append(row)
        sheet["B3"], sheet["B5"], sheet["A7"] = "#N/A", "#REF!", "=1+1"

    found = {finding.message for finding in sources.read(book(A=fill)).findings}
    assert found == {
        "2 cells hold errors, and are read as blank; first: B3",
        "1 cells hold formulas without a value, and are read as blank; first: A7",
    }


def test_a_formula_has_the_value_that_was_saved_with_it(book, tmp_path):
    path = book(A=[*ROWS, ["=1+1", "good"]])
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as after:
        for name in before.namelist():
            data = before.read(name).replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
            after.writestr(name, data.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>"))
    table = sources.read(tmp_path / "b.xlsx")
    assert cells(table)[-1] == ("2", "good")
    assert not table.findings


@pytest.mark.parametrize("header", [True, False])
def test_a_header_is_as_told(book, header):
    path = book(A=[["a b c", "x"], ["d e f", "y"]])
    table = sources.read(path, ReadOptions(header=header))
    assert len(cells(table)) == 2 - header
    assert table.columns == (("a b c", "x") if header else ("1", "2"))


def test_two_columns_of_one_name_are_refused_with_their_row(book):
    path = book(A=[[], ["text", "text"], ["a", "b"]])
    message = message_of(path, ReadOptions(header=True))
    assert "book.xlsx: A row 2: the header names 'text' more than once" in message


@pytest.mark.parametrize("rows", [[], [["text", "label"]]])
def test_a_book_without_rows_is_refused(book, rows):
    assert "book.xlsx" in message_of(book(A=rows), ReadOptions(header=True))


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.csv"])
@pytest.mark.parametrize("damage", ["half", "old", "text"])
def test_a_damaged_book_is_refused_in_a_line(book, tmp_path, name, damage):
    data = book(A=ROWS).read_bytes()
    broken = {"half": data[: len(data) // 2], "old": b"\xd0\xcf\x11\xe0" + bytes(2_000)}
    path = tmp_path / name
    path.write_bytes(broken.get(damage, b"text,label\na,b\n"))
    if (name, damage) == ("a.csv", "text"):
        assert cells(sources.read(path)) == [("a", "b")]
        return
    message = message_of(path)
    assert name in message
    assert "\n" not in message


def test_a_text_file_has_no_sheets(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,b\n")
    assert "--sheet A: this is no spreadsheet" in message_of(
        tmp_path / "a.csv", ReadOptions(sheet="A")
    )


def test_open_document_sheets_are_read(tmp_path):
    def row(*values):
        held = "".join(
            f'<table:table-cell office:value-type="string"><text:p>{value}</text:p>'
            "</table:table-cell>"
            for value in values
        )
        return f"<table:table-row>{held}</table:table-row>"

    with zipfile.ZipFile(tmp_path / "a.ods", "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("META-INF/manifest.xml", MANIFEST)
        made.writestr("content.xml", ODS.format(rows="".join(row(*each) for each in ROWS)))
    table = sources.read(tmp_path / "a.ods")
    assert cells(table) == [tuple(each) for each in ROWS[1:]]
    assert next(table.rows()).origin == "a.ods: Blatt row 2"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, st.integers(-(10**9), 10**9), st.floats(0, 1)), min_size=1))
def test_rows_that_were_written_are_read(book, rows):
    rows = [(f"x{text}", number, share) for text, number, share in rows]
    table = sources.read(book(A=[["text", "n", "share"], *rows]), ReadOptions(header=True))
    found = cells(table)
    assert [(text, int(number)) for text, number, _ in found] == [row[:2] for row in rows]
    assert [float(share) for *_, share in found] == pytest.approx([row[2] for row in rows])
    assert [row.origin for row in table.rows()] == [
        f"book.xlsx: A row {number}" for number, _ in enumerate(rows, start=2)
    ]


def test_a_model_is_judged_by_the_sheet_that_is_named(book, tiny_base, tmp_path):
    model = make_run(tmp_path / "run", tiny_base, "single", ["0", "1"])
    path = book(Data=ROWS, More=[["text", "label"], ["a good film", 0], ["a bad film", 1.0]])
    assert evaluating_api.evaluate(model, path, sheet="More")["n"] == 2


@pytest.mark.parametrize("part", ["valid", "test"])
def test_a_sheet_that_is_learned_from_does_not_judge(book, tiny_base, tmp_path, part):
    rows = [["text", "label"], *[["good film", "pos"], ["bad film", "neg"]] * 20]
    file, out = book(train=rows, more=rows), tmp_path / "run"
    asked = {part: file, "sheet": "train", "epochs": 1}
    with pytest.raises(
        DataError, match=rf"--{part} .*learned from.*--sheet 'train' holds for every"
    ):
        textune.train(file, base=tiny_base, out=out, **asked)
    assert not out.exists()


@pytest.mark.parametrize("learned", ["book.xlsx", "other.xlsx"])
def test_the_sheet_of_a_part_judges_whichever_is_learned_from(book, learned):
    rows = [["text", "label"], *[["good film", "pos"], ["bad film", "neg"]] * 9]
    file = book(train=rows, dev=rows[:5], test=rows[:7])
    source = file if learned == file.name else book(learned, train=rows, test=rows)
    options = ReadOptions(sheet="train")
    table = sources.read(source, options)
    agreed = contract.understand(table).contract
    given_parts.refuse_same_rows(source, file, file, options)
    for part, count in (("valid", 4), ("test", 6)):
        found = leaks.same_layout(file, table, agreed, replace(options, part=part))
        assert len(list(found.rows())) == count
        assert any(f"which is called the {part} part" in why for why in found.reasons)


def test_a_part_takes_the_sheet_that_is_named_unless_it_is_called_another_part(book):
    rows = [["text", "label"], ["good film", "pos"], ["bad film", "neg"]]
    file = book(Data=rows, test=[*rows, *rows[1:]])
    assert len(list(sources.read(file, ReadOptions(sheet="Data", part="test")).rows())) == 2
    assert len(list(sources.read(file, ReadOptions(part="test")).rows())) == 4


def test_several_sheets_of_a_file_that_judges_have_a_way_out_of_their_own(book):
    rows = [["text", "label"], ["good film", "pos"], ["bad film", "neg"]]
    file = book(One=rows, Two=rows)
    with pytest.raises(DataError, match='call the one that is meant "test" there, or save it'):
        sources.read(file, ReadOptions(part="test"))


@pytest.mark.parametrize(
    ("above", "said"), [(1, "a row of one cell is"), (2, "2 rows of one cell are")]
)
def test_titles_above_a_table_are_said_to_be_passed_over(book, above, said):
    table = [["text", "label"], *([f"it was day {n}", "ab"[n % 2]] for n in range(20))]
    found = sources.read(book(sheet=[*[["Tickets of 2021"]] * above, [], *table]))
    assert f"above the table, {said} passed over: 'Tickets of 2021'" in found.reasons
