"""Coreference in the columns of words is named for what it is, and is no tags."""

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.tasks.tags import coreference

KINDS = {1: "(abstract-{0})", 3: "(person-{1}", 5: "person-{1})", 7: "(event-{2}(place-{0})"}
NUMBERS = {1: "({0})", 3: "({1}", 5: "{1})", 7: "({2}|({0})"}


def written(folder, ends, more=""):
    lines = []
    for n in range(40):
        for at in range(9):
            end = ends.get(at, "_").format(3 * n, 3 * n + 1, 3 * n + 2)
            tag = more and "\t" + more[at % 2]
            lines.append(f"{at + 1}\tw{(at * 7 + n) % 30}{tag}\t{end}")
        lines.append("")
    file = folder / "a.conll"
    file.write_text("\n".join(lines))
    return file


@pytest.mark.parametrize("ends", [KINDS, NUMBERS])
@pytest.mark.parametrize("more", ["", "NV"])
def test_coreference_is_no_tags(tmp_path, ends, more):
    file = written(tmp_path, ends, more)
    said = r"column '[34]' holds coreference \(such as .*name another column with --label \('1'"
    with pytest.raises(DataError, match=said):
        checked(file)
    assert checked(file, task="plain").contract.task == "plain"
    if more:
        assert checked(file, label="3").contract.task == "tags"


def test_tags_with_brackets_and_numbers_are_tags(tmp_path):
    file = written(tmp_path, {1: "(1)", 3: "B2", 5: "(x"})
    assert checked(file).contract.task == "tags"


@pytest.mark.parametrize("end", ["(", "|", "x|"])
def test_long_cells_of_digits_are_looked_at_at_once(end):
    """Where the time grew with its cube, this took longer than tests may."""
    assert coreference.ENDS.fullmatch(f"({'1' * 30_000}{end}") is None
    assert coreference.ENDS.fullmatch("(1)|(2|3)(4")
