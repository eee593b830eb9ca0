"""Pairs, words and spans in files that stand otherwise than those of the training."""

import json

import pandas
import pytest

from made_runs import make_run
from textune import Predictor
from textune.errors import DataError
from textune.reading import sources
from textune.records import Look, ReadOptions
from textune.tasks import examples, layout
from textune.tasks.contract import understand
from thinning import crossed

COUNT = 30
FIRST = [f"is the film number {n} any good" for n in range(COUNT)]
SECOND = [
    f"number {n} of the films that we saw on that long day was lovely and warm and the song in it "
    "is one that nobody who heard it in the dark will ever forget again"
    for n in range(COUNT)
]
ALIKE = [f"was the book number {n} dull or not" for n in range(COUNT)]
LABELS = [("no", "yes")[n % 2] for n in range(COUNT)]
IDS = [str(500 + 3 * n) for n in range(COUNT)]


def table(tmp_path, name, columns, *, header=True):
    path = tmp_path / name
    frame = pandas.DataFrame(columns)
    frame.to_csv(path, index=False, header=header)
    return sources.read(path, ReadOptions(header=header))


def trained(tmp_path, columns, **options):
    return understand(table(tmp_path, "train.csv", columns), **options).contract


def read(new, agreed, labels=("no", "yes")):
    found, own = layout.fitted(new, agreed, labels)
    return list(examples.read(found, examples.of_file(own, found)))


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        ({"id": IDS, "question": FIRST, "passage": SECOND, "label": LABELS}, True),
        ({"label": LABELS, "passage": SECOND, "question": FIRST}, True),
        ({"body": SECOND, "ask": FIRST, "gold": LABELS}, True),
        ({"Passage": SECOND, "n": IDS, "ask": FIRST, "label": LABELS}, True),
        ({"a": IDS, "b": FIRST, "c": SECOND, "d": LABELS}, False),
    ],
)
def test_both_texts_of_a_pair_are_found(tmp_path, columns, header):
    named = {"question": FIRST, "passage": SECOND, "label": LABELS}
    agreed = trained(tmp_path, named, text=("question", "passage"), label=("label",))
    found = read(table(tmp_path, "new.csv", columns, header=header), agreed)
    expected = list(zip(FIRST, SECOND, LABELS, strict=True))
    assert [(one.text, one.pair, one.label) for one in found] == expected


def test_texts_of_a_pair_that_are_alike_are_asked_for(tmp_path):
    named = {"s1": FIRST, "s2": ALIKE, "label": LABELS}
    agreed = trained(tmp_path, named, text=("s1", "s2"), label=("label",))
    new = table(tmp_path, "new.csv", {"left": ALIKE, "right": FIRST, "label": LABELS})
    with pytest.raises(
        DataError, match=r"there are no columns 's1', 's2', which hold.*2 columns could be it"
    ):
        layout.fitted(new, agreed, ("no", "yes"))
    known = table(tmp_path, "known.csv", {"x": ALIKE, "s1": FIRST, "label": LABELS})
    assert [one.pair for one in read(known, agreed)] == ALIKE


SENTENCES = [["Dan", "moved", f"to{n}", "Ghent", "today"] for n in range(COUNT)]
TAGS = [["B-PER", "O", "O", "B-LOC", "O"]] * COUNT
POS = [["NNP", "VBD", "TO", "NNP", "NN"]] * COUNT
KNOWN = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")


def conll(tmp_path, name, *columns):
    blocks = (
        "\n".join(map("\t".join, zip(*lines, strict=True))) for lines in zip(*columns, strict=True)
    )
    path = tmp_path / name
    path.write_text("\n\n".join(blocks) + "\n")
    return sources.read(path)


def jsonl(tmp_path, name, **columns):
    path = tmp_path / name
    rows = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
    path.write_text("\n".join(map(json.dumps, rows)))
    return sources.read(path)


def spans():
    """Give the sentences as texts, and their entities by places."""
    texts = [" ".join(words) for words in SENTENCES]
    at = [text.index("Ghent") for text in texts]
    return texts, [[[0, 3, "PER"], [start, start + 5, "LOC"]] for start in at]


def counts(words=SENTENCES):
    return [[str(n + 1) for n in range(len(one))] for one in words]


def files(tmp_path):
    texts, places = spans()
    return {
        "conll": conll(tmp_path, "a.conll", SENTENCES, TAGS),
        "numbered": conll(tmp_path, "b.conll", counts(), SENTENCES, TAGS),
        "tags first": conll(tmp_path, "c.conll", TAGS, SENTENCES),
        "parts of speech first": conll(tmp_path, "d.conll", POS, SENTENCES, TAGS),
        "lists": jsonl(tmp_path, "e.jsonl", id=IDS, words=SENTENCES, pos=POS, labels=TAGS),
        "spans": jsonl(tmp_path, "f.jsonl", id=IDS, text=texts, label=places),
        "other names": jsonl(tmp_path, "g.jsonl", content=texts, marks=places),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    crossed(
        ["conll", "lists", "spans"],
        [
            "conll",
            "numbered",
            "tags first",
            "parts of speech first",
            "lists",
            "spans",
            "other names",
        ],
    ),
)
def test_words_and_tags_are_found_in_any_form(tmp_path, old, new):
    made = files(tmp_path)
    agreed = understand(made[old]).contract
    found = read(made[new], agreed, KNOWN)
    assert [[one.text[a:b] for a, b in one.words] for one in found] == SENTENCES
    assert [list(one.label) for one in found] == TAGS


def test_a_frame_of_other_names_is_refused(tiny_base, tmp_path):
    run = make_run(
        tmp_path / "run", tiny_base, "single", ["no", "yes"],
        columns=("text", "label"), looks=(Look("text", 6.0),),
    )  # fmt: skip
    predictor = Predictor.opened(run)
    frame = pandas.DataFrame({"id": IDS, "review": FIRST})
    with pytest.raises(DataError, match=r"'review' is read as the text that was 'text'.*rename"):
        predictor.predict(frame)
    assert len(predictor.predict(frame.rename(columns={"review": "text"}))) == COUNT
