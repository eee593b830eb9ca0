"""What places of spans count is decided over the file; of those that overlap one is kept."""

import json
import random

import pytest
from typer.testing import CliRunner

from textune.doors.cli import app
from textune.reading import sources
from textune.records import Contract
from textune.tasks import examples
from textune.tasks.contract import understand
from thinning import crossed

SIGNS = {
    "emoji": "Anna 😀 went to Berlin 👩‍👩‍👧 city Siemens 🇩🇪 Tom",
    "combining": "A\u0308nna we\u0301nt to Berli\u0301n city Siemens cafe\u0301 the Tom",
    "accents": "Änna wént tö Berlín city Siemëns über café the Tom",
    "hindi": "यह हिन्दी में एक वाक्य है दिल्ली नाम अन्ना",
    "plain, with emoji now and then": "Anna went to Berlin city Siemens over the Tom and Eve 😀",
}
UNITS = {
    "characters": len,
    "utf-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.encode()),
}


def texts(signs, count=30):
    """Make texts, each with the characters of its entities."""
    numbers = random.Random(2)
    for _ in range(count):
        words = numbers.choices(SIGNS[signs].split(), k=numbers.randint(6, 11))
        text, found = "", []
        for word in words:
            start = len(text) + bool(text)
            text = f"{text} {word}" if text else word
            if word[0].isalpha() and numbers.random() < 0.4:
                found.append((start, len(text), numbers.choice(("PER", "LOC"))))
        yield text, found


def write(tmp_path, rows):
    path = tmp_path / "made.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def entities(example):
    found = []
    for (start, end), tag in zip(example.words, example.label, strict=True):
        if tag[0] == "B":
            found.append((start, end, tag[2:]))
        elif tag[0] == "I":
            found[-1] = (found[-1][0], end, found[-1][2])
    return found


@pytest.mark.parametrize(
    ("signs", "unit", "last", "surface"), crossed(SIGNS, UNITS, [0, 1], [True, False])
)
def test_places_in_any_unit_give_the_same_entities(tmp_path, signs, unit, last, surface):
    size = UNITS[unit]
    rows, expected = [], []
    for text, found in texts(signs):
        spans = [
            {"start": size(text[:start]), "end": size(text[:end]) - last, "label": kind}
            | ({"text": text[start:end]} if surface else {})
            for start, end, kind in found
        ]
        rows.append({"text": text, "entities": spans})
        expected.append(found)
    table = sources.read(write(tmp_path, rows))
    agreed = understand(table).contract
    assert [entities(one) for one in examples.read(table, agreed)] == expected
    said = " ".join(agreed.reasons)
    usual = agreed.offsets == "characters"
    assert usual == ("the places of its spans count" not in said)
    assert not (last and usual)


def test_two_spans_that_cannot_be_characters_decide(tmp_path):
    texts = ["😀😀😀 Anna", "👍👍 met Tom"]
    rows = [
        {"text": texts[0], "spans": [{"start": 7, "end": 11, "label": "PER"}]},
        {"text": texts[1], "spans": [{"start": 9, "end": 12, "label": "PER"}]},
    ]
    table = sources.read(write(tmp_path, rows))
    found = list(examples.read(table, understand(table, task="tags").contract))
    assert [entities(one) for one in found] == [[(4, 8, "PER")], [(7, 10, "PER")]]


def test_spans_that_cut_words_stay_in_characters(tmp_path):
    cut, whole = {"start": 0, "end": 4, "label": "PER"}, {"start": 18, "end": 21, "label": "X"}
    rows = [{"text": "Ännas Bücher über Öle", "spans": [cut, whole]}] * 9
    table = sources.read(write(tmp_path, rows))
    assert understand(table).contract.offsets == "characters"


def test_a_file_that_is_judged_is_read_in_its_own_units(tmp_path):
    rows = [
        {"text": f"😀 {name} 😀 went", "spans": [{"start": 3, "end": 7, "label": "PER"}]}
        for name in ("Anna", "Emma", "Lena")
    ]
    table = sources.read(write(tmp_path, rows))
    agreed = Contract("tags", ("text",), ("spans",), "spans", "iob2")
    own = examples.of_file(agreed, table)
    assert own.offsets == "utf-16"
    assert [entities(one) for one in examples.read(table, own)] == [[(2, 6, "PER")]] * 3


@pytest.mark.parametrize(
    ("spans", "kept", "said"),
    [
        ([(7, 12, "X"), (0, 12, "PER")], [(0, 12, "PER")], "lies in 0–12 'Barack Obama' (PER)"),
        ([(0, 12, "A"), (7, 16, "B")], [(0, 12, "A")], "overlaps 0–12 'Barack Obama' (A)"),
        ([(0, 12, "A"), (0, 12, "B")], [(0, 12, "A")], "lies in 0–12"),
        ([(0, 12, "A"), (0, 12, "A")], [(0, 12, "A")], "stands there twice, and is taken once"),
        ([(0, 3, "A"), (4, 6, "B")], [(0, 6, "A")], "shares a word with 0–3 'Bar' (A)"),
        ([(0, 6, "A"), (7, 12, "B"), (0, 12, "C"), (13, 16, "D")], [(0, 12, "C"), (13, 16, "D")],
         "lies in"),
    ],
)  # fmt: skip
def test_of_spans_that_overlap_the_longest_is_kept_and_said(tmp_path, spans, kept, said):
    path = write(tmp_path, [{"text": "Barack Obama was in Rome", "spans": spans}] * 3)
    table = sources.read(path)
    agreed = Contract("tags", ("text",), ("spans",), "spans", "iob2")
    first, *_ = examples.read(table, agreed)
    assert entities(first) == kept
    assert any(said in remark for remark in first.remarks)


def test_check_counts_the_spans_that_are_left_out(tmp_path):
    whole, part = {"start": 0, "end": 12, "label": "PER"}, {"start": 7, "end": 12, "label": "X"}
    rows = [{"text": f"Barack Obama was in {n}", "spans": [whole, part]} for n in range(8)]
    said = " ".join(CliRunner().invoke(app, ["check", str(write(tmp_path, rows))]).output.split())
    assert "8 of 16 spans overlap another one or lie in it" in said
    assert "the longest is kept" in said
    assert "first places: made.jsonl:1, made.jsonl:2, made.jsonl:3" in said
