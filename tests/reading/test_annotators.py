"""Several annotators of a text: what each tool's export says of them is one row, and a finding."""

import json

import pytest
from typer.testing import CliRunner

import textune
from textune.doors.cli import app
from textune.errors import DataError, SettingsError
from textune.metrics.votes import MERGED
from textune.reading import sources
from textune.records import ReadOptions

TEXT = "Dan met Eve Moss"


def result(kind: str, held: object, name: str, **more: object) -> dict:
    return {"from_name": name, "to_name": "text", "type": kind, "value": {kind: held}, **more}


def ner(start: int, end: int, label: str, number: str = "a") -> dict:
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {"id": number, "from_name": "ner", "to_name": "text", "type": "labels", "value": value}


def task(number: int, *results: list[dict], **more: object) -> dict:
    made = [
        {"result": held, "was_cancelled": False, "completed_by": user}
        for user, held in enumerate(results)
    ]
    return {"id": number, "data": {"text": TEXT}, "annotations": made, **more}


def written(path, values) -> str:
    path.write_text(json.dumps(values, indent=1))
    return str(path)


def read(path, values, rule=None):
    table = sources.read(written(path, values), ReadOptions(annotators=rule))
    return table, [row.cells for row in table.rows()]


def choice(*names: str) -> list[dict]:
    return [result("choices", list(names), "mood")]


def test_every_control_of_label_studio_is_a_column(tmp_path):
    held = [
        *choice("good"),
        result("rating", 4, "stars"),
        result("number", 2.5, "grade"),
        result("taxonomy", [["Food", "Fish"], ["Place"]], "topic"),
        {**result("pairwise", None, "better"), "value": {"selected": "left"}},
        ner(0, 3, "PER"),
        {**result("choices", ["sure"], "how", id="a"), "value": {**ner(0, 3, "")["value"]}},
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"},
    ]
    guess = [{"model_version": "m", "result": choice("bad")}]
    table, rows = read(tmp_path / "tasks.json", [task(1, held, predictions=guess), task(2, [])])
    assert table.columns == ("text", "mood", "stars", "grade", "topic", "better", "ner")
    span = '[{"start": 0, "end": 3, "label": "PER", "text": "Dan"}]'
    assert rows == [
        (TEXT, "good", "4", "2.5", '["Food / Fish", "Place"]', "left", span),
        (TEXT, "", "", "", "[]", "", "[]"),
    ]
    said = " ".join(finding.message for finding in table.findings)
    assert "properties of spans (choices and the like for a region) (1), " in said
    assert "relations between spans (1), tasks with predictions of a model (1)" in said


def test_the_label_of_most_is_taken_and_a_tie_is_left_out(tmp_path):
    values = [
        task(1, choice("good"), choice("bad"), choice("good")),
        task(2, choice("good"), choice("bad")),
        task(3, choice("bad"), choice("bad")),
        task(4, choice("bad")),
    ]
    values[3]["annotations"].append({"result": choice("good"), "was_cancelled": True})
    table, rows = read(tmp_path / "tasks.json", values)
    assert [cells[1] for cells in rows] == ["good", "bad", "bad"]
    differ, left_out = (finding.message for finding in table.findings)
    assert differ.startswith(
        "annotators differ in 2 of 3 texts that several of them annotated (Krippendorff's alpha "
        "0.00); first: tasks.json:2 (id 1), "
    )
    assert "1 row is left out, since each has as many annotators for one label" in left_out
    _, first = read(tmp_path / "tasks.json", values, "first")
    assert [cells[1] for cells in first] == ["good", "good", "bad", "bad"]


LABELS = (("Good", "good", "bad"), ("bad", "Bad", "good"), ("good", "Good"), ("bad", "good", "bad"))


def label_studio(path, said):
    values = [task(n, *map(choice, labels)) for n, labels in enumerate(said)]
    for number, value in enumerate(values):
        value["data"]["text"] = f"the text {number}"
    return written(path, values)


def labelbox_like(path, said):
    head = "text,annotator1,annotator2,annotator3"
    lines = [f"the text {n},{','.join([*labels, ''][:3])}" for n, labels in enumerate(said)]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def argilla(path, said):
    values = [
        {"text": f"the text {n}", "mood.responses": list(labels),
         "mood.responses.users": [str(user) for user, _ in enumerate(labels)]}
        for n, labels in enumerate(said)
    ]  # fmt: skip
    return written(path, values)


