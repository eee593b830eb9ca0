"""A task stands in one place: its own file or folder, and a row of the registry."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import made_sources
from textune.tasks import registry

SRC = Path(__file__).parents[2] / "src" / "textune"
FILES = sorted(SRC.rglob("*.py"))
PLACES = {  # the file or the folder of each task
    "single": "tasks/single.py",
    "multi": "tasks/multi.py",
    "aspects": "tasks/aspects/",
    "number": "tasks/numbers/",
    "tags": "tasks/tags/",
    "answers": "tasks/answers/",
}
QUOTED = re.compile(rf"[\"']({'|'.join(PLACES)})[\"']")
OTHERWISE = {  # a file or a folder where such a word is meant otherwise
    ("data/columns.py", "number"): "what kind of cells a column holds",
    ("data/numerals.py", "number"): "a group of a pattern",
    ("reading/", "answers"): "a key of SQuAD's JSON, and the column that is made of it",
    ("reading/", "tags"): "how columns and keys of tags are called, and the column made of them",
    ("reading/", "number"): "columns, attributes and controls of other programs",
    ("records.py", "answers"): "what a head is asked about, in every run's decision.json",
    ("sklearn/classifiers.py", "multi"): "an estimator is of one task",
    ("sklearn/classifiers.py", "single"): "an estimator is of one task",
    ("sklearn/features.py", "single"): "features need a task to load a base by",
    ("sklearn/regressor.py", "number"): "an estimator is of one task",
    ("sklearn/tagger.py", "tags"): "an estimator is of one task",
    ("sweeping/page.py", "number"): "of a trial",
    ("tasks/drawn.py", "tags"): "a column of the predictions that a run keeps",
    ("report/mistakes.py", "tags"): "a column of the predictions that a run keeps",
    ("report/pages.py", "number"): "a filter of the templates",
}


def constants(tree: ast.AST) -> Iterator[str]:
    """Yield the strings of a file, those of annotations too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@functools.cache
def named_in(path: Path) -> set[tuple[str, str]]:
    """Return the tasks that a file names outside their place."""
    name = path.relative_to(SRC).as_posix()
    source = path.read_text(encoding="utf-8")
    quoted = set(constants(made_sources.tree(path, QUOTED))) | set(
        re.findall(r"#.*[\"'](\w+)[\"']", source)
    )
    return {(name, task) for task in PLACES if task in quoted and not name.startswith(PLACES[task])}


def exceptions(file: str, task: str) -> set[tuple[str, str]]:
    """Return the exceptions that a word in a file falls under."""
    return {(place, word) for place, word in OTHERWISE if file.startswith(place) and word == task}


def test_every_task_has_its_place() -> None:
    assert PLACES.keys() == registry.TASKS.keys()
    assert all((SRC / place).exists() for place in PLACES.values())
    assert len(FILES) > 200


def test_no_other_file_names_a_task() -> None:
    named = [found for path in FILES for found in sorted(named_in(path))]
    assert not [found for found in named if not exceptions(*found)]


def test_the_exceptions_are_needed_and_few() -> None:
    used = {one for path in FILES for found in named_in(path) for one in exceptions(*found)}
    assert used == OTHERWISE.keys()
    assert len(OTHERWISE) < 16


def test_a_name_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "reading" / "x.py"
    file.parent.mkdir()
    file.write_text('if task == "multi":  # or "tags"\n    pass\n', encoding="utf-8")
    monkeypatch.setitem(globals(), "SRC", tmp_path)
    assert named_in(file) == {("reading/x.py", "multi"), ("reading/x.py", "tags")}
