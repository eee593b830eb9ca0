import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import made_sources

SRC = Path(__file__).parents[1] / "src" / "textune"
FILES = sorted(SRC.rglob("*.py"))
FLOOR = {  # a room (a folder), or one of the few files beside the rooms
    "errors": 0,
    "records": 0,
    "families": 1,
    "storage": 1,
    "metrics": 1,
    "parallel": 1,
    "decisions": 1,
    "reading": 2,
    "data": 2,
    "splits": 2,
    "text": 2,
    "fast": 2,
    "encoder": 3,
    "tasks": 3,
    "trackers": 3,
    "extensions": 4,
    "settings": 4,
    "survey": 4,
    "runs": 4,
    "corpora": 5,
    "evaluation": 5,
    "report": 5,
    "objectives": 6,
    "probing": 6,
    "training": 7,
    "predicting": 7,
    "recipes": 8,
    "runtime": 8,
    "exporting": 9,
    "sweeping": 9,
    "verifying": 9,
    "doors": 9,
    "sklearn": 9,
    "serving": 9,
    "lightning": 9,
    "ray": 9,
    "__init__": 9,
    "__main__": 9,
}
DOORS = 9  # they may know each other, without circles
MOST_FLOORS, MOST_FILES = 10, 8  # of the house, and of files beside the rooms
HEAVY = {"torch", "transformers", "sklearn", "pandas", "pyarrow", "scipy", "matplotlib"}


def module_of(path: Path, src: Path = SRC) -> str:
    """Return the name below `textune.`: "data.sources"; "data" and "__init__" for packages."""
    parts = path.relative_to(src).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the room that a module lies in."""
    room = module.partition(".")[0]
    if room in FLOOR:
        return room
    raise AssertionError(
        f"textune.{module} stands on no floor: give it (or its folder) a line in FLOOR in "
        "tests/test_imports.py; which floor, CONTRIBUTING.md says"
    )


def imported_modules(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Yield our own modules that are imported anywhere: in functions and for types only as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, inside = name.partition(".")
            if package == "textune":
                yield nearest_module(inside, known)


def nearest_module(name: str, known: set[str]) -> str:
    """Return the module that a dotted name lies in: "data.sources.read" lies in "data.sources"."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or "__init__"


def upward_imports(module: str, imported: set[str]) -> list[str]:
    """Return what the module may not import."""
    room, floor = room_of(module), FLOOR[room_of(module)]
    return sorted(
        name
        for name in imported - {module}
        if room_of(name) != room
        and FLOOR[room_of(name)] >= floor
        and not floor == FLOOR[room_of(name)] == DOORS
    )


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules that lie on circles of imports, or only lead to such."""
    left = {module: set(imported) - {module} for module, imported in graph.items()}
    while free := [module for module, imported in left.items() if not imported & left.keys()]:
        for module in free:
            del left[module]
    return sorted(left)


KNOWN = {module_of(path) for path in FILES}


@functools.cache
def imports_of(path: Path) -> set[str]:
    return set(imported_modules(made_sources.outline(path).imports, KNOWN))


def test_the_whole_package_is_read() -> None:
    assert len(FILES) > 10
    assert {"errors", "records", "settings.config", "__init__", "doors.cli"} <= KNOWN


def test_the_house_is_small() -> None:
    assert len(set(FLOOR.values())) <= MOST_FLOORS
    assert len([path for path in FILES if path.parent == SRC]) <= MOST_FILES
    assert {room_of(module) for module in KNOWN} == FLOOR.keys()


def test_imports_only_point_down() -> None:
    found = {module_of(path): upward_imports(module_of(path), imports_of(path)) for path in FILES}
    assert {module: names for module, names in found.items() if names} == {}
    assert len(found) > 500


def test_imports_run_in_no_circle() -> None:
    assert not circle({module_of(path): imports_of(path) for path in FILES})


def own_imports(tree: ast.AST, known: set[str]) -> set[str]:
    """Return the files of a folder outside the house that one of them imports, by their names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found |= {part for name in names for part in name.split(".")[:2] if _is_own(name, known)}
    return found & known


def _is_own(name: str, known: set[str]) -> bool:
    return name.partition(".")[0] in {"bench", "proofs"} | known


@pytest.mark.parametrize(("folder", "fewest"), [("bench", 30), ("proofs", 8), ("tests", 100)])
def test_what_stands_beside_the_house_imports_in_no_circle(folder: str, fewest: int) -> None:
    files = {path.stem: path for path in (SRC.parents[1] / folder).rglob("*.py")}
    graph = {
        name: own_imports(made_sources.outline(path).imports, files.keys())
        for name, path in files.items()
    }
    assert len(graph) >= fewest
    assert any(graph.values())
    assert not circle(graph)


