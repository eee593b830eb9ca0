"""Predictions in the forms of annotation tools: read back they are the same labels and spans."""

import json
import xml.etree.ElementTree as ET

import pytest
from typer.testing import CliRunner

from made_runs import make_run
from textune.data.words import words_of
from textune.doors.cli import app
from textune.errors import DataError, RunError, SettingsError
from textune.predicting.tools import table
from textune.predicting.tools.interface import Item, Model
from textune.reading import sources
from textune.records import Contract, Entity, Prediction
from textune.tasks import examples, registry
from textune.tasks.contract import understand

TEXTS = [
    "Anna 😀 went to Berlin",
    'He said "no", 50\\50\nand left\tat once',
    "A\u0308nna we\u0301nt; to, São Paulo | 北京 大学",
    "  two  spaces\r\nand a line  ",
    "nothing at all",
] * 4
KINDS = ("LOC", "PER")


def model(task, labels, *, label=("label",), text=("text",), **contract):
    made = registry.make(task, tuple(labels))
    return Model.of(made, Contract(task, text, label, "name", **contract), "run-1")


def write(tmp_path, tool, known, said, name):
    items = [
        Item(text, pair, {"id": f"ab{number}x"}, one, f"row {number}")
        for number, (text, pair, one) in enumerate(said)
    ]
    place = tmp_path / name
    with table.TOOLS[tool].writing(place, known, False) as put:
        put(items[:3])
        put(items[3:])
    return place


def read(place, **options):
    found = sources.read(place)
    agreed = understand(found, **options).contract
    return list(examples.read(found, agreed))


def classes(labels, several=False):
    for number, text in enumerate(TEXTS):
        given = tuple(labels[: number % (len(labels) + 1)]) if several else (labels[number % 2],)
        scores = {label: 0.9 if label in given else 0.05 for label in labels}
        yield text, None, Prediction(text, given, scores)


@pytest.mark.parametrize(("tool", "name"), [("label-studio", "out.json"), ("doccano", "out.jsonl")])
def test_a_class_of_each_text_reads_back(tmp_path, tool, name):
    said = list(classes(["not so", "pos"]))
    place = write(tmp_path, tool, model("single", ["not so", "pos"]), said, name)
    found = read(place, text=("text",), label=("label",))
    assert [(one.text, one.label) for one in found] == [(t, p.labels[0]) for t, _, p in said]


@pytest.mark.parametrize(("tool", "name"), [("label-studio", "out.json"), ("doccano", "out.jsonl")])
def test_several_labels_of_each_text_read_back(tmp_path, tool, name):
    said = list(classes(["a b", "c;d", "é"], several=True))
    place = write(tmp_path, tool, model("multi", ["a b", "c;d", "é"]), said, name)
    found = read(place, text=("text",), label=("label",))
    assert [(one.text, set(one.label)) for one in found] == [(t, {*p.labels}) for t, _, p in said]


def marked():
    """Mark a stretch of words in most texts."""
    for number, text in enumerate(TEXTS):
        words = words_of(text)
        tags, found = ["O"] * len(words), []
        for at in range(number % 3, len(words) - 1, 3):
            kind, start, end = KINDS[at % 2], words[at][0], words[at + 1][1]
            tags[at], tags[at + 1] = f"B-{kind}", f"I-{kind}"
            found.append(Entity(start, end, text[start:end], kind, 0.8))
        yield text, None, Prediction(text, tuple(tags), {}, tuple(found), words, asks="words")


TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


@pytest.mark.parametrize(
    ("tool", "name"),
    [("label-studio", "out.json"), ("doccano", "out.jsonl"), ("brat", "out"), ("conll", "o.conll")],
)
def test_entities_read_back_at_the_same_characters(tmp_path, tool, name):
    said = list(marked())
    place = write(tmp_path, tool, model("tags", TAGS), said, name)
    found = read(place)
    if tool == "conll":
        words = [[p.text[a:b] for a, b in p.words] for _, _, p in said]
        assert [[one.text[a:b] for a, b in one.words] for one in found] == words
    else:
        assert [one.text for one in found] == [text for text, _, _ in said]
    assert [one.label for one in found] == [p.labels for _, _, p in said]


