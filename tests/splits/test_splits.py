import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from textune.errors import DataError, SettingsError
from textune.records import Example, Split
from textune.splits.splits import balance, class_weights, positive_weights, split
from thinning import examples


def texts(labels, *, groups=None, same=None):
    return [
        Example(
            text=f"text {n}" if same is None else same[n],
            origin=f"a.csv:{n + 2}",
            label=label,
            group=None if groups is None else groups[n],
        )
        for n, label in enumerate(labels)
    ]


def parts(found: Split):
    return [part.tolist() for part in (found.train, found.valid, found.test)]


def random_multi(n, c, seed=0):
    rng = np.random.default_rng(seed)
    hits = rng.random((n, c)) < rng.beta(0.4, 5, c)
    return [tuple(f"l{k}" for k in np.flatnonzero(row)) for row in hits]


labelled = st.lists(
    st.one_of(
        st.sampled_from(["a", "b", "c"]),
        st.lists(st.sampled_from(["x", "y", "z"]), unique=True).map(tuple),
    ),
    min_size=4,
    max_size=60,
)


@settings(deadline=None, max_examples=examples(60))
@given(labelled, st.integers(0, 5), st.sampled_from([0.0, 0.2]))
def test_every_text_is_in_exactly_one_part_and_twice_the_same(labels, seed, test_share):
    examples = texts([*labels, *["a"] * 20])
    first = split(examples, test_share=test_share, seed=seed)
    assert sorted(n for part in parts(first) for n in part) == list(range(len(examples)))
    assert parts(first) == parts(split(examples, test_share=test_share, seed=seed))
    assert all(part == sorted(part) for part in parts(first))
    assert len(first.valid) == round(len(examples) * 0.1)
    assert len(first.test) == round(len(examples) * test_share)
    assert first.train.dtype == np.int64


def test_another_seed_gives_another_split():
    examples = texts(["a", "b"] * 100)
    assert parts(split(examples, seed=1)) != parts(split(examples, seed=2))


@pytest.mark.parametrize("counts", [(700, 300), (997, 2, 1), (50, 30, 20, 7, 3), (4,) * 15])
def test_each_class_is_held_out_in_proportion(counts):
    labels = [f"c{k}" for k, count in enumerate(counts) for _ in range(count)]
    found = split(texts(labels), valid_share=0.2)
    held = Counter(labels[n] for n in found.valid)
    for k, count in enumerate(counts):
        assert abs(held[f"c{k}"] - 0.2 * count) < 1
    assert len(found.valid) == round(0.2 * len(labels))


def test_a_class_with_one_text_stays_in_training():
    for seed in range(10):
        found = split(texts(["a"] * 30 + ["once"]), valid_share=0.4, test_share=0.4, seed=seed)
        assert 30 in found.train


def test_training_keeps_a_text_of_each_label_even_when_most_is_held_out():
    labels = [f"c{n % 5}" for n in range(20)]
    for seed in range(10):
        found = split(texts(labels), valid_share=0.5, test_share=0.25, seed=seed)
        assert {labels[n] for n in found.train} == set(labels)


def test_several_labels_are_held_out_in_proportion_with_exact_sizes():
    labels = random_multi(5000, 12)
    found = split(texts(labels), valid_share=0.1, test_share=0.1)
    total = Counter(name for names in labels for name in names)
    assert (len(found.valid), len(found.test)) == (500, 500)
    for part in (found.valid, found.test):
        held = Counter(name for n in part for name in labels[n])
        assert all(abs(held[name] - 0.1 * total[name]) <= 1 for name in total)


@pytest.mark.exhaustive
def test_a_large_file_with_many_labels_is_split_in_seconds():
    examples = texts(random_multi(100_000, 28))
    began = time.process_time()
    split(examples)
    assert time.process_time() - began < 15


