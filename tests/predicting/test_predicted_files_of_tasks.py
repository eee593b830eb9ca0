"""Files of words, of questions and of pairs are labelled row by row; they may lack labels."""

import csv
import json

import pytest

import textune
from textune import Predictor
from textune.errors import DataError
from textune.predicting import files
from textune.predicting.predictor import Reading

WORDS = ["the", "good", "film", "was", "very", "warm", "day", "book"]
TAGS = ["O", "B-X", "I-X", "O", "O", "B-Y", "O", "B-X"]


@pytest.fixture
def fitted(tiny_base, tmp_path):
    """Return a function that trains on a file and gives the model."""

    def train(source, **options):
        folder = tmp_path / "run"
        textune.train(str(source), base=tiny_base, out=folder, epochs=1, **options)
        return Predictor.load(folder)

    return train


def label(predictor, source, output):
    steps = files.predict_file(predictor, str(source), output, Reading())
    return sum(steps)


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def sentences():
    """Return sentences of one to eight words, each of another length than the one before."""
    return [WORDS[: 1 + number * 3 % 8] for number in range(40)]


def conll(file, *, tagged):
    blocks = [
        "\n".join(f"{w}\t{t}" if tagged else w for w, t in zip(found, TAGS, strict=False))
        for found in sentences()
    ]
    file.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return file


def test_every_word_of_a_file_gets_a_tag(fitted, tmp_path):
    predictor = fitted(conll(tmp_path / "train.conll", tagged=True))
    source = conll(tmp_path / "words.conll", tagged=False)
    assert label(predictor, source, tmp_path / "a.jsonl") == 40
    found = lines(tmp_path / "a.jsonl")
    assert [row["1"] for row in found] == sentences()
    for row in found:
        assert len(row["tags"]) == len(row["1"])
        assert set(row["tags"]) <= {"O", "B-X", "I-X", "B-Y", "I-Y"}
        starts = [sum(len(word) + 1 for word in row["1"][:n]) for n in range(len(row["1"]))]
        assert {item["start"] for item in row["entities"]} == {
            start for start, tag in zip(starts, row["tags"], strict=True) if tag[0] == "B"
        }
        text = " ".join(row["1"])
        assert all(text[e["start"] : e["end"]] == e["text"] for e in row["entities"])
    label(predictor, source, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as opened:
        cells = list(csv.DictReader(opened))
    assert [{name: json.loads(cell) for name, cell in row.items()} for row in cells] == found
    single = predictor.predict(["the good film was", ""])
    assert list(single[0].labels) == next(r["tags"] for r in found if len(r["1"]) == 4)
    assert [single[0].text[a:b] for a, b in single[0].words] == WORDS[:4]
    assert (single[1].labels, single[1].words) == ((), ())


def questions(count=40):
    for number in range(count):
        passage = f"the {' '.join(WORDS[number % 5 :])} film number {number} was good"
        yield f"what was {number}?", passage, passage.index("film number")


def squad(file, *, answered, spoil=lambda number, question: question):
    paragraphs = []
    for number, (question, passage, start) in enumerate(questions()):
        asked = {"id": f"q{number}", "question": spoil(number, question)}
        if answered:
            asked["answers"] = [{"text": "film", "answer_start": start}] if number % 3 else []
        paragraphs.append({"context": passage, "qas": [asked]})
    file.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}))
    return file


def test_every_question_of_a_file_gets_answers_out_of_its_passage(fitted, tmp_path):
    predictor = fitted(squad(tmp_path / "train.json", answered=True))
    source = squad(tmp_path / "new.json", answered=False)
    assert label(predictor, source, tmp_path / "a.jsonl") == 40
    found = lines(tmp_path / "a.jsonl")
    assert [row["id"] for row in found] == [f"q{number}" for number in range(40)]
    for row, (question, passage, _) in zip(found, questions(), strict=True):
        assert (row["question"], row["context"], row["answers"]) == (question, passage, None)
        listed = row["answers (textune)"]
        assert all(passage.startswith(one["text"], one["start"]) for one in listed)
        best = {"text": row["answer"], "start": row["answer_start"]}
        assert best in ({"text": "", "start": None}, {k: listed[0][k] for k in best})
    pairs = files.to_texts(predictor, [part for row in questions(2) for part in row[:2]])
    for single, row in zip(predictor.predict(pairs), found, strict=False):
        spans = [{"text": one.text, "start": one.start} for one in single.entities]
        assert spans == [
            {"text": one["text"], "start": one["start"]} for one in row["answers (textune)"]
        ]


def test_empty_questions_of_a_file_are_all_named_and_nothing_is_written(fitted, tmp_path):
    predictor = fitted(squad(tmp_path / "train.json", answered=True))
    source = squad(
        tmp_path / "new.json", answered=False, spoil=lambda n, text: " " if n >= 15 else text
    )
    with pytest.raises(DataError, match=r"new.json: 25 problems\n  new.json: question q15: ") as e:
        label(predictor, source, tmp_path / "a.csv")
    assert str(e.value).count("column 'question' is blank") == 20
    assert not (tmp_path / "a.csv").exists()


def test_pairs_get_numbers_without_having_any(fitted, tmp_path):
    rows = [(f"{WORDS[n % 8]} {n}", WORDS[n * 3 % 8], f"{n % 9 / 4}") for n in range(40)]
    for name, width in (("train.csv", 3), ("new.csv", 2)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows(
                row[:width] for row in [("sentence1", "sentence2", "score"), *rows]
            )
    predictor = fitted(tmp_path / "train.csv", text="sentence1,sentence2", task="number")
    assert label(predictor, tmp_path / "new.csv", tmp_path / "a.jsonl") == 40
    found = lines(tmp_path / "a.jsonl")
    assert [(row["sentence1"], row["sentence2"]) for row in found] == [row[:2] for row in rows]
    single = predictor.predict([row[:2] for row in rows])
    assert [row["predicted score"] for row in found] == pytest.approx(
        [one.numbers["score"] for one in single], abs=1e-5
    )
