"""The page of a model, as Hugging Face's hub reads it."""

import json

import pytest
from huggingface_hub import ModelCard

from made_runs import make_run
from textune.decisions.rule import Decision
from textune.recipes import redeciding
from textune.runs import model_card, runs

NUMBERS = {
    "valid": {"n": 60, "mcc": 0.5, "accuracy": 0.75, "roc_auc": None},
    "test": {
        "n": 40,
        "mcc": 0.4321,
        "accuracy": 0.7,
        "macro_f1": 0.66,
        "intervals": {"mcc": [0.3, 0.5]},
    },
}
SOURCES = {"source": "data/a: b.csv", "test": "data/test.csv"}


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_base):
    folder = tmp_path_factory.mktemp("card") / "run"
    return make_run(folder, tiny_base, "single", ["bad: #1", "good"]) / "model"


def dressed(model, page="# A model\n\nText.\n", **changes):
    values = {"base": "owner/encoder", "numbers": NUMBERS, "sources": SOURCES} | changes
    return model_card.dressed(page, model, **values)


def test_the_hub_reads_what_was_measured_on_what(model):
    card = ModelCard(dressed(model))
    data = card.data
    assert (data.library_name, data.license, data.pipeline_tag) == (
        "transformers", "unknown", "text-classification",
    )  # fmt: skip
    assert data.base_model == "owner/encoder"
    assert data.tags == ["textune", "single"]
    found = {
        (one.dataset_name, one.dataset_split, one.metric_type): one for one in data.eval_results
    }
    assert found["test.csv", "test", "matthews_correlation"].metric_value == 0.4321
    assert found["a: b.csv", "validation", "accuracy"].metric_value == 0.75
    assert not [one for one in found if "roc_auc" in one]
    assert {one.task_type for one in found.values()} == {"text-classification"}
    assert "| MCC | 0.432 (0.300–0.500) | 0.500 |" in card.text
    assert card.text.strip().startswith("# A model")


def test_new_numbers_take_the_place_of_the_old(model):
    once = dressed(model)
    again = dressed(model, once, numbers={"valid": {"n": 60, "mcc": 0.25}})
    assert again.count("## Scores") == again.count("model-index") == 1
    assert "0.4321" not in again
    assert dressed(model, again) == once


def test_a_model_that_nobody_judged_has_a_head_without_numbers(model):
    data = ModelCard(dressed(model, numbers=None, base=None)).data
    assert data.eval_results is None
    assert data.get("base_model") is None


def test_a_folder_is_no_name_of_the_hub_and_its_card_tells_the_language(model, tmp_path):
    (tmp_path / "README.md").write_text("---\nlanguage: de\nlicense: mit\n---\nGerman.\n")
    data = ModelCard(dressed(model, base=str(tmp_path))).data
    assert (data.language, data.license, data.get("base_model")) == (["de"], "unknown", None)


def test_deciding_anew_changes_the_numbers_of_the_page(model):
    run = model.parent
    (run / "config.toml").write_text('base = "owner/encoder"\n[run]\nsource = "a.csv"\n')
    (model / "README.md").write_text(dressed(model), encoding="utf-8")
    card = runs.read_card(model)
    redeciding._write_rule(model, card, {"valid": {"n": 9, "accuracy": 0.125}})
    text = (model / "README.md").read_text(encoding="utf-8")
    (one,) = ModelCard(text).data.eval_results
    assert (one.metric_value, one.dataset_name) == (0.125, "a.csv")
    assert isinstance(card.decision, Decision)
    assert json.loads((model / "decision.json").read_text())["task"] == "single"
