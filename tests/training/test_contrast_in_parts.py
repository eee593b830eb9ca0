"""A contrastive loss is of all texts of an optimizer batch, computed in however many parts."""

from dataclasses import replace

import pytest
import torch

import textune
from families import random_texts
from made_objectives import OBJECTIVES, gradients_of, make
from textune.encoder import precision
from textune.objectives.contrast import Contrast
from textune.objectives.work import Work
from textune.records import Items
from textune.text import batches
from textune.training import loop

LENGTHS = [16, 12, 16, 9, 16, 16, 2, 16, 7, 5, 9, 4]
OF = [0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5]  # windows of six texts
TEXTS = 6


def packed(objective, texts):
    """Pack some texts of several windows."""
    rows = [row for row, of in enumerate(OF) if of in texts]
    found = random_texts(LENGTHS)
    of = torch.tensor([list(texts).index(OF[row]) for row in rows])
    weights = torch.linspace(0.5, 1.5, TEXTS)[list(texts)]
    made = batches.pack_ids(
        [found[row] for row in rows],
        [LENGTHS[row] for row in rows],
        targets=torch.from_numpy(objective.targets[list(texts)]),
        items=Items((1,) * len(texts), of),
    )
    return replace(made, weights=weights)


def learned(name, parts, micro_tokens, numbers="fp32"):
    """Let the loop compute an update; return its loss and gradients."""
    objective = OBJECTIVES[name]()
    encoder = make(objective)
    encoder.pool_as("mean", len(objective.task.labels))
    model = precision.wrap(encoder, numbers)
    model.set_dropout(True)
    with Contrast(encoder, 0.7) as contrast:
        made = [packed(objective, part) for part in parts]
        work = Work(1, 1, made, 6.0, 6, 9, 9, micro_tokens, encoder.join, contrast)

        def loss(output, batch):
            return objective.task.loss(output, batch) + contrast.loss(batch)

        total = loop.accumulate(model, loss, work)
    return float(total), gradients_of(encoder.model)


@pytest.mark.parametrize(
    ("parts", "micro_tokens"),
    [
        ([range(3), range(3, 6)], 10_000),
        ([[0], [1], [2, 3, 4, 5]], 10_000),
        ([range(6)], 20),  # the windows of a text are computed a few at a time
        ([[0, 2], [1, 3, 4, 5]], 20),
    ],
)
@pytest.mark.parametrize("name", ["single", "multi"])
def test_parts_give_the_loss_and_the_gradient_of_the_whole(name, parts, micro_tokens, products):
    order = [text for part in parts for text in part]
    wanted, whole = learned(name, [order], 10_000)
    loss, found = learned(name, parts, micro_tokens)
    assert loss == pytest.approx(wanted, rel=1e-5)
    assert found.keys() == whole.keys()
    for part, gradient in whole.items():
        scale = max(1.0, gradient.abs().max().item())
        assert (found[part] - gradient).abs().max().item() < 1e-5 * scale, part
    alone = sum(learned(name, [part], 10_000)[0] for part in parts)
    assert len(parts) == 1 or alone != pytest.approx(wanted, rel=1e-3)  # as pairs of parts would be


def test_so_they_do_in_bf16():
    wanted, whole = learned("single", [range(6)], 10_000, "bf16")
    loss, found = learned("single", [[0, 2, 4], [1, 3, 5]], 20, "bf16")
    assert loss == pytest.approx(wanted, rel=0.02)
    for part, gradient in whole.items():
        scale = max(0.1, gradient.abs().max().item())
        assert (found[part] - gradient).abs().max().item() < 0.05 * scale, part


def test_a_run_learns_from_texts_of_more_windows_than_are_computed_at_once(tiny_base, tmp_path):
    rows = [f"{'good fine ' * 30}{n},a\n{'bad dull ' * 30}{n},b" for n in range(8)]
    file = tmp_path / "long.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    settings = ["train.contrast=1", "data.max_tokens=16", "data.long=window", "train.dropout=0"]
    runs = [
        textune.train(
            file,
            base=tiny_base,
            valid=file,
            epochs=1,
            out=tmp_path / str(most),
            settings=[*settings, f"train.micro_tokens={most}"],
            precision="fp32",
        )
        for most in (32, 4096)
    ]
    parts, whole = (run.metrics["valid"]["log_loss"] for run in runs)
    assert parts == pytest.approx(whole, abs=1e-4)
