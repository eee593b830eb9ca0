"""A file that a model is judged by is read in its own scheme, notation, units and case."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.records import Contract
from textune.tasks import examples

WORDS = ["Anna", "Lee", "met", "Tom", "in", "Rome", "City", "now"]
GOLD = ("B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "I-LOC", "O")
LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
AGREED = Contract("tags", ("words",), ("tags",), "words", "iob2", reasons=("as in training",))

WRITERS = {
    "as in training": lambda tag: tag,
    "lower case": str.lower,
    "lower letters": lambda tag: tag[0].lower() + tag[1:],
    "lower types": lambda tag: tag[0] + tag[1:].lower(),
    "types alone": lambda tag: tag[2:] or "O",
    "lower types alone": lambda tag: tag[2:].lower() or "_",
    "types first": lambda tag: f"{tag[2:]}_{tag[0]}" if tag[1:] else "-",
}


def read(tmp_path, rows, agreed=AGREED, labels=LABELS):
    path = tmp_path / "new.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    table = sources.read(path)
    own = examples.of_file(agreed, table, labels)
    return own, list(examples.read(table, own))


@pytest.mark.parametrize("how", WRITERS)
def test_tags_are_read_as_the_models(tmp_path, how):
    rows = [{"words": WORDS, "tags": list(map(WRITERS[how], GOLD))}] * 3
    own, found = read(tmp_path, rows)
    assert [one.label for one in found] == [GOLD] * 3
    assert ("in case alone" in " ".join(own.reasons)) == ("lower" in how and "letters" not in how)


def test_types_of_spans_are_read_as_the_models(tmp_path):
    agreed = Contract("tags", ("text",), ("spans",), "spans", "iob2")
    row = {"text": " ".join(WORDS), "spans": [[0, 8, "per"], [13, 16, "Per"], [20, 29, "loc"]]}
    own, found = read(tmp_path, [row] * 3, agreed)
    assert [one.label for one in found] == [GOLD] * 3
    assert "'Per' as 'PER', 'loc' as 'LOC', 'per' as 'PER'" in " ".join(own.reasons)


def test_types_that_a_model_tells_apart_by_case_stay(tmp_path):
    rows = [{"words": ["a", "b"], "tags": ["B-Per", "B-loc"]}] * 3
    _, found = read(tmp_path, rows, labels=("O", "B-PER", "B-per", "B-loc", "I-loc"))
    assert found[0].label == ("B-Per", "B-loc")


def test_tags_that_no_model_knows_stay_faults(tmp_path):
    rows = [{"words": WORDS, "tags": ["NP" if tag[1:] else "O" for tag in GOLD]}] * 3
    own, _ = read(tmp_path, [{"words": WORDS, "tags": list(GOLD)}], labels=())
    assert own.names == ()
    with pytest.raises(DataError, match="the tag 'NP' is not known in IOB2"):
        read(tmp_path, rows, labels=("O", "B-X", "I-X"))
