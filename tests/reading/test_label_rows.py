"""Rows of a text and its labels, a cell for each, as Watson and Google's AutoML take them."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

ASKED = [
    "How do I reset account %d",
    "Where is parcel %d now",
    "Page %d fails",
    '"Refund %d, late"',
]
NAMES = ["account", "delivery", "bug", "refund"]


def rows(sets=(), more="urgent"):
    for n in range(60):
        labels = [NAMES[n % 4]]
        labels += [NAMES[(n + 1) % 4]] if n % 3 == 0 else []
        labels += [more] if n % 9 == 0 else []
        yield [*([sets[n % len(sets)]] if sets else []), ASKED[n % 4] % n, *labels]


def checked(file):
    return survey.check(file, count_tokens=lambda texts: [len(t.split()) for t in texts])


def written(file, made, width=0):
    lines = [cells + [""] * (width - len(cells)) for cells in made]
    file.write_text("".join(",".join(cells) + "\n" for cells in lines))
    return file


@pytest.mark.parametrize("width", [0, 5], ids=["as long as its labels", "filled with blanks"])
@pytest.mark.parametrize("sets", [(), ("TRAIN", "TEST"), ("training", "validation")], ids=str)
@pytest.mark.covering(1)
def test_further_cells_are_further_labels(tmp_path, sets, width):
    found = checked(written(tmp_path / "data.csv", rows(sets), width))
    text, label = ("2", "3") if sets else ("1", "2")
    assert (found.contract.text, found.contract.label) == ((text,), (label,))
    assert (found.contract.task, found.rows) == ("multi", 60)
    assert dict(found.labels) == {**dict.fromkeys(NAMES, 20), "urgent": 7}
    first = next(found.table.rows()).cells
    assert json.loads(first[-1]) == ["account", "delivery", "urgent"]


def test_a_comma_in_a_text_makes_no_label(tmp_path):
    said = ["yes please,affirm", "no thanks,I am fine,deny", "that is right,affirm"]
    said += [
        "well,no,deny",
        "I say no,deny",
        "thanks,bye,bye",
        "see you later,bye",
        "ok,yes,affirm",
    ]
    file = tmp_path / "data.csv"
    file.write_text("\n".join(said * 3))
    with pytest.raises(DataError, match=r"expected 2 columns \(1, 2\), found 3"):
        list(sources.read(file).rows())


def test_labels_that_every_row_has_are_columns(tmp_path):
    made = ([ASKED[n % 4] % n, NAMES[n % 4], NAMES[(n + 1) % 4]] for n in range(40))
    assert len(sources.read(written(tmp_path / "data.csv", made)).columns) == 3


@pytest.mark.parametrize("places", ["gs://ours/texts/%d.txt", "s3://ours/%d.txt"])
def test_texts_in_the_storage_of_a_cloud_are_no_texts(tmp_path, places):
    made = (["TRAIN", places % n, NAMES[n % 4]] for n in range(40))
    file = written(tmp_path / "data.csv", made)
    with pytest.raises(DataError, match=r"data.csv: column '2' names texts .*fetch them"):
        sources.read(file)
