import csv

import pytest

from textune.errors import DataError
from textune.reading import sources

TEXTS = [f"the {thing} was {how} that day" for thing in ("room", "meal") for how in "abcdefgh"]
ORIGINS = ['{"ImportId":"startDate","timeZone":"America/Denver"}', '{"ImportId":"progress"}']
QUALTRICS = (
    ["StartDate", "Progress", "Finished", "Q1", "Q2"],
    ["Start Date", "Progress", "Finished", "Tell us what you thought.", "Would you come back?"],
    [*ORIGINS, '{"ImportId":"finished"}', '{"ImportId":"QID1_TEXT"}', '{"ImportId":"QID2"}'],
)
ANSWERS = ("Agree", "Disagree")


def write(path, lines, *, delimiter=",", encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)
    return path


def qualtrics(of):
    rows = [
        [f"2026-01-{n + 1:02}", "100", "True", text, ANSWERS[n % 2]] for n, text in enumerate(TEXTS)
    ]
    return [*of, *rows]


@pytest.mark.parametrize("lines", [3, 2])
@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8-sig"), ("\t", "utf-16")])
def test_what_qualtrics_writes_beneath_the_header_is_no_row(tmp_path, lines, delimiter, encoding):
    ending = ".csv" if delimiter == "," else ".tsv"
    content = qualtrics(QUALTRICS[:lines])
    path = write(tmp_path / f"a{ending}", content, delimiter=delimiter, encoding=encoding)
    table = sources.read(path)
    found = [row.cells[3:] for row in table.rows()]
    assert table.columns == tuple(QUALTRICS[0])
    assert found == [(text, ANSWERS[n % 2]) for n, text in enumerate(TEXTS)]
    assert any("beneath the header" in reason for reason in table.reasons)


def test_rows_beneath_a_longer_header_keep_their_lines(tmp_path):
    path = write(tmp_path / "a.csv", qualtrics(QUALTRICS))
    assert next(iter(sources.read(path).rows())).origin == "a.csv:4"


def test_answers_of_surveymonkey_name_columns(tmp_path):
    first = ["Respondent ID", "Start Date", "How was it?", "Why?", "What did you use?", ""]
    second = ["", "", "Response", "Open-Ended Response", "App", "Website"]
    rows = [
        [str(9000 + n), "04/02/2026", ("Good", "Bad")[n % 2], text, "App" * (n % 2), "Website"]
        for n, text in enumerate(TEXTS)
    ]
    rows[3][5] = ""
    table = sources.read(write(tmp_path / "a.csv", [first, second, *rows]))
    used = ("What did you use?: App", "What did you use?: Website")
    assert table.columns == (*first[:4], *used)
    assert [list(row.given) for row in table.rows()] == rows


@pytest.mark.parametrize(
    ("first", "second", "columns"),
    [
        (
            ["meta", "meta", "labels", "labels"],
            ["id", "text", "toxic", "insult"],
            ("id", "text", "toxic", "insult"),
        ),
        (
            ["", "text", "label", "label"],
            ["", "", "toxic", "insult"],
            ("1", "text", "label: toxic", "label: insult"),
        ),
    ],
)
def test_names_may_stand_in_two_lines(tmp_path, first, second, columns):
    rows = [[str(n), text, str(n % 2), str(n % 3 // 2)] for n, text in enumerate(TEXTS)]
    table = sources.read(write(tmp_path / "a.csv", [first, second, *rows]))
    assert table.columns == columns
    assert [list(row.cells) for row in table.rows()] == rows


@pytest.mark.parametrize("titles", [0, 1])
def test_merged_cells_of_a_sheet_may_stand_above_the_names(tmp_path, titles):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.active
    for _ in range(titles):
        sheet.append(["Reviews of 2026"])
    sheet.append(["Review", None, "Annotation", None])
    sheet.append(["ID", "Text", "Anna", "Ben"])
    for n, text in enumerate(TEXTS):
        sheet.append([n, text, "pos" if n % 2 else "neg", "pos" if n % 3 else "neg"])
    book.save(tmp_path / "a.xlsx")
    table = sources.read(tmp_path / "a.xlsx")
    rows = list(table.rows())
    assert table.columns == ("ID", "Text", "Anna", "Ben")
    assert len(rows) == len(TEXTS)
    assert rows[0].origin.endswith(f"row {3 + titles}")


@pytest.mark.parametrize(
    "second",
    [
        ["", "fine meal", "good"],  # a row without an id
        ["0", "Text", "good"],
        ["", "", "good"],
    ],
)
def test_a_row_with_blank_cells_is_a_row(tmp_path, second):
    rows = [[str(n + 1), text, ("good", "bad")[n % 2]] for n, text in enumerate(TEXTS)]
    table = sources.read(write(tmp_path / "a.csv", [["id", "text", "label"], second, *rows]))
    assert len(list(table.rows())) == 1 + len(rows)


def test_rows_of_names_of_their_own_beside_texts_are_rows(tmp_path):
    rows = [[f"r{n}", text] for n, text in enumerate(["Short", *TEXTS])]
    table = sources.read(write(tmp_path / "a.csv", [["", "text"], *rows]))
    assert len(list(table.rows())) == len(rows)


def test_answers_that_were_all_chosen_are_no_header_again(tmp_path):
    first = ["text", "App", "Website", "Phone"]
    rows = [[text, "App", "Website", "Phone" * (n % 2)] for n, text in enumerate(TEXTS, start=1)]
    rows[5][1] = rows[6][2] = ""
    table = sources.read(write(tmp_path / "a.csv", [first, *rows]))
    assert table.columns == tuple(first)
    assert len(list(table.rows())) == len(rows)


def test_columns_of_one_name_that_are_filled_from_the_left_are_numbered(tmp_path):
    first = ["Summary", "Labels", "Labels", "Labels", "Type", "Comment", "Comment"]
    kept = (["ui", "", ""], ["ui", "api", ""], ["api", "ui", "docs"], ["", "", ""])
    rows = [
        [text, *kept[n % 4], ("Bug", "Task")[n % 2], *(["so"] * (n % 3)), *([""] * (2 - n % 3))]
        for n, text in enumerate(TEXTS)
    ]
    table = sources.read(write(tmp_path / "a.csv", [first, *rows]))
    assert table.columns == (
        *("Summary", "Labels", "Labels 2", "Labels 3", "Type", "Comment", "Comment 2"),
    )
    assert [list(row.cells) for row in table.rows()] == rows
    assert any("are numbered ('Labels', 'Comment')" in reason for reason in table.reasons)


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (["text", "label", "label"], [[text, "a", "b"] for text in TEXTS]),  # all filled
        (["text", "label", "label"], [[text, "", "b"] for text in TEXTS]),  # from the right
        (["label", "text", "label"], [["a", text, ""] for text in TEXTS]),  # apart
        (["text", "label", "label", "label 2"], [[text, "a", "", "b"] for text in TEXTS]),
    ],
)
def test_other_columns_of_one_name_are_refused(tmp_path, first, rows):
    with pytest.raises(DataError, match=r"a\.csv:1: the header names 'label.*' more than once"):
        sources.read(write(tmp_path / "a.csv", [first, *rows]))
