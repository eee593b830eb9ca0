"""Weights, gradients and moments of several processes become a part for each, and whole again.

What parts them is FSDP2, torch's `fully_shard` (Zhao et al., 2023): a layer's weights are gathered
while it computes, and its gradients go to the process that updates them. It wraps a second tree of
modules, which is called for updates alone. The encoder itself, which everything else of a run
knows, holds no weights meanwhile; it gets them all for judging and saving.
"""

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from textune.encoder import precision, recomputing
from textune.encoder.model import Encoder
from textune.encoder.precision import Call, Loss, Plain
from textune.errors import SettingsError
from textune.fast import memory
from textune.objectives.objective import Objective
from textune.objectives.work import Work
from textune.parallel.ranks import Ranks
from textune.records import Batch
from textune.settings.language_config import RunSettings
from textune.tasks.own import Own
from textune.training import checkpoint, reducing, snapshot
from textune.training.checkpoint import Checkpoint
from textune.training.fingerprints import Fingerprint
from textune.training.optim import AdamW
from textune.training.progress import Progress
from textune.training.room import Lack


class Learner(Protocol):
    """What of a learner is read and changed here."""

    objective: Objective
    settings: RunSettings
    encoder: Encoder
    model: Plain
    optimizer: AdamW
    progress: Progress
    ranks: Ranks
    shards: "Shards | None"

    def prints(self) -> Fingerprint:
        """Return what names by content all that the remaining steps depend on."""


class Sharded(Plain):
    """The encoder as a tree of modules of its own, whose weights are parted between processes.

    Args:
        encoder: Whose parameters are parted; it keeps them until they are taken from it.
        world: How many processes there are.
        filler: A batch for passes that count for nothing; see `filled`.
        loss: Of such a batch.
    """

    def __init__(self, encoder: Encoder, world: int, filler: Batch, loss: Loss):
        from torch.distributed.device_mesh import init_device_mesh  # takes a second to import

        same = {id(item): item for item in encoder.parameters()}  # no second copy of the weights
        super().__init__(deepcopy(encoder, same))
        self.filler = filler
        self._nothing: Loss = partial(_nothing, loss)
        self._call = Call(self.encoder)
        mesh = init_device_mesh(encoder.device.type, (world,))
        for part in (*layers_of(self.encoder), self._call):
            _shard(part, mesh)

    def loss(self, loss: Loss, batch: Batch) -> Tensor:
        """Return the loss of a batch; 0 of the filler, by a pass like any other."""
        self._assert_mode()
        with warnings.catch_warnings():  # of views that layers return; nothing writes to them
            warnings.filterwarnings("ignore", "FSDP2-wrapped module", UserWarning)
            found: Tensor = self._call(batch, self._nothing if batch is self.filler else loss)
        return found


@dataclass(slots=True)
class Shards:
    """What of a learner is parted, and what it was before."""

    model: Sharded
    before: Plain
    pairs: list[tuple[nn.Parameter, nn.Parameter]]  # of the encoder, and its part (DTensor)
    is_whole: bool = False  # whether the encoder has the weights of the last update


class Sums:
    """Adds the losses of an update over all processes; the gradients are added by FSDP2."""

    def __init__(self, ranks: Ranks):
        self._ranks = ranks

    def open(self) -> None:
        """Do nothing: FSDP2 has memory of its own."""

    def begin(self) -> None:
        """Do nothing: FSDP2 sends gradients as the backward pass completes them."""

    def stack(self, own: Tensor | None, device: torch.device) -> tuple[Tensor, slice]:
        """Return the rows of all processes, and which are this one's."""
        return self._ranks.stack(own, device)

    def agree(self, own: Lack, *, is_lacking: bool) -> list[Lack]:
        """Return none: where one lacks memory the others wait for its weights, and the run ends."""
        del own, is_lacking
        return []

    def end(self, total: Tensor) -> Tensor:
        """Return the loss of all processes, of that of this one; ()."""
        stop = self._ranks.stop
        is_stopped = float(stop is not None and stop.signal is not None)
        both = torch.stack([total.float(), total.new_tensor(is_stopped).float()])
        self._ranks.add([both])()
        self._ranks.are_stopped = bool(both[1])
        return both[0]

    def close(self) -> None:
        """Do nothing: who has which part is another matter."""


def prepare(encoder: Encoder, own: Own) -> None:
    """Let an encoder compute by operations that parted weights can have.

    Raises:
        SettingsError: Something of the run knows whole weights only.
    """
    asked = {"a head": own.head, "an optimizer": own.optimizer, "callbacks": own.callbacks}
    if names := [name for name, is_given in asked.items() if is_given]:
        raise SettingsError(
            f"train.shard=true: {names[0]} of your own would see parts of weights only; leave "
            "train.shard out, or use what is built in"
        )
    if encoder.pool == "learned":
        raise SettingsError(
            "train.shard=true: a learned pooling of windows has a weight that not every process "
            "uses in every pass; leave train.shard out, or pool by mean or max"
        )
    precision.by_torch(encoder)


