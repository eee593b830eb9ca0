"""Lines of a table that are none of its rows: comments, sums, licences, blank cells."""

from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions

RUN = Path(__file__).parents[1] / "fixtures" / "runs_2026" / "single"
GOOD = [f"the film {n} was rather fine,{'pos' if n % 3 else 'neg'}" for n in range(30)]
THREE = [f"{n},{line}" for n, line in enumerate(GOOD)]


def table_of(tmp_path, *lines, name="a.csv"):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path):
    table = sources.read(path)
    rows = list(table.rows())
    return rows, [remark for row in rows for remark in row.remarks]


def checked(path, **options):
    return textune.check(path, count_tokens=lambda texts: [*map(len, texts)], **options)


@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_comments_between_rows_and_below_them_are_passed_over_and_said(tmp_path, sign):
    lines = ["text,label", *GOOD[:9], "# second batch", "# by Eve", *GOOD[9:], "# the end"]
    rows, said = read(table_of(tmp_path, *(line.replace(",", sign) for line in lines)))
    assert [sign.join(row.cells) for row in rows] == [line.replace(",", sign) for line in GOOD]
    assert said == [
        "a.csv:11: a comment, '# second batch', passed over",
        "a.csv:12: a comment, '# by Eve', passed over",
        "a.csv:34: a comment, '# the end', passed over",
    ]


def test_texts_that_begin_as_comments_do_stay(tmp_path):
    lines = ["text,label", *GOOD, "# 1 of all films,pos", "#fail,neg", "# torn"]
    with pytest.raises(DataError, match=r"a\.csv:34: expected 2 columns"):
        read(table_of(tmp_path, *lines))
    assert len(read(table_of(tmp_path, *lines[:-1]))[0]) == 32


def test_a_comment_above_the_header_is_none_though_it_has_commas(tmp_path):
    path = table_of(tmp_path, "# made by us, 2024", "text,label", *GOOD)
    table = sources.read(path)
    assert table.columns == ("text", "label")
    assert "# made by us, 2024" in " ".join(table.reasons)
    assert sources.read(table_of(tmp_path, "# text,label", *GOOD)).columns == ("# text", "label")


@pytest.mark.parametrize(
    "end",
    [
        ["Licensed under CC BY 4.0"],
        ["", "Source: the web", ",,", ",,"],
        ["Total,30,"],
        ["Total,,"],
        [",,", ",,", "Generated on 2024-01-01,,"],
        ["© 2024 by us"],
    ],
)
def test_what_stands_below_a_table_is_passed_over_and_said(tmp_path, end):
    rows, said = read(table_of(tmp_path, "id,text,label", *THREE, *end))
    assert [",".join(row.cells) for row in rows] == THREE
    assert all("below the table: " in remark and ", passed over" in remark for remark in said)
    assert said
    survey = checked(table_of(tmp_path, "id,text,label", *THREE, *end))
    assert survey.rows == 30


