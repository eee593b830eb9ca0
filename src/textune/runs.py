"""What a finished run holds: its numbers, its model's card, the machine it was made on."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from textune.errors import ModelError, RunError
from textune.records import Contract, Decision, Pool, Shape
from textune.storage import atomic, contents
from textune.storage.names import utf8

LANGUAGE_CARD = (
    "language.json"  # of a model that fills in masks; "decision.json" of one with labels
)
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


def is_finished(folder: Path) -> bool:
    """Tell whether a run came to its end."""
    cards = ("decision.json", LANGUAGE_CARD)
    has_model = any((folder / "model" / card).is_file() for card in cards)
    return has_model and (folder / "metrics.json").is_file()


def write_card(folder: Path, card: Card) -> None:
    """Write what predicting needs into a model's folder."""
    atomic.write_json(folder / "decision.json", {"format": 1, **asdict(card)})


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
    way_out = "not a run"
    if contents.is_begun(run):
        way_out = "its training has not finished; continue it with --resume"
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
    cells = {
        name: pa.array([utf8(cell) if isinstance(cell, str) else cell for cell in column])
        for name, column in columns.items()
    }
    with atomic.replacing_file(file) as unfinished:
        pq.write_table(pa.table(cells), unfinished)


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


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
