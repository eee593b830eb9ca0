"""A file whose columns stand otherwise than in training: recognised and said, or refused."""

import csv
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from made_runs import make_run
from textune import Predictor
from textune.corpora import parts
from textune.doors.cli import app
from textune.errors import DataError
from textune.predicting import files
from textune.predicting.predictor import Reading
from textune.reading import sources
from textune.records import Contract, Look
from textune.settings.config import Settings
from textune.tasks import examples, layout
from textune.tasks.contract import understand
from thinning import crossed

LABELS = ("bad", "good")
LOOKS = (Look("text", 8.0),)
WORDS = ["the", "film", "was", "good", "and", "dull", "cold", "warm", "book", "song", "day"]


def texts(count=24, words=8):
    draw = random.Random(5)
    return [f"{' '.join(draw.choices(WORDS, k=words - 1))} n{n}" for n in range(count)]


TEXTS = texts()
ANSWERS = [LABELS[n % 2] for n in range(len(TEXTS))]
NUMBERS = [str(100 + 7 * n) for n in range(len(TEXTS))]
DATES = [f"2024-03-{1 + n:02}" for n in range(len(TEXTS))]
TITLES = texts(words=2)
CODES = [f"ab{n}x9" for n in range(len(TEXTS))]


def make(folder, base, **contract):
    known = {"columns": ("text", "label"), "looks": LOOKS, **contract}
    return make_run(folder, base, "single", list(LABELS), **known)


@pytest.fixture(scope="module")
def named(tiny_base, tmp_path_factory):
    return make(tmp_path_factory.mktemp("named"), tiny_base)


@pytest.fixture(scope="module")
def nameless(tiny_base, tmp_path_factory):
    known = {"text": ("1",), "label": ("2",), "header": False, "columns": ("1", "2")}
    return make(tmp_path_factory.mktemp("nameless"), tiny_base, **known)


def write(tmp_path, columns, *, header=True, kind="csv"):
    """Write a file of columns: name → cells."""
    path = tmp_path / f"new.{kind}"
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    elif kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if kind == "tsv" else ",")
            lines = [row.values() for row in rows]
            writer.writerows([list(columns), *lines] if header else lines)
    return path


def read(run, path, options=None):
    """Read the texts of a file as `predict` does, and what is said of it."""
    predictor, options = Predictor.opened(run), options or Reading()
    found = [item.text for item in files.read_texts(predictor, str(path), options)]
    return found, " ".join(files.remarks(predictor, str(path), options))


RECOGNISED = {
    "an index in front": {"": NUMBERS, "text": TEXTS, "label": ANSWERS},
    "another order": {"label": ANSWERS, "text": TEXTS},
    "more columns": {"id": CODES, "label": ANSWERS, "date": DATES, "text": TEXTS, "n": NUMBERS},
    "another case": {"ID": CODES, "Text ": TEXTS},
    "another name": {"id": NUMBERS, "review": TEXTS, "date": DATES},
    "another name, beside labels": {"y": ANSWERS, "review": TEXTS},
    "another name, beside a title": {"headline": TITLES, "body": TEXTS},
    "its text alone": {"x": TEXTS},
}


@pytest.mark.parametrize(("kind", "what"), crossed(["csv", "tsv", "jsonl", "parquet"], RECOGNISED))
def test_a_text_is_found_by_name_or_by_what_it_holds(named, tmp_path, what, kind):
    columns = RECOGNISED[what]
    found, said = read(named, write(tmp_path, columns, kind=kind))
    assert found == TEXTS
    name = next(name for name, cells in columns.items() if cells is TEXTS)
    assert (" is read as " in said) == (name != "text")
    assert not said or f"{name.strip()}" in said


UNNAMED = {
    "as in training": [TEXTS, ANSWERS],
    "an index in front": [NUMBERS, TEXTS, ANSWERS],
    "labels first": [ANSWERS, TEXTS],
    "codes and dates": [CODES, DATES, TEXTS],
    "more columns after it": [TEXTS, ANSWERS, NUMBERS],
    "alone": [TEXTS],
}


@pytest.mark.parametrize("trained", ["named", "nameless"])
@pytest.mark.parametrize("what", UNNAMED)
def test_a_text_without_a_name_is_found_by_what_it_holds(request, trained, tmp_path, what):
    run = request.getfixturevalue(trained)
    columns = {str(n): cells for n, cells in enumerate(UNNAMED[what])}
    assert read(run, write(tmp_path, columns, header=False))[0] == TEXTS


@pytest.mark.parametrize("what", [what for what in RECOGNISED if what != "its text alone"])
def test_a_model_of_places_takes_names(nameless, tmp_path, what):
    assert read(nameless, write(tmp_path, RECOGNISED[what]))[0] == TEXTS


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"review": TEXTS, "answer": texts(words=9)}, "there is no column 'text'.*2 columns could"),
        ({"text": NUMBERS, "body": TEXTS}, "column text, which held the text .* holds numbers"),
        ({"text": CODES, "content": TEXTS}, "the columns stand differently.*--text"),
        ({"id": NUMBERS, "date": DATES}, "there is no column 'text'.*no other column is like it"),
        ({"n": NUMBERS}, "holds numbers such as '100' here"),
    ],
)
def test_what_may_be_two_things_or_nothing_is_refused(named, tmp_path, columns, message):
    with pytest.raises(DataError, match=message):
        read(named, write(tmp_path, columns))


