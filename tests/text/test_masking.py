"""What is masked is what was asked for: so many tokens, of the right kind, the same every time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import models, processors

from made_language import documents_of
from textune.encoder import bases
from textune.errors import ModelError
from textune.text import masking, passages, tokenizers
from textune.text.masking import Masking
from thinning import examples

MANY = 2_000_000
CLOSE = 0.002  # of all tokens, and of those chosen: 0.2 points
RULES = {
    "as BERT": {},
    "plain": {"mask_share": 1.0, "random_share": 0.0},
    "more": {"rate": 0.3},
    "other shares": {"rate": 0.5, "mask_share": 0.5, "random_share": 0.3},
    "random alone": {"mask_share": 0.0, "random_share": 1.0},
    "words": {"whole_words": True},
    "more words": {"whole_words": True, "rate": 0.3},
}


@pytest.fixture(scope="module")
def minilm():
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


@pytest.fixture(scope="module")
def usual(minilm):
    """Return BERT's rules; others are made by changing them."""
    return Masking.of(minilm)


@pytest.fixture(scope="module")
def tiny(tiny_base):
    return tokenizers.load(str(tiny_base))


@pytest.fixture(scope="module")
def text_of_all_pieces(minilm):
    """Return so many random ids, special ones among them; a fourth of the words has two pieces."""
    draw = np.random.default_rng(5)
    ids = draw.integers(0, minilm.size, size=MANY).astype(np.int32)
    places = draw.random(MANY) < 0.05
    ids[places] = draw.choice([0, 100, 101, 102, 103], size=places.sum())
    return ids


@pytest.mark.parametrize("changes", RULES.values(), ids=RULES.keys())
def test_as_many_tokens_are_chosen_masked_exchanged_and_kept_as_asked(
    changes, minilm, usual, text_of_all_pieces
):
    ids = text_of_all_pieces
    rules = replace(usual, **changes)
    masked, places = rules.apply(ids, np.random.default_rng(1))
    before, after = ids[places], masked[places]
    is_masked, is_kept = after == 103, after == before
    assert len(places) / (~minilm.special()[ids]).sum() == pytest.approx(rules.rate, abs=CLOSE)
    assert is_masked.mean() == pytest.approx(rules.mask_share, abs=CLOSE)
    exchanged = (~is_masked & ~is_kept).mean()
    assert exchanged == pytest.approx(rules.random_share, abs=CLOSE)
    assert is_kept.mean() == pytest.approx(1 - rules.mask_share - rules.random_share, abs=CLOSE)


@pytest.mark.parametrize("whole_words", [False, True])
def test_no_special_token_is_chosen_or_drawn(whole_words, usual, text_of_all_pieces):
    ids = text_of_all_pieces[:1_000_000]
    rules = replace(usual, mask_share=0.3, random_share=0.5, whole_words=whole_words)
    masked, places = rules.apply(ids, np.random.default_rng(2))
    counts = np.bincount(ids[places], minlength=104)
    assert counts[[0, 100, 101, 102, 103]].tolist() == [0] * 5
    assert np.bincount(masked[places], minlength=104)[[0, 100, 101, 102]].tolist() == [0] * 4
    assert np.bincount(ids)[[0, 100, 101, 102, 103]].min() > 5_000
    is_other = np.ones(len(ids), dtype=bool)
    is_other[places] = False
    assert np.array_equal(masked[is_other], ids[is_other])


def test_pieces_are_drawn_alike_from_the_whole_vocabulary(tiny):
    rules = Masking.of(tiny, rate=1.0, mask_share=0.0, random_share=1.0)
    ids = np.full(200_000, 7, dtype=np.int32)
    counts = np.bincount(rules.apply(ids, np.random.default_rng(3))[0], minlength=25)
    assert counts[:5].tolist() == [0] * 5
    assert counts[5:] == pytest.approx(np.full(20, 10_000), rel=0.05)


@pytest.mark.parametrize("whole_words", [False, True])
@pytest.mark.parametrize("name", ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "\U0001f9ff"])
def test_a_special_token_that_the_text_spells_is_let_be(name, whole_words, minilm, usual):
    ids = minilm.encode([f"unfathomable {name} seas"])[0]
    rules = replace(usual, rate=1.0, mask_share=1.0, random_share=0.0, whole_words=whole_words)
    masked, places = rules.apply(ids, np.random.default_rng(4))
    spelt = np.flatnonzero(np.isin(ids, [0, 100, 101, 102, 103]))
    assert len(spelt) == 1
    assert places.tolist() == [place for place in range(len(ids)) if place != spelt[0]]
    assert masked[spelt] == ids[spelt]


words = st.lists(
    st.one_of(st.sampled_from(["<"]), st.integers(1, 5)), min_size=1, max_size=60
)  # a special token, or a word of so many pieces


@given(words, st.floats(0.05, 0.95), st.integers(0, 9999))
@settings(max_examples=examples(150), deadline=None)
def test_words_are_chosen_with_all_their_pieces_or_not_at_all(minilm, usual, found, rate, seed):
    """A text, or what comes after a special token, may begin in the middle of a word."""
    head, rest = minilm.backend.token_to_id("sea"), minilm.backend.token_to_id("##s")
    ids, spans = [], []
    for number, size in enumerate(found):
        if size == "<":
            ids.append(102)
            continue
        cut = size % 2 and (number == 0 or found[number - 1] == "<")
        spans.append((len(ids), len(ids) + size))
        ids += [rest if cut else head, *[rest] * (size - 1)]
    rules = replace(usual, rate=rate, whole_words=True)
    places = rules.apply(np.asarray(ids, dtype=np.int32), np.random.default_rng(seed))[1]
    chosen = set(places.tolist())
    taken = [set(range(*span)) for span in spans if span[0] in chosen]
    assert chosen == set().union(*taken)


