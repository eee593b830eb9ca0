"""Exports of platforms that annotate, or tune, are read for what people said, and nothing else."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

TEXT = "Dan met Eve Moss"
PER = {"start": 0, "end": 3, "label": "PER"}
ASKED = "name the mood of this text"


def kili(said: object, kind: str = "DEFAULT", **more: object) -> dict:
    return {"jsonResponse": {"MOOD": said}, "labelType": kind, "author": {"id": "u"}, **more}


def classes(*names: str) -> dict:
    return {"categories": [{"name": name, "confidence": 100} for name in names]}


def rubrix(annotation: object, state: str = "Validated", **more: object) -> dict:
    guess = [{"label": "X", "start": 4, "end": 7, "score": 0.3}]
    own = {"prediction": guess, "annotation_agent": "ada", "metrics": {}, "text": TEXT}
    return {**own, "annotation": annotation, "status": state, **more}


def old_labelbox(label: object, **more: object) -> dict:
    return {"ID": "c", "Labeled Data": TEXT, "Label": label, "Skipped": False, "Reviews": []} | more


def radio(name: str) -> dict:
    return {"objects": [], "classifications": [{"title": "mood", "answer": {"title": name}}]}


def chat(said: object, answer: object) -> dict:
    return {
        "messages": [
            {"role": "system", "content": ASKED},
            {"role": "user", "content": said},
            {"role": "assistant", "content": answer},
        ]
    }


def block(text: str) -> list[dict]:
    return [{"type": "text", "text": text}]


MARK = {"beginOffset": 0, "content": "Dan", "categories": [{"name": "PER"}]}
INSTANCE = {"type": "entity", "className": "PER", "classId": 7, "start": 0, "end": 3}
LS = {"from_name": "mood", "to_name": "text", "type": "choices"}
CLASSED = {"classname": "a", "correct": None, "classified_by": []}
# name → one value of the file, its columns and its cells
SHAPES: dict[str, tuple[dict, tuple[str, ...], tuple[object, ...]]] = {
    "Argilla 2, flat, one discarded": (
        {
            "text": TEXT,
            "mood.responses": ["b", "a"],
            "mood.responses.users": ["u", "v"],
            "mood.responses.status": ["discarded", "submitted"],
        },
        ("text", "mood"),
        (TEXT, "a"),
    ),
    "Rubrix, classes": (
        rubrix("a", text=None, inputs={"text": TEXT}, multi_label=False),
        ("text", "label"),
        (TEXT, "a"),
    ),
    "Rubrix, several classes": (rubrix(["a", "b"]), ("text", "label"), (TEXT, ["a", "b"])),
    "Rubrix, spans": (
        rubrix([PER], tokens=TEXT.split()),
        ("text", "label"),
        (TEXT, [PER]),
    ),
    "Rubrix, spans as lists": (rubrix([["PER", 0, 3]]), ("text", "label"), (TEXT, [PER])),
    "Kili, a class": (
        {"content": TEXT, "externalId": "e", "labels": [kili(classes("a"))]},
        ("text", "MOOD"),
        (TEXT, "a"),
    ),
    "Kili, classes, reviewed": (
        {
            "content": TEXT,
            "labels": [
                kili(classes("c"), "PREDICTION"),
                kili(classes("b"), isLatestLabelForUser=False),
                kili(classes("b")),
                kili(classes("a", "c"), "REVIEW"),
            ],
        },
        ("text", "MOOD"),
        (TEXT, ["a", "c"]),
    ),
    "Kili, spans, the last label": (
        {"content": TEXT, "latestLabel": kili({"annotations": [MARK]})},
        ("text", "MOOD"),
        (TEXT, [{**PER, "text": "Dan"}]),
    ),
    "Labelbox 1, classes": (old_labelbox(radio("a")), ("text", "mood"), (TEXT, "a")),
    "Labelbox 1, spans": (
        old_labelbox(
            {
                "objects": [{"title": "PER", "data": {"location": {"start": 0, "end": 2}}}],
                "classifications": [],
            }
        ),
        ("text", "label"),
        (TEXT, [{**PER, "end": 2}]),
    ),
    "SuperAnnotate, with texts": (
        {"metadata": {"name": "a"}, "content": TEXT, "instances": [INSTANCE], "tags": []},
        ("text", "label"),
        (TEXT, [PER]),
    ),
    "LightTag, classes": (
        {"content": TEXT, "annotations": [], "classifications": [CLASSED]},
        ("text", "class"),
        (TEXT, "a"),
    ),
    "LightTag, both": (
        {
            "content": TEXT,
            "annotations": [{"tag": "PER", "start": 0, "end": 3, "value": "Dan"}],
            "classifications": [CLASSED],
        },
        ("text", "label", "class"),
        (TEXT, [{**PER, "text": "Dan"}], "a"),
    ),
    "UBIAI, classes": (
        {"document": TEXT, "tokens": [], "classes": [{"name": "a"}, {"name": "b", "value": False}]},
        ("text", "class"),
        (TEXT, "a"),
    ),
    "Anthropic, blocks": (
        chat(block(TEXT), block("a")),
        ("text", "label", "system"),
        (TEXT, "a", ASKED),
    ),
    "Bedrock": (
        {
            "system": [{"text": ASKED}],
            "messages": [
                {"role": "user", "content": [{"text": TEXT}]},
                {"role": "assistant", "content": [{"text": "a"}]},
            ],
        },
        ("text", "label", "system"),
        (TEXT, "a", ASKED),
    ),
    "Gemini": (
        {
            "systemInstruction": {"role": "system", "parts": [{"text": ASKED}]},
            "contents": [
                {"role": "user", "parts": [{"text": TEXT}]},
                {"role": "model", "parts": [{"text": "a"}]},
            ],
        },
        ("text", "label", "system"),
        (TEXT, "a", ASKED),
    ),
    "OpenAI, an object as the answer": (
        chat(TEXT, '{"mood": "a"}'),
        ("text", "label", "system"),
        (TEXT, "a", ASKED),
    ),
    "OpenAI, an object of several labels": (
        chat(TEXT, '{"mood": "a", "topics": ["b", "c"]}'),
        ("text", "label.mood", "label.topics"),
        (TEXT, "a", ["b", "c"]),
    ),
    "Oracle, spans": (
        {
            "content": TEXT,
            "annotations": [
                {"entities": [{"labels": [{"label_name": "PER"}], "textSpan": {"length": 3}}]}
            ],
        },
        ("text", "label"),
        (TEXT, [PER]),
    ),
    "Oracle, a class": (
        {"content": TEXT, "annotations": [{"entities": [{"labels": [{"label_name": "a"}]}]}]},
        ("text", "class"),
        (TEXT, "a"),
    ),
    "several annotators in a list": (
        {
            "text": TEXT,
            "annotations": [{"label": name, "annotator": str(n)} for n, name in enumerate("aab")],
        },
        ("text", "label"),
        (TEXT, "a"),
    ),
    "answers to questions about a text": (
        {"text": TEXT, "answers": {"mood": "a"}},
        ("text", "answers.mood"),
        (TEXT, "a"),
    ),
    "Label Studio before version 1, one skipped": (
        {
            "data": {"text": TEXT},
            "completions": [
                {"skipped": True, "result": [LS | {"value": {"choices": ["b"]}}]},
                {"result": [LS | {"value": {"choices": ["a"]}}]},
            ],
        },
        ("text", "mood"),
        (TEXT, "a"),
    ),
    "OpenAI, requests of a batch": (
        {"custom_id": "r", "body": {"model": "m", **chat(TEXT, "a")}},
        ("custom_id", "text", "label", "system"),
        ("r", TEXT, "a", ASKED),
    ),
}


def written(path, values):
    path.write_text("\n".join(map(json.dumps, values)))
    return path


@pytest.mark.parametrize("name", SHAPES)
def test_an_export_gives_these_rows(tmp_path, name):
    value, columns, held = SHAPES[name]
    table = sources.read(written(tmp_path / "export.jsonl", [value] * 3))
    found = [dict(zip(table.columns, row.cells, strict=True)) for row in table.rows()]
    cells = [json.dumps(one) if isinstance(one, list) else one for one in held]
    assert [{name: row[name] for name in columns} for row in found] == [
        dict(zip(columns, cells, strict=True))
    ] * 3
    assert not {"prediction", "Skipped", "role"} & {*table.columns}


LEFT_OUT = {
    "Argilla 2, flat, one discarded": ({"mood.responses.status": ["draft"] * 2}, "no submitted"),
    "Rubrix, classes": ({"annotation": None}, "has no annotation"),
    "Rubrix, spans": ({"status": "Discarded"}, "is discarded"),
    "Kili, a class": ({"labels": [kili(classes("b"), "PREDICTION")]}, "somebody saved"),
    "Labelbox 1, classes": ({"Skipped": True}, "was skipped"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_nobody_confirmed_is_left_out_and_counted(tmp_path, name):
    value = SHAPES[name][0]
    changed, why = LEFT_OUT[name]
    table = sources.read(written(tmp_path / "a.jsonl", [value, {**value, **changed}, value]))
    assert len(list(table.rows())) == 2
    said = [one.message for one in table.findings if "a.jsonl:2" in one.message]
    assert len(said) == 1
    assert why in said[0]


def test_a_value_of_another_form_is_named_by_its_place(tmp_path):
    value = SHAPES["Oracle, spans"][0]
    file = written(tmp_path / "a.jsonl", [*[value] * 204, {**value, "annotations": [None]}, value])
    with pytest.raises(DataError, match=r"a\.jsonl:205: the file begins as records of Oracle's"):
        sources.read(file)


@pytest.mark.parametrize("status", [["submitted"], "submitted"])
def test_a_status_for_each_answer_is_asked_for(tmp_path, status):
    value = SHAPES["Argilla 2, flat, one discarded"][0]
    wrong = {**value, "mood.responses.status": status}
    with pytest.raises(
        DataError, match=r"a\.jsonl:2.*does not hold one status for each of 2 answers"
    ):
        list(sources.read(written(tmp_path / "a.jsonl", [value, wrong])).rows())


def test_spans_of_a_model_are_no_labels_beside_those_of_people(tmp_path):
    texts = [f"Dan met Eve Moss at {n} o'clock" for n in range(12)]
    values = [
        {"text": text, "predictions": [{**PER, "label": "X"}], "marked": [PER]} for text in texts
    ]
    found = survey.check(
        written(tmp_path / "a.jsonl", values), count_tokens=lambda held: [9] * len(held)
    )
    assert found.contract.label == ("marked",)


def test_annotations_of_superannotate_without_texts_are_named(tmp_path):
    value = dict(SHAPES["SuperAnnotate, with texts"][0])
    del value["content"]
    with pytest.raises(DataError, match="SuperAnnotate, of texts that stand in other files"):
        sources.read(written(tmp_path / "a.json", [value]))


def test_a_picture_in_a_chat_is_a_fault_with_its_place(tmp_path):
    picture = [*block(TEXT), {"type": "image_url", "image_url": {"url": "x"}}]
    table = sources.read(written(tmp_path / "a.jsonl", [chat(TEXT, "a"), chat(picture, "a")]))
    with pytest.raises(DataError, match=r"a\.jsonl:2: a message holds something else than text"):
        list(table.rows())


NAMED = {
    "a CAS of UIMA without the text of its view": {
        "%TYPES": {},
        "%FEATURE_STRUCTURES": [{"%ID": 1, "sofaString": TEXT}],
    },
    "a CAS of UIMA without the text": {"_views": {"_InitialView": {}}, "_referenced_fss": {}},
    "web annotations": [{"type": "Annotation", "target": {"source": "a"}, "body": []}],
    "annotations of V7": {"item": {"name": "a.txt", "slots": []}, "annotations": []},
}


@pytest.mark.parametrize("what", NAMED)
def test_an_export_without_texts_or_of_any_layer_is_named(tmp_path, what):
    file = tmp_path / "export.json"
    file.write_text(json.dumps(NAMED[what], indent=1))
    with pytest.raises(DataError, match=what):
        sources.read(file)


@pytest.mark.parametrize(
    "keys",
    [
        ("start_char", "end_char", "label_name"),
        ("start", "end", "className"),
        ("startChar", "endChar", "type"),
    ],
)
def test_spans_go_by_the_names_that_tools_give_their_keys(tmp_path, keys):
    start, end, label = keys
    mark = {"type": "entity", start: 0, end: 3, label: "PER"}
    values = [{"text": f"Dan met Eve {n}", "marks": [mark], "labels": []} for n in range(12)]
    found = survey.check(
        written(tmp_path / "a.jsonl", values), count_tokens=lambda texts: [9] * len(texts)
    )
    assert found.labels == {"PER": 12}


def test_spans_that_prodigy_asked_of_one_by_one_are_those_of_one_text(tmp_path):
    def task(number: int, start: int, end: int, kind: str, answer: str = "accept") -> dict:
        mark = {"start": start, "end": end, "label": kind}
        own = {"_input_hash": 7, "_task_hash": number, "_view_id": "ner", "_annotator_id": "ada"}
        return {"text": TEXT, "spans": [mark], "answer": answer, **own}

    tasks = [task(1, 0, 3, "PER"), task(2, 4, 7, "PER", "reject"), task(3, 8, 16, "PER")]
    table = sources.read(written(tmp_path / "a.jsonl", [*tasks, {**tasks[0], "_input_hash": 8}]))
    spans = [[PER, {"start": 8, "end": 16, "label": "PER"}], [PER]]
    assert [json.loads(row.cells[1]) for row in table.rows()] == spans
    assert any("joined to those of the first task" in one.message for one in table.findings)


def test_spans_of_pubannotation_are_found_beside_a_target(tmp_path):
    mark = {"id": "T1", "span": {"begin": 0, "end": 3}, "obj": "PER"}
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"target": "x", "text": TEXT, "denotations": [mark]}))
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    assert (found.contract.label, found.labels) == (("denotations",), {"PER": 1})


def test_records_without_labels_at_the_beginning_are_of_the_same_form(tmp_path):
    for name, empty in (
        ("Kili, a class", {"labels": []}),
        ("Oracle, a class", {"annotations": []}),
    ):
        value = SHAPES[name][0]
        table = sources.read(written(tmp_path / "a.jsonl", [{**value, **empty}, value]))
        assert table.columns[0] == "text"


def test_texts_with_lists_of_no_labels_are_no_export(tmp_path):
    values = [{"content": f"Dan met Eve {n}", "labels": []} for n in range(4)]
    assert sources.read(written(tmp_path / "a.jsonl", values)).columns == ("content", "labels")


@pytest.mark.parametrize("name", ["answers", "options", "given"])
def test_answers_to_choose_from_in_an_object_are_no_columns_of_text(tmp_path, name):
    said = {letter: f"they were {letter} and nothing else" for letter in "ABC"}
    values = [
        {"question": f"what were the {n} of them?", name: said, "label": "ABC"[n % 3]}
        for n in range(12)
    ]
    with pytest.raises(DataError, match="answers to choose from"):
        survey.check(written(tmp_path / "a.jsonl", values), count_tokens=len)
