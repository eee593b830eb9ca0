import json

import pytest

from bench import ranks


def test_more_cards_are_expected_to_bring_what_the_formula_says(tmp_path):
    file = tmp_path / "expected.json"
    given = ["--gradient-mb", "300", "--within-gbs", "150", "--between-gbs", "30"]
    ranks.main(
        ["--expect", "--step-seconds", "0.02", "--cards", "1,8,16", *given, "--json", str(file)]
    )
    one, eight, sixteen = json.loads(file.read_text(encoding="utf-8"))["expected"]
    assert one["share"] == 1
    assert eight["adding_ms"] == pytest.approx(2 * 7 / 8 * 2)  # 300 MB at 150 GB/s: 2 ms
    assert sixteen["adding_ms"] == pytest.approx(2 * 15 / 16 * 10)
    assert sixteen["share"] == pytest.approx(20 / (20 + 18.75))
