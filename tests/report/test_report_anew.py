"""`textune report`, and `--report` of commands that train or judge."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest
from test_report import EVIL, MULTI, SINGLE, write_run
from typer.testing import CliRunner

from textune.doors import keywords, reporting_api
from textune.errors import TextuneError
from textune.report import markdown

RUNNER = CliRunner()


def typed(*words):
    from textune.doors.cli import app

    return RUNNER.invoke(app, ["report", *map(str, words)])


@pytest.fixture(params=[SINGLE, MULTI], ids=["single", "multi"])
def run(request, tmp_path):
    write_run(tmp_path, request.param)
    return tmp_path


@pytest.mark.first(1)
def test_the_page_is_made_again_from_the_files(run):
    said = typed(run)
    assert (said.exit_code, said.output.strip()) == (0, str(run / "report.html"))
    before = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    typed(run)
    assert (run / "report.html").read_bytes() == before


def test_markdown_has_sentences_scores_and_labels_and_no_markup_of_the_data(run):
    text = typed(run, "--as", "md").output
    valid = json.loads((run / "metrics.json").read_text())["valid"]
    assert text.startswith(f"## {markdown.escaped(run.name)}\n")
    assert "On 60 held-out texts its MCC is {:.3f}".format(valid["mcc"]) in text
    low, high = valid["intervals"]["mcc"]
    assert f"| MCC ↑ | {valid['mcc']:.3f} ({low:.3f} to {high:.3f}) |" in text
    assert "a;b | " in text or "neg | " in text
    assert EVIL not in text
    assert r"\<script\>" in text
    heads = [line for line in text.splitlines() if line.startswith("| ---")]
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(heads) == len(tables) >= 3
    for table in tables:
        assert len({line.replace(r"\|", "").count("|") for line in table.splitlines()}) == 1


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("@octocat", "@<!-- -->octocat"),
        ("#12", "#<!-- -->12"),
        ("a/b#12", "a/b#<!-- -->12"),
        ("c#", "c#"),
        ("a @ b", "a @ b"),
    ],
)
def test_markdown_calls_nobody_and_links_no_issue(tmp_path, label, shown):
    write_run(tmp_path, ["neg", label])
    lines = typed(tmp_path, "--as", "md").output.splitlines()
    assert any(line.startswith(f"| {shown} | ") for line in lines)


@pytest.mark.first(1)
def test_page_and_markdown_name_metrics_as_sentences_do(run):
    typed(run)
    page = (run / "report.html").read_text(encoding="utf-8")
    text = typed(run, "--as", "md").output
    for name in ("MCC", "macro F1", "micro F1", "ROC-AUC", "log loss"):
        assert f'<th scope="row">{name} <' in page
        assert f"| {name} " in text
    assert "macro_f1 " not in page
    assert "roc_auc " not in page
    assert "macro" not in text.replace("macro F1", "")


def test_findings_that_are_not_named_are_counted_where_no_list_follows(tmp_path):
    write_run(tmp_path, SINGLE)
    file = tmp_path / "data_card.json"
    card = json.loads(file.read_text())
    card["findings"] = [{"kind": "x", "severity": "warning", "message": "odd rows"}] * 3
    file.write_text(json.dumps(card))
    text = typed(tmp_path, "--as", "md").output
    assert "in the data, odd rows (and 2 more findings)" in text


def test_another_file_has_a_page_beside_its_numbers(run, tmp_path):
    evaluations = run / "evaluations"
    evaluations.mkdir()
    found = json.loads((run / "metrics.json").read_text())["test"]
    source = tmp_path / "new.csv"
    (evaluations / "new.json").write_text(json.dumps(found | {"source": str(source.resolve())}))
    shutil.copy(run / "predictions" / "test.parquet", evaluations / "new.parquet")
    assert typed(run, "--on", source).output.strip() == str(evaluations / "new.html")
    page = (evaluations / "new.html").read_text(encoding="utf-8")
    assert "60 texts of new.csv" in page
    assert 'id="slider"' in page
    assert typed(run, "--on", source, "--as", "md").output.startswith("## ")
    assert reporting_api.write_beside(run, "md", source).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("{run}", "--as", "pdf"), "--as pdf: allowed: 'html', 'md'"),
        (("{run}/absent",), "no such folder; RUN is a folder"),
        (("{run}", "--on", "x.csv"), "was not judged by x.csv; judge it first: textune evaluate"),
        (("{run}/predictions",), "no metrics.json, so there is nothing to report; train first"),
    ],
)
def test_what_cannot_be_reported_is_said(tmp_path, words, said):
    write_run(tmp_path, SINGLE)
    found = typed(*(word.format(run=tmp_path) for word in words))
    assert isinstance(found.exception, TextuneError)
    assert said in str(found.exception)


def test_the_command_repeats_all_test_files_and_seeds(tmp_path):
    write_run(tmp_path, SINGLE)
    settings = tmp_path / "config.toml"
    run = '[run]\nsource = "a.csv"\ntest = ["b.csv", "c.csv"]\nseeds = 3\n'
    settings.write_text(run, encoding="utf-8")
    text = typed(tmp_path, "--as", "md").output
    words = shlex.split(text.split("```\n")[1])
    assert words == ["textune", "train", "--config", str(settings), "--out", f"{tmp_path}-again"]
    options = {"config": settings, "out": "again", "settings": ()}
    asked = keywords.labelled(options | dict.fromkeys(keywords.HOW, False))
    assert (asked.source, list(asked.test), asked.seeds) == ("a.csv", ["b.csv", "c.csv"], 3)


@pytest.mark.exhaustive
def test_nothing_is_said_where_fonts_cannot_be_listed_for_the_next_time():
    where = {**os.environ, "MPLCONFIGDIR": "/sys/kernel/fonts"}
    drawn = "from textune.report import pictures as p; p.canvas(p.PAGE, size=(1, 1))"
    command = [sys.executable, "-c", drawn]
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
