"""What a person reads of a number says something of it, however small it is."""

import pytest

from textune.doors import console, console_metrics
from textune.metrics import written
from textune.report import pages


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0.000"),
        (0.5, "0.500"),
        (0.0123, "0.012"),
        (0.00123, "0.001"),
        (0.000987654, "0.000988"),
        (0.000123456, "0.000123"),
        (1.5e-7, "1.5e-07"),
        (-0.00042, "-0.00042"),
        (8873.12345, "8873.123"),
    ],
)
def test_a_small_number_keeps_three_digits(value, shown):
    assert written.decimals(value) == console.number(value) == pages.number(value) == shown


def test_errors_of_small_numbers_are_not_shown_as_none(capsys):
    metrics = {"rmse": 0.000123, "mae": 0.0001, "intervals": {"rmse": [0.0001, 0.00015]}}
    console_metrics.show_metrics(metrics, title="valid")
    out = capsys.readouterr().out
    assert "0.000123  0.0001 … 0.00015" in out
    assert "0.000 " not in out


def test_a_share_below_the_last_digit_is_not_nothing():
    assert pages.percent(0.0002).startswith("0.02")
    assert pages.percent(0.0).startswith("0.0")
