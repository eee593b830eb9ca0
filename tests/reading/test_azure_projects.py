"""Projects of Azure's language studio before 2022, as they write them."""

import json

import pytest

from textune.survey import survey

TEXTS = [f"Ann Bell met Tom in town {n} today" for n in range(24)]
PERSON = {"start": 0, "end": 8, "label": "PER", "text": "Ann Bell"}


def checked(place):
    return survey.check(place, count_tokens=lambda texts: [len(t.split()) for t in texts])


@pytest.mark.parametrize("inside", [False, True])
def test_projects_of_azure_before_2022_are_read(tmp_path, inside):
    documents = []
    for n, text in enumerate(TEXTS):
        (tmp_path / f"d{n}.txt").write_text(f"\U0001f600 {text}")
        mark = {"extractorName": "PER", "offset": 3, "length": 8}  # in units of UTF-16
        region = {"regionOffset": 0, "regionLength": 40, "labels": [mark]}
        documents.append({"location": f"d{n}.txt", "culture": "en-us", "extractors": [region]})
    held = {"extractors": [{"name": "PER"}], "documents": documents}
    held = {"metadata": {}, "assets": held} if inside else held
    file = tmp_path / "project.json"
    file.write_text(json.dumps(held, indent=1))
    found = checked(file)
    assert (found.contract.task, dict(found.labels)) == ("tags", {"PER": 24})
    (span,) = json.loads(next(found.table.rows()).cells[1])
    assert (span["start"], span["end"]) == (2, 10)


def test_classes_of_azure_before_2022_are_read(tmp_path):
    documents = []
    for n, text in enumerate(TEXTS):
        (tmp_path / f"d{n}.txt").write_text(text)
        classes = [{"classifierName": ("a", "b")[n % 2]}]
        documents.append({"location": f"d{n}.txt", "classifiers": classes})
    file = tmp_path / "project.json"
    file.write_text(json.dumps({"classifiers": [{"name": "a"}], "documents": documents}))
    found = checked(file)
    assert (found.contract.task, dict(found.labels)) == ("single", {"a": 12, "b": 12})
