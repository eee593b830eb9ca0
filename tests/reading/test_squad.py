import gzip
import json
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
PASSAGE = "Ann met Bob in Oslo. Bob was late."


def article(**changes):
    """Return an article of one passage with two questions; keys given as None are left out."""
    asked = {
        "id": "q1",
        "question": "Who was late?",
        "answers": [{"text": "Bob", "answer_start": 21}, {"text": "Bob", "answer_start": 8}],
        "is_impossible": False,
        **changes,
    }
    other = {"id": "q2", "question": "Where is Eve?", "answers": [], "is_impossible": True}
    asked = {key: value for key, value in asked.items() if value is not None}
    return {"title": "Visits", "paragraphs": [{"context": PASSAGE, "qas": [asked, other]}]}


def written(folder, whole, name="dev.json", **options):
    text = whole if isinstance(whole, str) else json.dumps(whole, **options)
    file = folder / name
    data = text.encode()
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return file


def squad(*articles):
    return {"version": "v2.0", "data": list(articles)}


def refused(file):
    with pytest.raises(DataError) as caught:
        list(sources.read(file).rows())
    return str(caught.value)


@pytest.mark.parametrize("name", ["dev.json", "dev.json.gz", "dev.txt", "dev", "dev.jsonl"])
@pytest.mark.parametrize("indent", [None, 2])
def test_every_question_is_a_row(tmp_path, name, indent):
    table = sources.read(written(tmp_path, squad(article()), name, indent=indent))
    assert (table.format, table.has_header) == ("squad", True)
    assert table.columns == ("id", "title", "question", "context", "answers")
    first, second = table.rows()
    assert first.cells[:4] == ("q1", "Visits", "Who was late?", PASSAGE)
    assert json.loads(first.cells[4]) == [
        {"text": "Bob", "start": 21},
        {"text": "Bob", "start": 8},
    ]
    assert second.cells[4] == "[]"
    assert [first.origin, second.origin] == [f"{name}: question q1", f"{name}: question q2"]
    assert any("SQuAD" in reason for reason in table.reasons)


def test_rows_can_be_read_again(tmp_path):
    table = sources.read(written(tmp_path, squad(article())))
    assert list(table.rows()) == list(table.rows())


@pytest.mark.parametrize("order", [("version", "data"), ("data", "version")])
def test_keys_may_stand_in_any_order(tmp_path, order):
    whole = squad({"paragraphs": article()["paragraphs"], "title": "Visits"})
    table = sources.read(written(tmp_path, {key: whole[key] for key in order}))
    assert table.format == "squad"
    assert [row.cells[1] for row in table.rows()] == ["Visits", "Visits"]


def test_a_byte_order_mark_and_a_missing_title_do_no_harm(tmp_path):
    whole = squad({"paragraphs": article()["paragraphs"]})
    (first, _) = sources.read(written(tmp_path, "\ufeff" + json.dumps(whole))).rows()
    assert first.cells[1] == ""


def test_an_impossible_question_has_no_answer_whatever_is_plausible(tmp_path):
    plausible = [{"text": "Ann", "answer_start": 0}]
    for changes in (
        {"is_impossible": True, "plausible_answers": plausible},
        {"answers": [], "plausible_answers": plausible},
        {"answers": None, "is_impossible": True},
        {"answers": plausible, "is_impossible": True},
    ):
        first = next(sources.read(written(tmp_path, squad(article(**changes)))).rows())
        assert first.cells[4] == "[]"


def test_questions_may_come_without_answers(tmp_path):
    asked = article(answers=None, is_impossible=None)
    assert next(sources.read(written(tmp_path, squad(asked))).rows()).cells[4] == ""


def test_questions_may_stand_in_data_themselves(tmp_path):
    answers = {"text": ["Bob"], "answer_start": [21]}
    flat = {"id": "q1", "context": PASSAGE, "question": "Who was late?", "answers": answers}
    (row,) = sources.read(written(tmp_path, squad(flat))).rows()
    assert row.cells == ("q1", "", "Who was late?", PASSAGE, json.dumps(answers))


