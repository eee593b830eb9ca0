"""Columns beside the text and the label: votes, parts of the data."""

import json
import random

from typer.testing import CliRunner

from textune.doors.cli import app
from textune.survey import survey


def sizes(texts):
    return [9] * len(texts)


def test_votes_beside_a_rating_are_no_label(tmp_path):
    draw = random.Random(5)
    file = tmp_path / "reviews.json"
    with file.open("w") as opened:
        for place in range(60):
            row = {
                "asin": f"B00{place % 40}",
                "helpful": [place % 3, 3],
                "reviewText": f"boat and harbour {draw.random():.6f} at night",
            }
            opened.write(json.dumps({**row, "overall": float(draw.choice([1, 2, 4, 5]))}) + "\n")
    found = survey.check(file, count_tokens=sizes)
    assert (found.contract.task, found.contract.label) == ("single", ("overall",))


def test_rows_of_a_part_for_judging_are_named_with_the_option_that_leaves_them_out(tmp_path):
    draw = random.Random(6)
    parts = ["train"] * 40 + ["dev"] * 10 + ["test"] * 10
    rows = (f"boat and harbour {draw.random():.6f},{draw.choice('ab')},{p}\n" for p in parts)
    file = tmp_path / "parts.csv"
    file.write_text("text,label,split\n" + "".join(rows))
    said = " ".join(f.message for f in survey.check(file, count_tokens=sizes).findings)
    assert "train 40, dev 10, test 10" in said
    assert "`--skip split=dev --skip split=test`" in said
    alone = CliRunner().invoke(
        app, ["check", str(file), "--json", "--skip", "split=dev", "--skip", "split=test"]
    )
    assert json.loads(alone.output)["rows"] == 40
    assert "part of the data" not in alone.output
