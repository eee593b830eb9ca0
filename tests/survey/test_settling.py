"""What else a table could be is shown with commands that work when they are pasted."""

import csv
import json
import shlex

import pandas as pd
import pytest
from typer.testing import CliRunner

from made_owners import owned
from made_tables import count_tokens
from textune.doors.cli import app
from textune.survey import settling, survey

TABLES = owned()


@pytest.fixture
def written(tmp_path):
    def write(name, delimiter=","):
        table = TABLES[name].table(60)
        file = tmp_path / f"a {name}.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            rows = [table.columns, *(row.cells for row in table.rows())]
            csv.writer(opened, delimiter=delimiter).writerows(rows)
        return file

    return write


def ran(command):
    program, *words = shlex.split(command)
    assert program == "textune"
    done = CliRunner().invoke(app, [*words, "--json"])
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["sick", "olid", "absa_simple"])
@pytest.mark.first(1)
def test_commands_that_are_shown_take_the_other_reading_when_pasted(written, name):
    file = written(name)
    first = ran(shlex.join(["textune", "check", str(file)]))
    commands = [command for found in first["second"].values() for command in found]
    assert list(first["second"]) == first["doubts"]
    assert all(first["second"].values())
    seen = {(first["task"], *first["text"], "|", *first["label"])}
    for command in commands:
        other = ran(command)
        seen.add((other["task"], *other["text"], "|", *other["label"]))
    assert len(seen) == len(commands) + 1


def test_commands_keep_what_was_given(written):
    file = written("sick", "@")
    found = survey.check(
        file, delimiter="@", header=True, skip="pair_ID=3", count_tokens=count_tokens
    )
    command = next(command for commands in found.second.values() for command in commands)
    assert command == (
        f"textune check '{file}' --header --delimiter @ --skip pair_ID=3 "
        "--label entailment_judgment"
    )
    other = ran(command)
    assert (other["rows"], other["label"]) == (59, ["entailment_judgment"])


def test_a_frame_is_asked_for_by_calls(written):
    frame = pd.read_csv(written("sick"))
    found = survey.check(frame, count_tokens=count_tokens)
    calls = [call for calls in found.second.values() for call in calls]
    assert calls[0] == "textune.check(frame, label='entailment_judgment')"


def test_train_lists_every_column_and_what_else_could_be(written, tiny_base, tmp_path):
    file = written("amazon_tsv")
    out = str(tmp_path / "run")
    done = CliRunner().invoke(
        app, ["train", str(file), "--base", str(tiny_base), "--out", out, "--epochs", "1"]
    )
    used = {"review_body", "star_rating"}
    for column in set(TABLES["amazon_tsv"].columns) - used:
        assert f"'{column}' (" in done.stderr, column
    assert f"  textune check '{file}' --text review_headline,review_body" in done.stderr
    card = json.loads((tmp_path / "run" / "data_card.json").read_text())
    assert set(card["left_out"]) == set(TABLES["amazon_tsv"].columns) - used
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<b>verified_purchase</b>: flags: only N and Y; not taken for a label" in page


def test_columns_that_cannot_be_read_are_listed_too(tmp_path):
    frame = pd.DataFrame(
        {"text": [f"text {n} of several words" for n in range(40)], "label": ["a", "b"] * 20}
    )
    frame["picture"] = [b"\xff\xd8"] * 40
    frame.to_parquet(tmp_path / "data.parquet")
    found = survey.check(tmp_path / "data.parquet", count_tokens=count_tokens)
    assert "bytes" in found.left_out["picture"]


@pytest.mark.parametrize(
    ("doubt", "commands"),
    [
        ("`--label b` selects it", ["textune check -a.csv --label b"]),
        (
            "`--task aspects` with `--label a,b` does",
            ["textune check x --task aspects --label a,b"],
        ),
        ("`--label a`; or `--label 'a b'`", ["textune check x --label a", "--label 'a b'"]),
        ("write it as strings (`text`)", []),
    ],
)
def test_options_become_commands(doubt, commands):
    found = settling.commands(doubt, settling.Call(["x"], {}))
    assert len(found) == len(commands)
    asked = [[command.partition("--")[2] for command in each] for each in (found, commands)]
    assert asked[0] == asked[1]


def test_a_file_whose_name_begins_with_a_dash_is_no_option():
    call = settling.Call(["-a.csv"], {"header": False, "text": ("a", "b")})
    assert call.changed({}) == "textune check ./-a.csv --no-header --text a,b"
