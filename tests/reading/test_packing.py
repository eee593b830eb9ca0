"""What packs a file is known by its first bytes, and unpacked while it is read."""

import bz2
import gzip
import io
import lzma
import shlex
import subprocess
import tarfile
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.errors import DataError
from textune.reading import documents, sources

ROWS = "text,label\n" + "".join(f"a film of the year {n},{n % 2}\n" for n in range(400))


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


PACKED = {
    ".gz": ("gzip", gzip.compress),
    ".bz2": ("bzip2", bz2.compress),
    ".xz": ("xz", partial(lzma.compress, preset=0)),
    ".zst": ("zstd", zstd),
}
each = pytest.mark.parametrize("ending", PACKED)


@pytest.fixture
def write(tmp_path):
    def write(content, name):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def message_of(path) -> str:
    with pytest.raises(DataError, match=r"\w") as caught:
        list(sources.read(path).rows())
    return str(caught.value)


@each
@pytest.mark.parametrize("name", ["a.csv{}", "a{}", "A.CSV{}", "a.csv"])
def test_a_packed_table_reads_as_the_table(write, ending, name):
    kind, pack = PACKED[ending]
    plain = sources.read(write(ROWS.encode(), "plain.csv"))
    path = write(pack(ROWS.encode()), name.format(ending))
    table = sources.read(path)
    assert (table.columns, table.format) == (("text", "label"), "csv")
    assert f"{kind}: unpacked while reading" in table.reasons
    assert [row.cells for row in table.rows()] == [row.cells for row in plain.rows()]
    assert next(table.rows()).origin == f"{path.name}:2"


@each
def test_several_packed_parts_in_one_file_are_read_to_the_end(write, ending):
    pack = PACKED[ending][1]
    half = len(ROWS) // 2
    parts = pack(ROWS[:half].encode()) + pack(ROWS[half:].encode())
    assert len(list(sources.read(write(parts, f"a.csv{ending}")).rows())) == 400


@each
def test_a_packed_file_that_is_cut_off_is_refused(write, ending):
    kind, pack = PACKED[ending]
    data = pack(b"".join(b"%d,%d\n" % (n, n * n) for n in range(60_000)))
    message = message_of(write(data[: len(data) // 2], f"a.csv{ending}"))
    assert f"a.csv{ending}: the {kind} data is damaged or cut off" in message


@each
def test_parquet_and_arrow_may_be_packed(write, tmp_path, ending):
    pack = PACKED[ending][1]
    made = pa.table({"text": ["a", "b"], "label": [0, 1]})
    pq.write_table(made, tmp_path / "a.parquet")
    packed = write(pack((tmp_path / "a.parquet").read_bytes()), f"b.parquet{ending}")
    assert [row.cells for row in sources.read(packed).rows()] == [("a", "0"), ("b", "1")]
    content = io.BytesIO()
    with pa.ipc.new_file(content, made.schema) as file:
        file.write_table(made)
    packed = write(pack(content.getvalue()), f"b.arrow{ending}")
    assert [row.cells for row in sources.read(packed).rows()] == [("a", "0"), ("b", "1")]


@each
def test_plain_text_may_be_packed(write, ending):
    path = write(PACKED[ending][1](b"one\ntwo\n"), f"a.txt{ending}")
    found = documents.find([path.parent])
    assert [part.text for part in documents.read_all(found)] == ["one", "two"]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])  # zstd's command is not everywhere
def test_the_command_that_mends_a_packed_file_unpacks_it(write, ending):
    data = ROWS.replace("film", "fi\0lm", 1).encode()
    path = write(PACKED[ending][1](data), f"a b.csv{ending}")
    command = message_of(path).partition("or remove them: ")[2]
    command = command.splitlines()[0]
    subprocess.run(["/bin/sh", "-c", command], cwd=path.parent, check=True)
    assert len(list(sources.read(path.with_name("clean-a b.csv")).rows())) == 400
    assert shlex.quote(str(path)) in command


def test_what_is_packed_otherwise_is_named(write, tmp_path):
    with tarfile.open(tmp_path / "a.gz", "w:gz") as archive:
        archive.add(write(ROWS.encode(), "a.csv"), "a.csv")
    assert "this is a tar archive; name it .tar, .tar.gz" in message_of(tmp_path / "a.gz")
    twice = write(gzip.compress(bz2.compress(b"text")), "a.csv.gz")
    assert "packed twice" in message_of(twice)
    assert "a 7-Zip archive" in message_of(write(b"7z\xbc\xaf\x27\x1c" + bytes(99), "a.7z"))
