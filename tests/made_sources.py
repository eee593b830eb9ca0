"""Files of the house become syntax trees, no more of them than a rule needs: each costs time."""

import ast
import functools
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Function:
    """Where a function begins, and how many lines its body has without the docstring."""

    name: str
    line: int
    body_lines: int


@dataclass(frozen=True)
class Outline:
    """All imports of a file, wherever they stand in it, and its functions."""

    imports: ast.Module
    functions: tuple[Function, ...]


def outlined(source: str) -> Outline:
    """Return the outline of what stands in a file."""
    nodes = [*ast.walk(ast.parse(source))]
    found = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return Outline(ast.Module(imports, type_ignores=[]), tuple(map(_measured, found)))


def _measured(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
    return Function(node.name, node.lineno, lines)


@functools.cache
def outline(path: Path) -> Outline:
    """Return the outline of a file, made once."""
    return outlined(path.read_text(encoding="utf-8"))


def tree(path: Path, words: re.Pattern[str]) -> ast.Module:
    """Return the tree of a file, and an empty one where its text has none of the words."""
    source = path.read_text(encoding="utf-8")
    return ast.parse(source if words.search(source) else "")
