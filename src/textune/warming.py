"""A new masked-LM head learns alone, the encoder unchanged, for as long as that measures better."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count, islice

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from textune.encoder.model import Encoder
from textune.encoder.precision import Plain
from textune.errors import StoppedError
from textune.masked import Masked
from textune.records import Said, Step
from textune.training import loop, optim
from textune.training.guards import Wish

LR = 1e-3
ROUND = 100  # updates between measurements, at most; a pass over little text
SMALL = 30  # updates between measurements, at least
MOST_ROUNDS = 20
GAIN = 0.01  # of the held-out loss, below which another round is not worth its time
SAMPLE = 20_000  # tokens of held-out text on which it is measured


@dataclass(frozen=True, slots=True)
class Warmth:
    """What came of it."""

    steps: int
    losses: tuple[float, ...]  # held-out loss before, and after each round


def warm(
    encoder: Encoder, lesson: Masked, *, micro_tokens: int
) -> Generator[Said | Step, None, Warmth]:
    """Train the parameters of the head alone.

    Args:
        encoder: With a new head; its other weights stay as they are.
        lesson: What there is to learn.
        micro_tokens: Most tokens computed at once.
    """
    base = encoder.model.base_model
    frozen = [item for item in base.parameters() if item.requires_grad]
    for item in frozen:
        item.requires_grad = False
    try:
        return (yield from _rounds(encoder, lesson.sampled(SAMPLE), micro_tokens))
    finally:
        for item in frozen:
            item.requires_grad = True
        encoder.release()


def stop_if(wish: Wish, event: object) -> None:
    """Stop where a signal asked for it, between two updates of the head.

    Raises:
        StoppedError: It was asked for.
    """
    if wish.signal is not None and isinstance(event, Step | Said):
        raise StoppedError(
            "stopped while the new head was trained; --resume begins with it again",
            signal=wish.signal,
        )


def _rounds(
    encoder: Encoder, lesson: Masked, micro_tokens: int
) -> Generator[Said | Step, None, Warmth]:
    head = {name: item for name, item in encoder.model.named_parameters() if item.requires_grad}
    optimizer = optim.adamw(encoder.model, lr=LR, weight_decay=0.0, betas=(0.9, 0.98), eps=1e-8)
    works = (
        work
        for epoch in count(1)
        for work in lesson.work(encoder, epoch, after=0, micro_tokens=micro_tokens)
    )
    size = min(max(lesson.per_epoch, SMALL), ROUND)
    losses = [float(lesson.judge(encoder, micro_tokens=micro_tokens)["loss"])]
    best = _copy(head)
    steps = 0
    schedule = LambdaLR(optimizer, lambda _: 1.0)
    while len(losses) <= MOST_ROUNDS:
        encoder.train(False)  # nothing to be gained from dropout in layers that do not change
        for step in loop.train(
            Plain(encoder), lesson.loss, islice(works, size), optimizer, schedule, clip=1.0
        ):
            steps += 1
            yield step
        losses.append(float(lesson.judge(encoder, micro_tokens=micro_tokens)["loss"]))
        if losses[-1] < min(losses[:-1]):
            best = _copy(head)
        if losses[-1] > min(losses[:-1]) * (1 - GAIN):
            break
    with torch.no_grad():
        for name, item in head.items():
            item.copy_(best[name])
    yield Said(
        f"the new head was trained alone for {steps:,} updates: held-out loss "
        f"{losses[0]:.2f} → {min(losses):.2f}"
    )
    return Warmth(steps, tuple(losses))


def _copy(head: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    return {name: item.detach().clone() for name, item in head.items()}
