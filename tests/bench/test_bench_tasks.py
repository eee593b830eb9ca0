import functools
import json
from pathlib import Path

import pytest

from bench import tasks
from bench.tasks import TASKS, prepare, read_prepared

read_file = functools.cache(tasks.read)  # of IMDB it takes a while
WHOLE = {"cola": 8551, "imdb": 25000, "goemotions": 43410}


@pytest.mark.parametrize("name", list(TASKS))
@pytest.mark.exhaustive
def test_a_limit_takes_rows_evenly_and_every_program_reads_the_same(
    name: str, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "read", read_file)
    assert set(WHOLE) == set(TASKS)
    prepared = prepare(name, shared, tmp_path, limit=100, score_limit=30)
    texts, targets = read_prepared(prepared.train, prepared.kind, prepared.labels)
    assert len(texts) == len(targets) == prepared.rows["train"] == 100
    assert all(text.strip() for text in texts)
    assert [prepared.rows[title] for title in prepared.sets] == [30] * len(prepared.sets)
    assert prepared.valid == next(iter(prepared.sets.values()))
    first = json.loads(prepared.train.read_text(encoding="utf-8").splitlines()[0])
    if prepared.kind == "single":
        assert 0.3 < sum(targets) / 100 < 0.85
        assert set(first) == {"text", "label"}
    else:
        assert len(prepared.labels) == 28
        assert all(1 <= sum(marks) <= 5 for marks in targets)
        assert set(first) == {"text", *prepared.labels}


@pytest.mark.parametrize("name", list(TASKS))
@pytest.mark.exhaustive
def test_without_a_limit_every_row_is_there(name: str, shared: Path) -> None:
    labels = tasks.label_names(name, shared)
    assert len(read_file(name, shared / TASKS[name].train, labels)) == WHOLE[name]


def test_without_scores_a_few_rows_are_left_for_textune_to_validate_on(
    tmp_path: Path, shared: Path
) -> None:
    prepared = prepare("cola", shared, tmp_path, limit=10, score_limit=0)
    assert (prepared.sets, prepared.rows) == ({}, {"train": 10})
    assert len(prepared.valid.read_text(encoding="utf-8").splitlines()) == 8


def test_several_labels_come_back_as_they_were_written(tmp_path: Path) -> None:
    rows = [("both\u2028lines", ("joy", "fear")), ('"quoted", one', ("fear",))]
    file = tasks.write(tmp_path / "rows.jsonl", rows, "multi", ("fear", "joy"))
    texts, targets = read_prepared(file, "multi", ("fear", "joy"))
    assert texts == [text for text, _ in rows]
    assert targets == [[1.0, 1.0], [1.0, 0.0]]


def test_the_draw_is_always_the_same_and_keeps_the_order_of_the_file() -> None:
    rows = [(str(number), ("0",)) for number in range(1000)]
    drawn = [int(text) for text, _ in tasks.drawn(rows, 50)]
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 50
    assert drawn == [int(text) for text, _ in tasks.drawn(rows, 50)]
    assert tasks.drawn(rows, 0) == []
    assert tasks.drawn(rows, None) == rows