@pytest.mark.parametrize("merge", ["Good=good,Bad=bad", "auto"])
@pytest.mark.parametrize(
    ("write", "name"),
    [(label_studio, "a.json"), (labelbox_like, "a.csv"), (argilla, "a.json")],
)
@pytest.mark.covering(1)
def test_labels_that_are_one_are_one_vote_in_every_tool(tmp_path, write, name, merge):
    path = write(tmp_path / name, LABELS * 3)
    found = textune.check(
        path, merge_labels=merge, annotators="majority", count_tokens=lambda texts: [1] * len(texts)
    )
    assert dict(found.labels) == {"good": 6, "bad": 6}
    assert found.command.count("--merge-labels") == 2
    assert "--merge-labels" not in textune.check(path, annotators="majority").command
    (differ,) = [item for item in found.findings if item.kind == "annotators"]
    assert "differ in 9 of 12 texts" in differ.message
    assert "left out" not in {item.kind for item in found.findings}
    with pytest.raises(SettingsError, match="'Fine' is no label of the file"):
        textune.check(path, merge_labels="Fine=good", annotators="majority")


def test_a_run_judges_files_by_the_labels_that_it_merged(tmp_path, tiny_base):
    path = label_studio(tmp_path / "a.json", LABELS * 6)
    run = textune.train(
        path, base=tiny_base, out=tmp_path / "run", merge_labels="Good=good,Bad=bad", epochs=1
    )
    assert textune.evaluate(run.path, path)["n"] == 24


def test_what_is_marked_as_the_truth_is_taken(tmp_path):
    values = [task(n, choice("good"), choice("bad")) for n in range(3)]
    for value in values:
        value["annotations"][1]["ground_truth"] = True
    table, rows = read(tmp_path / "tasks.json", values)
    assert [cells[1] for cells in rows] == ["bad"] * 3
    assert "the annotation marked as the truth was taken" in table.findings[0].message


def test_spans_and_labels_are_those_of_more_than_half_and_numbers_the_mean(tmp_path):
    def said(*spans, names=("a",), stars=3):
        made = [ner(*span, str(n)) for n, span in enumerate(spans)]
        return [*made, result("choices", list(names), "kinds"), result("rating", stars, "stars")]

    per, eve = (0, 3, "PER"), (8, 11, "PER")
    values = [
        task(1, said(per, eve), said(per, names=("a", "b"), stars=4), said((0, 3, "LOC"), stars=5)),
    ]
    table, rows = read(tmp_path / "tasks.json", values)
    assert table.columns == ("text", "ner", "kinds", "stars")
    (_, spans, kinds, stars) = rows[0]
    assert [(item["start"], item["label"]) for item in json.loads(spans)] == [(0, "PER")]
    assert (kinds, stars) == ('["a"]', "4")


def test_annotators_who_differ_can_be_refused(tmp_path):
    values = [task(n, choice("good"), choice("bad" if n == 2 else "good")) for n in range(4)]
    file = written(tmp_path / "tasks.json", values)
    with pytest.raises(DataError, match=r"annotators differ in 1 of 4 texts.*id 2.*majority"):
        sources.read(file, ReadOptions(annotators="refuse"))
    done = CliRunner().invoke(app, ["check", file, "--annotators", "refuse"])
    assert "annotators differ in 1 of 4 texts" in str(done.exception)
    with pytest.raises(SettingsError, match=r"'most' is not known; .*majority"):
        sources.read(file, ReadOptions(annotators="most"))


def test_annotators_who_agree_are_a_note(tmp_path):
    table, _ = read(tmp_path / "tasks.json", [task(n, choice("a"), choice("a")) for n in range(4)])
    assert [finding.message for finding in table.findings] == [
        "several people annotated 4 texts, and agree on all of them"
    ]


def test_users_of_doccano_mark_spans_each(tmp_path):
    def item(user: int, start: int, end: int) -> dict:
        return {"label": 3, "start_offset": start, "end_offset": end, "user": user}

    lines = [
        {
            "text": TEXT,
            "annotations": [item(1, 0, 3), item(1, 8, 11), item(2, 0, 3), item(2, 8, 16)],
        },
        {"text": TEXT, "annotations": []},
    ]
    file = tmp_path / "users.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    table = sources.read(file)
    spans = [json.loads(row.cells[1]) for row in table.rows()]
    assert spans == [[{"start": 0, "end": 3, "label": 3}], []]
    assert "annotators differ in 1 of 1 text" in table.findings[0].message
    assert table.findings[0].rows == ("users.jsonl:1",)