def begin(learner: Learner) -> None:
    """Part weights and moments between the processes, where that is asked for.

    All processes have the same ones, whole, and begin together.

    Raises:
        RanksError: Another process is lost.
    """
    ranks, encoder, objective = learner.ranks, learner.encoder, learner.objective
    if not learner.settings.train.shard or not ranks.are_several:
        return
    memory.spare()
    with ranks.watched():
        filler = objective.smallest(encoder.device)
        model = Sharded(encoder, ranks.place.world, filler, objective.loss)
        parts = model.encoder.parameters()
        pairs = list(zip(encoder.parameters(), parts, strict=True))
        learner.optimizer.exchange(dict(pairs), _parted)
    learner.shards = Shards(model, learner.model, pairs)
    learner.model = model
    _release(learner.shards)


def end(learner: Learner) -> None:
    """Let the encoder be trained whole again, by an optimizer that has forgotten its moments.

    Its weights are those that were gathered since the last update; else they are yet to be set.
    """
    shards, learner.shards = learner.shards, None
    if shards is None:
        return
    memory.keep()
    for whole, part in () if shards.is_whole else shards.pairs:
        whole.data = torch.empty(part.shape, dtype=part.dtype, device=part.device)
    learner.optimizer.begin_anew()
    learner.optimizer.exchange({part: whole for whole, part in shards.pairs})
    learner.model = shards.before


def gather(learner: Learner) -> None:
    """Give the encoder all weights in each process, until the next update; all do it together.

    Raises:
        RanksError: Another process is lost.
    """
    shards = learner.shards
    if shards is None or shards.is_whole:
        return
    with learner.ranks.watched(), torch.no_grad():
        for whole, part in shards.pairs:
            whole.data = checkpoint.whole(part.detach())
    shards.is_whole = True


def conclude(learner: Learner) -> None:
    """Take the weights of the last update from all processes, and leave them whole.

    Raises:
        RanksError: Another process is lost.
    """
    if learner.shards is not None:
        learner.ranks.say({"do": "gather"})
        gather(learner)
        end(learner)


def state(learner: Learner) -> Checkpoint:
    """Take everything from which a run continues; of what is parted the others send their parts.

    Raises:
        RanksError: Another process is lost.
    """
    take = partial(snapshot.take, learner.encoder.model, learner.optimizer, learner.progress)
    if learner.shards is None:
        return take(learner.prints())
    learner.ranks.say({"do": "save"})
    gather(learner)
    with learner.ranks.watched():
        return take(learner.prints())


def send_state(learner: Learner) -> None:
    """Send this process's parts of what the first one saves."""
    gather(learner)
    with learner.ranks.watched():
        for _ in checkpoint.parts_of(learner.optimizer):
            pass  # each is whole for a moment


def filled(learner: Learner, work: Work) -> Work:
    """Return an update with as many forward passes in each process as in any other.

    Each pass gathers weights, for which every process is needed; where one has fewer
    micro-batches it computes a text whose loss counts for nothing.
    """
    shards, ranks = learner.shards, learner.ranks
    if shards is None:
        return work
    if shards.is_whole:
        _release(shards)
    parts = list(work.parts)
    counts = torch.zeros(ranks.place.world, dtype=torch.int64)
    counts[ranks.place.rank] = len(parts)
    ranks.add([counts])()
    parts += [shards.model.filler] * (int(counts.max()) - len(parts))
    return replace(work, parts=parts, join=None)  # windows of one text in one pass


def adding(learner: Learner) -> reducing.Adding | None:
    """Return what adds up an update over several processes; None where there is one."""
    if learner.shards is not None:
        return Sums(learner.ranks)
    return reducing.between(learner.ranks, learner.model, learner.optimizer)


def watching(learner: Learner) -> AbstractContextManager[None]:
    """Name the process that is lost, where an update is computed by the parts of all of them."""
    return nullcontext() if learner.shards is None else learner.ranks.watched(but=_is_own)


def layers_of(encoder: Encoder) -> list[nn.Module]:
    """Return the layers, each parted by itself; none where one is computed several times."""
    found = recomputing.layers_of(encoder)
    return found if len(found) == getattr(encoder.config, "num_hidden_layers", -1) else []


def _is_own(error: BaseException) -> bool:
    """Tell whether an error is of what this process computes, not of what others send or do not."""
    return not isinstance(error, dist.DistError) and "gloo" not in str(error)


def _release(shards: Shards) -> None:
    """Take the weights from the encoder: what is computed with are the parts."""
    for whole, _ in shards.pairs:
        whole.data = whole.new_empty(0)
    shards.is_whole = False


def _shard(part: nn.Module, mesh: Any) -> None:
    """Part the weights of a module; of gradients the sum is taken, as losses are parts of one."""
    from torch.distributed.fsdp import fully_shard

    found = fully_shard(part, mesh=mesh)
    found.set_gradient_divide_factor(1.0)
    found.set_force_sum_reduction_for_comms(True)


def _parted(moment: Tensor, like: Any) -> Tensor:
    """Take this process's part of a moment, as the weights are parted."""
    from torch.distributed.tensor import distribute_tensor

    given = moment.to(like.device)
    return distribute_tensor(given, like.device_mesh, like.placements, src_data_rank=None)


def _nothing(loss: Callable[[Any, Batch], Tensor], output: Any, batch: Batch) -> Tensor:
    """Return 0, which depends on all weights that the loss depends on."""
    return loss(output, batch) * 0.0
