"""What Python holds is read as a data frame is: records, columns, texts with labels, data sets."""

import random

import numpy as np
import pytest

import textune
from conftest import WORDS
from textune.errors import DataError
from textune.reading import sources

TEXTS = ["a good film", "the bad meal", "very warm"]
LABELS = ["good", "bad", "good"]


class ClassLabel:
    def __init__(self, *names):
        self.names = list(names)


class Dataset:
    """What is used of a `Dataset` of Hugging Face datasets."""

    def __init__(self, rows, **features):
        self.rows, self.features = rows, features
        self.column_names = list(rows[0]) if rows else ["text"]
        self.formatted = False

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        assert not self.formatted
        return iter(self.rows)

    def with_format(self, kind):
        return Dataset(self.rows, **self.features)


def both(text, label):
    return {"text": text, "label": label}


SAME = {
    "dicts": [both(text, label) for text, label in zip(TEXTS, LABELS, strict=True)],
    "texts and labels": (TEXTS, LABELS),
    "arrays": (np.array(TEXTS), np.array(LABELS)),
    "pairs of text and label": list(zip(TEXTS, LABELS, strict=True)),
    "columns": {"text": TEXTS, "label": np.array(LABELS)},
    "data set": Dataset(
        [both(text, LABELS.index(label)) for text, label in zip(TEXTS, LABELS, strict=True)],
        text=object(),
        label=ClassLabel("good", "bad"),
    ),
}


@pytest.mark.parametrize("kind", list(SAME))
def test_all_ways_give_the_same_rows_again_and_again(kind):
    table = sources.read(SAME[kind])
    assert table.columns == ("text", "label")
    for _ in range(2):
        rows = list(table.rows())
        assert [row.cells for row in rows] == list(zip(TEXTS, LABELS, strict=True))
        assert [row.origin for row in rows] == ["row 1", "row 2", "row 3"]


def test_missing_keys_and_none_are_empty_cells_and_lists_stay_lists():
    table = sources.read([{"text": "a", "n": None}, {"text": "b", "tags": ("x", "y"), "n": 2.5}])
    assert [row.cells for row in table.rows()] == [("a", "", ""), ("b", "2.5", '["x", "y"]')]
    pairs = sources.read(([("one", "two"), ("three", "four")], [1, 0]))
    assert [row.cells for row in pairs.rows()] == [("one", "two", "1"), ("three", "four", "0")]
    words = sources.read(([["a", "b"]], [["O", "B-X"]]))
    assert next(iter(words.rows())).cells == ('["a", "b"]', '["O", "B-X"]')


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ((TEXTS, LABELS[:2]), "3 texts but 2 labels"),
        ({"text": TEXTS, "label": ["x"]}, r"differ in length \(text: 3, label: 1\)"),
        (dict.fromkeys("ab", SAME["data set"]), r"a dict of data sets \(a, b\), none of which"),
        ([], "there is no row in it"),
        (["only texts"], "no such file; .* give texts with their labels"),
        ({"text": "one"}, "a dict holds a list for each column"),
        (Dataset([]), "there is no row in it"),
        (5, "a int cannot be read; give a path"),
        ([{"text": "a\0b", "label": "x"}], "row 1: a NUL character"),
    ],
    ids=range(9),
)
def test_what_is_no_table_is_refused_with_what_is_allowed(source, words):
    with pytest.raises(DataError, match=words):
        list(sources.read(source).rows())


def test_check_train_and_evaluate_take_them(tiny_base, tmp_path):
    draw = random.Random(0)
    labels = [draw.choice(["good", "bad"]) for _ in range(80)]
    kinds = {"good": WORDS[:5], "bad": WORDS[5:10]}
    texts = [" ".join(draw.choices(kinds[label], k=4)) for label in labels]
    rows = [both(text, label) for text, label in zip(texts, labels, strict=True)]
    assert textune.check(rows).labels == {name: labels.count(name) for name in ("bad", "good")}
    options = {"base": tiny_base, "epochs": 1, "batch_size": 16, "seed": 1}
    run = textune.train((texts, labels), valid=rows, out=tmp_path / "run", **options)
    found = textune.evaluate(run, {"text": texts, "label": labels})
    assert found["accuracy"] == run.metrics["valid"]["accuracy"]
