"""What a run says of itself becomes what is wrong with it: changed, unreadable, of another run."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from textune.errors import RunError, TextuneError
from textune.runs import sealing
from textune.runs.written import CARD, DataCard
from textune.settings import asked
from textune.storage import checksums, contents, folders, objects
from textune.storage.names import on_disk
from textune.verifying import readable
from textune.verifying.found import Fault, Seen

SETTINGS, NUMBERS = "config.toml", "metrics.json"
DRAWN = {"report.html", "explained.json"}  # anew, by `report`
READ = ("*.json", "*.jsonl", "*.toml", "*.npy", "*.html", contents.MARK)
BELOW = ("predictions/*.*", "pictures/*.png", "evaluations/*.*", "model/evaluations/*.*")


def faults(folder: Path, seen: Seen, *, is_finished: bool) -> Iterator[Fault]:
    """Yield what is wrong with the records of a run."""
    changed = sealing.changed(folder)
    seen.compared += len(sealing.known(folder))
    needed = {SETTINGS, NUMBERS, contents.MARK} if is_finished else {SETTINGS}
    needed |= set() if folders.is_without_model(folder) else {CARD}  # of the first of several seeds
    named = {folder / name for name in (*changed, *needed)}
    every = {file for pattern in (*READ, *BELOW) for file in folder.glob(pattern)}
    for file in sorted(named | every):
        name = file.relative_to(folder).as_posix()
        if not file.exists() and not file.is_symlink():
            yield Fault(file, "missing", changed.get(name, "is not there"), _way_out(folder, name))
            continue
        seen.files += 1
        why = None if name == contents.MARK and not is_finished else _why(file)
        if why is not None and not (_is_cut(file) and not is_finished):
            yield Fault(file, "damaged", why, _way_out(folder, name))
        elif name in changed:
            way_out = f"{_way_out(folder, name)}; if you changed it on purpose: textune accept "
            yield Fault(file, "changed", changed[name], f"{way_out}{folder}")
    if is_finished and not sealing.known(folder):
        seen.remarks.append(
            f"{folder}: its records have no checksums (of an earlier version): they were read only"
        )


def unfit(folder: Path, seen: Seen) -> Iterator[Fault]:
    """Yield which records of a run do not fit each other; they are whole, each by itself."""
    try:
        card = DataCard.read(folder)
    except RunError as error:
        yield Fault(folder / CARD, "damaged", str(error).partition(": ")[2], _way_out(folder, CARD))
        return
    _sources(folder, card, seen)
    splits = objects.read(folder / "splits.json")
    for part, count in card.splits.items():
        there = splits.get(part)
        if isinstance(there, list) and len(there) != count:
            what = f"names {len(there):,} texts of {part}, and {CARD} counts {count:,}"
            yield Fault(folder / "splits.json", "unfit", what, _way_out(folder, "splits.json"))
    numbers = objects.read(folder / NUMBERS)
    for part in ("valid", "test"):
        yield from _answers(folder, part, numbers.get(part))


def _answers(folder: Path, part: str, numbers: Any) -> Iterator[Fault]:
    """Compare how many texts were answered with how many were judged."""
    name = f"predictions/{part}.parquet"
    count = numbers.get("n") if isinstance(numbers, Mapping) else None
    if count is None or not (folder / name).exists():
        return
    import pyarrow.parquet as pq  # heavy

    rows = pq.read_metadata(folder / name).num_rows
    if rows < count:
        what = f"holds {rows:,} texts, and {NUMBERS} judges {count:,}"
        yield Fault(folder / name, "unfit", what, _way_out(folder, name))


def _sources(folder: Path, card: DataCard, seen: Seen) -> None:
    """Say which files that the run read are other now: no damage, but no longer what it saw."""
    for one in card.files:
        try:
            file = on_disk(Path(one.path))
            is_other = file.is_file() and checksums.sha256(file) != one.sha256
        except (OSError, ValueError):
            continue
        if is_other:
            seen.remarks.append(f"{one.path}: has changed since {folder} was trained on it")


def _why(file: Path) -> str | None:
    """Say why a record cannot be read."""
    if file.name == contents.MARK:
        is_whole = sealing.is_mark_whole(file.parent)
        return None if is_whole else "does not agree with its own checksum, or cannot be read"
    if file.name == SETTINGS:
        try:
            asked.load(file)
        except TextuneError as error:
            return f"cannot be read: {str(error).rpartition(': ')[2]}"
    return readable.why_not(file)


def _is_cut(file: Path) -> bool:
    """Tell whether a killed process may have left a last line of this file cut."""
    return file.suffix == ".jsonl"


def _way_out(folder: Path, name: str) -> str:
    """Say how a record is had again."""
    if name in DRAWN or name.startswith("pictures/"):
        more = " --explain" if name == "explained.json" else ""
        return f"textune report {folder}{more} writes it anew"
    if name == contents.MARK:
        return "the command of the run, with --resume, writes it anew"
    if "evaluations/" in name:
        return f"judge by the file once more: textune evaluate {folder} FILE"
    return "put back a copy of it: only the training could write it; or train anew"
