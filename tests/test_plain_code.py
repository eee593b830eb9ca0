"""Nothing clever: no class is swapped on a live object, and a frame is no interface."""

import ast
import re
from pathlib import Path

import pytest

import made_sources

SRC = Path(__file__).parents[1] / "src" / "textune"
FILES = sorted(SRC.rglob("*.py"))
FRAMES = {"locals", "globals", "vars", "exec", "eval"}
SWAPPED = {"__class__", "grad"}
CONSTANT = re.compile(r"^(_?[A-Z][A-Z\d_]*)(?:: [^=\n]+)? = ", re.MULTILINE)
WORDS = re.compile(rf"\b({'|'.join(SWAPPED | FRAMES)})\b")
OF_OBJECTS = {"vars"}  # of an object it is a plain dictionary
WRITES_GRADIENTS = {  # and says in its docstring what a measurement found, or why none is needed
    "encoder/precision.py",
    "fast/matrices.py",
    "lightning/kept.py",
    "training/capturing.py",
    "training/optim.py",
    "training/reducing.py",
}
ADOPTS = "training/own_optimizers.py"  # a torch optimizer of the user's own: schedules of torch ask
# for its class, so what the loop needs is put before that class, not around the object


def clever(tree: ast.AST) -> list[str]:
    """Return what swaps classes, reads frames, or writes gradients that no hook sees."""
    found = []
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr in SWAPPED:
                found.append(target.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            is_frame = node.func.id in FRAMES - OF_OBJECTS or not node.args
            if node.func.id in FRAMES and is_frame:
                found.append(node.func.id)
    return found


def test_nothing_clever_is_done() -> None:
    found = {
        path.relative_to(SRC).as_posix(): set(clever(made_sources.tree(path, WORDS)))
        for path in FILES
    }
    allowed = {**{name: {"grad"} for name in WRITES_GRADIENTS}, ADOPTS: {"grad", "__class__"}}
    assert {name: each for name, each in found.items() if each} == allowed
    assert len(found) > 500


def twice(source: str) -> list[str]:
    """Return the constants of a module that have two values, of which the first is lost."""
    names = CONSTANT.findall(source)
    return sorted({name for name in names if names.count(name) > 1})


def test_no_constant_has_two_values() -> None:
    assert twice("A = 1\nB: int = 2\n\ndef f():\n    A = 3\n\nB = 4\n") == ["B"]
    found = {path.name: twice(path.read_text(encoding="utf-8")) for path in FILES}
    assert not {name: each for name, each in found.items() if each}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("part.__class__ = Dropout", ["__class__"]),
        ("options = dict(locals())", ["locals"]),
        ("vars(config)\nvars()", ["vars"]),
        ("part.grad += piece\npart.grad = None", ["grad", "grad"]),
        ("print(part.grad, part.__class__)", []),
    ],
)
def test_what_is_clever_is_noticed(source: str, expected: list[str]) -> None:
    assert clever(ast.parse(source)) == expected
