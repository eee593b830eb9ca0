"""Words and pairs of words weigh what scikit-learn's TfidfVectorizer gives them."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from textune.metrics import logistic, terms

TEXTS = [
    "A fine film, a FINE cast.",
    "a dull film",
    "Dull? dull!",
    "",
    "İstanbul is fine",
    "a b a b",
]


def theirs(learnt, judged, **how):
    model = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]", **how
    )
    return model.fit_transform(learnt).toarray(), model.transform(judged).toarray()


def same(found, wanted):
    """Compare likenesses of texts, which do not mind the order of terms."""
    np.testing.assert_allclose((found @ found.T).toarray(), wanted @ wanted.T, atol=1e-12)


def test_terms_weigh_as_scikit_learn_has_them():
    learnt, judged = np.asarray([0, 1, 2, 3]), np.asarray([4, 5, 0])
    found = terms.weigh(terms.counts(TEXTS), learnt, judged)
    wanted = theirs([TEXTS[row] for row in learnt], [TEXTS[row] for row in judged])
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        same(one, other)


def test_the_most_frequent_of_very_many_terms_are_kept(monkeypatch):
    monkeypatch.setattr(terms, "MOST_TERMS", 2)
    texts = ["x x x y y", "x y z", "y"]
    learnt, judged = terms.weigh(terms.counts(texts), np.arange(3), np.asarray([1]))
    wanted = theirs(texts, texts[1:2], max_features=2)
    same(learnt, wanted[0])
    same(judged, wanted[1])


def test_no_word_and_nothing_to_judge_give_nothing():
    counted = terms.counts(["", " ", "a"])
    assert terms.weigh(counted, np.asarray([0, 1]), np.asarray([2])) is None
    assert terms.weigh(counted, np.asarray([2]), np.zeros(0, dtype=np.int64)) is None


def test_joining_the_terms_of_single_texts_leaves_a_layers_answers_as_they_are():
    texts = [
        "a fine film",
        "a dull film",
        "fine and dull",
        "dull cast",
        "fine cast",
        "odd xylophone",
    ]
    truth = np.asarray([1.0, 0, 1, 0, 1, 0])[:, None]
    counted = terms.counts([*texts, "odd film", "a cast and a xylophone"])
    plain = terms.weigh(counted, np.arange(6), np.asarray([6, 7]))
    joined = terms.folded(*plain)
    assert joined[0].shape[1] < plain[0].shape[1]
    same(joined[0], plain[0].toarray())
    answers = []
    for learnt, judged in (plain, joined):
        how = {"strength": 10.0, "exclusive": False, "tolerance": 1e-9}
        layer = logistic.fit(learnt, truth, np.ones((6, 1)), **how)
        answers.append(logistic.chances(judged, layer, exclusive=False))
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-6)
