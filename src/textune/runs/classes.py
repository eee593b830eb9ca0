"""The folder of a model becomes the name of transformers' class for it with its head."""

from pathlib import Path

from textune.runs import runs
from textune.storage import objects
from textune.tasks import registry


def model_class(place: Path) -> str:
    """Name transformers' class for a folder's model with its head.

    Raises:
        ModelError: Its card is damaged.
    """
    if (place / "decision.json").is_file():
        card = runs.read_card(place)
        made = registry.make(card.task, card.labels, card.state)
        return "AutoModel" if card.shape.pairs == "apart" else made.model_class
    if runs.is_language(place):
        named = objects.read(place / "config.json").get("architectures")
        is_both = isinstance(named, list) and any("ForPreTraining" in str(one) for one in named)
        return "AutoModelForPreTraining" if is_both else "AutoModelForMaskedLM"
    return "AutoModelForSequenceClassification"
