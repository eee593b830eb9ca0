from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_estimators import SETTINGS, fitted, small

from textune.decisions.rule import Decision
from textune.sklearn import MultiLabelTextClassifier, TextClassifier, decided
from textune.tasks import registry

DRAWN = np.random.default_rng(0)
RULES_OF_CLASSES = {
    "argmax": Decision("argmax"),
    "threshold": Decision("threshold", {"a": 0.2, "b": 0.5, "c": 0.3}),
    "cost": Decision("cost", costs=((0.0, 1.0, 5.0), (2.0, 0.0, 1.0), (1.0, 1.0, 0.0))),
}
BARS = {"a": 0.2, "b": 0.5, "c": 0.7}
RULES_OF_LABELS = {
    "threshold": Decision("threshold", BARS),
    "top 1": Decision("top", BARS, top=1),
    "top 2": Decision("top", BARS, top=2),
    "top 3": Decision("top", BARS, top=3),
}


@pytest.mark.parametrize("rule", RULES_OF_CLASSES.values(), ids=RULES_OF_CLASSES.keys())
def test_the_class_with_most_for_it_is_that_of_the_rule(rule, tiny_base):
    card = replace(fitted(TextClassifier, tiny_base).model_.card(), labels=tuple("abc"))
    task = registry.make("single", card.labels)
    chances = DRAWN.dirichlet([1, 1, 1], size=200)  # of a, b, c
    order = [2, 0, 1]  # of the classes, as the estimator has them
    card = replace(card, decision=rule)
    found = decided.of_classes(chances[:, order], tuple("cab"), card)
    assert (np.asarray(order)[found.argmax(axis=1)] == task.decide(chances, rule)).all()


@pytest.mark.parametrize("rule", RULES_OF_LABELS.values(), ids=RULES_OF_LABELS.keys())
def test_the_labels_from_0_on_are_those_of_the_rule(rule, tiny_base):
    card = replace(fitted(MultiLabelTextClassifier, tiny_base).model_.card(), labels=tuple("abc"))
    task = registry.make("multi", card.labels)
    chances = DRAWN.uniform(size=(200, 3))
    card = replace(card, decision=rule)
    found = decided.of_labels(chances, card.labels, card)
    assert ((found >= 0) == task.decide(chances, rule)).all()
    assert np.isfinite(decided.of_labels(np.asarray([[0.0, 1.0, 0.5]]), card.labels, card)).all()


def test_an_undecided_text_has_the_class_that_is_likeliest(reviews, tiny_base):
    frame = pd.read_csv(reviews)
    y = frame["label"].where(frame.index % 5 > 0, "bad")  # some are wrong
    settings = (*SETTINGS, "decision.abstain=0.9")
    model = small(TextClassifier, tiny_base).set_params(settings=settings).fit(frame["text"], y)
    known = model.model_.predict(frame["text"].tolist(), "auto", "auto")
    assert 0 < sum(each.undecided for each in known) < len(known)
    found = model.predict(frame["text"])
    assert (found == model.classes_[model.predict_proba(frame["text"]).argmax(axis=1)]).all()
