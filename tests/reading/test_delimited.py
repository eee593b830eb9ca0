"""Delimited text: what is read, cell for cell, and what is refused, with its line."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textune.errors import DataError
from textune.reading import lines, sources
from textune.records import ReadOptions, Table
from thinning import examples

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), min_size=1, max_size=12)
)


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes, name: str = "reviews.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


def message_of(path: Path, **options) -> str:
    with pytest.raises(DataError, match=path.name) as caught:
        list(sources.read(path, **options).rows())
    return str(caught.value)


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@example(table=[["0"], ["\r"]], delimiter="\t")
@example(table=[[""], [""], [""], ["0"], ["\n"]], delimiter=",")
@given(table=tables, delimiter=st.sampled_from(",;\t|"))
def test_what_csv_writes_comes_back_cell_for_cell(tmp_path_factory, table, delimiter):
    header = [f"column{n}" for n in range(len(table[0]))]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([header, *table])
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(buffer.getvalue().encode())
    expected = [tuple(row) for row in table]
    read = sources.read(path, ReadOptions(delimiter=delimiter, header=True))
    assert read.columns == tuple(header)
    assert cells(read) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.data"])
def test_delimiter_is_recognised_and_said(write, delimiter, name):
    lines = [("id", "text", "label")]
    lines += [
        (str(n), f"Well, this; is | text {n}".replace(delimiter, ""), "pos") for n in range(9)
    ]
    table = sources.read(write("".join(f"{delimiter.join(line)}\n" for line in lines), name))
    assert table.delimiter == delimiter
    assert table.columns == ("id", "text", "label")
    assert cells(table) == lines[1:]
    assert any("delimiter" in reason for reason in table.reasons)


def test_cells_stay_as_written(write):
    values = ["01", "NA", "None", "null", "1.0", "True", "", " x ", "nan", "1e3"]
    table = sources.read(write("text,label\n" + "".join(f"some text,{v}\n" for v in values)))
    assert [label for _, label in cells(table)] == values


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_line_ends_of_any_kind(write, end):
    table = sources.read(write(end.join(["text,label", "a b,x", '"c\nd",y', "e f,x", ""])))
    assert [row.cells for row in table.rows()] == [("a b", "x"), ("c\nd", "y"), ("e f", "x")]
    assert [row.origin for row in table.rows()] == [f"reviews.csv:{n}" for n in (2, 3, 5)]


def test_mixed_line_ends_and_unicode_separators_do_not_break_line_numbers(write):
    table = sources.read(write("text,label\ra\u2028b\x85c\x0b\x0c\x1c,x\r\nd,y\n\r\ne,x"))
    assert [(row.cells, row.origin) for row in table.rows()] == [
        (("a\u2028b\x85c\x0b\x0c\x1c", "x"), "reviews.csv:2"),
        (("d", "y"), "reviews.csv:3"),
        (("e", "x"), "reviews.csv:5"),
    ]


def test_line_ends_inside_quotes_are_kept(write):
    table = sources.read(write('text,label\r\n"a\r\nb\rc\n",x\r\nd,y\r\n'))
    assert cells(table) == [("a\r\nb\rc\n", "x"), ("d", "y")]


def test_blank_lines_are_skipped_anywhere(write):
    table = sources.read(write("\n\ntext,label\n\na,x\n   \nb,y\n\n\n"))
    assert [row.origin for row in table.rows()] == ["reviews.csv:5", "reviews.csv:7"]


def test_rows_can_be_read_again(write):
    table = sources.read(write("text,label\na,x\n"))
    assert cells(table) == cells(table) == [("a", "x")]


@pytest.mark.parametrize("at", [1, 40, 98])
@pytest.mark.parametrize(("row", "found"), [("1,short", 2), ("1,a,b,c", 4)])
def test_ragged_row_is_named_with_its_line(write, at, row, found):
    lines = ["id,text,label", *(f"{n},some text,pos" for n in range(98))]
    lines[at] = row
    message = message_of(write("\n".join(lines)))
    assert f"reviews.csv:{at + 1}: expected 3 columns (id, text, label), found {found}" in message
    assert f"'{row}'" in message
    assert ("add the missing cells" if found == 2 else "into quotes") in message


def test_problems_are_collected_twenty_shown_all_counted(write):
    body = "".join(f"{n},some text,pos\n{n}\n" for n in range(152))
    message = message_of(write(f"id,text,label\n{body}"))
    assert "152 problems" in message
    assert "reviews.csv:3: expected" in message
    assert "reviews.csv:41: expected" in message
    assert "reviews.csv:43: expected" not in message
    assert "… and 132 more" in message


def test_no_row_is_yielded_after_the_first_problem(write):
    rows = sources.read(write("id,text,label\n1,a,x\n2,b\n3,c,x\n")).rows()
    assert next(rows).cells == ("1", "a", "x")
    with pytest.raises(DataError, match=r"reviews\.csv:3: expected 3 columns"):
        next(rows)


def test_unclosed_quote_is_named_where_it_opens(write):
    body = "".join(f"{n},some text,pos\n" for n in range(500))
    message = message_of(write(f'id,text,label\n1,"a\nb",neg\n2,"lost, text,neg\n{body}'))
    assert "reviews.csv:4:3: the quoted cell that opens here is never closed" in message
    assert "close the quote" in message


def test_a_record_that_cannot_be_parsed_is_the_last_problem_and_counted_once(write):
    lost = write('text,label\na,x\n"lost,y\n')
    assert message_of(lost).startswith("reviews.csv:3:1: the quoted cell that opens here is never")
    after = write('text,label\na,x\nb,c,x\n"lost,y\n')
    assert message_of(after).startswith("reviews.csv: 2 problems\n  reviews.csv:3: expected 2")


def test_unclosed_quote_in_the_second_cell_of_a_long_record(write):
    message = message_of(write('text,more,label\na,b,x\n"one\ntwo","three\nfour,x\nc,d,y\n'))
    assert "reviews.csv:4:6: the quoted cell that opens here is never closed" in message


def test_unclosed_quote_that_meets_a_later_quote(write):
    body = "".join(f"{n},some text,pos\n" for n in range(50))
    message = message_of(write(f'id,text,label\n1,"lost,neg\n{body}2,"found, text",neg\n{body}'))
    assert "reviews.csv:2:3" in message
    assert "closed on line 53, and more text follows" in message


def test_quote_that_swallows_whole_rows(write):
    body = "".join(f"{n},some text,{'pos' if n % 2 else 'neg'}\n" for n in range(50))
    message = message_of(
        write(f'id,text,label\n{body}1,"lost,neg\n{body}2,a pipe of 3",neg\n{body}')
    )
    assert "reviews.csv:52: a quoted cell swallows the rows after it" in message


def test_text_after_a_closing_quote(write):
    message = message_of(write('id,text,label\n1,a,x\n2,"Well" she said,y\n3,b,x\n'))
    assert "reviews.csv:3:3: the quoted cell that opens here is closed on this line" in message
    assert "write the quote twice" in message


def test_quotes_after_a_space_mark_cells(write):
    table = sources.read(write('id, text, label\n1, "so, it is", x\n2, "well, no", y\n'))
    assert table.columns == ("id", "text", "label")
    assert cells(table) == [("1", "so, it is", "x"), ("2", "well, no", "y")]


def test_fault_after_a_space_is_found_too(write):
    body = '1, "so, it is", x\n' * 20_000
    message = message_of(write(f'id, text, label\n{body}2, "lost, y\n{body}'))
    assert (
        "reviews.csv:20002:4: the quoted cell that opens here is closed on line 20,003" in message
    )


@pytest.mark.parametrize("content", ['"text,label\na,x\nb,y\n', '"text" s,label\na,x\n'])
def test_header_with_a_broken_quote(write, content):
    assert "reviews.csv:1:1: the quoted cell that opens here is" in message_of(write(content))


def test_quotes_inside_a_cell_are_text(write):
    table = sources.read(
        write('id,text,label\n1,a 3" pipe,x\n2,he said "yes",y\n3,"""so"", she",x\n')
    )
    assert [text for _, text, _ in cells(table)] == ['a 3" pipe', 'he said "yes"', '"so", she']


