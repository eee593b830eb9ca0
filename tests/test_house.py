import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import made_sources

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "bench", "proofs", "docs", ".ci")
IGNORED = {".git", "__pycache__", ".egg-info"}
PYTHON = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MOST_LINES = 400
MOST_BODY_LINES = 40
MACHINE_PATH = re.compile(r"(?<![\w.~}/])/(?:home|root|Users|work|opt)/\w|[A-Z]:\\{1,2}Users\b")
REGISTRY = re.compile(
    r"https?://[\w.-]*(?:pypi|pythonhosted|pytorch|anaconda|conda-forge)\b[\w.-]*"
    r"|--(?:extra-)?index-url|--find-links"
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_ours(path: Path) -> bool:
    folders = path.relative_to(ROOT).parts
    return path.is_file() and not any(part.endswith(tuple(IGNORED)) for part in folders)


def written_files() -> list[Path]:
    """Return what people wrote; this file is left out, for it holds the patterns."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return sorted(
        path for path in (*inside, *ROOT.glob("*")) if is_ours(path) and path != Path(__file__)
    )


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def long_functions(outline: made_sources.Outline, *, most: int) -> list[str]:
    """Return the functions whose body, without the docstring, has more lines than that."""
    functions = outline.functions
    return [f"{each.name} (line {each.line})" for each in functions if each.body_lines > most]


def project() -> dict[str, object]:
    settings: dict[str, object] = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    return settings


def test_the_whole_tree_is_read() -> None:
    assert len(PYTHON) > 30
    names = {name_of(path) for path in written_files()}
    assert {"Makefile", "constraints.txt", ".ci/run", "src/textune/errors.py"} <= names


def test_every_file_stays_short() -> None:
    counts = {name_of(path): len(read(path).splitlines()) for path in PYTHON}
    assert {name: count for name, count in counts.items() if count >= MOST_LINES} == {}


def test_no_two_files_of_tests_have_one_name() -> None:
    """Pytest collects them by their bare names."""
    names = Counter(path.name for path in PYTHON if path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


def test_every_function_stays_short() -> None:
    found = {
        name_of(path): long_functions(made_sources.outline(path), most=MOST_BODY_LINES)
        for path in PYTHON
    }
    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_long_function_is_noticed_and_its_docstring_is_free() -> None:
    docstring = '    """' + "word\n" * 10 + '"""\n'
    source = "def f(\n    x,\n):\n" + docstring + "    x = 1\n" * 3
    outline = made_sources.outlined(source)
    assert long_functions(outline, most=2) == ["f (line 1)"]
    assert long_functions(outline, most=3) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    found = {name_of(path): MACHINE_PATH.findall(read(path)) for path in written_files()}
    assert not {name: paths for name, paths in found.items() if paths}


def test_no_file_names_a_package_registry() -> None:
    found = {name_of(path): REGISTRY.findall(read(path)) for path in written_files()}
    assert not {name: addresses for name, addresses in found.items() if addresses}


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("see /home/ann/data", MACHINE_PATH),
        ('Path("/root/x")', MACHINE_PATH),
        ("C:\\Users\\ann", MACHINE_PATH),
        ("pip install --index-url X", REGISTRY),
        ("https://download.pytorch.org/whl", REGISTRY),
        ("https://pypi.org/simple", REGISTRY),
    ],
)
def test_a_machine_path_or_registry_is_noticed(text: str, pattern: re.Pattern[str]) -> None:
    assert pattern.search(text)


def test_an_ordinary_path_or_link_is_let_through() -> None:
    for text in ("../shared/data", "https://example.org/home/page", "runs/work/x", "$HOME/opt/x"):
        assert not MACHINE_PATH.search(text)
        assert not REGISTRY.search(text)


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+[^\] ]*)", read(ROOT / "CHANGELOG.md"), re.M)
    assert versions[0] == project()["version"]


def test_every_direct_dependency_is_pinned() -> None:
    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[<>=!~\[; ]", line)[0].lower().replace("_", "-") for line in lines}

    settings = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    wanted = names(settings["dependencies"])
    for extra in settings["optional-dependencies"].values():
        wanted |= names(extra)
    pins = [line for line in read(ROOT / "constraints.txt").splitlines() if "==" in line]
    assert len(wanted) > 20
    assert wanted - names([pin for pin in pins if not pin.startswith("#")]) == set()


def test_the_machines_run_what_a_contributor_types() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert re.search(r"^make test$", read(ROOT / ".ci" / "run"), re.M)


def code_of(document: str) -> str:
    """Return the fenced blocks of a Markdown file and its inline code, a piece a line."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", document, re.M | re.S)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", document, flags=re.M | re.S))
    return "\n".join([*blocks, *inline])


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_documented_command_exists(name: str) -> None:
    import typer.main

    from textune.doors.cli import app

    code = code_of(read(ROOT / name))
    commands = set(re.findall(r"^(?:\$ )?(?:\.venv/bin/)?textune ([a-z]\w*)", code, re.M))
    known = getattr(typer.main.get_command(app), "commands", {})
    assert commands or name != "README.md"
    assert commands <= set(known)
    goals = set(re.findall(r"^(?:\$ )?make ([a-z-]+)", code, re.M))
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.M))
    assert goals
    assert goals <= targets


def test_a_wheel_would_hold_every_file_that_is_not_python():
    package = ROOT / "src" / "textune"
    settings = tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["setuptools"]
    named = {
        path for pattern in settings["package-data"]["textune"] for path in package.glob(pattern)
    }
    others = {path for path in package.rglob("*") if is_ours(path) and path.suffix != ".py"}
    others = {path for path in others if "__pycache__" not in path.parts}
    assert any(path.suffix == ".c" for path in others)
    assert others == {path for path in named if path.is_file()}


EXHAUSTIVE = """
import pytest


@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.exhaustive)])
def test_one(number): ...
"""


@pytest.mark.parametrize(
    ("options", "made"),
    [([], ["1"]), (["-m", ""], ["1", "2"]), (["-m", "exhaustive"], ["2"])],
)
@pytest.mark.first(2)
def test_exhaustive_cases_are_made_where_they_are_asked_for(
    options: list[str], made: list[str], tmp_path: Path
) -> None:
    class Chosen:
        """The names of the cases that are left."""

        def pytest_collection_finish(self, session: pytest.Session) -> None:
            found.extend(item.nodeid.partition("[")[2].rstrip("]") for item in session.items)

    found: list[str] = []
    (tmp_path / "test_made.py").write_text(EXHAUSTIVE, encoding="utf-8")
    settings = ["-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    settings += ["--rootdir", str(tmp_path), "--import-mode=importlib"]  # by no name of a module
    pytest.main([*settings, "--collect-only", "-q", str(tmp_path), *options], [Chosen()])
    assert found == made
