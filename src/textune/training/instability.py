"""Losses and answers of the first updates become a sign that training does not learn, or none.

Nothing is computed for it but the loss of constant answers: what the head says is there anyway.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from textune.objectives.objective import Prior
from textune.objectives.work import Work
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Step

SHARE = 0.1  # of all updates that are watched
FEWEST = 20  # updates that are watched, where there are so many
RECENT = 32  # updates that are judged, at most
LATER = 0.75  # of those watched: the first ones may still be what the base was
EVERY = 8  # updates between two looks before the last one: reading a loss makes a GPU wait
STARTED = 3  # updates whose mean loss is that of the start

# measured on sound trainings of small data, none of which comes near them
CLEAR = 0.1  # part by which the loss is above what constant answers give
EXTREME = 1.0  # the same, where no other sign is needed
LEARNT = 0.9  # part of that loss below which a start knew something
SURE = 2.0  # standard errors
ALIKE, VARIED = 0.95, 0.85  # share of the most frequent answer, and at most of the most frequent
# truth, in a batch
STEEP = 10.0  # times the first gradient norm

LOSS, CHANCE, ANSWERS, TRUTH, NORM, ANSWER = range(6)  # columns of what is kept of an update


class Watch:
    """Keeps what the first updates were like.

    Args:
        prior: What is known without reading any text.
        total: Updates in all.
        state: What an earlier session of the run has kept.
    """

    def __init__(self, prior: Prior, total: int, state: Mapping[str, Any] | None = None):
        self.end = min(max(FEWEST, math.ceil(total * SHARE)), total)
        self._prior, self._total = prior, total
        known = state or {"first": [], "recent": []}
        self._first: list[Tensor] = list(map(_row, known["first"]))
        self._recent = deque(map(_row, known["recent"]), maxlen=RECENT)
        self._work: Work | None = None
        self._chance: Tensor | None = None  # () sum of losses of constant answers in this update
        self._counts: Tensor | None = None  # (2, C) how often each is the answer, and the truth

    def state(self) -> dict[str, list[list[float]]]:
        """Return what was kept, for a checkpoint."""
        return {
            "first": [row.tolist() for row in self._first],
            "recent": [row.tolist() for row in self._recent],
        }

    def over(self, works: Iterable[Work]) -> Iterator[Work]:
        """Let updates pass, and remember which one is computed."""
        for work in works:
            self.begin(work)
            yield work

    def begin(self, work: Work) -> None:
        """Remember which update is computed."""
        self._work = work
        self._forget()

    def share(self, ranks: Ranks) -> None:
        """Bring together what several processes have heard of an update that is watched."""
        if not ranks.are_several or self._work is None or self._work.number > self.end:
            return
        kinds = len(self._prior.names)
        if self._chance is None:  # no text was this process's
            self._chance = torch.zeros((), dtype=torch.float64)
        if self._counts is None:
            self._counts = torch.zeros((2, kinds), dtype=torch.float64)
        heard = torch.cat([self._chance.reshape(1), self._counts.reshape(-1)]).cpu()
        ranks.add([heard])()
        has_chance = self._prior.logits is not None
        self._chance = heard[0] if has_chance else None
        self._counts = heard[1:].reshape(2, kinds) if kinds else None

    def listening(self, loss: Callable[[Any, Batch], Tensor]) -> Callable[[Any, Batch], Tensor]:
        """Return a loss that is the same, and heard."""

        def heard(output: Any, batch: Batch) -> Tensor:
            if self._work is not None and self._work.number <= self.end:
                self._hear(output.detach(), batch, loss)
            return loss(output, batch)

        return heard

    def after(self, step: Step, ranks: Ranks = ALONE) -> str | None:
        """Keep what an update was like; return in words what is wrong with the training so far."""
        if step.number > self.end or self._work is None:
            return None
        self.share(ranks)
        row = self._measured(step, self._work.count)
        self._forget()
        if len(self._first) < STARTED:
            self._first.append(row)
        self._recent.append(row)
        if step.number % EVERY and step.number != self.end:
            return None
        return self._judged(step.number)

    def _forget(self) -> None:
        self._chance = self._counts = None

    @torch.no_grad()
    def _hear(self, output: Tensor, batch: Batch, loss: Callable[[Any, Batch], Tensor]) -> None:
        if self._prior.logits is not None:
            constant = torch.as_tensor(
                self._prior.logits, dtype=torch.float32, device=output.device
            )
            found = loss(constant.expand(len(output), -1), batch).double()
            self._chance = found if self._chance is None else self._chance + found
        if self._prior.names and batch.targets is not None:
            is_known = batch.targets >= 0
            pair = (output.argmax(dim=1)[is_known], batch.targets[is_known])
            kinds = len(self._prior.names)
            counts = torch.stack([each.bincount(minlength=kinds)[:kinds] for each in pair]).double()
            self._counts = counts if self._counts is None else self._counts + counts

    def _measured(self, step: Step, count: float) -> Tensor:
        """Return what is kept of an update; (6,) float64, on its device."""
        place = step.loss.device
        nothing = torch.tensor(math.nan, device=place)
        own, true = (None, None) if self._counts is None else self._counts
        (answers, answer), (truth, _) = _commonest(own), _commonest(true)
        found = [
            step.loss,
            nothing if self._chance is None else self._chance / count,
            answers,
            truth,
            step.norm.detach(),
            answer,
        ]
        return torch.stack([part.to(place, torch.float64) for part in found])

    def _judged(self, number: int) -> str | None:
        """Say what is wrong after an update, where it is beyond doubt."""
        first = torch.stack(self._first).cpu().numpy()  # (up to STARTED, 6)
        kept = torch.stack(list(self._recent)).cpu().numpy()
        later = kept[-max(math.ceil(len(kept) * LATER), 1) :]  # (N, 6)
        is_last = number == self.end
        losses = later[:, LOSS]
        floor = _floor(first, later)  # (N,)
        above = _excess(losses, floor)
        latest = slice(-max(len(later) // 2, 2), None)
        is_far = _excess(losses[latest], floor[latest]) > EXTREME
        is_constant, is_steep = _is_constant(later), _steepness(first, later) > STEEP
        is_bad = is_far or (is_last and above > CLEAR and (is_constant or is_steep))
        is_lost = is_last and is_constant and _has_lost(first, later)
        if not is_bad and not is_lost:
            return None
        return self._words(number, first, later)

    def _words(self, number: int, first: NDArray[Any], later: NDArray[Any]) -> str:
        loss, chance = float(later[:, LOSS].mean()), float(later[:, CHANCE].mean())
        of = "" if number == self._total else f" of {self._total:,}"
        known = f"the first one was {first[0, LOSS]:.3g}"
        if not math.isnan(chance):
            known = f"constant answers by the labels' frequencies give {chance:.3g}"
            if not self._prior.names:
                known = f"constant answers give {chance:.3g}"
        words = [f"after {number:,}{of} updates the training loss is {loss:.3g}, where {known}"]
        if _is_constant(later):
            answer = self._prior.names[int(later[-1, ANSWER])]
            words.append(f"nearly all texts of a batch get the same answer (at last {answer!r})")
        if (times := _steepness(first, later)) > STEEP:
            words.append(f"gradients are {times:.0f} times as large as at first")
        return "; ".join(words)


def _floor(first: NDArray[Any], later: NDArray[Any]) -> NDArray[np.float64]:
    """Return the loss above which each update was worse than the start and constant answers; (N,).

    A head that is new starts far above constant answers where labels are rare, and may take long.
    """
    return np.fmax(later[:, CHANCE], first[0, LOSS])


def _excess(losses: NDArray[Any], floor: NDArray[Any]) -> float:
    """Return by which part losses are above their floor; 0 where chance explains it."""
    above = losses - floor
    if not np.isfinite(above).all():
        return math.inf
    error = above.std(ddof=1) / math.sqrt(len(above)) if len(above) > 1 else math.inf
    is_sure = above.mean() > SURE * error
    return float(above.mean() / max(floor.mean(), 1e-9)) if is_sure else 0.0


def _has_lost(first: NDArray[Any], later: NDArray[Any]) -> bool:
    """Tell whether a start that knew something has come to no more than constant answers give."""
    knew = first[:, LOSS].mean() < LEARNT * first[:, CHANCE].mean()
    return bool(knew and later[:, LOSS].mean() > 0.98 * later[:, CHANCE].mean())


def _is_constant(later: NDArray[Any]) -> bool:
    """Tell whether the answers in a batch are alike, though the truth is not."""
    return bool(later[:, ANSWERS].mean() >= ALIKE and later[:, TRUTH].mean() <= VARIED)


def _steepness(first: NDArray[Any], later: NDArray[Any]) -> float:
    """Return how many times as large as the first gradient norm the usual one is now."""
    return float(np.median(later[:, NORM]) / max(first[0, NORM], 1e-9))


def _commonest(counts: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the share of the most frequent of some answers, and which it is; NaN of none."""
    if counts is None or not bool(counts.sum()):
        nothing = torch.tensor(math.nan)
        return nothing, nothing
    most = counts.argmax()
    return counts[most] / counts.sum(), most


def _row(numbers: Sequence[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)
