"""The bench of servers: its texts, its clients against real servers, and what it sums up."""

import json

import pytest

from bench import commands, serve, serve_texts
from bench.serve_clients import Seen, told
from made_runs import make_run


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["0", "1"])


def measured(server, turn, speed):
    many = {"texts_per_second": speed, "p50_ms": 9.0, "p99_ms": 20.0, "processor_ms": 3.0}
    alone = {"p50_ms": 7.0}
    return {"server": server, "turn": turn, "many": many, "alone": alone, "peak_mb": 400.0}


def test_texts_have_as_many_tokens_as_are_asked_for(shared, run):
    from textune.text import tokenizers

    found = serve_texts.made(shared, run, tokens=40, count=20)
    counts = tokenizers.load(str(run / "model")).count(found)
    assert len(found) == 20
    assert all(38 <= count <= 40 for count in counts)


@pytest.mark.exhaustive
def test_clients_ask_a_real_server(run, forked, tmp_path):
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps(["good film", "a dull book"]), encoding="utf-8")
    with serve.server("textune", run, 1, tmp_path) as running:
        usual = {"clients": 4, "seconds": 0.4, "warm": 0.2}
        found = serve.asked(running, texts, tmp_path, usual)
        assert found["codes"].keys() == {"200"}
        assert (found["wrong"], found["texts_per_second"] > 0) == (0, True)
        assert found["p50_ms"] <= found["p99_ms"]
        at_rate = usual | {"clients": 50, "rate": 40.0, "allowed": ["200", "429"]}
        found = serve.asked(running, texts, tmp_path, at_rate)
        assert 8 <= found["answers"] <= 40
        assert running.peak_mb() >= running.memory_mb() * 0.9 > 50


def test_speeds_are_compared_turn_by_turn(capsys):
    found = [
        measured(name, turn, speed)
        for turn in (1, 2)
        for name, speed in (
            ("textune", 300.0),
            ("onnx", 350.0),
            ("threads", 100.0),
            ("async", 60.0),
        )
    ]
    report = serve.summarise(found)
    assert report["ratios"]["textune"][serve.BEST] == {"median": 3, "turns": [3, 3]}
    assert report["ratios"]["onnx"].keys() == {"threads", "async", serve.BEST}
    settings = {"clients": 32, "tokens": 40, "overload": 60}
    flood = {"codes": {"200": 900, "429": 800}, "capacity": 300.0, "rate": 600.0, "wrong": 0}
    flood |= {"growth_mb": 0.5, "p50_ms": 1700.0, "p99_ms": 2000.0}
    serve.show(report | {"settings": settings, "overload": flood}, commands.console())
    shown = capsys.readouterr().out
    assert "textune serve (fp32) against best plain server: 3.00 times the texts a second" in shown
    assert "ONNX export (fp32) against best plain server: 3.50 times" in shown
    said = " ".join(shown.split())
    assert "600 texts/s asked for 60 s, and 300 can be answered: 900 × 200, 800 × 429" in said
    assert "half within 1.7 s, 99 % within 2.0 s; 0 answers wrong; memory grew by 0.5 MB" in said


def test_an_answer_that_differs_from_the_first_is_counted():
    seen = Seen(begins=0.0)
    seen.add(1, "200", b"a", 1.0, 2.0)
    seen.add(1, "200", b"b", 2.0, 3.0)
    seen.add(1, "429", b"full", 3.0, 3.5)
    found = told(seen, {"clients": 1})
    assert (found["wrong"], found["codes"]) == (1, {"200": 2, "429": 1})
