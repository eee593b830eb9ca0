"""Settings of adapters (LoRA) are held against the run: what cannot be with them is refused."""

from textune.corpora.corpus import Corpus
from textune.encoder import adapters
from textune.encoder.adapters import Lora
from textune.encoder.model import Encoder
from textune.errors import SettingsError
from textune.settings.config import Settings


def check(settings: Settings, corpus: Corpus) -> None:
    """Refuse adapters before anything is loaded.

    Raises:
        SettingsError: Something else that was asked for cannot be with them.
    """
    train = settings.train
    if train.lora is None:
        return
    if corpus.is_cross_validated:
        raise SettingsError(
            "train.lora: fewer than 600 rows and none to validate by are cross-validated, and the "
            "models of the folds cannot be averaged as adapters; give --valid FILE or --set "
            "data.valid_share=0.1, or leave train.lora out"
        )
    asked = {"--curve": train.curve, "--effort best": train.effort == "best"}
    if useless := [name for name, is_asked in asked.items() if is_asked]:
        raise SettingsError(
            f"{', '.join(useless)}: is not possible beside train.lora; leave one of the two out"
        )


def check_apart(settings: Settings, encoder: Encoder) -> None:
    """Refuse a folder of adapters that would not give the model's answers on the base.

    Raises:
        SettingsError: It would not.
    """
    train = settings.train
    if train.lora is None or train.lora_merge:
        return
    if why := adapters.why_not_apart(encoder.model):
        raise SettingsError(f"train.lora_merge=false: {why}")


def folder(settings: Settings) -> tuple[Lora, str] | None:
    """Return what a folder of adapters says of them and of their base, if there shall be one."""
    train = settings.train
    wanted = train.adapters
    return None if wanted is None or train.lora_merge else (Lora(*wanted), settings.base)
