"""JSON, a line or an element each: what becomes of it, and where its faults are."""

import gzip
import json
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import jsonlines, sources
from textune.records import Table


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
    objects = [{"text": f"text {n}", "n": n} for n in range(12_000)]
    for indent in (None, 2):
        table = sources.read(write(json.dumps(objects, indent=indent), "a.json"))
        rows = list(table.rows())
        assert [row.cells for row in rows] == [(f"text {n}", str(n)) for n in range(12_000)]
    assert rows[-1].origin == f"a.json:{2 + 11_999 * 4}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"text": "a"', r"a\.jsonl:2: no JSON object \(column \d+: Expecting"),
        ("[1]", r"a\.jsonl:2: no JSON object but a list"),
        ('"a"', r"a\.jsonl:2: no JSON object but a text"),
        ("5", r"a\.jsonl:2: no JSON object but a number"),
        ('{"text": "a", "text": "b"}', r"a\.jsonl:2: the key 'text' stands twice"),
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
    ("content", "expected"),
    [
        ('[{"a": "b"},\n {"a"', "a.json:2: no JSON object (Expecting ':' delimiter)"),
        ('[{"a": "b"} {"a": "c"}]', 'a.json:1: the array breaks off here: \'{"a": "c"}]\''),
        ('[{"a": "b"}] x', "a.json:1: the array breaks off here: 'x'"),
        ('[{"a": "b"},\n 5]', "a.json:2: no JSON object but a number: '5]'"),
        ('[{"a": "b"},\n {"a": 1, "a": 2}]', "a.json:2: the key 'a' stands twice"),
    ],
)
def test_broken_json_array(write, content, expected):
    assert expected in message_of(write(content, "a.json"))


def test_json_file_without_one_sound_line(write):
    message = message_of(write("text,label\na,b\n", "a.jsonl"))
    assert "a.jsonl:1: it begins with no JSON: 'text,label'; name the file for what it" in message


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


def test_many_keys_of_which_each_row_has_a_few_are_read_in_their_places(write):
    keys = [f"key {number}" for number in range(300)]
    found = [
        {keys[7 * n % 300]: n, keys[11 * n % 300 - 1]: [n], "text": f"t{n}"} for n in range(60)
    ]
    path = write("\n".join(map(json.dumps, found)), "a.jsonl")
    table = sources.read(path)
    for row, wanted in zip(table.rows(), found, strict=True):
        values = dict(zip(table.columns, row.given, strict=True))
        assert {name: value for name, value in values.items() if value is not None} == wanted
        held = {name: cell for name, cell in zip(table.columns, row.cells, strict=True) if cell}
        assert held == {name: jsonlines.cell(value) for name, value in wanted.items()}
