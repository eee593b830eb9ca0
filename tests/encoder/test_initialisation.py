"""Encoders made from nothing begin by looking at neighbours."""

import numpy as np
import pytest
import torch
from transformers import BertForMaskedLM

from textune.encoder import initialisation, sizes

PIECES = 300


@pytest.fixture
def model():
    torch.manual_seed(3)
    config = sizes.configure("2x256", pieces=PIECES, positions=96, dropout=0.0)
    config._attn_implementation = "eager"
    made = BertForMaskedLM(config).eval()
    initialisation.initialise(made)
    return made


def attention(model, length=60):
    ids = torch.randint(5, PIECES, (1, length), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model(ids, output_attentions=True).attentions[0][0]  # (heads, L, L)


def test_the_other_heads_look_everywhere_alike(model):
    seen = attention(model)[2:]  # (heads, L, L)
    assert (seen * seen.shape[-1] - 1).abs().mean() < 0.5


def test_half_of_the_heads_look_most_at_a_distance_of_their_own(model):
    seen = attention(model)
    others = [distance for distance in range(-8, 9) if distance]  # each token sees itself as well
    for head, distance in enumerate((-1, 1)):
        means = {other: float(seen[head].diagonal(other).mean()) for other in others}
        assert max(means, key=means.__getitem__) == distance
        assert means[distance] > 3 * means[-4 * distance]


def test_random_weights_without_a_beginning_look_nowhere():
    torch.manual_seed(3)
    config = sizes.configure("2x256", pieces=PIECES, positions=96, dropout=0.0)
    config._attn_implementation = "eager"
    seen = attention(BertForMaskedLM(config).eval())
    assert seen.max() < 0.05


@pytest.mark.parametrize("size", ["1x64", "2x128", "1x768"])
def test_every_width_begins_with_finite_weights_and_answers(size):
    config = sizes.configure(size, pieces=PIECES, positions=40, dropout=0.0)
    made = BertForMaskedLM(config).eval()
    initialisation.initialise(made)
    assert all(item.isfinite().all() for item in made.parameters())
    with torch.no_grad():
        assert made(torch.arange(5, 45)[None]).logits.isfinite().all()


def test_one_seed_gives_one_beginning():
    found = []
    for _ in range(2):
        torch.manual_seed(7)
        made = BertForMaskedLM(sizes.configure("1x128", pieces=PIECES, positions=40, dropout=0.0))
        initialisation.initialise(made)
        found.append(made.bert.embeddings.word_embeddings.weight.clone())
    assert torch.equal(*found)


def test_the_first_token_looks_everywhere_alike(model):
    seen = attention(model)[:2, 0]  # (heads, L), of those that have a distance
    assert (seen * seen.shape[1] - 1).abs().max() < 0.3


def test_what_was_counted_is_known_from_the_beginning(model):
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(PIECES, 100)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = 0.0
    frequencies = draw.integers(0, 1000, PIECES)
    words = model.bert.embeddings.word_embeddings.weight.detach()
    before = words.clone()
    looked = attention(model)
    initialisation.set_from_counts(model, frequencies, vectors)
    known = np.arange(PIECES) != 7
    near = torch.cosine_similarity(words[known, 64:164], torch.from_numpy(vectors[known]))
    assert (near > 0.9999).all()
    assert torch.equal(words[7], before[7])
    assert torch.equal(words[:, 164:], before[:, 164:])  # where nothing was counted
    assert not words[:, :64].any()  # of places
    assert words[:, 64:].std().item() == pytest.approx(before[:, 64:].std().item(), rel=0.1)
    assert (attention(model) - looked).abs().mean() < 0.01
    chance = model.cls.predictions.bias.softmax(0).detach().numpy()
    assert np.allclose(chance, (frequencies + 1) / (frequencies + 1).sum(), rtol=1e-4)


@pytest.mark.parametrize(
    ("size", "free"), [("mini", 192), ("base", 704), ("1x64", 64), ("tiny", 64)]
)
def test_words_have_what_places_leave(size, free):
    assert (
        initialisation.free_width(sizes.configure(size, pieces=PIECES, positions=40, dropout=0.0))
        == free
    )
