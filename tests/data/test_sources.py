"""Files and frames of every format: the same strings come out, and every fault has its place."""

import bz2
import gzip
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.data import sources
from textune.errors import DataError
from textune.records import Table

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
@pytest.mark.parametrize("name", PUBLIC)
def test_public_data_sets_are_read_unaided(name):
    rows, columns, width = PUBLIC[name]
    table = sources.read(DATA / name)
    assert table.has_header is (columns is not None)
    expected = columns.split() if columns else [str(n) for n in range(1, width + 1)]
    assert list(table.columns) == expected
    assert sum(1 for _ in table.rows()) == rows


@needs_data
@pytest.mark.parametrize(("name", "faults"), [("train", 197), ("dev", 22), ("test", 284)])
def test_lines_with_columns_too_many_are_refused_not_guessed(name, faults):
    message = message_of(DATA / f"stsbenchmark/sts-{name}.csv")
    assert f"{faults} problems" in message
    assert "expected 7 columns" in message
    assert "found 9" in message
    assert "cut -f 1-7" in message


@needs_data
@pytest.mark.parametrize("name", ["dev-v1.1", "new_wiki_v1.0"])
def test_nested_question_answering_data_is_refused(name):
    folder = "squad" if name.startswith("dev") else "squadshifts"
    message = message_of(DATA / folder / f"{name}.json.gz")
    assert "the rows are nested inside 'data' (as in SQuAD)" in message


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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_named_with_the_way_out(write, encoding):
    name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    message = message_of(write(TABLE.encode(encoding), "a.csv"))
    assert f"a.csv:1:1: the file is {name}" in message
    assert f"iconv -f {name} -t UTF-8 a.csv" in message


@pytest.mark.parametrize("at", [0, 1, 60_000, 119_999])
def test_one_bad_byte_is_found_on_its_line(write, at):
    lines = [b"some text,pos"] * 120_000
    lines[at] = b"d\xc3\xa9j\xc3\xa0 caf\xe9 noir,pos"
    path = write(b"text,label\n" + b"\n".join(lines), "a.csv")
    message = message_of(path)
    assert f"a.csv:{at + 2}:9: the byte 0xe9 is not UTF-8: 'déjà caf\\xe9 noir,pos'" in message
    assert "iconv -f WINDOWS-1252 -t UTF-8 a.csv" in message


def test_rows_before_a_bad_byte_are_right(write):
    path = write(b"text,label\n" + b"some text,pos\n" * 120_000 + b"x\xff,y\n", "a.csv")
    rows = sources.read(path).rows()
    seen = 0
    for row in islice(rows, 120_000):
        assert row.cells == ("some text", "pos")
        seen += 1
    assert seen == 120_000
    with pytest.raises(DataError, match=r"a\.csv:120002:2: the byte 0xff"):
        next(rows)


@pytest.mark.parametrize("at", [0, 119_999])
def test_nul_is_refused_on_its_line(write, at):
    lines = [b"some text,pos"] * 120_000
    lines[at] = b"some\0text,pos"
    message = message_of(write(b"text,label\n" + b"\n".join(lines), "a.csv"))
    assert f"a.csv:{at + 2}:5: a NUL character" in message
    assert "tr -d" in message


def test_line_without_an_end(write):
    message = message_of(write(b"text,label\n" + b"x" * 20_000_000, "a.csv"))
    assert "a.csv:2: the line has no end within 8 MiB" in message


@pytest.mark.parametrize("damage", ["cut", "flip", "tail"])
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
import resource, sys
from textune.data import sources
from textune.errors import DataError
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
try:
    for row in sources.read(sys.argv[1]).rows():
        pass
