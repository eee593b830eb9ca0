"""Commands and options become help that is grouped by what people look for."""

import signal
from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

from textune.errors import StoppedError

COMMANDS = {
    "Look at data and models": ("check", "suspects", "table", "tokens", "inspect", "features"),
    "Train": ("train", "distill", "sweep", "folds", "adapt", "pretrain", "demo"),
    "Use a model": (
        *("predict", "evaluate", "explain", "compare", "decide", "report", "suggest", "fill"),
        *("follows", "push", "serve"),
    ),
    "Keep what there is": ("verify", "accept", "cache"),
}
OPTIONS = {
    "What is read, and how": (
        *(
            "text",
            "unlabelled",
            "column",
            "label",
            "task",
            "header",
            "delimiter",
            "rows",
            "sheet",
            "annotators",
            "quote",
        ),
        *("encoding", "faulty", "merge_labels", "group", "names", "weight", "skip", "no_skip"),
        *("limit", "max_cell_mib"),
    ),
    "What it is judged by": ("valid", "test", "folds", "threshold", "per_batch", "by", "prove"),
    "The model": (
        "base",
        "to",
        "max_tokens",
        "long",
        "pool",
        "size",
        "vocab",
        "cased",
        "add_words",
    ),
    "How it learns": (
        *("recipe", "effort", "epochs", "batch_size", "lr", "hours", "seed", "seeds", "config"),
        *("settings", "curve", "lora", "temperature", "plugin", "mask", "plain_mask"),
        *("whole_word", "nsp", "nsp_only"),
    ),
    "What is explained": ("for_", "method"),
    "How it decides": ("aim", "abstain", "sets", "calibrate"),
    "Who may ask, and how much": (
        *("host", "port", "token_file", "max_queue", "max_body", "max_texts", "max_file"),
        *("batch_tokens", "timeout", "grace", "log_requests"),
    ),
    "Where it runs": (
        *("device", "gpus", "processes", "ray", "precision", "deterministic", "profile", "trial"),
        "plan",
    ),
    "What is written": (
        *("out", "output", "resume", "accept_changes", "overwrite", "keep", "as_json", "quiet"),
        *("harmless", "as_", "report", "track"),
    ),
}
OTHERS = "Others"
FEW = 10  # options that need no groups


class Commands(TyperGroup):
    """The program: its commands in groups."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a Ctrl-C is said, of which typer would make an exit code alone.

        Raises:
            StoppedError: Somebody pressed it.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise StoppedError(str(error) or "stopped", signal=signal.SIGINT) from error

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands below the titles of their groups."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        known = {name for names in COMMANDS.values() for name in names}
        others = tuple(name for name in found if name not in known)
        limit = formatter.width - 6 - max(map(len, found))
        for title, names in {**COMMANDS, OTHERS: others}.items():
            rows = [
                (name, one.get_short_help_str(limit))
                for name in names
                if (one := found.get(name)) is not None and not one.hidden
            ]
            _section(formatter, title, rows)


class Options(TyperCommand):
    """A command: its options in groups, where there are many."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, and options below the titles of their groups."""
        titles = {name: title for title, names in OPTIONS.items() for name in names}
        found: dict[str, list[tuple[str, str]]] = {}
        shown = [(one, one.get_help_record(ctx)) for one in self.get_params(ctx)]
        is_few = sum(one.param_type_name == "option" for one, _ in shown) <= FEW
        for one, record in shown:
            if record is None:
                continue
            usual = "Options" if is_few else titles.get(str(one.name), OTHERS)
            title = "Arguments" if one.param_type_name == "argument" else usual
            found.setdefault(title, []).append(record)
        order = ("Arguments", "Options", *OPTIONS, OTHERS)
        for title in order:
            _section(formatter, title, found.get(title, ()))


def _section(formatter: Any, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(list(rows))
