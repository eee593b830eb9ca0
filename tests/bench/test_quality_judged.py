"""What bench.quality says of scores and speeds."""

import pytest

import made_results
from bench.jobs import Result
from bench.quality import compared, in_quality, in_speed, summarise


def result(program: str, seed: int, score: float | None, speed: float = 10.0) -> Result:
    scores = {"valid f1": 0.5, "test f1": score}
    return made_results.result(program, seed, scores, examples_per_second=speed)


def test_a_difference_is_judged_by_its_interval() -> None:
    better = compared([0.50, 0.51, 0.52], [0.60, 0.62, 0.61])
    assert better["difference"] == pytest.approx(0.10)
    assert "better by more than noise" in in_quality("test f1", better)
    worse = compared([0.60, 0.62, 0.61], [0.50, 0.51, 0.52])
    assert "WORSE by more than noise" in in_quality("test f1", worse)
    alike = compared([0.60, 0.50], [0.55, 0.56])
    assert "no more than the noise of 2 seeds" in in_quality("test f1", alike)
    assert "one seed shows no difference" in in_quality("test f1", compared([0.5], [0.9]))
    assert "no seed in common" in in_quality("test f1", compared([], []))


def test_speed_is_held_against_what_is_wanted() -> None:
    assert in_speed(1.8, 1.8).endswith("1.8 is wanted, reached")
    assert in_speed(1.79, 1.8).endswith("NOT reached")
    assert in_speed(3.0, None).endswith("as fast as the tuned Trainer")
    assert "no turn in common" in in_speed(None, 1.8)


def test_seeds_are_paired_and_speed_is_that_of_the_tuned_trainer() -> None:
    results = [
        result("default", 2, 0.40),
        result("textune", 1, 0.50, speed=30.0),
        result("textune", 2, 0.45, speed=20.0),
        result("default", 1, 0.46),
        result("textune", 3, None),
        result("tuned-fp32", 1, 0.9, speed=15.0),
    ]
    found = summarise("wnut-17", results)
    assert found["quality"]["seeds"] == 2
    assert found["quality"]["difference"] == pytest.approx(0.045)
    assert found["speed"]["ratio"] == 2.0
    assert found["speed"]["words"].endswith("reached")
