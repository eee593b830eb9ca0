"""What a sentence encoder says of its pooling is said by the one that was adapted from it."""

import json
import shutil

import pytest

import textune
from made_texts import write_lines
from textune.encoder import ways_of_pooling


@pytest.mark.exhaustive
def test_an_adapted_sentence_encoder_is_still_one(tiny_base, reviews, tmp_path):
    base = shutil.copytree(tiny_base, tmp_path / "base")
    (base / "1_Pooling").mkdir()
    says = {"pooling_mode_mean_tokens": True}
    (base / "1_Pooling" / "config.json").write_text(json.dumps(says), encoding="utf-8")
    lines = write_lines(tmp_path / "lines.txt")
    small = {"epochs": 1, "limit": 20, "device": "cpu", "precision": "fp32"}
    never = {"settings": "warm_head=never"}
    adapted = textune.adapt(lines, base=base, out=tmp_path / "adapted", **small, **never)
    assert ways_of_pooling.is_wanted(adapted.path / "model")
    tuned = textune.train(
        reviews, base=adapted.path, out=tmp_path / "tuned", **small, recipe="auto"
    )
    assert ways_of_pooling.is_in(tuned.path / "model")
    again = textune.adapt(lines, base=tuned.path, out=tmp_path / "again", **small, **never)
    assert ways_of_pooling.is_wanted(again.path / "model")  # its layer is gone, its way is not
    assert not ways_of_pooling.is_in(again.path / "model")


def test_an_adapted_encoder_of_words_says_nothing(tiny_base, tmp_path):
    lines = write_lines(tmp_path / "lines.txt")
    run = textune.adapt(
        lines, base=tiny_base, out=tmp_path / "run", epochs=0, settings="warm_head=never"
    )
    assert not (run.path / "model" / "1_Pooling").exists()
