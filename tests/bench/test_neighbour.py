import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import processes, situations
from bench.neighbour import Found, main, parse, summarise, to_found


def found(situation: str, program: str, rate: float, weights: tuple[str, ...] = ()) -> Found:
    return Found(situation, program, 1, rate, 1, "fp32", weights)


def test_rates_are_compared_with_those_alone_and_with_the_other_programs() -> None:
    report = summarise(
        [
            found("quiet", "textune", 390.0, ("a",)),
            found("quiet", "textune", 410.0, ("a",)),
            found("quiet", "before", 410.0, ("z",)),
            found("quiet", "tuned", 150.0),
            found("neighbour", "textune", 200.0, ("a",)),
            found("neighbour", "tuned", 20.0),
        ]
    )
    alone, beside = (report["situations"][name]["textune"] for name in ("quiet", "neighbour"))
    assert alone["texts_per_second"] == 400.0
    assert alone["times_before"] == pytest.approx(400 / 410)
    assert beside["of_alone"] == 0.5
    assert beside["times_tuned"] == 10.0
    assert report["bars"] == {
        "alone at least 0.97 of before": True,
        "beside a neighbour at least 0.55 of alone": False,
        "beside a neighbour at least 8 times the Trainer": True,
        "the same bits everywhere": True,
    }


def test_other_bits_of_one_of_two_trainings_at_once_are_noticed() -> None:
    results = [
        {
            "examples_per_second": rate,
            "fewest_threads": least,
            "precision": "bf16",
            "weights": weights,
        }
        for rate, least, weights in ((100.0, 1, "a"), (120.0, 2, "b"))
    ]
    pair = to_found("pair", "textune", 1, results)
    assert (pair.texts_per_second, pair.fewest_threads) == (110.0, 1)
    report = summarise([found("quiet", "textune", 300.0, ("a",)), pair])
    assert report["bars"]["the same bits everywhere"] is False
    assert report["bars"]["alone at least 0.97 of before"] is None


def test_variables_are_taken_away_and_a_command_is_put_before(tmp_path: Path) -> None:
    job = {"shapes": {"tiny": [4, 4, 4]}, "threads": 1}  # json.tool copies it
    changes = {"OMP_NUM_THREADS": None, "MARK": "here"}
    shown = tmp_path / "shown"
    enter = f'echo "$MARK/$OMP_NUM_THREADS" > {shown}; exec "$@"'
    prefix = ["sh", "-c", enter, "sh"]
    done = processes.run("json.tool", job, tmp_path, prefix=prefix, changes=changes)
    assert done == job
    assert shown.read_text().strip() == "here/"


def test_a_busy_neighbour_ends_with_its_block() -> None:
    with situations.busy_neighbour():
        pass


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_where_no_group_may_be_made_a_program_is_pinned(tmp_path: Path) -> None:
    with situations.one_core([tmp_path / "absent"]) as (prefix, words):
        assert prefix[:2] == ["taskset", "-c"]
        assert words == "affinity to one core"
    with situations.one_core([]) as (prefix, _):
        command = [*prefix, sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
        assert subprocess.check_output(command, text=True).strip() == "1"


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_tiny_run_measures_every_situation(
    tmp_path: Path, tiny_base: Path, shared: Path, forked: None
) -> None:
    target = tmp_path / "found.json"
    tiny = ["--base", str(tiny_base), "--limit", "64", "--turns", "1", "--only", "textune"]
    asked = ["--situations", "pair,quota", "--data", str(shared), "--json", str(target)]
    main([*tiny, *asked])
    report = json.loads(target.read_text(encoding="utf-8"))
    assert list(report["situations"]) == ["pair", "quota"]
    assert report["weights"] == 1
    assert report["bars"]["the same bits everywhere"] is True
    assert [len(each["weights"]) for each in report["trainings"]] == [2, 1]


def test_wrong_options_are_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for wrong, words in (
        (["--situations", "night"], "allowed are quiet, neighbour, pair, quota"),
        (["--before", str(tmp_path)], "there is no src/textune in it"),
        (["--only", "before"], "name its tree with --before"),
    ):
        with pytest.raises(SystemExit):
            parse(wrong)
        assert words in capsys.readouterr().err
