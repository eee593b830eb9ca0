"""The saved model of a task of numbers answers in the user's units, with plain transformers."""

import json
import random

import numpy as np
import pytest
import torch
import transformers

import textune
from conftest import WORDS
from families import PACKABLE, PADDED, tiny_config
from textune.encoder import folding, light
from textune.encoder.units import KEY, Units

UNITS = Units((8873.0, -0.25, 1e6), (900.0, 1e-3, 1e6))


@pytest.fixture
def prices(tmp_path):
    """Return a file of 80 texts with a large and a small number each."""
    draw = random.Random(0)
    rows = ["text,score,share"]
    for _ in range(80):
        words = draw.choices(WORDS, k=6)
        good = sum(word in WORDS[:5] for word in words)
        rows.append(f"{' '.join(words)},{8000 + 300 * good + draw.random()},{good / 1e4}")
    file = tmp_path / "prices.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def plain(folder, texts):
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return np.concatenate(
            [model(**tokenizer(text, return_tensors="pt")).logits.numpy() for text in texts]
        )


@pytest.mark.parametrize("labels", [["score"], ["score", "share"]], ids=["one", "two"])
@pytest.mark.parametrize("pool", ["mean", "learned"])
@pytest.mark.covering(1)
def test_plain_transformers_answers_what_textune_answers(
    prices, tiny_base, tmp_path, monkeypatch, labels, pool
):
    options = {
        "label": labels,
        "pool": pool,
        "long": "window",
        "settings": ["train.precision=fp32"],
    }
    textune.train(
        prices, base=tiny_base, out=tmp_path / "run", epochs=2, task="number", lr=2e-3, **options
    )
    folder = tmp_path / "run" / "model"
    texts = ["the good film", "a dull cold awful day", "warm"]
    for kind in ("by kernels", "by transformers"):
        if kind == "by transformers":
            monkeypatch.setattr(light, "load", lambda *_, **__: None)
        found = textune.Predictor.load(tmp_path / "run").predict(texts)
        ours = np.array([list(item.numbers.values()) for item in found])
        assert plain(folder, texts) == pytest.approx(ours, rel=1e-5)
    assert ours[:, 0] == pytest.approx(8500, abs=1500)
    assert "in the units of the training file" in (folder / "README.md").read_text()


def test_a_run_of_the_version_before_answers_as_it_did(prices, tiny_base, tmp_path, monkeypatch):
    """It was saved standardised, with means and deviations in decision.json alone."""
    runs = []
    for name in ("new", "old"):
        if name == "old":
            monkeypatch.setattr(Units, "is_fine", property(lambda _: False))
        out = tmp_path / name
        textune.train(
            prices, base=tiny_base, out=out, epochs=1, task="number", label="score", seed=1
        )
        runs.append(textune.Predictor.load(out).predict(["the good film"])[0].numbers["score"])
        assert (KEY in json.loads((out / "model" / "config.json").read_text())) == (name == "new")
    assert runs[0] == pytest.approx(runs[1], rel=1e-6)
    assert "standardised: times [" in (tmp_path / "old" / "model" / "README.md").read_text()
    assert abs(plain(tmp_path / "old" / "model", ["the good film"])).max() < 10


@pytest.mark.parametrize("kind", [*PACKABLE, *PADDED])
def test_every_familys_head_is_folded_and_unfolded(kind):
    torch.manual_seed(0)
    auto = transformers.AutoModelForSequenceClassification
    model = auto.from_config(tiny_config(kind, problem_type="regression")).eval()
    ids = torch.randint(5, 120, (2, 7))

    def answers():
        with torch.no_grad():
            return model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits

    before = answers().double()
    centers, scales = UNITS.tensors()
    with folding.folded(model, UNITS) as is_folded:
        assert is_folded
        torch.testing.assert_close(
            answers().double(), before * scales + centers, rtol=1e-5, atol=1e-5
        )
        state = {name: value.clone() for name, value in model.state_dict().items()}
    assert answers().double().equal(before)
    assert KEY not in vars(model.config)
    model.load_state_dict(state)
    setattr(model.config, KEY, {"centers": UNITS.centers, "scales": UNITS.scales})
    folding.unfold(model)
    torch.testing.assert_close(answers().double(), before, rtol=1e-3, atol=1e-3)


def test_where_fp32_would_be_too_coarse_the_head_stays_standardised():
    assert not Units((1.7e9,), (1000.0,)).is_fine
    assert Units((2000.0,), (3.0,)).is_fine
