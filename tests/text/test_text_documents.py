"""Token ids of plain text are the tokenizer's own, made once, and never those of two documents."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textune.encoder import bases
from textune.errors import DataError
from textune.records import Paragraph
from textune.text import documents, sentences, tokenizers
from thinning import examples

TEXTS = [("Good film. The meal was cold.", True), ("very bad", False), ("a song", True)]


@pytest.fixture(scope="module")
def tiny(tiny_base):
    return tokenizers.load(str(tiny_base))


@pytest.fixture(scope="module")
def minilm():
    return tokenizers.load(bases.find("all-MiniLM-L6-v2"))


class Source:
    """Paragraphs that count how often they are read from the beginning, and how far."""

    def __init__(self, texts):
        self.texts = texts
        self.times = self.read = 0

    def __call__(self):
        self.times += 1
        for number, (text, begins) in enumerate(self.texts):
            self.read += 1
            yield Paragraph(text, f"made up:{number}", begins)


def units_of(found):
    """Return the ids of each unit, document by document."""
    units = [found.ids[a:b].tolist() for a, b in pairwise(found.borders)]
    edges = found.edges().tolist()
    assert edges[0] == 0
    assert edges[-1] == len(units)
    assert len(edges) == found.count + 1
    return [units[a:b] for a, b in pairwise(edges)]


def grouped(texts):
    """Return the texts of each document."""
    found = []
    for text, begins in texts:
        if begins or not found:
            found.append([])
        found[-1].append(text)
    return found


words = st.sampled_from(["good ", "film. ", "The ", "a", "x", "! ", " ", "\n\n", "\t"])
paragraphs = st.lists(
    st.tuples(st.lists(words, max_size=8).map("".join), st.booleans()), max_size=12
)


@pytest.mark.parametrize("split", [None, sentences.splitter("en")], ids=["whole", "sentences"])
@given(texts=paragraphs)
@example(texts=[("One. Two.", True), (" ", True), ("Three.", False)])
@example(texts=[("", True), ("One.", False), ("", True), (" ", True), ("Two.", False)])
@settings(max_examples=examples(60), deadline=None)
def test_ids_are_the_tokenizers_own_and_documents_stay_apart(tiny, split, texts):
    own = [
        [
            ids
            for text in document
            for unit in ([text] if split is None else split(text))
            if (ids := tiny.backend.encode(unit, add_special_tokens=False).ids)
        ]
        for document in grouped(texts)
    ]
    own = [units for units in own if units]  # what holds nothing is no document
    if not own:
        with pytest.raises(DataError, match="there is no text in what was named"):
            documents.tokenize(Source(texts), tiny, split=split)
        return
    assert units_of(documents.tokenize(Source(texts), tiny, split=split)) == own


def test_sentences_of_real_text_hold_the_pieces_of_its_paragraphs(shared, minilm):
    lines = (shared / "meditations" / "clean.txt").read_text(encoding="utf-8").splitlines()
    source = Source([(line, number % 7 == 0) for number, line in enumerate(lines[:700])])
    whole = documents.tokenize(source, minilm)
    parted = documents.tokenize(source, minilm, split=sentences.splitter("en"), how="en")
    assert np.array_equal(whole.ids, parted.ids)
    assert len(parted.owners) > 1.5 * len(whole.owners)
    edges = [found.borders[found.edges()].tolist() for found in (whole, parted)]
    assert edges[0] == edges[1]
    assert whole.count == len({line // 7 for line, text in enumerate(lines[:700]) if text})


def test_frequencies_count_every_piece(tiny):
    found = documents.tokenize(Source([("good good film", True), ("film good", True)]), tiny)
    counts = found.frequencies(25)
    assert {n: count for n, count in enumerate(counts.tolist()) if count} == {5: 3, 15: 2}


def test_the_second_run_reads_once_and_makes_nothing(tiny, tmp_path, monkeypatch):
    source = Source(TEXTS)
    first = documents.tokenize(source, tiny, folder=tmp_path)
    assert source.times == 2
    file = tmp_path / first.key / "ids.i32"
    before = file.stat().st_mtime_ns

    def never(*_):
        raise AssertionError("tokenised again")

    monkeypatch.setattr(tiny, "encode", never)
    second = documents.tokenize(source, tiny, folder=tmp_path)
    assert source.times == 3
    assert file.stat().st_mtime_ns == before
    assert units_of(second) == units_of(first)
    assert isinstance(second.ids, np.memmap)


def test_without_a_folder_the_same_ids_lie_in_memory(tiny, tmp_path):
    kept = documents.tokenize(Source(TEXTS), tiny, folder=tmp_path)
    found = documents.tokenize(Source(TEXTS), tiny)
    assert not isinstance(found.ids, np.memmap)
    assert units_of(found) == units_of(kept)
    assert found.key == kept.key


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        ([("Good films. The meal was cold.", True), *TEXTS[1:]], {}),
        ([TEXTS[0], ("very bad", True), TEXTS[2]], {}),
        ([TEXTS[0], ("very ba", False), ("da song", True)], {}),
        (TEXTS[:2], {}),
        (TEXTS, {"split": sentences.splitter("en"), "how": "sentences en"}),
    ],
)
def test_other_content_has_another_name(tiny, texts, options):
    key = documents.tokenize(Source(TEXTS), tiny).key
    assert documents.tokenize(Source(texts), tiny, **options).key != key


def test_another_tokenizer_has_another_name(tiny, minilm):
    found = {documents.tokenize(Source(TEXTS), tokenizer).key for tokenizer in (tiny, minilm)}
    assert len(found) == 2


def test_where_a_paragraph_stands_is_not_content(tiny):
    key = documents.tokenize(Source(TEXTS), tiny).key
    moved = [Paragraph(text, "elsewhere", begins) for text, begins in TEXTS]
    assert documents.tokenize(lambda: moved, tiny).key == key


@pytest.mark.parametrize("damage", ["flipped", "cut", "emptied", "removed"])
@pytest.mark.parametrize("name", ["ids.i32", "lengths.i64", "owners.i64", "MANIFEST.json"])
def test_damaged_ids_are_made_again(tiny, tmp_path, name, damage):
    first = documents.tokenize(Source(TEXTS), tiny, folder=tmp_path)
    expected = units_of(first)
    del first
    (file,) = tmp_path.glob(f"*/{name}")
    content = bytearray(file.read_bytes())
    if damage == "removed":
        file.unlink()
    else:
        content[len(content) // 2] ^= 1
        cut = {"flipped": len(content), "cut": len(content) - 8, "emptied": 0}[damage]
        file.write_bytes(content[:cut])
    source = Source(TEXTS)
    assert units_of(documents.tokenize(source, tiny, folder=tmp_path)) == expected
    assert source.times == 2


@pytest.mark.parametrize("texts", [[], [("", True)], [(" \n", True), ("\t", False)]])
def test_nothing_to_read_is_said_and_nothing_kept(tiny, tmp_path, texts):
    with pytest.raises(DataError, match="there is no text in what was named; name files with text"):
        documents.tokenize(Source(texts), tiny, folder=tmp_path)
    assert not [entry for entry in tmp_path.iterdir() if entry.is_dir()]


@pytest.mark.parametrize(("count", "characters"), [(100, 10**9), (10**9, 1000)])
def test_a_large_text_is_read_little_by_little(tiny, monkeypatch, count, characters):
    monkeypatch.setattr(documents, "CHUNK_UNITS", count)
    monkeypatch.setattr(documents, "CHUNK_CHARACTERS", characters)
    source = Source([("good film", n % 3 == 0) for n in range(2500)])
    own, ahead, done = tiny.encode, [], []

    def encode(texts):
        texts = list(texts)
        done.append(len(texts))
        ahead.append(source.read - 2500 - sum(done))  # 2500 of them for the name
        return own(texts)

    monkeypatch.setattr(tiny, "encode", encode)
    found = documents.tokenize(source, tiny)
    assert source.read == 5000
    assert sum(done) == 2500
    assert max(done) <= 112  # as many as hold 1000 characters
    assert ahead == [0] * len(done)
    assert found.count == 834
    assert found.ids.tolist() == [5, 15] * 2500
