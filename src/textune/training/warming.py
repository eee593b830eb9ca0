"""A new masked-LM head learns alone, the encoder unchanged, for as long as that measures better."""

from collections.abc import Generator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from textune.encoder.model import Encoder
from textune.encoder.precision import Plain
from textune.errors import StoppedError
from textune.objectives.masked import Masked
from textune.records import Message
from textune.runs.events import AuxiliaryStep
from textune.training import loop, optim
from textune.training.clock import Clock
from textune.training.guards import StopRequest

LR = 3e-3
ROUND = 100  # updates between measurements, at most; a pass over little text
SMALL = 30  # updates between measurements, at least
MOST_ROUNDS = 20
GAIN = 0.01  # of the held-out loss, below which another round is not worth its time
SAMPLE = 20_000  # tokens of held-out text on which it is measured
SMALL_GAIN = 0.3  # of a new head's norm, so that it begins near the frequencies of pieces
MOST_TIME = 0.2  # of a run's time, where that is limited


@dataclass(frozen=True, slots=True)
class Warmth:
    """What came of it."""

    steps: int
    losses: tuple[float, ...]  # held-out loss before, and after each round


def warm(
    encoder: Encoder, objective: Masked, *, micro_tokens: int, clock: Clock
) -> Generator[Message | AuxiliaryStep, None, Warmth]:
    """Train a new head's parameters alone; most of a limited time is left to the whole encoder."""
    base = encoder.model.base_model
    frozen = [item for item in base.parameters() if item.requires_grad]
    for item in frozen:
        item.requires_grad = False
    try:
        return (yield from _rounds(encoder, objective.sampled(SAMPLE), micro_tokens, clock))
    finally:
        for item in frozen:
            item.requires_grad = True
        encoder.release()


@torch.no_grad()
def begin(encoder: Encoder, counts: NDArray[np.int64], *, is_all_new: bool) -> None:
    """Let a new head begin as a guess by frequency, and pass the encoder's states on as they are.

    Where the encoder is new as well, only the frequencies are set. How often each piece occurs
    in the text is in `counts`; (V,).
    """
    decoder = encoder.model.get_output_embeddings()
    if decoder.bias is not None:
        shares = torch.from_numpy(counts).double() + 0.5
        frequencies = (shares / shares.sum()).log().to(decoder.bias)
        decoder.bias[: len(frequencies)].copy_(frequencies)
    if is_all_new:
        return
    own = {id(module) for module in encoder.model.base_model.modules()}
    for module in encoder.model.modules():
        if id(module) in own or module is decoder:
            continue
        if isinstance(module, nn.Linear) and module.in_features == module.out_features:
            nn.init.eye_(module.weight)
        elif isinstance(module, nn.LayerNorm):
            module.weight.mul_(SMALL_GAIN)


def stop_if(stop: StopRequest, event: object) -> None:
    """Stop where a signal asked for it, between two updates of the head.

    Raises:
        StoppedError: It was asked for.
    """
    if stop.signal is not None and isinstance(event, AuxiliaryStep | Message):
        raise StoppedError(
            "stopped while the new head was trained; --resume begins with it again",
            signal=stop.signal,
        )


def _rounds(
    encoder: Encoder, objective: Masked, micro_tokens: int, clock: Clock
) -> Generator[Message | AuxiliaryStep, None, Warmth]:
    head = {name: item for name, item in encoder.model.named_parameters() if item.requires_grad}
    optimizer = optim.adamw(encoder.model, lr=LR, weight_decay=0.0, betas=(0.9, 0.98), eps=1e-8)
    works = (
        work
        for epoch in count(1)
        for work in objective.work(encoder, epoch, after=0, micro_tokens=micro_tokens)
    )
    size = min(max(objective.per_epoch, SMALL), ROUND)
    losses = [float(objective.judge(encoder, micro_tokens=micro_tokens)["loss"])]
    best = _copy(head)
    steps = 0
    schedule = LambdaLR(optimizer, lambda _: 1.0)
    while len(losses) <= MOST_ROUNDS:
        for _ in loop.train(
            Plain(encoder),
            objective.loss,
            islice(works, size),
            optimizer,
            schedule,
            clip=1.0,
            dropout=False,  # of no use in layers that do not change
        ):
            steps += 1
            yield AuxiliaryStep("the new head is trained alone", steps, None)
            if clock.share() > MOST_TIME:
                break
        losses.append(float(objective.judge(encoder, micro_tokens=micro_tokens)["loss"]))
        if losses[-1] < min(losses[:-1]):
            best = _copy(head)
        if losses[-1] > min(losses[:-1]) * (1 - GAIN) or clock.share() > MOST_TIME:
            break
    with torch.no_grad():
        for name, item in head.items():
            item.copy_(best[name])
    yield Message(
        f"the new head was trained alone for {steps:,} updates: held-out loss "
        f"{losses[0]:.2f} → {min(losses):.2f}"
    )
    return Warmth(steps, tuple(losses))


def _copy(head: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    return {name: item.detach().clone() for name, item in head.items()}