except DataError as error:
    print(str(error)[:60])
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize(
    ("name", "unit", "times"),
    [
        ("line.csv", b"x", 100_000_000),
        ("header.csv", b"ab,", 1_000_000),
        ("cells.csv", b"ab,", 30_000_000),
        ("quote.csv", b'text,label\na,b\n"c' + b"d\n" * 1_000, 5_000),
        ("bomb.csv.gz", b"some text,label\n", 1_000_000),
        ("line.jsonl", b'{"a":"', 20_000_000),
    ],
)
def test_memory_is_bounded_whatever_the_file(tmp_path, name, unit, times):
    path = tmp_path / name
    with gzip.open(path, "wb", 1) if name.endswith("gz") else path.open("wb") as file:
        for _ in range(100):
            file.write(unit * (times // 100))
    command = [sys.executable, "-c", MEMORY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout.split()[-1]) < 300, done.stdout
    path.unlink()


def test_json_lines(write):
    lines = [
        '{"text": "a\\u00e9", "label": ["x", "ü"], "n": 1, "f": 1.0}',
        "",
        '{"n": null, "label": {"k": 1}, "text": "01", "ok": true, "no": false}',
    ]
    table = sources.read(write("\n".join(lines), "a.jsonl"))
    assert table.columns == ("text", "label", "n", "f", "ok", "no")
    assert [(row.cells, row.origin) for row in table.rows()] == [
        (("aé", '["x", "ü"]', "1", "1.0", "", ""), "a.jsonl:1"),
        (("01", '{"k": 1}', "", "", "True", "False"), "a.jsonl:3"),
    ]


@pytest.mark.parametrize("name", ["a.ndjson", "a.json", "a.jsonl.gz", "a.data"])
def test_json_lines_by_every_name(write, name):
    data = b'{"text": "a", "label": "x"}\n'
    table = sources.read(write(gzip.compress(data) if name.endswith("gz") else data, name))
    assert table.format == "jsonl"
    assert cells(table) == [("a", "x")]


def test_json_array_of_objects_however_it_is_broken(write):
    objects = [{"text": f"text {n}", "n": n} for n in range(20_000)]
    for indent in (None, 2):
        table = sources.read(write(json.dumps(objects, indent=indent), "a.json"))
        rows = list(table.rows())
        assert [row.cells for row in rows] == [(f"text {n}", str(n)) for n in range(20_000)]
    assert rows[-1].origin == f"a.json:{2 + 19_999 * 4}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"text": "a"', r"a\.jsonl:2: no JSON object \(column \d+: Expecting"),
        ("[1]", r"a\.jsonl:2: no JSON object but a list"),
        ('"a"', r"a\.jsonl:2: no JSON object but a text"),
        ("5", r"a\.jsonl:2: no JSON object but a number"),
        ('{"text": "a", "text": "b"}', r"a\.jsonl:2: the key 'text' stands twice"),
        ('{"text": NaN}', r"a\.jsonl:2: NaN is not JSON; write null"),
        ('{"text": -Infinity}', r"a\.jsonl:2: -Infinity is not JSON"),
        ('{"text": 1e999}', r"a\.jsonl:2: the number 1e999 is too large"),
        ('{"text": ' + "9" * 5000 + "}", r"a\.jsonl:2: the number 9+… is too large"),
        (
            '{"text": "\\ud800"}',
            r"a\.jsonl:2: half a character \(a lone surrogate\) in column 'text'",
        ),
        ('{"text": ["\\ud800"]}', r"a\.jsonl:2: half a character"),
        ('{"text": "a\\u0000b"}', r"a\.jsonl:2: a NUL character in column 'text'"),
        ('{"text": "' + "y" * 1_048_577 + '"}', r"a\.jsonl:2: a cell has more than 1,048,576"),
        ("[" * 100_000, r"a\.jsonl:2: no JSON that can be read \(nested too deeply\)"),
    ],
)
def test_faulty_json_line(write, line, expected):
    path = write(f'{{"text": "a"}}\n{line}\n{{"text": "b"}}\n', "a.jsonl")
    with pytest.raises(DataError, match=expected):
        list(sources.read(path).rows())


def test_faulty_json_lines_are_collected(write):
    message = message_of(write('{"text": "a"}\n' + "{]\n" * 30, "a.jsonl"))
    assert "30 problems" in message
    assert "… and 10 more" in message
    assert "write one JSON object on each line" in message


def test_json_key_that_appears_late(write):
    body = '{"text": "a"}\n' * 10_000
    message = message_of(write(body + '{"text": "b", "label": "x"}\n', "a.jsonl"))
    assert "a.jsonl:10001: the key 'label' is in none of the first 10,000 lines" in message
    assert "with null where it has no value" in message


@pytest.mark.parametrize(
    "content", ['[{"a": "b"}, {"a"', '[{"a": "b"} {"a": "c"}]', '[{"a": "b"}] x']
)
def test_broken_json_array(write, content):
    assert "a.json:1: " in message_of(write(content, "a.json"))


def test_json_file_without_one_sound_line(write):
    message = message_of(write("text,label\na,b\n", "a.jsonl"))
    assert "a.jsonl:1: no JSON object (column 1: Expecting value): 'text,label'" in message


def test_json_objects_without_keys(write):
    assert "a.jsonl:1: the objects have no keys" in message_of(write("{}\n{}\n", "a.jsonl"))


def test_json_in_a_file_named_csv(write):
    table = sources.read(
        write('{"text": "a, b", "label": 1}\n{"text": "c", "label": 2}\n', "a.csv")
    )
    assert table.format == "jsonl"
    assert cells(table) == [("a, b", "1"), ("c", "2")]


@pytest.mark.parametrize("content", ["", "\n\n", "[]"])
def test_empty_json(write, content):
    assert "the file is empty; write one JSON object" in message_of(write(content, "a.jsonl"))


COLUMNS = {
    "text": pa.array(["01", None, "NA"]),
    "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
    "n": pa.array([1, None, 3]),
    "f": pa.array([1.0, float("nan"), 0.1], pa.float32()),
    "ok": pa.array([True, False, None]),
    "list": pa.array([["a", "é"], [], None]),
    "when": pa.array([0, None, 1], pa.date32()),
    "raw": pa.array([b"a", "é".encode(), None]),
}
ROWS = [
    ("01", "x", "1", "1.0", "True", '["a", "é"]', "1970-01-01", "a"),
    ("", "y", "", "", "False", "[]", "", "é"),
    ("NA", "x", "3", "0.1", "", "", "1970-01-02", ""),
]


@pytest.mark.parametrize("name", ["a.parquet", "a.pq", "a.parquet.gz", "a.data"])
def test_parquet(tmp_path, name):
    path = tmp_path / name
    pq.write_table(pa.table(COLUMNS), path)
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    table = sources.read(path)
    assert table.format == "parquet"
    assert table.columns == tuple(COLUMNS)
    assert cells(table) == ROWS
    assert cells(table) == ROWS
    assert [row.origin for row in table.rows()][2] == f"{name}: row 3"


def test_damaged_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text {n}" for n in range(5_000)]}), path)
    data = path.read_bytes()
    for size in (4, 20, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        assert "a.parquet: the Parquet data is damaged or cut off" in message_of(path)
    path.write_bytes(TABLE.encode())
    assert "a.parquet: this is no Parquet file (it does not begin with PAR1)" in message_of(path)


def test_mutated_parquet_is_read_or_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text {n}" for n in range(50)], "n": range(50)}), path)
    data = path.read_bytes()
    chance = np.random.default_rng(0)
    for _ in range(100):
        changed = bytearray(data)
        changed[chance.integers(4, len(data))] ^= int(chance.integers(1, 256))
        path.write_bytes(changed)
        try:
            rows = list(sources.read(path).rows())
        except DataError as error:
            assert "a.parquet" in str(error)  # noqa: PT017 (either outcome is right)
        else:
            assert all(len(row.cells) >= 1 for row in rows)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([b"\xff\xfe"]), "cannot be written as text"),
        (pa.array([1], pa.duration("s")), r"column 'a' holds duration\[s\], which is no text"),
        (pa.array(["x\0y"]), "row 1: a NUL character in column 'a'"),
        (pa.array(["y" * 1_048_577]), "row 1: a cell has more than 1,048,576 characters"),
        (pa.array([], pa.string()), "0 rows of 1 columns"),
    ],
)
def test_column_that_is_no_text(tmp_path, column, expected):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": column}), path)
    for source in (path, pa.table({"a": column})):
        with pytest.raises(DataError, match=expected):
            list(sources.read(source).rows())


