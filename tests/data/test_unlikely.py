"""Columns of few values that say something else of a text than its label are not taken for it."""

import random

import pytest

from made_tables import code, count, date, made, number, one_of, prose, table
from textune.data import names
from textune.errors import DataError
from textune.tasks.contract import understand

KEYWORDS = ("homeless", "migrant", "refugee", "women")


def found_by_keyword(n, draw):
    return f"{prose()(n, draw)} {KEYWORDS[n % 4]} {prose()(n, draw)}"


@pytest.mark.parametrize(
    "countries",
    [("pk", "ie", "nz", "gh", "za"), ("Germany", "United Kingdom", "USA", "Brazil", "New Zealand")],
    ids=["codes", "in full"],
)
def test_without_names_the_words_and_countries_of_a_search_are_no_labels(countries):
    columns = {
        "id": lambda n, _: f"t_{7 * n}",
        "keyword": lambda n, _: KEYWORDS[n % 4],
        "country": one_of(*countries),
        "text": found_by_keyword,
    }
    found = understand(made(4, **columns)).contract
    assert (found.text, found.label) == (("4",), ())
    assert any("--label 2" in doubt for doubt in found.doubts)
    assert any("--label 3" in doubt for doubt in found.doubts)
    labelled = understand(made(5, **columns, label=one_of("0", "1", "2"))).contract
    assert (labelled.text, labelled.label) == (("4",), ("5",))


def test_a_word_of_each_text_that_stands_alone_may_be_what_is_to_be_learned():
    columns = {"keyword": lambda n, _: KEYWORDS[n % 4], "text": found_by_keyword}
    assert understand(made(2, **columns)).contract.label == ("1",)


@pytest.mark.parametrize("name", ["likes", "num_votes", "views", "replyCount", "n_comments"])
def test_marks_of_what_readers_did_are_no_labels_beside_others(name):
    marks = one_of("0", "1")
    columns = {"review": prose(), name: one_of("0", "1"), "recommended": marks}
    found = understand(made(tuple(columns), **columns)).contract
    assert (found.task, found.label) == ("single", ("recommended",))
    columns = {**columns, "angry": marks}
    found = understand(made(tuple(columns), **columns)).contract
    assert (found.task, found.label) == ("multi", ("recommended", "angry"))
    assert any(f"--label {name},recommended,angry` takes them" in one for one in found.doubts)


def test_a_mark_that_readers_left_may_be_what_is_to_be_learned():
    columns = {"review": prose(), "likes": one_of("0", "1")}
    found = understand(made(tuple(columns), **columns)).contract
    assert found.label == ("likes",)
    assert any("`--task plain` takes the texts alone" in one for one in found.doubts)


def test_letters_of_classes_stand_in_any_text():
    letters = one_of("a", "e", "i", "t")
    columns = {"one": one_of("dogs", "cats", "mice"), "two": letters, "text": prose()}
    assert understand(made(3, **columns)).contract.label == ("2",)


def test_words_of_a_list_are_no_classes():
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghijklmn", k=6)) for _ in range(300)]
    rows = [[str(n), words[n % 100], words[n]] for n in range(300)]
    found = understand(table(("", "indonesian", "acehnese"), rows)).contract
    assert (found.task, found.label) == ("plain", ())
    named = understand(table(("", "label", "acehnese"), rows)).contract
    assert named.label == ("label",)


@pytest.mark.parametrize("name", ["agreement", "worker_trust", "annId"])
def test_numbers_of_how_sure_people_were_are_no_labels(name):
    columns = {"text": prose(), name: one_of("0.5", "0.75", "1.0")}
    assert understand(made((*columns,), **columns)).contract.label == ()
    asked = understand(made((*columns,), **columns), label=(name,)).contract
    assert asked.label == (name,)


def test_whether_one_agrees_is_a_label():
    said = {"text": prose(), "agreement": one_of("agrees", "disagrees")}
    assert understand(made((*said,), **said)).contract.label == ("agreement",)


@pytest.mark.parametrize(
    "place",
    ["fi/1990/{}/4075147.xml.gz", "crawl-data/part-{}/a.warc", "https://news.example/{}.html"],
)
def test_where_a_text_was_found_is_no_label(place):
    columns = {"1": prose(), "film": lambda n, _: place.format(n % 6)}
    assert understand(made(("text", "film"), **columns)).contract.label == ()
    assert understand(made(2, **columns)).contract.label == ()


