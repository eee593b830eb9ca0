"""A corpus becomes what Lightning's loops take: parts of optimizer batches, and texts to answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from textune.errors import CheckpointError
from textune.objectives.labelled import Labelled
from textune.records import Batch, Example
from textune.text import batches, plan
from textune.text.ragged import Targets
from textune.text.store import Store

Rows = NDArray[np.int64]


class Part:
    """What one process computes at once of an optimizer batch.

    It is no dataclass, and knows `to`: so Lightning moves it whole.

    Args:
        packs: Micro-batches, each packed end to end.
        scale: What their sum of losses is multiplied by, so that the mean over all processes and
            all parts of the optimizer batch is the mean over its texts; 0 where a process has none
            of them, and computes a text for the company of others only.
        update: Which update of the weights it is for, from 1.
        part: Which part of that, from 0.
        parts: Of the optimizer batch, in each process.
        texts: In the whole optimizer batch, over all processes.
    """

    def __init__(
        self,
        packs: Sequence[Batch],
        *,
        scale: float,
        update: int,
        part: int,
        parts: int,
        texts: int,
    ):
        self.packs = tuple(packs)
        self.scale = scale
        self.update = update
        self.part = part
        self.parts = parts
        self.texts = texts

    @property
    def is_last(self) -> bool:
        """Whether the weights are updated after it."""
        return self.part == self.parts - 1

    def to(self, device: torch.device, **_: object) -> Self:
        """Bring the tensors to a device."""
        self.packs = tuple(batches.moved(pack, device) for pack in self.packs)
        return self


@dataclass(slots=True)
class Processes:
    """Over how many processes and parts an optimizer batch is dealt."""

    parts: int = 1
    rank: int = 0
    world: int = 1


class Updates:
    """The optimizer batches of `textune train`, in its order, each dealt over parts and processes.

    The Trainer says which pass begins (`sampler.set_epoch`), keeps `state_dict` in its checkpoints,
    and goes on from there in the middle of a pass.

    Args:
        objective: What is learned.
        processes: Who computes it.
        micro_tokens: Most tokens in a pack.
        padded: Whether the encoder pads its packs.
    """

    def __init__(
        self, objective: Labelled, processes: Processes, *, micro_tokens: int, padded: bool
    ):
        self._objective = objective
        self._processes = processes
        self._micro_tokens = micro_tokens
        self._padded = padded
        self._epoch = 0  # passes before this one
        self._done = 0  # parts of this pass that were handed out
        self.sampler = self  # where the Trainer looks for set_epoch

    def __len__(self) -> int:
        return self._objective.per_epoch * self._processes.parts

    def __iter__(self) -> Iterator[Part]:
        # read when the first part is asked for: the Trainer makes the iterator before it says
        # which pass it is for
        epoch, first = self._epoch, self._done
        updates = self._planned(epoch)
        for place in range(first, len(self)):
            number, part = divmod(place, self._processes.parts)
            self._done = place + 1
            yield self._part(updates[number], epoch, number, part)

    def set_epoch(self, epoch: int) -> None:
        """Take the pass that begins, from 0; the same one again is gone on with."""
        if epoch != self._epoch:
            self._epoch, self._done = epoch, 0

    def state_dict(self) -> dict[str, Any]:
        """Return how far this pass has come."""
        dealt = {"parts": self._processes.parts, "world": self._processes.world}
        return {"epoch": self._epoch, "done": self._done, **dealt}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where a checkpoint was written.

        Raises:
            CheckpointError: In the middle of a pass whose batches were dealt otherwise.
        """
        is_amid = 0 < state["done"] < self._objective.per_epoch * state["parts"]
        same = (self._processes.parts, self._processes.world)
        if is_amid and (state["parts"], state["world"]) != same:
            raise CheckpointError(
                f"the checkpoint was written in the middle of a pass by {state['world']} processes "
                f"with accumulate_grad_batches={state['parts']}, and goes on with as many; here "
                f"are {same[1]} processes with accumulate_grad_batches={same[0]}"
            )
        self._epoch, self._done = state["epoch"], state["done"]
        if not is_amid and self._done:
            self._done = len(self)

    def _planned(self, epoch: int) -> list[plan.Update]:
        train = self._objective.corpus.split.train
        return plan.epoch(
            self._objective.corpus.store.lengths[train],
            seed=self._objective.seed,
            number=epoch + 1,
            batch_size=self._objective.batch_size,
            micro_tokens=self._micro_tokens,
            padded=self._padded,
            copies=self._objective.task.copies(self._objective.corpus.targets[train]),
        )

    def _part(self, update: plan.Update, epoch: int, number: int, part: int) -> Part:
        own, train = self._processes, self._objective.corpus.split.train
        lengths = self._objective.corpus.store.lengths[train]
        dealt = plan.update(
            update.rows,
            lengths,
            self._micro_tokens,
            padded=self._padded,
            rank=part * own.world + own.rank,
            world=own.parts * own.world,
        )
        packs = [train[rows] for rows in dealt.parts if len(rows)]
        scale = own.parts * own.world / self._objective.count(train[update.rows])
        if not packs:  # as many processes must compute something, for their means to be taken
            shortest = update.rows[np.argmin(lengths[update.rows])]
            packs, scale = [train[[shortest]]], 0.0
        return Part(
            [self._objective.batch(rows) for rows in packs],
            scale=scale,
            update=epoch * self._objective.per_epoch + number + 1,
            part=part,
            parts=own.parts,
            texts=len(update.rows),
        )


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that are answered, N of them."""

    store: Store
    rows: Rows  # (N,) which of the store
    examples: Sequence[Example]  # N
    targets: Targets | None = None  # of every text of the store
    objective: Labelled | None = None  # where they have targets

    def batch(self, places: Rows) -> Batch:
        """Pack some of them, with their targets where these are known."""
        rows = self.rows[places]
        if self.objective is None:
            return batches.pack(self.store, rows)
        return self.objective.batch(rows)

    def taken(self, places: Rows) -> "Texts":
        """Return some of them, in this order."""
        examples = [self.examples[place] for place in places.tolist()]
        return Texts(self.store, self.rows[places], examples, self.targets, self.objective)


class Asked:
    """Some texts that are to be answered; none of them where a process has nothing left to do."""

    def __init__(self, texts: Texts, places: Rows):
        self.texts = texts
        self.places = places
        self.batch = texts.batch(places) if len(places) else None

    def to(self, device: torch.device, **_: object) -> Self:
        """Bring the tensors to a device."""
        self.batch = None if self.batch is None else batches.moved(self.batch, device)
        return self


class Questions:
    """All of some texts, a pack at a time; each process has as many packs.

    Args:
        texts: To be answered.
        processes: Who computes it.
        micro_tokens: Most tokens in a pack.
        padded: Whether the encoder pads its packs.
        in_order: Whether texts stay in their order, for people; else they are grouped by length.
    """

    def __init__(
        self,
        texts: Texts,
        processes: Processes,
        *,
        micro_tokens: int,
        padded: bool = False,
        in_order: bool = False,
    ):
        self._texts = texts
        lengths = texts.store.lengths[texts.rows]
        if in_order:
            packs = list(_runs(lengths, micro_tokens))
        else:
            packs = list(plan.in_order(lengths, micro_tokens=micro_tokens, padded=padded))
        packs += [np.zeros(0, dtype=np.int64)] * (-len(packs) % processes.world)
        self._mine = packs[processes.rank :: processes.world]

    def __len__(self) -> int:
        return len(self._mine)

    def __iter__(self) -> Iterator[Asked]:
        for places in self._mine:
            yield Asked(self._texts, places)


def _runs(lengths: NDArray[np.int64], most: int) -> Iterator[Rows]:
    """Part texts into runs of at most so many tokens, or of one text."""
    first, tokens = 0, 0
    for place, size in enumerate(lengths.tolist()):
        if place > first and tokens + size > most:
            yield np.arange(first, place)
            first, tokens = place, 0
        tokens += size
    if len(lengths):
        yield np.arange(first, len(lengths))
