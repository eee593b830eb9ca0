"""A Python file, and objects, become the user's own parts of a run.

A file is run only where the caller names it: never one that lies in a run's folder by itself.
"""

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from textune.errors import SettingsError, among, first_line
from textune.metrics import catalogue
from textune.storage.names import to_path
from textune.tasks import installed
from textune.tasks.own import NOTHING, SHAPES, Own, OwnMetric, Source, positions

LOWER = "lower_is_better"  # an attribute of a metric
SEVERAL = ("metrics", "callbacks")
ADDED = ("readers", "tasks")  # to what textune knows, while the program runs
PARTS = {"metric": "metrics", "callback": "callbacks"}  # a single one may be called so


Given = str | Path | Mapping[str, Any] | None  # a Python file, or parts by their names


def of(given: Given) -> Own:
    """Return the parts of a file, or of a table.

    Raises:
        SettingsError: As `gather` does.
    """
    if isinstance(given, Mapping):
        if unknown := sorted(given.keys() - set(SHAPES)):
            raise SettingsError(f"plugin: no part {unknown[0]!r}; {among(unknown[0], SHAPES)}")
        return gather(None, given)
    return gather(given)


def gather(plugin: str | Path | None = None, given: Mapping[str, Any] | None = None) -> Own:
    """Return the parts of a plugin, and those that were given as objects, which win.

    Args:
        plugin: A Python file whose names are those of parts: head, loss, metrics, optimizer,
            callbacks, preprocess; readers, tasks.
        given: The same, as objects.

    Raises:
        SettingsError: There is no such file, it does not run, or what it has is no such part.
    """
    found = {} if plugin is None else _of_file(to_path(plugin, "--plugin"))
    found |= {name: part for name, part in (given or {}).items() if part}
    if not found:
        return NOTHING
    for name in SEVERAL:
        found[name] = tuple(_listed(name, found.get(name, ())))
    for name in ("head", "loss", "optimizer", "preprocess"):
        if found.get(name) is not None and not callable(found[name]):
            raise SettingsError(f"{name}: expected a function or a class, found {found[name]!r}")
    sources = {name: _source(found[name]) for name in SHAPES if found.get(name)}
    found["metrics"] = tuple(map(_metric, found["metrics"]))
    return Own(**found, sources=sources)


class _AsRead(SourceFileLoader):
    """Runs the text that was read: never the bytecode that may lie beside it.

    Attributes:
        text: The file's bytes.
    """

    def __init__(self, name: str, path: str, text: bytes) -> None:
        """Keep the text."""
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:  # as the loader calls it
        """Compile the text."""
        return self.source_to_code(self.text, self.path)


def _of_file(file: Path) -> dict[str, Any]:
    """Run a file, and take the parts by their names."""
    if not file.is_file():
        raise SettingsError(f"--plugin {file}: no such file; give a Python file with your parts")
    text = file.read_bytes()
    name = f"textune_plugin_{hashlib.sha256(text).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SettingsError(f"--plugin {file}: not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look it up
    try:
        _AsRead(name, str(file.absolute()), text).exec_module(module)
    except (Exception, SystemExit) as error:
        raise SettingsError(
            f"--plugin {file}{_line(error, file)}: {type(error).__name__}: {first_line(error)}"
            if isinstance(error, Exception)
            else f"--plugin {file}: it ends the program while it is imported; put what runs under "
            "`if __name__ == '__main__':`"
        ) from error
    found = {part: vars(module)[part] for part in SHAPES if part in vars(module)}
    found |= {part: vars(module)[one] for one, part in PARTS.items() if one in vars(module)}
    added = {name: vars(module)[name] for name in ADDED if name in vars(module)}
    installed.add_readers(added.get("readers", {}))
    installed.add_tasks(added.get("tasks", ()))
    if not found and not added:
        held = [name for name in vars(module) if not name.startswith("_")]
        names = (*SHAPES, *ADDED)
        hint = next((among(one, names) for one in held), f"allowed: {', '.join(names)}")
        raise SettingsError(f"--plugin {file}: defines none of {', '.join(names)}; {hint}")
    return found


def _line(error: BaseException, file: Path) -> str:
    """Return ":17" for the last line of the file that an error passed."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file.absolute()):
            last = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return last


def _listed(name: str, parts: Any) -> Iterable[Any]:
    if isinstance(parts, Mapping):
        return tuple(parts.values())
    return parts if isinstance(parts, list | tuple) else (parts,)


def _metric(function: Any) -> OwnMetric:
    """Make a metric of a function.

    Raises:
        SettingsError: It has no name, or the name of a metric that is there.
    """
    inner = _inner(function)
    name = getattr(inner, "__name__", type(inner).__name__)
    if not callable(function) or not 2 <= positions(function) <= 3:
        raise SettingsError(
            f"metrics: {name}: expected a function of (truth, decisions) or of (truth, decisions, "
            "probabilities)"
        )
    if catalogue.plain_name(name) != name or not name.isidentifier():
        raise SettingsError(
            f"metrics: {name}: is another word for {catalogue.plain_name(name)!r}, which textune "
            "has; call the function otherwise, in small letters"
        )
    made = OwnMetric(name, function, not getattr(function, LOWER, False))
    catalogue.add(made.name, is_better_higher=made.is_better_higher)
    return made


def _inner(part: Any) -> Any:
    """Return the function that some arguments were given to by `functools.partial`."""
    while isinstance(part, partial):
        part = part.func
    return part


def _source(part: Any) -> Source:
    """Say where the code of a part, or of several, stands."""
    if isinstance(part, tuple):
        each = [_source(one) for one in part]
        texts = "\n".join(dict.fromkeys(one.text for one in each))
        names = ", ".join(one.name for one in each)
        return Source(names, hashlib.sha256(texts.encode()).hexdigest(), texts)
    part = _inner(part)
    code = part if inspect.isfunction(part) or inspect.isclass(part) else type(part)
    name = getattr(code, "__qualname__", repr(code))
    try:
        file = Path(inspect.getsourcefile(code) or "")
        text = file.read_text(encoding="utf-8")
    except (OSError, TypeError, ValueError):
        try:
            file, text = Path("notebook"), inspect.getsource(code)
        except (OSError, TypeError):
            file, text = Path("unknown"), name  # of code that was typed or made
    return Source(f"{file.name}:{name}", hashlib.sha256(text.encode()).hexdigest(), text)
