import itertools
import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval import metrics as peer
from sklearn import metrics as sk

from textune.metrics import entities, intervals, metrics
from thinning import after, examples

IOB2 = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-my-type", "I-my-type"]
PLAIN = ["NN", "VBZ", "DT", "."]


def draw(seed, sentences=30, tags=IOB2, right=0.7):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 12, sentences)
    truth = [rng.choice(tags, n).tolist() for n in lengths]
    found = [
        [tag if rng.random() < right else str(rng.choice(tags)) for tag in sentence]
        for sentence in truth
    ]
    return truth, found


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-P", [("P", 0, 1)]),
        ("B-P I-P I-P", [("P", 0, 3)]),
        ("B-P B-P", [("P", 0, 1), ("P", 1, 2)]),
        ("I-P", [("P", 0, 1)]),
        ("O I-P I-P O", [("P", 1, 3)]),
        ("B-P I-L", [("P", 0, 1), ("L", 1, 2)]),
        ("I-P I-L I-L", [("P", 0, 1), ("L", 1, 3)]),
        ("B-P O I-P", [("P", 0, 1), ("P", 2, 3)]),
        ("I-P B-P I-P", [("P", 0, 1), ("P", 1, 3)]),
        ("B-a-b I-a-b I-a", [("a-b", 0, 2), ("a", 2, 3)]),
        ("B-O I-O O", [("O", 0, 2)]),
        ("B I O I B", [("_", 0, 2), ("_", 3, 4), ("_", 4, 5)]),
        ("B-P I B", [("P", 0, 1), ("_", 1, 2), ("_", 2, 3)]),
    ],
)
def test_entities_are_read_as_conlleval_does(tags, expected):
    assert entities.entities(tags.split()) == expected


@pytest.mark.parametrize("tag", ["NN", "B-", "E", "E-PER", "o", "", "O-PER"])
def test_a_tag_that_is_not_iob2_is_refused(tag):
    with pytest.raises(ValueError, match=f"tag {tag!r} is not IOB2"):
        entities.entities(["O", tag])
    assert entities.is_plain(["O", tag])


@settings(deadline=None)
@given(st.lists(st.sampled_from([*IOB2, "B", "I"]), max_size=15))
def test_entities_are_those_of_seqeval(tags):
    expected = [
        (kind, first, last + 1) for kind, first, last in peer.sequence_labeling.get_entities(tags)
    ]
    assert entities.entities(tags) == expected


@pytest.mark.parametrize("seed", after(40, range(200)))
def test_entity_scores_equal_seqeval(seed):
    truth, found = draw(seed, right=(seed % 10) / 10)
    report = entities.judge(truth, found)
    everything = peer.classification_report(truth, found, output_dict=True, zero_division=0)
    for key in ("precision", "recall", "f1"):
        name = key.replace("f1", "f1-score")
        assert report[key] == pytest.approx(everything["micro avg"][name])
        for kind, table in report["labels"].items():
            assert table[key] == pytest.approx(everything[kind][name])
    assert report["macro_f1"] == pytest.approx(everything["macro avg"]["f1-score"])
    assert report["accuracy"] == pytest.approx(peer.accuracy_score(truth, found))
    assert report["entities"] == everything["micro avg"]["support"]
    assert {kind: table["support"] for kind, table in report["labels"].items()} == {
        kind: everything[kind]["support"] for kind in ("LOC", "PER", "my-type")
    }
    assert (report["n"], report["words"]) == (30, sum(map(len, truth)))
    assert report["undefined"] == {}