def test_literal_quotes_between_tabs(write):
    body = '"Well," he said.\tpos\nso "it" is\tneg\n"\tpos\n"open\tneg\n"quite"\tpos\n' * 5
    table = sources.read(write(f"sentence\tlabel\n{body}", "a.tsv"))
    assert cells(table)[:5] == [
        ('"Well," he said.', "pos"),
        ('so "it" is', "neg"),
        ('"', "pos"),
        ('"open', "neg"),
        ('"quite"', "pos"),
    ]
    assert any(reason.startswith("quotes: part of the text") for reason in table.reasons)


def test_quotes_between_tabs_that_a_program_wrote(write):
    body = 'plain\tpos\n"she said ""no"""\tneg\n"a\tb"\tpos\n"c\nd"\tneg\n'
    table = sources.read(write(f"sentence\tlabel\n{body}", "a.tsv"))
    assert [text for text, _ in cells(table)] == ["plain", 'she said "no"', "a\tb", "c\nd"]
    assert 'quotes: "…" marks a cell' in table.reasons


def test_quotes_between_tabs_around_every_cell(write):
    table = sources.read(write('"text"\t"label"\n"a b"\t"x"\n"c d"\t"y"\n', "a.tsv"))
    assert table.columns == ("text", "label")
    assert cells(table) == [("a b", "x"), ("c d", "y")]


