"""Words with a column for each predicate of their sentence are read without these columns."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources


def sentence(*predicates, joined=False):
    """Write a sentence as CoNLL-2009 does: predicates, by their places, have a column each."""
    lines = ["1-2\tcannot" + "\t_" * (2 + len(predicates))] * joined
    for number, word in enumerate(["Ada", "sees", "Bo", "run"], start=1):
        sense = f"{word}.01" if number in predicates else "_"
        arguments = ["A0" if number == 1 else "_" for _ in predicates]
        lines.append(
            "\t".join([str(number), word, "NN" if number % 2 else "VB", sense, *arguments])
        )
    return "\n".join(lines)


def test_columns_of_arguments_are_left_out(tmp_path):
    file = tmp_path / "roles.conll"
    told = [sentence(2), sentence(2, 4), sentence(), sentence(4, joined=True)]
    file.write_text("\n\n".join(told) + "\n")
    table = sources.read(file)
    assert table.columns == ("1", "2", "3", "4")
    assert "behind column 4 stand the arguments of each predicate" in " ".join(table.reasons)
    words = [json.loads(row.cells[1]) for row in table.rows()]
    assert words == [["Ada", "sees", "Bo", "run"]] * 4
    senses = [json.loads(row.cells[3]) for row in table.rows()]
    assert senses[1] == ["_", "sees.01", "_", "run.01"]


@pytest.mark.parametrize(
    "told",
    [
        [sentence(2), sentence(2, 4), sentence(2) + "\tA1", sentence(2)],
        [sentence(2), sentence(2, 4).replace("sees.01", "_"), sentence(2), sentence(2)],
    ],
)
def test_other_columns_too_many_are_faults(tmp_path, told):
    file = tmp_path / "roles.conll"
    file.write_text("\n\n".join(told) + "\n")
    with pytest.raises(DataError, match="expected 5 columns parted by tabs, found"):
        list(sources.read(file).rows())
