"""Readers, tasks and preprocessing of the user's own, by a file and by installed packages."""

import importlib
import importlib.util
import json
import py_compile
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

import made_shares
import textune
from conftest import WORDS
from textune.doors import cli
from textune.errors import DataError, ModelError, SettingsError
from textune.extensions import plugin as plugins
from textune.reading import own_readers
from textune.tasks import installed, registry

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def _as_before():
    installed.load.cache_clear()
    yield
    own_readers.READERS.clear()
    installed.load.cache_clear()
    if "share" in registry.TASKS:
        registry.remove("share")
    installed._ADDED.clear()


@pytest.fixture
def chats(reviews):
    """Return the reviews as lines of a chat."""
    lines = reviews.read_text(encoding="utf-8").splitlines()[1:]
    file = reviews.with_suffix(".chat")
    rows = (line.rpartition(",") for line in lines)
    file.write_text("\n".join(f"[{label}] anna: {text}" for text, _, label in rows) + "\n", "utf-8")
    return file


@pytest.fixture
def learn(reviews, tiny_base, tmp_path):
    """Return a function that trains for an epoch."""

    def train(name, source=reviews, **options):
        given = {"base": tiny_base, "epochs": 1, "valid": source, "out": tmp_path / name}
        return textune.train(source, **(given | options))

    return train


def said(*command):
    done = CliRunner().invoke(cli.app, [str(word) for word in command], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_reader_in_a_file_is_as_good_as_those_that_are_there(learn, chats, reviews):
    plugin = EXAMPLES / "custom_reader.py"
    own, usual = learn("own", chats, plugin=plugin), learn("usual", reviews)
    assert own.metrics["valid"]["log_loss"] == usual.metrics["valid"]["log_loss"]
    found = json.loads(said("check", chats, "--plugin", plugin, "--json"))
    assert found["labels"] == {"bad": 80, "good": 80}
    judged = json.loads(said("evaluate", own.path, chats, "--plugin", plugin, "--json"))
    assert judged["n"] == 160
    answers = said("predict", own.path, "--input", chats, "--plugin", plugin)
    assert len(answers.splitlines()) >= 160


def test_a_fault_that_a_reader_finds_names_file_and_reader(learn, chats):
    with chats.open("a", encoding="utf-8") as opened:
        opened.write("nobody says anything\n")
    words = r"reviews\.chat: the reader of your own \(read\) failed: ValueError: line 161: expected"
    with pytest.raises(DataError, match=words):
        learn("run", chats, plugin=EXAMPLES / "custom_reader.py")


def test_readers_and_tasks_of_installed_packages_are_there(
    learn, chats, tiny_base, tmp_path, monkeypatch
):
    package = tmp_path / "made_package-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: made-package\nVersion: 1\n")
    (package / "entry_points.txt").write_text(
        "[textune.readers]\nchat = made_chat:read\n[textune.tasks]\nshare = made_shares:KIND\n"
    )
    (tmp_path / "made_chat.py").write_text((EXAMPLES / "custom_reader.py").read_text("utf-8"))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert len(textune.dataset(chats, base=tiny_base)) == 160
    installed.load.cache_clear()
    assert textune.check(chats, base=tiny_base).labels == {"bad": 80, "good": 80}
    assert registry.TASKS["share"] is made_shares.KIND
    (package / "entry_points.txt").write_text("[textune.readers]\nchat = made_absent:read\n")
    installed.load.cache_clear()
    with pytest.raises(SettingsError, match=r"package made-package adds 'chat'.*made_absent"):
        learn("run", chats)


def _joined(text, by):
    return by.join(text.split())


def _share(truth, decisions, of):
    return float((truth == decisions).mean() == of)


def test_a_function_with_arguments_given_goes_by_its_own_name_and_code():
    parts = {"preprocess": partial(_joined, by="_"), "metrics": [partial(_share, of=1)]}
    own = plugins.of(parts)
    assert own.sources["preprocess"].name == "test_own_texts.py:_joined"
    assert [metric.name for metric in own.metrics] == ["_share"]


def test_a_file_is_run_as_it_reads_and_not_as_bytecode_beside_it_says(tmp_path, monkeypatch):
    read, hidden = tmp_path / "plugin.py", tmp_path / "hidden.py"
    read.write_text("def preprocess(text):\n    return 'as it reads'\n")
    hidden.write_text("def preprocess(text):\n    return 'hidden'\n")
    beside = importlib.util.cache_from_source(str(read))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(hidden), cfile=beside, invalidation_mode=mode)
    own = plugins.of(read)
    assert own.preprocess("") == "as it reads"
    assert own.sources["preprocess"].text == read.read_text()
    monkeypatch.chdir(tmp_path)
    read.write_text("\nabsent.head\n")
    with pytest.raises(SettingsError, match=r"--plugin plugin\.py:2: NameError"):
        plugins.of("plugin.py")


def _suspected(file, base):
    return textune.suspects(file, base=base).likely == 0


def _tabled(file, _):
    said = CliRunner().invoke(cli.app, ["table", str(file)], catch_exceptions=False).stdout
    return said.startswith("text,label\n") and len(said.splitlines()) == 161


@pytest.mark.parametrize("door", [_suspected, _tabled])
def test_each_door_knows_readers_of_installed_packages(
    door, chats, tiny_base, tmp_path, monkeypatch
):
    package = tmp_path / "made_package-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: made-package\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[textune.readers]\nchat = made_doors_chat:read\n")
    (tmp_path / "made_doors_chat.py").write_text((EXAMPLES / "custom_reader.py").read_text("utf-8"))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert door(chats, tiny_base)


def test_texts_are_changed_in_training_and_predicting_alike(learn, reviews, tmp_path):
    plugin = EXAMPLES / "preprocess.py"
    text = reviews.read_text(encoding="utf-8")
    (tmp_path / "named.csv").write_text(text.replace("film", "https://film.org"), encoding="utf-8")
    (tmp_path / "plain.csv").write_text(text.replace("film", "http"), encoding="utf-8")
    own = learn("own", tmp_path / "named.csv", plugin=plugin)
    usual = learn("usual", tmp_path / "plain.csv")
    assert own.metrics["valid"]["log_loss"] == usual.metrics["valid"]["log_loss"]
    asked = f"{WORDS[0]} https://film.org"
    answer = textune.Predictor.load(own.path, plugin=plugin)([asked])[0]
    assert answer.text == asked
    plain = textune.Predictor.load(usual.path)([f"{WORDS[0]} http"])[0]
    assert answer.scores == plain.scores
    seen = textune.Predictor.load(own.path, plugin=plugin).features([asked])
    assert seen.pieces[0].text == f"{WORDS[0]} http"
    with pytest.raises(ModelError, match=r"preprocessing of texts of its owner's, preprocess\.py"):
        textune.Predictor.load(own.path)
    with pytest.raises(ModelError, match=r"trained on texts as they are, and preprocess\.py"):
        textune.Predictor.load(usual.path, plugin=plugin)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: None, "csv:2: the preprocess of your own .*expected a text, found NoneType"),
        (lambda text: text.missing, "failed: AttributeError"),
    ],
    ids=["nothing", "fails"],
)
def test_a_change_that_gives_no_text_is_refused(learn, change, words):
    with pytest.raises(SettingsError, match=words):
        learn("run", preprocess=change)


def test_tags_point_at_characters_and_are_not_changed(learn, tagged):
    with pytest.raises(SettingsError, match="points at characters"):
        learn("run", tagged, preprocess=str.lower)
