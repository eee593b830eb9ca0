"""Words and tags, or texts and spans, are found in a table by what its cells look like."""

import json
import random
from pathlib import Path

import pytest

from textune.errors import DataError, SettingsError
from textune.reading import sources
from textune.records import Row, Table
from textune.tasks import examples
from textune.tasks.contract import understand

TOKENS = ["the", "a", "film", "EU", "Peter", "Paris", "in", "was", "is", "dull", "here", "it"]


def table(columns, *rows, kind="jsonl", headed=True):
    cells = [
        tuple(c if isinstance(c, str) else json.dumps(c, ensure_ascii=False) for c in row)
        for row in rows
    ]
    return Table(
        "made.jsonl",
        None,
        kind,
        tuple(columns),
        headed,
        None,
        (),
        lambda: iter([Row(row, f"made.jsonl:{n}") for n, row in enumerate(cells, start=1)]),
    )


def sentences(count=30, *, tags=("O", "B-PER", "I-PER", "B-LOC"), least=2, most=9):
    numbers = random.Random(3)
    for _ in range(count):
        size = numbers.randint(least, most)
        yield numbers.choices(TOKENS, k=size), numbers.choices(tags, k=size)


def roles(found):
    return found.task, found.form, found.text, found.label, found.separator


@pytest.mark.parametrize(
    "columns",
    [("tokens", "ner_tags"), ("words", "tags"), ("a", "b"), ("labels", "tokens"), ("x", "text")],
)
def test_lists_of_words_and_tags_are_recognised(columns):
    swap = columns[0] in ("labels", "x")
    rows = [(two, one) if swap else (one, two) for one, two in sentences()]
    found = understand(table(columns, *rows))
    words, tags = reversed(columns) if swap else columns
    assert roles(found.contract) == ("tags", "words", (words,), (tags,), "iob2")
    said = " ".join(found.contract.reasons)
    assert f"{words!r} is the text: lists of words" in said
    assert f"{tags!r} is the label: a tag for each word, in IOB2" in said
    assert "LOC, PER → tags on words" in said
    assert found.columns[words].startswith("words:")
    assert found.columns[tags].startswith("tags:")
    assert found.rows == 30


def test_tags_of_entities_are_taken_before_others():
    rows = [(str(n), one, ["NN"] * len(one), two) for n, (one, two) in enumerate(sentences())]
    columns = ("id", "tokens", "pos_tags", "ner_tags")
    found = understand(table(columns, *rows)).contract
    assert found.label == ("ner_tags",)
    assert "`--label pos_tags`" in " ".join(found.doubts)
    asked = understand(table(columns, *rows), label=("pos_tags",)).contract
    assert roles(asked) == ("tags", "words", ("tokens",), ("pos_tags",), "plain")


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (("O", "I-X"), "io"),
        (("O", "S-X"), "bioes"),
        (("NN", "VB"), "plain"),
        (("0", "1", "2"), "plain"),
    ],
)
def test_the_scheme_is_written_into_the_contract(tags, scheme):
    rows = sentences(tags=tags)
    found = understand(table(("tokens", "tags"), *rows)).contract
    assert roles(found) == ("tags", "words", ("tokens",), ("tags",), scheme)
    said = {"io": "in IO (", "bioes": "BIOES", "plain": "each for its word alone"}[scheme]
    assert said in " ".join(found.reasons)


def test_the_scheme_is_that_of_all_rows_not_of_the_first():
    late = [(["a", "b"], ["O", "O"])] * 2_000 + [(["a", "b"], ["I-X", "I-X"])]
    assert understand(table(("tokens", "tags"), *late)).contract.separator == "io"


def test_numbers_without_names_are_a_doubt():
    rows = [(one, [3] * len(one)) for one, _ in sentences()]
    doubts = " ".join(understand(table(("tokens", "ner_tags"), *rows)).contract.doubts)
    assert "the tags in 'ner_tags' are numbers, and the file does not say their names" in doubts
    assert "no entity is found; --names FILE names them, a line for each" in doubts


def test_rows_with_faults_do_not_hide_what_a_file_is():
    fine = (["EU", "it"], ["B-X", "O"])
    rows = [fine, (["EU"], ["O", "O"]), fine, ("EU it", ["O", "O"]), fine, (["a"], ["Z"])]
    given = table(("tokens", "tags"), *rows)
    contract = understand(given).contract
    assert contract.task == "tags"
    with pytest.raises(DataError, match=r"made.jsonl: 3 problems"):
        list(examples.read(given, contract))


def test_one_of_two_rows_may_be_at_fault():
    rows = [(["EU", "it"], ["B-X", "O"]), (["EU"], ["O", "O"])]
    assert understand(table(("tokens", "tags"), *rows)).contract.task == "tags"


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (("text", "labels", "label_ids"), [("the film", ["joy"], [3]), ("a play", ["fear"], [1])]),
        (
            ("text", "genres", "genre_ids"),
            [(f"film {n} was dull", list("abcd"), [1, 2, 3, 4]) for n in range(20)],
        ),
        (
            ("text", "words", "weights"),
            [(f"film {n} was dull", list("abcde"), [0.1, 0.2, 0.3, 0.4, 0.5]) for n in range(20)],
        ),
        (("text", "labels"), [(f"film {n} was dull", ["a", "b"][: n % 3]) for n in range(40)]),
        (("text", "label"), [(f"film {n} was dull", "ab"[n % 2]) for n in range(40)]),
    ],
)
def test_other_lists_are_no_tags(columns, rows):
    assert understand(table(columns, *rows)).contract.task != "tags"


