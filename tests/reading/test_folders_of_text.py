"""Folders, patterns and names become files of text: each once, in order, none passed over."""

import gzip
import os
import re
import sys
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import documents, sources


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def texts(*sources: object) -> list[str]:
    return [part.text for part in documents.read_all(documents.find(list(sources)))]


def message_of(*sources: object) -> str:
    with pytest.raises(DataError, match=r"\w") as caught:
        documents.find(list(sources))
    return str(caught.value)


@pytest.fixture
def corpus(write) -> Path:
    """Return a folder with text at several depths, and with what is no text of its owner."""
    write("one\n", "corpus/b.txt")
    write(gzip.compress(b"two\n"), "corpus/a/c.md.gz")
    write("text\nthree\n", "corpus/a/d/e.csv")
    write("no\n", "corpus/.hidden.txt")
    write("no\n", "corpus/.git/f.txt")
    write(b"\x89PNG\0", "corpus/logo.png")
    write(b"\x89PNG\0", "corpus/a/photo.jpg")
    return write("\n", "corpus/empty.txt").parent


def test_a_folder_gives_its_text_in_order(corpus):
    files = documents.find([corpus])
    assert [file.name for file in files] == ["c.md.gz", "e.csv", "b.txt"]
    assert [paragraph.text for paragraph in documents.read_all(files)] == ["two", "three", "one"]


def test_says_what_of_a_folder_is_left_out(corpus):
    *others, last = documents.find([corpus])
    photo = corpus / "a" / "photo.jpg"
    assert last.reasons[1:] == (
        f"left out by their endings: {photo} and 1 more",
        "skipped since empty: empty.txt",
    )
    assert not any("left out" in reason for file in others for reason in file.reasons)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/*.txt", ["b.txt"]),
        ("**/*", ["c.md.gz", "e.csv"]),
        ("[a-b].txt", ["b.txt"]),
        ("?/*.gz", ["c.md.gz"]),
    ],
)
def test_a_pattern_gives_the_files_that_it_matches(corpus, pattern, names):
    for image in (corpus / "logo.png", corpus / "a" / "photo.jpg"):
        image.unlink()
    names = [*names, "b.txt"] if pattern == "**/*" else names
    assert [file.name for file in documents.find([corpus / pattern])] == names
    assert [file.name for file in documents.find([str(corpus / pattern)])] == names


def test_a_file_whose_name_looks_like_a_pattern_wins(write):
    write("other", "a1.txt")
    assert texts(write("literal", "a[1].txt")) == ["literal"]
    assert texts(write("star", "b*.txt")) == ["star"]


def test_the_home_folder_may_be_written_short(write, monkeypatch):
    monkeypatch.setenv("HOME", str(write("x", "corpus/a.txt").parents[1]))
    assert [texts(f"~/{name}") for name in ("corpus/a.txt", "corpus", "c*/*.txt")] == [["x"]] * 3


def test_a_file_that_several_sources_name_is_read_once(corpus, monkeypatch):
    (corpus / "link.txt").symlink_to(corpus / "b.txt")
    monkeypatch.chdir(corpus)
    files = documents.find(["b.txt", corpus, "./b.txt", "*.txt", corpus / "link.txt"])
    assert files[0].path == Path("b.txt")
    assert [file.name for file in files] == ["b.txt", "c.md.gz", "e.csv"]


def test_one_source_need_not_stand_in_a_list(write):
    path = write("x", "a.txt")
    assert documents.find(str(path)) == documents.find([str(path)])


@pytest.mark.timeout(10)
def test_links_to_folders_are_followed_but_not_in_circles(corpus, write):
    elsewhere = write("four\n", "elsewhere/g.txt").parent
    (corpus / "more").symlink_to(elsewhere)
    (corpus / "a" / "up").symlink_to(corpus)
    assert [file.name for file in documents.find([corpus])] == [
        "c.md.gz",
        "e.csv",
        "b.txt",
        "g.txt",
    ]


def test_files_of_the_same_name_are_told_apart(write):
    rows = "id,text\n1,x\n"
    paths = [write(rows, "en/a.csv"), write(rows, "de/a.csv"), write("y", "de/b.txt")]
    origins = [part.origin for part in documents.read_all(documents.find(paths))]
    assert origins == [f"{paths[0]}:2", f"{paths[1]}:2", "b.txt:1"]


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_a_fault_in_a_file_of_a_common_name_says_which(write, name):
    good, bad = write(b"id,text\n1,x\n", f"en/{name}"), write(b"id,text\n1,\xe9\n", f"de/{name}")
    with pytest.raises(DataError, match=f"^{re.escape(str(bad))}:2:3: the byte 0xe9 is not UTF-8"):
        documents.find([good, bad])
    bad.write_bytes(b"id,text\n1,y\n")
    files = documents.find([good, bad])
    bad.write_bytes(b"id,text\n1,\xe9\n")
    with pytest.raises(DataError, match=f"^{re.escape(str(bad))}:2:3: the byte 0xe9 is not UTF-8"):
        list(documents.read_all(files))


def test_a_missing_file_suggests_its_neighbours(write):
    path = write("x", "corpus.txt")
    message = message_of(path.with_name("korpus.txt"))
    assert message.endswith("korpus.txt: there is no such file; did you mean 'corpus.txt'?")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "'' names no file; for the current folder write '.'"),
        ("nowhere://example.org/a.txt", "nowhere://example.org/a.txt: cannot be fetched"),
        ("/dev/null", "/dev/null: this is no regular file (a pipe, a socket or a device)"),
        ("nothing/*.txt", "nothing/*.txt: no file matches this pattern; check it (* stands for"),
        ("x" * 5_000, "cannot be read"),
    ],
)
def test_a_source_that_is_no_file(source, message):
    assert message in message_of(source)


def test_no_source():
    assert "no file was named; name files, folders, or patterns" in message_of()


def test_a_folder_without_text(write):
    folder = write(b"\0", "pictures/a.png").parent
    message = message_of(folder)
    assert f"{folder}: no file in this folder, or below it, has an ending of text (.csv" in message
    assert f"or a pattern as '{folder}/**/*'" in message


@pytest.mark.timeout(10)
def test_a_pipe_in_a_folder_is_refused_without_waiting(corpus):
    os.mkfifo(corpus / "pipe.txt")
    assert "pipe.txt: this is no regular file" in message_of(corpus)


def test_a_broken_link_in_a_folder_is_not_passed_over(corpus):
    (corpus / "z.txt").symlink_to(corpus / "nowhere")
    assert "z.txt: there is no such file" in message_of(corpus)
    assert "z.txt: there is no such file" in message_of(corpus / "*.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_not_passed_over(corpus):
    (corpus / "a" / "d").chmod(0)
    message = message_of(corpus)
    (corpus / "a" / "d").chmod(0o700)
    assert "d: cannot be read (Permission denied); check who may read the folder" in message


OPENED: list[str] = []


def test_each_file_of_a_folder_is_opened_once_while_its_rows_are_read(tmp_path):
    """Of 50,000 files, opening them took most of the time."""
    for label in ("good", "bad"):
        (tmp_path / label).mkdir()
        for number in range(20):
            (tmp_path / label / f"{number}.txt").write_text(f"a {label} film {number}")
    table = sources.read(tmp_path)
    sys.addaudithook(lambda event, said: OPENED.append(str(said[0])) if event == "open" else None)
    OPENED.clear()
    assert len(list(table.rows())) == 40
    assert sum(name.startswith(str(tmp_path)) for name in OPENED) == 40
