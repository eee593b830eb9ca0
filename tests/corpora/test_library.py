"""Plain text becomes passages to learn from and to be judged on, and nothing of it is lost."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from conftest import WORDS
from made_texts import make_base, write_blocks, write_lines
from textune.corpora import library
from textune.encoder import masked_lm
from textune.errors import DataError, ModelError, SettingsError
from textune.objectives.masked import Masked
from textune.records import Message
from textune.settings.language_config import MaskSettings, TextSettings
from textune.text import masking, tokenizers
from textune.text.passages import IS_NEXT, NO_TARGET, NOT_NEXT
from thinning import crossed

NUMBERED = [f"w{number}" for number in range(4000)]  # each stands once in a text
LENGTHS = [1, 3, 61, 62, 63, 64, 200, 701, 5, 17, 130, 8, 90, 44, 2, 300, 12, 71, 33, 250]


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """Return a base whose pieces are the words w0, w1, … in order, and the stop."""
    return make_base(tmp_path_factory.mktemp("numbered"), [*NUMBERED, "."])


@pytest.fixture(scope="module")
def encoder(numbered):
    return masked_lm.read(str(numbered)).encoder


def gathered(source, base, *, text=None, mask=None, seed=0):
    """Return a library and everything that was said on the way to it."""
    steps = library.gather(
        [source],
        tokenizers.load(str(base)),
        TextSettings(**{"cache": False, **(text or {})}),
        MaskSettings(**(mask or {})),
        seed=seed,
    )
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return end.value, said


def write_numbered(file, lengths, *, sentence=None):
    """Write documents of so many words; no word stands twice in all of them together."""
    words = iter(NUMBERED)
    blocks = []
    for length in lengths:
        found = [next(words) for _ in range(length)]
        size = sentence or 25
        parts = [found[start : start + size] for start in range(0, length, size)]
        if sentence:  # several on a line
            text = " ".join(f"{' '.join(part).capitalize()} ." for part in parts)
            blocks.append(f"{text}\n")
        else:
            blocks.append("\n".join(" ".join(part) for part in parts) + "\n")
    file.write_text("\n".join(blocks), encoding="utf-8")
    return file


def read_back(batch):
    """Yield each text of a batch with its segments, masks undone."""
    ids = batch.ids.clone()
    ids[batch.asked] = batch.mlm_targets
    for start, end in pairwise(batch.borders.tolist()):
        yield ids[start:end].numpy(), batch.segments[start:end].numpy()


def passes_of(found, encoder, *, epoch=1, batch_size=4, micro_tokens=100):
    """Return all texts of one pass as the objective gives them to be learned from."""
    works = Masked(found, batch_size).work(encoder, epoch, after=0, micro_tokens=micro_tokens)
    return [text for work in works for batch in work.parts for text in read_back(batch)]


def held_out(found):
    rows = np.arange(len(found.valid))
    return list(read_back(found.masked_batch(found.valid, rows, epoch=masking.HELD_OUT)))


def words_in(texts, found):
    """Count the words of texts, special pieces left out."""
    names = found.tokenizer.backend
    special = found.masking.special
    return Counter(
        names.id_to_token(number) for ids, _ in texts for number in ids[~special[ids]].tolist()
    )


@pytest.mark.parametrize(
    ("epoch", "whole_words", "max_tokens"), crossed([1, 2], [False, True], [None, 8, 33])
)
def test_a_pass_has_every_token_once(numbered, encoder, tmp_path, epoch, whole_words, max_tokens):
    file = write_numbered(tmp_path / "text.txt", LENGTHS)
    found, _ = gathered(
        file, numbered, text={"max_tokens": max_tokens}, mask={"whole_words": whole_words}
    )
    learned, judged = passes_of(found, encoder, epoch=epoch), held_out(found)
    assert words_in([*learned, *judged], found) == Counter(NUMBERED[: sum(LENGTHS)])
    assert judged
    assert all(len(ids) <= (max_tokens or 64) for ids, _ in [*learned, *judged])
    for ids, _ in learned:
        assert (np.diff(ids[1:-1]) == 1).all()


@pytest.mark.parametrize(("epoch", "seed", "max_tokens"), crossed([1, 2, 3], [0, 1], [None, 16]))
def test_a_pass_of_pairs_has_every_token_once(numbered, encoder, tmp_path, epoch, seed, max_tokens):
    lengths = [*LENGTHS, 50, 50, 50]
    file = write_numbered(tmp_path / "text.txt", lengths, sentence=7)
    found, _ = gathered(
        file, numbered, text={"max_tokens": max_tokens}, mask={"nexts": True}, seed=seed
    )
    learned, judged = passes_of(found, encoder, epoch=epoch), held_out(found)
    counts = words_in([*learned, *judged], found)
    assert counts.pop(".") == sum(-(-length // 7) for length in lengths)
    assert counts == Counter(NUMBERED[: sum(lengths)])
    assert all(len(ids) <= (max_tokens or 64) for ids, _ in [*learned, *judged])


def test_pairs_follow_each_other_or_come_from_two_documents(numbered, encoder, tmp_path):
    lengths = [40] * 30
    file = write_numbered(tmp_path / "text.txt", lengths, sentence=7)
    found, _ = gathered(file, numbered, mask={"nexts": True})
    stop = found.tokenizer.backend.token_to_id(".")
    first_id = found.tokenizer.backend.token_to_id("w0")
    seen = Counter()
    for work in Masked(found, 4).work(encoder, 1, after=0, micro_tokens=100):
        for batch in work.parts:
            for (ids, segments), answer in zip(
                read_back(batch), batch.nsp_labels.tolist(), strict=True
            ):
                seen[answer] += 1
                ordinary = ~found.masking.special[ids] & (ids != stop)
                left = ids[ordinary & (segments == 0)] - first_id
                right = ids[ordinary & (segments == 1)] - first_id
                assert (np.diff(left) == 1).all()
                assert (np.diff(right) == 1).all()
                if answer == NO_TARGET:
                    assert not len(right)
                elif answer == IS_NEXT:
                    assert right[0] == left[-1] + 1
                else:
                    assert right[0] // 40 != left[-1] // 40
    assert seen[IS_NEXT] > 0.8 * seen[NOT_NEXT] > 0


def test_an_endless_line_is_one_document_and_all_of_it_is_used(numbered, encoder, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text(" ".join(NUMBERED), encoding="utf-8")
    found, said = gathered(file, numbered)
    learned, judged = passes_of(found, encoder), held_out(found)
    assert words_in([*learned, *judged], found) == Counter(NUMBERED)
    assert (found.held_out, len(judged), len(learned)) == (0, 6, 59)
    assert said[-1] == Message(
        "there is one document only: its last 6 of 65 passages are held out", is_warning=True
    )


def test_all_of_it_is_learned_from_where_nothing_is_held_out(numbered, tmp_path):
    file = write_numbered(tmp_path / "text.txt", LENGTHS)
    found, said = gathered(file, numbered, text={"valid_share": 0})
    assert (found.held_out, len(found.valid)) == (0, 0)
    count = len(found.train)
    assert said[-1] == Message(
        f"held out: nothing; learned from: {count} passages of up to {found.max_tokens} tokens"
    )


def test_an_objective_goes_on_after_any_step(numbered, encoder, tmp_path):
    file = write_numbered(tmp_path / "text.txt", LENGTHS)
    objective = Masked(gathered(file, numbered)[0], 4)
    whole = list(objective.work(encoder, 2, after=0, micro_tokens=100))
    assert whole[0].number == objective.per_epoch + 1
    done = whole[3].number
    rest = list(objective.work(encoder, 2, after=done, micro_tokens=100))
    assert [work.number for work in rest] == [work.number for work in whole[4:]]
    for one, other in zip(rest, whole[4:], strict=True):
        assert one.count == other.count
        for left, right in zip(one.parts, other.parts, strict=True):
            assert left.ids.equal(right.ids)
            assert left.mlm_targets.equal(right.mlm_targets)


def test_updates_have_the_passages_and_tokens_they_say(numbered, encoder, tmp_path):
    file = write_numbered(tmp_path / "text.txt", LENGTHS)
    objective = Masked(gathered(file, numbered)[0], 4)
    works = list(objective.work(encoder, 1, after=0, micro_tokens=100))
    assert len(works) == objective.per_epoch
    assert sum(work.tokens for work in works) == objective.tokens
    for work in works[:-1]:
        assert work.texts == sum(len(batch.lengths) for batch in work.parts) == 4
        assert work.count == max(sum(len(batch.mlm_targets) for batch in work.parts), 1)
        assert all(sum(batch.lengths) <= 100 for batch in work.parts)


def test_masks_are_drawn_anew_in_each_pass_but_never_for_what_is_held_out(
    numbered, encoder, tmp_path
):
    found, _ = gathered(write_numbered(tmp_path / "text.txt", LENGTHS), numbered)
    rows = np.arange(len(found.valid))
    asked = [found.masked_batch(found.valid, rows, epoch=masking.HELD_OUT).asked for _ in range(2)]
    assert asked[0].equal(asked[1])
    rows = np.arange(len(found.passages(1)))
    drawn = [found.masked_batch(found.passages(epoch), rows, epoch=epoch).asked for epoch in (1, 2)]
    assert not drawn[0].equal(drawn[1])


def test_what_is_held_out_does_not_depend_on_what_is_asked(numbered, tmp_path):
    file = write_numbered(tmp_path / "text.txt", LENGTHS)
    kept = [
        gathered(file, numbered, mask=mask)[0].valid.first
        for mask in ({}, {"rate": 0.4}, {"whole_words": True})
    ]
    assert all((other == kept[0]).all() for other in kept)
    other = gathered(file, numbered, seed=1)[0].valid.first
    assert other.shape != kept[0].shape or (other != kept[0]).any()


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ({"valid_share": 0.1}, 0.08, 0.13),
        ({"valid_share": 0.5}, 0.48, 0.53),
        ({"most_valid_tokens": 100}, 100 / 4000, 140 / 4000),
    ],
    ids=str,
)
def test_a_share_of_the_tokens_is_held_out(numbered, tmp_path, text, least, most):
    file = write_numbered(tmp_path / "text.txt", [40] * 100)
    found, _ = gathered(file, numbered, text=text)
    assert least <= np.diff(found.valid.first).sum() / 4000 <= most


@pytest.mark.parametrize("seed", range(6))
def test_the_largest_of_few_documents_is_not_held_out(numbered, tmp_path, seed):
    file = write_numbered(tmp_path / "text.txt", [3000, 60, 40, 50, 45, 55])
    found, _ = gathered(file, numbered, seed=seed)
    assert found.held_out >= 1
    assert np.diff(found.valid.first).sum() <= 400


def test_a_trial_uses_so_many_documents(numbered, encoder, tmp_path):
    file = write_numbered(tmp_path / "text.txt", [10] * 50)
    found, _ = gathered(file, numbered, text={"limit": 12})
    counts = words_in([*passes_of(found, encoder), *held_out(found)], found)
    assert sum(counts.values()) == 120
    assert set(counts.values()) == {1}


def test_judging_often_takes_a_part_of_what_is_held_out(numbered, tmp_path):
    file = write_numbered(tmp_path / "text.txt", [40] * 100)
    objective = Masked(gathered(file, numbered, text={"valid_share": 0.5})[0], 4)
    few = objective.sampled(420)
    assert len(few.library.valid) == 10
    assert (few.library.valid.first == objective.library.valid.first[:10]).all()
    assert objective.sampled(10**6) is objective


def test_the_guess_is_the_commonest_piece_of_the_text(tiny_base, tmp_path):
    file = write_lines(tmp_path / "text.txt")
    found, _ = gathered(file, tiny_base)
    piece, share = found.most_frequent()
    counts = Counter(file.read_text(encoding="utf-8").split())
    assert counts[piece] == max(counts.values())
    rows = np.arange(len(found.valid))
    asked = found.masked_batch(found.valid, rows, epoch=masking.HELD_OUT).mlm_targets.tolist()
    assert share == asked.count(found.tokenizer.backend.token_to_id(piece)) / len(asked)


@pytest.mark.parametrize(
    "change",
    [{"rate": 0.2}, {"whole_words": True}, {"mask_share": 0.7}, {"random_share": 0.0}],
    ids=str,
)
def test_an_objective_is_another_when_something_else_is_asked(tiny_base, tmp_path, change):
    file = write_lines(tmp_path / "text.txt")
    prints = [
        Masked(gathered(file, tiny_base, mask=mask)[0], 4).fingerprint()
        for mask in ({}, {}, change)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_an_objective_is_another_when_the_text_changes(tiny_base, tmp_path):
    file = write_lines(tmp_path / "text.txt")
    before = Masked(gathered(file, tiny_base)[0], 4).fingerprint()
    file.write_text(file.read_text().replace("very", "the", 1))
    assert Masked(gathered(file, tiny_base)[0], 4).fingerprint() != before


def test_people_are_told_what_is_learned_from(tiny_base, tmp_path):
    _, said = gathered(write_lines(tmp_path / "text.txt"), tiny_base)
    assert [item.text for item in said] == [
        "text.txt: 160 lines, no blank line between them: each line is a document",
        "text: 160 documents, 1,600 tokens (a document: median 10, longest 10); none is dropped",
        "held out: 16 documents in 16 passages; learned from: 144 passages of up to 64 tokens",
    ]


def test_of_many_files_the_first_are_named_and_the_others_counted(tiny_base, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(8):
        write_lines(folder / f"{number}.txt", 10, seed=number)
    _, said = gathered(folder, tiny_base)
    assert [item.text.partition(":")[0] for item in said[:6]] == [
        *(f"{number}.txt" for number in range(5)),
        "… and 3 more files",
    ]


def test_a_text_that_fits_into_one_passage_is_too_little(tiny_base, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("the film was very good\n", encoding="utf-8")
    with pytest.raises(
        DataError, match="only one document, of 5 tokens: too little to hold something out; name"
    ):
        gathered(file, tiny_base)


def test_text_of_which_nothing_can_be_asked_is_refused(tiny_base, tmp_path):
    file = tmp_path / "text.txt"
    file.write_text("\u03b1\u03b2 \u03b3\u03b4 \u03b5\n" * 50, encoding="utf-8")
    with pytest.raises(DataError, match="knows none of the words of this text; choose another"):
        gathered(file, tiny_base)


def test_held_out_text_too_short_to_be_asked_for_anything_is_refused_or_judged(tiny_base, tmp_path):
    file = write_lines(tmp_path / "text.txt", 3)
    refused = 0
    for seed in range(20):
        try:
            found, _ = gathered(file, tiny_base, mask={"rate": 0.01}, seed=seed)
        except DataError as error:
            refused += "that are held out are too few: none of them is masked; n" in str(error)
        else:
            assert len(
                found.masked_batch(found.valid, np.arange(1), epoch=masking.HELD_OUT).mlm_targets
            )
    assert 0 < refused < 20


@pytest.mark.parametrize("rate", [0.02, 0.6])
def test_held_out_text_is_masked_alike_whatever_is_learned_from(tiny_base, tmp_path, rate):
    file = write_lines(tmp_path / "text.txt", 200)
    found, _ = gathered(file, tiny_base, mask={"rate": rate})
    usual, _ = gathered(file, tiny_base)
    rows = np.arange(len(found.valid))
    ours, theirs = (
        one.masked_batch(one.valid, rows, epoch=masking.HELD_OUT) for one in (found, usual)
    )
    assert ours.asked.tolist() == theirs.asked.tolist()
    learned = found.masked_batch(found.passages(1), np.arange(50), epoch=1)
    assert len(learned.asked) / len(learned.ids) == pytest.approx(rate, abs=0.1)


def test_next_sentences_need_documents(tiny_base, tmp_path):
    file = write_blocks(tmp_path / "text.txt", 3)
    with pytest.raises(DataError, match="there are 3; part the text by blank lines, name"):
        gathered(file, tiny_base, mask={"nexts": True})


def test_a_passage_longer_than_the_encoder_reads_is_refused(tiny_base, tmp_path):
    file = write_lines(tmp_path / "text.txt")
    with pytest.raises(SettingsError, match="--max-tokens 65: this encoder reads at most 64"):
        gathered(file, tiny_base, text={"max_tokens": 65})


def test_a_tokenizer_without_a_mask_is_refused(tmp_path):
    base = make_base(tmp_path / "base", WORDS, mask=None)
    file = write_lines(tmp_path / "text.txt")
    with pytest.raises(ModelError, match=r"has no mask token \(\[MASK\], <mask>\).*choose another"):
        gathered(file, base)