def test_literal_quote_far_into_a_large_file(write):
    body = "some text of this film\tpos\nanother text of it\tneg\n" * 7_000
    table = sources.read(write(f'text\tlabel\n{body}"Open it is.\tpos\n{body}', "a.tsv"))
    assert sum(1 for _ in table.rows()) == 28_001


HEADERS = {
    "sentence\tlabel": ["it 's a charming journey .\t1", "bleak and desperate\t0"],
    "comment_text,toxic,severe": ["some words here,0,0", "other words there,1,0"],
    "index\tsentence1\tsentence2\tlabel": ["0\tA man.\tA person.\tentailment", "1\tB.\tC.\tnot"],
    "text,label": ["great,pos", "awful,neg"],
    "id,review,stars": ["7,fine,5", "8,bad,1"],
    "texte;étiquette": ["Un film très bien fait;bon", "Un film à éviter;mauvais"],
    "文本,标签": ["这部电影非常好看我很喜欢,正面", "剧情拖沓无聊至极,负面"],
    "question,answer": ["What is it that you want to do?,Nothing", "Where are we?,Here we are"],
    "Timestamp,How satisfied are you with our service?": [
        "2024-01-02 10:00:00,very",
        "2024-01-03,no",
    ],
    ",text,label": ["0,a b,x", "1,c d,y"],
    "Word;What the second of our programs said;ours": [
        *("cela;V;V", "nyusa;N;V", "hamba;V;N", "thetha;V;V", "funda;N;V", "pheka;V;V"),
    ],
    ",deutsch,english": ["0,Asche,ash", "1,Asche,cinders", "2,Brot,bread"],
    "0,1": ["some text of some length,pos", "other text of some length,neg"],
}


@pytest.mark.parametrize("header", HEADERS)
def test_header_is_recognised(write, header):
    table = sources.read(write("\n".join([header, *HEADERS[header]]), "a.txt"))
    assert table.has_header, table.reasons
    assert len(cells(table)) == len(HEADERS[header])
    assert any("header" in reason for reason in table.reasons)


BODIES = [
    ["gj04\t1\t\tOur friends won't buy it.", "gj04\t0\t*\tOne more and I give up.", "l1\t1\t\tSo."],
    ["My favourite food is it.\t27\teebbqej", "Now he does.\t4,27\ted00q6i", "Why?\t2\teezlygj"],
    ["great film,pos", "poor film,neg", "nice film,pos", "sad film,neg"],
    ["1,a b", "0,c d", "1,e f"],
    ["pos,I love this film!", "neg,I hate it."],
    ["I love this movie,positive", "I hate this movie,negative"],
    ["I feel fine today. Thanks,3.5", "And so do I,2.5"],
]


@pytest.mark.parametrize("body", BODIES)
def test_absent_header_is_recognised(write, body):
    table = sources.read(write("\n".join(body)))
    assert not table.has_header, table.reasons
    assert table.columns == tuple(str(n) for n in range(1, len(table.columns) + 1))
    assert len(cells(table)) == len(body)


