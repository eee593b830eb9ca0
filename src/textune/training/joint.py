"""Processes of one machine hold the large weights once, and each updates its share of them.

Weights, bf16 copies and moments lie in memory that all of the processes see, so that no process
updates what another one has updated, and none of it need be sent: the first stage of ZeRO
(Rajbhandari et al., 2020) without its last step. Small weights stay with each process.
"""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from textune.encoder.model import Encoder
from textune.fast import calls
from textune.parallel.ranks import Ranks

KINDS = 3  # of numbers in fp32: weights, first and second moments
LINE = 16  # numbers in fp32 that begin where a line of the cache does


class Joint:
    """The large weights of an encoder, where all processes of a machine see them.

    All of them have the same weights as it is made, and make it before the same update. Until
    `leave` nobody else may write to these weights.

    Args:
        ranks: The processes.
        memory: (M,) fp32, as `room` says, which all of them see.
        encoder: Whose weights move there.
        places: Where in N numbers each weight lies; those of a product end to end.
        shares: Which of its elements this process updates.
        sums: The weights whose gradients are summed in the share of this process alone.
    """

    def __init__(
        self,
        ranks: Ranks,
        memory: Tensor,
        encoder: Encoder,
        places: Mapping[nn.Parameter, slice],
        shares: Mapping[nn.Parameter, slice],
        sums: Collection[nn.Parameter],
    ):
        self._ranks, self._encoder, self._places = ranks, encoder, places
        self._sums = sums
        self.summed = 0.0  # squares of these sums in the share of this process
        self._shares = {id(weight): share for weight, share in shares.items()}
        size = room_of_one(places)
        weights, *moments = memory[: KINDS * size].split(size)
        self._moments = {
            id(weight): tuple(each[place].view_as(weight) for each in moments)
            for weight, place in places.items()
        }
        self._move(weights, memory[KINDS * size :].view(torch.bfloat16))

    def share(self, weight: nn.Parameter, like: Tensor) -> Tensor:
        """Return this process's share of a tensor that is shaped as a weight; all of a small one's.

        Args:
            weight: Which one.
            like: Of its shape, contiguous.

        Returns:
            (S,), the same memory.
        """
        found = self._shares.get(id(weight))
        return like if found is None else like.view(-1)[found]

    def moments(self, weight: nn.Parameter) -> tuple[Tensor, Tensor] | None:
        """Return memory for the moments of a weight, of its shape; None for a small one."""
        found = self._moments.get(id(weight))
        return None if found is None else (found[0], found[1])

    def squares(self, gradients: Sequence[tuple[nn.Parameter, Tensor]]) -> float:
        """Sum the squares of gradients over all processes. Each of them may update from here on.

        Args:
            gradients: Of weights; `summed` has those of the summed ones already.
        """
        own, rest = [], []
        for weight, gradient in gradients:
            if id(weight) not in self._shares:
                rest.append(gradient)
            elif weight not in self._sums:
                own.append(self.share(weight, gradient))
        item = torch.tensor([self.summed + calls.squares(own)], dtype=torch.float64)
        self._ranks.add([item])()
        return float(item) + calls.squares(rest)

    def meet(self) -> None:
        """Return once all processes have updated their shares."""
        self._ranks.meet()

    def leave(self) -> None:
        """Let the weights of this process lie in memory of its own, with the values they have."""
        self._move(None, None)

    @torch.no_grad()
    def _move(self, weights: Tensor | None, halves: Tensor | None) -> None:
        """Move the weights to places in (N,) fp32, and bf16 copies to those in (N,) bf16."""
        stacked: set[int] = set()
        for matrix in self._encoder.matrices():
            parts = matrix.weights()
            stacked.update(map(id, parts))
            if parts[0] not in self._places:
                continue
            place = slice(self._places[parts[0]].start, self._places[parts[-1]].stop)
            matrix.move(*(None if each is None else each[place] for each in (weights, halves)))
        for weight, place in self._places.items():
            if id(weight) in stacked:
                continue
            if weights is None:
                weight.data = weight.data.clone()
            else:
                weight.data = weights[place].view_as(weight).copy_(weight)


def room(places: Mapping[nn.Parameter, slice], *, by_halves: bool) -> int:
    """Return how many numbers in fp32 the weights, their moments and any bf16 copies take."""
    return KINDS * (size := room_of_one(places)) + (size // 2 if by_halves else 0)


def room_of_one(places: Mapping[nn.Parameter, slice]) -> int:
    """Return how many numbers each of these takes."""
    return -(-max(place.stop for place in places.values()) // LINE) * LINE
