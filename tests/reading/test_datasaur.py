"""Projects of Datasaur are read by their lines, their documents, and the tokens of spans."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources


def datasaur(*marks: dict, sets: tuple[str, ...] = ("kinds",), **more: object) -> dict:
    lines = [
        [{"content": f"{text} ", "tokens": text.split()}] for text in ("Dan met Eve", "No one")
    ]
    items = [
        {"id": str(n), "name": name, "labelItems": [{"id": name, "labelName": "PER"}]}
        for n, name in enumerate(sets)
    ]
    own = {"rows": lines, "labelSets": items, "spanLabels": list(marks), "kinds": ["TOKEN_BASED"]}
    return {"version": "1", "data": {"document": {"name": "a"}, **own, **more}}


def tokens(row: int, first: int, last: int, signs: int, kind: str = "kinds", **more: str) -> dict:
    start = {"row": row, "column": 0, "tokenIndex": first, "charIndex": 0}
    end = {"row": row, "column": 0, "tokenIndex": last, "charIndex": signs - 1}
    item = {"id": kind, "labelName": "PER"}
    return {"id": "1", "labelItem": item, "textPosition": {"start": start, "end": end}, **more}


def cells_of(path, value: object) -> list[dict]:
    path.write_text(json.dumps(value))
    table = sources.read(path)
    return [dict(zip(table.columns, row.cells, strict=True)) for row in table.rows()]


def test_spans_of_datasaur_go_by_the_tokens_of_each_line(tmp_path):
    rejected = tokens(1, 0, 0, 2, status="REJECTED")
    found = cells_of(
        tmp_path / "a.json", datasaur(tokens(0, 0, 2, 3), tokens(1, 1, 1, 2), rejected)
    )
    assert [row["text"] for row in found] == ["Dan met Eve ", "No one "]
    assert [json.loads(row["label"]) for row in found] == [
        [{"start": 0, "end": 11, "label": "PER"}],
        [{"start": 3, "end": 5, "label": "PER"}],
    ]


def test_each_set_of_labels_of_datasaur_has_a_column_in_every_file(tmp_path):
    first = datasaur(tokens(0, 0, 0, 3, "names"), sets=("names", "roles"))
    second = datasaur(tokens(1, 0, 0, 2, "roles"), sets=("names", "roles"))
    for value in (first, second):
        found = cells_of(tmp_path / "a.json", value)
        assert set(found[0]) == {"text", "names", "roles"}


def test_answers_on_a_document_of_datasaur_stand_beside_its_whole_text(tmp_path):
    questions = [{"id": 0, "label": "mood", "type": "DROPDOWN"}]
    value = datasaur(documentQuestions=questions, documentAnswerSet={"0": "glad"})
    found = cells_of(tmp_path / "a.json", value)
    assert found == [{"text": "Dan met Eve \nNo one ", "mood": "glad"}]


def test_the_older_export_of_datasaur_names_its_labels_by_their_sets(tmp_path):
    mark = {"type": "SPAN", "layer": 0, "labelSetItemId": "7", "labeledBy": "REVIEWER"}
    place = {"startCellLine": 0, "startTokenIndex": 2, "startCharIndex": 0}
    end = {"endCellLine": 1, "endTokenIndex": 0, "endCharIndex": 1}
    value = {
        "sentences": [
            {"id": n, "content": text, "tokens": text.split(), "labels": [], "metadata": []}
            for n, text in enumerate(["Dan met Eve", "No one"])
        ],
        "labelSets": [{"label": "kinds", "config": {"options": [{"id": "7", "label": "PER"}]}}],
        "labels": [{**mark, **place, **end}],
    }
    found = cells_of(tmp_path / "a.json", value)
    assert [json.loads(row["label"]) for row in found] == [
        [{"start": 8, "end": 11, "label": "PER"}],
        [{"start": 0, "end": 2, "label": "PER"}],
    ]
    assert any(
        "cut at the ends" in one.message for one in sources.read(tmp_path / "a.json").findings
    )
    value["labels"][0]["startTokenIndex"] = 9
    with pytest.raises(DataError, match=r"a\.json.*: no token 9 among the 3 of 'Dan met Eve'"):
        cells_of(tmp_path / "a.json", value)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"kinds": ["ROW_BASED"]}, "whose rows are labelled; export it as CSV or XLSX"),
        ({"kinds": ["BBOX_BASED"]}, "of pictures, or of files beside it; export documents as CSV"),
        ({"rows": []}, "without texts"),
    ],
)
def test_a_project_of_datasaur_that_cannot_be_read_is_named(tmp_path, more, why):
    with pytest.raises(DataError, match=f"a project in Datasaur's own schema.*{why}"):
        cells_of(tmp_path / "a.json", datasaur(**more))
