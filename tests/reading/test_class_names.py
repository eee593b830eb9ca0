"""Parquet files that Hugging Face datasets wrote name the classes in their lists."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.reading import sources

NAMES = ["O", "B-PER", "I-PER"]
CLASSES = {"names": NAMES, "_type": "ClassLabel"}


def arrow(kind):
    features = {"tokens": {"feature": {"dtype": "string", "_type": "Value"}}, "ner_tags": kind}
    described = json.dumps({"info": {"features": features}})
    table = pa.table({"tokens": [["EU", "is"], ["it"], []], "ner_tags": [[1, 0], [-100], None]})
    return table.replace_schema_metadata({"huggingface": described})


def cells(table):
    return [row.cells[1] for row in table.rows()]


@pytest.mark.parametrize(
    "kind",
    [
        {"feature": CLASSES, "_type": "Sequence"},
        {"feature": CLASSES, "_type": "List"},
        {"feature": {"num_classes": 3, **CLASSES}, "length": -1, "id": None, "_type": "Sequence"},
        [CLASSES],
    ],
)
def test_numbers_become_their_names(tmp_path, kind):
    pq.write_table(arrow(kind), tmp_path / "a.parquet")
    expected = ['["B-PER", "O"]', "[-100]", ""]
    assert cells(sources.read(tmp_path / "a.parquet")) == expected
    assert cells(sources.read(arrow(kind))) == expected


@pytest.mark.parametrize(
    "kind", [{"feature": {"dtype": "int64"}}, {"feature": {"names": "x"}}, None, [], 3]
)
def test_without_names_numbers_stay(kind):
    assert cells(sources.read(arrow(kind))) == ["[1, 0]", "[-100]", ""]


def test_a_number_becomes_its_name_and_one_without_a_name_stays():
    features = json.dumps({"info": {"features": {"text": {}, "label": CLASSES}}})
    table = pa.table({"text": ["a", "b", "c"], "label": [1, 0, -1]})
    table = table.replace_schema_metadata({"huggingface": features})
    assert cells(sources.read(table)) == ["B-PER", "O", "-1"]


@pytest.mark.parametrize("described", ["", "[", "[]", "3", '{"info": []}', '{"info": {}}'])
def test_other_descriptions_do_no_harm(described):
    table = arrow(None).replace_schema_metadata({"huggingface": described})
    assert cells(sources.read(table)) == ["[1, 0]", "[-100]", ""]
