"""What the pages say in passing is so: options, settings, names, files, and some of it is run."""

import importlib.util
import inspect
import json
import re
import shlex
import shutil
import sys
from typing import Literal, get_args, get_origin

import pytest
import typer

import textune
from conftest import WORDS
from made_texts import make_base, write_lines
from test_docs import BLOCK, PAGES, ROOT, SETTINGS, blocks
from textune.doors import cli
from textune.errors import SettingsError, TextuneError
from textune.metrics.catalogue import ALIASES, METRICS
from textune.settings.config import resolve
from textune.tasks import registry

KINDS = {kind.__name__: kind for kind in SETTINGS.values()}
TRIED = [
    *registry.TASKS,
    2,
    0.5,
    1,
    0.25,
    0.05,
    64,
    5000,
    "mcc",
    True,
    False,
    "a",
    "8",
    "cpu",
    ["a"],
    ["a=b"],
    ["csv"],
    [0.5, 0.9],
    {"a": 2.0},
]
SECTIONS = ("data", "train", "text", "mask")


def prose():
    """Return each page's inline code."""
    for page in PAGES:
        text = BLOCK.sub("", page.read_text(encoding="utf-8"))
        yield from ((page.name, " ".join(code.split())) for code in re.findall(r"`([^`]+)`", text))


def of_prose(pattern):
    return sorted({(page, found) for page, code in prose() for found in re.findall(pattern, code)})


def all_options():
    command = typer.main.get_command(cli.app)
    found = {"--help"}
    for inner in command.commands.values():
        for parameter in inner.params:
            found |= {*parameter.opts, *parameter.secondary_opts}
    return found


def test_the_prose_is_found():
    assert len(list(prose())) > 300


@pytest.mark.parametrize(("page", "option"), of_prose(r"(?<![\w-])--[a-z][a-z0-9-]*"))
def test_every_option_that_is_named_exists(page, option):
    assert option in all_options() or option in options_of_benches(page)


def options_of_benches(page):
    """Return the options of the benchmarks and proofs whose commands a page has."""
    [text] = [each.read_text(encoding="utf-8") for each in PAGES if each.name == page]
    named = set(re.findall(r"python -m\s+((?:bench|proofs)(?:\.\w+)*)", text))
    own = [name.replace(".", "/") for name in named]
    own += ["bench/commands"] * any(name.startswith("bench") for name in named)  # what they share
    files = [ROOT / f"{name}.py" for name in own] + [ROOT / name / "__main__.py" for name in own]
    read = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    return set(re.findall(r'"(--[a-z][a-z-]*)"', read))


NAMED = rf"(?:{'|'.join(SECTIONS)})\.(?![ct]sv\b)[a-z_]+\b(?![\w(])(?:=[^\s`]+)?"


@pytest.mark.parametrize(("page", "setting"), of_prose(rf"(?<![\w.]){NAMED}"))
def test_every_setting_that_is_named_exists_and_may_have_the_value(page, setting):
    name, equals, _ = setting.partition("=")
    if equals and page != "sweep.md":  # whose values are ranges, which its own page test reads
        assert any(is_accepted(kind, setting) for kind in KINDS.values()), setting
    section, key = name.split(".")
    found = [getattr(kind.model_fields.get(section), "annotation", None) for kind in KINDS.values()]
    assert any(model is not None and key in model.model_fields for model in found), name


def is_accepted(kind, change):
    try:
        resolve(kind, None, [change])
    except SettingsError:
        return False
    return True


def test_the_commands_without_json_are_those_that_the_readme_names():
    said = re.search(
        r"`--json` makes every command but (.+?) print", (ROOT / "README.md").read_text()
    )
    commands = typer.main.get_command(cli.app).commands
    silent = {
        name
        for name, command in commands.items()
        if not any("--json" in option.opts for option in command.params) and not command.hidden
    }
    assert said is not None
    assert set(re.findall(r"`(\w+)`", said[1])) == silent


def names_in_tables():
    """Return the command and setting of every row of the tables of settings."""
    marks = {"settings": ("guide.md", "train"), "adapt": ("language.md", "adapt")}
    marks["pretrain"] = ("language.md", "pretrain")
    for mark, (page, command) in marks.items():
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        table = text.partition(f"<!-- {mark} -->")[2].partition(f"<!-- /{mark} -->")[0]
        yield from ((command, name) for name in re.findall(r"^\| `([\w.]+)` \|", table, re.M))


