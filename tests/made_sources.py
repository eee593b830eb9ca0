"""Files of the house become syntax trees, no more of them than a rule needs: each costs time."""

import ast
import functools
import re
from pathlib import Path


def tree(path: Path, words: re.Pattern[str]) -> ast.Module:
    """Return the tree of a file, and an empty one where its text has none of the words."""
    source = path.read_text(encoding="utf-8")
    return ast.parse(source if words.search(source) else "")


@functools.cache
def imports(path: Path) -> ast.Module:
    """Return all imports of a file, wherever they stand in it, and nothing else."""
    kinds = ast.Import | ast.ImportFrom
    whole = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return ast.Module([node for node in whole if isinstance(node, kinds)], type_ignores=[])
