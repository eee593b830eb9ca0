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

from textune.fast import constants
from textune.objectives.objective import Prior
from textune.objectives.work import Work
from textune.parallel.ranks import ALONE, Ranks
from textune.records import Batch, Step
from textune.text.batches import precise

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
        self._shared = 0  # the update of which processes have told each other last
        # (1 + 2 C,) of this update: the sum of losses of constant answers, then how often each name
        # is the answer, and the truth; it stays where it lies, as a captured graph adds to it
        self._heard: Tensor | None = None

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
        """Bring together what several processes have heard of an update that is watched, once.

        The others do so after each; the first one must where the update ends in an error, too.
        """
        number = 0 if self._work is None else self._work.number
        if not ranks.are_several or number > self.end or number == self._shared:
            return
        self._shared = number
        known = self._sums(torch.device("cpu"))  # none yet where no text was this process's
        heard = known.cpu()
        ranks.add([heard])()
        known.copy_(heard)

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
        if self._heard is not None:
            self._heard.zero_()

    def _sums(self, device: torch.device) -> Tensor:
        if self._heard is None:
            size = 1 + 2 * len(self._prior.names)
            self._heard = torch.zeros(size, dtype=precise(device), device=device)
        return self._heard

    @torch.no_grad()
    def _hear(self, output: Tensor, batch: Batch, loss: Callable[[Any, Batch], Tensor]) -> None:
        """Add what a batch says; nothing here makes a card wait."""
        sums = self._sums(output.device)
        if self._prior.logits is not None:
            constant = constants.on(output.device, self._prior.logits.tolist())
            sums[0] += loss(constant.expand(len(output), -1), batch)
        if self._prior.names and batch.targets is not None:
            is_known = (batch.targets >= 0).to(sums.dtype)  # (I,)
            kinds = len(self._prior.names)
            pair = (output.argmax(dim=1), batch.targets.clamp(min=0))
            for number, each in enumerate(pair):
                counts = sums[1 + number * kinds : 1 + (number + 1) * kinds]
                counts.index_add_(0, each, is_known)

    def _measured(self, step: Step, count: float) -> Tensor:
        """Return what is kept of an update; (6,), on its device."""
        place = step.loss.device
        exact = precise(place)
        nothing = torch.full((), math.nan, dtype=exact, device=place)
        sums = self._sums(place).to(place)
        (answers, answer), (truth, _) = map(_commonest, sums[1:].view(2, len(self._prior.names)))
        found = [
            step.loss,
            nothing if self._prior.logits is None else sums[0] / count,
            answers,
            truth,
            torch.where(step.norm.isfinite(), step.norm.detach(), math.nan),  # NaN: left out
            answer,
        ]
        return torch.stack([part.to(place, exact) for part in found])

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
    begun, now = (norms[~np.isnan(norms)] for norms in (first[:, NORM], later[:, NORM]))
    return float(np.median(now) / max(begun[0], 1e-9)) if len(begun) and len(now) else 0.0


def _commonest(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of the most frequent of some answers, and which it is; NaN of none."""
    if not len(counts):
        nothing = counts.new_full((), math.nan)
        return nothing, nothing
    most, answer = counts.max(dim=0)
    return most / counts.sum(), answer


def _row(numbers: Sequence[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)
