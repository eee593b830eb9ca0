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


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ((), ["textune", 1, 2]),
        (("--only", "textune"), ["textune"]),
        (("--only", "trainer"), [1, 2]),
    ],
)
def test_a_program_can_be_left_out(words, asked, shared, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(ranks, "_compared", lambda *_: seen.append("textune") or {"holds": True})
    monkeypatch.setattr(ranks, "_trainer", lambda *given: seen.append(given[-1]))
    file = tmp_path / "found.json"
    ranks.main([*words, "--data", str(shared), "--json", str(file)])
    assert seen == asked
    assert ("trainer" in json.loads(file.read_text(encoding="utf-8"))) == (1 in asked)


def test_a_program_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        ranks.parse(["--only", "trainers"])
    assert "--only trainers: allowed are textune, trainer" in capsys.readouterr().err
