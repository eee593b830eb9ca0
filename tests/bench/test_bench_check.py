import csv
import json

import pytest

from bench import check


def test_made_rows_are_short_texts_with_one_of_three_labels():
    drawn = list(check.rows(300))
    assert drawn == list(check.rows(300))
    assert all(40 < len(text) <= 110 for _, _, text, _ in drawn)
    assert {label for *_, label in drawn} == {"positive", "negative", "neutral"}


def test_the_formats_hold_the_same_rows(tmp_path):
    import pyarrow.parquet as pq

    files = [check.make(tmp_path / f"rows.{kind}", 40) for kind in check.KINDS]
    with files[0].open(newline="") as opened:
        texts = [row["text"] for row in csv.DictReader(opened)]
    assert texts == [json.loads(line)["text"] for line in files[1].read_text().splitlines()]
    assert texts == pq.read_table(files[2])["text"].to_pylist()
    assert len(texts) == 40


@pytest.mark.exhaustive
def test_a_command_is_measured_and_its_numbers_are_written(tmp_path):
    file = tmp_path / "out.json"
    check.main(["--rows", "60", "--only", "csv", "--json", str(file)])
    took = json.loads(file.read_text())["csv"]
    assert took["code"] == 0
    assert took["processor"] > 0
    assert took["mebibytes"] > 50
