"""Words in are tags out, and answers are parts of their passage, whatever the texts are like."""

import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval import metrics as peer

from textune.decisions.rule import Decision
from textune.encoder import bases, load, pooling
from textune.evaluation import evaluate
from textune.metrics import spans
from textune.records import Answer, Example, Items, Scores
from textune.tasks import lengths, registry
from textune.tasks.answers import ends
from textune.text import store as stores
from textune.text import tokenizers
from textune.text.shapes import Shape
from thinning import crossed, examples

WAYS = ["head", "tail", "head+tail", "window"]
LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
WORDS = [
    *("the", "Rome", "unbelievability", "x" * 150, "1,969", "don't", "U.S.A.", "—", "!?", "$5"),
    *(
        "été",
        "e\u0301te\u0301",
        "Straße",
        "東京都",
        "서울에서",
        "कुत्ते",
        "👩\u200d👩\u200d👧",
        "\u200b",
        "\ufffd",
    ),
]
SPACES = [" ", " ", " ", "  ", "\n", "\t", "\u00a0", " \r\n"]


@pytest.fixture(scope="module")
def pieces():
    """Return a tokenizer of parts of words."""
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


def text_of(draw, count):
    """Join words; return the text and the place of each word."""
    words = draw.choice(WORDS, count).tolist()
    spaces = draw.choice(SPACES, count).tolist()
    parts, places, end = ["\n"] if count else [], [], 1
    for word, space in zip(words, spaces, strict=True):
        places.append((end, end + len(word)))
        parts += [word, space]
        end += len(word) + len(space)
    return "".join(parts), tuple(places)


def sentences(draw, number, most=5_000):
    """Make texts of 0 up to so many words, short ones more often than long ones."""
    counts = (np.exp(draw.random(number) ** 2 * np.log(most + 1)) - 1).round().astype(int)
    counts[:3] = 0, 1, most
    for row, count in enumerate(counts.tolist()):
        text, places = text_of(draw, count)
        yield Example(text, f"made up:{row}", words=places)


def scores_of(task, store, draw, truth=None, spread=3.0):
    """Let a model without a mind answer about everything that some window shows."""
    shown = np.concatenate([store.shown(row) for row in range(len(store))])
    width = 2 if task.asks == "answers" else len(task.labels)
    logits = draw.normal(0, spread, (len(shown), width)).astype(np.float32)
    logits[~shown] = np.nan
    probabilities = task.probabilities(logits, store.item_borders)
    decided = task.decide(probabilities, task.default_decision(), store.item_borders)
    return Scores(logits, probabilities, decided, truth, store.item_borders, store.spans)


@pytest.mark.parametrize("long", WAYS)
@pytest.mark.first(2)
def test_words_in_are_tags_out(long, pieces):
    draw = np.random.default_rng(WAYS.index(long))
    examples = list(sentences(draw, 120))
    assert {0, 1, 5_000} <= {len(example.words) for example in examples}
    store = stores.tokenize(examples, pieces, Shape(128, long, asks="words"))
    task = registry.make("tags", LABELS)
    found = list(task.predictions(scores_of(task, store, draw), examples))
    assert len(found) == len(examples) == len(store)
    for example, prediction in zip(examples, found, strict=True):
        assert prediction.words == example.words
        assert len(prediction.labels) == len(example.words)
        begins = {first for first, _ in example.words}
        stops = {end for _, end in example.words}
        for entity in prediction.entities:
            assert example.text[entity.start : entity.end] == entity.text
            assert entity.start in begins
            assert entity.end in stops
        begun = [tag for tag in prediction.labels if tag.startswith("B-")]
        assert [f"B-{entity.label}" for entity in prediction.entities] == begun
        for before, tag in itertools.pairwise(("O", *prediction.labels)):
            assert tag[0] != "I" or before[1:] == tag[1:]


