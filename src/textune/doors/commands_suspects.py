"""The command that finds wrong labels and puts in corrected ones: `suspects`."""

from typing import TYPE_CHECKING, Any

import typer

from textune.doors import api, console, suspects_api, watching
from textune.doors.options import command
from textune.errors import SettingsError, counted, excerpt

if TYPE_CHECKING:  # numpy
    from textune.recipes.suspecting import Suspects

SHOWN = 20
EXCERPT = 80  # characters of a text
OF_HEAD = ("device", "base", "seed")  # with --measure
USELESS = (
    "n",
    "harmless",
    "device",
    "base",
    "seed",
    "run",
    "max_tokens",
    "group",
    "effort",
    "as_",
)  # with --apply


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app, suspects_api.suspects, words=api.train)(suspects)


def suspects(  # noqa: D417  # the others are described in `suspects_api.suspects` and `train`
    source: str | list[str],
    *,
    as_json: bool,
    apply: str | None = None,
    measure: bool = False,
    **options: Any,
) -> None:
    """Find the labels of FILE that are probably wrong; with --apply, put in what you corrected.

    A linear head on the frozen encoder answers each text while it does not learn from it; with
    --effort thorough encoders that are fine-tuned on folds do, too.

    Args:
        apply: File that --output wrote, its column corrected filled in: a copy of FILE with these
            labels is written to --output. Or what Label Studio exports of its tasks.
        measure: With --apply, say what a linear head scores before and after, on texts that it did
            not learn from.
    """
    if apply is not None:
        _correct(source, apply, as_json=as_json, measure=measure, **options)
        return
    if measure:
        raise SettingsError("--measure goes with --apply FILE: it says what corrections change")
    looking = api.events_of(suspects_api.suspects, source, **options)
    found: Suspects = watching.watch(looking, quiet=as_json, waiting="texts are read and answered")
    output = options.get("output")
    if as_json:
        told = found.told()
        if output:
            told = {"output": str(output)} | {k: v for k, v in told.items() if k != "rows"}
            told |= {"config": "\n".join(found.config)} if found.config else {}
        console.show_json(told)
    else:
        console.say(_words(found))
        if output:
            console.say(f"{output}: {counted(len(found.rows), 'row')}")
            for line in ("the labelling config that fits:", *found.config) if found.config else ():
                console.say(line)
        else:
            _show(found)
    for remark in found.remarks:
        console.warn(remark)


def _correct(
    source: str | list[str],
    corrections: str,
    *,
    as_json: bool,
    output: str | None = None,
    overwrite: bool = False,
    measure: bool = False,
    **options: Any,
) -> None:
    """Write a corrected copy, and say what was changed."""
    if output is None:
        raise SettingsError("--apply goes with --output FILE: the corrected copy")
    none = [name for name in USELESS if not (measure and name in OF_HEAD)]
    if useless := sorted(name for name in none if options.get(name)):
        names = {
            "n": "-n",
            "as_": "--as",
            "harmless": "--harmless-cells",
            "max_tokens": "--max-tokens",
        }
        listed = ", ".join(names.get(name, f"--{name}") for name in useless)
        raise SettingsError(f"{listed}: --apply has no use for it; leave it out")
    given: dict[str, Any] = {"overwrite": overwrite, "measure": measure}
    done = suspects_api.correct(source, corrections, output, **given, **options)
    if as_json:
        told = {"output": output, "rows": done.rows, "changed": done.changed}
        told |= {"worth": done.worth.told()} if done.worth else {}
        console.show_json(told | {"remarks": list(done.remarks)})
    else:
        same = f"; {done.same:,} corrected to what stood there" if done.same else ""
        changed = "1 text has" if done.changed == 1 else f"{done.changed:,} texts have"
        console.say(f"{output}: {counted(done.rows, 'row')}, {changed} another label{same}")
        if done.worth:
            console.say(done.worth.words)
    for remark in done.remarks:
        console.warn(remark)


def _words(found: "Suspects") -> str:
    """Say how many labels are likely wrong, and what that is worth."""
    has = "has" if found.likely == 1 else "have"
    return (
        f"{found.likely:,} of {counted(found.texts, 'text')} ({found.share:.1%}) {has} a label "
        f"that is probably wrong; the answers that say so agree with {found.agreement:.1%} of the "
        "labels"
    )


def _show(found: "Suspects") -> None:
    """Print the first of them."""
    rows = found.rows[:SHOWN]
    if rows:
        console.table(
            ("place", "text", "given", "suggested", "rank", "p given", "p suggested"),
            [_cells(row, text) for row, text in zip(rows, found.texts_of, strict=False)],
            texts=4,
        )
    if len(found.rows) > len(rows):
        more = len(found.rows) - len(rows)
        console.say(f"… and {more:,} more; --output FILE writes all of them")


def _cells(row: dict[str, Any], text: str) -> list[str]:
    place, given, suggested = (_own(row, name) for name in ("place", "given", "suggested"))
    chances = [f"{_own(row, name):.3f}" for name in ("p given", "p suggested")]
    return [place, excerpt(text, most=EXCERPT), given, suggested, str(_own(row, "rank")), *chances]


def _own(row: dict[str, Any], name: str) -> Any:
    """Return what was added to a row, whose name may have a mark."""
    return row[max((one for one in row if one.replace(" (textune)", "") == name), key=len)]
