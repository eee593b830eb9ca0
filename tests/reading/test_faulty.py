"""`--faulty skip` leaves faulty rows out, names each with its reason, and loses none unsaid."""

import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textune
from made_runs import make_run
from textune.doors import cli
from textune.errors import DataError, SettingsError
from textune.predicting import files
from textune.predicting.predictor import Predictor, Reading
from textune.reading import sources
from textune.reading.delimited import Records
from textune.records import ReadOptions
from thinning import crossed

SKIP = ReadOptions(faulty="skip")
GOOD = [f"the text number {n} is fine,{'pos' if n % 3 else 'neg'}" for n in range(40)]


def file_of(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def torn_table(tmp_path):
    lines = ["text,label", *GOOD]
    lines[5:5] = ["one cell only", "a,b,c", 'an "odd" quote,pos', '"never closed,pos']
    lines.append("Total rows: 41")
    return file_of(tmp_path, "\n".join(lines) + "\n")


def read(path, options=SKIP):
    table = sources.read(path, options)
    return table, list(table.rows())


def test_faulty_lines_are_named_and_the_others_read(tmp_path):
    path = torn_table(tmp_path)
    with pytest.raises(DataError, match="expected 2 columns"):
        read(path, ReadOptions())
    table, rows = read(path)
    assert [row.cells[0] for row in rows if "odd" not in row.cells[0]] == [
        line.partition(",")[0] for line in GOOD
    ]
    assert [(fault.origin, fault.row.rstrip()) for fault in table.faults] == [
        ("a.csv:6", "one cell only"),
        ("a.csv:7", "a,b,c"),
        ("a.csv:9:1", '"never closed,pos'),
        ("a.csv:46", "Total rows: 41"),
    ]
    assert "expected 2 columns (text, label), found 1" in next(iter(table.faults)).reason
    list(table.rows())
    assert len(table.faults) == 4  # however often the file is read


@given(
    lines=st.lists(
        st.sampled_from(
            [
                "a b,x",
                "c d,y",
                "ragged",
                "a,b,c",
                '"open,x',
                '"in, quotes",y',
                'q"q,x',
                '"x"y,z',
                '"two\nlines",x',
                '"two\nlines",x,y',
            ]
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None)
def test_rows_read_and_rows_named_are_all_there_are(tmp_path_factory, lines):
    path = file_of(
        tmp_path_factory.mktemp("torn"), "\n".join(["text,label", *GOOD[:9], *lines]) + "\n"
    )
    table, rows = read(path)
    told = [int(row.origin.split(":")[1]) for row in rows]
    ends = sum(cell.count("\n") for row in rows for cell in row.cells)
    named = [line for fault in table.faults for line in fault.row.rstrip("\n").split("\n")]
    assert len(rows) + ends + len(named) == path.read_text(encoding="utf-8").count("\n") - 1
    assert told == sorted(set(told))


def test_broken_json_lines_are_named(tmp_path):
    lines = [json.dumps({"text": f"some text {n}", "label": "ab"[n % 2]}) for n in range(12)]
    lines[4:4] = ['{"text": "no end', "[1, 2]", '{"text": "a\\u0000b", "label": "a"}']
    table, rows = read(file_of(tmp_path, "\n".join(lines), "a.jsonl"))
    assert [row.origin for row in rows] == [f"a.jsonl:{n}" for n in (*range(1, 5), *range(8, 16))]
    assert [fault.origin for fault in table.faults] == ["a.jsonl:5", "a.jsonl:6", "a.jsonl:7"]
    whole = '[{"text": "a b", "label": "x"},\n{"text": "c d", "label": "y"}, {"text": "e'
    with pytest.raises(DataError, match=r"cannot be left out \(--faulty skip\)"):
        read(file_of(tmp_path, whole, "b.json"))


def test_a_sentence_with_a_torn_line_is_left_out_as_a_whole(tmp_path):
    content = (
        "Anna B-PER\nlives O\nin O\nParis B-LOC\n\n" * 9
        + "Bob B-PER\nsleeps\n\n"
        + "so O\nit O\n\n"
    )
    table, rows = read(file_of(tmp_path, content, "a.conll"))
    assert len(rows) == 10
    (fault,) = table.faults
    assert (fault.origin, fault.row) == ("a.conll:46", "Bob B-PER\nsleeps")
    assert "a.conll:47: expected 2 columns" in fault.reason


def test_lines_of_another_encoding_and_nuls_are_named(tmp_path):
    lines = [line.replace("fine", "très fine").encode() for line in GOOD]
    lines[3] = lines[3].decode().encode("latin-1")
    lines[7] = lines[7].replace(b"text", b"te\0xt")
    path = file_of(tmp_path, b"text,label\n" + b"\n".join(lines) + b"\n")
    table, rows = read(path)
    assert len(rows) == 38
    assert [fault.origin for fault in table.faults] == ["a.csv:5", "a.csv:9"]
    assert "the byte 0xe8 in column 'text' is not UTF-8" in next(iter(table.faults)).reason
    latin = file_of(tmp_path, b"text,label\n" + b"tr\xe8s,x\nplain,y\n" * 9, "b.csv")
    with pytest.raises(DataError, match="say --encoding cp1252"):  # not the rows are faulty
        read(latin)


def test_a_file_of_faulty_rows_alone_is_refused(tmp_path):
    path = file_of(tmp_path, "text,label\n" + "only one cell\n" * 3)
    with pytest.raises(
        DataError, match=r"a\.csv: all 3 rows are faulty, so that none is left; first: a.csv:2"
    ):
        read(path)
    with pytest.raises(SettingsError, match="--faulty ignore: allowed: refuse or skip"):
        sources.read(path, ReadOptions(faulty="ignore"))


def test_check_shows_faulty_rows(tmp_path):
    survey = textune.check(
        torn_table(tmp_path), faulty="skip", count_tokens=lambda texts: [*map(len, texts)]
    )
    (found,) = [item for item in survey.findings if item.kind == "faulty"]
    assert found.message.startswith(
        "a.csv: 4 faulty rows are left out, as asked; first: a.csv:6: exp"
    )
    assert (found.count, found.rows[:2]) == (4, ("a.csv:6", "a.csv:7"))
    assert "--faulty skip" in survey.command


def test_labels_that_cannot_be_read_are_faulty_rows_too(tmp_path):
    rows = "".join(f"some text number {n},{n % 2},{n % 3 == 0:d}\n" for n in range(20))
    path = file_of(tmp_path, f"text,toxic,rude\n{rows}a text,,1\n")
    options = {"label": "toxic,rude", "count_tokens": lambda texts: [*map(len, texts)]}
    with pytest.raises(DataError, match=r"a\.csv:22"):
        textune.check(path, **options)
    survey = textune.check(path, faulty="skip", **options)
    (found,) = [item for item in survey.findings if item.kind == "faulty"]
    assert found.rows == ("a.csv:22",)


def test_a_run_writes_them_and_goes_on(tmp_path, tiny_base):
    valid = file_of(tmp_path, "text,label\n" + "\n".join(GOOD[:12]) + "\ntorn\n", "valid.csv")
    run = textune.train(
        torn_table(tmp_path),
        valid=str(valid),
        base=tiny_base,
        out=tmp_path / "run",
        faulty="skip",
        epochs=1,
    )
    told = [
        json.loads(line)
        for line in (run.path / "faulty.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [item["origin"] for item in told] == [
        "a.csv:6",
        "a.csv:7",
        "a.csv:9:1",
        "a.csv:46",
        "valid.csv:14",
    ]
    assert set(told[0]) == {"origin", "reason", "row"}
    assert run.metrics["faulty"] == 5
    card = json.loads((run.path / "data_card.json").read_text(encoding="utf-8"))
    assert [item["count"] for item in card["findings"] if item["kind"] == "faulty"] == [4, 1]
    assert "4 faulty rows are left out" in (run.path / "report.html").read_text(encoding="utf-8")


def test_rows_without_an_answer_are_named_beside_the_output(
    tmp_path, tiny_base, monkeypatch, capsys
):
    model = make_run(tmp_path / "run", tiny_base, "single", ["neg", "pos"])
    path, output = torn_table(tmp_path), tmp_path / "out.csv"
    words = ["predict", model, "--input", path, "--output", output, "--faulty", "skip"]
    monkeypatch.setattr("sys.argv", ["textune", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 0
    assert "4 faulty rows got no answer" in " ".join(capsys.readouterr().err.split())
    rows = sources.read(output)
    assert [row.cells[0] for row in rows.rows()] == [row.cells[0] for row in read(path)[1]]
    assert len((tmp_path / "out.csv.faulty.jsonl").read_text(encoding="utf-8").splitlines()) == 4
    said: list[str] = []
    found = files.read_texts(Predictor.load(model), path, Reading(file=SKIP), left_out=said)
    assert (len(list(found)), len(said)) == (41, 4)


def test_evaluation_counts_them(tmp_path, tiny_base):
    model = make_run(tmp_path / "run", tiny_base, "single", ["neg", "pos"])
    found = textune.evaluate(model, torn_table(tmp_path), faulty="skip")
    assert (found["n"], found["faulty"]) == (41, 4)
    assert any("4 faulty rows are left out" in remark for remark in found["remarks"])


def test_a_refusal_names_the_option_where_it_helps(tmp_path):
    with pytest.raises(DataError, match=r"\nor leave such rows out: --faulty skip$"):
        read(torn_table(tmp_path), ReadOptions())
    with pytest.raises(DataError) as refused:
        read(
            file_of(tmp_path, b"text,label\n" + b"tr\xe8s,x\nplain,y\n" * 9, "b.csv"), ReadOptions()
        )
    assert "--faulty" not in str(refused.value)


@pytest.mark.parametrize(
    ("encoding", "name"), crossed([None, "cp1252", "utf-16"], ["a.csv", "a.json", "a.conll"])
)
def test_damage_is_never_a_bug(tmp_path, encoding, name):
    contents = {
        "a.csv": "text,label\n" + "\n".join(GOOD),
        "a.json": "[" + ",\n".join(f'{{"text": "{line}"}}' for line in GOOD) + "]",
        "a.conll": "Zoë B-PER\nlives O\n\n" * 9,
    }
    content = contents[name].replace("number 3", "n\u00e9").encode("latin-1")
    for piece in (b"\xff\xfe", b"\x81", b"\x00", b'"', b"\xe9\xe9", b"\x1b$B"):
        path = file_of(tmp_path, content[:60] + piece + content[60:], name)
        for faulty in (None, "skip"):
            with suppress(DataError):
                list(sources.read(path, ReadOptions(encoding=encoding, faulty=faulty)).rows())


def test_files_of_one_name_lose_no_fault(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        file_of(tmp_path / folder, "\n".join(["text,label", *GOOD, f"torn in {folder}"]))
    table = sources.read(str(tmp_path / "*" / "a.csv"), SKIP)
    assert len(list(table.rows())) == 80
    assert {fault.row.strip() for fault in table.faults} == {"torn in one", "torn in two"}


def test_faulty_rows_of_parquet_are_left_out_and_named(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["good", "a \0 sign", "bad"], "label": ["a", "b", "b"]}), path)
    table = sources.read(path, ReadOptions(faulty="skip"))
    assert [row.cells[0] for row in table.rows()] == ["good", "bad"]


def test_faults_that_were_found_once_are_raised_at_the_first(tmp_path, monkeypatch):
    file, sound = tmp_path / "a.csv", "a long film,pos\n" * 30
    file.write_text(sound + "only one\n" * 30 + sound, encoding="utf-8")
    table, taken, records = sources.read(file, ReadOptions(header=False)), [], Records.__iter__
    monkeypatch.setattr(
        Records, "__iter__", lambda self: (taken.append(1) or one for one in records(self))
    )
    said = []
    for _ in range(3):
        taken.clear()
        with pytest.raises(DataError) as caught:
            list(table.rows())
        said.append((str(caught.value), len(taken)))
    assert said[0][0].startswith("a.csv: 30 problems")
    assert said[0][0].count("only one") == 20
    assert said[1] == said[2] == (said[0][0], 31)
