"""Files of the names of classes: their forms, and those that lie beside a data file."""

import json

import pytest

from textune.data import names_file, naming
from textune.errors import DataError
from textune.reading import sources
from textune.survey.agreement import agree

NUMBERED = [("0", "neg"), ("1", "pos")]
TEXTS = ["a good film of some friends", "a dull book about a dog", "warm and slow music here"]


@pytest.mark.parametrize(
    "text",
    [
        "0 neg\n1 pos\n",
        "0: neg\n1: pos\n",
        "0 = neg\n1 = pos\n",
        "neg\t0\npos\t1\n",
        "id,label\n0,neg\n1,pos\n",
        "name\tnumber\nneg\t0\npos\t1\n",
        '0\tneg\t"sad"\n1\tpos\t"glad"\n',
        '["neg", "pos"]',
        '{"neg": 0, "pos": 1}',
        '[{"id": 0, "name": "neg"}, {"id": 1, "name": "pos"}]',
        '{"model_type": "bert", "id2label": {"0": "neg", "1": "pos"}}',
        '{"label2id": {"neg": 0, "pos": 1}}',
    ],
)
def test_names_are_read_in_any_of_their_forms(tmp_path, text):
    file = tmp_path / "names.txt"
    file.write_text(text, encoding="utf-8")
    assert names_file.read(file, {"0", "1"}) == NUMBERED


def test_a_comma_in_a_quoted_name_is_part_of_it(tmp_path):
    file = tmp_path / "names.csv"
    file.write_text('0,"neg, or bad"\n1,pos\n', encoding="utf-8")
    assert names_file.read(file, {"0", "1"}) == [("0", "neg, or bad"), ("1", "pos")]


@pytest.mark.parametrize(
    ("held", "first"), [("1234", 1), ("0123", 0), ("123", 0), ("01234", 0), ("24", 1)]
)
def test_lines_count_from_one_where_classes_do(tmp_path, held, first):
    file = tmp_path / "classes.txt"
    file.write_text("World\nSports\nBusiness\nSci/Tech\n", encoding="utf-8")
    found = names_file.read(file, set(held))
    assert found == [
        (str(first + n), name) for n, name in enumerate(("World", "Sports", "Business", "Sci/Tech"))
    ]


@pytest.mark.parametrize("text", ["{1: 2", '[{"id": 0, "at": 1}]', '[["a"]]', "[" * 100_000])
def test_what_is_no_json_of_names_is_refused(tmp_path, text):
    file = tmp_path / "names.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"--names .*names\.json: no JSON of names"):
        names_file.read(file, set())


def news(folder, labels=(1, 2, 3, 4)):
    """Write a file of texts in numbered classes."""
    file = folder / "train.csv"
    rows = [f"{text},{label}\n" for text in TEXTS for label in labels]
    file.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    return file


def test_classes_without_a_name_are_said_and_names_of_other_classes_refused(tmp_path):
    table = sources.read(news(tmp_path))
    file = tmp_path / "names.txt"
    file.write_text("1,world\n2,sports\n3,business\n", encoding="utf-8")
    found = agree(table, names=str(file))
    (said,) = [each.message for each in found.findings if "--names" in each.message]
    assert said.endswith("has no name for 4, which stay numbers in 'label'")
    file.write_text("7,world\n8,sports\n", encoding="utf-8")
    with pytest.raises(DataError, match="names '7', '8', and none of the classes in 'label'"):
        agree(table, names=str(file))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "World\nSports\nBusiness\nSci/Tech\n"),
        ("mapping.txt", "1\tWorld\n2\tSports\n3\tBusiness\n4\tSci/Tech\n"),
        ("labels.json", json.dumps({"1": "World", "2": "Sports", "3": "Business", "4": "Sci"})),
    ],
)
def test_names_beside_a_file_are_offered(tmp_path, name, text):
    file = news(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "readme.txt").write_text("about this\nand that\nand more of it\nand so on and on\n")
    (said,) = [each for each in agree(sources.read(file)).contract.doubts if "--names" in each]
    assert f"{name!r} beside it" in said
    assert "(1 = 'World', 2 = 'Sports'," in said
    named = agree(sources.read(file), names=str(tmp_path / name)).contract
    assert not [each for each in named.doubts if "--names" in each]