def test_one_text_in_a_row_is_no_pair(tmp_path):
    columns = ("premise", "second", "label")
    contract = Contract("single", columns[:2], ("label",), "name", columns=columns, looks=LOOKS * 2)
    found = sources.read(write(tmp_path, {"body": TEXTS}))
    with pytest.raises(DataError, match="reads two texts of each row: give a file that holds both"):
        layout.fitted(found, contract, ("good", "bad"))


def test_numbers_where_the_texts_stood_are_refused_unless_a_column_is_named(nameless, tmp_path):
    columns = {"0": NUMBERS, "1": TEXTS, "2": texts(words=7)}
    path = write(tmp_path, columns, header=False)
    with pytest.raises(DataError, match=r"column 1, which held .* holds numbers such as '100'"):
        read(nameless, path)
    assert read(nameless, path, Reading(text=("2",)))[0] == TEXTS


def test_lines_of_text_are_texts(named, tmp_path):
    path = tmp_path / "new.txt"
    path.write_text("\n".join(TEXTS))
    assert read(named, path)[0] == TEXTS


def test_predict_says_which_column_it_read(named, tmp_path):
    path, out = write(tmp_path, RECOGNISED["another name"]), tmp_path / "out.csv"
    words = ["predict", str(named), "--input", str(path), "--output", str(out)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.exception
    said = " ".join(result.output.split())
    assert "'review' is read as the text that was 'text' in training, by what it holds" in said
    assert len(out.read_text().splitlines()) == 1 + len(TEXTS)


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ({"id": NUMBERS, "text": TEXTS, "label": ANSWERS}, True),
        ({"Label": ANSWERS, "Text": TEXTS}, True),
        ({"id": NUMBERS, "review": TEXTS, "sentiment": ANSWERS}, True),
        ({"a": NUMBERS, "b": TEXTS, "c": ANSWERS}, False),
        ({"label": NUMBERS, "text": TEXTS, "label_text": ANSWERS}, True),
    ],
)
def test_evaluate_finds_text_and_labels(named, tmp_path, columns, header):
    path = write(tmp_path, columns, header=header)
    table, agreed = Reading().open(str(path), Predictor.opened(named).card)
    found = list(examples.read(table, examples.of_file(agreed, table)))
    assert [(one.text, one.label) for one in found] == list(zip(TEXTS, ANSWERS, strict=True))


@pytest.mark.parametrize(
    "answers",
    [
        {"decision": ANSWERS, "p(bad)": NUMBERS, "p(good)": NUMBERS},
        {"decision (textune)": ANSWERS, "p(good) (textune)": NUMBERS},
        {"rank": NUMBERS, "uncertainty": NUMBERS, "decision": ANSWERS},
        {"suggested": ANSWERS, "p given": NUMBERS, "p suggested": NUMBERS},
    ],
    ids=["predict", "beside others", "suggest", "suspects"],
)
def test_what_a_model_answered_is_not_taken_for_the_label(named, tmp_path, answers):
    path = write(tmp_path, {"text": TEXTS, **answers})
    table, agreed = Reading().open(str(path), Predictor.opened(named).card)
    name = next(name for name, cells in answers.items() if cells is ANSWERS)
    with pytest.raises(DataError, match="there is no column 'label'") as caught:
        examples.of_file(agreed, table)
        list(examples.read(table, agreed))
    assert f"{name!r} holds what a model answered, and no labels" in str(caught.value)
    own = Reading(label=(name,)).open(str(path), Predictor.opened(named).card)
    assert [one.label for one in examples.read(*own)] == ANSWERS  # where it is asked for


def test_evaluate_says_which_columns_it_read(nameless, tmp_path):
    path = write(tmp_path, {"id": NUMBERS, "review": TEXTS, "sentiment": ANSWERS})
    result = CliRunner().invoke(app, ["evaluate", str(nameless), str(path)])
    assert result.exit_code == 0, result.exception
    said = " ".join(result.output.split())
    assert "'review' is read as the text" in said
    assert "'sentiment' is read as the label" in said


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ({"n": NUMBERS, "text": TEXTS, "label": ANSWERS}, True),
        ({"sentiment": ANSWERS, "review": TEXTS}, True),
        ({"a": NUMBERS, "b": TEXTS, "c": ANSWERS}, False),
    ],
)
def test_validation_files_may_stand_otherwise(tmp_path, columns, header):
    train = write(tmp_path, {"text": TEXTS, "label": ANSWERS}).rename(tmp_path / "train.csv")
    table = sources.read(train)
    agreed = understand(table).contract
    other = str(write(tmp_path, columns, header=header))
    steps = parts.read_parts(table, (other,), agreed, Settings())
    with pytest.raises(StopIteration) as ended:
        while True:
            next(steps)
    _, valid = ended.value.value
    assert [(one.text, one.label) for one in valid] == list(zip(TEXTS, ANSWERS, strict=True))
