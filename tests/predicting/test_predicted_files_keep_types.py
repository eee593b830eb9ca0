"""What `predict` adds to a file leaves the types of the file's own columns as they are."""

import datetime
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.csv import read_csv

from made_runs import make_run
from textune import Predictor
from textune.predicting import files
from textune.predicting.predictor import Reading

OBJECTS = [
    {
        "id": number,
        "ok": number > 0,
        "score": 0.5 * number,
        "none": None,
        "meta": {"src": "a", "n": [1, None]},
        "tags": ["x", "y"],
        "code": '["01"]',
        "text": "good film",
    }
    for number in range(3)
]


@pytest.fixture(scope="module")
def predictor(tiny_base, tmp_path_factory):
    return Predictor.load(
        make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])
    )


def label(predictor, source, output):
    list(files.predict_file(predictor, source, output, Reading()))
    return output


@pytest.fixture
def lines(tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, OBJECTS)))
    return file


def test_json_values_stay_what_they_are(predictor, lines, tmp_path):
    out = label(predictor, lines, tmp_path / "out.jsonl")
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [{key: line[key] for key in OBJECTS[0]} for line in found] == OBJECTS


def test_a_table_keeps_numbers_and_truth_values_of_json(predictor, lines, tmp_path):
    table = pq.read_table(label(predictor, lines, tmp_path / "out.parquet"))
    kinds = {name: table.schema.field(name).type for name in ("id", "ok", "score", "text")}
    assert kinds == {"id": pa.int64(), "ok": pa.bool_(), "score": pa.float64(), "text": pa.string()}
    assert table["id"].to_pylist() == [0, 1, 2]
    assert table["none"].null_count == 3
    assert json.loads(table["meta"][0].as_py()) == OBJECTS[0]["meta"]


def test_cells_of_csv_are_written_as_before(predictor, lines, tmp_path):
    out = label(predictor, lines, tmp_path / "out.csv").read_text().splitlines()
    assert out[1].startswith('0,False,0.0,,"{""src"": ""a""')


def test_the_schema_of_parquet_is_kept(predictor, tmp_path):
    columns = {
        "id": pa.array([1, None], pa.int16()),
        "day": pa.array([datetime.date(2020, 1, 1), None]),
        "at": pa.array([datetime.datetime(2020, 1, 1, 3)] * 2, pa.timestamp("us", "UTC")),
        "kind": pa.array(["a", "b"]).dictionary_encode(),
        "list": pa.array([[1, 2], None]),
        "part": pa.array([{"a": 1}, {"a": None}]),
        "small": pa.array([0.1, float("nan")], pa.float32()),
        "text": pa.array(["good film", "bad day"], pa.large_string()),
    }
    table = pa.table(columns)
    pq.write_table(table, tmp_path / "in.parquet")
    given = pq.read_table(tmp_path / "in.parquet")
    found = pq.read_table(label(predictor, tmp_path / "in.parquet", tmp_path / "out.parquet"))
    kept = found.select(list(columns))
    assert kept.schema.types == given.schema.types
    assert str(kept.to_pylist()) == str(given.to_pylist())
    lines = label(predictor, tmp_path / "in.parquet", tmp_path / "out.jsonl").read_text()
    first, second = map(json.loads, lines.splitlines())
    assert (first["id"], first["list"], first["part"], first["day"]) == (
        1,
        [1, 2],
        {"a": 1},
        "2020-01-01",
    )
    assert (second["id"], second["list"], second["small"]) == (None, None, None)


def test_frames_keep_their_types(predictor, tmp_path):
    frame = pa.table({"n": [1, 2], "text": ["good", "bad"]})
    found = pq.read_table(label(predictor, frame, tmp_path / "out.parquet"))
    assert found["n"].to_pylist() == [1, 2]


def test_a_mixed_column_is_text(predictor, tmp_path):
    file = tmp_path / "in.jsonl"
    file.write_text('{"a": 1, "b": 1, "text": "x"}\n{"a": "y", "b": 2.5, "text": "z"}\n')
    found = pq.read_table(label(predictor, file, tmp_path / "out.parquet"))
    assert found["a"].to_pylist() == ["1", "y"]
    assert found["b"].to_pylist() == [1.0, 2.5]


def test_rows_that_a_tool_marks_as_no_gold_get_an_answer_too(predictor, tmp_path):
    lines = [
        {"text": f"good film {n}", "label": "ab"[n % 2], "answer": ("accept", "ignore")[n % 3 == 0]}
        for n in range(9)
    ]
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    out = label(predictor, file, tmp_path / "out.jsonl")
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["text"] for row in found] == [row["text"] for row in lines]
    assert all(row["decision"] in ("bad", "good") for row in found)
    golden = [row["label"] if row["answer"] == "accept" else None for row in lines]
    assert [row["label"] for row in found] == golden
    assert not files.remarks(predictor, file, Reading())


@pytest.mark.parametrize("holder", [None, "train"])
@pytest.mark.parametrize("ending", ["jsonl", "parquet", "csv"])
def test_objects_whose_text_is_read_are_written_as_they_stood(tiny_base, tmp_path, ending, holder):
    texts = ["data.text"]
    run = make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"], text=texts)
    rows = [
        {
            "data": {"text": f"good film {n}", "by": {"name": "Eve", "ids": [n, None]}},
            "meta": None
            if n == 1
            else {"label": "good", "sure": n > 1} | ({"more": 1} if n else {}),
            "labels": [{"id": 1, "name": "good"}],
        }
        for n in range(4)
    ]
    file = tmp_path / "in.json"
    file.write_text(json.dumps({holder: rows} if holder else rows))
    out = label(Predictor.load(run), file, tmp_path / f"out.{ending}")
    if ending == "jsonl":
        found = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        held = pq.read_table(out) if ending == "parquet" else read_csv(out)
        cells = held.select(list(rows[0])).to_pylist()
        found = [{key: json.loads(cell or "null") for key, cell in row.items()} for row in cells]
        assert set(held["decision"].to_pylist()) <= {"bad", "good"}
        assert not any(name.startswith(("data.", "meta.")) for name in held.column_names)
    assert [{key: row[key] for key in rows[0]} for row in found] == rows
    assert not any(name.startswith(("data.", "meta.")) for name in found[0])
