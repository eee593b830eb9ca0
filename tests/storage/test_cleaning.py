"""`cache`: what is kept is shown, and deleted where textune wrote it and nobody uses it."""

import json
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from test_cli import textune

from textune.storage import caches, cleaning
from textune.text import cache

__all__ = ["textune"]  # the fixture
USES = """
import sys
from pathlib import Path
from textune.reading import unpacked
place = unpacked.folder_of(Path(sys.argv[1]))
print(place, flush=True)
sys.stdin.read()
print((place / "a.txt").read_text(), flush=True)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return the folder of all caches, of which nothing is there yet."""
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "caches"))
    return tmp_path / "caches"


def store():
    def write(folder):
        np.arange(9).tofile(folder / "ids")

    def read(folder, _):
        return np.memmap(folder / "ids", np.int64, mode="r")

    return cache.open_or_build("tokens", "0" * 32, write, read)[0]


def test_what_is_kept_is_shown_and_deleted_under_the_hands_of_who_reads_it(home, textune):
    values = store()
    (home / "kernels").mkdir()
    (home / "kernels" / f"{'a' * 32}.so").write_bytes(b"x" * 3000)
    code, said, _ = textune("cache")
    assert code == 0
    assert f"kernels: 1, 3.0 kB in {home / 'kernels'}" in said
    shown = json.loads(textune("cache", "--json")[1])
    assert [*shown] == [*cleaning.WHAT]
    assert shown["tokens"]["bytes"] == 72 + len(json.dumps({"ids": "0" * 64}))
    code, said, _ = textune("cache", "clear", "tokens", "--json")
    assert json.loads(said)["bytes"] == shown["tokens"]["bytes"]
    assert [*values] == [*range(9)]
    assert [*(home / "tokens").iterdir()] == []
    assert (home / "kernels" / f"{'a' * 32}.so").is_file()
    assert [*store()] == [*range(9)]
    assert "deleted: 2 things, 3.1 kB" in textune("cache", "clear")[1]


def test_what_textune_did_not_write_stays_and_links_are_not_followed(home, tmp_path, textune):
    store()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years")
    (home / "tokens" / "notes.txt").write_text("mine")
    (home / "tokens" / ("b" * 32)).symlink_to(mine)
    (home / "tokens" / ("0" * 32) / "thesis.txt").symlink_to(mine / "thesis.txt")
    (home / "unpacked").symlink_to(mine)
    (home / "outgoing" / ("c" * 24)).mkdir(parents=True)
    (home / "outgoing" / ("c" * 24) / "answers.csv").write_text("the only copy")
    code, said, noted = textune("cache", "clear")
    assert code == 0
    assert said == "deleted: 0 things, 0 B\n"
    assert noted.count("was not written by textune as it is, and stays") == 3
    assert (mine / "thesis.txt").read_text() == "years"
    assert (home / "tokens" / ("0" * 32) / "ids").is_file()
    assert "deleted: 1 thing, 13 B" in textune("cache", "clear", "outgoing")[1]
    assert textune("cache", "clear", "tokns")[0] == 2
    assert textune("cache", "tokens")[0] == 2
    assert textune("cache", "show", "tokens")[0] == 2


def test_what_another_process_uses_stays_until_its_end(home, tmp_path, textune):
    (tmp_path / "a.txt").write_text("alive")
    (tmp_path / "b.txt").write_text("too")
    with tarfile.open(tmp_path / "texts.tar", "w") as archive:
        archive.add(tmp_path / "a.txt", "a.txt")
        archive.add(tmp_path / "b.txt", "b.txt")
    command = [sys.executable, "-c", USES, str(tmp_path / "texts.tar")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        place = other.stdout.readline().strip()
        code, said, noted = textune("cache", "clear")
        assert (code, said) == (0, "deleted: 0 things, 0 B\n")
        assert "is used by another process, and stays" in noted
        assert other.communicate("")[0] == "alive\n"
    assert f"of {tmp_path / 'texts.tar'}" in textune("cache")[1]
    assert "deleted: 1 thing" in textune("cache", "clear", "unpacked")[1]
    assert [*(home / "unpacked").iterdir()] == []
    with caches.alone(home / "unpacked" / "d") as is_alone:
        assert is_alone
    assert place.startswith(str(home))