def test_words_on_either_side_of_a_special_token_are_chosen_apart(minilm, usual):
    sea, rest = minilm.backend.token_to_id("sea"), minilm.backend.token_to_id("##s")
    ids = np.asarray([sea, rest, 102, rest, rest], dtype=np.int32)
    rules = replace(usual, rate=0.5, whole_words=True)
    found = {tuple(rules.apply(ids, np.random.default_rng(seed))[1]) for seed in range(50)}
    assert found == {(), (0, 1), (3, 4), (0, 1, 3, 4)}


@pytest.fixture(scope="module")
def corpus(tiny):
    """Return documents of ordinary pieces, and their passages."""
    found = documents_of([[30, 41], [7], [1], [200], [55, 9, 13], [18]], first=5, last=25)
    return found, passages.whole(found, np.arange(6), tiny.word_starts(), room=62)


def asked(corpus, tiny, rows, *, seed=3, epoch=1, **changes):
    """Return (text, places, pieces) of each passage of a batch, in its order."""
    rules = Masking.of(tiny, **changes)
    batch = masking.masked_batch(*corpus, np.asarray(rows), tiny, rules, seed=seed, epoch=epoch)
    found = []
    for start, stop in zip(batch.borders[:-1], batch.borders[1:], strict=True):
        inside = (batch.asked >= start) & (batch.asked < stop)
        places = (batch.asked[inside] - start).tolist()
        found.append((batch.ids[start:stop].tolist(), places, batch.mlm_targets[inside].tolist()))
    assert sum(len(places) for _, places, _ in found) == len(batch.asked) == len(batch.mlm_targets)
    return found


@given(rate=st.floats(0, 1), seed=st.integers(0, 999), whole_words=st.booleans())
@settings(max_examples=50, deadline=None)
def test_pieces_are_those_that_stood_there_and_nothing_else_changes(
    corpus, tiny, rate, seed, whole_words
):
    documents, found = corpus
    rows = np.arange(len(found))
    answers = asked(corpus, tiny, rows, seed=seed, rate=rate, whole_words=whole_words)
    for row, (text, places, pieces) in zip(rows, answers, strict=True):
        for place, piece in zip(places, pieces, strict=True):
            text[place] = piece
        start, stop = found.first[row]
        assert text == [2, *documents.ids[start:stop].tolist(), 3]
        assert 0 not in places
        assert len(text) - 1 not in places


@given(st.permutations(range(8)), st.integers(1, 8), st.booleans())
@settings(max_examples=50, deadline=None)
def test_masks_of_a_passage_do_not_depend_on_its_company(corpus, tiny, order, count, whole_words):
    everything = asked(corpus, tiny, range(len(corpus[1])), whole_words=whole_words)
    rows = order[:count]
    assert asked(corpus, tiny, rows, whole_words=whole_words) == [everything[row] for row in rows]


@pytest.mark.parametrize("changes", [{"epoch": 2}, {"epoch": masking.HELD_OUT}, {"seed": 4}])
def test_another_epoch_or_seed_asks_for_other_tokens(corpus, tiny, changes):
    rows = range(len(corpus[1]))
    once, again = asked(corpus, tiny, rows), asked(corpus, tiny, rows)
    other = asked(corpus, tiny, rows, **changes)
    assert once == again
    assert [places for _, places, _ in once] != [places for _, places, _ in other]


def test_alike_passages_are_asked_for_different_tokens(tiny):
    found = documents_of([[60]] * 2, first=7, last=8)
    corpus = found, passages.whole(found, np.arange(2), tiny.word_starts(), room=62)
    first, second = asked(corpus, tiny, [0, 1])
    assert first[1] != second[1]


def test_the_second_part_of_a_pair_lies_in_its_segment(tiny):
    found = documents_of([[4, 3], [5, 6]], first=5, last=25)
    runs = passages.pair_spans(found, np.arange(2), tiny.word_starts(), room=61)
    pairs = passages.paired(runs, seed=0, epoch=1)
    batch = masking.masked_batch(
        found, pairs, np.asarray([1]), tiny, Masking.of(tiny, rate=0.0), seed=0, epoch=1
    )
    first, second = (found.ids[slice(*part[1])].tolist() for part in (pairs.first, pairs.second))
    assert batch.ids.tolist() == [2, *first, 3, *second, 3]
    assert batch.segments.tolist() == [0] * (len(first) + 2) + [1] * (len(second) + 1)
    assert batch.nsp_labels.tolist() == pairs.nsp_labels[[1]].tolist()
    assert len(batch.asked) == len(batch.mlm_targets) == 0


def test_a_tokenizer_without_a_mask_is_refused():
    backend = Backend(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2, "c": 3}, unk_token="[UNK]"))
    backend.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B:1")
    tokenizer = tokenizers.Tokenizer(backend, limit=8, place="some/base")
    with pytest.raises(ModelError, match=r"some/base: its tokenizer has no mask token \(\[MASK\]"):
        Masking.of(tokenizer)
