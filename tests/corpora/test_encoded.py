"""A labelled file as a data set of ids, mask, segments and targets, for a loop of one's own."""

import pytest
import torch
from torch.utils.data import DataLoader

import textune
from textune.errors import DataError, SettingsError


def test_a_loop_of_ones_own_learns_from_a_data_set(reviews, tiny_base):
    from transformers import AutoModelForSequenceClassification

    data = textune.dataset(reviews, base=tiny_base)
    assert (len(data), data.labels) == (160, ("bad", "good"))
    first = data[0]
    known = textune.tokens(data.texts[0].text, base=tiny_base)
    assert first["input_ids"].tolist() == known.ids
    assert first["attention_mask"].tolist() == known.attention_mask
    assert first["token_type_ids"].tolist() == known.segments
    assert data.labels[int(first["labels"])] == data.texts[0].label
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(
        tiny_base, id2label={0: "bad", 1: "good"}, label2id={"bad": 0, "good": 1}
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(3):
        for batch in DataLoader(data, 16, shuffle=True, collate_fn=data.collate):
            loss = model(**batch).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_several_labels_are_rows_of_numbers_and_texts_are_padded(comments, tiny_base):
    data = textune.dataset(comments, base=tiny_base, max_tokens=8)
    batch = data.collate([data[number] for number in range(6)])
    assert batch["input_ids"].shape == batch["attention_mask"].shape
    assert batch["input_ids"].shape[1] <= 8
    assert batch["labels"].shape == (6, 3)
    assert batch["labels"].dtype.is_floating_point
    assert (batch["input_ids"][batch["attention_mask"] == 0] == data.pad_id).all()
    assert data[-1]["input_ids"].tolist() == data[len(data) - 1]["input_ids"].tolist()
    with pytest.raises(IndexError):
        data[len(data)]


def test_what_is_no_data_set_of_texts_is_refused(tagged, tmp_path, tiny_base):
    with pytest.raises(SettingsError, match="a data set is of whole texts"):
        textune.dataset(tagged, base=tiny_base)
    with pytest.raises(DataError):
        textune.dataset(tmp_path / "none.csv", base=tiny_base)
