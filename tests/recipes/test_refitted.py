"""A fine-tuned encoder's head is fitted anew on what it reads of the texts."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.recipes.selection import folded_tuning, out_of_fold, refitted, selecting
from textune.tasks import registry
from thinning import spare

pytestmark = pytest.mark.usefixtures("auto_recipe")


@pytest.fixture
def tuned(few, tiny_base, tmp_path, monkeypatch):
    """Return a function that fine-tunes, whatever cross-validation says."""
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)

    def run(source=few, **options):
        base = {"base": tiny_base, "epochs": 2, "device": "cpu", "precision": "fp32"}
        return textune.train(source, out=tmp_path / "run", **{**base, **options})

    return run


def read_by_the_head(folder, texts):
    """Compute what the last layer of a saved model reads of texts, by plain transformers."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    model.classifier.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    with torch.no_grad():
        for text in texts:
            model(**tokenizer(text, return_tensors="pt"))
    return torch.cat(found).numpy(), model.classifier


def texts_of(path):
    rows = [line.rpartition(",") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [row[0].strip('"') for row in rows], [row[2] for row in rows]


def likeness(folder, few):
    """Compare the last layer with logistic regression on what it reads; 1 is the same."""
    texts, labels = texts_of(few)
    features, layer = read_by_the_head(folder, texts)
    features = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    features /= np.linalg.norm(features, axis=1).mean()
    wanted = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(features, labels).coef_[0]
    weight = layer.weight.detach().numpy()
    found = weight[1] - weight[0]
    return found @ wanted / np.linalg.norm(found) / np.linalg.norm(wanted)


@pytest.mark.exhaustive
def test_the_head_that_is_saved_is_logistic_regression_of_the_tuned_features(
    few, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.setattr(selecting.preferring, "is_better", lambda *_: True)
    kept, write = [], out_of_fold.write
    monkeypatch.setattr(out_of_fold, "write", lambda *words: kept.append(words) or write(*words))
    run = tmp_path / "run"
    asked = ["train", few, "--base", tiny_base, "--out", run, "--device", "cpu", "--epochs", 1]
    asked += ["--set", "train.precision=fp32"]
    done = CliRunner().invoke(cli.app, list(map(str, asked)))
    assert done.exit_code == 0, done.output
    assert likeness(run / "model", few) > 0.999
    said = " ".join(done.output.split())
    assert "folds'; then the head is fitted anew on what it reads of them" in said

    # how it was fitted is kept with what was found
    [(folder, found, key)] = kept
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, found, key)
    again = out_of_fold.read(folder, key)
    assert again.best.refit == found.best.refit
    assert again.best.refit.scale > 0
    assert again.candidates[0].refit is None


@pytest.mark.exhaustive
def test_without_it_the_head_is_the_one_that_was_fine_tuned(tuned, few):
    run = tuned(settings="train.refit=false")
    assert likeness(run.path / "model", few) < 0.99


def test_logits_are_made_as_sure_as_they_are_right():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4_000, 3)).astype(np.float32) * 2
    chances = np.exp(log_softmax(logits, axis=1))
    truth = np.asarray([rng.choice(3, p=one / one.sum()) for one in chances.astype(np.float64)])
    task = registry.make("single", ("a", "b", "c"))
    assert refitted.scale_of(task, 5 * logits, truth) == pytest.approx(0.2, rel=0.1)
    assert refitted.scale_of(task, logits, truth) == pytest.approx(1.0, rel=0.1)
    logits[:10] = np.nan
    assert refitted.scale_of(task, 5 * logits, truth) == pytest.approx(0.2, rel=0.1)
    assert refitted.scale_of(task, logits[:10], truth[:10]) == 1.0


@pytest.mark.parametrize("reads_names", [spare(False), True])
def test_the_names_of_labels_are_learned_from(tuned, few, monkeypatch, reads_names):
    made = refitted.Refit
    monkeypatch.setattr(folded_tuning, "Refit", lambda _, scale: made(reads_names, scale))
    file = few.with_name("named.csv")
    swapped = few.read_text(encoding="utf-8").replace(",pos", ",x").replace(",neg", ",good")
    file.write_text(swapped.replace(",x", ",bad"), encoding="utf-8")  # against their meaning
    run = tuned(source=file)
    said = [each.labels[0] for each in textune.Predictor.load(run.path)(["good", "bad"])]
    assert (said == ["good", "bad"]) is reads_names
