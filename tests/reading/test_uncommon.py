"""Delimited files that few programs write are read as they are meant, said, or asked about."""

import re
import subprocess

import pytest

import textune
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions
from thinning import crossed

TEXTS = ["the film was good", "a dull, long book", "they said 'yes' to it", "it's fine; so so"]
LABELS = ["pos", "neg", "neu"]
ROWS = [(str(n), f"{TEXTS[n % 4]} number {n}", LABELS[n % 3]) for n in range(30)]


def written(sign=",", quote=None, *, always=False, end="", rows=ROWS, escape=None):
    lines = []
    for cells in [("id", "text", "label"), *rows]:
        shown = [
            f"{quote}{cell.replace(quote, (escape or quote) + quote)}{quote}"
            if quote and (always or sign in cell or quote in cell)
            else cell
            for cell in cells
        ]
        lines.append(sign.join(shown) + end)
    return "\n".join(lines) + "\n"


def read(tmp_path, content, name="a.csv", **options):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    return sources.read(path, ReadOptions(**options))


def rows_of(table):
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize(
    ("sign", "name"),
    crossed(
        ["@", "^", "~", "#", "&", "\x01", "\x1e", "::", "|||", " +++$+++ ", "[SEP]", "||"],
        ["a.csv", "a.txt", "a.dat"],
    ),
)
def test_any_delimiter_by_which_every_line_has_the_same_columns(tmp_path, sign, name):
    table = read(tmp_path, written(sign), name)
    assert (table.columns, table.delimiter) == (("id", "text", "label"), sign)
    assert rows_of(table) == ROWS
    assert rows_of(read(tmp_path, written(sign), name, delimiter=sign)) == ROWS


@pytest.mark.parametrize(
    "line", ["I love #sunshine today", "write to me@example.com now", "a ~ b", "it was so so :: so"]
)
def test_signs_of_running_text_are_no_delimiters(tmp_path, line):
    table = read(tmp_path, "".join(f"{line} {n}\n" for n in range(40)), "a.txt")
    assert table.format == "text"


@pytest.mark.parametrize(
    ("quote", "always", "sign"), crossed(["'", "`", "|", '"'], [False, True], [",", ";"])
)
def test_cells_in_other_quotes(tmp_path, quote, always, sign):
    content = written(sign, quote, always=always)
    table = read(tmp_path, content)
    assert rows_of(table) == ROWS
    assert any(f"{quote}…{quote} marks a cell" in reason for reason in table.reasons)
    assert rows_of(read(tmp_path, content, quote=quote)) == ROWS


def test_quotes_after_a_backslash_are_in_the_cell(tmp_path):
    rows = [("1", 'he said "yes", twice', "pos"), ("2", "plain", "neg")] * 9
    table = read(tmp_path, written(",", '"', always=True, rows=rows, escape="\\"))
    assert rows_of(table) == rows


def test_spaces_part_cells_that_are_all_in_quotes(tmp_path):
    assert rows_of(read(tmp_path, written(" ", '"', always=True))) == ROWS
    assert rows_of(read(tmp_path, written(" ", '"', always=True), "a.txt")) == ROWS


def test_quotes_are_text_where_their_owner_says_so(tmp_path):
    table = read(tmp_path, 'text,label\n"a,x\nb",y\n', quote="none")
    assert rows_of(table) == [('"a', "x"), ('b"', "y")]
    with pytest.raises(DataError, match="quote 'ab' cannot be used; allowed: one character"):
        read(tmp_path, "text,label\na,x\n", quote="ab")


def test_quotes_are_text_in_training_where_their_owner_says_so(tmp_path, tiny_base):
    path = tmp_path / "films.csv"
    lines = [f'"the film {n} was so so","{LABELS[n % 2]}"' for n in range(30)]
    path.write_text("\n".join(["text,label", *lines, ""]))
    run = textune.train(
        str(path),
        valid=str(path),
        base=tiny_base,
        out=tmp_path / "run",
        quote="none",
        epochs=1,
        device="cpu",
    )
    assert set(run.metrics["valid"]["labels"]) == {'"neg"', '"pos"'}


@pytest.mark.parametrize("name", ["tab", "\\t", "\t"])
def test_a_tab_can_be_named(tmp_path, name):
    assert rows_of(read(tmp_path, written("\t"), delimiter=name)) == ROWS