def test_names_with_a_stroke_are_still_labels():
    columns = {"text": prose(), "kind": one_of("anger/disgust", "joy", "n/a", "v1.0/v2.0")}
    assert understand(made((*columns,), **columns)).contract.label == ("kind",)


def test_many_different_numbers_of_few_rows_are_no_classes():
    draw = random.Random(2)
    rows = [
        [prose()(n, draw), f"{n % 400} {n % 400 + 1}" if n % 9 == 0 else str(n % 400)]
        for n in range(1_200)
    ]
    found = understand(table(2, rows)).contract
    assert (found.task, found.label) == ("plain", ())
    often = [[prose()(n, draw), str(n % 40)] for n in range(1_200)]
    assert understand(table(2, often)).contract.label == ("2",)


POSTS = {
    "retweets": ["full_text", "created_at", "retweet_count", "lang"],
    "votes": ["body", "created_utc", "permalink", "score"],
    "votes of answers": ["Body", "Score", "PostTypeId", "ViewCount"],
    "senders": ["id", "text", "from"],
    "authors": ["text", "by", "kids"],
}


@pytest.mark.parametrize("name", POSTS)
def test_what_a_platform_says_of_messages_is_no_label(name):
    columns = POSTS[name]
    cells = {
        **{one: prose() for one in ("full_text", "body", "Body", "text")},
        **{"Score": number(0, 30, 0), "PostTypeId": one_of("1", "2"), "ViewCount": count},
        **{"lang": one_of("en", "und"), "from": one_of("Ann", "Bob"), "by": one_of("a", "b", "c")},
        **{"score": number(0, 30, 0), "retweet_count": number(0, 200, 0), "id": count},
        **{"created_at": date, "created_utc": count, "permalink": code, "kids": code},
    }
    read = understand(made(columns, **{f"c_{one}": cells[one] for one in columns})).contract
    assert (read.task, read.label) == ("plain", ())


@pytest.mark.parametrize(("column", "values"), [("lang", ("en", "de")), ("score", ("1", "2"))])
def test_the_same_columns_are_labels_where_no_platform_wrote_them(column, values):
    table = made(["text", column], **{"text": prose(), column: one_of(*values)})
    assert understand(table).contract.label == (column,)


def test_a_label_in_an_object_of_a_search_is_one_and_its_score_none():
    columns = {"_index": one_of("a"), "_score": one_of("1.0"), "_source.text": prose()}
    columns["_source.label"] = one_of("pos", "neg")
    found = understand(made(tuple(columns), **columns)).contract
    assert (found.text, found.label) == (("_source.text",), ("_source.label",))


def test_the_type_of_all_messages_is_no_label():
    table = made(["text", "type"], text=prose(), type=one_of("message"))
    assert understand(table).contract.task == "plain"


def test_two_constants_beside_a_count_are_no_labels():
    cells = {"text": prose(), "canReply": one_of("True"), "isPublic": one_of("True")}
    cells |= {"totalReplyCount": one_of("0", "1")}
    assert understand(made(list(cells), **cells)).contract.label == ()


def test_a_text_from_somebody_is_still_a_text():
    cells = {"answer_from_user": prose(), "answer_from_anno": prose(), "y": one_of("a", "b")}
    assert names.text_evidence("answer_from_anno") == 0
    assert understand(made(list(cells), **cells)).contract.label == ("y",)


def test_a_sentence_that_comes_back_beside_a_text_is_its_pair_and_no_label():
    draw = random.Random(4)
    words = [f"word{n}" for n in range(60)]
    said = [" ".join(draw.sample(words, 8)) for _ in range(12)]
    rows = []
    for _ in range(240):
        one = draw.choice(said)
        kept = [word for word in one.split() if draw.random() < 0.7]
        rows.append([f"{5 * draw.random():.2f}", one, " ".join([*kept, *draw.sample(words, 2)])])
    found = understand(table(3, rows)).contract
    assert (found.task, found.text, found.label) == ("number", ("2", "3"), ("1",))
    other = [[score, one, prose()(n, draw)] for n, (score, one, _) in enumerate(rows)]
    assert understand(table(3, other)).contract.text == ("3",)


def test_words_that_each_stand_in_very_many_rows_are_no_text():
    draw = random.Random(5)
    topics = [f"topic{n}" for n in range(60)]
    rows = [[draw.choice(topics), draw.choice(["-1", "0", "1"])] for _ in range(1_800)]
    with pytest.raises(DataError, match="no column looks like text"):
        understand(table(2, rows))
    assert understand(table(("text", "label"), rows)).contract.text == ("text",)
