"""Exports of annotation tools, made here in the shape of the real ones, give exactly these rows."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey
from textune.tasks.contract import understand

TEXT = "Dan met Eve Moss"
PER = [{"start": 0, "end": 3, "label": "PER"}]
NAMED = [{**PER[0], "text": "Dan"}]
TOKEN = {"text": "Dan", "start": 0, "end": 3, "token_start": 0, "token_end": 0}


def job(kind: str, **more: object) -> dict:
    return {"type": f"groundtruth/{kind}", "human-annotated": "yes", **more}


def labelbox(text: str, objects: list[dict], mood: str) -> dict:
    answer = {"name": "mood", "radio_answer": {"name": mood, "classifications": []}}
    said = {"objects": objects, "classifications": [answer], "relationships": []}
    labels = [{"label_kind": "Default", "annotations": said}]
    return {"data_row": {"id": "1", "row_data": text}, "projects": {"p": {"labels": labels}}}


# name → one value of the file, its columns and its cells
SHAPES: dict[str, tuple[object, tuple[str, ...], tuple[object, ...]]] = {
    "Argilla 2": (
        {
            "id": "1",
            "fields": {"text": TEXT},
            "suggestions": {"label": {"value": "b", "score": 0.9, "agent": "m"}},
            "responses": {"label": [{"value": "a", "user_id": "u"}]},
        },
        ("text", "label"),
        (TEXT, "a"),
    ),
    "Argilla 2, flat": (
        {
            "id": "1",
            "text": TEXT,
            "ner.responses": [PER],
            "ner.responses.users": ["u"],
            "ner.suggestion": None,
        },
        ("id", "text", "ner"),
        ("1", TEXT, PER),
    ),
    "Argilla 1": (
        {
            "fields": {"text": TEXT},
            "responses": [
                {"user_id": "u", "status": "discarded", "values": {"label": {"value": "b"}}},
                {"user_id": "v", "status": "submitted", "values": {"label": {"value": "a"}}},
            ],
        },
        ("text", "label"),
        (TEXT, "a"),
    ),
    "SageMaker, classes": (
        {
            "source": TEXT,
            "mood": 1,
            "mood-metadata": job("class", **{"class-name": "a"}),
        },
        ("source", "mood"),
        (TEXT, "a"),
    ),
    "SageMaker, labels": (
        {
            "source": TEXT,
            "mood": [0, 2],
            "mood-metadata": job(
                "text-classification-multilabel", **{"class-map": {"0": "a", "2": "c"}}
            ),
        },
        ("source", "mood"),
        (TEXT, ["a", "c"]),
    ),
    "SageMaker, spans": (
        {
            "source": TEXT,
            "ner": {
                "annotations": {"entities": [{"startOffset": 0, "endOffset": 3, "label": "PER"}]}
            },
            "ner-metadata": job("text-span", entities=[{"confidence": 0.1}]),
        },
        ("source", "ner"),
        (TEXT, PER),
    ),
    "Vertex AI, spans": (
        {
            "textContent": TEXT,
            "textSegmentAnnotations": [{"startOffset": 0, "endOffset": 3, "displayName": "PER"}],
            "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "training"},
        },
        ("text", "label", "ml_use"),
        (TEXT, PER, "training"),
    ),
    "Vertex AI, classes": (
        {"textContent": TEXT, "classificationAnnotation": {"displayName": "a"}},
        ("text", "label"),
        (TEXT, "a"),
    ),
    "AutoML": (
        {
            "annotations": [
                {
                    "text_extraction": {"text_segment": {"end_offset": 3}},
                    "display_name": "PER",
                }
            ],
            "text_snippet": {"content": TEXT},
        },
        ("text", "label"),
        (TEXT, PER),
    ),
    "LUIS": (
        {"text": TEXT, "intent": "a", "entities": [{"entity": "PER", "startPos": 0, "endPos": 2}]},
        ("text", "intent", "entities"),
        (TEXT, "a", PER),
    ),
    "Rasa": (
        {
            "text": TEXT,
            "intent": "a",
            "entities": [{"start": 0, "end": 3, "value": "Daniel", "entity": "PER"}],
        },
        ("text", "intent", "entities"),
        (TEXT, "a", PER),
    ),
    "UBIAI": (
        {
            "documentName": "d.txt",
            "document": TEXT,
            "tokens": [{**TOKEN, "entityLabel": "PER"}],
            "relations": [],
        },
        ("documentName", "text", "label"),
        ("d.txt", TEXT, NAMED),
    ),
    "Labelbox": (
        labelbox(TEXT, [{"name": "PER", "location": {"start": 0, "end": 2}}], "a"),
        ("text", "label", "mood"),
        (TEXT, [{"start": 0, "end": 2, "label": "PER"}], "a"),
    ),
    "Prodigy, choice of a number": (
        {
            "text": TEXT,
            "options": [{"id": 1, "text": "good"}, {"id": 2, "text": "bad"}],
            "accept": [2],
            "answer": "accept",
        },
        ("text", "label"),
        (TEXT, "bad"),
    ),
}


def written(path, values, *, in_lines: bool):
    text = "\n".join(map(json.dumps, values)) if in_lines else json.dumps(values, indent=1)
    path.write_text(text)
    return path


@pytest.mark.parametrize("in_lines", [True, False], ids=["lines", "array"])
@pytest.mark.parametrize("name", SHAPES)
def test_an_export_gives_these_rows(tmp_path, name, in_lines):
    value, columns, held = SHAPES[name]
    table = sources.read(written(tmp_path / "export.json", [value] * 3, in_lines=in_lines))
    rows = list(table.rows())
    cells = tuple(json.dumps(one) if isinstance(one, list) else one for one in held)
    assert table.columns == columns
    assert [row.cells for row in rows] == [cells] * 3
    if in_lines:
        assert [row.origin for row in rows] == [f"export.json:{n}" for n in (1, 2, 3)]


BROKEN = {
    "SageMaker, spans": (
        ("ner", {"annotations": {"entities": 7}}),
        "the key 'entities'",
    ),
    "SageMaker, classes": (("source", None), "its text stands in another file"),
    "Vertex AI, spans": (("textContent", 4), "its text stands in another file"),
    "UBIAI": (("tokens", None), "its entities .* are missing"),
    "Labelbox": (("data_row", {"id": "1"}), "the key 'row_data' is missing"),
    "Argilla 2, flat": (("ner.responses", "a"), "the key 'ner.responses' is missing or holds"),
    "Rasa": (("text", None), "the key 'text' is missing or holds something else: None"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_faulty_value_is_named_with_its_line(tmp_path, name):
    value = SHAPES[name][0]
    (key, held), message = BROKEN[name]
    values = [value] * 300 + [{**value, key: held}]
    table = sources.read(written(tmp_path / "export.jsonl", values, in_lines=True))
    with pytest.raises(DataError, match=rf"export.jsonl:301: {message}"):
        list(table.rows())


def test_suggestions_and_relations_are_counted(tmp_path):
    value = {**SHAPES["UBIAI"][0], "relations": [{"child": 1}]}
    table = sources.read(written(tmp_path / "a.json", [value] * 2, in_lines=False))
    assert [finding.message for finding in table.findings] == [
        "what is not read is left out: relations between entities (2)"
    ]
    table = sources.read(written(tmp_path / "b.json", [SHAPES["Argilla 2"][0]] * 2, in_lines=False))
    assert "records with suggestions of a model (2)" in table.findings[0].message


def test_documents_of_spacy_2_give_sentences(tmp_path):
    def token(number: int, word: str, tag: str) -> dict:
        return {"id": number, "orth": word, "tag": "NN", "ner": tag}

    tokens = [token(0, "Dan", "U-PER"), token(1, "left", "O")]
    value = {"id": 0, "paragraphs": [{"raw": "Dan left", "sentences": [{"tokens": tokens}] * 2}]}
    table = sources.read(written(tmp_path / "train.json", [value], in_lines=False))
    assert [row.cells for row in table.rows()] == [('["Dan", "left"]', '["U-PER", "O"]')] * 2


def test_tecoholic_is_one_object_with_annotations(tmp_path):
    value = {"classes": ["PER"], "annotations": [[TEXT, {"entities": [[0, 3, "PER"]]}], None]}
    file = tmp_path / "annotations.json"
    file.write_text(json.dumps(value))
    table = sources.read(file)
    assert [row.cells for row in table.rows()] == [(TEXT, '[[0, 3, "PER"]]')]
    assert "1 row is left out, since each is null" in table.findings[0].message


def test_classes_beside_spans_of_doccano_are_named(tmp_path):
    values = [
        {
            "id": n,
            "text": f"Dan met Eve Moss {n}",
            "entities": [[0, 3, "PER"]],
            "cats": ["ab"[n % 2]],
        }
        for n in range(24)
    ]
    file = written(tmp_path / "intents.jsonl", values, in_lines=True)
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    assert (found.contract.task, found.contract.label) == ("tags", ("entities",))
    assert found.contract.doubts == (
        "'cats' could be the labels of each text instead: `--label cats`",
    )


def test_a_task_of_prodigy_without_a_choice_is_left_out(tmp_path):
    value = SHAPES["Prodigy, choice of a number"][0]
    table = sources.read(
        written(tmp_path / "a.jsonl", [value, {**value, "accept": []}], in_lines=True)
    )
    assert [row.cells for row in table.rows()] == [(TEXT, "bad")]
    assert "1 row is left out, since each has no chosen option; first: a.jsonl:2" in {
        finding.message for finding in table.findings
    }


def test_a_list_of_entities_for_comprehend_is_no_text_with_classes(tmp_path):
    file = tmp_path / "entities.csv"
    rows = [f"{name} {n},{kind}" for n in range(9) for name, kind in (("Ann", "A_B"), ("X", "ORG"))]
    file.write_text("\n".join(["Text,Type", *rows]))
    with pytest.raises(DataError, match=r"a list of entities for Amazon Comprehend.*text,label"):
        sources.read(file)
    file.write_text("\n".join(["text,label", *rows]))
    assert sources.read(file).columns == ("text", "label")


def test_which_two_of_three_texts_were_compared_is_asked(tmp_path):
    file = tmp_path / "export.json"
    texts = {"prompt": "why is it so", "answer1": "since it is", "answer2": "nobody knows"}
    held = [
        {
            "data": texts if n < 9 else {**texts, "answer2": None},
            "annotations": [
                {
                    "result": [
                        {
                            "from_name": "best",
                            "type": "pairwise",
                            "value": {"selected": ("left", "right")[n % 2]},
                        }
                    ]
                }
            ],
        }
        for n in range(12)
    ]
    file.write_text(json.dumps(held))
    with pytest.raises(DataError, match="two of 'prompt', 'answer1', 'answer2' those are; name"):
        understand(sources.read(file))
    found = understand(sources.read(file), text=("answer1", "answer2"))
    assert (found.contract.text, found.contract.label) == (("answer1", "answer2"), ("best",))
    assert not [finding for finding in found.findings if "two texts" in finding.message]


def test_which_two_of_three_texts_were_compared_is_asked_of_a_short_export_too(tmp_path):
    file = tmp_path / "export.csv"
    head = "annotation_id,annotator,lead_time,prompt,answer1,answer2,best"
    cells = [f'"{{""selected"": ""{side}""}}"' for side in ("left", "right")] * 6
    rows = [f"{n},1,2.5,why is it so,since {n} it is,nobody {n},{c}" for n, c in enumerate(cells)]
    file.write_text("\n".join([head, *rows]))
    with pytest.raises(DataError, match="two of 'prompt', 'answer1', 'answer2' those are; name"):
        understand(sources.read(file))
    assert understand(sources.read(file), text=("answer1", "answer2")).contract.label[0] == "best"