def test_a_file_of_one_long_line_is_read(tmp_path):
    long = {"context": "word " * 2_000, "qas": [{"id": "x", "question": "Why?", "answers": []}]}
    whole = squad({"title": "Long", "paragraphs": [long] * 900})
    file = written(tmp_path, whole)
    assert file.stat().st_size > 8 << 20
    assert sum(1 for _ in sources.read(file).rows()) == 900


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": None}, "question 1: the key 'question' is missing; its keys are 'id', 'an"),
        ({"question": 5}, r"question 1: 'question' holds a number \('5'\); allowed: a text"),
        ({"id": True}, "'id' holds a truth value"),
        ({"answers": "Bob"}, r"question 1: 'answers' holds a text \('\"Bob\"'\); allowed: a list"),
        ({"answers": ["Bob"]}, "question 1, answer 1: a text .* stands here; allowed: an object"),
        ({"answers": [{"text": "Bob"}]}, "answer 1: the key 'answer_start' is missing"),
        ({"answers": [{"answer_start": 8}]}, "answer 1: the key 'text' is missing"),
        ({"answers": [{"text": 8, "answer_start": 8}]}, "answer 1: 'text' holds a number"),
        ({"question": "a\0b"}, "question 1: a NUL character in column 'question'"),
        ({"question": "a\ud800b"}, "question 1: half a character"),
    ],
)
def test_a_faulty_question_is_named_by_its_place(tmp_path, changes, message):
    file = written(tmp_path, squad(article(), article(**changes)))
    with pytest.raises(DataError, match=rf"dev\.json: article 2, paragraph 1, .*{message}"):
        list(sources.read(file).rows())


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("text", "article 2: a text .* stands here; allowed: an object with 'paragraphs'"),
        ({"title": "x"}, "article 2: the key 'paragraphs' is missing; its keys are 'title'"),
        ({"paragraphs": {}}, "article 2: 'paragraphs' holds an object .*; allowed: a list"),
        ({"paragraphs": [None]}, "article 2, paragraph 1: null stands here; allowed: an object"),
        ({"paragraphs": [{"qas": []}]}, "article 2, paragraph 1: the key 'context' is missing"),
        ({"paragraphs": [{"context": "x"}]}, "article 2, paragraph 1: the key 'qas' is missing"),
    ],
)
def test_a_faulty_article_is_named_by_its_place(tmp_path, second, message):
    file = written(tmp_path, squad(article(), second))
    with pytest.raises(DataError, match=rf"dev\.json: {message}"):
        list(sources.read(file).rows())


def test_faults_are_collected_and_no_row_follows_the_first(tmp_path):
    faulty = [article(question=None) for _ in range(30)]
    rows = sources.read(written(tmp_path, squad(article(), *faulty))).rows()
    assert [next(rows).cells[0], next(rows).cells[0]] == ["q1", "q2"]
    with pytest.raises(DataError, match=r"dev.json: 30 problems(.|\n)*and 10 more") as caught:
        next(rows)
    assert str(caught.value).count("'question' is missing") == 20


def test_json_that_breaks_off_is_named_by_line_and_column(tmp_path):
    text = json.dumps(squad(article()), indent=1)
    cut = text[: text.index("Where is Eve")]
    message = refused(written(tmp_path, cut))
    line = cut.count("\n") + 1
    assert f"dev.json:{line}:" in message
    assert "damaged or cut off here" in message


def test_a_key_twice_in_one_object_is_refused(tmp_path):
    text = json.dumps(squad(article())).replace('"id": "q1"', '"id": "q0", "id": "q1"')
    assert "the key 'id' stands twice" in refused(written(tmp_path, text))


def test_json_that_is_nested_too_deeply_is_refused(tmp_path):
    text = json.dumps(squad(article()))[:-2] + ", " + "[" * 200_000
    assert "nested too deeply" in refused(written(tmp_path, text))


def test_a_byte_that_is_not_utf_8_is_named(tmp_path):
    file = tmp_path / "dev.json"
    data = json.dumps(squad(article()), indent=1).encode()
    file.write_bytes(data.replace(b"Oslo", b"Osl\xf8"))
    assert "the byte 0xf8 is not UTF-8" in refused(file)


def test_a_file_without_questions_is_refused(tmp_path):
    whole = squad({"title": "x", "paragraphs": [{"context": PASSAGE, "qas": []}]})
    assert "there is no question in it" in refused(written(tmp_path, whole))


def test_other_json_inside_data_is_refused_with_what_is_missing(tmp_path):
    file = written(tmp_path, {"version": "1", "data": [{"title": "x"}]})
    with pytest.raises(
        DataError,
        match=r"no rows with a text were found .its keys: 'version', 'data'.*--rows KEY.KEY",
    ):
        sources.read(file)


def test_a_row_with_a_list_under_data_is_no_squad(tmp_path):
    lines = '{"data": [{"x": 1}], "label": "a"}\n{"data": [], "label": "b"}\n'
    table = sources.read(written(tmp_path, lines, "a.jsonl"))
    assert (table.format, len(list(table.rows()))) == ("jsonl", 2)


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        ("squad/dev-v1.1", 10_570),
        pytest.param("squadshifts/new_wiki_v1.0", 7_938, marks=pytest.mark.exhaustive),
        pytest.param("squadshifts/amazon_reviews_v1.0", 9_885, marks=pytest.mark.exhaustive),
        pytest.param("squadshifts/reddit_v1.0", 9_803, marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_public_files_are_read_whole_and_every_answer_stands_at_its_place(name, questions):
    found = 0
    for row in sources.read(DATA / f"{name}.json.gz").rows():
        answers = json.loads(row.cells[4])
        assert answers
        assert all(row.cells[3][a["start"] :].startswith(a["text"]) for a in answers)
        found += 1
    assert found == questions


def test_marks_of_impossible_questions_written_as_texts_are_read(tmp_path):
    passage = {"context": "Ann left.", "qas": []}
    for code, mark in (("a", "true"), ("b", "False"), ("c", 1), ("d", 0)):
        answer = {"text": "Ann", "answer_start": 0}
        passage["qas"].append(
            {"id": code, "question": "Who?", "is_impossible": mark, "answers": [answer]}
        )
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"data": [{"title": "t", "paragraphs": [passage]}]}))
    found = list(sources.read(file).rows())
    assert [row.cells[4] == "[]" for row in found] == [True, False, True, False]
    assert "is_impossible is true, but there are answers" in found[0].remarks[0]
