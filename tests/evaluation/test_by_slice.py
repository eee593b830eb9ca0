"""Slices are judged as they would be alone, and beside the rest."""

from dataclasses import replace

import numpy as np
import pytest

from textune.evaluation import by_length, by_slice, where_wrong
from textune.records import Answer, Example, Scores
from textune.tasks import registry as tasks

SOURCES = ["web"] * 60 + ["shop"] * 60 + ["mail"] * 9 + [""] * 31


def classes(seed=0):
    """Make texts of which those of the shop are wrong in four of ten, the others in one."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(2, size=len(SOURCES))
    wrong = draw.random(len(SOURCES)) < np.where(np.array(SOURCES) == "shop", 0.4, 0.1)
    decided = np.where(wrong, 1 - truth, truth)
    chances = np.where(decided[:, None] == [0, 1], 0.9, 0.1)
    said = [f"{'dreary ' * bad}text number {n % 7}" for n, bad in enumerate(wrong.tolist())]
    examples = [
        Example(text, f"f:{n}", label="ab"[of])
        for n, (text, of) in enumerate(zip(said, truth.tolist(), strict=True))
    ]
    fulls = np.full(len(truth), 7, dtype=np.int32)
    logits = np.log(chances).astype(np.float32)
    return Scores(logits, chances, decided, truth, fulls=fulls), examples


SINGLE = tasks.make("single", ("a", "b"))


def test_each_value_has_its_number_and_interval_and_the_rest_beside_it():
    scores, examples = classes()
    found = by_slice.judge(SINGLE, scores, examples, {"source": SOURCES})["source"]
    slices = {one["value"]: one for one in found["slices"]}
    assert list(slices) == ["shop", "web", "mail", "missing"]
    shop = np.arange(60, 120)
    right = (scores.truth == scores.decisions)[shop]
    expected = np.corrcoef(scores.truth[shop], scores.decisions[shop])[0, 1]
    assert slices["shop"]["mcc"] == pytest.approx(expected)
    assert 0.4 < right.mean() < 0.8
    low, high = slices["shop"]["interval"]
    assert low < expected < high
    assert slices["shop"]["difference"] == pytest.approx(expected - slices["shop"]["rest"])
    assert sum(slices["shop"]["support"].values()) == 60
    assert slices["shop"]["is_shown"]
    assert not slices["missing"]["is_shown"]
    assert [one["is_small"] for one in slices.values()] == [False, False, True, False]
    assert any("shop: MCC worse than that of the rest" in line for line in found["words"])
    assert "source: fewer than 30 texts, which say little: mail (9)" in found["words"]


def test_a_slice_that_cannot_have_the_number_is_null_with_the_reason():
    scores, examples = classes()
    alike = np.where(np.array(SOURCES) == "mail", 1, scores.truth)
    scores = Scores(
        scores.logits, scores.probabilities, scores.decisions, alike, fulls=scores.fulls
    )
    found = by_slice.judge(SINGLE, scores, examples, {"source": SOURCES})["source"]
    (mail,) = [one for one in found["slices"] if one["value"] == "mail"]
    assert (mail["mcc"], mail["interval"], mail["difference"], mail["p"]) == (None,) * 4
    assert "one class" in mail["why"] or "only" in mail["why"]


def test_two_values_are_one_comparison_and_one_value_is_none():
    scores, examples = classes()
    both = ["x"] * 80 + ["y"] * 80
    found = by_slice.judge(SINGLE, scores, examples, {"source": both})["source"]
    one, other = found["slices"]
    assert one["p"] == other["p"]
    assert one["difference"] == pytest.approx(-other["difference"])
    alone = by_slice.judge(SINGLE, scores, examples, {"source": ["x"] * 160})
    assert alone["source"]["slices"][0]["rest"] is None
    assert alone["source"]["words"] == ["source: all texts have one value, 'x'"]


def test_intervals_of_cross_validation_are_wider():
    scores, examples = classes()
    plain, wide = (
        by_slice.judge(SINGLE, scores, examples, {"source": SOURCES}, wider=wider)
        for wider in (1.0, 1.2)
    )
    for one, other in zip(plain["source"]["slices"], wide["source"]["slices"], strict=True):
        sizes = [high - low for low, high in (one["interval"], other["interval"])]
        assert sizes[0] < sizes[1] or other["interval"][1] == 1.0


def test_words_that_go_with_errors_are_told_and_others_not():
    scores, examples = classes()
    found = where_wrong.told(SINGLE, scores, examples)["wrong"]
    assert [one["word"] for one in found["words"]] == ["dreary"]
    assert found["wrong"] == int((scores.truth != scores.decisions).sum())
    assert found["said"][0].startswith("words that go with errors: 'dreary'")
    plain = [Example("text", item.origin, label=item.label) for item in examples]
    said = where_wrong.told(SINGLE, scores, plain, lambda texts: [n % 3 for n in range(len(texts))])
    assert said["wrong"]["words"] == []
    assert said["wrong"]["said"] == ["no word goes with the errors"]


def test_longer_texts_that_are_wrong_are_told():
    scores, examples = classes()
    fulls = np.where(scores.truth != scores.decisions, 40, 9).astype(np.int32)
    scores = Scores(
        scores.logits, scores.probabilities, scores.decisions, scores.truth, fulls=fulls
    )
    found = where_wrong.told(SINGLE, scores, examples)["wrong"]
    assert [one["trait"] for one in found["traits"]] == ["tokens"]


def several():
    truth = np.array([[1, 0], [0, 1], [np.nan, 1], [1, 1]] * 10)
    decided = np.nan_to_num(truth).astype(np.int64)
    decided[::4, 0] = 0
    chances = np.where(decided == 1, 0.8, 0.2)
    examples = [Example("some text", f"f:{n}", label=("a",)) for n in range(40)]
    scores = Scores(
        chances.astype(np.float32), chances, decided, truth, fulls=np.full(40, 4, dtype=np.int32)
    )
    return tasks.make("multi", ("a", "b")), scores, examples


def numbers():
    truth = np.arange(40.0)[:, None]
    values = truth + np.where(np.arange(40)[:, None] < 10, 5.0, 0.5) * np.tile([[1], [-1]], (20, 1))
    examples = [Example("some text", f"f:{n}", label=str(n)) for n in range(40)]
    fulls = np.full(40, 4, dtype=np.int32)
    found = Scores(values.astype(np.float32), values, values, truth, fulls=fulls)
    return tasks.make("number", ("score",)), found, examples


def tags():
    labels = ("O", "B-X", "I-X")
    truth, given = np.array([1, 2, 0] * 40), np.array([1, 2, 0, 0, 0, 0] * 20)
    chances = np.eye(3)[given] * 0.9 + 0.03
    words = ((0, 2), (3, 5), (6, 8))
    examples = [
        Example(f"a{n % 2} bb cc", f"f:{n}", label=("B-X", "I-X", "O"), words=words)
        for n in range(40)
    ]
    found = Scores(
        *(np.log(chances).astype(np.float32), chances, given, truth),
        borders=np.arange(0, 121, 3),
        fulls=np.full(40, 5, dtype=np.int32),
    )
    return tasks.make("tags", labels), found, examples


def answers():
    passage = "one two"
    examples = [
        Example("which?", f"f:{n}", pair=passage, answers=(Answer("one", 0),)) for n in range(40)
    ]
    spans = np.tile(np.array([[0, 0], [0, 3], [4, 7]], dtype=np.int32), (40, 1))
    chances = np.tile(np.array([[0.0, 0.0], [0.8, 0.8], [0.2, 0.2]]), (40, 1))
    found = Scores(
        *(np.log(chances + 1e-9).astype(np.float32), chances),
        decisions=np.array([[1, 1], [2, 2]] * 20),
        truth=np.array([[1, 1]] * 40),
        borders=np.arange(0, 121, 3),
        spans=spans,
        fulls=np.full(40, 9, dtype=np.int32),
    )
    return tasks.make("answers", ("start", "end")), found, examples


@pytest.mark.parametrize("made", [several, numbers, tags, answers], ids=lambda made: made.__name__)
def test_of_very_many_texts_the_words_of_the_first_are_read(made, monkeypatch):
    monkeypatch.setattr(where_wrong, "MOST_TEXTS", 12)
    task, scores, examples = made()
    found = where_wrong.told(task, scores, examples)["wrong"]
    assert found["n"] == (36 if made is tags else 12)
    assert found["confused"] == where_wrong.told(task, scores, examples)["wrong"]["confused"]


@pytest.mark.parametrize("made", [several, numbers, tags, answers], ids=lambda made: made.__name__)
def test_every_task_has_slices_and_errors(made):
    task, scores, examples = made()
    cells = ["web"] * 20 + ["shop"] * 20
    found = by_slice.judge(task, scores, examples, {"source": cells})["source"]
    assert [one["n"] for one in found["slices"]] == [20, 20]
    assert all(isinstance(one[task.main_metric], float) for one in found["slices"])
    assert all(one["p"] is not None for one in found["slices"])
    wrong = where_wrong.told(task, scores, examples)["wrong"]
    assert (
        wrong["wrong"]
        == {"several": 10, "numbers": 10, "tags": 20 * 2, "answers": 20}[made.__name__]
    )
    expected = {
        "several": [{"truth": "a", "given": None, "n": 10, "of": 20}],
        "tags": [{"truth": "X", "given": None, "n": 20, "of": 40}],
    }
    assert wrong["confused"] == expected.get(made.__name__, [])


def test_entities_beyond_what_is_read_of_a_text_are_missed():
    task, scores, examples = tags()
    logits, truth = scores.logits.copy(), scores.truth.copy()
    logits[:3], truth[:3] = np.nan, -100  # no window shows the words of the first text
    chances = task.probabilities(logits, scores.borders)
    decisions = np.where(truth < 0, 0, scores.decisions)
    scores = replace(scores, logits=logits, probabilities=chances, decisions=decisions, truth=truth)
    wrong = where_wrong.told(task, scores, examples)["wrong"]
    (missed,) = wrong["confused"]
    assert wrong["wrong"] == 42  # both words of each of the 21 entities
    assert missed == {"truth": "X", "given": None, "n": 21, "of": 40}
    assert task.judge(scores, examples)["recall"] == pytest.approx(19 / 40)


def test_texts_that_are_left_to_a_person_are_neither_right_nor_wrong():
    scores, examples = classes()
    scores = replace(scores, fulls=np.arange(len(examples), dtype=np.int32))
    is_open = np.zeros(len(examples), dtype=bool)
    is_open[60:120] = True  # the shop's, wrong most often
    found = where_wrong.told(SINGLE, replace(scores, undecided=is_open), examples)
    rest = np.flatnonzero(~is_open)
    some = [examples[row] for row in rest]
    assert found == where_wrong.told(SINGLE, by_length.part_of(SINGLE, scores, rest), some)
    pairs = found["wrong"]["confused"]
    assert sum(one["n"] for one in pairs) == found["wrong"]["wrong"] > 0
    assert sum(one["of"] for one in pairs) == found["wrong"]["n"] == 100


def test_of_texts_that_are_all_left_to_a_person_none_is_wrong():
    scores, examples = classes()
    scores = replace(scores, undecided=np.ones(len(examples), dtype=bool), fulls=None)
    wrong = where_wrong.told(SINGLE, scores, examples)["wrong"]
    assert (wrong["n"], wrong["wrong"], wrong["confused"], wrong["said"]) == (0, 0, [], [])


def test_classes_of_columns_are_taken_for_classes_of_their_own_column():
    labels = ("mood: bad", "mood: good", "size: long", "size: short")
    task = tasks.make("aspects", labels, {"names": ("mood", "size")})
    truth = np.tile([[0, 1, 0, 1], [1, 0, 1, 0]], (20, 1)).astype(np.float32)
    logits = np.where(truth[:, [1, 0, 3, 2]] == 1, 2.0, -2.0).astype(np.float32)  # all wrong
    decisions = (logits > 0).astype(np.int64)
    scores = Scores(logits, task.probabilities(logits, None), decisions, truth)
    examples = [Example(f"text {row}", f"made:{row}") for row in range(len(truth))]
    pairs = where_wrong.told(task, scores, examples)["wrong"]["confused"]
    assert {(one["truth"], one["given"]) for one in pairs} == {
        *((labels[one], labels[other]) for one, other in [(0, 1), (1, 0), (2, 3), (3, 2)])
    }
