"""An encoder and held-out passages become a judgement that can be compared: fixed masks, one way.

The passages are laid together in one order and by one budget whatever a run's batch size is, so
that two judgements of the same weights are the same to the last bit.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.encoder.model import Encoder
from textune.evaluation import halving
from textune.evaluation.evaluate import BUDGETS, without_dropout
from textune.fast import threads
from textune.metrics import few_texts
from textune.metrics.intervals import RESAMPLES, percentiles
from textune.metrics.metrics import Report
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch
from textune.text import plan
from textune.text.passages import IS_NEXT

LEVEL = 0.95
Ask = Callable[[NDArray[np.int64]], Batch]
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """What was asked in each of N passages, and how it was answered."""

    masked: Column  # (N,) tokens asked for
    loss: Column  # (N,) sum of their cross-entropies
    hits: Column  # (N,) how many were the likeliest piece
    pairs: Column  # (N,) 1 where it was asked whether the second part follows
    next_loss: Column  # (N,)
    next_hits: Column  # (N,)


def tally(
    encoder: Encoder, lengths: NDArray[np.int64], masked_batch: Ask, *, ranks: Ranks = ALONE
) -> Tally:
    """Predict the masked tokens, and next sentences, of every passage, without dropout.

    Args:
        encoder: With its masked-LM head.
        lengths: (N,) tokens of each passage.
        masked_batch: Makes the batch of some passages.
        ranks: Processes that compute a share each; all of them have the whole afterwards.
    """
    found = np.zeros((6, len(lengths)))
    budget = BUDGETS.get(encoder.device.type, BUDGETS["cpu"])
    order = plan.in_order(lengths, micro_tokens=budget, padded=not encoder.packed)
    if ranks.are_several:
        order = iter(ranks.deal(order, lengths))
    with threads.shared(), torch.inference_mode(), without_dropout(encoder):
        for rows, columns in halving.over(
            threads.over(order),
            lengths,
            lambda rows, _: np.stack(list(_answer(encoder, masked_batch(rows)))),
        ):
            found[:, rows] = columns
    ranks.add([torch.from_numpy(found)])()
    return Tally(*found)


def _answer(encoder: Encoder, batch: Batch) -> Iterator[Column]:
    """Yield the columns of a tally for one batch."""
    answers = encoder(batch)
    pieces = batch.mlm_targets
    assert batch.asked is not None
    assert pieces is not None
    assert batch.nsp_labels is not None
    logits = answers.logits()  # (M, V)
    losses = logits.logsumexp(1) - logits.gather(1, pieces[:, None])[:, 0]
    owner = torch.searchsorted(batch.borders, batch.asked, right=True) - 1  # (M,)
    size = len(batch.lengths)
    for values in (torch.ones_like(losses), losses, logits.argmax(1) == pieces):
        yield _sums(owner, values, size)
    is_asked = batch.nsp_labels >= IS_NEXT
    if answers.nsp_logits is None:
        yield from np.zeros((3, size))
        return
    nsp_labels, is_asked = batch.nsp_labels.clamp(min=0).cpu(), is_asked.cpu()
    chances = answers.nsp_logits.cpu().double().log_softmax(1)  # (B, 2)
    yield is_asked.double().numpy()
    yield (-chances.gather(1, nsp_labels[:, None])[:, 0] * is_asked).numpy()
    yield ((chances.argmax(1) == nsp_labels) & is_asked).double().numpy()


def _sums(owner: Tensor, values: Tensor, size: int) -> Column:
    weights = values.cpu().double().numpy()
    return np.bincount(owner.cpu().numpy(), weights=weights, minlength=size).astype(np.float64)


def judge(found: Tally, owners: NDArray[np.int64], *, seed: int = 0) -> Report:
    """Sum up over all held-out passages, with intervals from resampling their documents.

    Args:
        found: From `tally`.
        owners: (N,) document of each passage; of one document alone its passages are resampled.
        seed: Of the resampling.

    Returns:
        "n" documents, "masked" tokens, "loss" (nats a masked token), "perplexity" (its
        exponential), "masked_accuracy", where it was asked "nsp_loss" and "nsp_accuracy", and
        their 95 % "intervals" (percentile bootstrap; Efron and Tibshirani, 1993).
    """
    _, groups = np.unique(owners, return_inverse=True)
    count = int(groups.max()) + 1
    if count == 1:
        groups = np.arange(len(owners))
    columns = (getattr(found, column) for column in Tally.__slots__)
    table = np.stack([np.bincount(groups, weights=column) for column in columns])  # (6, G)
    numbers = _numbers(table.sum(axis=1))
    draw = np.random.default_rng(seed)
    size = table.shape[1]
    samples = [
        _numbers(table @ draw.multinomial(size, np.full(size, 1 / size))) for _ in range(RESAMPLES)
    ]
    drawn = {
        name: np.array([sample.get(name) for sample in samples], dtype=np.float64)
        for name in numbers
    }
    spans = few_texts.spared(percentiles(drawn, LEVEL), size)
    return {"n": count, "masked": int(found.masked.sum()), **numbers, "intervals": spans}


def _numbers(sums: NDArray[np.number[Any]]) -> dict[str, float | None]:
    masked, loss, hits, pairs, next_loss, next_hits = sums.tolist()
    found: dict[str, float | None] = {
        "loss": _share(loss, masked),
        "perplexity": math.exp(min(loss / masked, 700.0)) if masked else None,
        "masked_accuracy": _share(hits, masked),
    }
    if pairs:
        found |= {"nsp_loss": _share(next_loss, pairs), "nsp_accuracy": _share(next_hits, pairs)}
    return found


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