def test_what_is_followed_by_rows_is_none_of_the_end(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv:11: expected 3 columns"):
        read(table_of(tmp_path, "id,text,label", *THREE[:9], "Total", *THREE[9:]))
    rows, said = read(table_of(tmp_path, "id,text,label", *THREE[:9], ",,", *THREE[9:]))
    assert (len(rows), said) == (31, [])
    with pytest.raises(DataError, match=r"a\.csv:32: expected 3 columns"):
        read(table_of(tmp_path, "id,text,label", *THREE, "30,the film"))  # cut off


def test_faulty_lines_at_the_end_are_named_where_they_are_left_out(tmp_path):
    path = table_of(tmp_path, "id,text,label", *THREE, "Total rows: 30")
    table = sources.read(path, ReadOptions(faulty="skip"))
    assert len(list(table.rows())) == 30
    assert [fault.origin for fault in table.faults] == ["a.csv:32"]


def test_texts_without_labels_are_no_remarks(tmp_path):
    lines = [f"Note: the film {n}," for n in range(30)]
    assert len(read(table_of(tmp_path, "text,label", *lines))[0]) == 30


@pytest.mark.parametrize(
    ("first", "last", "option"),
    [
        ("string,category", "", "--skip label=category"),
        ("[review],[sentiment]", "", "--skip 'label=[sentiment]'"),
        ("", "Licensed under CC BY 4.0, see LICENSE", "--skip 'label=see LICENSE'"),
        ("", "Total,30", "--skip label=30"),
        ("", "# by Eve, 2024", "--skip label=2024"),
    ],
)
def test_a_line_with_all_cells_that_may_be_no_row_is_named(tmp_path, first, last, option):
    path = table_of(tmp_path, *filter(None, ["text,label", first, *GOOD, last]))
    (found,) = [item for item in checked(path).findings if item.kind == "stray"]
    assert f"`{option}` leaves it out" in found.message
    entry = option.split("label=")[1].strip("'")
    after = checked(path, skip=[f"label={entry}"])
    assert after.rows == 30
    assert "stray" not in {item.kind for item in after.findings}


def test_a_sum_among_numbers_is_named(tmp_path):
    lines = [f"the film {n} was rather fine,{n * 0.37:.2f}" for n in range(30)]
    path = table_of(tmp_path, "text,score", *lines, "Total,160.95")
    (found,) = [item for item in checked(path).findings if item.kind == "stray"]
    assert "a.csv:32 may be no row: it begins with 'Total'" in found.message
    assert "`--skip score=160.95` leaves it out" in found.message


def test_what_stands_below_a_sheet_is_passed_over_and_said(tmp_path):
    book = openpyxl.Workbook()
    for line in ["text,label", *GOOD]:
        book.active.append(line.split(","))
    book.active.append(["Source: the web"])
    book.active.append(["", 0])
    book.save(tmp_path / "a.xlsx")
    assert len(read(tmp_path / "a.xlsx")[0]) == 32
    book.active.delete_rows(33)
    book.save(tmp_path / "a.xlsx")
    rows, said = read(tmp_path / "a.xlsx")
    assert len(rows) == 30
    assert said == ["a.xlsx: Sheet row 32: below the table: 'Source: the web', passed over"]


def test_what_was_passed_over_is_said_though_the_rows_beside_it_are_left_out(tmp_path):
    lines = ["text,label,note", *(f"{row},x" for row in GOOD[:9]), "# second batch", "odd,draft,x"]
    lines += [*(f"{row},x" for row in GOOD[9:]), "last,draft,x", "Licensed under CC BY 4.0"]
    found = checked(table_of(tmp_path, *lines), skip=["label=draft"])
    assert found.rows == 30
    (said,) = [item.message for item in found.findings if item.kind == "mended"]
    assert "a.csv:11: a comment, '# second batch', passed over" in said
    assert "below the table: 'Licensed under CC BY 4.0', passed over" in said


def test_what_was_passed_over_is_said_though_the_row_after_it_has_a_fault(tmp_path):
    lines = ["text,score", *(f"the film {n} was fine,{n}.5" for n in range(20))]
    lines += ["# the rest", "an odd film,good"]
    path = table_of(tmp_path, *lines, "the last film,4.5")
    found = checked(path, task="number", faulty="skip")
    assert "'# the rest', passed over" in " ".join(item.message for item in found.findings)


def test_what_was_passed_over_is_said_though_annotators_of_a_text_become_one(tmp_path):
    rows = [f"{text},{who}" for text in GOOD for who in ("Ann", "Bo")]
    lines = ["text,label,annotator", *rows[:7], "# by both", *rows[7:], "Source: the web"]
    found = checked(table_of(tmp_path, *lines))
    assert sum(dict(found.labels).values()) == 30
    (said,) = [item.message for item in found.findings if item.kind == "mended"]
    assert "'# by both', passed over" in said
    assert "'Source: the web', passed over" in said


def test_predict_says_which_lines_got_no_answer_since_they_are_no_rows(tmp_path):
    lines = ["id,text", *(f"{n},the film {n} was fine" for n in range(20)), "# more", "20,the last"]
    path = table_of(tmp_path, *lines, "Source: the web")
    words = ["predict", str(RUN), "--input", str(path), "--output", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(cli.app, words)
    assert "out.csv: 21 rows" in done.output
    said = " ".join(done.output.split())
    assert "no answer for what is no row: a.csv:22: a comment, '# more', passed over" in said
    assert "below the table: 'Source: the web', passed over" in said


@pytest.mark.parametrize(
    ("name", "lines", "place"),
    [
        ("a.csv", ["text", "a fine film", "", "a poor one", "", ""], 3),
        ("a.csv", ["text", "a fine film", "", '"a poor,\n\none"', "", ""], 3),
        ("a.txt", ["", "a fine film", " ", "a poor one", ""], 1),
    ],
)
def test_blank_lines_among_texts_alone_are_said_once(tmp_path, name, lines, place):
    path = table_of(tmp_path, *lines, name=name)
    rows, said = read(path)
    assert (len(rows), said) == (2, [f"{name}:{place}: a blank line 3 times, passed over"])
    (found,) = [one for one in checked(path).findings if one.kind == "blank lines"]
    assert (found.severity, found.message) == ("note", said[0])


def test_predict_says_which_lines_have_no_answer(tmp_path):
    path = table_of(tmp_path, "text", "a fine film", "", "a poor one")
    out = tmp_path / "out.csv"
    result = CliRunner().invoke(
        cli.app, ["predict", str(RUN), "--input", str(path), "--output", str(out)]
    )
    said = " ".join(result.stderr.split())
    assert "no answer for what is no row: a.csv:3: a blank line, passed over" in said


def test_blank_lines_of_a_table_of_several_columns_are_nothing(tmp_path):
    path = table_of(tmp_path, "text,label", "", *GOOD, "", "")
    assert read(path)[1] == []


@pytest.mark.parametrize("above", ["", "  ", ",", '"",""'])
@pytest.mark.parametrize("count", [1, 60, 5_000])
def test_any_number_of_blank_lines_above_a_table_is_passed_over_and_said(tmp_path, above, count):
    path = table_of(tmp_path, *[above] * count, "text,label", *GOOD)
    table = sources.read(path)
    assert table.columns == ("text", "label")
    first, *_ = rows = list(table.rows())
    assert (len(rows), first.origin) == (30, f"a.csv:{count + 2}")
    assert any("above the table passed over" in one for one in table.reasons)


def test_more_blank_lines_than_are_looked_at_are_passed_over(tmp_path):
    path = table_of(tmp_path, *[""] * 300_000, "text,label", *GOOD)
    assert next(sources.read(path).rows()).origin == "a.csv:300002"
    words = [line for _ in range(30) for line in ("Ada B-PER", "met O", "")]
    table = sources.read(table_of(tmp_path, *[""] * 300_000, *words, name="a.conll"))
    assert len(list(table.rows())) == 30
