"""Annotations whose texts stand in files beside them: Amazon Comprehend, Azure Language."""

import json
import re
import shutil
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources

CSV = """\
File,Line,Begin Offset,End Offset,Type
docs.txt,0,0,3,PER
docs.txt,0,8,16,PER
docs.txt,2,0,4,LOC
"""


def comprehend(folder, csv=CSV):
    (folder / "texts").mkdir(exist_ok=True)
    (folder / "texts" / "docs.txt").write_text("Dan met Eve Moss\nNobody came\nRome is far\n")
    file = folder / "annotations.csv"
    file.write_text(csv)
    return file


def test_annotations_for_comprehend_have_their_lines(tmp_path):
    table = sources.read(comprehend(tmp_path))
    rows = [(row.origin, row.cells[0], json.loads(row.cells[1])) for row in table.rows()]
    whole = [
        {"start": 0, "end": 3, "label": "PER"},
        {"start": 8, "end": 16, "label": "PER"},
    ]
    assert rows == [
        ("docs.txt:1", "Dan met Eve Moss", whole),
        ("docs.txt:2", "Nobody came", []),
        ("docs.txt:3", "Rome is far", [{"start": 0, "end": 4, "label": "LOC"}]),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("docs.txt,2", "more.txt,2", r"annotations.csv: the text 'more.txt' is not there; put it"),
        ("2,0,4", "2,zero,4", r"annotations.csv:4: no place of an entity: 'docs.txt, 2, zero"),
    ],
)
def test_a_fault_in_annotations_for_comprehend_is_named(tmp_path, old, new, message):
    with pytest.raises(DataError, match=message):
        list(sources.read(comprehend(tmp_path, CSV.replace(old, new))).rows())


def azure(folder, **document):
    (folder / "a.txt").write_text("Dan met Eve Moss")
    assets = {"projectKind": "CustomEntityRecognition", "entities": [{"category": "PER"}]}
    assets["documents"] = [{"location": "a.txt", "language": "en", "dataset": "Train", **document}]
    value = {
        "projectFileVersion": "2022-05-01",
        "stringIndexType": "Utf16CodeUnit",
        "metadata": {"projectKind": "CustomEntityRecognition", "projectName": "made"},
        "assets": assets,
    }
    file = folder / "labels.json"
    file.write_text(json.dumps(value, indent=2))
    return file


@pytest.mark.parametrize(
    ("document", "label"),
    [
        (
            {
                "entities": [
                    {
                        "regionOffset": 0,
                        "regionLength": 16,
                        "labels": [{"category": "PER", "offset": 8, "length": 8}],
                    }
                ]
            },
            '[{"start": 8, "end": 16, "label": "PER"}]',
        ),
        (
            {"sentimentSpans": [{"category": "neutral", "offset": 4, "length": 3}]},
            '[{"start": 4, "end": 7, "label": "neutral"}]',
        ),
        ({"class": {"category": "note"}}, "note"),
        ({"classes": [{"category": "a"}, {"category": "b"}]}, '["a", "b"]'),
    ],
)
def test_projects_of_azure_have_their_documents(tmp_path, document, label):
    table = sources.read(azure(tmp_path, **document))
    assert [row.cells for row in table.rows()] == [("Dan met Eve Moss", label, "Train")]
    assert [row.origin for row in table.rows()] == ["a.txt"]


@pytest.mark.parametrize("kind", ["CustomTextSentiment", "CustomSingleLabelClassification"])
def test_kinds_of_projects_of_azure_are_known_by_their_names(tmp_path, kind):
    file = azure(tmp_path, sentimentSpans=[])
    file.write_text(file.read_text().replace("CustomEntityRecognition", kind))
    assert "a project of Azure Language" in " ".join(sources.read(file).reasons)


@pytest.mark.parametrize("made", [azure, comprehend])
def test_texts_beside_their_labels_in_an_archive_are_read(tmp_path, made):
    held = tmp_path / "held"
    (held / "texts").mkdir(parents=True)
    (held / "texts" / "more.txt").write_text("Nobody came")
    file = made(held, **({"entities": []} if made is azure else {}))
    file = file.rename(held / f"project{file.suffix}")
    archive = Path(shutil.make_archive(str(tmp_path / "data"), "zip", held))
    found, plain = sources.read(archive), sources.read(file)
    assert [row.cells for row in found.rows()] == [row.cells for row in plain.rows()]
    assert found.reasons[0] == f"{file.name!r} in the archive data.zip"
    assert found.reasons[1].startswith("not read as rows in the archive: ")


def test_a_fault_in_a_project_of_azure_is_named(tmp_path):
    with pytest.raises(DataError, match=r"labels.json: document 1: the text 'b.txt' is not there"):
        sources.read(azure(tmp_path, location="b.txt", entities=[]))
    with pytest.raises(DataError, match=r"document 1: the key 'entities' is missing"):
        list(sources.read(azure(tmp_path)).rows())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("docs.txt,2.0,0,4,LOC", "no place of an entity"),
        ("docs.txt,,0,4,LOC", "some of its places name a line and some do not"),
        ("docs.txt,3,0,4,LOC", "has no line 3, counted from 0"),
    ],
)
def test_a_line_for_comprehend_that_is_none_is_refused(tmp_path, line, said):
    file = comprehend(tmp_path, CSV.replace("docs.txt,2,0,4,LOC", line))
    with pytest.raises(DataError, match=re.escape(said)):
        list(sources.read(file).rows())
