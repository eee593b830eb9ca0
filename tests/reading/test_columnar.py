"""Parquet files and data frames: the same strings come out, and every fault is named."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.records import Table


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


def message_of(source: object, **options) -> str:
    with pytest.raises(DataError, match=r"\w") as caught:
        list(sources.read(source, **options).rows())
    return str(caught.value)


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
    path.write_bytes(b"text,label\na b,x\n")
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
        (pa.array([b"\xff\xfe"]), "column 'a' holds raw bytes that are no text, and there is no"),
        (
            pa.array([1], pa.duration("s")),
            r"column 'a' holds values of the type duration\[s\], and",
        ),
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


@pytest.mark.parametrize("make", [pd.Series, pl.Series])
def test_a_column_alone_is_named_as_one(make):
    said = "a Series is one column, and rows are wanted; give the whole data frame, or .to_frame()"
    assert said in message_of(make(["a", "b"]))
    assert cells(sources.read(make(["a", "b"]).to_frame())) == [("a",), ("b",)]


def test_frame_with_mixed_types_or_names_twice():
    mixed = pd.DataFrame({"text": ["a", 1, [2]]})
    assert "data frame: Arrow cannot read it" in message_of(mixed)
    assert "astype(str)" in message_of(mixed)
    assert "object; Conversion failed for column text" in message_of(mixed)
    twice = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["a", "a"])
    assert "two columns are named 'a'" in message_of(twice)
    for names in (["a", "b", "b"], [0, 1, "1"]):
        of_pandas = pd.DataFrame([["x", "y", "z"]], columns=names)
        said = f"data frame: two columns are named {str(names[1])!r}; give each a name of its own"
        assert message_of(of_pandas) == said


def test_a_page_that_differs_from_its_checksum_is_refused(tmp_path):
    file = tmp_path / "data.parquet"
    texts = [f"a text number {n} of some words" for n in range(20)]
    pq.write_table(
        pa.table({"text": texts}),
        file,
        compression="none",
        use_dictionary=False,
        write_page_checksum=True,
    )
    file.write_bytes(file.read_bytes().replace(b"number 7 of", b"number 8 of", 1))
    with pytest.raises(DataError, match=r"data.parquet: .*damaged"):
        list(sources.read(file).rows())
