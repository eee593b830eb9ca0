"""What a server does not answer: with which status, and which words."""

import json
import os
import signal
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_servers import RUNS, free_port, serving
from typer.testing import CliRunner

from textune.doors import cli
from thinning import examples

TOKEN = "a-token-of-sixteen"
LIMITS = ("--max-texts", 4, "--max-body", 3_000, "--max-tokens", 60, "--max-file", 4_000)
EXPECTED = {200, 404, 405, 413, 415, 422}


@pytest.fixture(scope="module")
def asker(server):
    names = ("multi", "pairs", "tags", "answers", "single")
    with serving(server, *(RUNS / name for name in names), *LIMITS) as (found, ended):
        yield found
    assert ended[0].code == 0
    assert ended[0].errors == ""


@pytest.fixture(scope="module")
def closed(server, tmp_path_factory):
    """Return a server that asks for a token."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    with serving(server, RUNS / "single", "--token-file", file) as (found, _):
        yield found


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body, line 1, column 1: is not JSON"),
        (b'{"texts": ["a"', "the body, line 1, column 15: is not JSON"),
        (b'{"texts": ["\xff"]}', "byte 13 of the body: is not UTF-8"),
        (b"[" * 2_900, "the body: is not read"),
        (b'{"texts": ["a"], "threshold": NaN}', "NaN is no number of JSON"),
        (b'{"threshold": ' + b"9" * 2_900 + b', "texts": []}', "threshold"),
        ([], "the body: is a list without anything; expected an object"),
        ({}, "the body: has neither texts nor inputs, only nothing"),
        ({"text": "a"}, "the body: has neither texts nor inputs, only ['text']"),
        ({"texts": "a"}, 'texts: is a string; expected a list of "a text"'),
        ({"texts": [1]}, "texts[0]: this model was trained on single texts, found 1"),
        ({"texts": ["a", None]}, "texts[1]: this model was trained on single texts, found None"),
        ({"texts": ["\ud800"]}, "texts[0]: holds bytes that are not UTF-8"),
        ({"texts": [{"txt": "a"}]}, "texts[0]: an object with ['txt'], where ['text'] is allowed"),
        ({"texts": ["a"], "model": "mutli"}, "model: 'mutli'; did you mean 'multi'?"),
        ({"texts": ["a"], "model": 3}, "model: is 3; expected the name of a model"),
        ({"texts": ["a"], "modle": "multi"}, "modle: is nothing that this server knows; did you"),
        ({"texts": ["a"], "threshold": 1.5}, "threshold 1.5: a probability lies between 0 and 1"),
        ({"texts": ["a"], "threshold": "x"}, "threshold: is 'x'; expected a probability"),
        ({"texts": ["a"], "model": "tags", "threshold": 0.5}, "trained for 'tags', which has none"),
        ({"texts": ["a"], "explain": 1}, "explain: is 1; expected true or false"),
        ({"texts": ["a"], "for": "nobody"}, "nobody"),
        ({"texts": ["a"], "model": "pairs"}, "texts[0]: this model was trained on pairs of texts"),
        ({"texts": [["a", ""]], "model": "tags"}, "a list is of words, each of them not empty"),
        ({"inputs": []}, "inputs: is a list without anything; expected one, or a list of"),
        ({"inputs": "a", "raw_scores": True}, "raw_scores: is true; this server tells"),
        ({"inputs": "a", "truncate": 1}, "truncate: is 1; expected true or false"),
    ],
)
def test_what_is_malformed_is_named_with_its_place(asker, body, words):
    found = asker.post("/predict", body)
    assert found.code == 422
    assert words in found.json["error"]
    assert found.json["error_type"] == "Validation"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"top_k": 0}, "parameters.top_k: is 0; allowed: 1, 2, 3"),
        ({"function_to_apply": "softmax"}, "parameters.function_to_apply: is 'softmax'"),
        ({"aggregation_strategy": "none"}, "parameters.aggregation_strategy: is nothing that"),
        (7, "parameters: is 7; expected an object"),
    ],
)
def test_a_parameter_that_would_change_nothing_is_refused(asker, parameters, words):
    found = asker.post("/", {"inputs": "a", "parameters": parameters})
    assert found.code == 422
    assert words in found.json["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"texts": ["a"] * 5}, "texts, texts: 5; allowed: 4 at most (--max-texts)"),
        ({"texts": ["spoon day " * 40]}, "tokens: 87; allowed: 60 at most (--max-tokens)"),
        ({"texts": ["x" * 3_000]}, "the body, bytes: 3,013; allowed: 3,000 at most (--max-body)"),
    ],
)
def test_what_is_too_large_is_refused_with_the_limit(asker, body, words):
    found = asker.post("/predict", body)
    assert found.code == 413
    assert words.split(";")[1] in found.json["error"]
    assert words.split(":")[0] in found.json["error"]


def test_a_body_whose_length_nobody_said_is_cut_off(asker):
    def parts():
        for _ in range(40):
            yield b'{"texts": [' + b" " * 100

    found = asker.ask("POST", "/predict", parts(), content_type="application/json")
    assert found.code == 413
    assert asker.label(b"note\n" + b"a\n" * 3_000).code == 413


def test_another_type_or_place_is_refused(asker):
    plain = asker.post("/predict", {"texts": ["a"]}, content_type="text/plain")
    assert (plain.code, "found text/plain; expected application/json" in plain.text) == (415, True)
    assert asker.get("/predict").code == 405
    nowhere = asker.get("/nowhere")
    assert nowhere.code == 404
    assert "there is POST /predict" in nowhere.json["error"]


def test_only_the_token_opens_what_is_closed(closed):
    body = {"texts": ["rain"]}
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}):
        found = closed.post("/predict", body, **headers)
        assert (found.code, found.headers["www-authenticate"]) == (401, "Bearer")
    for path in ("/models", "/metrics", "/openapi.json"):
        assert closed.get(path).code == 401
    for path in ("/", "/page.js", "/page.css", "/health", "/health/live", "/health/ready"):
        assert closed.get(path).code == 200
    right = {"authorization": f"Bearer {TOKEN}"}
    assert closed.post("/predict", body, **right).code == 200
    assert closed.get("/openapi.json", **right).json["security"] == [{"token": []}]


def test_a_full_queue_is_told_and_taken_requests_are_answered(server):
    with serving(server, RUNS / "multi", "--max-queue", 8) as (asker, _):
        answers = []

        def ask():
            for _ in range(3):
                answers.append(asker.post("/predict", {"texts": ["a warm day"] * 8}))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        codes = [one.code for one in answers]
        assert set(codes) == {200, 429}
        refused = answers[codes.index(429)]
        assert int(refused.headers["retry-after"]) >= 1
        assert "this server lets 8 wait (--max-queue)" in refused.json["error"]
        assert len({one.content for one in answers if one.code == 200}) == 1


def test_a_signal_ends_a_server_when_all_that_it_took_is_answered(server):
    answers, refused = [], []
    with serving(server, RUNS / "multi") as (asker, ended):

        def ask():
            while True:
                try:
                    answers.append(asker.post("/predict", {"texts": ["a warm day"] * 64}))
                except ConnectionRefusedError:  # it takes nothing more
                    return
                except OSError as error:  # it was among those not yet accepted
                    refused.append(error)
                    return

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for one in threads:
            one.start()
        while len(answers) < 8:
            time.sleep(0.01)
        os.kill(asker.pid, signal.SIGTERM)
        for one in threads:
            one.join()
    assert ended[0].code == 0
    assert {one.code for one in answers} <= {200, 503}
    assert [one.code for one in answers].count(200) >= 8
    assert all(len(one.json["predictions"]) == 64 for one in answers if one.code == 200)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KNOWN = ("texts", "inputs", "model", "threshold", "explain", "for", "parameters", "raw_scores")
TEXT = st.text(max_size=30) | st.lists(st.text(max_size=9), max_size=3) | JSON
BODIES = (
    st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {"texts": st.lists(TEXT, max_size=5)},
        optional={
            "model": st.sampled_from(["multi", "pairs", "tags", "answers", "single"]) | JSON,
            **dict.fromkeys(("threshold", "explain", "for"), JSON),
        },
    ).map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(KNOWN), TEXT).map(lambda value: json.dumps(value).encode())
)


@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(path=st.sampled_from(["/predict", "/", "/label?name=a.jsonl"]), body=BODIES)
def test_whatever_is_asked_is_answered_or_refused(asker, path, body):
    found = asker.post(path, body)
    assert found.code in EXPECTED
    assert found.code == 200 or found.json["error"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "70000"], "--port 70000: expected 0 to 65535"),
        (["--host", "no.such.host.invalid"], "--host no.such.host.invalid: no address"),
        (["--max-queue", "0"], "--max-queue 0: expected a number above 0"),
        (["--timeout", "soon"], "--timeout soon: expected a time"),
        (["--token-file", "none"], "--token-file none: cannot be read: No such file"),
        ([str(RUNS / "single")], "two models would be called 'single'; name them: NAME="),
    ],
)
def test_options_that_cannot_be_are_refused(words, message, monkeypatch):
    monkeypatch.delenv("TEXTUNE_TOKEN", raising=False)
    done = CliRunner().invoke(cli.app, ["serve", str(RUNS / "single"), *words])
    assert done.exit_code == 1
    assert message in str(done.exception)


def test_a_short_token_or_a_taken_port_is_refused(asker, tmp_path, monkeypatch):
    words = ["serve", str(RUNS / "single"), "--port", str(asker.port)]
    os.mkfifo(tmp_path / "pipe")
    done = CliRunner().invoke(cli.app, [*words, "--token-file", str(tmp_path / "pipe")])
    assert "pipe: holds no token; expected 8 or more" in str(done.exception)
    monkeypatch.setenv("TEXTUNE_TOKEN", "short")
    done = CliRunner().invoke(cli.app, words)
    assert "TEXTUNE_TOKEN: holds no token; expected 8 or more" in str(done.exception)
    monkeypatch.delenv("TEXTUNE_TOKEN")
    done = CliRunner().invoke(cli.app, words)
    assert f"--port {asker.port}: another program uses it" in str(done.exception)
    assert free_port() != asker.port