def choices_of(annotation):
    """Return the values of every Literal that a type holds, however deep."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) for choice in choices_of(part)]


@pytest.mark.parametrize(("command", "name"), list(names_in_tables()))
def test_a_setting_in_a_table_can_be_set_to_something_else(command, name):
    kind = SETTINGS[command]
    *sections, key = name.split(".")
    model = kind.model_fields[sections[0]].annotation if sections else kind
    field = model.model_fields[key]
    for value in (*choices_of(field.annotation), *TRIED):
        given = {name: value} | ({"mask.nexts": True} if name == "mask.only_nexts" else {})
        given |= {"train.lora": 8} if name.startswith("train.lora_") else {}
        if name.endswith("hours"):
            given = {name: 0.5}
        try:
            found = resolve(kind, None, (), given)
        except TextuneError:
            continue
        for section in sections:
            found = getattr(found, section)
        if getattr(found, key) != field.default:
            return
    pytest.fail(f"textune {command} refuses every value of {name}")


@pytest.mark.parametrize(("page", "line"), of_prose(r"^textune [a-z].*$"))
def test_every_command_in_passing_is_one(page, line):
    words = shlex.split(line)[1:]
    commands = typer.main.get_command(cli.app).commands
    assert words[0] in commands or words[0] == "COMMAND"
    if words[0] in commands:
        known = {name for parameter in commands[words[0]].params for name in parameter.opts}
        known |= {n for parameter in commands[words[0]].params for n in parameter.secondary_opts}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= known | {"--help"}


@pytest.mark.parametrize(("page", "name"), of_prose(r"(?<![\w.])textune\.(\w+)"))
def test_every_name_of_the_library_exists(page, name):
    is_room = importlib.util.find_spec(f"textune.{name}") is not None
    assert hasattr(textune, name) or is_room or name in {"egg", "toml", "readers", "tasks"}


@pytest.mark.parametrize(("page", "call"), of_prose(r"(?<![\w.])textune\.\w+\([^)]*\)"))
def test_every_call_in_passing_has_arguments_that_exist(page, call):
    name = call.partition("(")[0].removeprefix("textune.")
    known = inspect.signature(getattr(textune, name)).parameters
    assert set(re.findall(r"(\w+)=", call)) <= set(known)


def bench_commands():
    found = of_prose(r"python -m (?:bench|proofs)[\w.]*[^`]*")
    found += [
        (page, line.strip())
        for kind in ("sh", "")
        for page, text in blocks(kind)
        for line in text.splitlines()
        if line.startswith("python -m ")
    ]
    return sorted(set(found))


@pytest.mark.parametrize(("page", "line"), bench_commands())
def test_every_benchmark_and_its_options_exist(page, line, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    _, _, module, *words = shlex.split(line.partition(" #")[0])
    found = importlib.util.find_spec(module)
    assert found is not None, module
    folder = ROOT / module.partition(".")[0]
    text = "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.py"))
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    assert [option for option in options if f'"{option}"' not in text] == []


def test_metrics_that_are_named_by_their_place_exist():
    found = [code for _, code in of_prose(r"^(?:valid|test)\.(?!parquet)[\w.]+$")]
    assert found
    for name in found:
        assert name.rpartition(".")[2] in {*METRICS, *ALIASES}, name


MADE = ("good film about rain", "bad plot but loud music", "a slow boat", "great and long", "no")


@pytest.fixture
def at_work(monkeypatch, tmp_path, reviews, tiny_base):
    """Return a function that runs a documented command in a folder with the files it names."""
    monkeypatch.chdir(tmp_path)
    rows = reviews.read_text(encoding="utf-8").splitlines()[1:]
    labelled = "\n".join(["review,sentiment", *rows]) + "\n"
    for name in ("reviews.csv", "more_reviews.csv"):
        (tmp_path / name).write_text(labelled, encoding="utf-8")
    others = [f"{made} {number}" for number, made in enumerate(MADE * 10)]
    (tmp_path / "new.csv").write_text("\n".join(["review", *others]) + "\n", encoding="utf-8")
    write_lines(tmp_path / "book.txt", 60)
    spoken = make_base(tmp_path / "spoken", WORDS)

    def run(line):
        words = shlex.split(line)
        if words[1] in ("check", "train") and "--base" not in words:
            words += ["--base", str(tiny_base)]
        if words[1] == "adapt":
            words += ["--base", str(spoken)]
        if words[1] == "compare":
            shutil.copytree(*words[2:])
        if words[1] in ("train", "adapt"):
            words += ["--device", "cpu", "--overwrite"]
            words += ["--epochs", "1", "--set", "train.precision=fp32"]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            cli.run()
        return ended.value.code

    return run


def test_the_commands_of_the_readme_run_one_after_the_other(at_work, tmp_path, capsys):
    lines = [
        line for page, text in blocks("sh") if page == "README.md" for line in text.splitlines()
    ]
    chosen = [line for line in lines if line.startswith("textune ") and " demo" not in line]
    chosen = [line for line in chosen if " sweep" not in line]  # 20 trainings: tests/sweeping
    chosen = [line for line in chosen if " serve" not in line]  # until it is stopped: tests/serving
    known = {"check", "train", "evaluate", "suggest", "predict", "adapt", "fill"}
    known |= {"decide", "compare", "explain", "export"}
    assert {line.split()[1] for line in chosen} == known
    for line in chosen:
        assert at_work(line) == 0, (line, capsys.readouterr().err)
    assert (tmp_path / "labelled.csv").is_file()
    assert (tmp_path / "next.csv").is_file()
    folder = tmp_path / "runs" / "reviews"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("## What a run's folder holds")[2].partition("\n## ")[0]
    names = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([\w./]+)`", line.split("|")[1])
    ]
    assert len(names) >= 9
    missing = [name for name in names if not (folder / name).exists()]
    asked = {
        "evaluations/",
        "checkpoints/",
        "seeds/",
        "faulty.jsonl",
    }  # of one that was evaluated, stopped, repeated, given faulty rows
    assert set(missing) <= asked
    assert "mcc" in json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["valid"]
