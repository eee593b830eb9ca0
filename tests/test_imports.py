import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "textune"
FILES = sorted(SRC.rglob("*.py"))
FLOOR = {  # a module, or a room: the folder's name stands for all its files
    "errors": 0,
    "records": 0,
    "caches": 0,
    "storage": 0.2,
    "kernels": 0.5,  # rooms and what lies above may compute by them
    "config": 1,
    "refusals": 0.9,  # of settings, in words
    "language_config": 1.5,
    "reading": 1,
    "data": 1,
    "sets": 1,
    "text": 1,
    "encoder": 1,
    "evaluation.catalogue": 0.9,  # settings are checked by it
    "evaluation.metrics": 1,
    "evaluation.intervals": 1,
    "evaluation.baselines": 1.5,
    "evaluation.confusions": 1.6,
    "evaluation.entities": 1.5,
    "evaluation.numbers": 1.5,
    "evaluation.spans": 1.5,
    "lengths": 4.9,
    "agreement": 4.9,
    "tasks": 2,
    "training": 3,
    "evaluation": 3,
    "runs": 4,
    "journal": 4,
    "corpus": 5,  # reading, data, sets, text and tasks meet here
    "plain_survey": 5,
    "plain_request": 5,
    "beyond": 5,
    "survey": 5.5,
    "predictor": 5,
    "report": 5,
    "pages": 4.5,
    "pictures": 4.6,
    "drawings": 4.7,
    "mistakes": 4.7,
    "filling": 6,
    "language_report": 5,
    "snapshot": 6,
    "lesson": 6,
    "labelled": 6.5,
    "library": 5,
    "masked": 6.5,
    "vocabularies": 6,
    "warming": 6.6,
    "proving": 8.5,
    "cross_validation": 8.5,
    "learning": 7,  # lesson, encoder, training and evaluation meet here
    "fine_tuning": 7.5,
    "recipe": 8,
    "language_recipe": 8.6,
    "__init__": 9,
    "__main__": 9,
    "answers": 9,  # the predictor's door for files
    "api": 9,
    "language_api": 9,
    "language_cli": 9,
    "watching": 9,
    "cli": 9,
    "cli_options": 9,
    "exits": 9,
    "folds_cli": 9,
    "console": 9,
    "console_predictions": 9,
    "console_survey": 9,
    "demo": 9,
}
DOORS = 9  # they may know each other, without circles
HEAVY = {"torch", "transformers", "sklearn", "pandas", "pyarrow", "scipy", "matplotlib"}


def module_of(path: Path, src: Path = SRC) -> str:
    """Return the name below `textune.`: "data.sources"; "data" and "__init__" for packages."""
    parts = path.relative_to(src).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """Return the entry of FLOOR that the module belongs to: the module itself, or its folder."""
    for room in (module, module.partition(".")[0]):
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


def imports_of(path: Path) -> set[str]:
    return set(imported_modules(ast.parse(path.read_text(encoding="utf-8")), KNOWN))


def test_the_whole_package_is_read() -> None:
    assert len(FILES) > 10
    assert {"errors", "records", "config", "__init__", "cli"} <= KNOWN


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_only_point_down(path: Path) -> None:
    assert not upward_imports(module_of(path), imports_of(path))


def test_imports_run_in_no_circle() -> None:
    assert not circle({module_of(path): imports_of(path) for path in FILES})


@pytest.mark.parametrize(
    ("module", "source", "refused"),
    [
        ("data.sources", "from textune.recipe import train", ["recipe"]),
        ("data.sources", "import textune.recipe", ["recipe"]),
        ("data.sources", "from textune import recipe", ["recipe"]),
        ("data.sources", "import textune", ["__init__"]),
        ("data.sources", "from textune.text import store", ["text"]),
        ("data.sources", "from textune.config import Settings", ["config"]),
        ("training.loop", "from textune.evaluation.metrics import mcc", []),
        ("training.loop", "from textune.evaluation.evaluate import scores", ["evaluation"]),
        ("evaluation.metrics", "from textune.evaluation.evaluate import scores", ["evaluation"]),
        ("evaluation.evaluate", "from textune.evaluation.metrics import mcc", []),
        ("reading.dialect", "from textune.reading.sources import read", []),
        ("recipe", "from textune.cli import app", ["cli"]),
        ("cli", "from textune.console import show", []),
        ("errors", "from textune.records import Row", ["records"]),
        ("runs", "def late():\n    from textune.recipe import train", ["recipe"]),
        ("runs", "if TYPE_CHECKING:\n    import textune.recipe as r", ["recipe"]),
        ("runs", "import json\nfrom textune.errors import RunError", []),
    ],
)
def test_an_import_that_points_up_or_aside_is_noticed(
    module: str, source: str, refused: list[str]
) -> None:
    known = {room for room in FLOOR if room != "__init__"}
    assert upward_imports(module, set(imported_modules(ast.parse(source), known))) == refused


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


@pytest.mark.parametrize("module", ["textune", "textune.cli", "textune.records", "textune.config"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
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


def prints(tree: ast.AST) -> list[int]:
    """Return the lines that print, or write to the terminal's streams."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"print", "sys.stdout.write", "sys.stderr.write", "typer.echo"}:
                found.append(node.lineno)
    return sorted(found)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_console_prints(path: Path) -> None:
    if module_of(path) != "console":
        assert not prints(ast.parse(path.read_text(encoding="utf-8")))


def test_a_print_is_noticed() -> None:
    assert prints(ast.parse("def f():\n    print('x')\n\nimport sys\nsys.stderr.write('x')")) == [
        2,
        5,
    ]


def test_help_does_not_wait_for_pydantic() -> None:
    script = "import sys, textune.cli; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