@pytest.mark.parametrize(
    "above",
    [
        "# by a tool\n# 2024\n",
        "% by a tool\n",
        "Export of reviews\n\n",
        "Export of reviews,,\n,,\n",
        "sep=,\n",
    ],
)
def test_lines_above_the_table_are_passed_over_and_said(tmp_path, above):
    table = read(tmp_path, above + written(",", '"'))
    assert table.columns == ("id", "text", "label")
    assert [row.cells for row in table.rows()] == ROWS
    first = next(table.rows()).origin
    assert first == f"a.csv:{above.count(chr(10)) + 2}"
    said = "as the first line says" if "sep=" in above else "above the table passed over, first: "
    assert any(said in reason for reason in table.reasons)


def test_rows_that_end_in_a_delimiter(tmp_path):
    content = written(",", '"', end=",").replace("label,", "label", 1)
    table = read(tmp_path, content)
    assert table.columns == ("id", "text", "label", "4")
    assert [cells[:3] for cells in rows_of(table)] == ROWS
    assert any("every row ends in a delimiter" in reason for reason in table.reasons)


@pytest.mark.parametrize("sign", [",", ";"])
def test_a_header_that_ends_in_a_delimiter(tmp_path, sign):
    rows = [(str(n), f"{text}, always; and so on", label) for n, text, label in ROWS]
    content = written(sign, '"', rows=rows).replace(
        "text" + sign + "label", f"text{sign}label{sign}", 1
    )
    table = read(tmp_path, content)
    assert table.columns == ("id", "text", "label")
    assert rows_of(table) == rows
    assert "the header ends in a delimiter, and no row does" in " ".join(table.reasons)


def test_row_names_of_r(tmp_path):
    content = written(",", '"').replace("id,", "", 1)
    table = read(tmp_path, content)
    assert table.columns == ("1", "text", "label")
    assert rows_of(table) == ROWS


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_that_were_put_one_after_the_other(tmp_path, mark):
    one, other = written(rows=ROWS[::4]), written(rows=ROWS[2::4])
    table = read(tmp_path, mark + one + mark + other)
    assert rows_of(table) == [*ROWS[::4], *ROWS[2::4]]
    survey = textune.check(
        tmp_path / "a.csv", count_tokens=lambda texts: [len(text) for text in texts]
    )
    (found,) = [item for item in survey.findings if item.kind == "mended"]
    assert "a.csv:10: the header line again, passed over" in found.message


def test_a_header_that_comes_back_is_known_in_any_case(tmp_path):
    one, other = written(rows=ROWS[::4]), written(rows=ROWS[2::4])
    table = read(tmp_path, one + other.replace("id,text,label", "ID, Text ,LABEL"))
    assert rows_of(table) == [*ROWS[::4], *ROWS[2::4]]


def test_columns_that_go_on_in_another_order_are_refused(tmp_path):
    other = "id|label|text\n" + "".join(f"{n}|{label}|{text}\n" for n, text, label in ROWS[:4])
    message = r"a\.csv:32: the columns are named again, in another order \(id, label, text\)"
    with pytest.raises(DataError, match=message):
        rows_of(read(tmp_path, written("|") + other))
    (tmp_path / "b.csv").write_text(other)
    (tmp_path / "a.csv").write_text(written("|"))
    both = sources.read([tmp_path / "a.csv", tmp_path / "b.csv"], ReadOptions())
    assert [cells[2] for cells in rows_of(both)] == [label for _, _, label in (*ROWS, *ROWS[:4])]


def test_lines_that_stand_in_quotes_as_a_whole_are_asked_about(tmp_path):
    lines = written(rows=ROWS[::4]).splitlines()
    with pytest.raises(DataError, match=r"a\.csv:1: each line stands in quotes as a whole: .*sed "):
        read(tmp_path, "".join(f'"{line}"\n' for line in lines))


@pytest.mark.parametrize(
    "content",
    ["| text | label |\n|---|---|\n| a b | x |\n", " text | label \n------+-------\n a b | x \n"],
)
def test_tables_drawn_with_bars_are_refused(tmp_path, content):
    with pytest.raises(DataError, match=r"a\.txt:2: a table drawn with bars"):
        read(tmp_path, content, "a.txt")


