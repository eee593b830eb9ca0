"""What a label is said of, within a text, is named where it is not read."""

import json
import time

import pytest

from made_tables import checked, table
from textune.data import pointing
from textune.data.scanning import scan
from textune.tasks.contract import understand

NAMES = ["Ada", "Mr Bo", "the cat", "Uncle Cy", "Dee", "the crew"]
SAID = ["he", "she", "it", "they"]


def said(found, kind="unread"):
    return [finding.message for finding in found.findings if finding.kind == kind]


def written(folder, rows):
    file = folder / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return file


def schemas(count=60, *, words=False, places=True):
    for n in range(count):
        one, pronoun = NAMES[n % 6], SAID[n % 4]
        text = f"On day {n} {one} left the house early , and {pronoun} came back late ."
        at = [text.index(f" {part} ") + 1 for part in (one, pronoun)]
        at = [len(text[:place].split()) for place in at] if words else at
        target = {"span1_text": one, "span2_text": pronoun}
        target |= {"span1_index": at[0], "span2_index": at[1]} if places else {}
        yield {"text": text, "target": target, "label": n % 3 == 0}


@pytest.mark.parametrize("words", [False, True])
def test_parts_of_a_text_with_their_places_are_named(tmp_path, words):
    (message,) = said(checked(written(tmp_path, schemas(words=words)), text="text"))
    assert message.startswith(
        "'target.span1_text', 'target.span2_text' stand in 'text', at the places in "
        "'target.span1_index', 'target.span2_index', and are not read"
    )
    assert message.endswith("as the other text of a pair: `--text text,target.span1_text`")


def test_the_second_part_is_named_where_the_first_is_read(tmp_path):
    file = written(tmp_path, schemas())
    (message,) = said(checked(file, text="text,target.span1_text"))
    assert message.startswith("'target.span2_text' stands in 'text', at the places in 'target.span")
    assert "other text of a pair" not in message


def test_two_ends_of_a_relation_are_named_without_places(tmp_path):
    rows = [
        {
            "text": f"In {n} {NAMES[n % 6]} once met {NAMES[(n + 1 + n % 3) % 6]} at sea",
            "head": NAMES[n % 6],
            "tail": NAMES[(n + 1 + n % 3) % 6],
            "relation": ["knows", "none"][n % 2],
        }
        for n in range(60)
    ]
    (message,) = said(checked(written(tmp_path, rows)))
    assert message.startswith("'head', 'tail' stand in 'text', and are not read")


def test_a_place_may_be_counted_in_a_text_of_signs_without_spaces(tmp_path):
    rows = [
        {
            "text": f"第{n}天{name}走进了教室然后大家都笑了起来。",
            "word": name,
            "place": len(f"第{n}天"),
            "label": "yes" if n % 3 else "no",
        }
        for n in range(60)
        for name in [("小明", "王老师", "妈妈", "老板", "主任")[n % 5]]
    ]
    (message,) = said(checked(written(tmp_path, rows), text="text"))
    assert message.startswith("'word' stands in 'text', at the places in 'place'")


def test_one_word_of_a_text_without_its_place_is_no_finding(tmp_path):
    rows = list(schemas(places=False))
    for row in rows:
        row["keyword"] = row.pop("target")["span1_text"]
    assert said(checked(written(tmp_path, rows), text="text")) == []


@pytest.mark.parametrize(("one", "two"), [("title", "city"), ("author", "product_category")])
def test_usual_columns_beside_a_text_that_speaks_of_them_are_no_finding(tmp_path, one, two):
    rows = [
        {
            "id": n,
            "text": f"{NAMES[n % 6]} went to {SAID[n % 4]} on day {n}",
            one: NAMES[n % 6],
            two: SAID[n % 4],
            "votes": 0,
            "label": ["good", "bad"][n % 3 == 0],
        }
        for n in range(60)
    ]
    assert said(checked(written(tmp_path, rows), text="text", label="label")) == []


@pytest.mark.parametrize(("one", "two"), [("name1", "name2"), ("subject", "object")])
def test_two_ends_of_a_relation_may_have_usual_names(tmp_path, one, two):
    rows = [
        {"text": row["text"], one: first, two: second, "label": n % 3 == 0}
        for n, row in enumerate(schemas(places=False))
        for first, second in [row["target"].values()]
    ]
    (message,) = said(checked(written(tmp_path, rows), text="text", label="label"))
    assert message.startswith(f"{one!r}, {two!r} stand in 'text', and are not read")


def test_a_label_that_stands_in_each_text_is_named(tmp_path):
    words = ["bank", "light", "paper", "plant", "cell"]
    line = "{0}\tN\tWe saw the {0} near {1} .\tA {0} fell on day {1} ."
    lines = [line.format(words[n % 5], n) for n in range(60)]
    file = tmp_path / "wic.txt"
    file.write_text("\n".join(lines) + "\n")
    (message,) = said(checked(file), "label in text")
    assert message.startswith("'1' stands word for word in '3', '4'")


def test_names_of_classes_that_texts_hold_now_and_then_are_no_finding(tmp_path):
    names = ["good", "bad", "fair", "odd"]
    rows = [{"text": f"a {names[n % 3]} film {n}", "label": names[n % 4]} for n in range(60)]
    assert said(checked(written(tmp_path, rows)), "label in text") == []


def test_a_word_that_is_named_as_what_is_asked_about_needs_no_place(tmp_path):
    """As in the data of lexical complexity: a sentence, a token in it, and how hard that is."""
    rows = [
        {"sentence": row["text"], "token": row["target"]["span1_text"], "complexity": n / 77}
        for n, row in enumerate(schemas())
    ]
    (message,) = said(checked(written(tmp_path, rows), text="sentence", label="complexity"))
    assert message.startswith("'token' stands in 'sentence', and is not read")


@pytest.mark.exhaustive
def test_many_columns_that_stand_in_a_text_are_looked_at_at_once():
    words = [f"w{n}" for n in range(60)]
    head = ["text", "label", *(f"k{n}" for n in range(50)), *(f"n{n}" for n in range(50))]
    rows = [
        (" ".join(words[n % 7 :] + words[: n % 7]), "ab"[n % 2], *words[n % 7 :][:50], *"7" * 50)
        for n in range(4_000)
    ]
    found = understand(table(head, rows))
    seen = scan(table(head, rows))
    began = time.process_time()
    said = list(pointing.findings(found.contract, seen))
    assert said
    assert time.process_time() - began < 2
