"""Training texts are judged beside those that validate, where that is asked for."""

import json

import pytest

import textune
from made_texts import drawn, own_cache
from textune.errors import SettingsError

OPTIONS = {"epochs": 2, "batch_size": 16, "lr": 2e-3, "seed": 5, "device": "cpu"}


def write_comments(folder, name, number):
    file = folder / f"{name}.csv"
    lines = [
        f"{word} {word if n % 3 else other} film,{int(n % 2)},{int(n % 3 == 0)},{int(n % 5 == 0)}"
        for n in range(number)
        for word, other in [(("good", "cold") if n % 2 else ("bad", "day"))]
    ]
    file.write_text("\n".join(["comment,good,odd,rare", *lines]) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def runs(tiny_base, tmp_path_factory, _kernels):
    """Train with and without judging 20 of the training texts."""
    with own_cache(tmp_path_factory.mktemp("judged"), _kernels) as folder:
        train, valid = (write_comments(folder, name, n) for name, n in (("a", 60), ("b", 31)))
        given = {"valid": valid, "base": tiny_base, **OPTIONS}
        asked = "train.judge_training=20"
        judged = drawn(textune.train, train, folder / "judged", settings=asked, **given)
        plain = textune.train(train, out=folder / "plain", **given)
        return judged, plain


def checks(run):
    lines = map(json.loads, (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["kind"] == "validation"]


def test_they_change_nothing_of_what_is_learned(runs):
    judged, plain = runs
    rows = json.loads((judged.path / "splits.json").read_text(encoding="utf-8"))
    assert (len(rows["train"]), len(rows["valid"])) == (60, 31)
    weights = [(run.path / "model" / "model.safetensors").read_bytes() for run in runs]
    assert weights[0] == weights[1]
    assert judged.metrics == plain.metrics
    kept = [{k: v for k, v in line.items() if k != "seconds"} for line in checks(plain)]
    for line, before in zip(checks(judged), kept, strict=True):
        assert before.items() <= line.items()


def test_the_log_and_the_report_have_their_roc_auc_by_label(runs):
    judged, plain = runs
    for line in checks(judged):
        assert set(line["train_metrics"]) == set(line["metrics"])
        assert set(line["train_roc_auc"]) == {"good", "odd", "rare"}
    assert not any("train_roc_auc" in line for line in checks(plain))
    page = (judged.path / "report.html").read_text(encoding="utf-8")
    assert "Training ROC-AUC of each label" in page
    assert "of training texts" in page


def test_a_finished_run_may_be_gone_on_with_without_it(runs, tiny_base):
    judged, _ = runs
    train, valid = (judged.path.parent / f"{name}.csv" for name in "ab")
    again = textune.train(
        *(train,), valid=valid, base=tiny_base, out=judged.path, resume=True, **OPTIONS
    )
    assert again.metrics == judged.metrics


def test_few_rows_are_parted_for_it_and_none_held_out_is_refused(tiny_base, tmp_path, monkeypatch):
    monkeypatch.delenv("TEXTUNE_RECIPE")
    file = write_comments(tmp_path, "few", 60)
    given = {"base": tiny_base, **OPTIONS, "settings": "train.judge_training=true"}
    run = textune.train(file, out=tmp_path / "run", **given)
    assert all(line["train_metrics"] for line in checks(run))
    with pytest.raises(SettingsError, match=r"train\.judge_training: needs texts that validate"):
        textune.train(file, out=tmp_path / "none", valid="none", **given)
    with pytest.raises(SettingsError, match="judge_training can be set for labelled text only"):
        textune.adapt(file, out=tmp_path / "adapted", settings="train.judge_training=true")
