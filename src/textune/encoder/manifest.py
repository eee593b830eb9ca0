"""A model's files get checksums beside them, which are compared whenever it is loaded.

A flipped bit in the weights, a changed word of the tokenizer or another number of heads makes other
answers, not an error. `manifest.json` names each file that decides them. Small files are compared
by their sha256; of weights that would take longer than loading them, so they are compared by sums:
of each 256 KB, as 128 rows of 256 words of 64 bits, the sum of every row and every column, all of
them hashed. Damage of any one word, and of several, changes them. It guards against damage and
against changes that were forgotten, not against somebody who means to deceive.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from textune.errors import ModelError
from textune.storage import atomic, checksums, objects

NAME = "manifest.json"
CARDS = ("decision.json", "language.json")
TOLD = "has_manifest"  # key of a card
FORMAT = 1
BLOCK = 2**18  # bytes that are summed at a time
ROW = 256  # words of 8 bytes
EXPORTED = "export.json"  # beside a graph, of which these are the files
GRAPHS = ("*.onnx", "*.onnx.data", "*.xml", "*.bin", "*.pt")
LARGE = 2**20  # bytes from which a file is compared by sums
PARTS = (  # that decide what a model predicts
    *("config.json", "decision.json", "language.json", "tokenizer.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt"),
    "model.safetensors.index.json",
)


def seal(folder: Path, *, same: Mapping[str, Mapping[str, object]] | None = None) -> list[str]:
    """Write the checksums of a model's files.

    Args:
        folder: Of the model.
        same: Checksums of files that are known to be as these say, which are not read again.

    Returns:
        The names of files that are new, gone or other than an earlier manifest has them.

    Raises:
        OSError: The disk is full or read-only.
    """
    try:
        before = _read(folder)
    except ModelError:
        before = {}
    known = same or {}
    found = {file.name: known.get(file.name) or _describe(file) for file in _parts(folder)}
    text = json.dumps({"format": FORMAT, "files": found, "sha256": _digest(found)}, indent=2)
    atomic.write_text(folder / NAME, text + "\n")
    names = sorted(found.keys() | before.keys())
    return [name for name in names if found.get(name) != before.get(name)] if before else []


def told(folder: Path, names: Iterable[str]) -> Mapping[str, Mapping[str, object]]:
    """Return the checksums that a manifest has of some files; of others, none.

    Raises:
        ModelError: It is damaged.
    """
    found = _read(folder)
    return {name: found[name] for name in names if name in found}


def verify(folder: Path) -> None:
    """Compare a model's files with its manifest; a model of an earlier version may have none.

    Raises:
        ModelError: A file is gone, added or other than it was when the model was saved.
    """
    if is_lost(folder):
        raise ModelError(
            f"{folder / NAME}: is not there any more, so that nobody can tell whether the "
            "model is as it was saved. Copy the folder again, or train anew; if you deleted it "
            f"on purpose, textune accept {folder} takes the model as it is"
        )
    for name, how in differences(folder):
        raise _changed(folder, name, how)


def differences(folder: Path, *, whole: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the names of a model's files that are not as its manifest has them, and how.

    Args:
        folder: Of the model; without a manifest nothing is compared.
        whole: Compare large files by their sha256 too, which takes longer than their sums.

    Raises:
        ModelError: The manifest is damaged.
    """
    wanted = _read(folder)
    there = {file.name: file for file in _parts(folder)} if (folder / NAME).exists() else {}
    for name in sorted(wanted.keys() | there.keys()):
        if name not in there:
            yield name, "is not there any more"
        elif name not in wanted:
            yield name, "was added after the model was saved"
        else:
            try:
                is_same = _is_same(there[name], wanted[name], whole=whole)
            except FileNotFoundError:  # it is being replaced
                yield name, "is not there any more"
            else:
                if not is_same:
                    yield name, "is not as it was when the model was saved"


def is_lost(folder: Path) -> bool:
    """Tell whether a model was saved with a manifest, by its card, that is gone."""
    return not (folder / NAME).exists() and _is_told_of(folder)


def count(folder: Path) -> int:
    """Return how many files of a model the manifest names.

    Raises:
        ModelError: It is damaged.
    """
    return len(_read(folder))


def _is_told_of(folder: Path) -> bool:
    """Tell whether a model was saved with checksums, by its card."""
    return any(objects.read(folder / name).get(TOLD) is True for name in CARDS)


def sums(file: Path) -> str:
    """Hash the sums of a file's words, by rows and columns of each block."""
    found = hashlib.sha256()
    block = bytearray(BLOCK)
    words = np.frombuffer(block, dtype="<u8").reshape(-1, ROW)
    with file.open("rb", buffering=0) as opened:
        while size := _fill(opened, block):
            block[size:] = bytes(BLOCK - size)
            found.update(words.sum(axis=0).tobytes())
            found.update(words.sum(axis=1).tobytes())
    return found.hexdigest()


def _fill(opened: Any, block: bytearray) -> int:
    """Read a whole block, if there is one left; return its bytes."""
    view, size = memoryview(block), 0
    while size < len(block) and (read := opened.readinto(view[size:])):
        size += read
    return size


def _parts(folder: Path) -> Iterable[Path]:
    named = [folder / name for name in PARTS]
    try:
        more = [*folder.glob("*.safetensors"), *folder.glob("*.model")]
        if (folder / EXPORTED).exists():
            more += [folder / EXPORTED, *(file for name in GRAPHS for file in folder.glob(name))]
    except FileNotFoundError:  # it is being replaced
        more = []
    return [file for file in (*named, *sorted(more)) if file.exists()]


def _describe(file: Path) -> dict[str, object]:
    size = file.stat().st_size
    fast = {"sums": sums(file)} if size >= LARGE else {}
    return {"bytes": size, "sha256": checksums.sha256(file), **fast}


def _is_same(file: Path, wanted: Mapping[str, object], *, whole: bool) -> bool:
    if file.stat().st_size != wanted.get("bytes"):
        return False
    if "sums" in wanted and not whole:
        return bool(sums(file) == wanted["sums"])
    return bool(checksums.sha256(file) == wanted.get("sha256"))


def _read(folder: Path) -> dict[str, dict[str, object]]:
    """Read the checksums, which have one of their own.

    Raises:
        ModelError: They are damaged, or of a form that is not known.
    """
    file = folder / NAME
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        number, found, digest = values["format"], values["files"], values["sha256"]
        is_whole = digest == _digest(found) and all(isinstance(one, dict) for one in found.values())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _changed(folder, NAME, f"cannot be read ({type(error).__name__})") from error
    if number != FORMAT:
        raise ModelError(
            f"{file}: of the format {number!r}, and this textune knows {FORMAT}; update textune"
        )
    if not is_whole:
        raise _changed(folder, NAME, "does not agree with its own checksum")
    return dict(found)


def _digest(files: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _changed(folder: Path, name: str, how: str) -> ModelError:
    return ModelError(
        f"{folder / name}: {how}, so the model would answer otherwise than it did. Copy the folder "
        f"again, or train anew; if you changed it on purpose, textune accept {folder} says so"
    )
