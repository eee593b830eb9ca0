import argparse
import csv

import numpy as np
import pytest

from bench import suspects


def test_labels_are_flipped_by_the_seed(shared, tmp_path):
    options = suspects.parse(["--rows", "60", "--share", "0.1"])
    assert options.first == 6
    wrong = suspects.write(tmp_path / "a.csv", options, 0)
    options.share = 0.0
    assert len(suspects.write(tmp_path / "b.csv", options, 0)) == 0
    both = []
    for name in ("a.csv", "b.csv"):
        with (tmp_path / name).open(encoding="utf-8", newline="") as opened:
            both.append([row["label"] for row in csv.DictReader(opened)])
    changed = np.flatnonzero(np.asarray(both[0]) != np.asarray(both[1]))
    assert changed.tolist() == wrong.tolist()
    assert len(wrong) == 6


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ("0", "--share: invalid share value: '0'"),
        ("1.5", "--share: invalid share value: '1.5'"),
        ("nan", "--share: invalid share value: 'nan'"),
        ("0.001", "--share 0.001: of 60 rows that flips none; give 0.0167 or more, or more --rows"),
    ],
)
def test_a_share_that_flips_nothing_is_refused(shared, capsys, share, said):
    with pytest.raises(SystemExit):
        suspects.parse(["--rows", "60", "--share", share])
    assert said in capsys.readouterr().err


def test_precision_is_that_of_the_first_suspects():
    options = argparse.Namespace(first=4, rows=100)
    found = suspects.judged(np.asarray([3, 9, 5, 50, 7]), np.asarray([3, 5, 7, 11, 13]), options)
    assert found["precision"] == 0.5
    assert found["times chance"] == pytest.approx(10)
    assert found["recall"] == 0.6
