"""Settings that were left out follow the texts and the base, each with its reason."""

import math
from dataclasses import replace
from itertools import product

import pytest

from textune.errors import SettingsError
from textune.records import PASSAGES
from textune.settings import choosing, config
from textune.settings.choosing import KNOWN, TABLE, Before, Facts
from textune.settings.config import Settings
from textune.settings.language_config import AdaptSettings, PretrainSettings
from textune.settings.train_config import TrainSettings

FEW = Facts(rows=100, classes=4, tokens=40, width=384, layers=6, asks="texts", averages=True)


def chosen(facts=FEW, *changes, before=None):
    recipe = () if any(each.startswith("train.recipe") for each in changes) else ("auto",)
    names = [f"train.recipe={each}" for each in recipe]
    asked = config.resolve(Settings, None, [*changes, *names])
    return choosing.choose(asked, facts, before)


def numbers(found):
    train = found.settings.train
    return train.epochs, train.batch_size, train.lr


@pytest.fixture
def made_table(monkeypatch):
    """Let the table be one whose numbers no measurement changes."""
    rules = {
        "batch_size": (choosing.Rule(8, rows=50), choosing.Rule(16)),
        "epochs": (
            choosing.Rule(choosing.Passes(updates=40, fewest=2, most=10), rows=1_000),
            choosing.Rule(choosing.Passes(updates=0, fewest=3, most=3)),
        ),
        "lr": (choosing.Rule(1e-4, width=500), choosing.Rule(2.5e-5)),
    }
    monkeypatch.setattr(choosing, "TABLE", {**TABLE, **rules})


def test_each_setting_of_the_recipe_has_rules_that_fit_whatever_is_known():
    assert set(TABLE) == set(TrainSettings.by_recipe) == set(choosing.CLASSIC)
    rows, widths = (1, 499, 500, 2_000, 10**7), (1, 384, 768, 1_024, 10**5)
    for row, width, asks, averages in product(
        rows, widths, ("texts", "words", "answers"), (True, False)
    ):
        facts = Facts(row, 2, 40, width, 12, asks, averages)
        found = chosen(facts).settings
        again = TrainSettings.model_validate(dict(found.train))  # values that may be given
        assert again == found.train
        assert found.train.epochs >= 1


def test_no_rule_stands_behind_one_that_takes_everything():
    for name, rules in TABLE.items():
        bounds = [[getattr(each, known) for known in KNOWN] for each in rules]
        takes_all = [all(bound in (None, math.inf) for bound in each) for each in bounds]
        assert takes_all == [*[False] * (len(rules) - 1), True], name


@pytest.mark.usefixtures("made_table")
def test_what_is_chosen_follows_rows_and_base():
    assert numbers(chosen()) == (6, 16, 1e-4)
    assert numbers(chosen(replace(FEW, rows=16))) == (10, 8, 1e-4)
    assert numbers(chosen(replace(FEW, rows=900, width=768))) == (2, 16, 2.5e-5)
    assert numbers(chosen(replace(FEW, rows=5_000))) == (3, 16, 1e-4)


@pytest.mark.usefixtures("made_table")
def test_each_choice_is_a_line_with_its_reason():
    words = chosen().words
    assert words[:4] == (
        "batch size 16: 100 training texts",
        "epochs 6: 100 texts make 7 updates a pass; at least 40 updates are wanted",
        "lr 1e-4: width 384",
        "warm-up 0.1: the same for all texts and encoders",
    )
    few = chosen(replace(FEW, rows=1, width=768)).words
    assert few[1] == "epochs 10: 1 text makes 1 update a pass; more than 10 passes are never made"
    assert few[2] == "lr 2.5e-5: width 768"


def test_a_small_sentence_encoder_has_no_dropout_for_labels_of_texts():
    found = chosen()
    assert found.settings.train.rate == 0
    why = "100 training texts, 4 classes, width 384, 6 layers, a head on texts, a sentence encoder"
    assert f"dropout 0: {why}" in found.words
    others = {"rows": 10_000, "width": 768, "averages": False, "classes": 8, "layers": 13}
    found = [chosen(replace(FEW, **{name: value})) for name, value in others.items()]
    found += [chosen(replace(FEW, asks=asks)) for asks in ("words", PASSAGES)]
    assert {each.settings.train.dropout for each in found} == {"base"}