def test_lines_above_a_table_without_a_header_are_faults(tmp_path):
    rows = "".join(f"a film {n} that was fine,{'xy'[n % 2]}\n" for n in range(12))
    with pytest.raises(DataError, match=r"a.csv:1: expected 2 columns"):
        list(read(tmp_path, "a film that was fine|x\n" + rows).rows())


@pytest.mark.parametrize("header", [None, False])
def test_several_lines_above_a_table_without_a_header_are_named(tmp_path, header):
    above = "----\nYou may not share this.\n\n----\n"
    rows = "".join(f"{n}\t@@{n}\tkey\ta film {n} that was fine\t{n % 3}\n" for n in range(30))
    with pytest.raises(DataError, match=r"a.tsv:1: 4 lines stand above a table of 5 col") as caught:
        read(tmp_path, above + rows, "a.tsv", header=header)
    command = re.search(r"tail .*", str(caught.value))[0]
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    assert (tmp_path / "table-a.tsv").read_text() == rows


def test_single_quotes_of_running_text_are_no_quotes_of_cells(tmp_path):
    """As in the SMS spam collection and in GermEval 2018, where few texts begin with one."""
    lines = [f"{('ham', 'spam')[n % 2]}\tcall me number {n} it's fine" for n in range(3000)]
    lines[40:400:40] = ['ham\t"Gimme a few" was 5 minutes ago'] * 9
    lines[2900] = "ham\t'Wnevr i fal in luv vth my books..!'' . Gud eve"
    lines[2950] = "ham\t'An Amazing Quote'' - \"Sometimes in life it's difficult"
    table = read(tmp_path, "\n".join(lines), "sms.tsv")
    assert len(rows_of(table)) == 3000


def test_a_torn_first_row_is_no_title(tmp_path):
    rows = "".join(f"{n},{text}.\n" for n, text in enumerate(TEXTS[:1] * 9))
    table = read(tmp_path, f"a row without its number\n{rows}")
    with pytest.raises(DataError, match=r"a\.csv:1: expected 2 columns"):
        rows_of(table)


def test_lines_above_the_table_are_said_where_it_is_trained_on(tmp_path):
    table = read(tmp_path, "Export of reviews\n\n" + written(",", '"'))
    (found,) = table.findings
    assert found.message == "1 line above the table passed over, first: 'Export of reviews'"


@pytest.mark.parametrize(
    ("sign", "quote", "escape"), [(",", "'", None), ("::", '"', None), (";", '"', "\\")]
)
def test_a_torn_cell_is_shown_where_it_stands_whatever_parts_cells(tmp_path, sign, quote, escape):
    rows = [(str(n), f"a {quote}dull{quote} book {n}", LABELS[n % 3]) for n in range(2_100)]
    content = written(sign, quote, always=True, escape=escape, rows=rows)
    torn = f"{quote}so: {escape or quote}{quote}fine{quote}{sign}{quote}bad{quote} more\n"
    table = read(tmp_path, content + torn, delimiter=sign, quote=None if escape else quote)
    line, column = content.count("\n") + 1, torn.index("bad")
    with pytest.raises(DataError, match="is closed on this line, and more text follows") as caught:
        rows_of(table)
    assert f"a.csv:{line}:{column}: " in str(caught.value)


def test_the_delimiter_that_was_told_is_said_where_the_first_line_names_another(tmp_path):
    table = read(tmp_path, "sep=;\n" + written(","), delimiter=",")
    assert "delimiter: comma, as told" in table.reasons


def test_comments_above_a_table_without_a_header_are_passed_over(tmp_path):
    rows = "".join(f"{n}\t{n % 2}\ta film {n} that was fine\n" for n in range(30))
    table = read(tmp_path, f"# made by Bo\n# on a day\n{rows}", "a.tsv")
    assert len(rows_of(table)) == 30


def test_rows_that_lack_cells_are_no_title(tmp_path):
    rows = "".join(f"a film {n} was fine\t{n % 2}\n" for n in range(30))
    table = read(tmp_path, f"a film\nanother film\n{rows}one more film\n", "a.tsv")
    with pytest.raises(DataError, match=r"a\.tsv:33: expected 2 columns"):
        rows_of(table)
