"""Every token of the text is in one passage of each pass, beside tokens of its own document."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_language import documents_of
from textune.errors import DataError
from textune.text import passages
from textune.text.passages import IS_NEXT, NO_TARGET, NOT_NEXT
from thinning import examples

VOCABULARY = 120
SOME = np.arange(VOCABULARY) % 3 > 0  # most pieces begin a word
RARE = np.arange(VOCABULARY) < 2  # few do: a word has sixty pieces
ALL = np.ones(VOCABULARY, dtype=bool)

paragraphs = st.lists(st.lists(st.integers(0, 500), max_size=4), min_size=1, max_size=6)
sentences = st.lists(st.lists(st.integers(0, 90), max_size=22), min_size=2, max_size=9)
heads_of = st.sampled_from([SOME, RARE, ALL])
rooms = st.sampled_from([16, 61, 126, 510])


def document_spans(documents, chosen):
    """Return where each chosen document begins and ends, in tokens."""
    starts = [0, *(np.flatnonzero(np.diff(documents.owners)) + 1), len(documents.owners)]
    tokens = documents.borders[starts].tolist()
    return {owner: (tokens[owner], tokens[owner + 1]) for owner in chosen.tolist()}


def drawn(draw, count):
    """Draw some of so many documents, in any order, at least two if there are."""
    order = draw(st.permutations(range(count)))
    return np.asarray(order[: draw(st.integers(min(count, 2), count))], dtype=np.int64)


@given(sizes=paragraphs, word_starts=heads_of, room=rooms, seed=st.integers(0, 99), data=st.data())
@settings(max_examples=examples(100), deadline=None)
def test_passages_hold_each_token_of_the_chosen_documents_once(
    sizes, word_starts, room, seed, data
):
    documents = documents_of(sizes, seed=seed)
    chosen = drawn(data.draw, documents.count)
    found = passages.whole(documents, chosen, word_starts, room=room)
    spans = document_spans(documents, chosen)
    joined = []
    for owner, (start, stop) in zip(found.owners.tolist(), found.first.tolist(), strict=True):
        assert 0 < stop - start <= room
        if joined and joined[-1][0] == owner:
            assert joined[-1][2] == start
            joined[-1] = (owner, joined[-1][1], stop)
        else:
            joined.append((owner, start, stop))
    assert joined == [(owner, *spans[owner]) for owner in chosen.tolist()]
    assert not np.diff(found.second).any()
    assert set(found.nsp_labels.tolist()) <= {NO_TARGET}


@given(sizes=paragraphs, word_starts=heads_of, room=rooms, seed=st.integers(0, 99))
@settings(max_examples=examples(100), deadline=None)
def test_a_passage_ends_before_a_word_if_one_begins_within_32_tokens(
    sizes, word_starts, room, seed
):
    documents = documents_of(sizes, seed=seed)
    found = passages.whole(documents, np.arange(documents.count), word_starts, room=room)
    for (start, cut), owner, after in zip(
        found.first.tolist(), found.owners[:-1], found.owners[1:], strict=False
    ):
        if owner == after and not word_starts[documents.ids[cut]]:
            assert not word_starts[documents.ids[max(start + 1, cut - 32) : cut]].any()


@given(sizes=paragraphs, room=rooms)
@settings(max_examples=examples(100), deadline=None)
def test_where_every_piece_is_a_word_a_document_has_as_few_alike_passages_as_hold_it(sizes, room):
    documents = documents_of(sizes)
    chosen = np.arange(documents.count)
    found = passages.whole(documents, chosen, ALL, room=room)
    for owner, (start, stop) in document_spans(documents, chosen).items():
        lengths = np.diff(found.first[found.owners == owner])[:, 0]
        assert len(lengths) == 1 + (stop - start - 1) // room
        assert np.ptp(lengths) <= 1


def test_a_cut_moves_back_to_the_nearest_beginning_of_a_word():
    documents = documents_of([[100]], first=2, last=3)  # a single piece that begins no word
    documents.ids[[20, 45, 60]] = 1  # the words: 0-19, 20-44, 45-59, 60-99
    found = passages.whole(documents, np.arange(1), RARE, room=50)
    assert found.first.tolist() == [[0, 45], [45, 60], [60, 100]]


def test_lengths_count_the_special_tokens_around_one_part_and_two():
    documents = documents_of([[3, 4], [10], [2, 5]], last=VOCABULARY)
    runs = passages.pair_spans(documents, np.arange(3), ALL, room=40)
    found = passages.paired(runs, seed=0, epoch=0)
    plain = passages.whole(documents, np.arange(3), ALL, room=40)
    assert sorted(found.lengths((2, 3)).tolist()) == sorted([7 + 3, 10 + 2, 7 + 3])
    assert plain.lengths((2, 3)).tolist() == [9, 12, 9]


def pairs_of(sizes, *, room=61, seed=0, epoch=1, word_starts=SOME):
    documents = documents_of(sizes)
    runs = passages.pair_spans(documents, np.arange(documents.count), word_starts, room=room)
    return documents, passages.paired(runs, seed=seed, epoch=epoch)


@given(sizes=sentences, word_starts=heads_of, room=rooms, epoch=st.integers(0, 9), data=st.data())
@settings(max_examples=examples(100), deadline=None)
def test_the_two_parts_of_all_pairs_hold_each_token_once(sizes, word_starts, room, epoch, data):
    documents = documents_of([[1], [1], *sizes])
    chosen = drawn(data.draw, documents.count)
    runs = passages.pair_spans(documents, chosen, word_starts, room=room)
    found = passages.paired(runs, seed=3, epoch=epoch)
    parts = sorted(
        part for part in [*found.first.tolist(), *found.second.tolist()] if np.diff(part)
    )
    spans = sorted(document_spans(documents, chosen).values())
    borders = {place for span in spans for place in span}
    assert parts[0][0] == spans[0][0]
    assert parts[-1][1] == spans[-1][1]
    assert sum(stop - start for start, stop in parts) == sum(b - a for a, b in spans)
    for (_, stop), (start, _) in pairwise(parts):
        assert stop == start or {stop, start} <= borders
    assert found.lengths((0, 0)).max() <= room


@given(sizes=sentences, room=rooms, seed=st.integers(0, 99), epoch=st.integers(0, 9))
@settings(max_examples=examples(100), deadline=None)
def test_a_part_follows_in_its_document_or_is_of_another(sizes, room, seed, epoch):
    documents, found = pairs_of([[1, 1], [1], *sizes], room=room, seed=seed, epoch=epoch)
    spans = document_spans(documents, np.arange(documents.count))
    for first, second, nsp_labels, owner in zip(
        found.first.tolist(),
        found.second.tolist(),
        found.nsp_labels.tolist(),
        found.owners,
        strict=True,
    ):
        start, stop = spans[owner]
        assert start <= first[0] < first[1] <= stop
        if nsp_labels == NOT_NEXT:
            assert second[1] <= start or stop <= second[0]
            assert any(a <= second[0] < second[1] <= b for a, b in spans.values())
        elif nsp_labels == IS_NEXT:
            assert first[1] == second[0] < second[1] <= stop
        else:
            assert nsp_labels == NO_TARGET
            assert second[0] == second[1]


@given(sizes=sentences, seed=st.integers(0, 99), data=st.data())
@settings(max_examples=examples(100), deadline=None)
def test_sentences_that_fit_are_not_cut(sizes, seed, data):
    room = data.draw(st.sampled_from([180, 250, 510]))
    documents, found = pairs_of([[1], [1], *sizes], room=room, seed=seed)
    cuts = {*found.first.flat, *found.second.flat}
    assert cuts <= set(documents.borders.tolist())


@given(
    counts=st.lists(st.integers(1, 9), min_size=2, max_size=12),
    seed=st.integers(0, 999),
    epoch=st.integers(0, 9),
)
@settings(max_examples=examples(150), deadline=None)
def test_half_of_the_pairs_are_foreign_unless_a_document_has_more_than_half(counts, seed, epoch):
    """A document of n pairs has 2 n sentences, two of which fill the room."""
    found = pairs_of([[10] * 2 * count for count in counts], room=20, seed=seed, epoch=epoch)[1]
    total, largest = sum(counts), max(counts)
    assert np.bincount(found.owners).tolist() == counts
    foreign = int((found.nsp_labels == NOT_NEXT).sum())
    assert int((found.nsp_labels == IS_NEXT).sum()) == total - foreign
    if 2 * largest <= total:
        assert abs(foreign - total // 2) <= 1
    else:  # it gives no more than the others can take
        assert abs(foreign - (total - largest)) <= 2


def test_over_many_passes_each_pair_is_foreign_in_half_of_them():
    sizes = [[10] * 2 * count for count in (1, 1, 1, 2, 3, 5, 8)]
    nsp_labels = np.stack(
        [pairs_of(sizes, room=20, epoch=epoch)[1].nsp_labels for epoch in range(400)]
    )
    assert set(nsp_labels.flat) == {IS_NEXT, NOT_NEXT}
    assert (nsp_labels == NOT_NEXT).mean(axis=0) == pytest.approx(np.full(21, 0.48), abs=0.1)


@pytest.mark.parametrize("others", [[[5]], [[5], [5], [5]]])
def test_a_document_that_has_all_pairs_keeps_them(others):
    _, found = pairs_of([[10] * 40, *others], room=20)
    assert found.nsp_labels.tolist() == [IS_NEXT] * 20 + [NO_TARGET] * len(others)


def test_held_out_pairs_are_the_same_for_ever_and_others_new_in_each_pass():
    sizes = [[7, 5, 9, 4, 3, 8, 2, 6] * 3] * 4
    made = [pairs_of(sizes, epoch=epoch)[1] for epoch in (0, 0, 1, 1, 2)]
    both = [np.concatenate([found.first, found.second], axis=1).tolist() for found in made]
    assert both[0] == both[1]
    assert both[2] == both[3]
    assert both[0] != both[2] != both[4] != both[0]
    assert pairs_of(sizes, seed=1)[1].second.tolist() != made[2].second.tolist()


def test_stretches_are_parted_at_another_sentence_in_another_pass():
    sizes = [[5] * 6, [5] * 6]
    cuts = {pairs_of(sizes, room=40, epoch=epoch)[1].first[0, 1] for epoch in range(60)}
    assert cuts == {10, 15, 20}  # of 30 tokens no part may have more than 20


def test_one_document_has_no_foreign_sentences():
    with pytest.raises(DataError, match="next sentences need two documents at least, as half of"):
        pairs_of([[4, 5, 6]])


def test_taken_passages_are_those_that_were_named():
    _, found = pairs_of([[7, 5, 9, 4]] * 4)
    taken = found.take(np.asarray([2, 0]))
    assert len(taken) == 2
    assert taken.first.tolist() == found.first[[2, 0]].tolist()
    assert taken.second.tolist() == found.second[[2, 0]].tolist()
    assert taken.nsp_labels.tolist() == found.nsp_labels[[2, 0]].tolist()
    assert taken.owners.tolist() == found.owners[[2, 0]].tolist()
