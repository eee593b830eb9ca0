"""Structured opinions are spans of what expresses them, what they are about and who holds them."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

POOL = {
    "sent_id": "a-1",
    "text": "We loved the pool and the view .",
    "opinions": [
        {
            "Source": [["We"], ["0:2"]],
            "Target": [[target], [place]],
            "Polar_expression": [["loved"], ["3:8"]],
            "Polarity": "Positive",
            "Intensity": "Strong",
        }
        for target, place in (("the pool", "9:17"), ("the view", "22:30"))
    ],
}
NONE = {"sent_id": "a-2", "text": "We left at nine .", "opinions": []}


def written(folder, *rows):
    file = folder / "made.json"
    file.write_text(json.dumps([*rows]))
    return file


def test_opinions_are_spans_in_a_column_each(tmp_path):
    file = written(tmp_path, *[POOL, NONE] * 5)
    table = sources.read(file)
    assert table.columns == ("text", "expressions", "targets", "holders", "sent_id")
    first, second, *_ = table.rows()
    loved = {"start": 3, "end": 8, "label": "Positive", "text": "loved"}
    assert json.loads(first.cells[1]) == [loved]
    assert [span["text"] for span in json.loads(first.cells[2])] == ["the pool", "the view"]
    assert second.cells[1:4] == ("[]", "[]", "[]")
    found = survey.check(file)
    assert (found.contract.task, found.contract.label) == ("tags", ("expressions",))
    assert any("--label targets" in doubt for doubt in found.contract.doubts)


@pytest.mark.parametrize(
    ("part", "said"),
    [([["loved"], ["3-8"]], "a place is '3-8'; allowed: start:end"), (["loved"], "a part of an")],
)
def test_a_part_that_is_written_otherwise_is_named(tmp_path, part, said):
    odd = POOL | {"opinions": [POOL["opinions"][0] | {"Polar_expression": part}]}
    with pytest.raises(DataError, match=said):
        list(sources.read(written(tmp_path, POOL, NONE, odd)).rows())
