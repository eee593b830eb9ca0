"""Rows that are written into a container, and read, are the rows they were, each with its place."""

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textune.reading import sources

Rows = list[tuple[str, str]]
LABELS = ("good", "bad", "schön", "良い")
SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ODD = st.sampled_from(
    [
        *('"quoted"', "it's", "a, b; c | d", "tab\there", "two\nlines", "CR\rLF\r\n", "\\n", '""'),
        *("😀👩‍👩‍👧 family", "שלום עולם", "مرحبا", "e\u0301 NFD", "é NFC", " leading", "trailing "),
        *("=1+1", "{'a': 1}", '{"a": 1}', "[1, 2]", "NaN", "null", "# note", "x" * 5_000),
    ]
)
TEXT = st.lists(st.one_of(st.text(SIGNS, min_size=1, max_size=30), ODD), min_size=1, max_size=4)
MADE = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Draw rows: each text has words around what is odd in it, and no two are the same."""
    odd = draw(st.lists(TEXT, min_size=4, max_size=8))
    texts = [f"row {n} says {' '.join(parts)} here" for n, parts in enumerate(odd)]
    return [(text, LABELS[n % len(LABELS)]) for n, text in enumerate(texts)]


def of_one_line(rows: Rows) -> Rows:
    """Keep lines whole, for what has one row a line."""
    return [(" ".join(text.split("\r")).replace("\n", " "), label) for text, label in rows]


def delimited(delimiter: str, **how) -> Callable[[Rows, Path], Rows]:
    def write(rows: Rows, file: Path) -> Rows:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened, delimiter=delimiter, **how)
            writer.writerows([("text", "label"), *rows])
        return rows

    return write


def dumped(make: Callable[[list[dict]], object], **how) -> Callable[[Rows, Path], Rows]:
    def write(rows: Rows, file: Path) -> Rows:
        records = [{"text": text, "label": label} for text, label in rows]
        file.write_text(json.dumps(make(records), **how), encoding="utf-8")
        return rows

    return write


def lines(rows: Rows, file: Path, *, between: str = "\n", indent: int | None = None) -> Rows:
    records = [{"text": text, "label": label} for text, label in rows]
    text = between.join(json.dumps(one, ensure_ascii=False, indent=indent) for one in records)
    file.write_text(text, encoding="utf-8")
    return rows


def pandas(orient: str) -> Callable[[Rows, Path], Rows]:
    def write(rows: Rows, file: Path) -> Rows:
        pd.DataFrame(rows, columns=["text", "label"]).to_json(file, orient=orient)
        return rows

    return write


def arrow(write: Callable[[pa.Table, Path], object]) -> Callable[[Rows, Path], Rows]:
    def to_file(rows: Rows, file: Path) -> Rows:
        texts, labels = map(list, zip(*rows, strict=True))
        write(pa.table({"text": texts, "label": labels}), file)
        return rows

    return to_file


def fasttext(rows: Rows, file: Path) -> Rows:
    rows = [(text.strip(), label) for text, label in of_one_line(rows)]
    file.write_text("".join(f"__label__{label} {text}\n" for text, label in rows), "utf-8")
    return rows


def side_by_side(rows: Rows, file: Path) -> Rows:
    rows = [(text.strip(), label) for text, label in of_one_line(rows)]
    file.write_text("".join(f"{text}\n" for text, _ in rows), "utf-8")
    file.with_name("labels.txt").write_text("".join(f"{label}\n" for _, label in rows), "utf-8")
    return rows


def folders(rows: Rows, file: Path) -> Rows:
    for number, (text, label) in enumerate(rows):
        place = file / label
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:03}.txt").write_bytes(text.encode())
    return sorted((text.strip(), label) for text, label in rows)


CONTAINERS: dict[str, tuple[str, Callable[[Rows, Path], Rows]]] = {
    "commas": ("data.csv", delimited(",")),
    "commas and CR": ("data.csv", delimited(",", lineterminator="\r", quoting=csv.QUOTE_ALL)),
    "commas, all quoted": ("data.csv", delimited(",", quoting=csv.QUOTE_ALL)),
    "semicolons": ("data.csv", delimited(";", quoting=csv.QUOTE_ALL)),
    "tabs": ("data.tsv", delimited("\t", quoting=csv.QUOTE_ALL)),
    "bars": ("data.csv", delimited("|", quoting=csv.QUOTE_ALL)),
    "objects a line": ("data.jsonl", lines),
    "objects one after another": ("data.json", lambda r, f: lines(r, f, between="\n", indent=1)),
    "an array": ("data.json", dumped(lambda rows: rows)),
    "an array, spread": ("data.json", dumped(lambda rows: rows, indent=2, ensure_ascii=False)),
    "rows as lists": (
        "data.json",
        dumped(lambda rows: [["text", "label"], *([*row.values()] for row in rows)]),
    ),
    "inside": ("data.json", dumped(lambda rows: {"n": len(rows), "body": {"items": rows}})),
    "by id": ("data.json", dumped(lambda rows: {f"id{n}": row for n, row in enumerate(rows)})),
    "columns": (
        "data.json",
        dumped(lambda rows: {name: [row[name] for row in rows] for name in ("text", "label")}),
    ),
    **{
        f"pandas, {orient}": ("data.json", pandas(orient))
        for orient in ("split", "records", "index", "columns", "table")
    },
    "Parquet": ("data.parquet", arrow(pq.write_table)),
    "Feather": ("data.feather", arrow(feather.write_feather)),
    "fastText": ("data.txt", fasttext),
    "side by side": ("text.txt", side_by_side),
    "folders": ("data", folders),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.first(12)
def test_rows_come_back_as_they_were(tmp_path_factory, name):
    file, write = CONTAINERS[name]

    @MADE
    @given(rows=tables())
    def check(rows: Rows) -> None:
        place = tmp_path_factory.mktemp("made") / file
        wanted = write(rows, place)
        table = sources.read(place)
        places = [table.columns.index(name) for name in ("text", "label")]
        read = list(table.rows())
        found = [tuple(row.cells[place] for place in places) for row in read]
        assert (sorted(found) if name == "folders" else found) == wanted
        assert len({row.origin for row in read}) == len(wanted)

    check()


SCHEMES = ("iob2", "iob1", "bioes")


def spans_to_tags(kinds: list[tuple[str, int]], scheme: str) -> list[str]:
    """Write stretches of so many words as tags."""
    tags: list[str] = []
    before = ""
    for kind, size in kinds:
        first = "I" if scheme == "iob1" and before != kind else "B"
        marks = [first, *"I" * (size - 1)]
        if scheme == "bioes":
            marks = ["S"] if size == 1 else [first, *"I" * (size - 2), "E"]
        tags += ["O"] * size if kind == "O" else [f"{mark}-{kind}" for mark in marks]
        before = kind
    return tags


@pytest.mark.parametrize("delimiter", ["\t", " "], ids=["tab", "space"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.first(3)
def test_words_and_tags_come_back_as_they_were(tmp_path_factory, scheme, delimiter):
    words = st.text(
        st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u2028\u2029"),
        min_size=1,
        max_size=8,
    )
    kinds = st.sampled_from(["O", "PER", "LOC"])
    stretch = st.lists(st.tuples(kinds, st.integers(1, 3)), min_size=2, max_size=5)

    @MADE
    @given(
        sentences=st.lists(stretch, min_size=6, max_size=9),
        w=words,
    )
    def check(sentences: list[list[tuple[str, int]]], w: str) -> None:
        kept = [[("O", 1), *one, ("PER", 2), ("O", 2)] for one in sentences]
        tags = [spans_to_tags(one, scheme) for one in kept]
        draw = random.Random(len(w))
        texts = [[draw.choice([w, "Ann", "ging", "«ok»"]) for _ in one] for one in tags]
        file = tmp_path_factory.mktemp("made") / "data.conll"
        blocks = [
            "".join(f"{word}{delimiter}{tag}\n" for word, tag in zip(*both, strict=True))
            for both in zip(texts, tags, strict=True)
        ]
        file.write_text("\n".join(blocks), encoding="utf-8")
        read = list(sources.read(file).rows())
        assert [[json.loads(cell) for cell in row.cells] for row in read] == [
            [text, tag] for text, tag in zip(texts, tags, strict=True)
        ]
        assert len({row.origin for row in read}) == len(read)

    check()
