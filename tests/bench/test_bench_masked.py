import io
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench import masked, masking
from bench.masked import cell, main, parse, read, show, summarise, write
from bench.masked_jobs import BEGUN, ENDED, POLICIES, Job, Result
from conftest import WORDS

SENTENCES = 40
AROUND = 2  # special tokens of a text


def result(program: str, turn: int, tokens: int, peak: float, training: float | None) -> Result:
    return Result(
        program=program,
        policy=POLICIES[program],
        turn=turn,
        model="BertForMaskedLM",
        device="cpu",
        precision="fp32",
        threads=1,
        updates=2,
        texts=32,
        tokens=tokens,
        computed=2 * tokens,
        seconds=2.0,
        peak_memory_mb=peak,
        training_peak_mb=training,
    )


@pytest.fixture
def sentences() -> list[str]:
    draw = random.Random(0)
    return [" ".join(draw.choices(WORDS, k=draw.randint(12, 50))) for _ in range(SENTENCES)]


@pytest.fixture
def text(tmp_path: Path, sentences: list[str]) -> Path:
    file = tmp_path / "book.txt"
    file.write_text("\n".join(sentences) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def job(tmp_path: Path, tiny_base: Path, sentences: list[str]) -> Job:
    return Job(
        program="textune",
        base=str(tiny_base),
        texts=str(write(tmp_path / "texts.jsonl", sentences[:12])),
        scratch=str(tmp_path),
        seed=1,
        turn=1,
        batch_size=4,
        max_tokens=64,
        threads=1,
    )


@pytest.mark.parametrize("program", POLICIES)
@pytest.mark.exhaustive
def test_every_program_learns_from_each_text_once(
    program: str, job: Job, sentences: list[str]
) -> None:
    found = masking.run(replace(job, program=program))
    assert found.policy == POLICIES[program]
    assert (found.texts, found.updates) == (12, 3)
    assert found.tokens == sum(len(text.split()) + AROUND for text in sentences[:12])
    assert found.model == "BertForMaskedLM"
    assert found.tokens_per_second == pytest.approx(found.tokens / found.seconds)
    assert found.texts_per_second == pytest.approx(12 / found.seconds)
    assert all((Path(job.scratch) / mark).is_file() for mark in (BEGUN, ENDED))
    if program != "textune":
        assert found.computed > found.tokens  # they pad
        assert found.precision == ("bf16" if program == "tuned" else "fp32")


def test_texts_that_are_too_long_are_cut_by_the_trainer_and_parted_by_textune(
    job: Job, sentences: list[str]
) -> None:
    ours, theirs = (
        masking.run(replace(job, program=program, max_tokens=16))
        for program in ("textune", "default")
    )
    sizes = [len(text.split()) for text in sentences[:12]]
    assert theirs.tokens == sum(min(size + AROUND, 16) for size in sizes)
    assert ours.tokens == sum(size + AROUND * -(-size // 14) for size in sizes)
    assert ours.texts == theirs.texts == 12


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_tiny_run_reports_speed_memory_and_ratios(
    tmp_path: Path,
    tiny_base: Path,
    text: Path,
    forked: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "numbers.json"
    main(
        [
            *("--text", str(text), "--base", str(tiny_base), "--only", "default,textune"),
            *("--quick", "--batch-size", "8", "--max-tokens", "64", "--threads", "1"),
            *("--json", str(target)),
        ]
    )
    report = json.loads(target.read_text(encoding="utf-8"))
    ours, theirs = report["trainings"]
    assert (ours["program"], theirs["program"]) == ("textune", "default")
    for key in ("texts", "tokens", "updates", "threads", "model", "turn"):
        assert ours[key] == theirs[key]
    assert (ours["texts"], ours["updates"]) == (16, 2)
    speeds = [each["tokens"] / each["seconds"] for each in (ours, theirs)]
    ratio = report["ratios"]["tokens_per_second"]["default"]
    assert ratio["turns"] == [pytest.approx(speeds[0] / speeds[1])]
    times = report["times_textune"]["default"]["peak_memory_mb"]
    assert times == pytest.approx(theirs["peak_memory_mb"] / ours["peak_memory_mb"])
    assert min(ours["peak_memory_mb"], theirs["peak_memory_mb"]) > 100
    said = capsys.readouterr().out
    assert all(POLICIES[name] in said for name in ("textune", "default"))
    assert f"textune against default: {ratio['median']:.2f} times" in said


def test_ratios_are_paired_by_turn_and_memory_is_the_highest() -> None:
    results = [
        result("textune", 1, 800, 400, 300),
        result("default", 1, 200, 1000, 900),
        result("textune", 2, 900, 500, None),
        result("default", 2, 150, 1200, 600),
    ]
    found = summarise(results)
    ratio = found["ratios"]["tokens_per_second"]["default"]
    assert ratio == {"median": 5.0, "turns": [4.0, 6.0]}
    assert found["ratios"]["texts_per_second"]["default"]["turns"] == [1.0, 1.0]
    assert found["times_textune"]["default"] == {"peak_memory_mb": 2.4, "training_peak_mb": 3.0}
    program = found["programs"]["textune"]
    assert (program["tokens_per_second"], program["padding"]) == (425.0, 2.0)


def test_the_better_of_the_tuned_is_chosen_in_each_turn() -> None:
    speeds = {"textune": (600, 600), "tuned": (100, 300), "tuned-fp32": (200, 200)}
    results = [
        result(program, turn, tokens, 1, 1)
        for program, both in speeds.items()
        for turn, tokens in enumerate(both, start=1)
    ]
    found = summarise(results)["ratios"]["tokens_per_second"]
    assert found["best tuned"]["turns"] == [3.0, 2.0]


def test_the_table_holds_the_ratios_and_says_where_nothing_was_seen() -> None:
    results = [result("textune", 1, 800, 400, None), result("default", 1, 200, 1000, 900)]
    console = Console(file=io.StringIO(), width=200)
    show({"settings": {"text": "book.txt"}, **summarise(results)}, console)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    ours, theirs = (
        [part.strip() for part in line.split("│")[2:-1]]
        for name in ("textune", "default")
        for line in lines
        if POLICIES[name] in line
    )
    assert ours == ["fp32", "16.00", "400", "-", "2.000", "400", "-", "-"]
    assert theirs == ["fp32", "16.00", "100", "4.00", "2.000", "1000", "900", "2.50"]
    assert lines[-1] == "textune against default: 4.00 times the real tokens a second (turns: 4.00)"


def test_programs_without_textune_have_no_ratios() -> None:
    found = summarise([result("default", 1, 200, 1000, None)])
    assert (found["ratios"]["tokens_per_second"], found["times_textune"]) == ({}, {})
    assert cell(None, ".2f") == "-"


def test_the_same_texts_are_drawn_again_and_no_more_than_there_are(
    text: Path, sentences: list[str]
) -> None:
    def drawn(*options: str) -> list[str]:
        return parse(["--base", "x", "--text", str(text), *options])[1]

    some = drawn("--steps", "2", "--batch-size", "8")
    assert len(some) == 16
    assert some == drawn("--steps", "2", "--batch-size", "8")
    assert set(some) < set(sentences)
    assert sorted(drawn("--steps", "9", "--batch-size", "8")) == sorted(sentences)


def test_a_text_is_what_textune_takes_for_a_document(tmp_path: Path) -> None:
    file = tmp_path / "blocks.txt"
    file.write_text("one\ntwo\n\nthree\n\nfour\nfive\n", encoding="utf-8")
    assert read(file) == ["one\ntwo", "three", "four\nfive"]


def test_what_is_given_wins_over_quick(text: Path) -> None:
    options, _ = parse(["--base", "x", "--text", str(text), "--quick", "--turns", "3"])
    assert (options.steps, options.turns) == (masked.QUICK["steps"], 3)
    assert options.only == list(POLICIES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only", "textune,nobody"], "--only nobody: allowed are textune, default, tuned"),
        (["--data", "nowhere"], "--data nowhere: meditations/clean.txt not found"),
        (["--text", "nowhere.txt"], "--text nowhere.txt"),
        (["--steps", "0"], "invalid positive value: '0'"),
        (["--text", "{text}", "--batch-size", "99"], "40 texts, and one update takes 99"),
    ],
)
def test_a_wrong_option_is_explained(
    options: list[str], message: str, text: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--base", "x", *(option.format(text=text) for option in options)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
