"""Words with tags and texts with spans become Examples with a tag a word, each fault named."""

import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textune.data.words import joined, words_of
from textune.errors import DataError
from textune.reading import sources
from textune.records import Contract, Example, Row, Table
from textune.tasks import examples
from textune.tasks.contract import understand
from textune.tasks.tags import tagged
from textune.tasks.tags.word_lists import read_list
from thinning import spare

DATA = Path(__file__).parents[3] / "../shared/data"
WORDS = Contract("tags", ("tokens",), ("tags",), "words", "iob2")
SPANS = Contract("tags", ("text",), ("spans",), "spans", "iob2")


def table(columns, *rows, kind="jsonl"):
    cells = [
        tuple(c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in row)
        for row in rows
    ]
    return Table(
        "made.jsonl",
        None,
        kind,
        tuple(columns),
        True,
        None,
        (),
        lambda: iter([Row(row, f"made.jsonl:{n}") for n, row in enumerate(cells, start=1)]),
    )


def words(*rows):
    return table(("tokens", "tags"), *rows)


def marked(*rows):
    return table(("text", "spans"), *rows)


def shown(text):
    return [text[start:end] for start, end in words_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n\u3000", []),
        ("It's 5 €!", ["It", "'", "s", "5", "€", "!"]),
        ("snake_case #tag @you", ["snake_case", "#", "tag", "@", "you"]),
        ("New\xa0York", ["New", "York"]),
        ("Zürich, cafe\u0301s", ["Zürich", ",", "cafe\u0301s"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می\u200cروم", ["می\u200cروم"]),
        ("我在London看ไทย", ["我", "在", "London", "看", "ไ", "ท", "ย"]),
        ("日本のABC", ["日", "本", "の", "ABC"]),
        ("👩\u200d👩\u200d👧ok ❤\ufe0fyes", ["👩\u200d👩\u200d👧", "ok", "❤\ufe0f", "yes"]),
        ("\u0301a", ["\u0301", "a"]),
    ],
)
def test_words_are_runs_of_letters_and_single_signs(text, expected):
    assert shown(text) == expected


@given(st.text())
def test_every_sign_but_white_space_is_in_one_word(text):
    found = words_of(text)
    places = [place for start, end in found for place in range(start, end)]
    assert places == sorted(set(places))
    assert all(start < end for start, end in found)
    assert set(places) == {place for place, sign in enumerate(text) if not sign.isspace()}


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd", "Zs", "Po"]), max_size=60))
def test_words_keep_letters_together(text):
    ends = {end for _, end in words_of(text)}
    for place in range(1, len(text)):
        letters = [
            unicodedata.category(sign) in ("Lu", "Ll") for sign in text[place - 1 : place + 1]
        ]
        if all(letters):
            assert place not in ends


def test_five_thousand_words_have_their_places():
    text = " ".join(["word"] * 5_000)
    assert words_of(text) == joined(["word"] * 5_000)[1]


@given(st.lists(st.text(min_size=1), max_size=20))
def test_joined_words_stand_at_their_places(given_words):
    text, places = joined(given_words)
    assert [text[start:end] for start, end in places] == given_words
    assert text == " ".join(given_words)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('["EU", "a b", "\\n", "1.50"]', ["EU", "a b", "\n", "1.50"]),
        ("[3, 0, 1.50]", ["3", "0", "1.50"]),
        ("[]", []),
        ("", []),
        ("['EU', \"it's\", 'x\\'s']", ["EU", "it's", "x's"]),
        ("['EU' 'rejects'\n 'it']", ["EU", "rejects", "it"]),
        ("['\\d', 'b']", ["\\d", "b"]),
        ("[0 3 0]", ["0", "3", "0"]),
        ("['EU' 'rejects', 'it']", None),
        ("['a''b']", None),
        ("['a' ... 'b']", None),
        ("[null]", [""]),
        ('[["a"]]', None),
        ('{"a": 1}', None),
        ("EU rejects", None),
        ("[EU]", None),
        ("[", None),
    ],
)
def test_lists_are_read_as_they_are_usually_written(cell, expected):
    assert read_list(cell) == expected


def test_words_with_tags_become_an_example():
    (found,) = examples.read(words((["EU", "a b", " "], ["B-ORG", "I-ORG", "O"])), WORDS)
    assert found == Example(
        "EU a b  ",
        "made.jsonl:1",
        label=("B-ORG", "I-ORG", "O"),
        words=((0, 2), (3, 6), (7, 8)),
    )


