"""A run's worst errors are explained on its page, where that was asked for."""

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import RunError, SettingsError
from textune.predicting.explaining import worst
from textune.predicting.predictor import Predictor
from textune.report import reasons, report

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"


@pytest.fixture
def run(request, tmp_path, monkeypatch):
    """Return a copy of a kept run."""
    monkeypatch.setenv("TEXTUNE_PICTURES", "0")
    folder = tmp_path / "run"
    shutil.copytree(RUNS / getattr(request, "param", "multi"), folder)
    return folder


def said(*words):
    done = CliRunner().invoke(cli.app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return (words[1] / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("run", ["multi", "number", "answers"], indirect=True)
def test_the_page_shows_the_words_that_moved_the_worst_errors(run):
    before = said("report", run)
    page = said("report", run, "--explain")
    told = json.loads((run / reasons.FILE).read_text(encoding="utf-8"))
    assert "Why it was wrong" in page
    assert "Why it was wrong" not in before
    assert 0 < len(told) <= reasons.MOST
    assert page.count('class="card why"') == len(told)
    assert re.search(r'<mark class="(for|against)" style="--much: 0\.\d\d">\S', page)
    assert said("report", run) == page


def test_texts_are_escaped_and_a_damaged_file_is_named(run):
    said("report", run, "--explain")
    file = run / reasons.FILE
    told = json.loads(file.read_text(encoding="utf-8"))
    told[0]["text"] = "<i>" + told[0]["text"]
    file.write_text(json.dumps(told), encoding="utf-8")
    report.write(run)
    page = (run / "report.html").read_text(encoding="utf-8")
    section = page.split('id="why-title"')[1].split("<h2")[0]
    assert "&lt;" in section
    assert "<i>" not in section
    file.write_text('[{"origin": "x"', encoding="utf-8")
    with pytest.raises(RunError, match=r"explained\.json: damaged.*textune report .* --explain"):
        report.write(run)


def test_another_file_is_not_explained(run):
    with pytest.raises(SettingsError, match="--explain: explains the errors on the run's own"):
        said("report", run, "--explain", "--on", "new.csv")


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
def test_a_long_text_is_shown_up_to_where_it_is_cut(marked):
    text = "word " * 600
    places = [(start, start + 4) for start in range(0, len(text), 5)]
    words = [{"start": start, "end": end, "contribution": 0.0} for start, end in places]
    words[0]["contribution"] = words[-1]["contribution"] = 2.0 if marked else 0.0
    pieces = [piece for piece, _, _ in reasons._pieces(text, words, 2.0 if marked else 0.0)]
    assert "".join(pieces) == f"{text[: reasons.LONGEST]} …"
    short = [piece for piece, _, _ in reasons._pieces("a word", [], 0.0)]
    assert "".join(short) == "a word"


@pytest.mark.parametrize("run", ["single", "multi", "number", "tags", "answers"], indirect=True)
def test_what_is_explained_depends_on_counts_alone(run):
    predictor = Predictor.load(run, precision="fp32")
    every = worst.write(run, predictor)
    whole = json.loads((run / reasons.FILE).read_text(encoding="utf-8"))
    assert worst.write(run, predictor, most=2) == min(every, 2)
    assert json.loads((run / reasons.FILE).read_text(encoding="utf-8")) == whole[:2]
    assert worst.write(run, predictor, tokens=0) == 0
    within = worst.write(run, predictor, tokens=600)
    assert within <= every
    found = json.loads((run / reasons.FILE).read_text(encoding="utf-8"))
    assert [one for one in whole if one in found] == found


def test_training_explains_its_worst_errors_where_that_is_asked_for(tmp_path):
    files = [RUNS / "data" / f"single_{part}.csv" for part in ("train", "valid")]
    own = {"base": RUNS / "base", "valid": files[1], "effort": "quick"}
    shown = {}
    for count in (0, 2):
        run = textune.train(
            files[0], out=tmp_path / str(count), settings=f"train.explain={count}", **own
        )
        shown[count] = "Why it was wrong" in (run.path / "report.html").read_text("utf-8")
    assert shown == {0: False, 2: True}
    assert len(json.loads((run.path / reasons.FILE).read_text("utf-8"))) == 2
    textune.decide(run.path, aim="mcc")
    assert not (run.path / reasons.FILE).exists()
