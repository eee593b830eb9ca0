import json

import pytest

import textune
from textune.records import Answer, Example
from textune.survey import beyond
from textune.survey.beyond import Ruler
from textune.text import shapes, store, tokenizers
from textune.text.shapes import Shape


@pytest.fixture(scope="module")
def tokenizer(tiny_base):
    return tokenizers.load(str(tiny_base))


def words(texts):
    """Count words, and a token at each end."""
    return [len(text.split()) + 2 for text in texts]


def tagged(size, tags):
    """Make a text of so many words, some of which have tags: place → tag."""
    places = tuple((5 * n, 5 * n + 4) for n in range(size))
    label = tuple(tags.get(n, "O") for n in range(size))
    return Example(" ".join(["film"] * size), "f:1", label=label, words=places)


def asked(question, passage, answer):
    """Make a question whose answer is one word of a passage of so many; -1: none."""
    text = " ".join(["film"] * passage)
    found = () if answer < 0 else (Answer("film", 5 * answer),)
    return Example(" ".join(["good"] * question), "f:1", pair=text, answers=found)


def lengths(examples, ruler):
    return beyond.lengths(ruler.measure(examples), ruler, rows=len(examples))


def test_a_row_without_text_has_no_entities(tmp_path):
    rows = [{"text": f"the song of {name}", "spans": [[12, 16, "X"]]} for name in ["Anna"] * 9]
    file = tmp_path / "spans.jsonl"
    lines = map(json.dumps, [*rows, {"ts": [[0, 4, "X"]]}])
    file.write_text("\n".join(lines), encoding="utf-8")
    assert "empty" in {one.kind for one in textune.check(file).findings}


def test_an_entity_is_lost_with_its_last_word(tokenizer):
    inside = {60: "B-PER", 61: "I-PER"}  # 62 words and two special tokens fit
    across = {61: "B-PER", 62: "I-PER"}
    after = {80: "B-PER", 81: "B-LOC"}
    ruler = Ruler("tags", tokenizer=tokenizer)
    found = lengths([tagged(100, tags) for tags in (inside, across, after)], ruler)
    assert list(found["beyond"]) == ["64"]
    assert found["beyond"]["64"]["entities"] == 0.75


@pytest.mark.parametrize(("golds", "share"), [("entities", 0.0), ("words", 0.5)])
def test_plain_tags_are_lost_word_by_word(tokenizer, golds, share):
    example = tagged(100, {0: "B-X", 99: "I-Y"} if golds == "words" else {0: "B-X"})
    found = lengths([example], Ruler("tags", golds, tokenizer=tokenizer))
    assert found["beyond"]["64"][golds] == share


def test_the_answers_that_are_lost_are_those_no_window_of_a_beginning_shows(tokenizer):
    examples = [asked(size, 100, place) for size in (1, 9, 50) for place in range(0, 100, 3)]
    examples.append(asked(3, 100, -1))
    shape = Shape(64, "head", asks="answers")
    kept = store.tokenize(examples, tokenizer, shape)
    answerable = [row for row, example in enumerate(examples) if example.answers]
    unseen = sum(not kept.shown(row)[1 + examples[row].answers[0].start // 5] for row in answerable)
    found = lengths(examples, Ruler("answers", "answers", tokenizer=tokenizer))
    assert 0 < unseen < len(answerable)
    share = found["beyond"]["64"]["answers"]
    assert share == pytest.approx(unseen / len(answerable), abs=1e-6)


@pytest.mark.parametrize("task", ["single", "pairs", "tags", "answers"])
def test_the_tokens_of_an_epoch_are_those_that_are_stored(tokenizer, task):
    sizes = (1, 40, 62, 63, 100, 300)
    if task == "answers":
        examples = [asked(n % 70 + 1, n, 0) for n in sizes]
    elif task == "pairs":
        text = "film " * 400
        examples = [
            Example(text[: 5 * one], "f:1", pair=text[: 5 * two]) for one in sizes for two in sizes
        ]
    else:
        examples = [tagged(n, {}) for n in sizes]
    asks = {"answers": "answers", "tags": "words"}.get(task, "texts")
    ruler = Ruler("single" if task == "pairs" else task, tokenizer=tokenizer)
    costs = lengths(examples, ruler)["beyond"]["64"]
    for long in ("head", "window"):
        found = shapes.shaped(examples, tokenizer, Shape(64, long, asks=asks))
        stored = [len(window.ids) for text in found for window in text.windows]
        assert costs[long]["tokens"] == sum(stored)
        work = sum(size * (6 * ruler.width + size) for size in stored)
        heads = shapes.shaped(examples, tokenizer, Shape(64, "head", asks=asks))
        unit = sum(
            len(window.ids) * (6 * ruler.width + len(window.ids))
            for text in heads
            for window in text.windows
        )
        assert costs[long]["time"] == pytest.approx(work / unit, abs=1e-4)


def test_a_sample_speaks_for_all_rows():
    ruler = Ruler("single", count=words)
    measured = ruler.measure([Example("a b c", "f:1"), Example("a " * 100, "f:2")])
    found = beyond.lengths(measured, ruler, rows=20)
    assert (found["texts"], found["sampled"]) == (2, True)
    assert found["beyond"]["64"]["head"]["tokens"] == 10 * (5 + 64)
    assert found["beyond"]["128"]["window"]["tokens"] == 10 * (5 + 102)


def test_plain_text_has_no_cost_of_windows():
    found = lengths([Example("a " * 100, "f:1")], Ruler("plain", count=words))
    assert found["beyond"]["64"] == {"rows": 1.0, "tokens": round(38 / 102, 6)}


def test_what_only_counts_cannot_say_where_entities_stand():
    found = lengths([tagged(100, {99: "B-PER"})], Ruler("tags", count=words))
    assert "entities" not in found["beyond"]["64"]
    assert found["longest"] == 102


def test_limits_go_as_far_as_the_encoder_reads(tokenizer):
    assert Ruler("single", tokenizer=tokenizer).limits() == (64,)
    assert Ruler("single", count=words).limits() == (64, 128, 256, 512)
