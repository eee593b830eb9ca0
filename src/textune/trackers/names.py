"""The name of a tracker becomes the package that it needs."""

from collections.abc import Iterable
from importlib.util import find_spec

from textune.errors import MissingExtraError, among

TENSORBOARD, CSV, MLFLOW, WANDB = NAMES = ("tensorboard", "csv", "mlflow", "wandb")
WHY_NOT = {
    "jsonl": "log.jsonl is written by every run",
    **dict.fromkeys(("trackio", "aim"), "it has no tracker here; log.jsonl and csv hold the same"),
}
PACKAGES = {  # tracker → modules, and the extra that brings them
    TENSORBOARD: (("tensorboard",), "tensorboard"),
    MLFLOW: (("mlflow", "pandas", "sqlalchemy", "alembic"), "mlflow"),
    WANDB: (("wandb",), "wandb"),
}


def parted(value: object) -> tuple[str, ...]:
    """Return the trackers that are named: "mlflow,wandb", or a list of them, each once.

    Raises:
        ValueError: There is no such tracker.
    """
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        raise ValueError("expected the names of trackers: mlflow,wandb")
    found = [name.strip().lower() for name in listed if name.strip()]
    found = [] if found == ["none"] else found
    for name in found:
        if name not in NAMES:
            raise ValueError(f"{name!r}: {WHY_NOT.get(name) or among(name, NAMES)}")
    return tuple(dict.fromkeys(found))


def require(asked: Iterable[str]) -> None:
    """Refuse trackers whose packages are not installed.

    Raises:
        MissingExtraError: One is not.
    """
    for name in asked:
        modules, extra = PACKAGES.get(name, ((), ""))
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            raise MissingExtraError(
                f"--track {name} needs {', '.join(missing)}: pip install 'textune[{extra}]'"
            )
