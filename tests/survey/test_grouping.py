"""A column whose rows belong together is told where there is no --group; others are not."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

import textune
from textune.doors import cli


def write(file, column, *, agrees=0.9, values=40, seed=0):
    """Write 400 rows; labels agree within a value so often, and lie at random else."""
    draw = np.random.default_rng(seed)
    own = draw.integers(0, 2, values)
    with file.open("w", newline="", encoding="utf-8") as opened:
        out = csv.writer(opened)
        out.writerow(["text", "label", column])
        for _ in range(400):
            value = int(draw.integers(0, values))
            label = own[value] if draw.random() < agrees else draw.integers(0, 2)
            words = " ".join("".join(draw.choice(list("abcdefgh"), 5)) for _ in range(8))
            out.writerow([words, ("no", "yes")[int(label)], f"name{value}"])
    return file


def said(file):
    return [one.message for one in textune.check(file).findings if one.kind == "groups"]


def test_check_and_train_name_the_column_and_the_share(tiny_base, tmp_path):
    file = write(tmp_path / "a.csv", "author")
    (found,) = said(file)
    assert found.startswith("400 of 400 rows share their 'author' with others")
    assert "--group author keeps them together" in found
    told = CliRunner().invoke(
        cli.app,
        ["train", str(file), "--base", str(tiny_base), "--out", str(tmp_path / "run"), "--set",
         "data.valid_share=0.2", "--epochs", "0"],
    )  # fmt: skip
    assert "rows that were set aside (100%) have a row of their 'author' in training" in " ".join(
        told.output.split()
    )
    assert not [one for one in textune.check(file, group="author").findings if one.kind == "groups"]


@pytest.mark.parametrize(
    ("column", "agrees"),
    [("author", 0.0), ("intent", 0.9), ("subtopic", 1.0), ("rating", 0.9)],
    ids=["labels do not agree", "another label", "finer label", "score"],
)
@pytest.mark.first(2)
def test_other_columns_give_no_hint(tmp_path, column, agrees):
    assert said(write(tmp_path / "a.csv", column, agrees=agrees)) == []


def test_a_column_of_another_name_needs_more_of_a_difference(tmp_path):
    assert said(write(tmp_path / "a.csv", "von", agrees=0.8))
    assert said(write(tmp_path / "b.csv", "von", agrees=0.25)) == []
