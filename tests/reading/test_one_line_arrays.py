"""Rows of JSON that has all of them on one line are named by their number, and by their id."""

import json

import pytest

from made_tables import count_tokens
from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey


def task(number, *, cancelled=False):
    choice = {
        "from_name": "sentiment",
        "type": "choices",
        "value": {"choices": [("bad", "good")[number % 2]]},
    }
    annotation = {"result": [] if cancelled else [choice], "was_cancelled": cancelled}
    return {"id": 100 + number, "data": {"text": f"film {number}"}, "annotations": [annotation]}


@pytest.mark.parametrize(
    ("indent", "place"), [(None, "export.json: row 3"), (1, "export.json:46")], ids=["one", "many"]
)
def test_a_skipped_task_is_named_by_its_number_and_id(tmp_path, indent, place):
    file = tmp_path / "export.json"
    file.write_text(json.dumps([task(n, cancelled=n == 2) for n in range(20)], indent=indent))
    found = survey.check(file, count_tokens=count_tokens)
    (said,) = [f.message for f in found.findings if "no finished annotation" in f.message]
    assert said.endswith(f"first: {place} (id 102)")


def test_faults_of_an_array_on_one_line_are_named_by_number(tmp_path):
    file = tmp_path / "rows.json"
    rows = [{"text": f"film number {n} was good", "label": "ab"[n % 2]} for n in range(20)]
    rows[6]["label"] = None
    file.write_text(json.dumps(rows))
    table = sources.read(file)
    assert [row.origin for row in table.rows()][:2] == ["rows.json: row 1", "rows.json: row 2"]
    with pytest.raises(DataError, match=r"rows.json: row 7: column 'label' is blank"):
        survey.check(file, count_tokens=count_tokens)
    file.write_text(json.dumps(rows)[:-40])
    with pytest.raises(DataError, match=r"rows.json:1: no JSON object"):
        list(sources.read(file).rows())
