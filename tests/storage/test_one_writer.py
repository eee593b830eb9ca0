import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import made_sources

SRC = Path(__file__).parents[2] / "src" / "textune"
FILES = sorted(SRC.rglob("*.py"))
WRITER = "storage/atomic.py"
OF_PATHS = {
    *("write_text", "write_bytes", "rename", "unlink", "rmdir", "touch", "tofile", "savefig"),
    *("symlink_to", "hardlink_to", "save_pretrained", "save_file", "write_table", "ParquetWriter"),
    *("SummaryWriter", "TemporaryDirectory", "NamedTemporaryFile", "mkdtemp", "mkstemp", "rmtree"),
}
OF_SYSTEM = {
    *("replace", "remove", "renames", "removedirs", "link", "symlink", "truncate", "ftruncate"),
    *("move", "copy", "copy2", "copyfile", "copytree"),
}
WORDS = re.compile(rf"\b({'|'.join(OF_PATHS | OF_SYSTEM)}|open)\b")
SAFE = {"replacing_file", "replacing_folder", "writing", "passing_folder", "scratch"}
ALLOWED = {  # file → what it does itself, and why
    ("__main__.py", "os.open"): "the null device in place of a closed stream",
    ("doors/console.py", "open"): "the null device in place of a closed stream",
    ("doors/console.py", "os.open"): "the null device in place of a closed stream",
    ("encoder/load.py", "save_pretrained"): "transformers writes into a folder of the writer's",
    ("parallel/shared.py", "os.open"): "memory that another process of the run has made",
    ("predicting/outputs.py", "ParquetWriter"): "into a file that the writer has opened",
    ("predicting/outputs.py", "write_table"): "into a file that the writer has opened",
    ("predicting/unfinished.py", "rmdir"): "of a folder of its own, if nobody put something there",
    ("reading/spreadsheets.py", "os.open"): "the null device in place of what a library says",
    ("recipes/vocabularies.py", "save_pretrained"): "into a passing folder, moved when it is whole",
    ("report/pictures.py", "savefig"): "a drawing in memory",
    ("runs/journal.py", "open"): "a log is appended to, and what is half a line is cut off",
    ("runs/openings.py", "open"): "openings are appended, and none is ever taken back",
    ("sklearn/estimator.py", "TemporaryDirectory"): "a run of its own, gone with the fitting",
    ("sklearn/saved_model.py", "TemporaryDirectory"): "a model to be loaded, gone after it",
    ("sklearn/saved_model.py", "write_bytes"): "into a new folder of the caller's",
    ("sweeping/helpers.py", "open"): "a log that a process writes as it goes",
    ("sweeping/results.py", "write_table"): "a function of this file, by the writer",
    ("sweeping/study.py", "unlink"): "a lock of a process that has ended",
    ("sweeping/sweep.py", "write_table"): "a function of results.py",
    ("storage/caches.py", "os.open"): "a file by whose lock others see that something is used",
    ("storage/folders.py", "rmdir"): "of a folder that is claimed, and empty",
    ("trackers/tensorboard.py", "SummaryWriter"): "TensorBoard's log is appended to by itself",
    ("text/saving.py", "save_pretrained"): "transformers writes into a folder of the writer's",
}


def writes(tree: ast.AST, *, is_safe: bool = False) -> Iterator[tuple[str, int]]:
    """Yield the calls that write, rename or delete otherwise than by the writer, and their lines.

    What a library writes to a path that the writer gave, in the same function, is safe.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.With):
            given = [item.context_expr for item in node.items]
            names = [one.func for one in given if isinstance(one, ast.Call)]
            inside = any(isinstance(one, ast.Attribute) and one.attr in SAFE for one in names)
            yield from writes(node, is_safe=is_safe or inside)
            continue
        if isinstance(node, ast.Call) and not is_safe and (name := _written(node)):
            yield name, node.lineno
        yield from writes(node, is_safe=is_safe)


def _written(call: ast.Call) -> str | None:
    whole = ast.unparse(call.func)
    base, _, name = whole.rpartition(".")
    if base == "atomic":
        return None
    if name == "open":
        is_of_system = base in {"os", "builtins"}
        shown = [ast.unparse(one) for one in (*call.args, *(key.value for key in call.keywords))]
        modes = shown if base and not is_of_system else shown[1:]
        flags = any(flag in mode for mode in modes for flag in ("O_WRONLY", "O_RDWR", "O_CREAT"))
        plain = {mode.strip("'\"") for mode in modes if mode[:1] in "'\""}
        is_write = any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in plain)
        return ("os.open" if base == "os" else "open") if flags or is_write else None
    if base in {"os", "shutil"} and name in OF_SYSTEM | OF_PATHS:
        return whole
    if name in OF_PATHS:
        return name
    is_path = name == "replace" and len(call.args) == 1 and not call.keywords and base
    return whole if is_path and base not in {"dropout", "linears", "norms", "layers"} else None


@pytest.mark.exhaustive
def test_one_writer_alone_writes_renames_and_deletes() -> None:
    found = {
        path.relative_to(SRC).as_posix(): list(writes(made_sources.tree(path, WORDS)))
        for path in FILES
    }
    assert len(found) > 500
    assert found.pop(WRITER)
    assert [
        (name, call, line)
        for name, each in found.items()
        for call, line in each
        if (name, call) not in ALLOWED
    ] == []


def test_every_exception_is_used() -> None:
    found = {
        (name, call)
        for name, _ in ALLOWED
        for call, _ in writes(ast.parse((SRC / name).read_text(encoding="utf-8")))
    }
    assert found >= ALLOWED.keys()
    assert list(writes(ast.parse((SRC / WRITER).read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("file.write_text('x')", ["write_text"]),
        ("file.open('ab')", ["open"]),
        ("open(file, mode='w', encoding='utf-8')", ["open"]),
        ("open(file, 'rb')\nfile.open(encoding='ascii')\nbases.open(source)", []),
        ("os.open(path, os.O_RDWR)\nos.open(path, os.O_RDONLY)", ["os.open"]),
        ("os.replace(a, b)\na.replace(b)\n'a'.replace('b', 'c')", ["os.replace", "a.replace"]),
        ("atomic.write_text(file, 'x')", []),
        ("with atomic.replacing_file(file) as one:\n    pq.write_table(t, one)", []),
        ("def f():\n    with other(file) as one:\n        save_file(t, one)", ["save_file"]),
    ],
)
def test_a_second_writer_is_noticed(source: str, expected: list[str]) -> None:
    assert [name for name, _ in writes(ast.parse(source))] == expected