def test_tags_that_mark_no_entities_fit_conll_alone(tmp_path, tiny_base):
    known = model("tags", ["DT", "NN"])
    assert [tool.name for tool in table.TOOLS.values() if tool.fits(known)] == ["conll"]
    words = words_of("the film")
    said = [("the film", None, Prediction("the film", ("DT", "NN"), {}, (), words))] * 20
    found = read(write(tmp_path, "conll", known, said, "out.conll"))
    assert [one.label for one in found] == [("DT", "NN")] * 20


def test_label_studio_takes_numbers_columns_pairs_and_answers(tmp_path):
    numbers = [
        (t, None, Prediction(t, (), {}, numbers={"score": n / 4})) for n, t in enumerate(TEXTS)
    ]
    place = write(tmp_path, "label-studio", model("number", ["score"]), numbers, "n.json")
    found = read(place, text=("text",), label=("score",), task="number")
    assert [float(one.label) for one in found] == [n / 4 for n in range(len(TEXTS))]

    labels = ["food: bad", "food: good", "price: bad", "price: good"]
    known = model("aspects", labels, label=("food", "price"))
    assert known.columns == {"food": ("bad", "good"), "price": ("bad", "good")}
    scores = dict.fromkeys(labels, 0.5)
    said = [
        (
            t,
            None,
            Prediction(t, (), scores, columns={"food": "good", "price": ("bad", "good")[n % 2]}),
        )
        for n, t in enumerate(TEXTS)
    ]
    tasks = json.loads(write(tmp_path, "label-studio", known, said, "c.json").read_text())
    values = [
        {one["from_name"]: one["value"]["choices"] for one in task["predictions"][0]["result"]}
        for task in tasks
    ]
    assert values[:2] == [{"food": ["good"], "price": [how]} for how in ("bad", "good")]

    known = model("answers", (), text=("question", "context"), label=("answers",))
    where = Entity(3, 8, "Anna", "", 0.7)
    said = [("Who?", "It Anna", Prediction("Who?", ("Anna",), {}, (where,), asks="answers"))]
    [task] = json.loads(write(tmp_path, "label-studio", known, said, "a.json").read_text())
    assert task["data"] == {"question": "Who?", "passage": "It Anna", "id": "ab0x"}
    [result] = task["predictions"][0]["result"]
    assert (result["to_name"], result["value"]["labels"]) == ("passage", ["answer"])


@pytest.mark.parametrize(
    ("task", "labels", "controls"),
    [
        ("single", ['a "b"', "c&d"], {("Choices", "label", "text", "single")}),
        ("multi", ["a", "b"], {("Choices", "label", "text", "multiple")}),
        (
            "number",
            ["joy", "fear"],
            {("Number", "joy", "text", None), ("Number", "fear", "text", None)},
        ),
        ("tags", TAGS, {("Labels", "label", "text", None)}),
    ],
)
def test_the_labelling_config_has_each_control_and_label(task, labels, controls):
    known = model(task, labels)
    root = ET.fromstring("\n".join(table.TOOLS["label-studio"].settings(known)))
    found = {
        (one.tag, one.get("name"), one.get("toName"), one.get("choice"))
        for one in root
        if one.tag != "Text"
    }
    assert found == controls
    assert [one.get("value") for one in root if one.tag == "Text"] == ["$text"]
    values = [part.get("value") for one in root for part in one]
    assert values == ([] if task == "number" else ["LOC", "PER"] if task == "tags" else labels)


def test_scores_are_those_of_what_is_least_sure(tmp_path):
    known = model("single", ["neg", "pos"])
    said = [("x", None, Prediction("x", ("pos",), {"neg": 0.3, "pos": 0.7}))]
    [task] = json.loads(write(tmp_path, "label-studio", known, said, "o.json").read_text())
    [found] = task["predictions"]
    assert (found["model_version"], found["score"]) == ("run-1", 0.7)
    assert found["result"][0]["value"] == {"choices": ["pos"]}
    assert found["result"][0]["type"] == "choices"


