"""Files and frames of every format: the same strings come out, and every fault has its place."""

import gzip
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.records import Table
from thinning import but, spare

DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")

PUBLIC = {  # rows, columns or None for 1, 2, …, format
    "cola/in_domain_train.tsv": (8_551, None, 4),
    "cola/in_domain_dev.tsv": (527, None, 4),
    "cola/out_of_domain_dev.tsv": (516, None, 4),
    "goemotions/train.tsv.gz": (43_410, None, 3),
    "goemotions/dev.tsv": (5_426, None, 3),
    "goemotions/test.tsv": (5_427, None, 3),
    "goemotions/emotions.txt": (28, None, 1),
    "imdb/train.csv.gz": (25_000, "file rating label text", 4),
    "imdb/test.csv.gz": (25_000, "file rating label text", 4),
    "jigsaw/text_comment_1.csv.gz": (10_000, "comment_text labels", 2),
    "jigsaw/text_comment_2.csv.gz": (10_000, "comment_text labels", 2),
    "jigsaw/train_first_3000.csv.gz": (
        3_000,
        "comment_text toxic severe_toxic obscene threat insult identity_hate",
        7,
    ),
    "jigsaw/train_sample.csv": (
        1_000,
        "id comment_text toxic severe_toxic obscene threat insult identity_hate",
        8,
    ),
    "jigsaw/train_sample_2000.csv": (
        2_000,
        "id comment_text toxic severe_toxic obscene threat insult identity_hate dataset",
        9,
    ),
    "jigsaw/val_sample.csv": (
        1_000,
        "id toxic severe_toxic obscene threat insult identity_hate comment_text",
        8,
    ),
    "meditations/clean.txt": (507, None, 1),
    "rte/train.tsv": (2_490, "index sentence1 sentence2 label", 4),
    "rte/dev.tsv": (277, "index sentence1 sentence2 label", 4),
    "sst2/train.tsv.gz": (67_349, "sentence label", 2),
    "sst2/dev.tsv": (872, "sentence label", 2),
}
LIKE_OTHERS = {
    "goemotions/train.tsv.gz",
    "imdb/test.csv.gz",
    "imdb/train.csv.gz",
    "jigsaw/text_comment_2.csv.gz",
    "jigsaw/train_first_3000.csv.gz",
    "jigsaw/train_sample.csv",
    "jigsaw/train_sample_2000.csv",
    "jigsaw/val_sample.csv",
}


