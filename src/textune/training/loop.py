"""Losses become weights: one update, one Step."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from textune.encoder import precision
from textune.fast import threads
from textune.fast.lacking import is_lack
from textune.objectives.work import Whole, Work
from textune.records import Batch, Step
from textune.text import batches
from textune.training import ahead, generators, parted, room, together
from textune.training.capturing import Capturing
from textune.training.late import UPDATES, Late, told
from textune.training.optim import AdamW
from textune.training.reducing import Adding
from textune.training.together import Smaller

Item = TypeVar("Item")
REMEDY = "a lower --lr or --set train.precision=fp32"


class Trainable(Protocol):
    """What the loop differentiates: an encoder in some number format."""

    scale: Tensor | None  # () by which losses are multiplied for fp16; None where they are not

    def set_dropout(self, dropout: bool) -> None:
        """Put every module into training mode, or into evaluation mode: then nothing is dropped."""

    def loss(self, loss: Callable[[Any, Batch], Tensor], batch: Batch) -> Tensor:
        """Return the loss of a batch."""

    def __call__(self, batch: Batch) -> object:
        """Return logits, or the output of a masked-LM head."""

    def scaled(self, loss: Tensor) -> Tensor:
        """Return what is differentiated of a loss: for fp16, a multiple of it."""

    def collect(self) -> None:
        """Bring the gradients of one micro-batch to the parameters that are optimized."""

    def forget(self) -> None:
        """Drop the gradients of a micro-batch that are not collected."""

    def refresh(self) -> None:
        """Take over the optimized parameters after an update."""

    def reload(self) -> None:
        """Take over parameters that a checkpoint has changed."""


def train(
    model: Trainable,
    loss: Callable[[Any, Batch], Tensor],
    steps: Iterable[Work],
    optimizer: AdamW,
    schedule: LRScheduler,
    *,
    clip: float | None,
    dropout: bool = True,
    late: Late | None = None,
    reducer: Adding | None = None,
    capturing: Capturing | None = None,
    by_tf32: bool = False,
    smaller: Smaller | None = None,
) -> Iterator[Step]:
    """Update the weights once for each step, and yield what it was like.

    The gradient is the exact mean over the optimizer batch, however it is parted. On a card nobody
    waits for it: it is known some steps later whether its norm was finite, and until then none of
    these steps changes anything if it was not. Where losses are scaled, an update whose gradient is
    not finite is left out, and the scale is smaller from there.

    Args:
        model: Computes logits from a batch.
        loss: Returns the sum of losses of a micro-batch.
        steps: Optimizer steps in order.
        optimizer: Over the parameters to change.
        schedule: Stepped after every update.
        clip: Largest gradient norm; None for no limit.
        dropout: Whether the model is in training mode; the one place where that is decided.
        late: Looks whether gradients were finite; None: as is usual for the device.
        reducer: Adds the gradients of processes that learn together; None where this one is alone.
        capturing: Computes micro-batches by graphs of a card; they lie on the host then.
        by_tf32: Whether products of fp32 are TF32's on a card.
        smaller: Returns the same update where memory was lacking, to be computed with less, or
            raises what ends the run; None where a lack of memory ends it at once.

    Raises:
        NumericsError: A gradient is not finite, at the least scale of the loss if it is scaled;
            the weights are those of the step before it.
        RanksError: Another process is lost; the weights are those of the step before.
    """
    late = late or Late(REMEDY, UPDATES if optimizer.skips else 0)
    for work in steps:
        model.set_dropout(dropout)  # whoever took the step before may have judged by the model
        total, norm = gradient(
            partial(_added, model, loss, capturing=capturing, reducer=reducer, by_tf32=by_tf32),
            work,
            (model, optimizer),
            clip=clip,
            reducer=reducer,
            smaller=smaller,
        )
        scale = None if model.scale is None else model.scale.clone()  # the update changes it
        step = Step(
            number=work.number,
            epoch=work.epoch,
            loss=total,
            norm=norm,
            lr=max(float(group["lr"]) for group in optimizer.param_groups),
            texts=work.texts,
            tokens=work.tokens,
            computed=work.computed,
            scale=scale,
            read=told(total, norm, scale),
        )
        late.add(step)
        update(model, optimizer)
        schedule.step()
        yield step
    late.settle()


def gradient(
    compute: Callable[[Work], Tensor],
    work: Work,
    changing: tuple[Trainable, AdamW],
    *,
    clip: float | None,
    reducer: Adding | None,
    smaller: Smaller | None,
) -> tuple[Tensor, Tensor]:
    """Compute the gradient of an update, its loss and its norm; again where memory is lacking.

    Nothing of the weights and the moments has changed until then, and the generators of masks are
    put back to where they stood.
    """
    if reducer is not None:
        return together.gradient(
            compute, work, changing, clip=clip, reducer=reducer, smaller=smaller
        )
    model, optimizer = changing
    groups = optimizer.param_groups
    device = next(item.device for group in groups for item in group["params"])
    while True:
        before = generators.state(device)
        try:
            total = compute(work)
            norm = optimizer.clip(clip)
            optimizer.prepare()
        except (RuntimeError, MemoryError) as error:
            if smaller is None or not is_lack(error):
                raise
        else:
            return total, norm
        together.forget(model, optimizer)  # not in the handler: an error keeps what its frames hold
        generators.go_back(before, device)
        work = smaller(work, [room.lack(work)])


def _added(
    model: Trainable,
    loss: Callable[[Any, Batch], Tensor],
    work: Work,
    *,
    capturing: Capturing | None,
    reducer: Adding | None,
    by_tf32: bool,
) -> Tensor:
    """Add the gradients of an update by the products that are asked for; return its loss."""
    with precision.products(by_tf32=by_tf32):
        return accumulate(model, loss, work, capturing, reducer)


def update(model: Trainable, optimizer: AdamW) -> None:
    """Change the weights by their gradients, and forget these."""
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    model.refresh()


def accumulate(
    model: Trainable,
    loss: Callable[[object, Batch], Tensor],
    work: Work,
    capturing: Capturing | None = None,
    reducer: Adding | None = None,
) -> Tensor:
    """Add the gradients of this process's micro-batches of an update; return their loss."""
    total: Tensor | None = None
    work, whole = ahead.differentiate(model, work, reducer)
    if whole is not None:
        capturing = None  # a graph knows its own texts alone
    parts = ((batch, False) for batch in work.parts) if reducer is None else _with_last(work.parts)
    for number, (batch, is_last) in enumerate(threads.over(parts)):
        if whole is not None:
            whole.enter(number)
        part = None if capturing is None else capturing.backward(batch, work.count)
        if part is None:
            here = batch if capturing is None else batches.moved(batch, capturing.device)
            part = _go_back(model, loss, here, work, reducer if is_last else None, whole).detach()
        total = part if total is None else total + part
    return torch.zeros(()) if total is None else total


def _with_last(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Yield each with whether it is the last one."""
    left = iter(items)
    for item in left:
        for following in left:
            yield item, False
            item = following
        yield item, True


def _go_back(
    model: Trainable,
    loss: Callable[[object, Batch], Tensor],
    batch: Batch,
    work: Work,
    reducer: Adding | None,
    whole: Whole | None = None,
) -> Tensor:
    """Add the gradients of one micro-batch, and return its part of the loss.

    The last one of several processes brings what sends gradients while others are computed.
    """
    pieces = work.pieces(batch)
    if len(pieces) > 1 and work.join is not None:
        return parted.backward(
            model,
            loss,
            batch,
            pieces,
            join=work.join,
            collect=model.collect,
            scaled=model.scaled,
            count=work.count,
            whole=whole,
        )
    part = model.loss(loss, batch) / work.count  # the exact mean over the whole batch
    if reducer is not None:
        reducer.begin()
    model.scaled(part).backward()
    model.collect()
    return part
