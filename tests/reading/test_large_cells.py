"""Cells of more than 1 MiB: refused with the way out, read where a variable allows them."""

import csv
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from textune.doors import cli
from textune.errors import DataError, SettingsError
from textune.reading import lines, sources
from textune.survey import survey

LARGE = f"{'long' * 50} book " * 5_150  # 1.06 million characters, few of them words
FORMATS = ("data.csv", "data.jsonl", "data.parquet", "data.tsv.gz", "data.json", "data.txt")


@pytest.fixture(autouse=True)
def _own_limit():
    """Leave the limit of `csv`, which is one for the process, as it was."""
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)


def written(folder, name):
    rows = [(LARGE + str(n) if n == 7 else f"a short text {n}", "ab"[n % 2]) for n in range(10)]
    file = folder / name
    objects = [{"text": text, "label": label} for text, label in rows]
    if name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(objects), file)
    elif name.endswith("txt"):
        file.write_text("\n".join(text for text, _ in rows))
    elif "csv" in name:
        with file.open("w", newline="") as opened:
            csv.writer(opened).writerows([("text", "label"), *rows])
    elif "tsv" in name:
        joined = "\n".join("\t".join(row) for row in [("text", "label"), *rows])
        file.write_bytes(gzip.compress(joined.encode(), 1))
    else:
        in_lines = "\n".join(map(json.dumps, objects))
        file.write_text(in_lines if name.endswith("l") else json.dumps(objects, indent=1))
    return file, [text for text, _ in rows]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.first(4)
def test_large_cells_are_read_where_they_are_allowed(tmp_path, monkeypatch, name):
    file, texts = written(tmp_path, name)
    monkeypatch.delenv("TEXTUNE_CELL_MIB", raising=False)
    csv.field_size_limit(1 << 20)
    with pytest.raises(
        DataError, match=r"(?s)more than 1,048,576 characters \(1 MiB\).*allow larger ce"
    ):
        list(sources.read(file).rows())
    monkeypatch.setenv("TEXTUNE_CELL_MIB", "4")
    assert [row.cells[0] for row in sources.read(file).rows()] == texts


def test_they_are_checked_in_parts(tmp_path, monkeypatch):
    file, _ = written(tmp_path, "data.jsonl")
    monkeypatch.setenv("TEXTUNE_CELL_MIB", "4")
    most = 0

    def count(texts):
        nonlocal most
        most = max(most, *map(len, texts))
        return [len(text.split()) + 2 for text in texts]

    found = survey.check(file, count_tokens=count)
    assert found.lengths["longest"] == 10_303
    assert most <= 1 << 20


@pytest.mark.parametrize("given", ["0", "x", "-1", "2000"])
def test_the_variable_holds_a_number_of_mib(tmp_path, monkeypatch, given):
    monkeypatch.setenv("TEXTUNE_CELL_MIB", given)
    file = tmp_path / "a.csv"
    file.write_text("text,label\na b,c\n")
    with pytest.raises(SettingsError, match=f"TEXTUNE_CELL_MIB={given}: allowed: MiB in a cell, 1"):
        list(sources.read(file).rows())


@pytest.mark.parametrize("command", ["check", "train", "folds", "evaluate", "predict", "adapt"])
def test_an_option_allows_them(command):
    assert "--max-cell-mib" in CliRunner().invoke(cli.app, [command, "--help"]).output


def test_the_option_of_the_message_lets_a_file_be_checked(tmp_path, monkeypatch, capsys):
    file, texts = written(tmp_path, "data.jsonl")
    monkeypatch.delenv("TEXTUNE_CELL_MIB", raising=False)
    monkeypatch.setattr("sys.argv", ["textune", "check", str(file), "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 2
    assert "allow larger cells: --max-cell-mib 64, or" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["textune", "check", str(file), "--json", "--max-cell-mib=4"])
    monkeypatch.setattr(survey, "_ruler", lambda *_: survey.Ruler("single", "words", count=few))
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["rows"] == len(texts)
    assert lines.cell_limit() == 1 << 20


def few(texts):
    return [5 for _ in texts]
