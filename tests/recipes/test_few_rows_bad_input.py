"""Few rows of any kind end in a sensible run or a clear message, never in a library's words."""

import json
import re

import pytest
from typer.testing import CliRunner

from textune.doors.cli import app
from textune.errors import DataError

GOOD, BAD, REST = ("good", "fine", "warm"), ("bad", "dull", "cold"), ("film", "story", "plot")


def text(number):
    words = GOOD if number % 2 else BAD
    return f"{words[number % 3]} {REST[number % 3]} {words[number // 2 % 3]} {number}"


def name(number):
    return "yes" if number % 2 else "no"


TABLES = {
    "one example in a class": [*((text(n), name(n)) for n in range(30)), ("odd film", "odd")],
    "fewer rows than folds": [(text(n), name(n)) for n in range(4)],
    "three rows": [(text(n), name(n)) for n in range(3)],
    "many classes, two each": [(f"{text(n)} film", f"class {n // 2}") for n in range(120)],
    "five numbers": [(text(n), f"{n % 2 + n / 100}") for n in range(5)],
}
REFUSED = {
    "two rows": ([(text(n), name(n)) for n in range(2)], "nothing is left for validation"),
    "all texts equal": (
        [("the same film", name(n)) for n in range(40)],
        "all 40 texts are the same: nothing in them tells the labels apart",
    ),
    "one label": ([(text(n), "yes") for n in range(40)], "have the same label 'yes'"),
    "a class a text": ([(text(n), f"class {n}") for n in range(40)], "one text of each of the 40"),
    "unlabelled rows": (
        [(text(n), name(n // 3) if n % 3 else "") for n in range(60)],
        "only those without a label: `--skip label=`",
    ),
}


def train(rows, base, folder, *options):
    file = folder / "rows.csv"
    lines = ["text,label", *(f"{one},{label}" for one, label in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["train", file, "--base", base, "--out", folder / "run", "--set", "train.epochs=2"]
    return CliRunner().invoke(app, [*map(str, words), *options])


@pytest.mark.parametrize("kind", list(TABLES))
def test_few_rows_make_a_run(kind, tiny_base, tmp_path):
    found = train(TABLES[kind], tiny_base, tmp_path)
    assert found.exit_code == 0, found.output
    assert not re.search(r"Traceback|Warning", found.output)
    assert (tmp_path / "run" / "metrics.json").is_file()


@pytest.mark.parametrize("kind", list(REFUSED))
def test_what_nothing_can_be_learned_from_is_refused_in_words(kind, tiny_base, tmp_path):
    rows, words = REFUSED[kind]
    found = train(rows, tiny_base, tmp_path)
    assert isinstance(found.exception, DataError)  # of which the door makes exit code 2
    assert words in str(found.exception)
    assert not re.search(r"Traceback|Warning", found.output)


def test_rows_without_a_label_are_left_out_as_the_message_says(tiny_base, tmp_path):
    found = train(REFUSED["unlabelled rows"][0], tiny_base, tmp_path, "--skip", "label=")
    assert found.exit_code == 0, found.output
    card = json.loads((tmp_path / "run" / "data_card.json").read_text())
    assert sum(card["splits"].values()) == 40


def test_a_model_at_chance_is_said_to_be_so_with_ways_out(tiny_base, tmp_path):
    rows = [(f"film {REST[n % 3]} plot", name(n // 3)) for n in range(60)]
    rows = [(f"{one} {n}", label) for n, (one, label) in enumerate(rows)]
    found = train(rows, tiny_base, tmp_path, "--lr", "1e-6", "--recipe", "classic")
    assert found.exit_code == 0, found.output
    said = " ".join(found.output.split())
    assert "note: the model is no better than chance: MCC" in said
    assert "answers that read no text have 0.000. " in said
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["at_chance"] in said
    assert "no better than chance" in (tmp_path / "run" / "report.html").read_text()
