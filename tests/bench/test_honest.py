"""What bench.honest says of reported scores."""

import random
from pathlib import Path

import pytest

from bench import honest, honest_measure
from bench.few_jobs import FewJob
from bench.quality_sets import Row, write
from conftest import WORDS


def record(reported: float, true: float, half: float | None) -> dict[str, object]:
    interval = None if half is None else [reported - half, reported + half]
    scores = {"mcc": {"reported": reported, "interval": interval, "true": true}}
    return {"metric": "mcc", "scores": scores, "error": None}


def test_means_and_covered_intervals_are_held_against_what_is_wanted() -> None:
    near = [record(0.50 + 0.01 * (n % 3 - 1), 0.5, 0.001 if n == 0 else 0.05) for n in range(20)]
    found = honest.summarise(near)
    assert found["difference"] == pytest.approx(-0.0005)
    assert found["covered"] == pytest.approx(0.95)
    assert ": within 0.02" in found["words"]
    assert ": as wanted" in found["words"]
    far = honest.summarise([record(0.6, 0.5, 0.05), {"metric": None, "scores": {}, "error": "no"}])
    assert "NOT within 0.02" in far["words"]
    assert "0% of 1 intervals hold it: NOT as wanted" in far["words"]
    assert far["words"].endswith("1 failed")
    assert "no interval" in honest.summarise([record(0.5, 0.5, None)])["words"]
    assert honest.summarise([])["words"].startswith("no draw gave a score")


@pytest.mark.usefixtures("forked")
@pytest.mark.exhaustive
def test_what_a_run_reports_stands_beside_what_is_so(tmp_path: Path, tiny_base: Path) -> None:
    draw = random.Random(0)
    rows: list[Row] = [
        {"text": " ".join(draw.choices(WORDS, k=6)), "label": ("bad", "good")[n % 2]}
        for n in range(60)
    ]
    train, test = (
        str(write(tmp_path / f"{part}.jsonl", found))
        for part, found in (("train", rows[:40]), ("test", rows[40:]))
    )
    job = FewJob(
        system="textune",
        base=str(tiny_base),
        kind="single",
        labels=("bad", "good"),
        train=train,
        test=test,
        scratch=str(tmp_path),
        seed=1,
        threads=1,
        max_tokens=32,
    )
    found = honest_measure.run(job)
    main = found["scores"][found["metric"]]
    low, high = main["interval"]
    assert low <= main["reported"] <= high
    assert -1 <= main["true"] <= 1
    assert found["seconds"] > 0
