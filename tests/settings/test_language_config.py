"""The settings of what is learned from plain text, written and read again."""

import pytest

from textune.doors import keywords
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.settings.storing import to_toml


@pytest.mark.parametrize("kind", [AdaptSettings, PretrainSettings], ids=lambda kind: kind.__name__)
def test_settings_come_back_from_the_file_they_were_written_to(kind, tmp_path):
    settings = keywords.resolve(kind, {"seed": 7, "hours": 0.5, "nsp": True, "text": "body"})
    settings = settings.model_copy(
        update={"train": settings.train.model_copy(update={"clip": None})}
    )
    file = tmp_path / "config.toml"
    file.write_text(to_toml(settings, {"sources": ["a.txt"]}), encoding="utf-8")
    assert keywords.resolve(kind, {}, file) == settings
