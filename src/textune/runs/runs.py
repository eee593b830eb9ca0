"""What a finished run holds: its numbers, its model's card, the machine it was made on."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from textune.decisions import rule as rules
from textune.encoder import bases, description, headers, manifest
from textune.encoder.description import MOST_CONFIG, explain, read_json
from textune.errors import CheckpointError, ModelError, RunError
from textune.runs import sealing
from textune.runs.card import Card as Card
from textune.runs.typed import Capsule
from textune.storage import atomic, contents, folders, objects
from textune.storage.names import UTF8_WAY_OUT, require_utf8
from textune.tasks import registry

LANGUAGE_CARD = (
    "language.json"  # of a model that fills in masks; "decision.json" of one with labels
)
FORMAT = 1  # of decision.json
MOST_CARD = 64 * 2**20  # bytes of it: labels may be many
_RUN = "RUN is a folder that `textune train` finished"
_DECIDED = "`decision.json` holds how logits become probabilities and labels."
VERSIONS = ("textune", "torch", "transformers", "tokenizers", "numpy", "pyarrow", "scikit-learn")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    path: Path
    metrics: Mapping[str, Any] = field(repr=False)  # "valid", "test", "baselines", "best"

    def __str__(self) -> str:
        """Write its folder and its main numbers."""
        from textune.runs import html  # scipy

        return html.words(self.path, self.metrics)

    def _repr_html_(self) -> str:
        """Show its numbers in a notebook."""
        from textune.runs import html  # scipy

        return html.table(self.path, self.metrics)


def is_finished(folder: Path) -> bool:
    """Tell whether a run came to its end; the report may yet be missing."""
    is_judged = bool(objects.read(folder / "metrics.json"))
    return is_judged and (_has_model(folder) or folders.is_without_model(folder))


def refuse_unfinished(folder: Path) -> None:
    """Refuse to begin anew where there is a model, but nothing to continue from.

    Raises:
        CheckpointError: There is.
    """
    if _has_model(folder):
        raise CheckpointError(
            f"{folder / 'metrics.json'}: is absent or damaged, and no checkpoint is left to "
            f"compute it from; the model is whole: judge it with textune evaluate {folder} FILE, "
            "or start again with --overwrite"
        )


def _has_model(folder: Path) -> bool:
    cards = ("decision.json", LANGUAGE_CARD)
    return any((folder / "model" / card).is_file() for card in cards)


def write_card(folder: Path, card: Card) -> None:
    """Write what predicting needs into a model's folder."""
    atomic.write_json(
        folder / "decision.json", {"format": FORMAT, manifest.TOLD: True, **asdict(card)}
    )


def model_readme(card: Card, base: str, model_class: str) -> str:
    """Write the page that lies beside the weights."""
    labels = "\n".join(f"- `{label}`" for label in card.labels)
    return f"""# {Path(base).name}, fine-tuned with textune

Task: {card.task}. Texts are read in up to {card.shape.max_tokens} tokens ({card.shape.long}).
{_DECIDED}{_calibrated(card)}

Labels:

{labels}
{_how_to_load(card, model_class)}"""


def decided_page(page: str, before: Card, card: Card) -> str:
    """Return the page that `model_readme` wrote of a model that decides by another rule now."""
    return page.replace(_DECIDED + _calibrated(before), _DECIDED + _calibrated(card), 1)


def _how_to_load(card: Card, model_class: str) -> str:
    if "head" in card.own:
        return f"""
Its head is its owner's own, {card.own["head"].get("name", "")}: `own_head.safetensors` has the
weights. `model.safetensors` is the encoder without it, as `AutoModel` loads it.

```python
import textune

predictor = textune.Predictor.load("run", plugin="FILE.py")
```
"""
    return _pairs_readme(card) if card.shape.pairs == "apart" else _texts_readme(model_class)


def _calibrated(card: Card) -> str:
    """Say how plain transformers gets the probabilities that textune gives."""
    found = card.decision.calibration
    if found is None:
        return ""
    by = "read along `knots` of each label" if found.knots else "times `scale`, plus `shift`"
    return (
        f" Probabilities are calibrated: those of the logits of this model, {by} "
        "(`decision.calibration`)."
    )