def test_equal_texts_stay_on_one_side_whatever_blanks_surround_them():
    same = [f"{' ' * (n % 3)}text {n // 4}\n" for n in range(400)]
    found = split(texts(["a", "b"] * 200, same=same), test_share=0.1)
    sides = [{same[n].strip() for n in part} for part in parts(found)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert (len(found.valid), len(found.test)) == (40, 40)


def test_equal_first_texts_of_different_pairs_may_part():
    pairs = [Example("same", f"a.csv:{n}", pair=f"other {n}", label="a") for n in range(20)]
    assert len(split(pairs).valid) == 2


def test_groups_stay_together_and_keep_size_and_proportion():
    rng = np.random.default_rng(0)
    groups = [f"g{n}" for n in rng.integers(0, 300, 5000)]
    labels = ["yes" if rng.random() < 0.2 else "no" for _ in groups]
    found = split(texts(labels, groups=groups))
    assert not {groups[n] for n in found.train} & {groups[n] for n in found.valid}
    assert 475 <= len(found.valid) <= 525
    share = np.mean([labels[n] == "yes" for n in found.valid])
    assert abs(share - np.mean([label == "yes" for label in labels])) < 0.01


def test_a_text_that_two_groups_share_ties_them_together():
    groups = ["a"] * 5 + ["b"] * 5 + [f"g{n}" for n in range(40)]
    same = [f"text {n}" for n in range(50)]
    same[0] = same[9] = "hello"
    for seed in range(10):
        found = split(texts(["x"] * 50, groups=groups, same=same), valid_share=0.3, seed=seed)
        assert len({n in set(found.valid.tolist()) for n in range(10)}) == 1


def test_rows_without_a_group_or_a_text_are_not_tied_to_each_other():
    examples = texts(["x"] * 50, groups=[""] * 50, same=[""] * 50)
    assert len(split(examples).valid) == 5


@pytest.mark.parametrize("shares", [(-0.1, 0.0), (1.0, 0.0), (0.1, 1.5), (float("nan"), 0.0)])
def test_a_share_out_of_range_is_refused(shares):
    with pytest.raises(SettingsError, match=r"share is .*; allowed: at least 0 and below 1"):
        split(texts(["a"] * 10), valid_share=shares[0], test_share=shares[1])


def test_shares_that_leave_no_training_text_are_refused():
    with pytest.raises(SettingsError, match=r"valid_share 0.5 and test_share 0.5 leave nothing"):
        split(texts(["a"] * 10), valid_share=0.5, test_share=0.5)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_texts_are_refused_with_the_way_out(rows):
    with pytest.raises(DataError, match=rf"too few texts to split \({rows}\).*2 are.*--valid"):
        split(texts(["a"] * rows))


@pytest.mark.parametrize(
    "examples",
    [texts(list("abcdef")), texts(["a"] * 6, groups=["g"] * 6)],
    ids=["all labels differ", "one group"],
)
def test_nothing_left_to_hold_out_is_refused_with_the_reason(examples):
    with pytest.raises(DataError, match=r"a\.csv: nothing is left for validation: .*\(--valid\)"):
        split(examples)


@pytest.mark.parametrize(
    ("origin", "said"), [("a.csv:{}", "a.csv"), ("row {}", "data frame"), ("{}.xml", "files")]
)
def test_what_is_refused_is_named_for_what_it_is(origin, said):
    held = [Example(f"text {n}", origin=origin.format(n), label=f"{n}") for n in range(2)]
    with pytest.raises(DataError, match=rf"^{said}: nothing is left for validation"):
        split(held)


def test_equal_texts_alone_are_refused_in_their_own_words():
    with pytest.raises(
        DataError, match=r"a\.csv: all 6 texts are the same: nothing in them .*--text"
    ):
        split(texts(["a"] * 6, same=["x"] * 6))


def test_two_texts_of_a_class_are_enough():
    assert parts(split(texts(["a", "a"])))[1] in ([0], [1])


def test_no_held_out_part_on_request():
    found = split(texts(["a", "b"]), valid_share=0)
    assert parts(found) == [[0, 1], [], []]


def test_balance_keeps_each_labelled_text_and_a_sample_of_the_others():
    labels = [("x",) if n % 10 == 0 else () for n in range(1000)]
    train = np.arange(0, 900)
    for number, kept in ((50, 50), (0.5, 45), (1.0, 90), (0, 0), (10_000, 810)):
        found = balance(texts(labels), train, unlabelled=number)
        assert sum(labels[n] == () for n in found) == kept
        assert sum(labels[n] == ("x",) for n in found) == 90
        assert found.max() < 900
        assert (np.diff(found) > 0).all()
        assert found.dtype == np.int64


def test_balance_changes_nothing_unasked_and_depends_on_the_seed_alone():
    examples, train = texts([()] * 50 + [("x",)] * 50), np.arange(5, 95)
    assert balance(examples, train).tolist() == train.tolist()
    one, two, three = (balance(examples, train, unlabelled=9, seed=s).tolist() for s in (1, 1, 2))
    assert one == two != three


def test_balance_cuts_a_class_down():
    labels = ["many"] * 500 + ["few"] * 20
    found = balance(texts(labels), np.arange(520), most_per_class=100)
    assert Counter(labels[n] for n in found) == {"many": 100, "few": 20}


def test_balance_keeps_a_rare_label_that_comes_with_a_frequent_one():
    labels = [("toxic",)] * 500 + [("toxic", "threat")] * 5
    found = balance(texts(labels), np.arange(505), most_per_class=50)
    held = Counter(name for n in found for name in labels[n])
    assert held == {"toxic": 50, "threat": 5}


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf")])
def test_balance_refuses_an_impossible_number(number):
    with pytest.raises(SettingsError, match=r"unlabelled is .*; allowed: a number of texts above"):
        balance(texts([()]), np.arange(1), unlabelled=number)


def test_balance_refuses_classes_of_no_text():
    with pytest.raises(SettingsError, match="most_per_class is 0; allowed: 1 or more"):
        balance(texts(["a"]), np.arange(1), most_per_class=0)


def test_balance_refuses_to_leave_nothing():
    with pytest.raises(DataError, match=r"a\.csv: balancing leaves no training text.*unlabelled"):
        balance(texts([()] * 5), np.arange(5), unlabelled=0)


def test_class_weights_are_scikit_learns():
    truth = np.array([0] * 70 + [1] * 20 + [2] * 10)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    assert class_weights(np.bincount(truth)) == pytest.approx(expected)
    assert class_weights(np.array([70, 0, 30])) == pytest.approx([100 / 140, 1, 100 / 60])


def test_positive_weights_are_negatives_over_positives_within_bounds():
    counts = np.array([50, 10, 0, 1, 100_000])
    total = np.array([100, 100, 100, 100_000, 100_000])
    assert positive_weights(counts, total).tolist() == [1.0, 9.0, 1.0, 100.0, 0.01]
    assert positive_weights(np.array([20]), 100, most=3).tolist() == [3.0]
