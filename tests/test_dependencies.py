"""What is imported is declared, and what is declared is imported: in the package and in bench."""

import ast
import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import made_sources
from thinning import spare

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = {"pandas", "polars", "spacy"}  # what a user has whose data frames or files these are


distributions = functools.cache(packages_distributions)


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(lines):
    return {normal(re.match(r"[\w.-]+", line).group()) for line in lines}


CORE = declared(PROJECT["dependencies"])
EXTRAS = {name: declared(lines) for name, lines in PROJECT["optional-dependencies"].items()}


def imported(folder):
    """Return the distributions of other people that the files of a folder import."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(made_sources.outline(path).imports):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(str(node.module).partition(".")[0])
    ours = {"textune", "bench", "proofs", *sys.stdlib_module_names}
    known = distributions()
    return {normal(known.get(name, [name])[0]) for name in found - ours}


def test_the_package_imports_what_it_declares():
    used = imported("src")
    extras = [names for extra, names in EXTRAS.items() if extra != "dev"]
    assert used - CORE <= OPTIONAL.union(*extras)
    assert CORE - used == set()
    assert {"torch", "scipy", "numpy"} <= used


@pytest.mark.parametrize("folder", ["bench", spare("tests")])
def test_benches_and_tests_import_what_the_developers_extra_declares(folder):
    everything = CORE.union(*EXTRAS.values())
    assert imported(folder) - everything - modules_of_tests() == set()


def modules_of_tests():
    """Return the names by which tests import each other."""
    return {normal(path.stem) for path in (ROOT / "tests").rglob("*.py")}
