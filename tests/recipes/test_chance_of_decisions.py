"""Where decisions are at chance and probabilities are not, another rule is the way out."""

import json
import shutil
from pathlib import Path

import pytest

import textune
from textune.recipes import at_chance

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
WAY = "textune decide RUN --aim f1"


def numbers(mcc, span, area, **more):
    found = {"n": 278, "mcc": mcc, "intervals": {"mcc": list(span)}} | more
    if area is not None:
        found |= {"roc_auc": sum(area) / 2}
        found["intervals"]["roc_auc"] = list(area)
    return {
        "valid": found,
        "best": {"metric": "mcc", "value": mcc},
        "baselines": {"part": "valid", "majority": {"mcc": 0.0}},
    }


@pytest.mark.parametrize("mcc", [0.0, 0.2])
def test_texts_that_are_ranked_are_sent_to_another_rule(mcc):
    said = at_chance.remark(numbers(mcc, (-0.1, 0.6), (0.7, 0.95)))
    assert said.text.startswith("the decisions ")
    assert "ROC-AUC 0.825 (95 % interval 0.700 … 0.950)" in said.text
    assert WAY in said.text
    assert "another --base" not in said.text
    assert "would tell" not in said.text


@pytest.mark.parametrize(
    ("area", "more"),
    [
        (None, {}),
        ((0.45, 0.7), {}),  # ranked by chance, it may be
        ((0.7, 0.95), {"rule": {"kind": "threshold", "aim": "f1"}}),  # that rule was fitted
    ],
)
def test_others_are_told_of_the_model_as_before(area, more):
    for mcc in (0.0, 0.2):
        said = at_chance.remark(numbers(mcc, (-0.1, 0.6), area, **more))
        assert said.text.startswith("the model ")
        assert WAY not in said.text


def test_what_is_decided_anew_is_not_called_what_it_was(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(RUNS / "single", run)
    file = run / "metrics.json"
    found = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(found | {"at_chance": "the model is no better than chance: MCC 0"}))
    now = dict(textune.decide(run, aim="f1").metrics)
    wanted = at_chance.remark(now)
    assert now.get("at_chance") == (wanted and wanted.text)
    assert json.loads(file.read_text("utf-8")).get("at_chance") == now.get("at_chance")
    page = (run / "report.html").read_text("utf-8")
    assert "no better than chance: MCC 0;" not in page
    assert "the model is no better than chance: MCC 0" not in page
