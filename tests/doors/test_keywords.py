"""Keywords become requests: the folder of a run that nobody names."""

import inspect

import pytest

import textune
from textune.doors import keywords
from textune.errors import SettingsError


def test_a_run_that_goes_on_without_a_folder_named_is_the_last_of_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = [tmp_path / "runs" / name for name in ("reviews", "reviews-2")]
    for resume in (False, True):
        assert str(keywords.named_folder("a/reviews.csv", resume=resume)) == "runs/reviews"
    for place, free in zip(places, ("runs/reviews-2", "runs/reviews-3"), strict=True):
        place.mkdir(parents=True)
        assert keywords.named_folder("reviews.csv", resume=True) == place.relative_to(tmp_path)
        assert str(keywords.named_folder("reviews.csv")) == free


def test_a_run_that_goes_on_needs_its_folder_alone(tmp_path):
    kept = '[train]\nepochs = 7\n[run]\nsource = "reviews.csv"\nvalid = "more.csv"\n'
    (tmp_path / "config.toml").write_text(kept, encoding="utf-8")
    names = inspect.signature(textune.train).parameters
    options = {name: each.default for name, each in names.items()} | {"out": tmp_path}
    request = keywords.labelled(options | {"source": None, "resume": True})
    assert (request.source, request.valid, request.resume) == ("reviews.csv", "more.csv", True)
    assert request.settings.train.epochs == 7
    with pytest.raises(SettingsError, match="name the FILE to train on"):
        keywords.labelled(options | {"source": None, "resume": False})
    named = keywords.labelled(options | {"source": "other.csv", "resume": True})
    assert (named.source, named.valid) == ("other.csv", None)
