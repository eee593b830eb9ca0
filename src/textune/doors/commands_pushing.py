"""The command that uploads a model: `push`."""

from pathlib import Path

import typer

from textune.doors import console
from textune.doors.options import command


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app)(push)


def push(
    run: Path,
    name: str,
    *,
    public: bool = False,
    revision: str | None = None,
    dry_run: bool = False,
    as_json: bool = False,
) -> None:
    """Upload the model in RUN to Hugging Face's hub as NAME, a repository that only you can read.

    Only the model's folder: no texts, no predictions, no checkpoints.

    Args:
        run: Folder that textune train wrote.
        name: Repository: OWNER/NAME.
        public: Let everybody read it.
        revision: Branch of the repository; main if not given.
        dry_run: Say what would be uploaded, and upload nothing.
        as_json: Print one JSON object, for programs.
    """
    from textune.runs import pushing

    folder, asked = pushing.prepare(run, name, public=public, revision=revision)
    if not as_json:
        size = sum(size for _, size in asked.files)
        whose = "everybody" if public else "only its owner"
        console.say(f"{folder} → {name}, which {whose} can read: {size:,} bytes")
        for place, each in asked.files:
            console.say(f"  {place}  {each:,}")
    done = asked if dry_run else pushing.upload(folder, asked)
    if as_json:
        console.show_json(done.told())
    else:
        console.say(done.url or "nothing was uploaded (--dry-run)")
