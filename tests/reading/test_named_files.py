"""What holds no text with labels is named for what it is, with the way out."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.tasks.contract import understand

TEXTS = [f"the {thing} was {how}" for thing in ("room", "meal") for how in "abcdefgh"]
FILES = {
    "a.sav": (b"$FL2@(#) SPSS DATA FILE" + bytes(60), "SPSS.*read_spss.*pyreadstat"),
    "a.por": (b"ASCII SPSS PORT FILE                    " * 9, "a portable file of SPSS"),
    "a.dta": (b"<stata_dta><header><release>118</release>", "Stata.*read_stata"),
    "old.dta": (b"s\x02\x01\0" + bytes(90), "Stata.*read_stata"),
    "a.sas7bdat": (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf" + bytes(90), "SAS.*read_sas"),
    "a.xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!0000", "a transport file of SAS"),
    "a.rds": (b"X\n\0\0\0\x03\0\x04\x03\0" + bytes(90), "data of R; .*readRDS"),
    "a.RData": (b"RDX3\nX\n\0\0\0\x03" + bytes(90), "data of R; .*load"),
    "a.avro": (b"Obj\x01\x04\x16avro.schema", "a file of Avro"),
    "a.orc": (b"ORC\x11\0\0\n\x06\x12\x04", "a file of ORC"),
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(90), "a file of HDF5"),
    "a.npy": (b"\x93NUMPY\x01\0v\0", "an array of NumPy"),
    "a.duckdb": (b"\x01\x02\x03\x04\x05\x06\x07\x08DUCK@" + bytes(90), "a database of DuckDB"),
    "a.db": (b"SQLite format 3\0" + bytes(90), "sqlite3 -header -csv FILE"),
    "qrels.txt": (b"301 0 FBIS3-10082 1\n301 0 FBIS3-10169 0\n302 0 LA12 2\n", "qrels of TREC"),
    "a.run": (b"q1 Q0 d7 1 9.5 bm25\nq1 Q0 d9 2 8.5 bm25\n", "a run of TREC"),
    "a.vw": (b"1 1.0 'a|text good film\n-1 2.0 'b|text bad film\n", "Vowpal Wabbit"),
    "a.ffm": (b"1 0:1:0.5 1:7:1\n0 0:2:1 1:3:1\n", "LIBFFM"),
    "a.srt": (b"1\r\n00:00:01,000 --> 00:00:02,000\r\nA good film\r\n", "subtitles"),
    "a.vtt": (b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nA good film\n", "subtitles"),
    "tweets.js": (b'window.YTD.tweets.part0 = [{"tweet": {"id": "1"}}]', "gives the values a name"),
    "data.js": (b'module.exports = [\n  {"text": "good", "label": 1}\n]', "gives the values a na"),
    "b.js": (b'export default [{"text": "good", "label": 1}];\n', "gives the values a name"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_for_what_it_is(tmp_path, name):
    content, said = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"(?s){name}.*{said}"):
        sources.read(tmp_path / name)


@pytest.mark.parametrize("first", ["ORCA is a fine film", "DONALD, DUCK of all", "Obj or not"])
def test_texts_that_begin_alike_are_texts(tmp_path, first):
    (tmp_path / "a.txt").write_text("\n".join([first, *TEXTS]), encoding="utf-8")
    assert sources.read(tmp_path / "a.txt").format == "text"


def test_a_number_and_a_text_with_a_bar_between_are_a_table(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"{n % 2}|{t}\n" for n, t in enumerate(TEXTS)))
    assert sources.read(tmp_path / "a.txt").columns == ("1", "2")


def test_a_bar_between_a_label_and_a_text_is_none_of_it(tmp_path):
    path = tmp_path / "a.vw"
    path.write_text("".join(f"{n % 2 or -1} | {text}\n" for n, text in enumerate(TEXTS)))
    assert [row.cells[0] for row in sources.read(path).rows()] == TEXTS


@pytest.mark.parametrize("value", [[{"text": "good", "label": 1}], {"text": ["good", "bad"]}])
def test_json_in_a_text_is_named(tmp_path, value):
    (tmp_path / "a.json").write_text(json.dumps(json.dumps(value)))
    with pytest.raises(DataError, match=r"packed twice.*jq fromjson"):
        sources.read(tmp_path / "a.json")


def test_texts_beside_what_they_refer_to_are_rows(tmp_path):
    tweets = [{"id": str(n), "text": text, "author_id": "1"} for n, text in enumerate(TEXTS)]
    users = [{"id": str(n), "username": f"u{n}"} for n in range(3)]
    held = {"data": tweets, "includes": {"users": users}, "meta": {"result_count": len(TEXTS)}}
    (tmp_path / "a.json").write_text(json.dumps(held))
    table = sources.read(tmp_path / "a.json")
    assert understand(table).contract.text == ("text",)
    assert len(list(table.rows())) == len(TEXTS)