@pytest.fixture
def write(tmp_path: Path):
    def write(content: str | bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


def message_of(source: object, **options) -> str:
    with pytest.raises(DataError, match=r"\w") as caught:
        list(sources.read(source, **options).rows())
    return str(caught.value)


@needs_data
@pytest.mark.parametrize("name", but(PUBLIC, *LIKE_OTHERS))
def test_public_data_sets_are_read_unaided(name):
    rows, columns, width = PUBLIC[name]
    table = sources.read(DATA / name)
    assert table.has_header is (columns is not None)
    expected = columns.split() if columns else [str(n) for n in range(1, width + 1)]
    assert list(table.columns) == expected
    assert sum(1 for _ in table.rows()) == rows


TABLE = "text,label\na b,x\nc d,\n"


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.CSV", "a.data"])
def test_csv_by_every_name(write, name):
    data = TABLE.encode()
    table = sources.read(write(gzip.compress(data) if name.endswith("gz") else data, name))
    assert (table.name, table.format, table.delimiter) == (name, "csv", ",")
    assert [(row.cells, row.origin) for row in table.rows()] == [
        (("a b", "x"), f"{name}:2"),
        (("c d", ""), f"{name}:3"),
    ]


def test_gzip_is_known_by_its_content_not_its_name(write):
    assert len(cells(sources.read(write(gzip.compress(TABLE.encode()), "a.csv")))) == 2
    assert len(cells(sources.read(write(TABLE, "b.csv.gz")))) == 2


def test_byte_order_mark_is_no_part_of_the_first_name(write):
    assert sources.read(write("\ufeff" + TABLE, "a.csv")).columns == ("text", "label")


@pytest.mark.parametrize("at", [0, 1, 12_000, 24_999])
def test_one_bad_byte_is_found_on_its_line(write, at):
    lines = [b"some text,pos"] * 25_000
    lines[at] = b"d\xc3\xa9j\xc3\xa0 caf\xe9 noir,pos"
    path = write(b"text,label\n" + b"\n".join(lines), "a.csv")
    message = message_of(path)
    assert f"a.csv:{at + 2}:9: the byte 0xe9 is not UTF-8: 'déjà caf\\xe9 noir,pos'" in message
    assert f"1 line is not UTF-8: {at + 2:,}\nby its bytes it may be " in message


def test_rows_before_a_bad_byte_are_right(write):
    path = write(b"text,label\n" + b"some text,pos\n" * 80_000 + b"x\xff,y\n", "a.csv")
    rows = sources.read(path).rows()
    seen = 0
    for row in islice(rows, 80_000):
        assert row.cells == ("some text", "pos")
        seen += 1
    assert seen == 80_000
    with pytest.raises(DataError, match=r"a\.csv:80002:2: the byte 0xff"):
        next(rows)


@pytest.mark.parametrize("at", [0, 24_999])
def test_nul_is_refused_on_its_line(write, at):
    lines = [b"some text,pos"] * 25_000
    lines[at] = b"some\0text,pos"
    message = message_of(write(b"text,label\n" + b"\n".join(lines), "a.csv"))
    assert f"a.csv:{at + 2}:5: a NUL character" in message
    assert "tr -d" in message


def test_line_without_an_end(write):
    message = message_of(write(b"text,label\n" + b"x" * 20_000_000, "a.csv"))
    assert "a.csv:2: the line has no end within 8 MiB" in message


@pytest.mark.parametrize("damage", ["cut", "flip", "tail"])
@pytest.mark.first(1)
def test_damaged_gzip(write, damage):
    data = gzip.compress("".join(f"{n},text {n * n},x\n" for n in range(99_999)).encode())
    middle = len(data) // 2
    data = {
        "cut": data[:middle],
        "flip": data[:middle] + bytes([data[middle] ^ 255]) * 9 + data[middle + 9 :],
        "tail": data[:-6] + b"\0\0\0\0\0\0",
    }[damage]
    assert "a.csv.gz: the gzip data is damaged or cut off" in message_of(write(data, "a.csv.gz"))


MEMORY = """
import sys
from textune.reading import sources
from textune.errors import DataError
def peak():
    status = open("/proc/self/status").read()  # ru_maxrss would be that of who started this
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10
before = peak()
try:
    for row in sources.read(sys.argv[1]).rows():
        pass
except DataError as error:
    print(str(error)[:60])
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux")
@pytest.mark.parametrize(
    ("name", "unit", "times", "most"),
    [
        ("line.csv", b"x", 100_000_000, 60),
        spare(("header.csv", b"ab,", 1_000_000, 300)),
        spare(("cells.csv", b"ab,", 30_000_000, 60)),
        ("quote.csv", b'text,label\na,b\n"c' + b"d\n" * 1_000, 2_000, 75),
        spare(("bomb.csv.gz", b"some text,label\n", 400_000, 50)),
        ("line.jsonl", b'{"a":"', 20_000_000, 60),
    ],
)
def test_memory_is_bounded_whatever_the_file(tmp_path, name, unit, times, most):
    """In MiB; to keep its two million lines would take 110, its problems 100."""
    path = tmp_path / name
    with gzip.open(path, "wb", 1) if name.endswith("gz") else path.open("wb") as file:
        for _ in range(100):
            file.write(unit * (times // 100))
    command = [sys.executable, "-c", MEMORY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout.split()[-1]) < most, done.stdout
    path.unlink()


def test_what_is_neither_path_nor_frame():
    assert "a set cannot be read; give a path; a data frame of pandas" in message_of({"a"})


def test_missing_file_suggests_its_neighbours(write):
    path = write(TABLE, "reviews.csv")
    message = message_of(path.with_name("revews.csv"))
    assert "there is no such file; did you mean 'reviews.csv'?" in message
    assert "nor is there a folder" in message_of(path.parent / "no" / "reviews.csv")
    assert "check the path" in message_of(path.with_name("zzzzz"))


def test_a_file_that_ends_alike_and_is_called_otherwise_is_not_meant(tmp_path):
    for name in ("long.csv", "missed.txt"):
        (tmp_path / name).write_text("text\n")
    with pytest.raises(
        DataError, match=r"missing\.csv: there is no such file; did you mean 'missed"
    ):
        sources.read(tmp_path / "missing.csv")
    with pytest.raises(DataError, match=r"nothing\.csv: there is no such file; check the path$"):
        sources.read(tmp_path / "nothing.csv")


def test_folder_names_a_file_in_it(write):
    path = write("one text a line\n", "reviews.txt")
    assert "this is a folder; name a file in it, for example 'reviews.txt'" in message_of(
        path.parent
    )


def test_folder_without_a_file_to_read(tmp_path):
    assert "this is a folder; name a file in it (CSV, TSV, text, JSON" in message_of(tmp_path)


@pytest.mark.timeout(10)
def test_pipe_and_device_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    assert "this is no regular file" in message_of(tmp_path / "a.csv")
    assert "this is no regular file" in message_of("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(write):
    path = write(TABLE, "a.csv")
    path.chmod(0)
    assert "cannot be read (Permission denied)" in message_of(path)


@pytest.mark.parametrize("source", ["a\0b.csv", "x" * 5_000, "nowhere://example.org/a.csv"])
def test_path_that_cannot_be_one(source):
    expected = "cannot be fetched" if "://" in source else "cannot be read"
    assert expected in message_of(source)


def test_file_that_vanishes_before_it_is_read_again(write):
    path = write(TABLE, "a.csv")
    table = sources.read(path)
    path.unlink()
    with pytest.raises(DataError, match=r"cannot be read .No such file"):
        list(table.rows())


def test_symbolic_link_to_a_file(write):
    path = write(TABLE, "a.csv")
    link = path.with_name("link.csv")
    link.symlink_to(path)
    assert len(cells(sources.read(str(link)))) == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04" + bytes(99), "the zip archive is damaged or cut off"),
        (b"%PDF-1.7", "a PDF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "this is a web page, not data"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.bin"])
def test_foreign_file_is_named_for_what_it_is(write, content, expected, name):
    assert expected in message_of(write(content, name))


def test_binary_file_of_unknown_ending(write):
    message = message_of(write(bytes(range(256)) * 9, "a.bin"))
    assert "this is no text; textune reads CSV, TSV, text, JSON (" in message
