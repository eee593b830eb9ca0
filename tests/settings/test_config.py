import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from textune.errors import SettingsError
from textune.settings import config, storing
from textune.settings.config import Settings
from textune.settings.data_config import DataSettings
from textune.settings.train_config import TrainSettings


def changed(*changes, **given_by_name):
    return config.resolve(Settings, None, changes, given_by_name)


def test_nothing_given_gives_the_defaults():
    assert config.resolve(Settings) == Settings()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("train.epoch=2", r"train\.epoch: no such setting; did you mean 'epochs'\? Allowed:"),
        ("trian.lr=1", r"trian: no such setting; did you mean 'train'\? Allowed: 'base', 'seed'"),
        ("data.txt=a", r"data\.txt: no such setting; did you mean 'text'\?"),
        ("train.epochs=2.5", r"train\.epochs: Input should be a valid integer.*found 2\.5"),
        ("train.epochs=true", r"train\.epochs: true and false are no values of this setting"),
        ("train.lr=0", r"train\.lr: Input should be greater than 0, found 0"),
        ("train.lr=inf", r"train\.lr: Input should be a finite number, found inf"),
        ("train.lr=nan", r"train\.lr: Input should be .*found nan"),
        ("train.lr=", r"train\.lr: Input should be a valid number.*found ''"),
        ("train.betas=[1.5, 0.9]", r"train\.betas\.0: Input should be less than 1, found 1\.5"),
        ("train.schedule=step", r"train\.schedule: .*'linear'.*found 'step'"),
        ("train=3", r"train: Input should be a valid dictionary"),
        ("data.text=3.5", r"data\.text: .*found 3\.5"),
        ("base=3", r"base: Input should be a valid string, found 3"),
        ("seed=-1", r"seed: Input should be greater than or equal to 0, found -1"),
        ("train.lr", r"--set train\.lr: expected section\.key=value"),
        ("base.x=1", r"base: Input should be a valid string"),
        (
            "decision.aim=fbeta=0",
            r"decision\.aim: --aim 'fbeta=0': '0' is not a number above 0$",
        ),
        (
            "train.judge_training=nope",
            r"^1 setting is wrong:\n  train\.judge_training: Input should be true or false, or a "
            r"whole number, found 'nope'$",
        ),
        (
            "train.judge_training=1",
            r"^1 .*\n  train\.judge_training: Input should be true or false, or greater than or "
            r"equal to 2, found 1$",
        ),
        (
            "train.dropout=2",
            r"^1 .*\n  train\.dropout: Input should be 'base', or less than 1, found 2$",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(change, message):
    with pytest.raises(SettingsError, match=message):
        changed(change)


def test_a_setting_is_no_section():
    with pytest.raises(SettingsError, match="'base' is a setting, not a section"):
        changed("base=x", "base.y=1")


def test_all_wrong_settings_are_reported_together():
    with pytest.raises(SettingsError, match="3 settings are wrong") as caught:
        changed("train.lr=-1", "data.valid_share=2", "sed=4")
    lines = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == ["data.valid_share", "train.lr", "sed"]


@pytest.mark.parametrize("names", [("share", "steps"), ("steps", "epochs"), ("share", "epochs")])
def test_two_warmups_are_refused(names):
    one, other = (f"warmup_{name}" for name in names)
    with pytest.raises(SettingsError, match=f"train: give one of {one}, {other}, not 2"):
        changed(f"train.{one}=1", f"train.{other}=1")


@pytest.mark.parametrize(
    ("change", "section", "name", "value"),
    [
        ("train.lr=3e-5", "train", "lr", 3e-5),
        ("train.epochs = 7", "train", "epochs", 7),
        ("data.header=false", "data", "header", False),
        ("data.cache=true", "data", "cache", True),
        ("data.text=title,body", "data", "text", ("title", "body")),
        ('data.text=["a,b", "c"]', "data", "text", ("a,b", "c")),
        ("data.text=4", "data", "text", ("4",)),
        ("data.label=[1, 2]", "data", "label", ("1", "2")),
        ('data.delimiter="\\t"', "data", "delimiter", "\t"),
        ("data.delimiter=;", "data", "delimiter", ";"),
        ("data.delimiter==", "data", "delimiter", "="),
        ("train.betas=[0.8, 0.95]", "train", "betas", (0.8, 0.95)),
        ("train.clip=none", "train", "clip", None),
        ("data.header=none", "data", "header", None),
        ("train.class_weights=none", "train", "class_weights", "none"),
    ],
)
def test_values_after_set_are_read_by_their_kind(change, section, name, value):
    assert getattr(getattr(changed(change), section), name) == value


def test_a_name_of_digits_in_quotes_stays_a_name():
    assert changed('base="123"').base == "123"


def test_keywords_win_over_set_and_set_over_the_file(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("seed = 1\n[train]\nlr = 1e-3\nepochs = 1\nbatch_size = 8\n", encoding="utf-8")
    found = config.resolve(
        Settings, file, ["train.lr=1e-4", "train.epochs=2"], {"train.epochs": 3, "seed": None}
    )
    assert found.seed == 1
    train = found.train
    assert (train.batch_size, train.lr, train.epochs) == (8, 1e-4, 3)


def test_the_last_of_two_changes_counts():
    assert changed("seed=1", "seed=2").seed == 2


@given(
    train=st.builds(
        TrainSettings,
        lr=st.floats(1e-9, 10),
        clip=st.none() | st.floats(1e-3, 100),
        warmup_steps=st.none() | st.integers(0, 10**6),
        schedule=st.sampled_from(["linear", "cosine", "constant", "one-cycle"]),
        betas=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
        patience=st.none() | st.integers(1, 9),
        metric=st.none() | st.just("mcc"),
    ),
    data=st.builds(
        DataSettings,
        text=st.lists(st.text(st.characters(codec="utf-8", exclude_characters=",")), max_size=2),
        header=st.none() | st.booleans(),
        delimiter=st.none() | st.sampled_from(list(',;\t|"')),
        unlabelled=st.none() | st.floats(0, 1e6),
        limit=st.none() | st.integers(2, 10**9),
    ),
)
def test_what_a_run_writes_reads_back_to_equal_settings(tmp_path_factory, train, data):
    settings = Settings(base="a\\b 'c' é", train=train, data=data)
    file = tmp_path_factory.mktemp("settings") / "config.toml"
    run = {"source": "x.csv", "valid": None, "contract": {"text": ("a",), "group": None}}
    file.write_text(storing.to_toml(settings, run), encoding="utf-8")
    assert config.resolve(Settings, file) == settings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such settings file"),
        (b"lr = = 3", "not a TOML file that can be read"),
        (b"\xff\xfe", "not a TOML file that can be read"),
        (b"[train]\nlr = 'x'", r"train\.lr: Input should be a valid number"),
    ],
)
def test_a_faulty_settings_file_is_explained(tmp_path, content, message):
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        config.resolve(Settings, file)


