"""Few texts are cross-validated; of more, a tenth validates."""

import pytest

from textune.settings import judging
from textune.settings.config import Settings
from textune.tasks import registry


@pytest.mark.parametrize(
    ("asked", "texts", "share"),
    [
        ({}, 2_499, None),
        ({}, 2_500, 0.1),
        ({"effort": "quick"}, 3_999, None),
        ({"effort": "quick"}, 4_000, 0.1),
        ({"lora": 4}, 599, None),  # is refused where folds are asked for
        ({"lora": 4}, 600, 0.1),
        ({"recipe": "classic"}, 100, 0.1),
        ({"patience": 2}, 100, 0.1),
        ({"validate_every": 10}, 100, 0.1),
    ],
)
def test_few_texts_have_no_share_that_validates(asked, texts, share):
    settings = Settings.model_validate({"train": {"recipe": "auto", **asked}})
    assert judging.share(settings, texts, registry.of("single"), has_file=False) == share


def test_a_file_or_a_share_of_ones_own_counts():
    settings = Settings.model_validate({"train": {"recipe": "auto"}})
    assert judging.share(settings, 100, registry.of("single"), has_file=True) == 0.0
    own = Settings.model_validate({"train": {"recipe": "auto"}, "data": {"valid_share": 0.25}})
    assert judging.share(own, 100, registry.of("single"), has_file=False) == 0.25


@pytest.mark.parametrize(("texts", "share"), [(1_499, None), (1_500, 0.1)])
def test_of_texts_whose_words_have_tags_fewer_are_few(texts, share):
    settings = Settings.model_validate({"train": {"recipe": "auto"}})
    assert judging.share(settings, texts, registry.of("tags"), has_file=False) == share
