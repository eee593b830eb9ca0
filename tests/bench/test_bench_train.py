import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import made_results
from bench import machine, measure, processes, scores, tasks
from bench.jobs import POLICIES, USUAL, Job, Result
from bench.summary import summarise
from bench.train import faster, in_words, main, parse
from textune.metrics import metrics

ROOT = Path(__file__).parents[2]
SET = "in_domain_dev mcc"


def result(program: str, turn: int, speed: float, mcc: float | None, seed: int = 0) -> Result:
    return made_results.result(
        program,
        seed or turn,
        {SET: mcc},
        turn=turn,
        examples_per_second=speed,
        tokens_per_second=10 * speed,
        train_seconds=100 / speed,
        peak_memory_mb=10.0 * turn,
    )


def run(module: str, *options: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        cwd=ROOT,
    )


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_tiny_run_reports_speed_padding_memory_and_quality_of_every_program(
    tmp_path: Path, tiny_base: Path, shared: Path, forked: None, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "numbers.json"
    tiny = ("--base", str(tiny_base), "--limit", "64", "--batch-size", "16", "--score-limit", "40")
    programs = ("--only", "default,textune", "--threads", "1", "--quick")
    main(["--task", "cola", *programs, *tiny, "--json", str(target)])
    printed = capsys.readouterr().out
    report = json.loads(target.read_text(encoding="utf-8"))
    assert list(report["programs"]) == ["textune", "default"]
    for name, program in report["programs"].items():
        assert program["policy"] == POLICIES[name]
        assert program["policy"] in printed
        assert program["tokens_per_second"] > program["examples_per_second"] > 0
        assert program["peak_memory_mb"] > 100
        assert program["padding"] >= 1
        assert set(program["scores"]) == {SET, "out_of_domain_dev mcc"}
        assert all(-1 <= score["mean"] <= 1 for score in program["scores"].values())
    assert report["programs"]["default"]["padding"] > report["programs"]["textune"]["padding"]
    assert set(report["ratios"]) == {"default"}
    assert report["rows"] == {"train": 64, "in_domain_dev": 40, "out_of_domain_dev": 40}
    assert [(each["examples"], each["threads"]) for each in report["trainings"]] == [(64, 1)] * 2
    ours, theirs = (
        each["tokens_per_second"] * each["train_seconds"] for each in report["trainings"]
    )
    assert ours == pytest.approx(theirs, rel=0.01)  # the same rows, cut at the same place
    assert {"python", "torch", "transformers"} <= set(report["versions"])
    for found in report["machine"]["products"].values():
        assert min(found["fp32"], found["bf16"]) > 0
    assert report["machine"]["products"]["encoder"]["shape"] == [512, 32, 48]


def test_the_tutorial_pads_every_text_to_one_length(tmp_path: Path, tiny_base: Path) -> None:
    rows = [("good film", ("1",)), ("bad", ("0",)), ("a very dull book", ("0",))] * 4
    file = tasks.write(tmp_path / "rows.jsonl", rows, "single", ("0", "1"))
    job = Job(
        program="tutorial",
        base=str(tiny_base),
        task="single",
        labels=("0", "1"),
        train=str(file),
        valid=str(file),
        sets={"same": str(file)},
        metrics=("accuracy",),
        scratch=str(tmp_path),
        seed=1,
        turn=1,
        epochs=2,
        batch_size=5,
        lr=1e-3,
        max_tokens=16,
        threads=1,
    )
    found = measure.run(job)
    assert found.padding == pytest.approx(48 / (4 + 3 + 6))  # two tokens around each text
    assert (found.examples, found.precision) == (12, "fp32")
    assert 0 <= (found.scores["same accuracy"] or -1) <= 1


def test_the_ratio_is_the_median_over_paired_turns() -> None:
    speeds = [(100, 50), (90, 30), (80, 20)]
    results = [
        result(program, turn, speed, 0.5)
        for turn, pair in enumerate(speeds, start=1)
        for program, speed in zip(("textune", "default"), pair, strict=True)
    ]
    ratio = summarise(results)["ratios"]["default"]
    assert ratio["turns"] == [2, 3, 4]
    assert ratio["median"] == 3


def test_the_better_of_the_tuned_peers_is_chosen_in_each_turn() -> None:
    speeds = {"textune": (100, 100), "tuned-bf16": (50, 10), "tuned-fp32": (20, 25)}
    results = [
        result(program, turn, speed, 0.5)
        for program, both in speeds.items()
        for turn, speed in enumerate(both, start=1)
    ]
    assert summarise(results)["ratios"]["best tuned"]["turns"] == [2, 4]
    results += [result("tuned-compile", turn, 100, 0.5) for turn in (1, 2)]
    assert summarise(results)["ratios"]["best tuned"]["turns"] == [1, 1]


def test_differences_of_quality_are_paired_by_seed_and_carry_their_error() -> None:
    ours, theirs = (0.50, 0.60, 0.40), (0.45, 0.57, 0.39)
    results = [
        result(program, turn, 10, mcc)
        for program, numbers in (("textune", ours), ("default", theirs))
        for turn, mcc in enumerate(numbers, start=1)
    ]
    found = summarise(results)["score_difference"]["default"][SET]
    assert found["mean"] == pytest.approx(0.03)
    assert found["deviation"] == pytest.approx(0.02)
    assert found["standard_error"] == pytest.approx(0.0115470)


def test_a_seed_trained_twice_counts_once_and_a_score_that_is_not_there_not_at_all() -> None:
    results = [result("textune", turn, 10, 0.1 * turn, seed=1) for turn in (1, 2)]
    results.append(result("textune", 3, 10, None, seed=2))
    spread = summarise(results)["programs"]["textune"]["scores"][SET]
    assert spread == {"mean": pytest.approx(0.15), "deviation": None, "seeds": 1}


def test_peers_alone_are_summed_up_without_ratios() -> None:
    summary = summarise([result("default", 1, 10, 0.5)])
    assert (summary["ratios"], summary["score_difference"]) == ({}, {})
    assert summary["programs"]["default"]["examples_per_second"] == 10


def test_compilation_takes_the_format_that_was_faster() -> None:
    products = {"square": {"fp32": 9.0, "bf16": 1.0}, "encoder": {"fp32": 1.0, "bf16": 2.0}}
    hardware = {"products": products}
    assert faster([], hardware) == "bf16"
    tuned = [result("tuned-fp32", 1, 20, None), result("tuned-bf16", 1, 10, None)]
    assert faster(tuned[:1], hardware) == "bf16"
    assert faster(tuned, hardware) == "fp32"


def test_scores_of_peers_are_computed_as_those_of_textune() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(60, 3)).astype(np.float32)
    names = ("roc_auc", "micro_roc_auc", "micro_f1")
    truth = (draw.random((60, 3)) < 0.3).astype(float)
    truth[:, 2] = 0  # a label that no text has
    shares = 1 / (1 + np.exp(-logits.astype(float)))
    ours = metrics.multi(truth, shares, (shares >= 0.5).astype(int), ["a", "b", "c"])
    assert scores.judge(truth, logits, names) == pytest.approx({name: ours[name] for name in names})
    classes = draw.integers(0, 2, 60)
    both = logits[:, :2]
    decided = both.argmax(1)
    ours = metrics.single(classes, np.eye(2)[decided], decided, ["0", "1"])
    theirs = scores.judge(classes, both, ("mcc", "accuracy"))
    assert theirs == pytest.approx({name: ours[name] for name in ("mcc", "accuracy")})