@pytest.mark.parametrize("long", WAYS)
def test_each_word_is_asked_about_once_at_its_first_piece(long, pieces):
    draw = np.random.default_rng(8)
    known = ["the", "Rome", "unbelievability", "don't", "été", "$5"]
    firsts = {word: pieces.encode([word])[0][0] for word in known}
    counts = {word: len(pieces.encode([word])[0]) for word in known}
    chosen = [draw.choice(known, count).tolist() for count in (0, 1, 5, 40, 300, 2_000)]
    examples = []
    for words in chosen:
        places = np.cumsum([0, *(len(word) + 1 for word in words)])
        pairs = zip(places[:-1].tolist(), words, strict=True)
        where = tuple((place, place + len(word)) for place, word in pairs)
        examples.append(Example(" ".join(words), "made up", words=where))
    store = stores.tokenize(examples, pieces, Shape(64, long, asks="words"))
    for row, words in enumerate(chosen):
        asked = []
        for window in range(store.starts[row], store.starts[row + 1]):
            part = slice(*store.asked_borders[window : window + 2])
            ids = store.window(window)[store.asked[part]]
            asked += store.items[part].tolist()
            assert [firsts[words[item]] for item in store.items[part]] == ids.tolist()
        assert len(set(asked)) == len(asked)
        before = np.cumsum([0, *(counts[word] for word in words)])[:-1]  # pieces before each word
        total, room = sum(counts[word] for word in words), 62
        inside = {
            "head": before < room,
            "tail": before >= total - room,
            "head+tail": (before < 31) | (before >= total - 31),
            "window": before >= 0,
        }[long] | (total <= room)
        assert sorted(asked) == np.flatnonzero(inside).tolist()


def test_words_that_no_window_shows_count_as_missed(pieces):
    draw = np.random.default_rng(2)
    task = registry.make("tags", LABELS)
    examples = [
        Example(item.text, item.origin, words=item.words, label=tuple(draw.choice(LABELS, size)))
        for item in sentences(draw, 12, most=300)
        for size in [len(item.words)]
    ]
    store = stores.tokenize(examples, pieces, Shape(32, "head", asks="words"))
    targets = np.concatenate([task.target(example) for example in examples])
    scores = scores_of(task, store, draw, targets)
    truth = [list(example.label) for example in examples]
    given, unshown = [], 0
    for row, prediction in enumerate(task.predictions(scores, examples)):
        shown = store.shown(row)
        unshown += int((~shown).sum())
        given.append([tag if seen else "O" for tag, seen in zip(prediction.labels, shown)])  # noqa: B905
    assert unshown > 200
    report = task.judge(scores, examples)
    assert report["f1"] == pytest.approx(peer.f1_score(truth, given))
    assert report["recall"] == pytest.approx(peer.recall_score(truth, given))
    assert report["words"] == len(targets)


@pytest.mark.parametrize("labels", [("DET", "NOUN", "VERB"), ("DET", "NOUN", "O")])
def test_of_single_words_too_what_is_not_shown_is_wrong(labels):
    task = registry.make("tags", labels)
    assert task.main_metric == "accuracy"
    logits = np.array([[9, 0, 0], [np.nan] * 3], np.float32)
    probabilities = task.probabilities(logits)
    decided = task.decide(probabilities, task.default_decision())
    example = Example("a b", "x:1", words=((0, 1), (2, 3)), label=("DET", "DET"))
    borders = np.array([0, 2])
    scores = Scores(logits, probabilities, decided, np.array([0, 0]), borders)
    assert task.judge(scores, [example])["accuracy"] == 0.5
    assert len(next(iter(task.predictions(scores, [example]))).labels) == 2


FITTING = {
    "single": [("single", ("a", "b")), "texts", {}],
    "number": [("number", ("a", "b")), "texts", {"pair": "the very warm meal"}],
    "tags": [("tags", LABELS), "words", {}],
    "answers": [("answers", ()), "answers", {"pair": "the meal was very cold a day"}],
}


@pytest.mark.parametrize("case", FITTING)
def test_a_window_of_one_equals_no_window(case, tiny_base):
    made, asks, more = FITTING[case]
    task = registry.make(*made)
    tokenizer = tokenizers.load(str(tiny_base))
    encoder = load.load(
        str(tiny_base),
        model_class=task.model_class,
        config=task.config(),
        per_token=asks != "texts",
    )
    encoder.pool_as("likely" if asks == "answers" else "mean", 2)
    words = ("good film " * 20).split()
    examples = [
        Example(text, "x", words=ends_of(text), **more)
        for count in (0, 1, 2, 7, 30, 40)
        for text in [" ".join(words[:count])]
    ]
    logits = []
    for long in WAYS:
        store = stores.tokenize(examples, tokenizer, Shape(64, long, asks=asks))
        assert store.windows.tolist() == [1] * len(examples)
        rows = np.arange(len(examples))
        decision = task.default_decision()
        logits.append(evaluate.score(encoder, task, store, rows, decision=decision).logits)
    for other in logits[1:]:
        np.testing.assert_array_equal(logits[0], other)
    assert not np.isnan(logits[0]).any()


def ends_of(text):
    return tuple(match.span() for match in re.finditer(r"\S+", text))


