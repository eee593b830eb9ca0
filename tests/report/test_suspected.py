"""Labels that may be wrong stand in the page and in Markdown, as confident learning finds them."""

import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_report import EVIL, MULTI, SINGLE, write_run
from typer.testing import CliRunner

from textune.report import mistakes, suspected
from textune.report.pages import Files
from textune.report.section import Subject

RUNNER = CliRunner()


def typed(*words):
    from textune.doors.cli import app

    return RUNNER.invoke(app, ["report", *map(str, words)])


def subject(run):
    return Subject.read(run, Files.read(run))


def doubted(chances, given):
    """Say which labels are doubted by the formula of the paper, each class by a loop."""
    means = [min(0.75, chances[given == c, c].mean()) if (given == c).any() else 2 for c in (0, 1)]
    found = {}
    for row, own in enumerate(given.tolist()):
        likely = [c for c in (0, 1) if chances[row, c] >= means[c] - 1e-9]
        best = max(likely, key=lambda c: chances[row, c], default=own)
        if best != own:
            found[row] = chances[row, own] - chances[row, best]
    return found


def expected(table, labels):
    marks = np.stack([mistakes.marks(table["truth"], labels, single=False)], axis=0)[0]
    rows = {}
    for place, label in enumerate(labels):
        chance = table[f"p({label})"].to_numpy()
        own = marks[:, place].astype(int)
        for row, margin in doubted(np.stack([1 - chance, chance], axis=1), own).items():
            rows[row] = min(margin, rows.get(row, 9.0))
    return rows


def test_several_labels_are_doubted_by_the_papers_formula(tmp_path):
    write_run(tmp_path, MULTI)
    table = pq.read_table(tmp_path / "predictions" / "valid.parquet")
    rows = expected(table, list(MULTI))
    found = suspected.of(subject(tmp_path))
    assert (found.texts, found.likely) == (60, len(rows))
    order = sorted(rows, key=lambda row: rows[row])[: suspected.MOST]
    assert [one.origin for one in found.rows] == [table["origin"][row].as_py() for row in order]
    assert all(one.given != one.suggested for one in found.rows)


@pytest.mark.parametrize("labels", [SINGLE, MULTI], ids=["single", "multi"])
def test_page_and_markdown_list_them_escaped_and_bounded(tmp_path, labels):
    write_run(tmp_path, labels)
    assert typed(tmp_path).exit_code == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    body = page.split('id="suspects"')[1].split("</section>")[0]
    found = suspected.of(subject(tmp_path))
    assert 0 < len(found.rows) <= suspected.MOST < 60
    assert body.count('<td class="origin">') == len(found.rows)
    assert EVIL not in body
    assert EVIL not in page
    shown = f"of {found.texts} labels, {found.likely} may be wrong"
    assert shown in re.sub(r"<[^>]*>", "", body)
    text = typed(tmp_path, "--as", "md").output
    assert f"{found.likely} of {found.texts}" in text.split("### Labels that may be wrong")[1]
    assert EVIL not in text


def test_the_labels_of_a_test_are_not_doubted(tmp_path):
    write_run(tmp_path, SINGLE)
    (tmp_path / "predictions" / "valid.parquet").unlink()
    assert suspected.of(subject(tmp_path)) is None
