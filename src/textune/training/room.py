"""A lack of memory becomes fewer tokens at once, or layers that are computed a second time.

The update is repeated from where the generator of its dropout masks stood, with the gradient of
the whole optimizer batch: it is the update of a run that computed so few at once from here on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from textune.encoder import adapters, recomputing
from textune.encoder.model import Encoder
from textune.errors import OutOfMemoryError
from textune.fast import memory
from textune.objectives.objective import Objective
from textune.objectives.work import Work
from textune.parallel.place import FIRST, Place
from textune.records import Batch, Message

MOST = 4  # times that the micro-batches of a run are halved
MICRO_TOKENS = {"cpu": 4096, "cuda": 32768, "mps": 8192}


@dataclass(frozen=True, slots=True)
class Lack:
    """The largest micro-batch of an update for which memory was lacking."""

    tokens: int
    can_halve: bool  # it has several texts, or windows
    where: str = ""  # the process, where there are several


@dataclass(slots=True)
class Room:
    """What the memory was found to hold; shared by all trainings of a run."""

    micro_tokens: int | None = None  # computed at once; None while that is as it began
    halvings: int = 0
    recompute: bool = False  # whether states of layers are made again in the backward pass
    news: list[str] = field(default_factory=list)  # not told yet

    def noted(self) -> dict[str, Any] | None:
        """Return what a checkpoint and the run's record keep; None where nothing was lacking."""
        if not self.halvings and not self.recompute:
            return None
        kept = ("micro_tokens", "halvings", "recompute")
        return {name: getattr(self, name) for name in kept}

    def take(self, noted: Mapping[str, Any] | None, encoder: Encoder) -> None:
        """Go on as an earlier session of the run came to."""
        for name, value in (noted or {}).items():
            setattr(self, name, value)
        if self.recompute:
            recomputing.begin(encoder)

    def told(self) -> Iterator[Message]:
        """Say what was found since the last time."""
        said, self.news = self.news, []
        yield from (Message(text, is_warning=True) for text in said)

    def again(
        self,
        encoder: Encoder,
        objective: Objective,
        work: Work,
        lacks: Sequence[Lack],
        *,
        may_recompute: bool,
        place: Place = FIRST,
    ) -> Work:
        """Give memory back, and return the same update to be computed with less; see `shrink`.

        Raises:
            OutOfMemoryError: Nothing is left to do.
        """
        encoder.release()
        memory.give_back()
        if encoder.device.type == "cuda":
            torch.cuda.empty_cache()
        first = next(iter(work.parts), None)  # None where no text was this process's
        device = None if first is None else first.ids.device
        tokens = self.shrink(encoder, work.number, lacks, may_recompute=may_recompute)
        if tokens is None:
            return work
        given: Any = {"after": work.number - 1, "micro_tokens": tokens}
        given |= {"device": device, "place": place}
        return next(objective.work(encoder, work.epoch, **given))

    def shrink(
        self, encoder: Encoder, number: int, lacks: Sequence[Lack], *, may_recompute: bool
    ) -> int | None:
        """Choose how the same update needs less memory; the same in every process.

        A micro-batch of several texts is halved, at most four times in a run; one of a single text
        has its layers computed a second time instead, once.

        Args:
            encoder: That lacked memory; it may be told to recompute.
            number: Of the update that was computed.
            lacks: Of this process, or of all.
            may_recompute: Whether a setting allows that.

        Returns:
            Tokens computed at once from here on; None where only recomputation changes.

        Raises:
            OutOfMemoryError: Nothing is left to do.
        """
        lack = min(lacks, key=lambda lack: (not lack.can_halve, lack.tokens))
        tokens, at = lack.tokens, f"at update {number:,}"
        at += f" ({lack.where})" if lack.where else ""
        if lack.can_halve and self.halvings < MOST:
            self.halvings += 1
            self.micro_tokens = max(tokens // 2, 16)
            self.news.append(
                f"memory was lacking {at}: at most {self.micro_tokens:,} "
                f"tokens at once from here on, instead of {tokens:,}, with the same gradient"
            )
            return self.micro_tokens
        if may_recompute and not self.recompute and recomputing.begin(encoder):
            self.recompute = True
            self.news.append(
                f"memory was lacking {at} for {tokens:,} tokens: the states "
                "of layers are computed a second time from here on, with the same gradient"
            )
            return None
        raise OutOfMemoryError(_words(lack, number, self))


def lack(work: Work) -> Lack:
    """Say how much an update computes at once, for which memory was lacking."""
    largest = max(work.parts, key=lambda batch: sum(batch.lengths), default=None)
    if largest is None:  # what all processes add was too large already
        return Lack(1, can_halve=False)
    return Lack(sum(largest.lengths), _can_halve(largest, work))


def _can_halve(batch: Batch, work: Work) -> bool:
    """Tell whether a micro-batch can be parted: by its texts, or by the windows of one."""
    texts = len(batch.lengths) if batch.items is None else len(batch.items.sizes)
    return texts > 1 or (work.join is not None and len(batch.lengths) > 1)


def _words(lack: Lack, number: int, room: Room) -> str:
    """Say what was tried, and what needs less."""
    tokens, where = lack.tokens, f"{lack.where}: " if lack.where else ""
    tried = [f"{room.halvings} times fewer tokens at once"] if room.halvings else []
    tried += ["layers computed a second time"] if room.recompute else []
    after = f" after {' and '.join(tried)}" if tried else ""
    return (
        f"{where}update {number:,}: not enough memory for {tokens:,} tokens at once{after}; the "
        "weights are those of the update before; what needs less: --set train.micro_tokens="
        f"{max(tokens // 4, 16)}, --set train.recompute=on, --max-tokens {max(tokens // 4, 16)}, a "
        "smaller --base, fewer programs beside this one"
    )


def usual_tokens(encoder: Encoder) -> int:
    """Return how many tokens are computed at once where nobody says it.

    Beside adapters torch keeps all states for the backward pass, most of which kernels make again.
    """
    found = MICRO_TOKENS[encoder.device.type]
    return found // 8 if encoder.device.type == "cpu" and adapters.are_in(encoder.model) else found
