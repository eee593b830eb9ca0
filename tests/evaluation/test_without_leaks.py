"""Scores are told without the texts that training saw, too."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import matthews_corrcoef

import textune
from textune.records import Example
from textune.runs import seen_texts

WORDS = ("good", "fine", "great", "nice"), ("bad", "poor", "sad", "dull")
LEARNED = [
    (f"{WORDS[n % 2][n // 2 % 4]} film number{n} by maker{n % 7}", "pn"[n % 2]) for n in range(40)
]
FRESH = [(f"{WORDS[n % 2][n % 4]} play thing{n} of town{n % 5}", "pn"[n % 2]) for n in range(12)]
JUDGED = [LEARNED[0], (LEARNED[3][0].upper() + "!", "n"), *FRESH]


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    for name, rows in (("train", LEARNED), ("judged", JUDGED), ("fresh", FRESH)):
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    files = {"valid": folder / "fresh.jsonl", "test": folder / "judged.jsonl"}
    return textune.train(
        folder / "train.jsonl", **files, base=tiny_base, out=folder / "run", epochs=1
    )


def require_told(told, answers):
    columns = pq.read_table(answers).to_pydict()
    is_new = np.asarray(columns["leak"]) == ""
    truth, given = np.asarray(columns["truth"])[is_new], np.asarray(columns["decision"])[is_new]
    assert (told["n"], told["metric"]) == (12, "mcc")
    assert told["mcc"] == pytest.approx(matthews_corrcoef(truth, given))
    assert told["interval"][0] <= told["mcc"] <= told["interval"][1]
    assert sum(told["leaked"].values()) == 2
    assert told["said"].startswith("2 of 14 texts stand in the training data, too (")
    assert "MCC of the 12 others" in told["said"]


def test_train_tells_the_score_without_texts_that_it_saw(run):
    assert "without_leaks" not in run.metrics["valid"]
    told = run.metrics["test"]["without_leaks"]
    require_told(told, run.path / "predictions" / "test.parquet")
    assert "(1 word for word; 1 equal but for case, white space, punctuation)" in told["said"]
    assert told["leaked"] == {"exact": 1, "normalised": 1, "near": 0}
    page = (run.path / "report.html").read_text("utf-8")
    assert 'id="leaks"' in page
    assert "Texts that training saw" in page


def test_evaluate_knows_the_texts_of_training_again(run):
    found = textune.evaluate(run.path, final=True)
    require_told(found["without_leaks"], run.path / "evaluations" / "judged.parquet")
    assert found["without_leaks"]["leaked"] == {"exact": 0, "normalised": 2, "near": 0}
    assert "without_leaks" not in textune.evaluate(run.path, run.path.parent / "fresh.jsonl")


def test_where_every_text_was_seen_there_is_no_score(run):
    found = textune.evaluate(run.path, run.path.parent / "train.jsonl")["without_leaks"]
    assert (found["n"], found["mcc"], found["interval"]) == (0, None, None)
    assert found["said"].startswith("all 40 texts stand in the training data, too (40 ")
    assert found["said"].endswith("): no score is of texts that training did not see")


def test_evaluate_knows_texts_that_differ_in_a_word_in_ten(run, tiny_base, tmp_path):
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}word" for n in range(400)]
    long = [" ".join(words[(7 * n + 13 * k) % 400] for k in range(20)) for n in range(40)]
    changed = [text.replace(text.split()[5], "other", 1) for text in long[:10]]
    for name, texts in (("train", long), ("judged", [*changed, *(text for text, _ in FRESH)])):
        lines = [json.dumps({"text": t, "label": "pn"[n % 2]}) for n, t in enumerate(texts)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    other = textune.train(
        tmp_path / "train.jsonl",
        valid=tmp_path / "judged.jsonl",
        base=tiny_base,
        out=tmp_path / "run",
        epochs=0,
    )
    assert other.metrics["valid"]["without_leaks"]["leaked"]["near"] >= 9
    found = textune.evaluate(other.path, tmp_path / "judged.jsonl")["without_leaks"]
    assert found["leaked"] == other.metrics["valid"]["without_leaks"]["leaked"]
    (other.path / seen_texts.SKETCHED).write_bytes(b"no array")
    assert "without_leaks" not in textune.evaluate(other.path, tmp_path / "judged.jsonl")


def test_deciding_anew_keeps_what_leaks(run):
    before = run.metrics["test"]["without_leaks"]
    assert textune.decide(run.path, aim="likeliest").metrics["test"]["without_leaks"] == before


def test_the_folder_of_the_model_tells_what_its_run_learned_from(run):
    whole = textune.evaluate(run.path, final=True)
    found = textune.evaluate(run.path / "model", final=True)
    assert found["without_leaks"] == whole["without_leaks"]


def test_a_run_of_the_version_before_says_that_it_cannot_tell(run, tmp_path):
    old, fresh = tmp_path / "old", run.path.parent / "fresh.jsonl"
    shutil.copytree(run.path, old)
    assert textune.evaluate(old, fresh)["remarks"] == textune.evaluate(run.path, fresh)["remarks"]
    (old / seen_texts.FILE).unlink()
    for folder in (old, old / "model"):
        (remark,) = set(textune.evaluate(folder, run.path.parent / "train.jsonl")["remarks"][1:])
        assert "whether training saw any of these texts is not known" in remark
        assert "seen_texts.npy" in remark


def test_no_more_texts_are_read_than_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(seen_texts, "MOST", 3)
    texts = [Example(f"text {number}", str(number)) for number in range(10)]
    rest = iter(texts)
    seen_texts.write(tmp_path, rest)
    assert seen_texts.ways(tmp_path, texts[:4]) == [seen_texts.WAY] * 3 + [""]
    assert next(rest) is texts[3]


def test_without_kept_texts_nothing_is_said(run, tmp_path):
    assert seen_texts.ways(tmp_path, []) is None
    (tmp_path / seen_texts.FILE).write_bytes(b"no array")
    assert seen_texts.ways(tmp_path, []) is None
