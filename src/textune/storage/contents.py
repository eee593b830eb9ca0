"""What a run folder may hold: a folder is replaced only if textune wrote everything in it."""

import os
import re
import tomllib
from functools import cache
from pathlib import Path

from textune.storage.atomic import UNFINISHED

LOCK, OWNER, MARK = "run.lock", "run.owner", ".textune"
SELECTION = "checkpoints/selection.safetensors"  # what cross-validation found
TOKENIZER = ".tokenizer"  # a new one, until its run is begun
STUDENT = ".student"  # a base of fewer layers, while it learns
LEFT = (LOCK, OWNER, TOKENIZER, STUDENT)  # by a process that was killed, where none works
BEGUN = ("config.toml", "log.jsonl", "metrics.json", "checkpoints", "model")
_MODEL = (
    r"(?:config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens"
    r"|vocab|decision|language|manifest|MANIFEST|preprocessor_config|model\.safetensors\.index"
    r"|pooling|sums|checksums)\.json|model(?:-\d+-of-\d+)?\.safetensors|README\.md"
    r"|(?:vocab|merges)\.txt|bpe\.codes|dict\.txt|\w*(?:sentencepiece|spiece|spm)[\w.]*\.model"
    r"|chat_template\.(?:jinja|json)|MANIFEST|SHA256SUMS"
    r"|(?:pair|own)_head\.safetensors|modules\.json|1_Pooling(?:/config\.json)?"
    r"|adapter(?:/adapter_(?:config\.json|model\.safetensors))?|(?:plugin|head|preprocess)\.py"
)
_CHECKPOINTS = (
    r"(?:step-\d+|\.tmp-\d+-\d+)(?:/(?:state\.safetensors|state\.json|MANIFEST\.json))?"
    r"|\.?(?:best|selection|mean)\.safetensors"
)
_JUDGED = r"(?:/\.?[^/]+\.(?:parquet|json|html|md|lock|faulty\.jsonl))?"
_RUN = (
    r"(?:config\.toml|data_card\.json|splits\.json|log\.jsonl|metrics\.json|capsule\.json"
    r"|report\.(?:html|md)|tracking\.json|log\.csv|warmup\.json|probe\.json|curve\.json|\.textune"
    r"|seen_(?:texts|sketches)\.npy|openings\.jsonl|faulty\.jsonl|explained\.json"
    rf"|model(?:/(?:{_MODEL}|evaluations{_JUDGED}))?"
    rf"|tokenizer(?:/(?:{_MODEL}))?"
    rf"|checkpoints(?:/(?:{_CHECKPOINTS}))?"
    rf"|(?:predictions|evaluations){_JUDGED}"
    r"|pictures(?:/\.?[^/]+\.png)?"
    r"|profile(?:/(?:operations\.txt|trace\.json))?"
    rf"|epochs(?:/epoch-\d+(?:/(?:{_MODEL}))?)?"
    r"|(?:tensorboard|wandb)(?:/.*)?)"
)
_OLD = (  # left under names that tell no process of this version
    r"\.(?:model|[a-z_]+\.(?:toml|json))-\d+|\.tmp-\d+-\d+|\.best\.safetensors|\.report\.html"
    r"|\.(?:valid|test)\.parquet|\.\w+\.png"
    r"|\.tmp[A-Za-z0-9]{6}"  # by safetensors, which writes beside the file that it was given
)


@cache
def _written() -> re.Pattern[str]:
    """Return what tells that textune wrote an entry of a run; it takes a while to compile."""
    return re.compile(
        rf"{_RUN}|prove(?:/(?:with|without)-\d+(?:/{_RUN})?)?|seeds(?:/seed-\d+(?:/{_RUN})?)?"
    )


@cache
def _passing() -> re.Pattern[str]:
    """Return what tells that a killed process left an entry behind."""
    return re.compile(rf"run\.lock|run\.owner|\.tokenizer|\.student|{UNFINISHED.pattern}|{_OLD}")


def is_written(place: str) -> bool:
    """Tell whether textune writes a file or a folder of that path into a run."""
    return _written().fullmatch(place) is not None


def inside(folder: Path) -> set[str]:
    """Name what is in a folder, if there is one, beside what says who works in it."""
    names = {one.name for one in folder.iterdir()} if folder.is_dir() else set()
    return names - {LOCK, OWNER}


def lasting(folder: Path) -> list[str]:
    """Name what is in a folder and is more than what a killed process leaves behind."""
    return sorted(one.name for one in folder.iterdir() if not _passing().fullmatch(one.name))


def unfinished(folder: Path) -> list[Path]:
    """Return what killed runs of versions before this one left unfinished in their folder."""
    return [one for one in sorted(folder.iterdir()) if re.fullmatch(_OLD, one.name)]


def is_marked(folder: Path) -> bool:
    """Tell whether textune has marked a folder as a run of its own."""
    if (folder / MARK).is_file():
        return True
    try:  # of versions that wrote no mark
        found = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found.get("run"), dict) and isinstance(found.get("train"), dict)


def is_begun(folder: Path) -> bool:
    """Tell whether something in a folder looks as if a run had begun there."""
    return any((folder / name).exists() for name in BEGUN)


def foreign(folder: Path) -> str | None:
    """Return the first entry that no run writes, as a path inside the folder; None if all are."""
    for place, folders, files in os.walk(folder):
        inside = Path(place).relative_to(folder)
        for name in sorted([*folders, *files]):
            path = (inside / name).as_posix()
            if not _passing().fullmatch(name) and not is_written(path):
                return path
        folders[:] = [name for name in folders if not _passing().fullmatch(name)]
    return None


def held(folder: Path, inputs: dict[str, Path]) -> str | None:
    """Return the name of the first input that lies in a folder, or is it; None if none does."""
    return next((name for name, path in inputs.items() if is_inside(folder, path)), None)


def is_inside(folder: Path, path: Path) -> bool:
    """Tell whether something lies in a folder, or is it, whatever links lead there."""
    return path.resolve().is_relative_to(folder.resolve())