@pytest.mark.parametrize("cells", [([], []), ("", ""), ("[]", "")])
def test_a_sentence_without_words_is_an_example_without_words(cells):
    (found,) = examples.read(words(cells), WORDS)
    assert (found.text, found.words, found.label, found.remarks) == ("", (), (), ())


def test_a_text_without_words_is_an_example_without_words():
    (found,) = examples.read(marked((" \n", [])), SPANS)
    assert (found.text, found.words, found.label) == (" \n", (), ())


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((["EU", "it"], ["O"]), "made.jsonl:1: 2 words but 1 tag; allowed: one tag for each word"),
        ((["EU"], []), "made.jsonl:1: 1 word but 0 tags"),
        ((["EU", ""], ["O", "O"]), "made.jsonl:1: word 2 is empty; a tag needs a word"),
        (("EU it", ["O", "O"]), "column 'tokens' holds 'EU it'; allowed: a list of words"),
        (([["EU"]], ["O"]), r"column 'tokens' holds '\[\[\"EU\"\]\]'; allowed: a list of words"),
        ((["EU"], "O"), "column 'tags' holds 'O'; allowed: a list of tags"),
        ((["EU"], [None]), "word 1 'EU': the tag is blank"),
        ((["EU", "it"], ["O", " "]), "made.jsonl:1: word 2 'it': the tag is blank"),
        ((["EU"], ["ORG"]), "word 1 'EU': the tag 'ORG' is not known in IOB2; allowed: O, B-TYPE"),
        ((["a"] * 6, ["Z"] * 6), r"word 1 'a'.*; word 2 'a'.*; word 3 'a'.*; and 3 more"),
    ],
)
def test_a_fault_of_words_names_row_and_word(cells, message):
    with pytest.raises(DataError, match=message) as caught:
        list(examples.read(words(cells), WORDS))
    assert "correct these rows" in str(caught.value)


def test_faults_are_counted_and_the_first_twenty_shown():
    rows = [(["a"], ["O"]), (["a"], ["O", "O"])] * 30
    found = []
    with pytest.raises(DataError, match=r"made.jsonl: 30 problems(.|\n)*and 10 more") as caught:
        found.extend(examples.read(words(*rows), WORDS))
    assert len(found) == 30
    assert str(caught.value).count("1 word but 2 tags") == 20


def test_a_fault_of_iob_is_mended_and_remarked_upon():
    (found,) = examples.read(words((["x", "Peter", "EU"], ["O", "I-PER", "I-ORG"])), WORDS)
    assert found.label == ("O", "B-PER", "B-ORG")
    assert found.remarks == (
        "made.jsonl:1: word 2 'Peter': I-PER without B-PER before it was read as B-PER",
        "made.jsonl:1: word 3 'EU': I-ORG without B-ORG before it was read as B-ORG",
    )


def test_prediction_needs_words_only():
    given_table = table(("tokens",), (["EU", "it"],), ("It's [here]",), ("['a', 'b']",))
    listed, running, printed = examples.read(given_table, WORDS, labelled=False)
    assert listed == Example("EU it", "made.jsonl:1", words=((0, 2), (3, 5)))
    assert (running.text, len(running.words)) == ("It's [here]", 6)
    assert printed.text == "a b"
    (found,) = examples.read(table(("text",), ("It is",)), SPANS, labelled=False)
    assert found == Example("It is", "made.jsonl:1", words=((0, 2), (3, 5)))


def test_a_model_of_running_text_reads_lists_of_words_too():
    cells = (["EU", "it's"],), ("['a', 'b']",), ("[1] and [2]",), ("[1]",)
    listed, printed, notes, note = examples.read(table(("text",), *cells), SPANS, labelled=False)
    assert (listed.text, listed.words) == ("EU it's", ((0, 2), (3, 7)))
    assert printed.text == "a b"
    assert (notes.text, len(notes.words)) == ("[1] and [2]", 7)
    assert (note.text, len(note.words)) == ("[1]", 3)
    lines = table(("text", "spans"), (["1", "."], ["B-X", "O"]), kind="conll")
    (found,) = examples.read(lines, SPANS, labelled=False)
    assert (found.text, found.words) == ("1 .", ((0, 1), (2, 3)))
    (found,) = examples.read(lines, SPANS)
    assert found.label == ("B-X", "O")