@pytest.mark.parametrize("tags", [PLAIN, [*PLAIN, "O"]])
@pytest.mark.parametrize("seed", range(5))
def test_scores_of_plain_tags_equal_scikit_learn_over_words(seed, tags):
    truth, found = draw(seed, tags=tags)
    report = entities.judge(truth, found)
    words, given_words = (list(itertools.chain(*part)) for part in (truth, found))
    micro = sk.precision_recall_fscore_support(words, given_words, labels=PLAIN, average="micro")
    assert [report[key] for key in ("precision", "recall", "f1")] == pytest.approx(micro[:3])
    assert report["accuracy"] == pytest.approx(sk.accuracy_score(words, given_words))
    assert report["macro_f1"] == pytest.approx(
        sk.f1_score(words, given_words, labels=PLAIN, average="macro")
    )
    tables = sk.precision_recall_fscore_support(words, given_words, labels=PLAIN)
    for place, kind in enumerate(PLAIN):
        table = report["labels"][kind]
        keys = ("precision", "recall", "f1", "support")
        assert [table[key] for key in keys] == pytest.approx([part[place] for part in tables])
        assert table["predicted"] == given_words.count(kind)
    if "O" not in tags:
        assert report["f1"] == report["accuracy"]


def test_the_caller_may_say_that_tags_are_plain():
    truth, found = [["B-P", "I-P", "O"]], [["B-P", "O", "O"]]
    assert entities.judge(truth, found)["f1"] == 0.0
    assert entities.judge(truth, found, plain=True)["f1"] == pytest.approx(2 / 3)
    low, high = entities.intervals(truth, found, plain=True)["f1"]  # of one sentence
    assert low < 0.5 < 2 / 3 < 0.8 < high


