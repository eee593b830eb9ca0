"""What every group of settings is: frozen, and without names that nobody knows."""

from itertools import chain
from typing import ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

NONE = "none"  # TOML has no word for nothing


class Section(BaseModel):
    """A frozen group of settings; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    own_none: ClassVar[frozenset[str]] = frozenset()  # settings of which "none" is a value

    @field_validator("*", mode="before")
    @classmethod
    def _nothing(cls, value: object, info: ValidationInfo) -> object:
        """Take "none" for None where a setting can be switched off, and no truth for a number."""
        kind = cls.model_fields[str(info.field_name)].annotation
        kinds = (kind, *get_args(kind), *chain(*map(get_args, get_args(kind))))
        if isinstance(value, bool) and bool not in kinds:
            raise ValueError("true and false are no values of this setting")
        is_off = value == NONE and type(None) in kinds and info.field_name not in cls.own_none
        return None if is_off else value
