"""Tables as people see them: of HTML, Markdown, psql and MySQL."""

import pytest

from textune.errors import DataError
from textune.reading import sources

ROWS = [(f"the {thing} was {how}", "pos" if how < "d" else "neg") for thing in
        ("room", "meal") for how in "abcdefg"]  # fmt: skip
NAMES = ("text", "label")


def markdown(rows=ROWS, *, before="", after=""):
    lines = ["| text | label |", "|:-----|------:|", *(f"| {' | '.join(row)} |" for row in rows)]
    return before + "\n".join(lines) + "\n" + after


def html(rows=ROWS, *, head="th", more=""):
    first = "".join(f"<{head}>{name}</{head}>" for name in NAMES)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<table border="1" class="dataframe"><tr style="x">{first}</tr>\n{body}</table>{more}'


def psql():
    body = "".join(f" {text} | {label}\n" for text, label in ROWS)
    return f" text | label \n------+-------\n{body}({len(ROWS)} rows)\n"


def mysql():
    rule = "+------+-------+\n"
    body = "".join(f"| {text} | {label} |\n" for text, label in ROWS)
    return f"{rule}| text | label |\n{rule}{body}{rule}{len(ROWS)} rows in set (0.00 sec)\n"


WRITTEN = {
    "a.md": markdown(),
    "titled.md": markdown(before="# Reviews\n\nMade in 2026.\n\n", after="\nThat is all.\n"),
    "a.txt": markdown(),
    "psql.txt": psql(),
    "mysql.txt": mysql(),
    "a.html": html(),
    "page.htm": f"<!DOCTYPE html><html><head><style>a {{}}</style></head><body>{html()}</body>",
    "a.xls": f"<html><body>{html(head='td')}</body></html>",
    "layout.html": f"<html><table><tr><td>{html()}</td></tr></table></html>",
    "two.html": html(more="<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr>"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_table_is_read_as_people_see_it(tmp_path, name):
    (tmp_path / name).write_text(WRITTEN[name], encoding="utf-8")
    table = sources.read(tmp_path / name)
    assert table.columns == NAMES
    assert [row.cells for row in table.rows()] == ROWS


def test_what_stands_around_a_drawn_table_is_told(tmp_path):
    (tmp_path / "a.md").write_text(WRITTEN["titled.md"])
    assert any("3 lines around" in one.message for one in sources.read(tmp_path / "a.md").findings)


def test_signs_and_marks_in_cells_are_read_as_they_are_seen(tmp_path):
    rows = [("one \\| two", "a"), ("three<br>four", "b"), ("five", "c")]
    (tmp_path / "a.md").write_text(markdown(rows))
    (tmp_path / "a.html").write_text(
        html([("a &amp; <b>b</b>", "x"), ("one<br/>two<!-- | -->", "y&nbsp;")])
    )
    assert [row.cells[0] for row in sources.read(tmp_path / "a.md").rows()] == [
        *("one | two", "three\nfour", "five")
    ]
    assert [row.cells for row in sources.read(tmp_path / "a.html").rows()] == [
        *(("a & b", "x"), ("one\ntwo", "y"))
    ]


def test_cells_of_a_page_that_span_rows_stand_in_each_of_them(tmp_path):
    rows = '<tr><td>one</td><td rowspan="2">pos</td></tr><tr><td>two</td></tr>'
    rows += "<tr><td>three</td><td>neg</td></tr>"
    content = f"<table><tr><th>text</th><th>label</th></tr>{rows}</table>"
    (tmp_path / "a.html").write_text(content)
    found = [row.cells for row in sources.read(tmp_path / "a.html").rows()]
    assert found == [("one", "pos"), ("two", "pos"), ("three", "neg")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.md", markdown([*ROWS, ("a | b", "pos")]), r"a\.md:17: expected 2 cells.*\\\|"),
        ("a.md", markdown(after=f"\n{markdown()}"), r"a\.md:19: a second table"),
        ("a.html", html([*ROWS, ("a", "b", "c")]), r"a\.html: row 16: expected 2 cells, found 3"),
        ("a.html", html(more=html()), r"the page has 2 tables.*as CSV"),
        ("a.html", "<html><table><tr><td>x</td></tr></table></html>", "without a table of texts"),
        ("a.html", "<html><body><p>words</p></body></html>", "a web page, not data"),
        ("a.html", "<table><tr><td rowspan=99999999999>a<td>b<tr><td", r"a\.html"),
        ("a.html", "<table><tr></tr><tr><td>x</td></tr></table>", r"a\.html"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said):
        list(sources.read(tmp_path / name).rows())


def test_prose_with_a_small_table_is_prose(tmp_path):
    prose = "".join(f"A line of prose, number {n}.\n" for n in range(40))
    for before, after in ((prose[:400], prose), (prose[:400], "")):
        (tmp_path / "a.md").write_text(f"{before}\n{markdown(ROWS[:4])}\n{after}")
        assert sources.read(tmp_path / "a.md").format == "text"


def test_letters_whose_small_ones_are_two_move_nothing(tmp_path):
    more = "<SCRIPT>var a = '</td>'</SCRIPT><!-- <td>no</td> -->"
    cells = [(f"İİİİİİİİ {text}{more}", label) for text, label in ROWS]
    (tmp_path / "a.html").write_text(f"<p>{'İ' * 99}{more}</p>" + html(cells), encoding="utf-8")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    (tmp_path / "a.html").write_text(f"<!DOCTYPE html>{page}", encoding="utf-8")
    read = [row.cells for row in sources.read(tmp_path / "a.html").rows()]
    assert read == [(f"İİİİİİİİ {text}", label) for text, label in ROWS]


def test_cells_that_span_very_many_columns_take_no_memory(tmp_path):
    wide = "<tr>" + "<td colspan=1000>x</td>" * 3_000 + "</tr>"
    (tmp_path / "a.html").write_text(html().replace("</table>", f"{wide}</table>"))
    with pytest.raises(DataError, match=r"expected 2 cells, found 10000"):
        list(sources.read(tmp_path / "a.html").rows())