SPANS = [
    ("Barack Obama was here in person.", [{"start": 0, "end": 12, "label": "PER"}]),
    ("In Berlin we met nobody at all.", [{"start": 3, "end": 9, "label": "LOC"}]),
    ("Nobody was there, as it turned out.", []),
    ("The weather was rather bad today.", ""),
]


@pytest.mark.parametrize("name", ["spans", "entities", "label", "x"])
def test_labelled_spans_are_recognised(name):
    found = understand(table(("text", name), *SPANS))
    assert roles(found.contract) == ("tags", "spans", ("text",), (name,), "iob2")
    said = " ".join(found.contract.reasons)
    assert f"{name!r} is the label: spans of characters (LOC, PER) → tags on words" in said
    assert "runs of letters and digits" in said
    assert found.columns[name].startswith("spans:")


def test_a_label_beside_spans_is_a_doubt():
    rows = [(f"{text} {n}", "ab"[n % 2], cell) for n in range(10) for text, cell in SPANS]
    found = understand(table(("text", "intent", "spans"), *rows)).contract
    assert (found.task, found.label) == ("tags", ("spans",))
    assert "`--label intent` with `--task single`" in " ".join(found.doubts)
    asked = understand(table(("text", "intent", "spans"), *rows), label=("intent",)).contract
    assert (asked.task, asked.text, asked.label) == ("single", ("text",), ("intent",))


def test_what_the_user_names_is_taken():
    rows = [(one, one, two) for one, two in sentences()]
    columns = ("tokens", "lemmas", "tags")
    found = understand(table(columns, *rows), text=("lemmas",), label=("tags",)).contract
    assert roles(found) == ("tags", "words", ("lemmas",), ("tags",), "iob2")
    assert "'lemmas' is the text: as asked" in found.reasons


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"task": "tags"}, DataError, "no columns hold words and their tags, or texts and their"),
        ({"task": "tags", "label": ("label",)}, DataError, r"\('text', 'label'\); write a list"),
        ({"task": "tags", "text": ("text", "label")}, SettingsError, "--text names 2 columns"),
        ({"task": "tags", "label": ("text", "label")}, SettingsError, "--label names 2 columns"),
    ],
)
def test_tags_that_are_not_there_cannot_be_asked_for(options, error, message):
    rows = [(f"film {n} was dull", "ab"[n % 2]) for n in range(40)]
    with pytest.raises(error, match=message):
        understand(table(("text", "label"), *rows), **options)


def conll(*columns):
    names = tuple(str(place + 1) for place in range(len(columns)))
    return table(names, *[list(columns)] * 5, kind="conll", headed=False)


WORDS, IOB, POS = ["EU", "was", "it"], ["B-X", "O", "O"], ["NN", "VB", "PR"]


@pytest.mark.parametrize(
    ("columns", "text", "label", "scheme"),
    [
        ((WORDS, IOB), "1", "2", "iob2"),
        ((IOB, WORDS), "2", "1", "iob2"),
        ((WORDS, POS, IOB), "1", "3", "iob2"),
        ((WORDS, IOB, POS), "1", "2", "iob2"),
        ((WORDS, POS, ["A", "B", "A"]), "1", "3", "plain"),
        ((WORDS, POS, ["_", "_", "_"]), "1", "2", "plain"),
        ((["1", "2", "3"], WORDS, POS), "2", "3", "plain"),
    ],
)
def test_words_and_tags_are_found_among_the_columns_of_conll(columns, text, label, scheme):
    found = understand(conll(*columns)).contract
    assert roles(found) == ("tags", "words", (text,), (label,), scheme)


def test_any_column_of_conll_can_be_chosen():
    given = conll(WORDS, POS, IOB)
    found = understand(given, text=("1",), label=("2",)).contract
    assert roles(found) == ("tags", "words", ("1",), ("2",), "plain")
    assert "`--label 2`" in " ".join(understand(given).contract.doubts)
    assert understand(given, label=("1",), text=("3",)).contract.text == ("3",)


def test_conll_can_be_plain_text():
    given = conll(WORDS, IOB)
    asked = understand(given, task="plain").contract
    assert roles(asked) == ("plain", "none", ("1",), (), None)
    assert next(examples.read(given, asked)).text == "EU was it"
    alone = conll(WORDS)
    assert understand(alone).contract.task == "plain"
    assert understand(conll(WORDS, ["_"] * 3)).contract.task == "plain"
    with pytest.raises(DataError, match="no columns hold words and their tags"):
        understand(alone, task="tags")


@pytest.mark.parametrize("task", ["single", "multi", "number", "answers"])
def test_conll_is_refused_by_tasks_of_texts(task):
    with pytest.raises(
        DataError, match=rf"task '{task}'; allowed: 'tags', or 'plain'.*--delimiter"
    ):
        understand(conll(WORDS, IOB), task=task)