def test_a_circle_beside_the_house_is_noticed() -> None:
    known = {"peers", "jobs", "made_runs"}
    late = ast.parse("def f():\n    from bench import peers\n    from bench.jobs import Job")
    assert own_imports(late, known) == {"peers", "jobs"}
    assert own_imports(ast.parse("import made_runs, json\nfrom os import jobs"), known) == {
        "made_runs"
    }


@pytest.mark.parametrize(
    ("module", "source", "refused"),
    [
        ("reading.sources", "from textune.recipes.recipe import train", ["recipes.recipe"]),
        ("reading.sources", "import textune.recipes", ["recipes"]),
        ("reading.sources", "from textune import recipes", ["recipes"]),
        ("reading.sources", "import textune", ["__init__"]),
        ("data.contract", "from textune.text import store", ["text.store"]),
        ("data.contract", "from textune.settings.config import Settings", ["settings.config"]),
        ("metrics.metrics", "from textune.evaluation import fitting", ["evaluation.fitting"]),
        ("training.loop", "from textune.metrics.metrics import mcc", []),
        ("training.loop", "from textune.predicting import files", ["predicting.files"]),
        ("evaluation.fitting", "from textune.evaluation.evaluate import evaluate", []),
        ("reading.dialect", "from textune.reading.sources import read", []),
        ("recipes.recipe", "from textune.doors.cli import app", ["doors.cli"]),
        ("doors.cli", "from textune.doors.console import show", []),
        ("errors", "from textune.records import Row", ["records"]),
        ("runs.runs", "def late():\n    from textune.recipes import recipe", ["recipes.recipe"]),
        (
            "runs.runs",
            "if TYPE_CHECKING:\n    import textune.recipes.recipe as r",
            ["recipes.recipe"],
        ),
        ("runs.runs", "import json\nfrom textune.errors import RunError", []),
    ],
)
def test_an_import_that_points_up_or_aside_is_noticed(
    module: str, source: str, refused: list[str]
) -> None:
    assert upward_imports(module, set(imported_modules(ast.parse(source), KNOWN))) == refused


def test_relative_imports_are_refused() -> None:
    with pytest.raises(AssertionError, match="imports are absolute"):
        list(imported_modules(ast.parse("from . import sources"), set()))


def test_a_module_without_a_floor_is_told_where_to_get_one() -> None:
    with pytest.raises(AssertionError, match=r"textune\.helpers stands on no floor: give it"):
        upward_imports("helpers", set())


def test_a_circle_is_noticed() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert circle(graph) == ["a", "b", "c"]
    assert circle({"a": {"b", "a"}, "b": {"c"}, "c": set()}) == []


LIGHT = ("textune.records", "textune.settings.config", "textune.runtime", "textune.doors.cli")


def test_importing_loads_nothing_heavy() -> None:
    """One process imports all: what none has loaded by the end, no one of them loads."""
    code = "import sys, textune\n"
    for module in LIGHT:
        code += f"import {module}\n"
        code += f"for name in {HEAVY!r} & sys.modules.keys(): print({module!r}, name)\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=SRC.parent,
    )
    assert done.stdout.split() == []
    assert done.stderr == ""


PRINTING = {"print", "sys.stdout.write", "sys.stderr.write", "typer.echo"}
PRINTERS = re.compile(r"\b(print|stdout|stderr|echo)\b")  # one of which stands in each


def prints(tree: ast.AST) -> list[int]:
    """Return the lines that print, or write to the terminal's streams."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in PRINTING:
                found.append(node.lineno)
    return sorted(found)


def test_only_the_console_prints() -> None:
    assert all(PRINTERS.search(name) for name in PRINTING)
    found = {module_of(path): prints(made_sources.tree(path, PRINTERS)) for path in FILES}
    assert found.pop("doors.console")
    assert found.pop("runtime.console")
    assert {module: lines for module, lines in found.items() if lines} == {}
    assert len(found) > 500


def test_a_print_is_noticed() -> None:
    assert prints(ast.parse("def f():\n    print('x')\n\nimport sys\nsys.stderr.write('x')")) == [
        2,
        5,
    ]


def test_help_does_not_wait_for_pydantic_or_numpy() -> None:
    script = "import sys, textune.doors.cli; print(*{'pydantic', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert done.stdout.split() == []
