"""The settings that say how decisions are made."""

from typing import Annotated

from pydantic import AfterValidator, Field

from textune.decisions import aims
from textune.errors import SettingsError
from textune.settings.section import Section


def _known(text: str) -> str:
    try:
        return str(aims.read(text))
    except SettingsError as error:
        raise ValueError(str(error)) from error


class DecisionSettings(Section):
    """How logits become decisions; what needs held-out texts is fitted on them."""

    aim: Annotated[str, AfterValidator(_known)] | None = Field(
        None,
        description=f"What decisions are to be good at: {aims.FORMS}; by default f1 where a text "
        "may have several labels, and likeliest otherwise.",
    )
    calibrate: bool | None = Field(
        None,
        description="Calibrate probabilities where held-out texts are answered better for it; by "
        "default unless the recipe is classic.",
    )
    abstain: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Leave texts undecided, so that this share of the others is right.",
    )
    sets: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Give each text a set of classes that holds the right one this often.",
    )