@pytest.mark.parametrize(
    "text",
    [
        "World\nSports\nBusiness\n",  # one is lacking
        "World\nSports\nBusiness\nSci/Tech\nMore\nStill more\n",
        "1,World\n2,Sports\n3,World\n4,Sci/Tech\n",
        "a good film,2\na dull book,3\nslow music,1\nwarm,4\n" * 3,  # texts and their labels
    ],
)
def test_other_files_beside_it_are_not_offered(tmp_path, text):
    file = news(tmp_path)
    (tmp_path / "other.txt").write_text(text, encoding="utf-8")
    assert not [each for each in agree(sources.read(file)).contract.doubts if "--names" in each]


def test_a_folder_of_very_many_files_is_not_looked_at(tmp_path, monkeypatch):
    file = news(tmp_path)
    (tmp_path / "classes.txt").write_text("World\nSports\nBusiness\nSci/Tech\n", encoding="utf-8")
    assert names_file.beside(file, set("1234")) is not None
    monkeypatch.setattr(names_file, "MOST_ENTRIES", 2)
    assert names_file.beside(file, set("1234")) is not None
    (tmp_path / "other.txt").touch()
    assert names_file.beside(file, set("1234")) is None


def test_numbers_of_classes_are_those_of_cells_and_lists():
    cells = ["3", "1.0", " 2 ", "4;5", "[6, 7]", "", "good", "class 8", "9.5"]
    assert naming.numbers(cells) == {"1", "2", "3", "4", "5", "6", "7"}


def test_names_of_numbered_tags_are_offered_and_make_entities(tmp_path):
    file = tmp_path / "train.jsonl"
    rows = [{"tokens": ["Ann", "went", "to", "Rome"], "ner_tags": [1, 0, 0, 2]}] * 3
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "tags.txt").write_text("O\nB-PER\nB-LOC\n", encoding="utf-8")
    contract = agree(sources.read(file)).contract
    assert any("'tags.txt' beside it" in each for each in contract.doubts)
    named = agree(sources.read(file), names=str(tmp_path / "tags.txt")).contract
    assert named.separator == "iob2"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("1 star\n2 stars\n3 stars\n4 stars\n5 stars\n", range(5)),
        ("1 star\n2 stars\n", range(2)),
        ("4 wheels\n2 doors\n", range(2)),
    ],
)
def test_names_that_begin_with_a_number_are_counted_by_lines(tmp_path, text, labels):
    file = tmp_path / "classes.txt"
    file.write_text(text, encoding="utf-8")
    names = text.splitlines()
    numbers = [str(label) for label in labels]
    assert names_file.read(file, set(numbers)) == [*zip(numbers, names, strict=True)]


@pytest.mark.parametrize("held", ["012", "0123", "02", "12"])
def test_numbers_and_names_with_a_space_may_lack_or_have_more_classes(tmp_path, held):
    file = tmp_path / "classes.txt"
    file.write_text("0 bad\n1 fair\n2 good\n", encoding="utf-8")
    assert names_file.read(file, set(held)) == [("0", "bad"), ("1", "fair"), ("2", "good")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "numpy\ntorch\n"),
        (".env", "KEY=abc\nTOKEN=xyz\n"),
        (".gitignore", "*.pyc\nruns\n"),
        ("README", "# My data\nSee the wiki\n"),
        ("notes.txt", "to be read\ntill Monday\n"),
        ("about.json", '{"0": "neg", "1": "pos", "version": "two"}'),
        ("columns.json", '["text", "mood"]'),
    ],
)
def test_files_of_a_few_lines_that_say_nothing_of_names_are_not_offered(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    contract = agree(sources.read(news(tmp_path, labels=(0, 1)))).contract
    assert not [each for each in contract.doubts if "--names" in each]


@pytest.mark.parametrize("name", ["classes.txt", "label_names", "categories.txt"])
def test_two_names_are_offered_where_the_file_is_called_so(tmp_path, name):
    (tmp_path / name).write_text("neg\npos\n", encoding="utf-8")
    contract = agree(sources.read(news(tmp_path, labels=(0, 1)))).contract
    assert [each for each in contract.doubts if "--names" in each]


def test_brackets_without_end_are_no_numbers_of_classes():
    assert naming.numbers(["[" * 100_000, "3"]) == {"3"}
