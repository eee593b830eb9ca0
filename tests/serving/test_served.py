"""What a server says over HTTP is what `predict` says, in every form that clients know."""

import json
import threading

import pytest
import torch
from huggingface_hub import InferenceClient, constants
from made_servers import NAMES, RUNS, TEXTS, serving
from typer.testing import CliRunner

from textune.doors import cli
from textune.fast import exact, products
from textune.predicting import telling
from textune.predicting.predictor import Predictor

MARK = "thisisasecret"  # a word of a text, which no log may hold


@pytest.fixture(scope="module")
def asker(server):
    with serving(server, *(RUNS / name for name in NAMES), "--log-requests") as (found, ended):
        assert found.post("/predict", {"texts": [MARK]}).code == 200
        yield found
    assert ended[0].code == 0
    assert MARK not in ended[0].output + ended[0].errors
    assert "POST /predict 200" in ended[0].errors
    assert ended[0].output.split() == [found.url, "serves", *", ".join(NAMES).split()]


@pytest.fixture(scope="module")
def said():
    """Return what `predict` says of the texts of every task, as bytes of JSON."""
    found = {}
    for name in NAMES:
        predictions = Predictor.load(RUNS / name, precision="fp32").predict(TEXTS[name])
        told = [telling.to_json(one, predictions_of(name)) for one in predictions]
        found[name] = [json.dumps(one, ensure_ascii=False) for one in told]
    return found


def predictions_of(name):
    return "single" if name == "pairs" else name


@pytest.mark.parametrize("name", NAMES)
def test_every_task_is_answered_as_predict_does_byte_for_byte(asker, said, name):
    found = asker.post("/predict", {"model": name, "texts": TEXTS[name]})
    assert found.code == 200
    assert found.text == f'{{"model": "{name}", "predictions": [{", ".join(said[name])}]}}'


