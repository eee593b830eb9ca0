"""Everything of a run goes into one folder, and comes back."""

import hashlib
import json
import os
import platform
import re
import shutil
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from textune.errors import BusyError, ModelError, RunError, TextuneError
from textune.records import Contract, Decision, Pool, Shape

LANGUAGE_CARD = (
    "language.json"  # of a model that fills in masks; "decision.json" of one with labels
)
LOCK, OWNER = "run.lock", "run.owner"
MARKS = ("config.toml", "log.jsonl", "metrics.json", "checkpoints", "model")
UNFINISHED = re.compile(r"\.tokenizer|\.config\.toml-\d+")  # all that a run may be killed in
VERSIONS = ("textune", "torch", "transformers", "tokenizers", "numpy", "pyarrow", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    path: Path
    metrics: Mapping[str, Any]  # "valid", "test", "baselines", "best"


@dataclass(frozen=True, slots=True)
class Card:
    """What predicting needs beside the weights: `model/decision.json`."""

    task: str
    labels: tuple[str, ...]
    decision: Decision
    shape: Shape
    contract: Contract
    header: bool
    delimiter: str | None
    pool: Pool = "mean"
    precision: str | None = None  # number format that it was trained in
    state: Mapping[str, Any] = field(default_factory=dict)  # of the task


@contextmanager
def claim(folder: Path, *, resume: bool, overwrite: bool) -> Iterator[Path]:
    """Make the folder this process's own while it works in it.

    Args:
        folder: Of the run.
        resume: Continue what is in it.
        overwrite: Whether the run that is in it may be replaced; `begin` deletes it.

    Raises:
        RunError: It exists and neither was asked for, it is no run's folder, or the disk is full.
        BusyError: Another process works in it.
    """
    if resume and overwrite:
        raise RunError("--resume and --overwrite exclude each other: continue, or start anew")
    is_new = not folder.exists()
    _make(folder)
    lock = _lock(folder)
    try:
        _refuse(folder, resume=resume, overwrite=overwrite)
        me = {"pid": os.getpid(), "host": socket.gethostname()}
        (folder / OWNER).write_text(json.dumps(me), encoding="utf-8")
        yield folder
    except (OSError, SafetensorError) as error:
        if isinstance(error, TextuneError):
            raise
        why = getattr(error, "strerror", None) or error
        raise RunError(
            f"{folder}: cannot be written: {why}; what was saved is kept: make room, then continue "
            f"with --resume"
        ) from error
    finally:
        (folder / OWNER).unlink(missing_ok=True)
        (folder / LOCK).unlink(missing_ok=True)  # while it is held: the next claim makes its own
        lock.release()
        if is_new and not any(folder.iterdir()):  # a mistake was found before anything was written
            folder.rmdir()


def begin(folder: Path, *, keep: Collection[str] = ()) -> None:
    """Delete the run that is in a folder, now that another one can take its place.

    Killed on the way, it leaves what is no finished run, but still a run that can be overwritten.
    """
    (folder / "metrics.json").unlink(missing_ok=True)
    for card in ("decision.json", LANGUAGE_CARD):
        (folder / "model" / card).unlink(missing_ok=True)
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == "config.toml"):
        if entry.name in {LOCK, OWNER, *keep}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def is_finished(folder: Path) -> bool:
    """Tell whether a run came to its end."""
    cards = ("decision.json", LANGUAGE_CARD)
    has_model = any((folder / "model" / card).is_file() for card in cards)
    return has_model and (folder / "metrics.json").is_file()


