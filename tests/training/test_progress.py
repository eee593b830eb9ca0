import pytest

from textune.training.progress import Progress


def test_time_and_rates_of_a_moment_give_the_counts_again():
    found = Progress(step=4, seconds=0.0491234, texts=64, tokens=512, computed=640).measures()
    assert found["tokens_per_second"] * found["train_seconds"] == pytest.approx(512, rel=1e-3)
    assert found["examples_per_second"] * found["train_seconds"] == pytest.approx(64, rel=1e-3)
    assert (found["steps"], found["padding"]) == (4, 0.25)


def test_a_run_that_learned_nothing_has_no_speed_and_no_padding():
    found = Progress().measures()
    assert found == {
        "steps": 0,
        "train_seconds": 0,
        "examples_per_second": 0,
        "tokens_per_second": 0,
        "padding": 0,
    }
