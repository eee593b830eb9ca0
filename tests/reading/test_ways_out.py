"""Each command that a message proposes is run here as it stands."""

import gzip
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources

ROWS = "text,label\n" + "the film was good,1\nthe film was café,0\n" * 9
LONGER = "a text,1,2012\n" * 30 + "another text,0,2013,license,source\n" * 2


def proposed(file: Path) -> str:
    """Return the command that the error about a file proposes."""
    with pytest.raises(DataError) as caught:
        list(sources.read(file).rows())
    return re.search(r"(?:(?:gzip|tr|cut) -.*)$", str(caught.value), re.M)[0]


@pytest.mark.parametrize("name", ["plain.csv", 'it\'s a "file" $HOME.csv', "-n.csv"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ROWS.replace("film", "fi\0lm", 1).encode(), ROWS),
        (LONGER.replace(",", "\t").encode(), None),
    ],
    ids=["nul", "cells too many"],
)
def test_the_proposed_command_makes_a_file_that_can_be_read(
    tmp_path, name, packed, content, expected
):
    if b"\t" in content:
        name = name.replace(".csv", ".tsv")
    file = tmp_path / (f"{name}.gz" if packed else name)
    file.write_bytes(gzip.compress(content) if packed else content)
    command = proposed(file)
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    (made,) = [other for other in tmp_path.iterdir() if other != file]
    assert shlex.quote(made.name) in command.replace("./", "")
    rows = [row.cells for row in sources.read(made).rows()]
    if expected is None:
        assert (len(rows), rows[0], len(rows[-1])) == (32, ("a text", "1", "2012"), 3)
    else:
        assert rows == [tuple(line.split(",")) for line in expected.splitlines()[1:]]


def test_says_that_the_cells_too_many_stand_at_the_end_of_some_rows(tmp_path):
    file = tmp_path / "pairs.tsv"
    file.write_text(LONGER.replace(",", "\t"))
    with pytest.raises(DataError, match=r"pairs.tsv:31: expected 3 columns .*, found 5"):
        list(sources.read(file).rows())


@pytest.mark.parametrize(
    "content",
    [
        '{"text": {"0": "a b", "1": "c d"}, "label": {"0": "x", "1": "y"}}',
        '{"text": ["a b", "c d"], "label": ["x", "y"]}',
    ],
)
def test_a_table_written_column_by_column_is_read(tmp_path, content):
    file = tmp_path / "frame.json"
    file.write_text(content)
    table = sources.read(file)
    assert [row.cells for row in table.rows()] == [("a b", "x"), ("c d", "y")]
    assert table.columns == ("text", "label")


def test_one_object_with_lists_of_different_lengths_is_a_row(tmp_path):
    file = tmp_path / "row.jsonl"
    file.write_text('{"words": ["a", "b"], "tags": ["x"]}\n')
    assert [row.cells for row in sources.read(file).rows()] == [('["a", "b"]', '["x"]')]
