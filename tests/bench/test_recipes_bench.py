"""What bench.recipes trains, judges, keeps and tells."""

import csv
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from bench import (
    few_sets,
    peers,
    recipes,
    recipes_pages,
    recipes_scores,
    recipes_sets,
    recipes_sides,
)
from bench.jobs import Job
from bench.processes import ProgramError
from bench.recipes_scores import Answered, Predictions
from bench.recipes_sides import OURS, PEER
from conftest import WORDS
from made_texts import make_base
from textune.training import schedules

ROWS = 60


def sentence(draw: random.Random, label: int) -> str:
    words = WORDS[:5] if label else WORDS[5:10]
    return " ".join([*draw.choices(words, k=3), *draw.choices(WORDS[10:], k=4)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder laid out as the public data sets of the recipes."""
    folder, draw = tmp_path_factory.mktemp("data"), random.Random(0)
    for name in ("cola", "jigsaw", "meditations", "imdb", "goemotions"):
        (folder / name).mkdir()
    for file in recipes_sets.COLA:
        lines = [f"x\t{n % 2}\t\t{sentence(draw, n % 2)}\n" for n in range(ROWS)]
        (folder / file).write_text("".join(lines))
    for number, name in enumerate(few_sets.JIGSAW):
        opened = io.StringIO()
        rows = csv.writer(opened)
        rows.writerow(["comment_text", *few_sets.TOXIC])
        for n in range(ROWS):
            marks = [int(n % 6 == 0 and (n // 6 + at) % 2) for at in range(len(few_sets.TOXIC))]
            rows.writerow([f"{sentence(draw, any(marks))} {number} {n}", *marks])
        text = opened.getvalue().encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    lines = [f"{sentence(draw, 1)} . {sentence(draw, 0)}" for _ in range(ROWS)]
    (folder / "meditations" / "clean.txt").write_text("\n".join(lines))
    for part in ("train", "test"):
        rows_of = [f"{n},1,{n % 2},{sentence(draw, n % 2)}\n" for n in range(ROWS)]
        content = "".join(["file,rating,label,text\n", *rows_of]).encode()
        (folder / "imdb" / f"{part}.csv.gz").write_bytes(gzip.compress(content))
    (folder / "goemotions" / "emotions.txt").write_text("joy\nfear\nneutral\n")
    for name in recipes_sets.EMOTIONS:
        lines = [
            f"{sentence(draw, n % 2)}\t{n % 2}{',2' * (n % 3 == 0)}\tid{n}\n" for n in range(ROWS)
        ]
        text = "".join(lines).encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    make_base(folder, WORDS)
    return folder


def asked(data: Path, base: Path, out: Path, only: str) -> list[str]:
    sizes = ["--rows", "24", "--test-rows", "30", "--seeds", "1", "--epochs", "1"]
    more = ["--max-tokens", "32", "--threads", "1", "--lr", "1e-3", "--out", str(out)]
    return ["--data", str(data), "--base", str(base), "--only", only, *sizes, *more]


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.usefixtures("forked")
@pytest.mark.exhaustive
def test_a_tiny_run_is_trained_by_both_and_judged_from_what_they_saved(
    data: Path,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(recipes_scores, "DRAWS", 5)
    out = tmp_path / "found" / "results.jsonl"
    names = ["jigsaw", "meditations"]  # of several labels, and of none
    recipes.main(asked(data, base, out, ",".join(names)))
    records = read(out)
    assert [(each["recipe"], each["program"]) for each in records] == [
        (name, program) for name in names for program in (OURS, PEER)
    ]
    assert all(each["error"] is None for each in records)
    assert all(each["seconds"] > each["train_seconds"] > 0 for each in records)
    table = json.loads((out.parent / "table.json").read_text(encoding="utf-8"))
    assert table["failures"] == []
    for name in names:
        found = table["recipes"][name]
        scores = [each["score"] for each in found["scores"]]
        assert scores == list(recipes_sets.RECIPES[name].scores)
        assert set(found["times"]) == {"seconds", "cpu_seconds", "train_seconds"}
    written = (out.parent / "table.md").read_text(encoding="utf-8")
    assert written.strip() in capsys.readouterr().out
    assert "| Jigsaw: toxic comments | loss (binary cross-entropy) | 0.097 " in written
    said = json.loads((out.parent / "answers" / "jigsaw-trainer-1.json").read_text())
    rows = read(out.parent / "answers" / "jigsaw-test.jsonl")
    truth = [[row[name] for name in few_sets.TOXIC] for row in rows]
    theirs = {each["score"]: each["trainer"] for each in table["recipes"]["jigsaw"]["scores"]}
    macro = sk.f1_score(truth, said["decisions"], average="macro", zero_division=0)
    assert theirs["macro_f1"] == theirs["macro_f1_half"] == pytest.approx(macro)
    before = out.stat().st_mtime_ns
    recipes.main([*asked(data, base, out, ",".join(names)), "--continue"])
    assert out.stat().st_mtime_ns == before


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs answer without training; the Trainer fails where there are several labels."""

    def train(side: recipes_sides.Side, folder: Path) -> dict[str, float]:
        if side.program == PEER and side.job.task == "multi":
            raise ProgramError("no room for it")
        count = len(read(side.files.test))
        said: list[Any] = [n % 2 for n in range(count)]
        if side.job.task == "multi":
            said = [[n % 2] * len(side.files.labels) for n in range(count)]
        Predictions([[0.5] * len(side.files.labels)] * count, said).write(side.answers)
        return {"seconds": 2.0, "cpu_seconds": 0.0, "train_seconds": 1.0}

    monkeypatch.setattr(recipes_scores, "DRAWS", 5)
    monkeypatch.setattr(recipes_sides, "train", train)
    monkeypatch.setattr(recipes_sides, "ready_kernels", lambda threads, folder: None)


@pytest.mark.usefixtures("quick")
def test_a_training_that_fails_leaves_the_others(
    data: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results.jsonl"
    words = asked(data, base, out, "cola,jigsaw,imdb")
    with pytest.raises(SystemExit, match="failed: jigsaw by trainer, seed 1"):
        recipes.main(words)
    assert len(read(out)) == 6
    printed = capsys.readouterr().out
    assert "| CoLA: acceptability of sentences | the whole command | 2.0 | 2.0 | 1.00 |" in printed
    assert "| IMDB: film reviews | accuracy |" in printed
    assert "FAILED: jigsaw by trainer, seed 1" in printed
    with pytest.raises(SystemExit, match="failed"):
        recipes.main([*words, "--continue"])
    assert len(read(out)) == 7  # only what failed was tried again
    (tmp_path / "answers" / "cola-textune-1.json").unlink()
    with pytest.raises(SystemExit, match=r"jigsaw by trainer, seed 1, scores of cola: .*No such"):
        recipes.main([*words, "--continue"])
    assert "| IMDB: film reviews | accuracy |" in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_answers_of_another_training_are_never_judged(
    data: Path, base: Path, tmp_path: Path
) -> None:
    """The answers are kept of the last training of a recipe, program and seed alone."""
    out = tmp_path / "results.jsonl"
    words = asked(data, base, out, "cola")
    for rows, records in (("24", 2), ("20", 4), ("24", 6), ("24", 6)):
        recipes.main([*words, "--rows", rows, "--continue"])
        assert len(read(out)) == records
    recipes.main([*words, "--test-rows", "20", "--continue"])
    recipes.main([*words, "--continue"])
    assert len(read(out)) == 10


def test_rows_are_those_of_the_recipe(data: Path) -> None:
    found = recipes_sets.jigsaw(data)
    parts = [
        {few_sets.text_of(row) for row in part} for part in (found.train, found.valid, found.test)
    ]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
    labelled = sum(any(row[name] for name in found.labels) for row in found.train)
    assert 0 < labelled == len(found.train) - labelled
    shares = [
        sum(any(row[name] for name in found.labels) for row in part) / len(part)
        for part in (found.valid, found.test)
    ]
    assert all(share < 0.3 for share in shares)
    book = recipes_sets.meditations(data)
    assert (len(book.train), len(book.test)) == (ROWS * 9 // 10, ROWS // 10)


def answers(right: float, seed: int) -> Answered:
    draw = np.random.default_rng(seed)
    truth = np.random.default_rng(0).integers(0, 2, 400)
    said = np.where(draw.random(400) < right, truth, 1 - truth)
    return Answered(truth, np.stack([1 - said, said], 1).astype(float), said)


def test_a_difference_is_told_from_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes_scores, "DRAWS", 40)
    ours, theirs = (
        {seed: answers(right, seed + at) for seed in (1, 2)} for at, right in ((0, 0.9), (9, 0.7))
    )
    found = recipes_scores.compared("accuracy", ours, theirs)
    assert found["verdict"] == "better"
    assert found["difference"] == pytest.approx(found["textune"] - found["trainer"])
    assert recipes_scores.compared("accuracy", theirs, ours)["verdict"] == "BELOW"
    assert recipes_scores.compared("accuracy", ours, ours)["verdict"] == "within noise"
    near = {1: answers(0.9, 5)}
    assert recipes_scores.compared("accuracy", {1: ours[1]}, near)["verdict"] == "within noise"


def test_a_lower_loss_is_better() -> None:
    masks = np.full(50, 4)
    low, high = (
        {1: Answered(masks, np.full(50, loss) + np.arange(50) / 100, np.ones(50))}
        for loss in (8.0, 12.0)
    )
    found = recipes_scores.compared("masked_loss", low, high)
    assert found["difference"] == pytest.approx(1.0)
    assert found["verdict"] == "better"


def test_both_have_the_same_one_cycle(tmp_path: Path) -> None:
    config = BertConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    trainer = Trainer(
        model=BertForSequenceClassification(config),
        args=TrainingArguments(
            str(tmp_path), per_device_train_batch_size=4, num_train_epochs=2, use_cpu=True
        ),
        train_dataset=[{"input_ids": [1], "labels": 0}] * 398,
    )
    job = Job(
        program="default",
        base="",
        task="single",
        labels=(),
        train="",
        valid="",
        sets={},
        metrics=(),
        scratch="",
        seed=1,
        turn=1,
        epochs=2,
        batch_size=4,
        lr=1e-4,
        max_tokens=8,
        threads=1,
        warmup_share=0.3,
        schedule="one-cycle",
    )
    peers.follow(trainer, job)
    parameter = torch.nn.Parameter(torch.zeros(1))
    ours = torch.optim.AdamW([parameter], lr=1e-4)
    schedule = schedules.by_steps(ours, "one-cycle", warmup=60, total=200)
    for _ in range(200):
        theirs = trainer.optimizer.param_groups[0]["lr"]
        assert ours.param_groups[0]["lr"] == pytest.approx(theirs, abs=6e-6)  # of 1e-4
        ours.step()
        schedule.step()
        trainer.optimizer.step()
        trainer.lr_scheduler.step()


def test_a_recipe_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        recipes.parse(["--only", "cola,toxic"])
    assert "--only toxic: allowed are cola, jigsaw, meditations" in capsys.readouterr().err


def test_figures_stand_on_the_page_once(tmp_path: Path) -> None:
    page = tmp_path / "1-cola.md"
    first, last = (mark.format(name="cola") for mark in recipes_pages.MARKS)
    page.write_text(f"# CoLA\n\n{first}{last}\nafter\n", encoding="utf-8")
    score = {
        "score": "mcc",
        "seeds": 2,
        "textune": 0.31,
        "trainer": 0.3,
        "difference": 0.01,
        "error": 0.02,
    }
    how = {
        "base": "b",
        "rows": {"train": 9},
        "epochs": 1,
        "batch_size": 2,
        "lr": 0.1,
        "max_tokens": 8,
        "threads": 2,
    }
    times = {"seconds": {OURS: 2.0, PEER: 5.0, "ratio": 2.5}}
    found = {"how": how, "published": {"mcc": "0.529"}, "scores": [score], "times": times}
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"recipes": {"cola": found}}), encoding="utf-8")
    for _ in range(2):
        recipes_pages.main([str(table), "--docs", str(tmp_path)])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# CoLA\n\n<!-- measured cola -->\nMeasured (rows 9 train; 1 epoch(s)")
    assert text.count("| MCC | 0.529 | 0.310 | 0.300 | +0.010 ± 0.040 |") == 1
    assert "| the whole command | – | 2.0 s | 5.0 s | 2.50 × |" in text
    assert text.endswith(f"{last}\nafter\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        ("{", "Expecting property name"),
        ('{"rows": 3}', "is no table of bench.recipes"),
        ('{"recipes": {"cola": {"scores": [{}]}}}', "is no table of bench.recipes"),
        ('{"recipes": {"other": {"scores": [{}]}}}', "is no table of bench.recipes"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, why: str
) -> None:
    table = tmp_path / "nope.json"
    if content is not None:
        table.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit):
        recipes_pages.main([str(table), "--docs", str(tmp_path)])
    said = capsys.readouterr().err
    assert f"{table}: " in said
    assert why in said
