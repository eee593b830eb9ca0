import argparse
import csv
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from seqeval.metrics import f1_score
from torch.nn import functional

from bench import peer_answers, peer_tags, quality_measure
from bench.jobs import Job
from bench.quality import main, parse, settle
from bench.quality_sets import SETS, drawn, hold_out, prepare
from conftest import WORDS
from textune.metrics import spans

PROGRAMS = ("textune", "default", "tuned-fp32")
STEPS = 24  # rows of each training file
BY_HEART = {"sts-b": 50, "rte": 24, "wnut-17": 20, "squad": 20, "imdb": 40}  # epochs


def words(draw: random.Random, count: int) -> list[str]:
    return draw.choices(WORDS, k=count)


def sentence(draw: random.Random, count: int = 6) -> str:
    return " ".join(words(draw, count))


def tagged(draw: random.Random) -> str:
    lines = []
    for word in words(draw, 7):
        tag = {"film": "B-thing", "book": "B-thing"}.get(word, "O")
        lines.append(f"{word}\t{tag}\n")
    return "".join([*lines, "film\tB-thing\nday\tI-thing\n", "\n"])


def asked(draw: random.Random, name: str) -> dict[str, Any]:
    context = f"{sentence(draw, 9)} {name} film was {sentence(draw, 5)}"
    answer = {"text": "film", "answer_start": context.index(f"{name} film") + len(name) + 1}
    question = {"question": "what was it?", "id": name, "answers": [answer, answer]}
    return {"context": context, "qas": [question, question | {"id": f"{name}2"}]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder laid out as the public data sets."""
    folder = tmp_path_factory.mktemp("data")
    draw = random.Random(0)
    for name in ("stsbenchmark", "rte", "wnut17", "squadshifts", "squad", "imdb"):
        (folder / name).mkdir()
    for part in ("train", "dev", "test"):
        rows = [
            f'main\tMSR\t2012\t{n}\t{n % 6}.500\t"{sentence(draw)}\t{sentence(draw)}\tmore\n'
            for n in range(STEPS)
        ]
        (folder / "stsbenchmark" / f"sts-{part}.csv").write_text("".join(rows))
    for part in ("train", "dev"):
        names = ("entailment", "not_entailment")
        rows = [f"{n}\t{sentence(draw)}\t{sentence(draw)}\t{names[n % 2]}\n" for n in range(STEPS)]
        lines = ["index\tsentence1\tsentence2\tlabel\n", *rows]
        (folder / "rte" / f"{part}.tsv").write_text("".join(lines))
    for file in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"):
        (folder / "wnut17" / file).write_text("".join(tagged(draw) for _ in range(STEPS)))
    for file in ("squadshifts/new_wiki_v1.0.json.gz", "squad/dev-v1.1.json.gz"):
        passages = [asked(draw, name) for name in WORDS[: STEPS // 2]]
        text = json.dumps({"data": [{"title": "T", "paragraphs": passages}]})
        (folder / file).write_bytes(gzip.compress(text.encode()))
    for part in ("train", "test"):
        opened = io.StringIO()
        rows = csv.writer(opened)
        rows.writerow(["file", "rating", "label", "text"])
        rows.writerows([n, 1, int(n >= STEPS // 2), f'{sentence(draw)} "q"'] for n in range(STEPS))
        content = gzip.compress(opened.getvalue().encode())
        (folder / "imdb" / f"{part}.csv.gz").write_bytes(content)
    return folder


def job(prepared: Any, program: str, base: Path, scratch: Path, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "program": program,
        "base": str(base),
        "task": prepared.kind,
        "labels": prepared.labels,
        "train": str(prepared.train),
        "valid": str(prepared.valid),
        "sets": {name: str(file) for name, file in prepared.sets.items()},
        "metrics": prepared.metrics,
        "scratch": str(scratch),
        "seed": 1,
        "turn": 1,
        "epochs": 2,
        "batch_size": 8,
        "lr": 1e-3,
        "max_tokens": 32,
        "threads": 1,
    }
    return Job(**values | changes)


@pytest.mark.parametrize("task", list(SETS))
@pytest.mark.exhaustive
def test_every_program_trains_on_the_same_rows_and_is_scored_on_both_sets(
    task: str, data: Path, tmp_path: Path, tiny_base: Path
) -> None:
    prepared = prepare(task, data, tmp_path, rows=16, test_rows=10)
    found = []
    for program in PROGRAMS:
        (tmp_path / program).mkdir()
        found.append(quality_measure.run(job(prepared, program, tiny_base, tmp_path / program)))
    metric = SETS[task].metric
    for each in found:
        assert each.examples == prepared.rows["train"]
        assert each.examples_per_second > 0
        assert each.padding >= 1
        assert set(each.scores) == {f"valid {metric}", f"test {metric}"}
        assert all(value is None or -1 <= value <= 1 for value in each.scores.values())
    tokens = [each.tokens_per_second * each.train_seconds for each in found]
    assert tokens[0] == pytest.approx(tokens[1], rel=0.01)  # the same tokens were read
    assert tokens[2] == pytest.approx(tokens[1], rel=1e-6)


@pytest.mark.parametrize("task", list(SETS))
@pytest.mark.exhaustive
def test_the_trainer_learns_each_task_by_heart(
    task: str, data: Path, tmp_path: Path, tiny_base: Path
) -> None:
    prepared = prepare(task, data, tmp_path, rows=8, test_rows=8)
    sets = {name: str(prepared.train) for name in ("valid", "test")}
    asked = job(
        prepared,
        "default",
        tiny_base,
        tmp_path,
        sets=sets,
        valid=sets["valid"],
        epochs=BY_HEART[task],
        batch_size=4,
        lr=3e-3,
    )
    found = quality_measure.run(asked)
    assert found.scores[f"test {SETS[task].metric}"] == pytest.approx(1.0, abs=0.15)


def test_textune_reads_on_where_the_trainer_stops_unless_told_to_stop_there_too(
    data: Path, tmp_path: Path, tiny_base: Path
) -> None:
    prepared = prepare("imdb", data, tmp_path, rows=16, test_rows=8)
    read = []
    for program, long in (("default", None), ("textune", "head"), ("textune", "window")):
        scratch = tmp_path / f"{program}-{long}"
        scratch.mkdir()
        asked = job(prepared, program, tiny_base, scratch, epochs=1, max_tokens=8, long=long)
        found = quality_measure.run(asked)
        read.append(found.tokens_per_second * found.train_seconds)
    assert read[1] == pytest.approx(read[0], rel=0.01)
    assert read[2] > 1.2 * read[0]


def test_the_weights_best_on_validation_are_scored(
    data: Path, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench import peer_trainer

    kept = []
    stop = peer_trainer.QualityClock.stop

    def watched(clock: Any) -> None:
        stop(clock)
        kept.append(clock._found[-1])

    monkeypatch.setattr(peer_trainer.QualityClock, "stop", watched)
    prepared = prepare("imdb", data, tmp_path, rows=16, test_rows=8)
    found = quality_measure.run(job(prepared, "default", tiny_base, tmp_path, epochs=6, lr=5e-3))
    assert len(kept) == 6
    assert found.scores["valid accuracy"] == max(kept)


def test_a_draw_is_always_the_same_keeps_the_order_and_has_every_label() -> None:
    rows = [{"text": str(n), "label": "rare" if n == 777 else "usual"} for n in range(1000)]
    found = drawn(rows, 20, names=("rare", "usual"))
    numbers = [int(row["text"]) for row in found]
    assert len(set(numbers)) == 20
    assert numbers == sorted(numbers)
    assert 777 in numbers
    assert found == drawn(rows, 20, names=("rare", "usual"))
    assert drawn(rows, None) == drawn(rows, 5000) == rows


def test_questions_of_a_passage_stay_on_one_side() -> None:
    rows = [{"question": str(n), "context": str(n // 7)} for n in range(210)]
    train, valid = hold_out(rows, 30)
    assert len(train) + len(valid) == 210
    assert 30 <= len(valid) < 30 + 7
    assert not {row["context"] for row in train} & {row["context"] for row in valid}
    assert [int(row["question"]) for row in train] == sorted(int(r["question"]) for r in train)


def test_texts_without_a_passage_are_held_out_one_by_one() -> None:
    rows = [{"text": "alike", "label": str(n)} for n in range(50)]
    train, valid = hold_out(rows, 10)
    assert (len(train), len(valid)) == (40, 10)


def test_each_file_is_read_as_it_stands(data: Path) -> None:
    one = {name: next(iter(goal.read(data / goal.train))) for name, goal in SETS.items()}
    assert one["sts-b"]["label"] == 0.5
    assert one["sts-b"]["text"].startswith('"')
    assert set(one["sts-b"]) == {"text", "pair", "label"}
    assert one["rte"]["label"] == "entailment"
    assert len(one["wnut-17"]["words"]) == len(one["wnut-17"]["tags"]) == 9
    assert one["wnut-17"]["tags"][-2:] == ["B-thing", "I-thing"]
    given = one["squad"]["answers"]
    start = given["answer_start"][0]
    assert one["squad"]["context"][start : start + 4] == given["text"][0] == "film"
    assert one["imdb"]["text"].endswith('"q"')


@pytest.mark.exhaustive
def test_the_public_files_have_their_published_sizes(shared: Path) -> None:
    sizes = {"sts-b": 5749, "rte": 2490, "wnut-17": 3394, "squad": 7938, "imdb": 25000}
    counts = {name: sum(1 for _ in goal.read(shared / goal.train)) for name, goal in SETS.items()}
    assert counts == sizes


def test_scores_of_tags_count_words_that_were_cut_off() -> None:
    rows = [{"words": ["a", "b", "c"], "tags": ["B-x", "I-x", "B-x"]}]
    logits = torch.tensor([[0.0, 9, 0], [0, 9, 0], [0, 0, 9], [9, 0, 0]])  # O, B-x, I-x
    features = [{"words": [None, 0, 1, None]}]
    asked = argparse.Namespace(labels=("O", "B-x", "I-x"))
    found = peer_tags.score(rows, features, [{"logits": logits}], asked)  # type: ignore[arg-type]
    assert found == pytest.approx(f1_score([rows[0]["tags"]], [["B-x", "I-x", "O"]]))
    assert found == pytest.approx(2 / 3)


def test_the_first_piece_of_each_word_is_learned() -> None:
    assert peer_tags.firsts([None, 0, 0, 1, 3, 3, None]) == {0: 1, 1: 3, 3: 4}


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [((4, 8), (3, 4)), ((5, 6), (3, 3)), ((3, 4), (2, 2)), ((0, 2), (0, 0)), ((10, 14), (0, 0))],
)
def test_an_answer_has_its_tokens_where_a_window_shows_it_whole(
    answer: tuple[int, int], tokens: tuple[int, int]
) -> None:
    window = [None, None, (2, 4), (4, 6), (6, 8), (9, 12), None]
    assert peer_answers.places(window, *answer) == tokens


def test_the_best_answer_is_in_the_passage_in_order_and_not_too_long() -> None:
    window = [None, (0, 3), (4, 7), *((10 * n, 10 * n + 5) for n in range(1, 40)), None]
    draw = np.random.default_rng(0)
    start, end = draw.normal(size=(2, len(window)))
    found = peer_answers.likeliest(start, end, window)
    best = max(
        (start[one] + end[two], window[one][0], window[two][1])
        for one in np.argsort(-start)[:20]
        for two in np.argsort(-end)[:20]
        if window[one] and window[two] and one <= two < one + 30
    )
    assert found == pytest.approx(best)
    assert peer_answers.likeliest(start, end, [None] * len(window)) is None


def test_the_loss_of_answers_leaves_padding_out() -> None:
    draw = torch.Generator().manual_seed(0)
    start, end = torch.randn(2, 2, 6, generator=draw)
    mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1] * 6])
    ends = {"start": start, "end": end}
    inputs = {
        "attention_mask": mask,
        "start_positions": torch.tensor([1, 4]),
        "end_positions": torch.tensor([3, 5]),
    }
    found = peer_answers.loss(inputs, {f"{name}_logits": part for name, part in ends.items()})
    alone = [
        functional.cross_entropy(
            part[row, : int(mask[row].sum())], inputs[f"{name}_positions"][row]
        )
        for name, part in ends.items()
        for row in range(2)
    ]
    assert found.item() == pytest.approx(float(sum(alone)) / 4)


def test_f1_of_answers_is_that_of_textune() -> None:
    draw = random.Random(0)
    pool = ["The", "a", "Roman", "wall,", "wall", "of", "1066", "(north)", "-", "Rome's"]
    for _ in range(200):
        text = " ".join(draw.choices(pool, k=draw.randint(0, 5)))
        references = [" ".join(draw.choices(pool[2:7], k=draw.randint(1, 4))) for _ in range(3)]
        expected = spans.overlap_f1(text, references)
        assert peer_answers.f1(text, references) == pytest.approx(expected)


def test_what_is_given_wins_over_the_task_and_full_takes_all_rows(data: Path) -> None:
    def settled(task: str, *given: str) -> tuple[object, ...]:
        found = settle(parse(["--base", "x", "--data", str(data), *given]), task)
        return found.rows, found.test_rows, found.epochs, found.max_tokens

    assert settled("imdb") == (200, 200, 2, 512)
    assert settled("imdb", "--full") == (2000, 2000, 2, 512)
    assert settled("squad", "--full", "--epochs", "7") == (None, 1000, 7, 384)
    assert settled("squad", "--rows", "9", "--full") == (9, 1000, 2, 384)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "cola"], "invalid choice: 'cola'"),
        (["--data", "nowhere", "--task", "rte"], "--data nowhere: rte/train.tsv, rte/dev.tsv"),
        (["--only", "tuned-bf16"], "--only tuned-bf16: allowed are textune, default, tuned"),
    ],
)
def test_a_wrong_option_is_explained(
    options: list[str], message: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--data", str(data), "--base", "x", *options])
    assert message in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_tiny_run_prints_scores_and_speed_of_every_program(
    data: Path, tmp_path: Path, tiny_base: Path, forked: None, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "numbers.json"
    tiny = ("--rows", "12", "--test-rows", "8", "--seeds", "2", "--epochs", "1")
    places = ("--base", str(tiny_base), "--data", str(data), "--json", str(target))
    main(["--task", "rte", "--threads", "1", *tiny, *places, "--max-tokens", "32"])
    printed = capsys.readouterr().out
    found = json.loads(target.read_text(encoding="utf-8"))["tasks"]["rte"]
    assert [each["program"].partition("-")[0] for each in found["trainings"]] == [
        *("textune", "default", "tuned"),
        *("textune", "default"),
    ]
    assert found["rows"] == {"train": 12, "valid": 3, "test": 8}
    assert found["quality"]["seeds"] == 2
    assert found["quality"]["words"] in printed
    assert found["speed"]["ratio"] > 0
    for program in found["programs"].values():
        assert program["policy"] in printed
