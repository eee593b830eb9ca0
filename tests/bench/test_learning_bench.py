"""Learning is compared by seed, path by path; what is there already is not computed again."""

import json
from pathlib import Path

import pytest
from scipy import stats

from bench import learning
from bench.learning import jobs, keep, main, parse, read, summarise
from bench.tasks import Prepared


def found(ours: list[float], theirs: list[float], path: str = "bf16-torch") -> learning.Found:
    rows: learning.Found = {}
    for seed, (one, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        rows["cola", path, "textune", seed] = {"mcc": one}
        rows["cola", path.partition("-")[0], "default", seed] = {"mcc": other}
    return rows


def test_differences_are_paired_by_seed_with_the_interval_of_scipy() -> None:
    ours, theirs = [0.31, 0.25, 0.4, 0.28], [0.3, 0.21, 0.33, 0.29]
    (row,) = summarise(found(ours, theirs))
    assert (row["task"], row["path"], row["seeds"]) == ("cola", "bf16-torch", 4)
    interval = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert row["interval"] == pytest.approx([interval.low, interval.high])
    assert row["difference"] == pytest.approx(sum(ours) / 4 - sum(theirs) / 4)
    assert row["textune"]["mean"] == pytest.approx(0.31)


def test_a_seed_that_one_program_lacks_is_left_out_of_the_difference() -> None:
    rows = found([0.3, 0.4, 0.5], [0.1, 0.2, 0.4])
    del rows["cola", "bf16", "default", 3]
    (row,) = summarise(rows)
    assert row["seeds"] == 2
    assert row["difference"] == pytest.approx(0.2)


def test_results_are_kept_as_they_come(tmp_path: Path) -> None:
    file = tmp_path / "found.jsonl"
    how = {"rows": 9, "lr": None}
    assert read(file, how) == {}
    rows = found([0.3], [0.1])
    for key, scores in rows.items():
        keep(file, key, scores, how)
    assert read(file, how) == rows
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole + whole[:30], encoding="utf-8")  # killed while it wrote a line
    assert read(file, how) == rows
    assert file.read_text(encoding="utf-8") == whole
    with pytest.raises(SystemExit, match=r"holds results of .*'rows': 9"):
        read(file, {"rows": 10, "lr": None})


def test_the_trainer_runs_once_for_each_format(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    prepared = Prepared("single", ("0", "1"), file, file, {"dev": file}, {"train": 1}, ("mcc",))
    options = parse(
        ["--task", "cola", "--base", "x", "--data", str(data(tmp_path)), "--seeds", "1"]
    )
    asked = [key[1:3] for _, key in jobs(options, "cola", prepared)]
    assert asked == [
        ("bf16", "textune"),
        ("bf16", "default"),
        ("bf16-torch", "textune"),
        ("fp32", "textune"),
        ("fp32", "default"),
        ("fp32-torch", "textune"),
    ]
    made = {key: job for job, key in jobs(options, "cola", prepared)}
    job = made["cola", "fp32-torch", "textune", 1]
    assert (job.numbers, job.kernels, job.epochs, job.lr) == ("fp32", False, 4, 2e-5)


def data(folder: Path) -> Path:
    """Write a CoLA of a few sentences."""
    (folder / "cola").mkdir(exist_ok=True)
    rows = [
        f"x\t{number % 2}\t\tthe {'good' if number % 2 else 'bad'} film\n" for number in range(24)
    ]
    for name in ("in_domain_train.tsv", "in_domain_dev.tsv", "out_of_domain_dev.tsv"):
        (folder / "cola" / name).write_text("".join(rows), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_tiny_run_is_compared_and_not_repeated(
    tmp_path: Path, tiny_base: Path, forked: None
) -> None:
    out, target = tmp_path / "found.jsonl", tmp_path / "numbers.json"
    command = ["--task", "cola", "--paths", "fp32-torch"]
    command += ["--data", str(data(tmp_path)), "--base", str(tiny_base), "--threads", "1"]
    command += ["--seeds", "1", "--epochs", "1", "--out", str(out), "--json", str(target)]
    main(command)
    keys = [(row["path"], row["program"]) for row in map(json.loads, out.read_text().splitlines())]
    assert keys == [("fp32-torch", "textune"), ("fp32", "default")]
    first = json.loads(target.read_text(encoding="utf-8"))["rows"]
    assert {row["score"] for row in first} == {"in_domain_dev mcc", "out_of_domain_dev mcc"}
    before = out.stat().st_mtime_ns
    main([*command, "--continue"])
    assert out.stat().st_mtime_ns == before
    assert json.loads(target.read_text(encoding="utf-8"))["rows"] == first


def test_going_on_needs_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        parse(["--continue", "--base", "x", "--data", str(tmp_path)])
    assert "--continue: name the file of results with --out" in capsys.readouterr().err