@pytest.mark.parametrize("how", ["mean", "max", "learned", "likely"])
def test_one_window_among_several_is_pooled_to_itself(how):
    draw = torch.Generator().manual_seed(0)
    answers = torch.randn(7, 3, generator=draw) * 30
    items = Items((1, 1, 1), torch.tensor([0, 1, 1, 1, 1, 1, 2]))
    found = pooling.pool(answers, items, how, torch.tensor([-1.0, 0.0, 2.0]))
    assert torch.equal(found[[0, 2]], answers[[0, 6]])
    assert (found[1] <= answers[1:6].amax(0) + 1e-5).all()
    assert (found[1] >= answers[1:6].mean(0) - 1e-4).all()


@pytest.mark.parametrize("how", ["mean", "max", "learned", "likely"])
def test_what_no_window_shows_leaves_the_gradient_alone(how):
    answers = torch.randn(2, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    sharpness = torch.zeros(3, requires_grad=True)
    found = pooling.pool(answers, Items((1, 1), torch.tensor([1, 1])), how, sharpness)
    assert found[0].isnan().all()
    found[1].sum().backward()
    assert answers.grad.isfinite().all()
    assert sharpness.grad is None or sharpness.grad.isfinite().all()


def questions(draw, number):
    for row in range(number):
        count = int(draw.choice([0, 1, 2, 10, 60, 400]))
        yield Example(text_of(draw, 3)[0], f"made up:{row}", pair=text_of(draw, count)[0])


@pytest.mark.parametrize(("may_be_none", "long"), crossed([False, True], WAYS))
@pytest.mark.first(2)
def test_predicted_answers_are_parts_of_the_passage(long, may_be_none, pieces):
    draw = np.random.default_rng(5)
    examples = list(questions(draw, 125))
    store = stores.tokenize(examples, pieces, Shape(64, long, asks="answers"))
    task = registry.make("answers", (), {"may_be_none": may_be_none})
    scores = scores_of(task, store, draw)
    some = 0
    for example, prediction in zip(examples, task.predictions(scores, examples), strict=True):
        passage = example.pair
        found = prediction.entities
        for answer in found:
            assert passage[answer.start : answer.end] == answer.text
            assert answer.text == answer.text.strip() != ""
            for word in re.finditer(r"[A-Za-z0-9ßéÉ]+", passage):
                assert not word.start() < answer.start < word.end(), answer
                assert not word.start() < answer.end < word.end(), answer
        chances = [answer.score for answer in found]
        assert chances == sorted(chances, reverse=True)
        assert sum(chances) + prediction.scores.get("none", 0.0) <= 1 + 1e-9
        assert len({(answer.start, answer.end) for answer in found}) == len(found) <= 5
        if prediction.labels:
            assert prediction.labels == (found[0].text,)
            cells = dict(zip(task.columns(), task.cells(prediction), strict=True))
            start = int(cells["answer_start", False])
            assert passage[start:].startswith(cells["answer", False])
        else:
            assert may_be_none or not found
        some += bool(prediction.labels)
    assert some > 50


def test_answers_lie_neither_in_the_question_nor_in_what_is_not_shown(pieces):
    examples = [Example("where is it?", "x", pair="Rome " * 200 + "Paris")]
    store = stores.tokenize(examples, pieces, Shape(32, "head", asks="answers"))
    task = registry.make("answers", ())
    scores = scores_of(task, store, np.random.default_rng(0))
    unshown = ~store.shown(0)
    assert unshown.sum() > 100
    assert not scores.probabilities[unshown].any()
    assert scores.probabilities.sum(axis=0) == pytest.approx([1, 1])
    assert len(scores.probabilities) == 202  # none, and a token for each word


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 1_000_000), st.integers(1, 14), st.integers(1, 20), st.integers(1, 9))
def test_the_likeliest_answers_are_those_of_all_that_can_be(seed, items, longest, count):
    chances = np.random.default_rng(seed).random((items, 2)) ** 4
    chances[np.random.default_rng(seed + 1).random((items, 2)) < 0.2] = 0
    every = {
        (one, two): chances[one, 0] * chances[two, 1]
        for one in range(1, items)
        for two in range(one, min(items, one + longest))
    }
    nothing = chances[0, 0] * chances[0, 1]
    places, found, none = ends.likeliest(chances, longest=longest, count=count)
    total = sum(every.values()) + nothing
    if total:
        expected = sorted((chance / total for chance in every.values() if chance), reverse=True)
        assert found == pytest.approx(expected[:count])
        assert none == pytest.approx(nothing / total)
    for place, chance in zip(places.tolist(), found.tolist(), strict=True):
        assert chance == pytest.approx(every[tuple(place)] / total)
    assert len({tuple(place) for place in places.tolist()}) == len(places) == len(found)