def test_a_set_of_one_class_has_no_score() -> None:
    assert scores.judge(np.zeros(4, dtype=int), np.ones((4, 2), np.float32), ("mcc",)) == {
        "mcc": None
    }


def test_what_is_given_wins_over_quick_and_quick_over_the_task(shared: Path) -> None:
    def limits(*given: str) -> tuple[object, ...]:
        found = parse(["--base", "x", *given])
        return found.limit, found.score_limit, found.epochs, found.seeds, found.turns

    assert limits("--task", "cola", "--quick", "--limit", "77") == (77, None, 1, 1, 1)
    assert limits("--task", "cola") == (None, None, 4, 3, 3)
    assert limits("--task", "imdb", "--quick") == (128, 500, 1, 1, 1)
    assert limits("--task", "goemotions", "--no-score", "--turns", "2") == (2048, 0, 1, 3, 2)


def test_compilation_runs_only_when_asked_for(shared: Path) -> None:
    assert parse(["--task", "cola", "--base", "x"]).only == list(USUAL)
    assert parse(["--task", "cola", "--base", "x", "--with-compile"]).only == list(POLICIES)
    assert parse(["--task", "cola", "--base", "x", "--only", "tuned-compile"]).only == [
        "tuned-compile"
    ]


def test_the_rows_and_limits_are_said_before_the_first_turn(tmp_path: Path, shared: Path) -> None:
    options = parse(["--task", "cola", "--base", "x", "--no-score", "--limit", "9"])
    prepared = tasks.prepare("cola", shared, tmp_path, limit=9, score_limit=0)
    assert "cola: rows train 9; up to 64 tokens a text; 4 epoch(s) in batches of 32" in in_words(
        options, prepared
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "textune,nobody"], "--only nobody: allowed are textune, tutorial, default"),
        (["--data", "nowhere"], "--data nowhere: cola/in_domain_train.tsv, cola/in_domain_dev.tsv"),
        (["--epochs", "0"], "invalid positive value: '0'"),
        (["--score-limit", "-1"], "invalid natural value: '-1'"),
        (["--task", "squad"], "invalid choice: 'squad'"),
    ],
)
def test_a_wrong_option_is_explained(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--task", "cola", "--base", "x", *options])
    assert message in capsys.readouterr().err


def test_the_old_command_is_the_new_one_on_cola() -> None:
    done = run("bench.cola", "--only", "nobody")
    assert done.returncode == 2
    assert "bench.train: error: --only nobody" in done.stderr


@pytest.mark.exhaustive
def test_a_program_that_fails_says_what_it_said(tmp_path: Path, forked: None) -> None:
    job = {"shapes": {"square": [2, 2]}, "threads": 1}
    with pytest.raises(
        processes.ProgramError, match=r"(?s)bench\.machine ended with 1.*ValueError"
    ):
        processes.run("bench.machine", job, tmp_path)


def test_the_encoder_s_own_product_has_its_widths(tiny_base: Path) -> None:
    assert machine.shapes(str(tiny_base), 2048) == {
        "square": [2048, 2048, 2048],
        "encoder": [512, 32, 48],
    }
    assert list(machine.shapes("a/name-on-the-hub", 8)) == ["square"]
