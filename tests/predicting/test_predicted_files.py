import csv
import gzip
import io
import json
import os
import stat

import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from made_runs import make_run
from textune import Predictor
from textune.errors import DataError, RunError, SettingsError
from textune.predicting import files
from textune.predicting.predictor import CHUNK, Reading
from textune.predicting.tools import table as tools
from textune.records import ReadOptions, Row, Table
from thinning import spare

ROWS = [
    ("7", "good film", 'says "yes", twice'),
    ("8", "a bad\nand dull book", ""),
    ("9", "", "x"),
    ("07", "very " * 100, "é"),
]
COLUMNS = ["id", "text", "note"]


@pytest.fixture(scope="module")
def predictor(tiny_base, tmp_path_factory):
    return Predictor.load(
        make_run(tmp_path_factory.mktemp("run"), tiny_base, "multi", ["cold", "warm"])
    )


@pytest.fixture(scope="module")
def nameless(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    contract = {"text": ("2",), "label": ("1",), "header": False}
    return Predictor.load(make_run(folder, tiny_base, "single", ["bad", "good"], **contract))


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "texts.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([COLUMNS, *ROWS])
    return file


def label(predictor, source, output, options=None, *, overwrite=False):
    steps = files.predict_file(predictor, source, output, options or Reading(), overwrite=overwrite)
    return list(steps)


def read_back(file):
    content = file.read_bytes()
    if file.name.endswith(".parquet"):
        table = pq.read_table(file)
        return table.column_names, [list(row.values()) for row in table.to_pylist()]
    text = (gzip.decompress(content) if file.name.endswith(".gz") else content).decode()
    if "json" in file.name:
        rows = [json.loads(line) for line in text.splitlines()]
        return list(rows[0]), [list(row.values()) for row in rows]
    delimiter = "\t" if ".tsv" in file.name else ","
    columns, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return columns, [[*row[:-2], *map(float, row[-2:])] for row in rows]


ENDINGS = ["csv", "tsv", "jsonl", "ndjson", "parquet", "csv.gz", "tsv.gz", "jsonl.gz", "CSV"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_columns_and_order_are_kept_and_answers_added(predictor, source, tmp_path, ending):
    output = tmp_path / f"out.{ending}"
    assert label(predictor, str(source), output) == [4]
    columns, rows = read_back(output)
    assert columns == [*COLUMNS, "decision", "p(cold)", "p(warm)"]
    assert [tuple(row[:3]) for row in rows] == ROWS
    for row, found in zip(rows, predictor.predict([row[1] for row in ROWS]), strict=True):
        assert row[3] == ";".join(found.labels)
        assert row[4:] == pytest.approx(list(found.scores.values()), abs=1e-6)
    assert stat.S_IMODE(output.stat().st_mode) == 0o666 & ~current_umask()


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_output_is_read_as_an_input_again(predictor, source, tmp_path, ending):
    first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    label(predictor, str(source), first)
    label(predictor, str(first), second)
    third = tmp_path / f"c.{ending}"
    label(predictor, str(second), third)
    columns, rows = read_back(third)
    again = [f"{name} (textune)" for name in ("decision", "p(cold)", "p(warm)")]
    thrice = [f"{name} (textune)" for name in again]
    assert columns == [*COLUMNS, "decision", "p(cold)", "p(warm)", *again, *thrice]
    assert [row[3] for row in rows] == [row[-3] for row in rows]


def test_an_input_without_rows_is_refused(predictor, tmp_path):
    source = tmp_path / "texts.csv"
    source.write_text("text,id\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"texts\.csv:1: only a header .* and no rows"):
        label(predictor, str(source), tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == [source]


def test_a_threshold_changes_the_decision_alone(predictor, source, tmp_path):
    label(predictor, str(source), tmp_path / "a.csv", Reading(threshold=0.0))
    label(predictor, str(source), tmp_path / "b.csv", Reading(threshold=1.0))
    one, other = (read_back(tmp_path / name)[1] for name in ("a.csv", "b.csv"))
    assert {row[3] for row in one} == {"cold;warm"}
    assert {row[3] for row in other} == {""}
    assert [row[4:] for row in one] == [row[4:] for row in other]


@pytest.mark.parametrize(
    "make", [pandas.DataFrame, polars.DataFrame, pa.table], ids=["pandas", "polars", "arrow"]
)
def test_data_frames_are_labelled_as_files_are(predictor, source, tmp_path, make):
    frame = make({name: [row[at] for row in ROWS] for at, name in enumerate(COLUMNS)})
    label(predictor, frame, tmp_path / "frame.csv")
    label(predictor, str(source), tmp_path / "file.csv")
    assert (tmp_path / "frame.csv").read_bytes() == (tmp_path / "file.csv").read_bytes()


def test_pairs_are_labelled(tiny_base, tmp_path):
    run = make_run(tmp_path / "run", tiny_base, "single", ["no", "yes"], text=("a", "b"))
    predictor = Predictor.load(run)
    label(predictor, pa.table({"b": ["bad"], "a": ["good"]}), tmp_path / "out.csv")
    found = predictor.predict([("good", "bad")])[0]
    row = read_back(tmp_path / "out.csv")[1][0]
    assert row[:3] == ["bad", "good", found.labels[0]]
    assert row[3:] == pytest.approx(list(found.scores.values()), abs=1e-6)


def test_an_existing_output_is_kept_unless_told_otherwise(predictor, source, tmp_path):
    output = tmp_path / "out.csv"
    output.write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match=r"out\.csv: already exists; --overwrite replaces it"):
        label(predictor, str(source), output)
    assert output.read_text(encoding="utf-8") == "mine"
    label(predictor, str(source), output, overwrite=True)
    assert len(read_back(output)[1]) == 4


@pytest.mark.parametrize("form", [None, "doccano"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_stays_and_what_it_names_is_written(predictor, source, tmp_path, form, is_there):
    (tmp_path / "elsewhere").mkdir()
    file, link = tmp_path / "elsewhere" / "kept", tmp_path / "out.jsonl"
    link.symlink_to(file)
    if is_there:
        file.write_text("before", encoding="utf-8")
    if form is None:
        label(predictor, str(source), link, overwrite=is_there)
    else:
        made = tools.of(form, predictor, "7")
        list(tools.predict_as(predictor, str(source), link, Reading(), made, overwrite=is_there))
    assert link.is_symlink()
    assert len(file.read_text(encoding="utf-8").splitlines()) == 4
    assert [one.name for one in file.parent.iterdir()] == ["kept"]
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere" / "kept.csv")
    with pytest.raises(RunError, match=r"gone\.csv: there is no folder .*nowhere"):
        label(predictor, str(source), tmp_path / "gone.csv")


@pytest.mark.parametrize("link", [None, os.link, os.symlink])
def test_the_input_is_never_its_own_output(predictor, source, tmp_path, link):
    output = source if link is None else tmp_path / "link.csv"
    if link is not None:
        link(source, output)
    before = source.read_bytes()
    with pytest.raises(SettingsError, match="is the input itself; name another file"):
        label(predictor, str(source), output, overwrite=True)
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("out.xlsx", SettingsError, r"unknown ending; allowed: \.csv, \.tsv, .*also with \.gz"),
        ("out", SettingsError, "unknown ending"),
        ("out.parquet.gz", SettingsError, "unknown ending"),
        (
            "nowhere/out.csv",
            RunError,
            "there is no folder .*nowhere; make it, or name another file",
        ),
    ],
)
def test_an_output_that_cannot_be_is_refused_first(predictor, tmp_path, name, kind, message):
    with pytest.raises(kind, match=message):
        label(predictor, "no-such-input.csv", tmp_path / name)


def test_a_missing_input_is_named_even_if_the_output_exists(predictor, tmp_path):
    (tmp_path / "out.csv").touch()
    with pytest.raises(DataError, match=r"missing\.csv: there is no such file"):
        label(predictor, str(tmp_path / "missing.csv"), tmp_path / "out.csv", overwrite=True)
    assert (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("ending", ["csv", spare("jsonl.gz"), "parquet"])
def test_a_fault_deep_in_the_input_leaves_no_output(predictor, tmp_path, ending):
    source = tmp_path / "texts.csv"
    good = "good,{}\n".format("1" * 200) * 5000  # beyond what is looked at first
    source.write_bytes(f"text,id\n{good}".encode() + b"caf\xe9,2\n")
    steps = files.predict_file(predictor, str(source), tmp_path / f"out.{ending}", Reading())
    assert next(steps) == CHUNK
    with pytest.raises(DataError, match=r"texts\.csv:5002:4: the byte 0xe9 is not UTF-8"):
        list(steps)
    assert list(tmp_path.iterdir()) == [source]


def test_a_reader_who_stops_leaves_no_output(predictor, source, tmp_path):
    steps = files.predict_file(predictor, str(source), tmp_path / "out.csv", Reading())
    next(steps)
    steps.close()
    assert list(tmp_path.iterdir()) == [source]


def test_rows_are_read_a_chunk_at_a_time(predictor, tmp_path, monkeypatch):
    taken = 0

    def rows():
        nonlocal taken
        for number in range(3 * CHUNK):
            taken += 1
            yield Row(("good film",), f"row {number}")

    table = Table("texts", None, "frame", ("text",), True, None, (), rows)
    monkeypatch.setattr(Reading, "open", lambda *_, **_named: (table, predictor.card.contract))
    ahead = []
    for done in files.predict_file(predictor, None, tmp_path / "out.csv", Reading()):
        ahead.append(taken - done)
    assert ahead == [0, 0, 0]


def test_a_file_without_names_is_read_by_number(nameless, tmp_path):
    source = tmp_path / "texts.tsv"
    source.write_text("x\tgood film\nx\tbad film\n", encoding="utf-8")
    label(nameless, str(source), tmp_path / "out.tsv", Reading(file=ReadOptions(header=False)))
    columns, rows = read_back(tmp_path / "out.tsv")
    assert columns == ["1", "2", "decision", "p(bad)", "p(good)"]
    assert [row[1] for row in rows] == ["good film", "bad film"]


HEADED = "label\tsentence\n" + "".join(
    f"{('bad', 'good')[n % 2]}\tthe film number {n} was a fine and lovely day\n" for n in range(30)
)


def test_names_in_the_first_line_are_no_text(nameless, tmp_path):
    source = tmp_path / "texts.tsv"
    source.write_text(HEADED.replace("label\tsentence", "u\tv"), encoding="utf-8")
    message = r"its first line seems to name the columns \(u, v\).*name the text column"
    with pytest.raises(DataError, match=message):
        label(nameless, str(source), tmp_path / "out.csv")
    source.write_text(HEADED, encoding="utf-8")
    label(nameless, str(source), tmp_path / "out.csv")
    assert len(read_back(tmp_path / "out.csv")[1]) == 30
    label(nameless, str(source), tmp_path / "named.csv", Reading(text=("sentence",)))
    assert len(read_back(tmp_path / "named.csv")[1]) == 30
    label(nameless, str(source), tmp_path / "plain.csv", Reading(file=ReadOptions(header=False)))
    assert len(read_back(tmp_path / "plain.csv")[1]) == 31


def test_texts_of_a_command_line_become_pairs(predictor, tiny_base, tmp_path):
    assert files.to_texts(predictor, ["a", "b"]) == ["a", "b"]
    run = make_run(tmp_path / "run", tiny_base, "single", ["no", "yes"], text=("a", "b"))
    pairs = Predictor.load(run)
    assert files.to_texts(pairs, ["a", "b", "c", "d"]) == [("a", "b"), ("c", "d")]
    with pytest.raises(SettingsError, match="give an even number of texts, first and second"):
        files.to_texts(pairs, ["a", "b", "c"])


FORMULAS = ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\uff1d1", "=HYPERLINK(1)"]
PLAIN = ["-3.5", "+1e5", "good = bad", "'=1", "", "film"]


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_cells_that_a_spreadsheet_would_compute_can_be_made_harmless(predictor, tmp_path, ending):
    source, output = tmp_path / "in.csv", tmp_path / f"out.{ending}"
    rows = [[f"{number}", cell, cell] for number, cell in enumerate([*FORMULAS, *PLAIN])]
    with source.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text", "=note"], *rows])
    steps = files.predict_file(predictor, source, output, Reading(), harmless=True)
    assert max(steps) == len(rows)
    with output.open(encoding="utf-8", newline="") as file:
        header, *found = csv.reader(file, delimiter="\t" if ending == "tsv" else ",")
    assert header[2] == "'=note"
    assert [row[1] for row in found] == [*(f"'{cell}" for cell in FORMULAS), *PLAIN]
    label(predictor, source, tmp_path / "as_it_is.csv")
    assert "\n0,=1+1,=1+1," in (tmp_path / "as_it_is.csv").read_text(encoding="utf-8")


def test_formulas_are_refused_where_there_are_none(predictor, source, tmp_path):
    steps = files.predict_file(predictor, source, tmp_path / "a.jsonl", Reading(), harmless=True)
    with pytest.raises(SettingsError, match=r"--harmless-cells is for \.csv and \.tsv"):
        list(steps)


def test_faulty_rows_are_named_before_the_first_answer(predictor, tmp_path):
    file = tmp_path / "texts.csv"
    rows = ["id,text,note", *(f"{n},film,x" for n in range(2 * CHUNK)), "1,2,3,4,5"]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"texts\.csv:{len(rows)}"):
        files.read_texts(predictor, file, Reading())