def test_frames_of_every_library():
    expected = [("01", "x", "1"), ("", "y", "2")]
    frames = [
        pd.DataFrame({"text": ["01", None], "label": pd.Categorical(["x", "y"]), "n": [1, 2]}),
        pl.DataFrame({"text": ["01", None], "label": ["x", "y"], "n": [1, 2]}),
        pa.table({"text": ["01", None], "label": ["x", "y"], "n": [1, 2]}),
        pa.table({"text": ["01", None], "label": ["x", "y"], "n": [1, 2]}).to_reader(),
    ]
    for frame in frames:
        table = sources.read(frame)
        assert (table.name, table.path, table.format) == ("data frame", None, "frame")
        assert table.columns == ("text", "label", "n")
        assert cells(table) == cells(table) == expected
        assert [row.origin for row in table.rows()] == ["row 1", "row 2"]


def test_pandas_frame_with_lists_numbers_and_a_shuffled_index():
    frame = pd.DataFrame(
        {"text": ["a", "b"], "list": [["x", "y"], np.array(["z"])], "f": [1.0, np.nan]},
        index=[7, 3],
    )
    table = sources.read(frame)
    assert table.columns == ("text", "list", "f")
    assert cells(table) == [("a", '["x", "y"]', "1.0"), ("b", '["z"]', "")]
    assert "the index of the pandas frame is left out" in table.reasons


def test_polars_categories():
    frame = pl.DataFrame({"label": ["x", "y"]}).cast(pl.Categorical)
    assert cells(sources.read(frame)) == [("x",), ("y",)]


def test_frame_with_mixed_types_or_names_twice():
    mixed = pd.DataFrame({"text": ["a", 1, [2]]})
    assert "data frame: Arrow cannot read it" in message_of(mixed)
    assert "astype(str)" in message_of(mixed)
    twice = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["a", "a"])
    assert "two columns are named 'a'" in message_of(twice)


def test_what_is_neither_path_nor_frame():
    assert "a list cannot be read; give a path, or a data frame" in message_of([{"text": "a"}])


def test_missing_file_suggests_its_neighbours(write):
    path = write(TABLE, "reviews.csv")
    message = message_of(path.with_name("revews.csv"))
    assert "there is no such file; did you mean 'reviews.csv'?" in message
    assert "nor is there a folder" in message_of(path.parent / "no" / "reviews.csv")
    assert "check the path" in message_of(path.with_name("zzzzz"))


def test_folder_names_a_file_in_it(write):
    path = write(TABLE, "reviews.csv")
    assert "this is a folder; name a file in it, for example 'reviews.csv'" in message_of(
        path.parent
    )


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


@pytest.mark.parametrize("source", ["a\0b.csv", "x" * 5_000, "https://example.org/a.csv"])
def test_path_that_cannot_be_one(source):
    expected = "fetch it first" if "://" in source else "cannot be read"
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
        (b"PK\x03\x04" + bytes(99), "a zip archive or a spreadsheet"),
        (bz2.compress(b"text"), "packed with bzip2; unpack it first"),
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
    assert "this is no text; textune reads CSV, TSV, text, JSON lines" in message
