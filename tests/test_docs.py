import os
import re
import shlex
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from textune.doors import cli
from textune.settings.config import Section, Settings, resolve
from textune.settings.language_config import (
    OF_BASES,
    OF_LABELS,
    AdaptSettings,
    AdaptTrainSettings,
    PretrainSettings,
    PretrainTrainSettings,
)
from textune.settings.train_config import TrainSettings

SETTINGS = {"adapt": AdaptSettings, "pretrain": PretrainSettings} | dict.fromkeys(
    (
        *("check", "train", "folds", "evaluate", "predict", "fill", "suggest", "demo"),
        *("distill", "watch"),
        *("explain", "report", "export", "serve"),
        *("tokens", "inspect", "features", "sweep"),
        *("table", "follows", "decide", "compare", "push", "suspects"),
    ),
    Settings,
)
ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# pages whose Python is run where its package is imported
OF_THEIR_OWN = {"lightning.md", "scikit_learn.md"}
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.S)


def blocks(language):
    return [
        (page.name, text)
        for page in PAGES
        for kind, text in BLOCK.findall(page.read_text(encoding="utf-8"))
        if kind == language
    ]


def commands():
    lines = [(name, line) for name, text in blocks("sh") for line in text.splitlines()]
    return [(name, line) for name, line in lines if line.startswith("textune ")] + covered()


def covered():
    """Return the commands of the table of what the reference systems do."""
    page = ROOT / "docs" / "recipes" / "coverage.md"
    return [
        (page.name, line) for line in re.findall(r"`(textune \w+ [^`]+)`", page.read_text("utf-8"))
    ]


def settings_table(settings):
    """Write the table that a page holds between its marks."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    inner = {
        f"{name}.": field.annotation
        for name, field in settings.model_fields.items()
        if isinstance(field.default, Section)
    }
    for section, model in {"": settings, **inner}.items():
        for name, field in model.model_fields.items():
            is_refused = issubclass(model, AdaptTrainSettings) and name in OF_LABELS
            is_refused |= model is PretrainTrainSettings and name in OF_BASES
            if isinstance(field.default, Section) or is_refused:
                continue
            is_open = model is TrainSettings and name in model.by_recipe
            value = "by the recipe" if is_open else field.default
            empty = value is None or value == () or value == ""
            shown = "–" if empty else f"`{str(value).lower() if value in (True, False) else value}`"
            shown = value if is_open else shown
            lines.append(f"| `{section}{name}` | {shown} | {field.description} |")
    return "\n".join(lines)


def test_the_pages_are_all_there():
    assert [page.name for page in PAGES] == [
        "README.md",
        "decisions.md",
        "distilling.md",
        "drift.md",
        "errors.md",
        "explaining.md",
        "export.md",
        "extending.md",
        "few_labels.md",
        "few_labels_measured.md",
        "guide.md",
        "index.md",
        "install.md",
        "labelling.md",
        "language.md",
        "lightning.md",
        "looking.md",
        "moving.md",
        "performance.md",
        "1-cola.md",
        "2-jigsaw.md",
        "3-meditations.md",
        "4-imdb.md",
        "5-emotions.md",
        "coverage.md",
        "recipes.md",
        "reference.md",
        "reliability.md",
        "scale.md",
        "scikit_learn.md",
        "serving.md",
        "start.md",
        "sweep.md",
        "tasks.md",
        "tracking.md",
    ]
    assert len(commands()) >= 15


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: value[:60])
def test_every_documented_command_can_be_typed(page, line):
    words = shlex.split(line)[1:]
    with typer.main.get_command(cli.app).make_context("textune", words) as outer:
        name, command, rest = outer.command.resolve_command(outer, words)
        assert name in SETTINGS
        with command.make_context(name, rest, parent=outer) as inner:
            changes = inner.params.get("settings") or []
    resolve(SETTINGS[name], None, changes)  # every --set names a setting and a value it may have


def without_training():
    """Return the commands of that table that look at a public file or at words."""
    return [
        line for _, line in covered() if line.startswith(("textune check cola/", "textune tokens "))
    ]


@pytest.mark.parametrize("line", without_training(), ids=lambda line: line[:60])
def test_what_is_said_to_look_at_data_does(line, shared, tmp_path, monkeypatch):
    """A part of the file does: the whole of it is read in `tests/reading/test_sources.py`."""
    (tmp_path / "cola").mkdir()
    with (shared / "cola" / "in_domain_train.tsv").open(encoding="utf-8") as whole:
        part = "".join(islice(whole, 1_500))
    (tmp_path / "cola" / "in_domain_train.tsv").write_text(part, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, shlex.split(line)[1:])
    assert done.exit_code == 0, done.output
    expected = "1,500" if " check " in line else "101" if "--ids" not in line else "this"
    assert expected in done.output


@pytest.mark.parametrize(
    ("page", "mark", "settings"),
    [
        ("guide.md", "settings", Settings),
        ("language.md", "adapt", AdaptSettings),
        ("language.md", "pretrain", PretrainSettings),
    ],
)
def test_the_settings_of_the_pages_are_those_of_the_program(page, mark, settings):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- /{mark} -->", text, re.S)
    assert found is not None
    assert found[1] == settings_table(settings)


def test_the_toml_of_the_guide_is_a_settings_file(tmp_path):
    [(_, text)] = blocks("toml")
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    assert resolve(Settings, file).train.lr == 3e-5


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_links_between_pages_lead_somewhere(page):
    file = next(each for each in PAGES if each.name == page)
    prose = re.sub(r"`[^`\n]+`", "", file.read_text(encoding="utf-8"))  # code has its own brackets
    links = re.findall(r"\]\((?!http)([^)#]+)", prose)
    assert [link for link in links if not (file.parent / link).exists()] == []


def of_the_functions():
    """Return the blocks of Python that call `textune.train`; those of estimators run elsewhere."""
    return [(page, code) for page, code in blocks("python") if page not in OF_THEIR_OWN]


@pytest.mark.parametrize(("page", "code"), of_the_functions(), ids=lambda value: value[:12])
@pytest.mark.first(4)
def test_the_python_of_the_pages_runs(page, code, reviews, tiny_base, monkeypatch, capsys):
    monkeypatch.chdir(reviews.parent)
    small = f"base={str(tiny_base)!r}, epochs=1"
    if "textune.train(" not in code:  # the page has the run from its commands
        code = f'import textune\ntextune.train("reviews.csv", out="runs/reviews")\n{code}'
    code, changed = re.subn(r"textune\.train\(([^)]*)\)", rf"textune.train(\1, {small})", code)
    code = code.replace("textune.check(frame)", f"textune.check(frame, base={str(tiny_base)!r})")
    assert changed == 1
    exec(compile(code, page, "exec"), {})
    assert {"bad", "good"} & set(re.findall(r"\w+", capsys.readouterr().out))


def test_the_pages_name_no_place_of_a_machine():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(home|root|work|tmp|usr)/|index-url|file://", text), page


@pytest.mark.exhaustive
def test_the_site_is_built_without_a_warning_and_asks_no_network(tmp_path):
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    words = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pages = {page.stem: page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")}
    assert {page.stem for page in PAGES} - {"README"} <= set(pages)
    assert "textune.Predictor" in pages["reference"] or "Predictor" in pages["reference"]
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)', pages["guide"])
    assert loaded == []
