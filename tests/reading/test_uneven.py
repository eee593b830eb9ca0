"""Rows of too few or too many cells: what was seen of them, and the way out."""

from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str) -> Path:
        path = tmp_path / "reviews.csv"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def message_of(path: Path) -> str:
    with pytest.raises(DataError, match=path.name) as caught:
        list(sources.read(path).rows())
    return str(caught.value)


def test_a_row_that_a_line_break_has_cut_is_told_as_one(write):
    lines = ["id,text,label,note", *(f"{n},some text,pos,fine" for n in range(30))]
    lines[5] = "4,some\ntext,pos,fine"
    lines[9] = "8,some text,pos,well\n\nand good"
    message = message_of(write("\n".join(lines)))
    assert (
        "reviews.csv:6: expected 4 columns (id, text, label, note), found 2: '4,some'\n" in message
    )
    assert (
        "found 3: 'text,pos,fine'; with line 6 it makes one row, cut by a line break in" in message
    )
    assert "its 'text'" in message
    assert "reviews.csv:13: expected 4 columns" in message
    assert "'and good'; it may go on with the last cell of line 11, 'note'" in message
    assert (
        'where a line break inside a text has cut its row, put that text into quotes: "…"'
        in message
    )


def test_delimiters_too_many_at_the_end_are_not_taken_for_those_of_texts(write):
    lines = ["id,text,label", *(f"{n},some text,{',,' * (n % 2)}" for n in range(30))]
    message = message_of(write("\n".join(lines)))
    assert (
        "reviews.csv:3: expected 3 columns (id, text, label), found 5, the last 2 of them"
        in message
    )
    assert "take the ',' at the end of such lines away" in message
    assert "into quotes" not in message
    lines[4] = "3,some, text,pos"
    message = message_of(write("\n".join(lines)))
    assert (
        "reviews.csv:5: expected 3 columns (id, text, label), found 4, from cell 4 on 'pos'"
        in message
    )
    assert "put a cell that contains ',' into quotes" in message


def told_of(path: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    found = list(sources.read(path).rows())
    return [row.cells for row in found], [one for row in found for one in row.remarks]


@pytest.mark.parametrize("ends", [",,", ",, ,"])
def test_blank_cells_beyond_the_last_column_are_cut_and_said(write, ends):
    lines = ["text,label", *(f"text {n},{'pn'[n % 2]}{ends * (n % 10 == 3)}" for n in range(30))]
    lines.insert(20, ",,,")
    cells, said = told_of(write("\n".join(lines)))
    assert {len(row) for row in cells} == {2}
    assert cells[3] == ("text 3", "n")
    count = f"{ends.count(',')} blank cells"
    assert said[0] == f"reviews.csv:5: {count} beyond the last column, cut off"
    assert len(said) == 4


def test_blank_cells_beyond_the_last_column_of_every_row_are_cut(write):
    lines = ["text,label", *(f"text {n},{'pn'[n % 2] * (n % 3 > 0)},," for n in range(30))]
    cells, said = told_of(write("\n".join(lines)))
    assert cells[:2] == [("text 0", ""), ("text 1", "n")]
    assert len(said) == 30


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("well, some text,", "a delimiter in a text of no label"),
        ("some text,p,,x", "something stands beyond"),
        ("some text,,", "the last column is blank here only"),
    ],
)
def test_cells_too_many_that_a_text_may_have_moved_are_refused(write, row, why):
    lines = ["text,label", *(f"text {n},{'pn'[n % 2]}{',' * (n % 2)}" for n in range(30)), row]
    assert "reviews.csv:32: expected 2 columns" in message_of(write("\n".join(lines))), why


def test_a_text_with_commas_beside_other_texts_is_not_taken_for_a_row_of_blank_cells(write):
    lines = ["text,answer", *(f"text {n},some answer {n}{',' * (n == 9)}" for n in range(30))]
    cells, _ = told_of(write("\n".join(lines)))
    assert cells[9] == ("text 9", "some answer 9")
    message = message_of(write("\n".join([*lines, "well, you said,"])))
    assert "reviews.csv:32: expected 2 columns" in message


@pytest.mark.parametrize("judged", [0, 3])
def test_results_of_mechanical_turk_lack_their_last_two_cells(write, judged):
    head = "HITId,Input.text,Answer.label,Approve,Reject"
    rows = [f"id{n},some text,pos{',x,' if n < judged else ''}" for n in range(30)]
    table = sources.read(write("\n".join([head, *rows])))
    found = [row.cells for row in table.rows()]
    assert len(found) == 30
    assert found[-1] == ("id29", "some text", "pos", "", "")
    assert found[0][3] == ("x" if judged else "")
    assert "rows end before the columns 'Approve' and 'Reject': blank there" in table.reasons
    other = head.replace("Approve", "Topic")
    assert "found 3" in message_of(write("\n".join([other, *rows])))
