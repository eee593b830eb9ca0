"""Containers with bytes changed: read whole, or refused with a message, but never a crash."""

import bz2
import gzip
import io
import lzma
import random
import zipfile

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import feather

from textune.errors import DataError
from textune.reading import sources

ROWS = "text,label\n" + "".join(f"a film of the year {n},{n % 2}\n" for n in range(40))
TRIALS = 25


def zipped(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, ROWS)
    return content.getvalue()


def book():
    content, made = io.BytesIO(), openpyxl.Workbook()
    for line in ROWS.splitlines():
        made.active.append(line.split(","))
    made.save(content)
    return content.getvalue()


def table():
    lines = [line.split(",") for line in ROWS.splitlines()[1:]]
    return pa.table({"text": [text for text, _ in lines], "label": [label for _, label in lines]})


def arrow():
    content = io.BytesIO()
    feather.write_feather(table(), content)
    return content.getvalue()


GOOD = {
    "a.csv.gz": lambda: gzip.compress(ROWS.encode()),
    "a.csv.bz2": lambda: bz2.compress(ROWS.encode()),
    "a.csv.xz": lambda: lzma.compress(ROWS.encode()),
    "a.csv.zst": lambda: pa.Codec("zstd").compress(ROWS.encode(), asbytes=True),
    "one.zip": lambda: zipped("data/a.csv"),
    "parts.zip": lambda: zipped("train.csv", "test.csv"),
    "a.xlsx": book,
    "new.feather": arrow,
}


@pytest.mark.parametrize("name", GOOD)
def test_each_is_read_as_it_was_written(tmp_path, name):
    (tmp_path / name).write_bytes(GOOD[name]())
    rows = [row.cells for row in sources.read(tmp_path / name).rows()]
    assert rows == [tuple(line.split(",")) for line in ROWS.splitlines()[1:]]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", GOOD)
def test_a_mutated_container_is_read_or_refused_but_never_a_crash(tmp_path, name):
    chance, good, path = random.Random(name), GOOD[name](), tmp_path / name
    for _ in range(TRIALS):
        data = bytearray(good)
        for _ in range(chance.choice([1, 1, 2, 5, 20])):
            at, kind = chance.randrange(8, len(data)), chance.randrange(3)
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                del data[at : at + chance.randrange(1, min(30, len(data) - 9))]
            else:
                data[at:at] = chance.randbytes(9)
        path.write_bytes(data)
        try:
            rows = list(sources.read(path).rows())
        except DataError as error:
            assert str(error)  # noqa: PT017 (either outcome is right)
        else:
            assert len(rows) == 40


def test_an_old_feather_file_is_refused_with_the_command_that_writes_it_anew(tmp_path):
    (tmp_path / "old.feather").write_bytes(b"FEA1" + bytes(99))
    with pytest.raises(DataError, match=r"Feather file of version 1.*f.read_table\('old.feather'"):
        sources.read(tmp_path / "old.feather")


def test_what_is_cut_to_nothing_is_not_read_as_text(tmp_path):
    for name in ("one.zip", "new.feather", "a.xlsx"):
        (tmp_path / name).write_bytes(GOOD[name]()[:3])
        with pytest.raises(DataError, match=f"{name}: this is no "):
            sources.read(tmp_path / name)
