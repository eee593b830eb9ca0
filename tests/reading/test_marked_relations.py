"""Numbered sentences with two marked terms are read with the relation that stands beneath each."""

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey.agreement import agree

BLOCK = '{}\t"The <e1>author</e1> no. {} uses a <e2>disassembler</e2> to look."\n{}\n'
RELATIONS = ("Other", "Instrument-Agency(e2,e1)", "Cause-Effect(e1,e2)")


def block(number, *, comment=""):
    return BLOCK.format(number, number, RELATIONS[number % 3]) + comment


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("comment", ["", "Comment:\n", "Comment: (a) is satisfied\n"])
def test_the_relation_beneath_is_the_label(tmp_path, end, comment):
    file = tmp_path / "TRAIN_FILE.TXT"
    said = "\n".join(block(number, comment=comment) for number in range(30))
    file.write_bytes(said.replace("\n", end).encode())
    table = sources.read(file)
    rows = [row.cells for row in table.rows()]
    text = "The <e1>author</e1> no. 1 uses a <e2>disassembler</e2> to look."
    assert len(rows) == 30
    assert rows[1] == ("1", text, "Instrument-Agency(e2,e1)")
    found = agree(table).contract
    assert (found.task, found.text, found.label) == ("single", ("text",), ("relation",))


def test_sentences_without_relations_are_a_table_as_before(tmp_path):
    file = tmp_path / "TEST_FILE.TXT"
    lines = [block(number).splitlines()[0] for number in range(30)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = agree(sources.read(file)).contract
    assert (found.task, found.text) == ("plain", ("2",))


@pytest.mark.parametrize(
    ("at", "torn"),
    [
        (20, '20\t"The <e1>author</e1> uses a <e2>disassembler</e2>."\n'),
        (21, "Other\n"),
        (22, '22\t"No term is marked."\nOther\n'),
        (23, block(23) + "Other\n"),
    ],
)
def test_what_is_missing_is_said_with_its_place(tmp_path, at, torn):
    file = tmp_path / "train.txt"
    file.write_text(
        "\n".join(torn if number == at else block(number) for number in range(30)),
        encoding="utf-8",
    )
    line = 3 * at + 1
    with pytest.raises(DataError, match=rf"train.txt:{line}: expected a number, a sentence with"):
        list(sources.read(file).rows())
