"""A function's signature and docstring become the arguments and options of a command.

Its positional parameters become arguments, its keywords options of the same names, and what its
docstring says of each under `Args` becomes their help.
"""

import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer

from textune.doors import console
from textune.doors.help import Options
from textune.errors import require_known
from textune.reading import lines
from textune.tasks.own import SHAPES

AS_KEYWORD = inspect.Parameter.KEYWORD_ONLY
ENTRY = re.compile(r"^ {4}(\w+): (.+(?:\n {8,}.+)*)", re.M)  # of `Args`: a name, and its words

FILES = ("source", "valid", "test")  # one is itself, several are a list
COLUMNS = ("text", "label")  # several are one by one what they are as "A,B"
READS = {"source", "input_", "whole_word"}  # parameters of commands that read files of texts
PYTHON = frozenset(SHAPES)  # keywords whose values are objects; on the command line, --plugin
QUIET = inspect.Parameter("quiet", AS_KEYWORD, default=False, annotation=bool)
MAX_CELL = inspect.Parameter("max_cell_mib", AS_KEYWORD, default=None, annotation=int | None)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a parameter differs on the command line."""

    flags: tuple[str, ...] = ()  # in place of its name
    metavar: str | None = None
    kind: type | None = None  # in place of what its annotation says
    least: int | None = None
    most: int | None = None
    help: str | None = None  # in place of the words of `Args`


DIFFERENT = {
    "as_json": Shown(("--json",), help="Print one JSON object, for programs."),
    "by": Shown(metavar="COLUMN", kind=list[str]),
    "calibrate": Shown(("--calibrate/--no-calibrate",)),
    "cased": Shown(("--cased/--uncased",)),
    "config": Shown(kind=Path),
    "folds": Shown(("--folds", "-k")),
    "for_": Shown(("--for",), "LABEL"),
    "harmless": Shown(("--harmless-cells",)),
    "input_": Shown(("--input",)),
    "as_": Shown(("--as",)),
    "label": Shown(metavar="COLUMN", kind=list[str]),
    "known": Shown(metavar="FILE", kind=list[str]),
    "merge_labels": Shown(metavar="NAME=OTHER", kind=list[str]),
    "max_cell_mib": Shown(
        least=1,
        most=lines.MOST_MIB,
        help=f"Most MiB in a cell, 1 to {lines.MOST_MIB:,}; 1 by default.",
    ),
    "model": Shown(metavar="RUN_OR_BASE"),
    "n": Shown(("-n",), least=1),
    "no_skip": Shown(metavar="COLUMN=VALUE", kind=list[str]),
    "out": Shown(kind=Path),
    "output": Shown(("--output", "-o")),
    "per_batch": Shown(least=2),
    "plugin": Shown(metavar="FILE.py", kind=Path),
    "prove_set": Shown(metavar="SECTION.KEY=VALUE", kind=list[str]),
    "quiet": Shown(help="Show warnings and results only, neither progress nor notes."),
    "report": Shown(
        metavar="FORM", help="Write a report, too: html, a page, or md, for a pull request."
    ),
    "run": Shown(metavar="RUN", kind=Path),
    "ray": Shown(metavar="ADDRESS"),
    "runs": Shown(metavar="RUN…", kind=list[str]),
    "seeds": Shown(least=1),
    "settings": Shown(("--set",), "SECTION.KEY=VALUE", list[str]),
    "show": Shown(least=0),
    "show_each": Shown(least=1),
    "show_of": Shown(metavar="LABEL", kind=list[str]),
    "space": Shown(metavar="NAME=VALUES", kind=list[str]),
    "jobs": Shown(least=1),
    "gpus": Shown(
        metavar="N", help="Cards of NVIDIA that learn together, each by a process: all, or N."
    ),
    "processes": Shown(least=1, help="Processes of this machine that share the work."),
    "timeout": Shown(kind=str),
    "trials": Shown(least=1),
    "skip": Shown(metavar="COLUMN=VALUE", kind=list[str]),
    "source": Shown(metavar="FILE", kind=list[str]),
    "test": Shown(metavar="FILE", kind=list[str]),
    "text": Shown(metavar="COLUMN", kind=list[str]),
    "texts": Shown(metavar="TEXT…", kind=list[str]),
    "top": Shown(least=1),
    "trial": Shown(("--try",)),
    "unlabelled": Shown(("--text",), "FILE", list[str]),
    "valid": Shown(metavar="FILE", kind=list[str]),
    "what": Shown(metavar="[WHAT]…", kind=list[str]),
}


def command(
    app: typer.Typer,
    like: Callable[..., Any] | None = None,
    *,
    only: Collection[str] = (),
    words: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function a command, whose help is its docstring.

    Args:
        app: The command line that gets it.
        like: The function whose parameters the command has, with `as_json`; its own if not given.
        only: Of those, the ones that it has, in their order; all if not given.
        words: The function whose docstring describes what the other does not.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        described = [each for each in (words, like, function) if each is not None]
        helps = {name: text for each in described for name, text in descriptions(each).items()}
        own = inspect.signature(function).parameters
        found = {**inspect.signature(like or function).parameters}
        found |= {name: each for name, each in own.items() if name in found}
        shown = [found[name] for name in only or found if name not in PYTHON]
        if like is not None:
            shown += [
                each
                for name, each in own.items()
                if each.kind is AS_KEYWORD and name not in found and name != "as_json"
            ]
            shown.append(inspect.Parameter("as_json", AS_KEYWORD, default=False, annotation=bool))
            if "out" in found:
                shown.append(QUIET)
        if not READS.isdisjoint(each.name for each in shown):
            shown.append(MAX_CELL)

        def run(**options: Any) -> None:
            given = {name: value for name, value in options.items() if value not in (None, [])}
            for name in FILES:
                if len(named := given.get(name, ())) == 1:
                    given[name] = named[0]
            given |= {name: ",".join(given[name]) for name in COLUMNS if name in given}
            is_quiet = given.pop(QUIET.name, False)
            with lines.allowing(given.pop(MAX_CELL.name, None)), console.hushed(is_asked=is_quiet):
                function(**given)

        run.__name__ = function.__name__
        run.__doc__ = _summary(function)
        run.__annotations__ = {}
        made = [_parameter(each, helps.get(each.name, "")) for each in shown]
        run.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]  # read by typer
        app.command(cls=Options)(run)
        return function

    return decorate


def descriptions(function: Callable[..., object]) -> dict[str, str]:
    """Return what a Google docstring says of each parameter."""
    text = inspect.getdoc(function) or ""
    _, _, rest = text.partition("\nArgs:\n")
    part = re.split(r"^\w+:$", rest, maxsplit=1, flags=re.M)[0]
    return {name: " ".join(words.split()) for name, words in ENTRY.findall(part)}


def arguments(
    function: Callable[..., object], *args: object, **kwargs: object
) -> dict[str, object]:
    """Return what a function would get, by the names of its parameters, defaults included."""
    require_known(function, kwargs)
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _summary(function: Callable[..., object]) -> str:
    """Return a docstring up to what it says of the parameters."""
    return (inspect.getdoc(function) or "").partition("\nArgs:\n")[0].strip()


def _parameter(found: inspect.Parameter, words: str) -> inspect.Parameter:
    """Return a parameter as typer reads it: an argument or an option with its help."""
    shown = DIFFERENT.get(found.name, Shown())
    kind = shown.kind or _kind(found.annotation)
    is_needed = found.default is inspect.Parameter.empty
    default: Any = ... if is_needed else found.default if found.default != () else None
    given: dict[str, Any] = {"help": shown.help or _as_typed(words), "metavar": shown.metavar}
    if found.kind is not AS_KEYWORD:
        if not is_needed and kind == list[str]:
            given["metavar"] = "[TEXT]…" if found.name == "texts" else shown.metavar
        made = typer.Argument(default, **given)
    else:
        name = f"--{found.name.replace('_', '-')}"
        flags = shown.flags
        if kind is bool and not flags:
            flags = (f"{name}/--no-{name[2:]}",) if default is None else (name,)
        made = typer.Option(default, *(flags or (name,)), min=shown.least, max=shown.most, **given)
    return inspect.Parameter(found.name, AS_KEYWORD, default=made, annotation=kind)


def _kind(annotation: object) -> object:
    """Return the type that a word of the command line is read as."""
    kinds = get_args(annotation) or (annotation,)
    allowed = (bool,) if bool in kinds else () if str in kinds else (int, float, Path)
    return next((kind for kind in allowed if kind in kinds), str)


def _as_typed(words: str) -> str:
    """Write keywords as options, values without the quotes of Python, and nothing about Python."""
    words = re.sub(r" \(in Python[^)]*\)", "", words).replace('"', "")
    return re.sub(r"`(\w+)`", lambda found: f"--{found[1].replace('_', '-')}", words)
