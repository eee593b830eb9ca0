"""Arrow columns that are no text are passed over, said, and refused where they are named."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import textune
from made_runs import make_run
from made_tables import count_tokens
from textune.doors import cli
from textune.errors import DataError, SettingsError
from textune.reading import sources
from textune.survey import survey
from thinning import crossed

ROWS = 40
PNG = b"\x89PNG\r\n\x1a\n\x00"
IMAGES = pa.array([{"bytes": PNG, "path": None}] * ROWS)
OTHERS = {
    "image": (pa.array([PNG] * ROWS), "raw bytes that are no text"),
    "late": (pa.array([b"text"] * (ROWS - 1) + [b"\xff\xfe"]), "raw bytes that are no text"),
    "nul": (pa.array([b"a\0b"] * ROWS), "raw bytes that are no text"),
    "picture": (IMAGES, "values of the type struct<bytes: binary"),
    "pictures": (pa.array([[{"bytes": PNG}]] * ROWS), "values of the type list<"),
    "hash": (pa.array([b"12345678"] * ROWS, pa.binary(8)), "type fixed_size_binary[8]"),
    "took": (pa.array([1] * ROWS, pa.duration("s")), "values of the type duration[s]"),
    "coded": (pa.array([PNG] * ROWS).dictionary_encode(), "raw bytes that are no text"),
}


def table(**more):
    texts = [f"the film number {n} was very {'good' if n % 2 else 'bad'}" for n in range(ROWS)]
    labels = [("bad", "good")[n % 2] for n in range(ROWS)]
    return pa.table({"text": texts, "label": labels, **more})


@pytest.mark.parametrize(("name", "form"), crossed(OTHERS, ["parquet", "arrow", "frame"]))
def test_what_is_no_text_is_passed_over_and_said(tmp_path, name, form):
    column, what = OTHERS[name]
    source = held = table(**{name: column})
    if form == "parquet":
        source = tmp_path / "films.parquet"
        pq.write_table(held, source)
    elif form == "arrow":
        source = tmp_path / "films.arrow"
        with pa.ipc.new_file(source, held.schema) as file:
            file.write_table(held)
    found = survey.check(source, count_tokens=count_tokens)
    assert (found.rows, found.contract.text, found.contract.label) == (ROWS, ("text",), ("label",))
    (said,) = [f.message for f in found.findings if f.message.startswith(f"column {name!r} is pas")]
    assert what in said
    for option in ("text", "label", "group"):
        with pytest.raises(SettingsError, match=f"--{option}: column '{name}' holds") as caught:
            survey.check(source, **{option: name})
        assert f"{what}" in str(caught.value)


def test_bytes_that_are_text_are_read():
    bytes_of = pa.array([f"film {n} café".encode() for n in range(ROWS)])
    found = survey.check(table(more=bytes_of), text="more", count_tokens=count_tokens)
    assert found.contract.text == ("more",)
    assert found.contract.label == ("label",)


def test_prediction_says_what_it_leaves_out(tiny_base, tmp_path, monkeypatch, capsys):
    run = make_run(tmp_path / "run", tiny_base, "single", ["bad", "good"])
    file, out = tmp_path / "films.parquet", tmp_path / "answers.jsonl"
    pq.write_table(table(image=OTHERS["image"][0]), file)
    command = ["textune", "predict", str(run), "--input", str(file), "--output", str(out)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 0
    assert "column 'image' is passed over" in capsys.readouterr().err
    assert set(json.loads(out.read_text().splitlines()[0])) >= {"text", "label"}
    pq.write_table(pa.table({"text": OTHERS["image"][0], "label": ["good"] * ROWS}), file)
    with pytest.raises(DataError, match="'text', which holds the text by the contract, holds raw"):
        textune.evaluate(run, file)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("as_frame", [False, True])
def test_records_are_taken_apart_where_no_text_stands_beside_them(tmp_path, depth, as_frame):
    values = [{"text": f"a fine day {n}", "label": "ab"[n % 2]} for n in range(12)]
    held = [{"inner": one} for one in values] if depth == 2 else values
    held[3] = None
    table = pa.table({"n": range(12), "review": pa.array(held)})
    pq.write_table(table, tmp_path / "a.parquet")
    read = sources.read(table if as_frame else tmp_path / "a.parquet")
    before = "review.inner." if depth == 2 else "review."
    rows = [row.cells for row in read.rows()]
    assert read.columns == ("n", f"{before}text", f"{before}label")
    assert rows[1] == ("1", "a fine day 1", "b")
    assert rows[3] == ("3", "", "")
    assert any("dotted names" in reason for reason in read.reasons)


def test_records_beside_a_text_stay_as_they_are():
    table = pa.table({"text": ["a fine day"], "meta": pa.array([{"lang": "en"}])})
    assert sources.read(table).columns == ("text", "meta")