UNDEFINED = {  # truth, found, numbers that are missing
    "no sentence": ([], [], {"precision", "recall", "f1", "macro_f1", "accuracy"}),
    "no word": ([[], []], [[], []], {"precision", "recall", "f1", "macro_f1", "accuracy"}),
    "no entity": ([["O"]], [["O"]], {"precision", "recall", "f1", "macro_f1"}),
    "none to find": ([["O"]], [["B-P"]], {"recall", "labels.P.recall"}),
    "none found": ([["B-P"]], [["O"]], set()),
    "none right": ([["B-P"]], [["B-L"]], {"labels.L.recall"}),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_what_is_undefined_is_none_and_says_why(case):
    truth, found, missing = UNDEFINED[case]
    report = entities.judge(truth, found)
    tables = {f"labels.{kind}.": table for kind, table in report["labels"].items()}
    for prefix, table in {"": metrics.headline(report) | {}, **tables}.items():
        none = {f"{prefix}{key}" for key, value in table.items() if value is None}
        assert none == {key for key in missing if key.rpartition(".")[0] == prefix.rstrip(".")}
    assert set(report["undefined"]) == missing
    assert set(entities.intervals(truth, found)) == {
        key for key, value in metrics.headline(report).items() if value is not None
    }
    json.dumps(report, allow_nan=False)


def test_precision_is_zero_where_nothing_was_found():
    report = entities.judge([["B-P", "O"]], [["O", "O"]])
    assert (report["precision"], report["recall"], report["f1"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("judge", [entities.judge, entities.intervals])
def test_every_word_needs_a_tag(judge):
    with pytest.raises(ValueError, match="2 sentences and 1 sentences"):
        judge([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match="sentence 1: 2 words, but 1 tags"):
        judge([["O"], ["O", "O"]], [["O"], ["O"]])


def test_intervals_are_those_of_drawing_the_sentences_again_and_again():
    truth, found = draw(3, sentences=60)
    spans, report = entities.intervals(truth, found), entities.judge(truth, found)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(500):
        rows = rng.integers(0, 60, 60)
        drawn.append(entities.judge([truth[row] for row in rows], [found[row] for row in rows]))
    assert set(spans) == set(metrics.headline(report))
    for key, (low, high) in spans.items():
        assert low < report[key] < high
        ends = np.quantile([sample[key] for sample in drawn], [0.025, 0.975])
        assert ends == pytest.approx([low, high], abs=0.2 * (high - low)), key
    assert spans == entities.intervals(truth, found) != entities.intervals(truth, found, seed=1)


def test_accuracy_of_words_that_are_all_right_is_not_said_to_be_sure():
    tags = [["DET", "NOUN", "VERB"]] * 20
    low, high = entities.intervals(tags, tags)["accuracy"]
    assert high == 1.0
    assert intervals.wilson(20, 20)[0] < low < intervals.wilson(60, 60)[0]  # few sentences
    assert entities.intervals(tags[:1], tags[:1])["accuracy"] == intervals.wilson(1, 1)


def test_words_of_sentences_that_are_right_or_wrong_as_a_whole_count_as_sentences():
    truth, found = [["A"] * 6] * 40, [["A"] * 6] * 30 + [["B"] * 6] * 10
    low, high = entities.intervals(truth, found)["accuracy"]
    near = intervals.wilson(30, 40)
    assert low < near[0] < near[1] < high  # the spread is estimated, too
    assert (low, high) == pytest.approx(near, abs=0.02)


def test_sentences_are_decoded_together_as_each_is_alone():
    draw = np.random.default_rng(7)
    sizes = draw.integers(0, 9, 300)
    borders = np.concatenate([[0], np.cumsum(sizes)])
    for labels in (IOB2, ["O", "B", "I"], PLAIN):
        probabilities = draw.random((borders[-1], len(labels)))
        together = entities.decode(probabilities, labels, borders)
        alone = [
            entities.decode(probabilities[first:end], labels)
            for first, end in itertools.pairwise(borders.tolist())
        ]
        assert together.tolist() == np.concatenate(alone).tolist()


def test_many_sentences_are_decoded_in_parts(monkeypatch):
    draw = np.random.default_rng(7)
    borders = np.array([0, 0, 30, 31, 60, 1060, 1062, 1062])
    probabilities = draw.random((1062, len(IOB2)))
    whole = entities.decode(probabilities, IOB2, borders)
    monkeypatch.setattr(entities, "BLOCK", 100)
    assert entities.decode(probabilities, IOB2, borders).tolist() == whole.tolist()


LABELS = ["I-L", "O", "B-P", "I-P", "B-L"]  # in no order


def allowed(tags):
    return all(
        tag[0] != "I" or before in (tag, f"B{tag[1:]}")
        for before, tag in zip(["O", *tags], tags, strict=False)
    )


@settings(deadline=None, max_examples=examples(200))
@given(st.integers(0, 1_000_000), st.integers(0, 5), st.sampled_from([0.3, 1, 5]))
def test_decoding_finds_the_likeliest_sequence_of_all(seed, words, sharpness):
    rng = np.random.default_rng(seed)
    probabilities = rng.random((words, 5)) ** sharpness
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    ids = entities.decode(probabilities, LABELS)
    assert (ids.shape, ids.dtype) == ((words,), np.int64)
    assert allowed([LABELS[number] for number in ids])
    best = max(
        np.log(probabilities[np.arange(words), list(places)]).sum()
        for places in itertools.product(range(5), repeat=words)
        if allowed([LABELS[number] for number in places])
    )
    assert np.log(probabilities[np.arange(words), ids]).sum() == pytest.approx(best)


@settings(deadline=None)
@given(st.integers(0, 1_000_000), st.integers(0, 40))
def test_decoded_entities_never_begin_inside(seed, words):
    probabilities = np.random.default_rng(seed).random((words, 7)).astype(np.float32)
    tags = [IOB2[number] for number in entities.decode(probabilities, IOB2)]
    begun = sum(tag.startswith("B-") for tag in tags)
    assert len(entities.entities(tags)) == begun


def test_decoding_changes_nothing_that_is_allowed():
    ids = [2, 3, 1, 4, 0, 0, 2]
    probabilities = np.full((7, 5), 0.1)
    probabilities[np.arange(7), ids] = 0.6
    assert entities.decode(probabilities, LABELS).tolist() == ids


def test_an_entity_that_the_model_is_sure_of_is_given_its_beginning():
    sure = [[0.5, 0.45, 0.05], [0.01, 0.01, 0.98]]  # O, B-P, I-P
    assert entities.decode(np.array(sure), ["O", "B-P", "I-P"]).tolist() == [1, 2]
    unsure = [[0.9, 0.05, 0.05], [0.4, 0.1, 0.5]]
    assert entities.decode(np.array(unsure), ["O", "B-P", "I-P"]).tolist() == [0, 0]


def test_probabilities_of_zero_are_decoded():
    ids = entities.decode(np.eye(3)[[2, 2, 0]], ["O", "B-P", "I-P"])
    assert ids.tolist() == [1, 2, 0]  # only one word is not what the model was sure of


def test_small_probabilities_are_told_apart():
    probabilities = np.array([[1e-90, 1e-60, 1.0], [1.0, 0.0, 0.0]])
    assert entities.decode(probabilities, ["O", "B-P", "I-P"]).tolist() == [1, 0]


def test_plain_tags_are_each_the_likeliest():
    probabilities = np.random.default_rng(0).random((50, 4))
    ids = entities.decode(probabilities, PLAIN)
    assert ids.tolist() == probabilities.argmax(axis=1).tolist()


@pytest.mark.exhaustive
def test_decoding_takes_time_in_proportion_to_the_words():
    rng = np.random.default_rng(0)
    seconds = []
    for words in (5_000, 20_000):
        probabilities = rng.random((words, 21))
        labels = ["O", *(f"{prefix}-{kind}" for kind in "abcdefghij" for prefix in "BI")]
        before = time.process_time()
        entities.decode(probabilities, labels)
        seconds.append(time.process_time() - before)
    assert seconds[0] < 2
    assert seconds[1] < 12 * seconds[0]


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (np.ones((2, 3)), ["O", "B-P"], r"expected \(W, 2\) probabilities, got \(2, 3\)"),
        (np.ones(2), ["O", "B-P"], r"got \(2,\)"),
        (np.ones((2, 0)), [], r"got \(2, 0\)"),
        (np.full((1, 3), np.nan), ["O", "B-P", "I-P"], "a probability is NaN"),
        (np.ones((1, 2)), ["O", "I-P"], "there is 'I-P', but no 'B-P'"),
    ],
)
def test_decoding_needs_a_probability_of_each_tag(probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        entities.decode(probabilities, labels)


@pytest.mark.parametrize(
    ("tags", "words", "asked", "expected"),
    [
        ([["B-L", "O"], ["O", "B-L"]], [["Rome", "is"], ["x", "Rome"]], "Rome is y", "B-L O O"),
        ([["B-P", "B-L", "B-L"]], [["May", "may", "May"]], "may May", "B-L B-L"),  # a tie of May
        ([["O", "B-P", "B-P"]], [["may", "May", "May"]], "May may MAY", "B-P O B-P"),
        ([["NN", "VB", "NN"]], [["a", "b", "c"]], "b z B", "VB NN VB"),
        ([["VB", "NN"]], [["a", "b"]], "z", "NN"),  # equally frequent
        ([], [], "z", "O"),
        ([["O"]], [["a"]], "", ""),
    ],
)
def test_the_baseline_gives_each_word_the_tag_it_most_often_had(tags, words, asked, expected):
    assert entities.baseline(tags, words, [asked.split()]) == [expected.split()]


def test_the_baseline_needs_a_tag_for_each_word():
    with pytest.raises(ValueError, match="sentence 0: 1 words, but 2 tags"):
        entities.baseline([["O", "O"]], [["a"]], [])


def read(path):
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    groups = itertools.groupby(lines, key=lambda cells: bool(cells[0].strip()))
    return [list(zip(*rows, strict=True)) for filled, rows in groups if filled]


def test_on_real_sentences_the_baseline_scores_as_seqeval_says(shared):
    train, valid = (
        read(shared / "wnut17" / name) for name in ("wnut17train.conll", "emerging.dev.conll")
    )
    truth = [list(tags) for _, tags in valid]
    found = entities.baseline(
        [tags for _, tags in train], [words for words, _ in train], [words for words, _ in valid]
    )
    report = entities.judge(truth, found)
    assert (report["n"], report["entities"]) == (1009, 836)
    assert report["f1"] == pytest.approx(peer.f1_score(truth, found))
    assert 0 < report["f1"] < 0.3
    low, high = entities.intervals(truth, found)["f1"]
    assert low < report["f1"] < high
