"""A data set's name on Hugging Face's hub, `hf://owner/name`, becomes its files on this machine.

`hf://owner/name/config` names one of several in it, `hf://owner/name@revision` an older state.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textune.errors import DataError, first_line
from textune.reading import kinds, splits

SCHEME = "hf://"
CONVERTED = "refs/convert/parquet"  # the branch in which the hub keeps any data set as Parquet
CARDS = ("README.md", "dataset_infos.json")

_NAME = re.compile(
    r"hf://(?:datasets/)?(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>refs/[\w.-]+/[\w.-]+|[\w.-]+))?"
    r"(?:/(?P<config>[\w.+ -]+(?:/[\w.+ -]+)*))?/?"
)


def parse(address: str) -> tuple[str, str | None, str | None]:
    """Return the data set's name, its revision and what is meant of it.

    Raises:
        DataError: It is no such name.
    """
    found = _NAME.fullmatch(address)
    if found is None:
        raise DataError(
            f"{address}: no name of a data set on the hub; write hf://owner/name, or "
            "hf://owner/name/config where there are several in it"
        )
    return found["repo"], found["revision"], found["config"]


def fetch(address: str) -> tuple[Path, str | None]:
    """Fetch a data set, or find it in the cache where nothing can be fetched.

    The hub is asked once in a process for the same data set, however often that is read.

    Returns:
        Its folder, and the config that was named.

    Raises:
        DataError: There is no such data set, or it can neither be fetched nor found.
    """
    from huggingface_hub import constants  # heavy, and rarely needed

    repo, revision, config = parse(address)
    hub = constants.HF_HUB_CACHE, None if constants.HF_HUB_OFFLINE else constants.ENDPOINT
    place = _FOUND.get((repo, revision, *hub))
    if place is None or not place.is_dir():
        place = _FOUND[repo, revision, *hub] = _fetched(address, repo, revision)
    return place, config


_FOUND: dict[tuple[str | None, ...], Path] = {}
"""Data sets that were fetched or found: name, revision, cache and hub → folder."""


def _fetched(address: str, repo: str, revision: str | None) -> Path:
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub import errors as of_hub

    try:
        if constants.HF_HUB_OFFLINE:
            place = _cached(repo, revision)
        else:
            info = HfApi().dataset_info(repo, revision=revision, timeout=30)
            names = [item.rfilename for item in info.siblings or []]
            if not any(map(_is_data, names)):
                revision, names = CONVERTED, []
            place = snapshot_download(
                repo,
                repo_type="dataset",
                revision=revision,
                allow_patterns=[*filter(_is_data, names), *CARDS] if names else None,
            )
    except (of_hub.RepositoryNotFoundError, of_hub.RevisionNotFoundError) as error:
        raise DataError(
            f"{address}: the hub knows no such data set, or it may not be read by everybody; check "
            "its name, or log in: hf auth login"
        ) from error
    except Exception as error:  # of the network, the hub, the cache: many kinds
        try:
            place = _cached(repo, revision)
        except (OSError, ValueError, RuntimeError):
            raise DataError(
                f"{address}: can neither be fetched nor is it in the cache "
                f"({first_line(error, 200)}); check the name and the network, or fetch it "
                f"elsewhere: hf download {repo} --repo-type dataset"
            ) from error
    return Path(place)


def _cached(repo: str, revision: str | None) -> str:
    """Find a data set in the cache: its usual branch, or the one that holds it as Parquet."""
    from huggingface_hub import snapshot_download

    find = partial(snapshot_download, repo, repo_type="dataset", local_files_only=True)
    try:
        return str(find(revision=revision))
    except OSError:
        if revision is not None:
            raise
    return str(find(revision=CONVERTED))


def _is_data(name: str) -> bool:
    path = Path(name)
    return not splits.is_noise(path) and (kinds.holds_rows(path) or path.suffix in (".txt", ".zip"))


def of_config(place: Path, files: Sequence[Path], config: str) -> list[Path]:
    """Take the files of one of several data sets: those in its folder, or that bear its name.

    Raises:
        DataError: There is none.
    """
    inside = [file for file in files if config in file.relative_to(place).as_posix().split("/")]
    exact = [file for file in files if file.relative_to(place).as_posix() == config]
    found = exact or inside or [file for file in files if file.name.startswith(f"{config}.")]
    if not found:
        known = sorted({file.relative_to(place).parts[0] for file in files})
        raise DataError(
            f"{config!r} is no data set in it: there are {', '.join(known[:12]) or 'no files'}"
        )
    return found