def test_offsets_may_be_written_with_a_point():
    given_table = marked(("It is here", [[0.0, 2.0, "X"]]))
    (found,) = examples.read(given_table, SPANS)
    assert found.label == ("B-X", "O", "O")


def test_groups_travel_along():
    contract = Contract("tags", ("tokens",), ("tags",), "words", "iob2", group="who")
    given_table = table(("who", "tokens", "tags"), ("me", ["EU"], ["O"]))
    assert next(examples.read(given_table, contract)).group == "me"


TEXT = "Barack Obama was in Zürich (CH)."


@pytest.mark.parametrize(
    "cell",
    [
        [{"start": 20, "end": 26, "label": "LOC"}, {"start": 0, "end": 12, "label": "PER"}],
        [{"begin": 0, "to": 12, "type": "PER"}, {"begin": 20, "to": 26, "type": "LOC"}],
        [
            {"start_offset": 0, "end_offset": 12, "label": "PER", "id": 4},
            {"start_offset": 20, "end_offset": 26, "label": "LOC", "id": 5},
        ],
        [
            {"offset": 0, "length": 12, "entity": "PER", "text": "Barack Obama"},
            {"offset": 20, "length": 6, "entity": "LOC", "text": "Zürich"},
        ],
        [[0, 12, "PER"], [20, 26, "LOC"]],
        {"entities": [[0, 12, "PER"], [20, 26, "LOC"]], "cats": {}},
        {"start": [0, 20], "end": [12, 26], "label": ["PER", "LOC"]},
        [
            {"start": 0, "end": 12, "labels": ["PER"], "word": "Barack Obama"},
            {"start": 20, "end": 26, "labels": ["LOC"]},
        ],
        [
            {"start": 0, "end": 13, "label": "PER"},  # with the space after it
            {"start": 19, "end": 26, "label": "LOC"},
        ],
    ],
)
def test_spans_become_tags_of_the_words_below_them(cell):
    (found,) = examples.read(marked((TEXT, cell)), SPANS)
    assert (found.text, found.words) == (TEXT, words_of(TEXT))
    assert found.label == ("B-PER", "I-PER", "O", "O", "B-LOC", "O", "O", "O", "O")
    assert found.remarks == ()


@pytest.mark.parametrize("cell", [[], "", {"entities": []}, {"entities": [], "cats": {"a": 1}}])
def test_a_text_without_spans_has_no_entity(cell):
    (found,) = examples.read(marked((TEXT, cell)), SPANS)
    assert set(found.label) == {"O"}


def test_spans_side_by_side_are_two_entities():
    (found,) = examples.read(marked(("ab cd", [[0, 2, "X"], [3, 5, "X"]])), SPANS)
    assert found.label == ("B-X", "B-X")