def write_text(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    unfinished = file.with_name(f".{file.name}-{os.getpid()}")  # readable as the umask allows
    try:
        with unfinished.open("w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(file: Path, values: Any) -> None:
    """Write JSON whole or not at all."""
    write_text(file, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a folder to fill that takes the place of `folder` only once it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        yield unfinished
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def write_card(folder: Path, card: Card) -> None:
    """Write what predicting needs into a model's folder."""
    write_json(folder / "decision.json", {"format": 1, **asdict(card)})


def model_readme(card: Card, base: str, model_class: str) -> str:
    """Write the page that lies beside the weights."""
    labels = "\n".join(f"- `{label}`" for label in card.labels)
    return f"""# {Path(base).name}, fine-tuned with textune

Task: {card.task}. Texts are read in up to {card.shape.max_tokens} tokens ({card.shape.long}).
`decision.json` holds how probabilities become labels.

Labels:

{labels}

```python
from transformers import {model_class}, AutoTokenizer

model = {model_class}.from_pretrained("model")
tokenizer = AutoTokenizer.from_pretrained("model")
```
"""


def language_readme(base: str | None, *, nexts: bool) -> str:
    """Write the page that lies beside the weights of an encoder that fills in masks."""
    kind = "AutoModelForPreTraining" if nexts else "AutoModelForMaskedLM"
    title = "An encoder pretrained" if base is None else f"{Path(base).name}, adapted"
    return f"""# {title} with textune

It fills in masks, and is a base for fine-tuning: `textune train FILE --base RUN`.

```python
from transformers import {kind}, AutoTokenizer

model = {kind}.from_pretrained("model")
tokenizer = AutoTokenizer.from_pretrained("model")
```
"""


def read_card(folder: Path) -> Card:
    """Read what `write_card` wrote.

    Raises:
        ModelError: It is absent or not of this form.
    """
    file = folder / "decision.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        contract = Contract(**{key: _tuples(value) for key, value in values["contract"].items()})
        return Card(
            task=values["task"],
            labels=tuple(values["labels"]),
            decision=Decision(**values["decision"]),
            shape=Shape(**values.get("shape", {"max_tokens": values.get("max_tokens")})),
            pool=values.get("pool", "mean"),
            precision=values.get("precision"),
            state=values.get("state", {}),
            contract=contract,
            header=bool(values["header"]),
            delimiter=values["delimiter"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{file}: not what textune train wrote ({type(error).__name__}: {error}); "
            f"RUN is a folder that `textune train` finished"
        ) from error


def model_folder(run: Path) -> Path:
    """Find the model in a run's folder, or take the folder itself.

    Raises:
        RunError: There is no model in it.
    """
    for place in (run / "model", run):
        if (place / "decision.json").is_file():
            return place
    if not run.exists():
        raise RunError(f"{run}: no such folder; RUN is a folder that `textune train` wrote")
    if is_language(run):
        raise RunError(
            f"{run}: this model fills in masks and knows no labels yet; fine-tune it with "
            f"textune train FILE --base {run}, or ask it with textune fill {run} TEXT"
        )
    started = any((run / mark).exists() for mark in MARKS)
    way_out = "its training has not finished; continue it with --resume" if started else "not a run"
    raise RunError(f"{run}: no finished model in it: {way_out}")


def is_language(run: Path) -> bool:
    """Tell whether a run's model fills in masks."""
    return any((place / LANGUAGE_CARD).is_file() for place in (run / "model", run))


def write_predictions(file: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write what the model said of each text, so that every metric can be computed again.

    Args:
        file: Parquet.
        columns: "origin", "truth" where it is known, and the answers.
    """
    import pyarrow as pa  # here, as reading a run's card does not need it
    import pyarrow.parquet as pq

    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}")
    pq.write_table(
        pa.table({name: pa.array(list(cells)) for name, cells in columns.items()}), unfinished
    )
    unfinished.replace(file)


def describe_files(paths: Sequence[str | None]) -> list[dict[str, Any]]:
    """Name the files that were read by size and sha256; data frames have neither."""
    found = []
    for path in paths:
        if path is None:
            continue
        with Path(path).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        found.append({"path": str(path), "bytes": Path(path).stat().st_size, "sha256": digest})
    return found


def capsule() -> dict[str, Any]:
    """Describe the machine and the versions."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; --out names a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be made: {error.strerror}; choose another --out"
        ) from error


def _lock(folder: Path) -> FileLock:
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        owner = _read_owner(folder)
        raise BusyError(
            f"{folder}: another process works in it{owner}; wait for its end, or choose another "
            "--out"
        ) from error
    except OSError as error:
        raise RunError(
            f"{folder}: cannot be written: {error.strerror}; choose another --out"
        ) from error
    return lock


def _refuse(folder: Path, *, resume: bool, overwrite: bool) -> None:
    inside = sorted(entry.name for entry in folder.iterdir() if entry.name not in {LOCK, OWNER})
    if resume and not inside:
        raise RunError(f"{folder}: nothing to resume there")
    if inside and not resume and not overwrite:
        raise RunError(
            f"{folder}: already exists; --resume continues it, --overwrite starts anew, or "
            "choose another --out"
        )
    if inside and not any(name in MARKS or UNFINISHED.fullmatch(name) for name in inside):
        raise RunError(
            f"{folder}: holds {inside[0]!r} and no run; textune deletes only its own folders"
        )


def _read_owner(folder: Path) -> str:
    try:
        owner = json.loads((folder / OWNER).read_text(encoding="utf-8"))
        return f": process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