def test_the_command_line_prints_the_same_bytes(asker, tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("note\na warm day\nspoon\n", encoding="utf-8")
    words = ["predict", str(RUNS / "multi"), "--input", str(file), "--json", "--precision", "fp32"]
    lines = CliRunner().invoke(cli.app, words).stdout.splitlines()
    assert len(lines) == 2
    found = asker.post("/predict", {"texts": ["a warm day", "spoon"]})
    assert found.text == f'{{"model": "multi", "predictions": [{", ".join(lines)}]}}'


def test_company_changes_no_byte(asker, said):
    if not (exact.is_strict() or products.takes(torch.float32)):
        pytest.skip("products of this processor depend on how many rows are multiplied")
    wrong = []

    def ask(turn):
        for place in range(12):
            name = ("multi", "tags", "multi", "pairs")[(turn + place) % 4]
            at = (turn + place) % len(TEXTS[name])
            found = asker.post("/predict", {"model": name, "texts": [TEXTS[name][at]]})
            if said[name][at] not in found.text:
                wrong.append(found.text)

    threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert batches_of_several(asker) > 0


def batches_of_several(asker):
    """Count the batches that held more than a text, by the server's own numbers."""
    lines = asker.get("/metrics").text.splitlines()
    numbers = dict(line.rsplit(" ", 1) for line in lines if line.startswith("textune_batch_texts"))
    texts, batches = (float(numbers[f"textune_batch_texts_{end}"]) for end in ("sum", "count"))
    return texts - batches


def test_a_threshold_decides_as_that_of_predict(asker):
    answer = asker.post("/predict", {"texts": ["a warm day"], "threshold": 0.7}).json
    assert answer["predictions"][0]["labels"] == ["garden"]
    found = Predictor.load(RUNS / "multi", precision="fp32").predict(["a warm day"], threshold=0.7)
    assert found[0].labels == ("garden",)


def test_words_that_moved_a_decision_are_told_on_request(asker):
    text = "a warm day"
    answer = asker.post("/predict", {"texts": [text], "explain": True}).json["predictions"][0]
    (why,) = Predictor.load(RUNS / "multi", precision="fp32").explain([text])
    assert answer["reasons"] == why.told()["reasons"]
    other = asker.post("/predict", {"texts": [text], "for": "street"}).json["predictions"][0]
    assert [one["label"] for one in other["reasons"]] == ["street"]


def test_pairs_and_questions_may_be_objects(asker):
    for name, keys in (("answers", ("question", "passage")), ("answers", ("question", "context"))):
        (text,) = TEXTS[name]
        as_list = asker.post("/predict", {"model": name, "texts": [text]})
        as_object = asker.post(
            "/predict", {"model": name, "texts": [dict(zip(keys, text, strict=True))]}
        )
        assert as_list.content == as_object.content


def test_text_embeddings_inference_s_clients_are_answered(asker, said):
    ranked = sorted(json.loads(said["multi"][0])["scores"].items(), key=lambda pair: -pair[1])
    expected = [{"label": label, "score": score} for label, score in ranked]
    one = {"inputs": "a warm day", "truncate": True, "raw_scores": False}
    assert asker.post("/predict", one).json == expected
    for inputs in (["a warm day", "spoon"], [["a warm day"], ["spoon"]]):
        found = asker.post("/predict", {"inputs": inputs}).json
        assert found[0] == expected
        assert len(found) == 2
    pair = list(TEXTS["pairs"][0])
    alone = asker.post("/predict", {"inputs": pair, "model": "pairs"}).json
    assert [one["label"] for one in alone] == ["alike", "other"]
    assert asker.post("/predict", {"inputs": [pair], "model": "pairs"}).json == [alone]


@pytest.fixture
def _online(monkeypatch):
    """Let the client of the hub ask this machine, where no test may ask the network."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.mark.usefixtures("_online")
def test_hugging_face_s_client_is_answered(asker, said):
    client = InferenceClient(model=asker.url, token="unused-token")
    scores = json.loads(said["multi"][0])["scores"]
    found = client.text_classification("a warm day", top_k=2)
    assert [(one.label, one.score) for one in found] == sorted(
        scores.items(), key=lambda pair: -pair[1]
    )[:2]


@pytest.mark.usefixtures("_online")
@pytest.mark.parametrize("name", ["tags", "answers"])
def test_hugging_face_s_client_is_answered_of_other_tasks(server, said, name):
    with serving(server, RUNS / name) as (asker, _):
        client = InferenceClient(model=asker.url, token="unused-token")
        told = json.loads(said[name][0])
        if name == "tags":
            found = client.token_classification(TEXTS[name][0], aggregation_strategy="simple")
            assert [(one.entity_group, one.word, one.start, one.end) for one in found] == [
                (one["label"], one["text"], one["start"], one["end"]) for one in told["entities"]
            ]
            assert client.token_classification(TEXTS[name][0], ignore_labels=["LOC", "PER"]) == []
            return
        question, context = TEXTS[name][0]
        answer = client.question_answering(question=question, context=context)
        assert answer.answer == next(iter(told["labels"]), "")
        assert context[answer.start : answer.end] == answer.answer


def test_a_file_comes_back_as_predict_writes_it(asker, tmp_path):
    source = RUNS / "data" / "multi_valid.csv"
    output = tmp_path / "out.csv"
    words = ["predict", str(RUNS / "multi"), "--input", str(source), "--output", str(output)]
    assert CliRunner().invoke(cli.app, [*words, "--precision", "fp32"]).exit_code == 0
    found = asker.label(source.read_bytes(), name="multi valid.csv")
    assert found.content == output.read_bytes()
    assert found.headers["content-disposition"] == (
        'attachment; filename="multi valid.labelled.csv"'
    )


def test_the_text_column_of_a_file_may_be_named(asker):
    found = asker.label(b"id,said,more\n1,a warm day,x\n", text="said")
    assert found.text.startswith("id,said,more,decision,p(garden)")
    assert asker.label(b"id,said\n1,a\n", text="sad").json["error"].startswith("texts.csv")


@pytest.mark.parametrize(
    ("content", "options", "code", "words"),
    [
        (
            b"note\na\n",
            {"name": "a.xlsx"},
            422,
            "name: a.xlsx; allowed endings: .csv, .tsv, .jsonl",
        ),
        (b"note\na\n", {"threshold": "much"}, 422, "threshold: much; expected a probability"),
        (b"note\na\n", {"shape": "1"}, 422, "shape: is no option of /label; allowed: name, model"),
        (b"note\n\x00\n", {}, 422, "texts.csv:2"),
        (b"other,columns\na,b\n", {"name": "../up.csv"}, 422, "up.csv"),
        (b"", {}, 422, "texts.csv"),
    ],
)
def test_a_file_that_cannot_be_labelled_is_refused_with_its_place(
    asker, content, options, code, words
):
    found = asker.label(content, **options)
    assert found.code == code
    assert words in found.json["error"]
    assert "/tmp" not in found.text


def test_numbers_for_prometheus_count_what_was_done(asker):
    asker.post("/predict", {"texts": ["rain"], "model": "single"})
    text = asker.get("/metrics").text
    for words in (
        'textune_requests_total{code="200",route="/predict"}',
        'textune_texts_total{model="single"}',
        'textune_tokens_total{model="single"}',
        "textune_queue_texts 0.0",
        "textune_batch_tokens_bucket",
        "textune_request_seconds_bucket",
    ):
        assert words in text


def test_the_description_names_every_address_and_holds_together(asker):
    found = asker.get("/openapi.json").json
    schemas = found["components"]["schemas"]
    used = {one.split("/")[-1] for one in references(found)}
    assert used <= schemas.keys()
    assert found["openapi"] == "3.1.0"
    for path, methods in found["paths"].items():
        for method in methods:
            answer = asker.ask(method.upper(), path)
            assert answer.code in {200, 415, 422}, (method, path)
    assert {one["name"] for one in asker.get("/models").json["models"]} == set(NAMES)


def references(values):
    if isinstance(values, dict):
        yield from filter(None, [values.get("$ref")])
        values = list(values.values())
    for one in values if isinstance(values, list) else ():
        yield from references(one)


def test_no_text_is_logged(asker):
    for path in ("/predict", "/", f"/predict?{MARK}", f"/{MARK}"):
        asker.post(path, {"texts": [MARK]})
        asker.post(path, {"texts": [[MARK]]})  # and what is wrong with it
    asker.label(f"note\n{MARK}\n".encode())
