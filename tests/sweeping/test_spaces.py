"""What somebody writes of a space is understood, or refused with what is allowed."""

import pytest

from textune.doors import sweep_api
from textune.doors.keywords import LABELLED
from textune.errors import SettingsError
from textune.settings import config
from textune.settings.choosing import Facts
from textune.settings.config import Settings
from textune.sweeping import spaces
from textune.sweeping.spaces import Choices, Range


def settings(*changes):
    return config.resolve(Settings, None, changes, {})


def facts(width, **given):
    known = {"rows": 5_000, "classes": 2, "tokens": 30, "layers": 12, "asks": "texts"}
    return Facts(**known | given, width=width, averages=False)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("lr=1e-5..1e-3:log", Range("train.lr", 1e-5, 1e-3, is_log=True)),
        ("batch-size=16,32", Choices("train.batch_size", (16, 32))),
        ("train.dropout=0.0..0.3", Range("train.dropout", 0.0, 0.3)),
        ("epochs=2..4", Range("train.epochs", 2, 4)),
        ("train.dropout=0..0.3:0.1", Range("train.dropout", 0.0, 0.3, step=0.1)),
        ("pool=mean,max", Choices("data.pool", ("mean", "max"))),
        ("base=../a,b/c", Choices("base", ("../a", "b/c"))),
        ({"batch_size": [16, 32]}, Choices("train.batch_size", (16, 32))),
    ],
)
def test_a_space_is_written_in_words(written, wanted):
    found = spaces.parse(written, LABELLED)
    assert found == (wanted,)
    assert spaces.restored(spaces.stored(found)) == found


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (["lr"], "--space lr: expected NAME=VALUES; allowed: values as NAME=16,32, or a range"),
        (["lrr=1"], r"--space lrr: no such setting; did you mean 'train\.lr'"),
        (["seed=1,2"], "the same for all trials, which are judged on the same texts"),
        (["lr=2..1"], "a range goes upwards"),
        (["lr=a..b"], "a range goes from a number to another"),
        (["lr=0..1:log"], "a logarithmic range begins above 0"),
        (["lr=1,,2"], "only numbers and words are tried"),
        (["lr=1,2", "train.lr=3"], r"--space train\.lr: named twice"),
    ],
)
def test_what_is_no_space_is_refused_with_what_is_allowed(written, words):
    with pytest.raises(SettingsError, match=words):
        spaces.parse(written, LABELLED)


def test_values_that_a_setting_cannot_have_are_refused_before_anything_is_trained():
    for written, words in [
        ("epochs=-1..3", r"(?s)--space train\.epochs: .*greater than or equal to 0"),
        ("train.schedule=linear,lineer", "'linear', 'cosine'"),
        ("train.dropout=0.5..1.5", "less than 1"),
    ]:
        with pytest.raises(SettingsError, match=words):
            spaces.check(spaces.parse(written, LABELLED), settings())


def test_values_of_a_trial_leave_open_what_nobody_gave():
    found = spaces.applied(settings("train.warmup_share=0.2"), {"train.warmup_steps": 5})
    assert found.train.warmup_share is None
    assert found.train.warmup_steps == 5
    assert "lr" in found.train.left_out()


def test_the_space_of_a_base_as_wide_as_berts_is_the_grid_of_its_paper():
    space, why = spaces.default(facts(768), settings())
    assert len(spaces.grid(space)) == 18
    assert "Devlin" in why
    space, _ = spaces.default(facts(768), settings("train.lr=3e-5"))
    assert [each.name for each in space] == ["train.batch_size", "train.epochs"]
    with pytest.raises(SettingsError, match="leave one out, or name what is to be tried"):
        spaces.default(
            facts(768), settings("train.lr=3e-5", "train.epochs=2", "train.batch_size=8")
        )


def test_the_space_of_a_small_base_lies_around_the_rate_of_the_recipe(auto_recipe):
    space, why = spaces.default(facts(384), settings())
    rate = next(each for each in space if each.name == "train.lr")
    assert rate == Range("train.lr", 2.5e-5, 4e-4, is_log=True)
    assert Choices("train.epochs", (2, 4, 8)) in space
    assert spaces.grid(space) is None
    assert "a base of width 384 learns best at other rates" in why


@pytest.mark.parametrize(("width", "rate"), [(384, 4e-3), (768, 8e-4)])
def test_the_space_of_adapters_lies_around_their_own_rate(auto_recipe, width, rate):
    space, why = spaces.default(facts(width), settings("train.lora=8"))
    found = next(each for each in space if each.name == "train.lr")
    assert found == Range("train.lr", rate / 4, rate * 4, is_log=True)
    assert "adapters learn best at other rates" in why


@pytest.mark.parametrize(
    ("written", "wanted"), [("2h", 7200), ("1h30m", 5400), ("90 m", 5400), ("600", 600), (5, 5)]
)
def test_a_time_is_written_as_people_do(written, wanted):
    assert sweep_api.seconds(written) == wanted


@pytest.mark.parametrize("written", ["soon", "0", "-1h", "2x", "inf"])
def test_what_is_no_time_is_refused(written):
    with pytest.raises(SettingsError, match="expected a time, as 2h, 90m, 1h30m or 600s"):
        sweep_api.seconds(written)
