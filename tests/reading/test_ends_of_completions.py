"""Marks at the ends of prompts and completions are no part of texts and labels."""

import json

import pytest

from textune.reading import sources
from textune.reading.forms import completions
from textune.survey import survey
from thinning import crossed

NAMES = ("sports", "finance", "tech")


def written(file, after, end, keys=("prompt", "completion")):
    rows = [(f"What is this of, {n}?{after}", f" {NAMES[n % 3]}{end}") for n in range(24)]
    file.write_text("\n".join(json.dumps(dict(zip(keys, row, strict=False))) for row in rows))
    return file


@pytest.mark.parametrize(
    ("end", "after"),
    crossed(
        [" END", "\n", "###", " [END]", "<|endoftext|>", " STOP\n", ""],
        ["\n\n###\n\n", " ->", "\n\n---\n\n", ""],
    ),
)
def test_marks_at_the_ends_are_left_out(tmp_path, after, end):
    file = written(tmp_path / "a.jsonl", after, end)
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    assert dict(found.labels) == dict.fromkeys(NAMES, 8)
    cells = next(sources.read(file).rows()).cells
    assert [cell.strip() for cell in cells] == ["What is this of, 0?", "sports"]


def test_prompts_to_predict_lose_their_mark_as_well(tmp_path):
    file = written(tmp_path / "a.jsonl", " ->", "", keys=["prompt"])
    assert next(sources.read(file).rows()).cells == ("What is this of, 0?",)


def test_what_only_some_end_with_stays(tmp_path):
    file = written(tmp_path / "a.jsonl", "", "")
    lines = file.read_text().splitlines()
    lines[3] = json.dumps({"prompt": "What?", "completion": "the END"})
    file.write_text("\n".join(lines))
    assert [row.cells[1] for row in sources.read(file).rows()][2:4] == [" tech", "the END"]
    assert not completions._mark(["WEEKEND"] * 9, completions._AFTER[completions.COMPLETION])
