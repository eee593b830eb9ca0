import numpy as np
import pytest
import torch

from textune.records import Example, Shape
from textune.text import batches, store, tokenizers

TEXTS = [np.array(ids, dtype=np.int32) for ids in ([2, 7, 3], [2, 3], [2, 8, 9, 3, 7, 3])]


def test_texts_lie_end_to_end():
    batch = batches.pack_ids(TEXTS, [3, 2, 4])
    assert batch.ids.tolist() == [2, 7, 3, 2, 3, 2, 8, 9, 3, 7, 3]
    assert batch.positions.tolist() == [0, 1, 2, 0, 1, 0, 1, 2, 3, 4, 5]
    assert batch.segments.tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    assert batch.borders.tolist() == [0, 3, 5, 11]
    assert batch.lengths == (3, 2, 6)
    assert batch.targets is None
    for tensor in (batch.ids, batch.positions, batch.segments, batch.borders):
        assert tensor.dtype == torch.int64


def test_one_text_is_a_batch():
    batch = batches.pack_ids(TEXTS[:1], [3])
    assert batch.borders.tolist() == [0, 3]
    assert batch.segments.tolist() == [0, 0, 0]


@pytest.fixture
def pairs(tiny_base):
    texts = [("good film", "bad"), ("a", "the cold day"), ("very", "")]
    examples = [Example(one, "", pair=other) for one, other in texts]
    return store.tokenize(examples, tokenizers.load(str(tiny_base)), Shape(16))


@pytest.mark.parametrize("rows", [[0, 1, 2], [2, 0], [1, 1]])
def test_rows_are_packed_in_the_order_asked_for(pairs, rows):
    targets = np.array([10, 11, 12])
    batch = batches.pack(pairs, np.array(rows), targets=targets[rows])
    parts = batch.ids.split(list(batch.lengths))
    assert [part.tolist() for part in parts] == [pairs.window(row).tolist() for row in rows]
    assert batch.targets is not None
    assert batch.targets.tolist() == [10 + row for row in rows]


def test_pairs_get_the_segments_that_the_tokenizer_gives(pairs, tiny_base):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(tiny_base)(
        "a", "the cold day", return_token_type_ids=True
    )
    batch = batches.pack(pairs, np.array([1]))
    assert batch.ids.tolist() == theirs["input_ids"]
    assert batch.segments.tolist() == theirs["token_type_ids"]


def test_targets_of_several_labels_keep_their_rows(pairs):
    targets = np.arange(6, dtype=np.float32).reshape(3, 2)
    batch = batches.pack(pairs, np.array([2, 0]), targets=targets[[2, 0]])
    assert batch.targets is not None
    assert batch.targets.tolist() == [[4, 5], [0, 1]]