def test_entities_with_relations_of_doccano(tmp_path):
    entity = {"id": 7, "label": "PER", "start_offset": 0, "end_offset": 3}
    relation = {"id": 1, "from_id": 7, "to_id": 8, "type": "knows"}
    line = {"id": 1, "text": TEXT, "entities": [entity], "relations": [relation], "Comments": []}
    file = tmp_path / "relations.jsonl"
    file.write_text("\n".join([json.dumps(line)] * 3))
    table = sources.read(file)
    assert next(table.rows()).cells == ("1", TEXT, '[{"start": 0, "end": 3, "label": "PER"}]')
    assert "left out: relations between entities (3)" in table.findings[0].message
    file.write_text(json.dumps(line) + "\n" + json.dumps(line | {"entities": "PER"}))
    assert sources.read(file).columns == ("id", "text", "entities", "relations", "Comments")


def test_regions_of_pictures_are_refused_or_left_out(tmp_path):
    region = {"from_name": "box", "type": "rectanglelabels", "value": {"x": 1, "y": 2}}
    file = written(tmp_path / "tasks.json", [task(n, [region]) for n in range(4)])
    with pytest.raises(DataError, match=r"tasks.json: an export of Label Studio, whose .* regions"):
        sources.read(file)
    table, rows = read(tmp_path / "tasks.json", [task(n, [region, *choice("a")]) for n in range(4)])
    assert (table.columns, rows[0]) == (("text", "mood"), (TEXT, "a"))
    assert "regions of pictures, films or sound (4)" in table.findings[0].message


def test_texts_that_nobody_labelled_are_predicted(tmp_path, tiny_base):
    values = [task(n, choice("good" if n % 2 else "bad")) for n in range(24)]
    for number, value in enumerate(values):
        value["data"]["text"] = f"the film number {number} was fine"
    values[3]["annotations"] = []
    values[5] = {**task(5, choice("good"), choice("bad")), "data": {"text": "so and so"}}
    file = written(tmp_path / "tasks.json", values)
    out = tmp_path / "run"
    run = textune.train(file, valid=file, base=tiny_base, out=out, epochs=1, device="cpu")
    assert textune.evaluate(run, file)["n"] == 22  # those that have a label
    runner = CliRunner()
    done = runner.invoke(app, ["predict", str(run.path), "--input", file, "--json"])
    assert len(done.stdout.splitlines()) == 24
    out = tmp_path / "out.csv"
    runner.invoke(app, ["predict", str(run.path), "--input", file, "--output", str(out)])
    assert len(out.read_text().splitlines()) == 25
    values = [{**value, "annotations": []} for value in values]
    file = written(tmp_path / "new.json", values)
    done = runner.invoke(app, ["predict", str(run.path), "--input", file, "--json"])
    assert len(done.stdout.splitlines()) == 24


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        ("text,Hateful (Expert 1),Hateful (Expert 2),Rating (Expert 2)", ("Rating (Expert 2)",)),
        ("text,judge_anna,judge_bob,judge_cem", ()),
        ("text,annotator_A,annotator_B,annotator_C", ()),
        ("text,label_annotator1,label_annotator2,label_annotator3", ()),
    ],
)
def test_what_people_said_of_one_thing_is_one_label(tmp_path, head, kept):
    file = tmp_path / "a.csv"
    last = 4 if kept else "no"
    file.write_text("\n".join([head, *(f"the text {n},no,no,{last}" for n in range(9))]) + "\n")
    table = sources.read(file, ReadOptions(annotators="majority"))
    assert table.columns == ("text", *kept, MERGED)
    assert {row.cells[-1] for row in table.rows()} == {"no"}


def test_what_people_said_of_several_things_is_no_label(tmp_path):
    file = tmp_path / "a.csv"
    head = "text,hate_rater1,hate_rater2,irony_rater1,irony_rater2"
    file.write_text("\n".join([head, *(f"the text {n},1,0,1,1" for n in range(9))]) + "\n")
    assert sources.read(file).columns == tuple(head.split(","))
    said = (
        r"of several \(hate_rater1, hate_rater2; irony_rater1, irony_rater2\); leave those of one"
    )
    with pytest.raises(DataError, match=said):
        sources.read(file, ReadOptions(annotators="majority"))
