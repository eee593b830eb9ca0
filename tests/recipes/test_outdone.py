import json

import pytest

import textune
from textune.recipes import at_chance, outdone


def numbers(value, span, rules, metric="mcc"):
    valid = {"n": 300, metric: value, "intervals": {metric: span}}
    best = {"metric": metric, "part": "valid"}
    return {"best": best, "valid": valid, "baselines": {"part": "valid", **rules}}


@pytest.mark.parametrize(
    ("value", "span", "metric", "rule", "is_said"),
    [
        (0.5, (0.4, 0.6), "mcc", 0.7, True),
        (0.5, (0.4, 0.6), "mcc", 0.59, False),  # chance may make that
        (0.5, (0.4, 0.6), "mcc", 0.3, False),
        (1.0, (0.9, 1.1), "rmse", 0.5, True),
        (1.0, (0.9, 1.1), "rmse", 1.5, False),
        (0.5, None, "mcc", 0.7, False),
        (None, (0.4, 0.6), "mcc", 0.7, False),
    ],
)
def test_single_words_that_tell_more_are_said_beyond_the_interval(
    value, span, metric, rule, is_said
):
    found = numbers(value, span, {"tfidf": {metric: rule}, "majority": {metric: 0.0}}, metric)
    said = outdone.remark(found, "held-out")
    assert (said is not None) == is_said
    if said is not None:
        assert said.is_warning
        assert said.text.startswith("TF-IDF + logistic regression answers better than the model: ")
        assert "another --base" in said.text
        assert "on 300 held-out texts" in said.text


def test_the_best_of_the_rules_is_named_and_a_head_on_the_same_encoder_is_none():
    rules = {"tfidf": {"mcc": 0.7}, "centroid": {"mcc": 0.8}, "probe": {"mcc": 0.9}}
    said = outdone.remark(numbers(0.5, (0.4, 0.6), rules), "test")
    assert said.text.startswith("TF-IDF, the nearest class answers better")
    assert outdone.remark(numbers(0.5, (0.4, 0.6), {"probe": {"mcc": 0.9}}), "test") is None


def test_other_decisions_take_the_remark_away():
    found = numbers(0.5, (0.4, 0.6), {"tfidf": {"mcc": 0.7}, "majority": {"mcc": 0.0}})
    assert at_chance.renewed(found, effort="normal").text == found["outdone"]
    found["valid"] |= {"mcc": 0.7, "intervals": {"mcc": (0.6, 0.8)}}
    assert at_chance.renewed(found, effort="normal") is None
    assert "outdone" not in found


def test_a_run_whose_base_does_not_know_half_of_the_words_says_so(tiny_base, tmp_path):
    words = {
        "warm": ("good", "lovely", "zinnober", "purpur"),
        "cold": ("bad", "dull", "azur", "cyan"),
    }
    for name, count in (("train", 120), ("valid", 160)):
        rows = [
            {"text": f"the film was {found[at % 4]} {name} {at}", "label": label}
            for at in range(count)
            for label, found in words.items()
        ]
        lines = "\n".join(map(json.dumps, rows))
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    files = {"source": tmp_path / "train.jsonl", "valid": tmp_path / "valid.jsonl"}
    run = textune.train(**files, base=str(tiny_base), epochs=4, lr=3e-3, out=tmp_path / "run")
    said = run.metrics["outdone"]
    assert said.startswith("TF-IDF + logistic regression answers better")
    assert said in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