def test_a_span_that_cuts_a_word_is_widened_and_remarked_upon():
    (found,) = examples.read(marked((TEXT, [[20, 24, "LOC"], [9, 14, "PER"]])), SPANS)
    assert found.label[:5] == ("O", "B-PER", "I-PER", "O", "B-LOC")
    first, second = found.remarks
    assert first == (
        "made.jsonl:1: the span 9–14 'ama w' (PER) cuts a word and was widened to 'Obama was'"
    )
    assert second == (
        "made.jsonl:1: the span 20–24 'Züri' (LOC) cuts a word and was widened to 'Zürich'"
    )


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ([[0, 99, "X"]], r"span 1: 0–99 \(X\) does not lie in the text, which has 32 characters"),
        ([[-3, 2, "X"]], "does not lie in the text"),
        ([[5, 2, "X"]], "does not lie in the text"),
        ([[3, 3, "X"]], r"span 1: 3–3 \(X\) is empty"),
        ([["0", 3, "X"]], 'span 1: its start is "0"; allowed: a whole number'),
        ([[0, 3.5, "X"]], "span 1: its end is 3.5; allowed: a whole number"),
        ([{"start": True, "end": 3, "label": "X"}], "its start is true; allowed: a whole number"),
        ([{"start": None, "end": 3, "label": "X"}], "its start is null"),
        ([{"offset": 1, "length": "x", "label": "X"}], 'its end is "x"'),
        ([[0, 3, " "]], 'its label is " "; allowed: a name'),
        ([{"start": 0, "end": 3, "label": None}], "its label is null; allowed: a name"),
        ([{"start": 0, "label": "X"}], r'span 1: \{"start": 0, "label": "X"\} has no start, end'),
        ([7], "span 1: 7 has no start, end and label"),
        ("x", "column 'spans' holds 'x'; allowed: a list of spans"),
        ("{}", r"column 'spans' holds '\{\}'; allowed: a list of spans"),
        (
            [{"start": 0, "end": 6, "label": "X", "text": "Obama"}],
            r"0–6 \(X\) should be 'Obama', but there stands 'Barack'; correct",
        ),
        (
            [{"start": 20, "end": 25, "label": "X", "text": "Zürich"}],
            "its end seems to be the last character; write the one after it",
        ),
        (
            [{"start": 28, "end": 31, "label": "X", "text": "(CH"}],
            "its offsets seem to count bytes; write them in characters",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_spans_names_row_and_span(cell, message):
    fine = (TEXT, [[0, 12, "PER"]])
    with pytest.raises(DataError, match=message) as caught:
        list(examples.read(marked(fine, (TEXT, cell)), SPANS))
    assert str(caught.value).startswith("made.jsonl:2: ")


def test_a_span_of_white_space_alone_is_passed_over_and_told():
    (example,) = examples.read(marked((TEXT, [[0, 12, "PER"], [12, 13, "X"]])), SPANS)
    assert [tag for tag in example.label if tag != "O"] == ["B-PER", "I-PER"]
    assert example.remarks[-1] == (
        "made.jsonl:1: the span 12–13 ' ' (X) holds white space alone: passed over"
    )


@given(st.text(max_size=60), st.data())
def test_spans_of_whole_words_come_back_as_they_were(text, data):
    places = words_of(text)
    spans, at = [], 0
    while at < len(places):
        end = data.draw(st.integers(at, len(places)))
        if end > at:
            spans.append([places[at][0], places[end - 1][1], data.draw(st.sampled_from("XY"))])
        at = end + 1
    (found,) = examples.read(marked((text, spans)), SPANS)
    assert found.remarks == ()
    begun = [place for place, tag in enumerate(found.label) if tag[0] == "B"]
    assert [[places[p][0], found.label[p][2:]] for p in begun] == [[s, k] for s, _, k in spans]
    inside = {place for place, tag in enumerate(found.label) if tag != "O"}
    covered = {
        n
        for n, (a, b) in enumerate(places)
        if any(start <= a < b <= end for start, end, _ in spans)
    }
    assert inside == covered


def test_names_of_tags_are_those_of_the_outputs():
    given_examples = [Example("", "", label=("O", "B-PER")), Example("", "", label=("I-LOC",))]
    assert examples.label_names(WORDS, given_examples) == (
        "O", "B-LOC", "I-LOC", "B-PER", "I-PER",
    )  # fmt: skip
    assert examples.label_names(WORDS, [Example("", "")]) == ("O",)
    plain = Contract("tags", ("tokens",), ("tags",), "words", "plain")
    assert examples.label_names(plain, [Example("", "", label=("VB", "B-X"))]) == ("B-X", "VB")
    assert examples.label_names(plain, [Example("", "", label=("10", "9"))]) == ("9", "10")


def test_a_file_of_words_is_refused_by_a_task_of_texts():
    single = Contract("single", ("tokens",), ("tags",), "name")
    given_table = table(("tokens", "tags"), (["EU"], ["O"]), kind="conll")
    with pytest.raises(DataError, match="CoNLL file, one word a line, but task 'single' reads"):
        list(examples.read(given_table, single))


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")
@pytest.mark.parametrize(
    ("name", "sentences", "entities"),
    [
        pytest.param("wnut17train.conll", 3_394, 1_975, marks=pytest.mark.exhaustive),
        spare(("emerging.dev.conll", 1_009, 836)),
        ("emerging.test.annotated", 1_287, 1_079),
    ],
)
def test_every_entity_of_public_files_is_there(name, sentences, entities):
    source = sources.read(DATA / "wnut17" / name)
    contract = understand(source).contract
    assert (contract.task, contract.form, contract.separator) == ("tags", "words", "iob2")
    assert (contract.text, contract.label) == (("1",), ("2",))
    found = list(examples.read(source, contract))
    counts = Counter(kind for item in found for kind in tagged.counted(contract, item.label))
    assert (len(found), sum(counts.values()), len(counts)) == (sentences, entities, 6)
    for item in found:
        assert len(item.words) == len(item.label) > 0
        assert " ".join(item.text[start:end] for start, end in item.words) == item.text
    assert not any(item.remarks for item in found)
    assert len(examples.label_names(contract, found)) == 13