@pytest.mark.usefixtures("made_table")
def test_what_was_given_stays_and_is_not_explained():
    found = chosen(FEW, "train.lr=5e-5", "train.batch_size=50", "train.warmup_steps=0")
    assert numbers(found) == (10, 50, 5e-5)  # the passes follow the batch that was given
    assert found.settings.train.warmup_share is None
    assert [words.partition(" ")[0] for words in found.words] == ["epochs", "dropout", "linear"]
    left = found.settings.train.left_out()
    rest = {"class_weights", "pairs", "pooling", "probe", "average", "contrast"}
    assert left == {"epochs", "dropout"} | rest


def test_a_value_of_auto_is_left_to_the_recipe(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[train]\nepochs = 9\nlr = 'auto'\n", encoding="utf-8")
    train = config.resolve(Settings, file, ["train.epochs=auto"]).train
    assert {"epochs", "lr"} <= train.left_out()
    with pytest.raises(SettingsError, match=r"train.epochs: Input should be a valid integer"):
        config.resolve(AdaptSettings, None, ["train.epochs=auto"])


def test_the_classic_recipe_is_that_of_the_papers_whatever_the_rows():
    for rows in (10, 10**6):
        found = chosen(replace(FEW, rows=rows), "train.recipe=classic")
        assert numbers(found) == (3, 32, 5e-5)
        assert (found.settings.train.dropout, found.settings.train.warmup_share) == ("base", None)
        assert found.words == ()
    assert numbers(chosen(FEW, "train.recipe=classic", "train.epochs=7")) == (7, 32, 5e-5)


def test_a_run_that_goes_on_takes_what_it_chose():
    before = Before("auto", {"epochs": 11, "lr": 7e-5})
    asked = config.resolve(Settings, None, ["train.batch_size=4"])
    found = choosing.choose(asked, FEW, before)
    assert numbers(found) == (11, 4, 7e-5)
    assert "epochs 11: as this run began" in found.words
    assert numbers(chosen(FEW, "train.epochs=12", before=before))[0] == 12
    assert numbers(chosen(FEW, "train.recipe=classic", before=before)) == (3, 32, 5e-5)


def test_a_note_of_choices_is_read_again_and_none_means_classic():
    found = chosen(FEW, "train.lr=5e-5").settings
    note = choosing.noted(found)
    again = choosing.read_note(note)
    assert again.recipe == "auto"
    assert again.values["epochs"] == found.train.epochs
    assert "lr" not in again.values
    assert choosing.read_note(None) == Before("classic", {})


def test_the_environment_names_the_recipe_where_nobody_does(monkeypatch):
    settings = Settings()
    monkeypatch.setenv(choosing.FORCED, "classic")
    assert choosing.choose(settings, FEW).settings.train.recipe == "classic"
    monkeypatch.delenv(choosing.FORCED)
    assert choosing.choose(settings, FEW).settings.train.recipe == "auto"
    monkeypatch.setenv(choosing.FORCED, "clasic")
    with pytest.raises(SettingsError, match=r"TEXTUNE_RECIPE=clasic: .*did you mean 'classic'"):
        choosing.choose(settings, FEW)


def test_plain_text_has_no_recipe():
    for kind in (AdaptSettings, PretrainSettings):
        assert kind().train.left_out() == frozenset()
        with pytest.raises(SettingsError, match=r"recipe can be set for labelled text only"):
            config.resolve(kind, None, ["train.recipe=classic"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"classes": 2, "asks": "answers"}, "2 ends of an answer"),
        ({"classes": 1, "numbers": True}, "1 number"),
        ({"classes": 3, "numbers": True}, "3 numbers"),
        ({"classes": 9, "asks": "words"}, "9 classes"),
        ({"classes": 1}, "1 class"),
    ],
)
def test_what_a_head_gives_is_called_what_it_is(given, said):
    assert replace(FEW, **given).words("classes") == said


def test_a_contrastive_loss_is_for_many_classes_alike_in_number_where_no_folds_try_it():
    many = replace(FEW, rows=3_000, classes=28, are_alike=True)
    found = chosen(many)
    assert found.settings.train.contrast == 1
    why = (
        "3,000 training texts, 28 classes, classes alike in number but for chance, no pairs of "
        "texts, not cross-validated"
    )
    assert f"contrastive loss 1: {why}" in found.words
    assert chosen(replace(many, has_folds=True)).settings.train.contrast is None
    others = {"rows": 10_000, "classes": 7, "are_alike": False, "pairs": True}
    for name, value in others.items():
        none = chosen(replace(many, **{name: value}))
        assert none.settings.train.contrast == 0, name
        assert not any("contrast" in words for words in none.words)
    assert chosen(many, "train.contrast=0.5").settings.train.contrast == 0.5
    assert chosen(many, "train.recipe=classic").settings.train.contrast == 0