def test_a_file_is_understood_from_end_to_end(tmp_path: Path):
    file = tmp_path / "words.csv"
    file.write_text("tokens,tags\n" + "\"['EU', 'is']\",\"['B-X', 'O']\"\n" * 4, encoding="utf-8")
    given = sources.read(file)
    found = list(examples.read(given, understand(given).contract))
    assert [(item.text, item.label) for item in found] == [("EU is", ("B-X", "O"))] * 4


@pytest.mark.parametrize("begin", [0, 1, 7])
def test_a_column_that_counts_the_words_is_not_the_words(begin):
    counted = [str(place + begin) for place in range(3)]
    found = understand(conll(counted, WORDS, IOB)).contract
    assert found.text == ("2",)


@pytest.mark.parametrize("options", [{}, {"task": "tags"}, {"label": ("tags",)}])
def test_words_and_marks_are_known_by_name_though_all_rows_are_at_fault(options):
    given = table(("tokens", "tags"), *[(one, two[1:]) for one, two in sentences(25)])
    contract = understand(given, **options).contract
    assert roles(contract) == ("tags", "words", ("tokens",), ("tags",), "iob2")
    with pytest.raises(DataError, match=r"made.jsonl: 25 problems"):
        list(examples.read(given, contract))


def test_parts_of_speech_are_not_taken_for_words():
    rows = [(" ".join(one), ["NN"] * len(one), two) for one, two in sentences()]
    given = table(("sentence", "pos", "tag"), *rows)
    with pytest.raises(DataError, match=r"column 'tag' holds a tag for each word.*write both as"):
        understand(given)
    asked = understand(given, text=("pos",), label=("tag",)).contract
    assert roles(asked) == ("tags", "words", ("pos",), ("tag",), "iob2")


@pytest.mark.parametrize("sign", [" ", ",", ", ", ";"])
def test_tags_in_one_text_are_refused_unless_a_task_is_asked_for(sign):
    rows = [(" ".join(one), sign.join(two)) for one, two in sentences(least=3)]
    given = table(("sentence", "word_labels"), *rows)
    with pytest.raises(DataError, match=r"'word_labels' holds a tag for each word, such as"):
        understand(given)
    assert understand(given, task="multi").contract.task == "multi"


def test_marks_among_other_tags_are_a_doubt():
    tags = ("NN", "VB", "JJ", "B-PER")
    found = understand(table(("tokens", "tags"), *sentences(tags=tags))).contract
    assert found.separator == "plain"
    assert "tags such as 'B-PER' in 'tags' look like marks of entities" in " ".join(found.doubts)


def test_features_of_words_in_universal_files_are_no_tags(tmp_path):
    lines = [
        f"{place}\tw{place}\tw\t{kind}\t_\tCase=Nom\t0\troot\t_\t{misc}\n"
        for place, (kind, misc) in enumerate(
            [("NOUN", "_"), ("VERB", "_"), ("ADV", "_"), ("NOUN", "SpaceAfter=No"), ("PUNCT", "_")],
            start=1,
        )
    ]
    file = tmp_path / "train.conllu"
    file.write_text(("".join(lines) + "\n") * 12)
    contract = understand(sources.read(file)).contract
    assert (contract.text, contract.label) == (("2",), ("4",))


def test_names_of_documents_before_words_are_no_words(tmp_path):
    text = "".join(
        f"bc/{n} 0 0 Ada NNP B-PER\nbc/{n} 0 1 was VBD O\nbc/{n} 0 2 late JJ O\n\n"
        for n in range(12)
    )
    file = tmp_path / "train.conll"
    file.write_text(text)
    contract = understand(sources.read(file)).contract
    assert (contract.text, contract.label) == (("4",), ("6",))


def test_spans_beside_lists_of_words_are_no_places_of_characters(tmp_path):
    file = tmp_path / "data.csv"
    row = """"['Ada', 'saw', 'Bo{}']","[[2, 3, 'PER']]"\n"""
    file.write_text("tokens,ner\n" + "".join(map(row.format, range(20))))
    with pytest.raises(DataError, match="'tokens' holds lists of words, and 'ner' spans"):
        understand(sources.read(file))


@pytest.mark.parametrize(
    "cell",
    [
        "[(0, 3, 'PER')]",
        "[[0, 3, 'PER']]",
        "[{'start': 0, 'end': 3, 'label': 'PER'}]",
        "{'entities': [(0, 3, 'PER')]}",
    ],
)
def test_spans_are_read_as_python_prints_them(tmp_path, cell):
    file = tmp_path / "data.csv"
    rows = (f'Ada went to the park {n} times,"{cell}"\n' for n in range(20))
    file.write_text("text,entities\n" + "".join(rows))
    contract = understand(sources.read(file)).contract
    assert (contract.task, contract.text, contract.label) == ("tags", ("text",), ("entities",))
    found = list(examples.read(sources.read(file), contract))
    assert {example.label for example in found} == {("B-PER", *["O"] * 6)}