def _texts_readme(model_class: str) -> str:
    """Write how plain transformers loads a model."""
    return f"""
```python
from transformers import {model_class}, AutoTokenizer

model = {model_class}.from_pretrained("model")
tokenizer = AutoTokenizer.from_pretrained("model")
```
"""


def _pairs_readme(card: Card) -> str:
    """Write how plain transformers computes a model that encodes both texts of a pair apart."""
    return f"""
Both texts of a pair are encoded apart, by the same weights, and a linear layer reads |u - v|,
u * v and u · v. `AutoModelForSequenceClassification` cannot compute that; these lines do, and give
what textune gives (`logits`). Without its head, the model is a sentence encoder.

```python
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

model = AutoModel.from_pretrained("model", add_pooling_layer=False).eval()
tokenizer = AutoTokenizer.from_pretrained("model")
head = load_file("model/{headers.PAIRS}")


def encode(texts):
    limits = {{"truncation": True, "max_length": {card.shape.max_tokens}}}
    batch = tokenizer(texts, padding=True, return_tensors="pt", **limits)
    return model(**batch).last_hidden_state[:, 0]


with torch.no_grad():
    u, v = encode(["one text"]), encode(["the other text"])
    both = torch.cat([(u - v).abs(), u * v, (u * v).sum(1, keepdim=True)], dim=1)
    logits = both @ head["weight"].T + head["bias"]
```
"""


def language_readme(base: str | None, *, nsp: bool) -> str:
    """Write the page that lies beside the weights of an encoder that fills in masks."""
    kind = "AutoModelForPreTraining" if nsp else "AutoModelForMaskedLM"
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
        values = read_json(file, most=MOST_CARD)
    except ModelError as error:
        raise ModelError(f"{file}: not what textune train wrote: {error}; {_RUN}") from error
    return to_card(values, file)


def to_card(values: dict[str, Any], file: Path) -> Card:
    """Make a card of what `write_card` wrote into a file, which is named where it is faulty.

    Raises:
        ModelError: It is not of this form.
    """
    if values.get("format", FORMAT) != FORMAT:
        raise ModelError(
            f"{file}: of the format {values['format']!r:.40}, and this textune knows {FORMAT}; "
            f"update textune, or train anew"
        )
    if "shape" not in values:  # of the first versions
        values["shape"] = {"max_tokens": values.get("max_tokens")}
    try:
        card = _reader().validate_python(values)
        _require_sound(card)
    except ValueError as error:
        why = explain(error) if isinstance(error, ValidationError) else error
        raise ModelError(f"{file}: not what textune train wrote ({why}); {_RUN}") from error
    return card


@cache
def _reader() -> TypeAdapter[Card]:
    """Return what checks the values of a card; making it takes longer than using it."""
    return TypeAdapter(Card)


def _require_sound(card: Card) -> None:
    """Hold the parts of a card against each other.

    Raises:
        ValueError: They do not fit.
    """
    task, decision, shape = card.task, card.decision, card.shape
    kind, rule = registry.of(task), card.decision.kind
    if task not in registry.TASKS or card.contract.task != task:
        raise ValueError(f"task is {task!r}, and its contract is for {card.contract.task!r}")
    bars_of = (decision.bar, decision.member, decision.answers, decision.covers)
    given = [*decision.thresholds.values(), *(bar for bar in bars_of if bar is not None)]
    wrong = [value for value in given if not 0 <= value <= 1]
    bars, labels = set(decision.thresholds), set(card.labels)
    for is_wrong, why in (
        (rule not in kind.decisions, f"decision.kind is {rule!r}, not for {task}"),
        (not labels or len(labels) < len(card.labels), "labels are none, or one comes twice"),
        (bool(wrong), f"a threshold is {wrong[:1]}, and no probability"),
        (kind.several and bars != labels, "thresholds are not of the labels"),
        (not rules.fits(decision, len(labels)), "costs or calibration are not of the labels"),
        (shape.max_tokens < 1 or not 0 <= shape.overlap < 1, "shape allows no token or no end"),
        (shape.asks != kind.asks, f"shape.asks is {shape.asks!r}, not for {task}"),
    ):
        if is_wrong:
            raise ValueError(why)