def test_a_folder_is_no_settings_file(tmp_path):
    with pytest.raises(SettingsError, match="not a TOML file that can be read"):
        config.resolve(Settings, tmp_path)


def test_every_setting_has_a_sentence_and_a_default():
    fields = {**TrainSettings.model_fields, **DataSettings.model_fields}
    assert len(fields) > 25
    assert [name for name, field in fields.items() if not field.description] == []
    assert [name for name, field in fields.items() if field.is_required()] == []


def test_settings_can_be_written_by_hand(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(tomli_w.dumps({"data": {"text": "a, b", "label": 3}}), encoding="utf-8")
    assert config.resolve(Settings, file).data.text == ("a", "b")
    assert config.resolve(Settings, file).data.label == ("3",)


def test_one_change_need_not_be_a_list(tmp_path):
    assert config.resolve(Settings, changes="train.lr=1e-3").train.lr == 1e-3
    with pytest.raises(SettingsError, match=r"--set train\.lr: expected section\.key=value"):
        config.resolve(Settings, changes="train.lr")


def test_a_file_of_settings_may_begin_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xef\xbb\xbfseed = 7\r\n[train]\r\nlr = 0.001\r\n")
    found = config.resolve(Settings, file)
    assert (found.seed, found.train.lr) == (7, 0.001)


def test_none_is_a_quote_of_its_own():
    found = changed("data.quote=none")
    assert found.data.file.quote == "none"
    assert Settings.model_validate(tomllib.loads(storing.to_toml(found))) == found
    assert changed("data.sheet=none").data.sheet is None


def test_the_settings_of_a_run_from_before_are_read(tmp_path):
    file = tmp_path / "config.toml"  # without adapters, whose targets had another default then
    file.write_text('[train]\nlora_dropout = 0.0\nlora_targets = "query-value"\n', encoding="utf-8")
    read = config.resolve(Settings, file)
    assert read.train.lora_targets == TrainSettings().lora_targets
