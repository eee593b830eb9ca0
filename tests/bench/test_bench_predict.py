import json
from pathlib import Path

import pytest

from bench import answers, commands, predict
from bench.jobs import ANSWERERS, Answer, Question
from made_runs import TEXTS, make_run

CLOSE = 1e-3


@pytest.fixture(scope="module")
def run(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run whose model tells texts apart."""
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["0", "1"])


def answer(program: str, turn: int, speed: float) -> Answer:
    return Answer(
        program=program,
        policy=ANSWERERS[program],
        turn=turn,
        threads=1,
        texts=100,
        seconds=100 / speed,
        texts_per_second=speed,
        peak_memory_mb=10.0 * turn,
    )


def test_every_program_gives_the_same_probabilities_in_the_given_order(
    run: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps(TEXTS * 8), encoding="utf-8")  # more than a batch
    found = {}
    for program in ANSWERERS:
        target = tmp_path / f"{program}.json"
        question = Question(program, str(run), str(texts), str(target), turn=1, threads=1)
        measured = answers.run(question)
        assert measured.texts == 8 * len(TEXTS)
        assert measured.texts_per_second == pytest.approx(measured.texts / measured.seconds)
        found[program] = json.loads(target.read_text(encoding="utf-8"))
    ours = found["textune"]
    assert max(row[1] for row in ours) - min(row[1] for row in ours) > 0.05
    assert all(sum(row) == pytest.approx(1) for row in ours)
    for program in ("pipeline", "sorted-fp32"):
        assert predict.largest_difference(ours, found[program]) < CLOSE
    assert CLOSE < predict.largest_difference(ours, found["sorted-bf16"]) < 0.1


def test_a_program_that_keeps_tokens_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path))
    for name in ("tokens/old", "kernels/made"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    before = answers.cached()
    (tmp_path / "kernels" / "more").touch()
    answers.refuse_cache(before)
    (tmp_path / "tokens" / "new").touch()
    with pytest.raises(
        RuntimeError, match=r"tokens were kept \(tokens/new\), so the times are not"
    ):
        answers.refuse_cache(before)


def test_the_table_names_every_policy_and_whether_the_probabilities_agree(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers_ = [answer(name, 1, 10 + place) for place, name in enumerate(ANSWERERS)]
    predict.show(predict.summarise(answers_, {"pipeline": 5e-8}), commands.console())
    shown = capsys.readouterr().out
    assert all(policy in shown for policy in ANSWERERS.values())
    assert "textune against best sorted: 0.77 times as fast (turns: 0.77)" in shown
    assert "probabilities of textune and the pipeline agree to 0.001" in shown


@pytest.mark.exhaustive
def test_half_of_the_texts_are_reviews_and_they_are_mixed(shared: Path) -> None:
    texts = predict.mixed(shared, 41)
    are_long = [len(text) > 300 for text in texts]
    assert len(texts) == 41
    assert 15 < sum(are_long) <= 20
    assert 3 < sum(are_long[:20]) < 17
    assert texts == predict.mixed(shared, 41)


def test_speeds_are_paired_by_turn_and_differences_are_those_of_the_worst_turn() -> None:
    speeds = {"textune": (60, 90), "pipeline": (20, 15), "sorted-fp32": (30, 45)}
    found = predict.summarise(
        [
            answer(name, turn, speed)
            for name, both in speeds.items()
            for turn, speed in enumerate(both, start=1)
        ],
        {"pipeline": 0.002, "sorted-fp32": 0.0001},
    )
    assert found["ratios"]["pipeline"] == {"median": 4.5, "turns": [3, 6]}
    assert found["ratios"]["best sorted"]["turns"] == [2, 2]
    assert found["programs"]["textune"]["texts_per_second"] == 75
    assert found["programs"]["pipeline"]["largest_difference"] == 0.002
    assert found["agrees_with_pipeline"] is False


def test_the_largest_difference_is_taken_over_all_labels() -> None:
    assert predict.largest_difference([[0.5, 0.5], [0.9, 0.1]], [[0.5, 0.5], [0.9, 0.4]]) == (
        pytest.approx(0.3)
    )


def test_a_run_that_cannot_be_used_is_explained(
    tiny_base: Path, tmp_path: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = make_run(tmp_path / "several", tiny_base, "multi", ["a", "b"])
    for folder, message in (
        (tmp_path, "no model/decision.json in it; `textune train` writes it"),
        (several, "a model of one text and one label is needed here"),
    ):
        with pytest.raises(SystemExit):
            predict.parse(["--run", str(folder)])
        assert f"--run {folder}: {message}" in capsys.readouterr().err