def test_a_word_with_a_tab_cannot_stand_in_conll(tmp_path):
    said = [("a\tb", None, Prediction("a\tb", ("O",), {}, (), ((0, 3),)))]
    with pytest.raises(DataError, match=r"row 0: the word 'a\\tb' cannot stand in a line of CoNLL"):
        write(tmp_path, "conll", model("tags", TAGS), said, "out.conll")
    assert not list(tmp_path.iterdir())


def test_brat_keeps_folders_that_are_not_its_own(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("mine")
    known = model("tags", TAGS)
    for overwrite, message in ((False, "already exists"), (True, "holds 'thesis.docx', which no")):
        with (
            pytest.raises(RunError, match=message),
            table.TOOLS["brat"].writing(tmp_path / "out", known, overwrite),
        ):
            pass
    assert (tmp_path / "out" / "thesis.docx").read_text() == "mine"
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("mine")
    with (
        pytest.raises(RunError, match=r"holds 'a\.txt', which no"),
        table.TOOLS["brat"].writing(tmp_path / "texts", known, True),
    ):
        pass
    assert (tmp_path / "texts" / "a.txt").read_text() == "mine"
    with (
        pytest.raises(SettingsError, match="the type 'big city' holds a space"),
        table.TOOLS["brat"].writing(tmp_path / "new", model("tags", ["O", "B-big city"]), False),
    ):
        pass


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("toolrun"), tiny_base, "single", ["bad", "good"])


def command(run, tmp_path, *words):
    path = tmp_path / "new.csv"
    path.write_text("id,text,label\n" + "".join(f"ab{n}x,good film {n},bad\n" for n in range(30)))
    return CliRunner().invoke(app, ["predict", str(run), "--input", str(path), *map(str, words)])


def test_predict_writes_for_label_studio_and_prints_its_config(run, tmp_path):
    out = tmp_path / "out.json"
    result = command(run, tmp_path, "--output", out, "--as", "label-studio")
    assert result.exit_code == 0, result.exception
    assert '<Choices name="label" toName="text" choice="single">' in result.output
    tasks = json.loads(out.read_text())
    assert [task["data"] for task in tasks] == [
        {"text": f"good film {n}", "id": f"ab{n}x"} for n in range(30)
    ]
    assert {task["predictions"][0]["model_version"] for task in tasks} == {run.name}
    checked = CliRunner().invoke(app, ["check", str(out)])
    assert "predictions of a model, which nobody has" in " ".join(checked.output.split())
    again = command(run, tmp_path, "--output", out, "--as", "label-studio")
    assert "already exists; --overwrite replaces it" in str(again.exception)
    assert command(
        run, tmp_path, "--output", out, "--as", "label-studio", "--overwrite", "--json"
    ).exit_code == 0  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "conll", "--output", "o.conll"], "allowed for it: label-studio, doccano"),
        (["--as", "brat", "--output", "o"], "holds entities, and this model gives one label"),
        (["--as", "labelstudio", "--output", "o.json"], "did you mean 'label-studio'"),
        (["--as", "doccano", "--output", "o.csv"], "writes files that end in .jsonl"),
        (["--as", "doccano"], "--as goes with --output FILE"),
        (["--as", "doccano", "--output", "o.jsonl", "--harmless-cells"], "is for tables"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_does(run, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    result = command(run, tmp_path, *words)
    assert message in str(result.exception)
    assert [one.name for one in tmp_path.iterdir()] == ["new.csv"]


def test_predictions_beside_annotated_tasks_are_left_out(tmp_path):
    result = {"from_name": "label", "to_name": "text", "type": "choices"}
    held = [{"result": [result | {"value": {"choices": ["pos"]}}]}]
    keys = ("annotations", "annotations", "predictions")
    rows = [{"data": {"text": f"good film {n}"}, keys[n % 3]: held} for n in range(30)]
    (tmp_path / "mixed.json").write_text(json.dumps(rows))
    found = sources.read(tmp_path / "mixed.json")
    assert len(list(found.rows())) == 20
    said = " ".join(one.message for one in found.findings)
    assert "10 rows are left out, since each has predictions of a model, and no annotation" in said