@pytest.mark.parametrize(
    ("passage", "part", "whole"),
    [
        ("in Amazonia, 1973-74", "mazo", "Amazonia"),
        ("in Amazonia, 1973-74", "973", "1973"),
        ("in Amazonia, 1973-74", ", 19", ", 1973"),
        ("in Amazonia, 1973-74", "in Amaz", "in Amazonia"),
        ("in Amazonia, 1973-74", " Amazonia", "Amazonia"),
        ("in Amazonia, 1973-74", " ", ""),
        ("in Amazonia, 1973-74", "", ""),
        ("un e\u0301te\u0301 long", "te", "e\u0301te\u0301"),
        ("snake_case", "case", "snake_case"),
        ("東京都", "京", "京"),
        ("서울에서", "서울", "서울"),
        ("don't", "don", "don"),
        ("$5.00", "5", "5"),
    ],
)
def test_answers_are_extended_to_whole_words(passage, part, whole):
    start = passage.index(part)
    first, end = ends.whole_words(passage, start, start + len(part))
    assert passage[first:end] == whole


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([0.1, 3.0, 200.0]))
def test_a_fitted_threshold_decides_as_it_was_fitted(seed, spread):
    draw = np.random.default_rng(seed)
    task = registry.make("answers", (), {"may_be_none": True})
    sizes = draw.integers(1, 9, 12)
    borders = np.concatenate([[0], np.cumsum(sizes)])
    words = [[(4 * place, 4 * place + 3) for place in range(size - 1)] for size in sizes]
    parts = np.concatenate([np.array([(0, 0), *places]).reshape(-1, 2) for places in words])
    examples = []
    for places in words:
        passage = "".join(f"w{number:02} " for number in range(len(places)))
        chosen = places[int(draw.integers(len(places)))] if places and draw.random() < 0.6 else None
        answers = () if chosen is None else (Answer(passage[slice(*chosen)], chosen[0]),)
        examples.append(Example("q", "x", pair=passage, answers=answers))
    logits = draw.normal(0, spread, (borders[-1], 2)).astype(np.float32)
    probabilities = task.probabilities(logits, borders)

    def f1_at(decision):
        decided = task.decide(probabilities, decision, borders)
        scores = Scores(logits, probabilities, decided, None, borders, parts.astype(np.int32))
        return task.judge(scores, examples)["f1"]

    always = task.decide(probabilities, Decision("answer", {"none": 1.0}), borders)
    scores = Scores(logits, probabilities, always, None, borders, parts.astype(np.int32))
    fitted = task.decision(scores, examples)
    assert fitted.fitted == any(not example.answers for example in examples)
    if fitted.fitted:
        assert 0 <= fitted.thresholds["none"] <= 1
        tried = [f1_at(Decision("answer", {"none": bar})) for bar in np.linspace(0, 1, 41)]
        assert f1_at(fitted) >= max(tried) - 1e-9


def test_targets_of_answers_are_the_tokens_that_show_them(pieces):
    draw = np.random.default_rng(3)
    examples = []
    for number in range(100):
        passage, places = text_of(draw, 120)
        first, last = np.sort(draw.integers(0, 120, 2)).tolist()
        start, end = places[first][0], places[last][1]
        answer = Answer(passage[start:end], start)
        examples.append(Example("what is it?", f"x:{number}", pair=passage, answers=(answer,)))
    task = registry.make("answers", ())
    store = stores.tokenize(examples, pieces, Shape(96, "window", asks="answers"))
    raw = np.stack([task.target(example) for example in examples])
    settled = lengths.to_items(raw, store)
    probabilities = np.zeros((int(store.item_borders[-1]), 2))
    probabilities[store.item_borders[:-1, None] + settled, [0, 1]] = 1
    given = task.decide(probabilities, Decision("answer"), store.item_borders)
    wide = registry.make("answers", (), {"longest": 10_000})
    given = wide.decide(probabilities, Decision("answer"), store.item_borders)
    np.testing.assert_array_equal(given, settled)
    scores = Scores(probabilities, probabilities, given, None, store.item_borders, store.spans)
    assert wide.judge(scores, examples)["f1"] > 0.98  # what has no token cannot be shown
    assert (
        wide.judge(scores, examples)["f1"]
        == spans.judge(
            [next(iter(item.labels), "") for item in wide.predictions(scores, examples)],
            [[answer.text for answer in item.answers] for item in examples],
        )["f1"]
    )