def folder_of(run: object) -> Path:
    """Return the folder of a run: of what `train` returned, or at a path.

    Raises:
        RunError: It is neither.
    """
    if isinstance(run, Run):
        return run.path
    if not isinstance(run, str | os.PathLike) or "\0" in str(run):
        raise RunError(f"{run!r:.40} is no path; give the folder that `textune train` wrote")
    return Path(run)


def accept(run: Path) -> list[str]:
    """Take a model, and what its run says of itself, as they are now: no damage any more.

    Returns:
        The names of files that are not as they were; none where nothing was changed, or no
        checksums were kept.

    Raises:
        RunError: There is no finished model.
        ModelError: It is not whole or not sound.
    """
    from safetensors.torch import load_file  # with torch, which reading a card does not need

    from textune.encoder import weights

    folder = language_folder(run) if is_language(run) else model_folder(run)
    description.check(folder)
    if (folder / "decision.json").exists():
        require_kind(folder, read_card(folder))
    for file in headers.files(folder):
        weights.refuse_not_finite(load_file(file), file)
    return [*manifest.seal(folder), *sealing.renew(run)]


def language_folder(run: Path) -> Path:
    """Find the model of a run that fills in masks."""
    return next(place for place in (run / "model", run) if (place / LANGUAGE_CARD).is_file())


def require_kind(folder: Path, card: Card) -> None:
    """Refuse a card of one task beside a configuration of another.

    Raises:
        ModelError: They differ: somebody changed one file and not the other.
    """
    config = read_json(folder / "config.json", most=MOST_CONFIG)
    own, problem = registry.of(card.task).problem, config.get("problem_type")
    if None not in (own, problem) and problem != own:
        raise ModelError(
            f"{folder}: decision.json is for the task {card.task!r} and config.json says "
            f"{problem!r:.60}; {_RUN}"
        )


def model_folder(run: Path) -> Path:
    """Find the model in a run's folder, or take the folder itself.

    Raises:
        RunError: There is no model in it.
    """
    for place in (run / "model", run):
        if _is_file(place / "decision.json"):
            require_utf8(place, UTF8_WAY_OUT)
            return place
    if not bases.is_folder(run):
        raise RunError(f"{run}: no such folder; RUN is a folder that `textune train` wrote")
    if is_language(run):
        raise RunError(
            f"{run}: this model fills in masks and knows no labels yet; fine-tune it with "
            f"textune train FILE --base {run}, or ask it with textune fill {run} TEXT"
        )
    raise RunError(f"{run}: no finished model in it: {_why_no_model(run)}")


def _why_no_model(run: Path) -> str:
    """Say why there is no model in a folder, and where there is one."""
    if folders.is_without_model(run):
        above = run.resolve().parent
        if above.name == "trials":
            return f"it was a trial of a sweep; the best one's is in {run.parent.parent / 'final'}"
        if above.name == "seeds":
            return f"of several seeds the best one's model alone is kept, in {run.parent.parent}"
        return "it was a fold, whose model is kept only with textune folds --keep"
    if folders.read_mark(run):  # it is finished
        return "it was there when the run was finished; put it back as model/, or train anew"
    if contents.is_begun(run):
        return "its training has not finished; continue it with --resume"
    return "not a run"


def is_language(run: Path) -> bool:
    """Tell whether a run's model fills in masks."""
    return any(_is_file(place / LANGUAGE_CARD) for place in (run / "model", run))


def _is_file(file: Path) -> bool:
    """Tell whether there is a file; a name that is too long for one is none."""
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def capsule() -> Capsule:
    """Describe the machine and the versions."""
    return {
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
    }


@cache
def _versions() -> Mapping[str, str]:
    """Return the versions that this process runs; each is read from a file."""
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
