"""A run's model becomes a repository on Hugging Face's hub: its folder `model` alone."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textune.encoder import bases, manifest
from textune.errors import RunError, SettingsError, TextuneError, first_line
from textune.runs import runs
from textune.storage import contents
from textune.tasks import registry

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
PAGE = "README.md"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What is uploaded, or would be."""

    name: str
    files: tuple[tuple[str, int], ...]  # and bytes
    is_public: bool
    revision: str | None = None
    url: str | None = None  # None: nothing was uploaded

    def told(self) -> dict[str, Any]:
        """Return it as JSON would hold it."""
        return {
            "repository": self.name,
            "public": self.is_public,
            "revision": self.revision,
            "files": dict(self.files),
            "url": self.url,
        }


def prepare(run: Path, name: str, *, public: bool, revision: str | None) -> tuple[Path, Pushed]:
    """Say what would be uploaded, after looking whether it is as it was saved.

    Returns:
        The model's folder, and what of it is meant.

    Raises:
        SettingsError: It is no name of a repository.
        RunError: There is no model, or nobody can tell whether it is as it was saved.
        ModelError: It is not as it was saved.
    """
    if NAME.fullmatch(name) is None or ".." in name or "--" in name:
        raise SettingsError(f"{name}: no name of a repository; write OWNER/NAME")
    folder = runs.model_folder(run)
    bases.check(folder)
    if not (folder / manifest.NAME).is_file():
        raise RunError(
            f"{folder}: has no {manifest.NAME}, so that nobody can tell whether it is as it was "
            f"saved; textune accept {run} takes it as it is"
        )
    inside = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*")}
    files = tuple(
        (place, file.stat().st_size)
        for place, file in sorted(inside.items())
        if file.is_file() and not file.is_symlink() and contents.is_written(f"model/{place}")
    )
    return folder, Pushed(name, files, public, revision)


def upload(folder: Path, asked: Pushed) -> Pushed:
    """Upload a model; the token is the one that huggingface_hub finds.

    Raises:
        RunError: The hub does not take it.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, constants  # heavy, and rarely needed

    if constants.HF_HUB_OFFLINE:
        raise RunError(f"{asked.name}: HF_HUB_OFFLINE is set, so that nothing is uploaded")
    api = HfApi()
    page = _page(folder)
    operations = [
        CommitOperationAdd(place, page if place == PAGE else str(folder / place))
        for place, _ in asked.files
    ]
    try:
        api.create_repo(asked.name, private=not asked.is_public, exist_ok=True)
        if not asked.is_public and not api.repo_info(asked.name, timeout=30).private:
            raise RunError(
                f"{asked.name}: everybody can read this repository, and --public was not given; "
                "give it, or choose another name"
            )
        if asked.revision is not None:
            api.create_branch(asked.name, branch=asked.revision, exist_ok=True)
        done = api.create_commit(
            asked.name,
            operations,
            commit_message="Model fine-tuned with textune",
            revision=asked.revision,
        )
    except TextuneError:
        raise
    except Exception as error:  # of the network and the hub: many kinds
        raise RunError(
            f"{asked.name}: the hub does not take it ({first_line(error, 200)}); check the name "
            "and the network, and log in with a token that may write: hf auth login"
        ) from error
    return replace(asked, url=str(done.commit_url))


def _page(folder: Path) -> bytes:
    """Return the model's page, with what the hub reads first: the kind of task."""
    file = folder / PAGE
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if text.startswith("---\n"):
        return text.encode()
    task = runs.read_card(folder).contract.task
    lines = ["---", "library_name: transformers", "tags:", "- textune"]
    lines += [f"pipeline_tag: {registry.of(task).pipeline}"] if task in registry.TASKS else []
    return "\n".join([*lines, "---", "", text]).encode()