def test_undecidable_header_is_said_with_the_way_out(write):
    table = sources.read(write("alpha,beta\ngamma,delta\n"))
    assert table.has_header
    assert any("--no-header" in reason for reason in table.reasons)


@pytest.mark.parametrize("header", [True, False])
def test_header_as_told(write, header):
    table = sources.read(write("text,label\na,x\nb,y\n"), ReadOptions(header=header))
    assert table.has_header is header
    assert len(cells(table)) == (2 if header else 3)


def test_column_without_a_name_goes_by_its_number(write):
    table = sources.read(write(",text,label\n0,a b,x\n1,c d,y\n"))
    assert table.columns == ("1", "text", "label")
    assert any("by their number: 1" in reason for reason in table.reasons)


def test_header_names_a_column_twice(write):
    message = message_of(write("text,label,label\na b,1,0\nc d,0,1\n"))
    assert "reviews.csv:1: the header names 'label' more than once" in message
    assert "--no-header" in message


def test_header_that_stands_in_the_file_again_is_passed_over_and_said(write):
    table = sources.read(write("text,label\na b,x\ntext,label\nc d,y\n"))
    found = list(table.rows())
    assert [row.cells for row in found] == [("a b", "x"), ("c d", "y")]
    assert [row.remarks for row in found] == [
        (),
        ("reviews.csv:3: the header line again, passed over",),
    ]


def test_header_only(write):
    message = message_of(write("text,label\n"))
    assert "only a header (text, label) and no rows" in message
    assert "--no-header" in message


@pytest.mark.parametrize("content", ["", "\n\n\r\n  \n", "\ufeff"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.data"])
def test_empty_file(write, content, name):
    assert "the file is empty; textune needs at least one row" in message_of(write(content, name))


def test_one_row(write):
    assert cells(sources.read(write("text,label\nfine film,pos\n"))) == [("fine film", "pos")]


@pytest.fixture
def own_limit():
    """Let `csv` take cells of the usual size: its limit is one for the process."""
    before = csv.field_size_limit(1 << 20)
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("own_limit")
def test_cell_above_the_limit(write):
    message = message_of(write("text,label\na,x\nb," + "y" * (1 << 20) + "z\n"))
    assert "reviews.csv:3:3: a cell has more than 1,048,576 characters" in message
    assert "shorten it" in message


def test_cell_at_the_limit(write):
    table = sources.read(write("text,label\na,x\n" + "y" * (1 << 20) + ",x\n"))
    assert [len(text) for text, _ in cells(table)] == [1, 1 << 20]


def test_plain_text_line_above_the_limit(write):
    message = message_of(write("some text\n" + "y" * ((1 << 20) + 1) + "\n", "a.txt"))
    assert "a.txt:2: a cell has more than 1,048,576 characters" in message


@pytest.fixture
def low_limits(monkeypatch):
    monkeypatch.setattr(lines, "CELL_LIMIT", 1 << 17)
    monkeypatch.setattr(lines, "RECORD_LIMIT", 1 << 20)


def test_quoted_cell_that_does_not_end(write, low_limits):
    message = message_of(write('text,label\na,x\n"' + "some words\n" * 25_000))
    assert "reviews.csv:3:1: the quoted cell that opens here is never closed within" in message


def test_record_that_does_not_end(write, low_limits):
    message = message_of(write("text,label\na,x\n" + '"\n",' * 400_000))
    assert "reviews.csv:3: the record that begins here has no end within 1 MiB" in message


def test_too_many_columns(write):
    message = message_of(write("a," * 100_000 + "\n"))
    assert "reviews.csv:1: 100,001 columns, at most 10,000 are read" in message


@pytest.mark.parametrize("delimiter", ["", ',"', '"', "\n"])
def test_delimiter_that_cannot_be_one(write, delimiter):
    with pytest.raises(DataError, match="cannot be used; allowed: one character or sev"):
        sources.read(write("text,label\na,x\n"), ReadOptions(delimiter=delimiter))


def test_plain_text_is_one_text_a_line(write):
    lines = ['"Well," he said, and left.', "A text; with signs | of all kinds.", "  spaces  "]
    table = sources.read(write("\n".join(lines), "a.txt"))
    assert (table.format, table.delimiter, table.has_header) == ("text", None, False)
    assert cells(table) == [(line,) for line in lines]
