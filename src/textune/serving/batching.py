"""Requests that wait become batches by tokens, which one thread computes, or a few.

As soon as one of them is free it takes the texts that have waited longest, of one model and one
threshold, up to a budget of tokens, and leaves others to those that are free as well. Which texts
share a batch changes nothing of what is said of them, so nothing waits for company.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from textune.predicting.explaining.model import in_chunks
from textune.records import Example, Prediction
from textune.serving.limits import Limits
from textune.serving.meters import Meters
from textune.serving.models import Model
from textune.serving.refusals import OVERLOADED, STOPPING, RefusedError

Made = TypeVar("Made")
FIRST_RATE = 5_000.0  # tokens a second, before any was measured
FULL = 0.5  # of a batch's budget, from which on it tells how many tokens a second are computed
MOST_WAITED = 1 / 3  # of the time that an answer may take: what is computed first comes to it
FEWEST = 64  # tokens that are not parted among threads


@dataclass(slots=True, eq=False)
class Job:
    """Texts that wait for a model, or something else that its thread is to do."""

    texts: int
    tokens: int
    answer: asyncio.Future[Any]
    model: Model | None = None
    examples: Sequence[Example] = ()
    threshold: float | None = None
    call: Callable[[], Any] | None = None
    since: float = 0.0

    def suits(self, other: "Job") -> bool:
        """Tell whether two jobs can share a batch."""
        alike = self.model is other.model and self.threshold == other.threshold
        return alike and self.call is None and other.call is None


class Batcher:
    """A bounded queue, and the threads that empty it.

    Args:
        limits: Of the queue, and of a batch.
        meters: That count what it does.
        threads: That compute a batch each.
    """

    def __init__(self, limits: Limits, meters: Meters, *, threads: int = 1) -> None:
        self._limits = limits
        self._meters = meters
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._texts = 0  # that wait
        self._tokens = 0  # of them
        self._rate = FIRST_RATE  # of each thread, with full batches
        self._full = 0  # batches by which that was measured
        self._stops = False
        self._free = 0  # threads that wait
        self._threads = [
            threading.Thread(target=self._work, name=f"textune-model-{number}", daemon=True)
            for number in range(threads)
        ]
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to answer; called within the event loop."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take nothing more, and end when all that waits is answered."""
        with self._changed:
            self._stops = True
            self._changed.notify_all()

    @property
    def texts(self) -> int:
        """Texts that wait."""
        return self._texts

    @property
    def answers(self) -> bool:
        """Whether it takes requests."""
        return all(one.is_alive() for one in self._threads) and not self._stops

    def require_room(self, texts: int = 1) -> None:
        """Refuse what finds no room in the queue, or no answer in time; an empty one takes any.

        Raises:
            RefusedError: The queue is full, or the server stops.
        """
        if self._stops:
            raise RefusedError(STOPPING, "this server is being stopped")
        waits = self._tokens / (self._rate * len(self._threads))  # seconds
        is_full = self._texts + texts > self._limits.max_queue
        if self._texts and (is_full or waits > MOST_WAITED * self._limits.timeout):
            seconds = max(1, math.ceil(waits))
            most = f"{self._limits.max_queue:,} wait (--max-queue)"
            if not is_full:
                most = f"none wait longer than a third of {self._limits.timeout:g} s (--timeout)"
            raise RefusedError(
                OVERLOADED,
                f"{self._texts:,} texts wait already, for about {seconds} s, and this server lets "
                f"{most}; try again in {seconds} s",
                headers={"retry-after": str(seconds)},
            )

    async def predict(
        self,
        model: Model,
        examples: Sequence[Example],
        counts: Sequence[int],
        *,
        threshold: float | None = None,
    ) -> list[Prediction]:
        """Answer texts, with others that wait; many of them part by part.

        Args:
            model: That answers.
            examples: Texts.
            counts: Tokens of each.
            threshold: Probability from which a label applies, instead of the model's own.

        Raises:
            RefusedError: The queue is full.
        """
        self.require_room(len(examples))
        jobs = [
            Job(
                len(part),
                sum(counts[part.start : part.stop]),
                asyncio.get_running_loop().create_future(),
                model,
                examples[part.start : part.stop],
                threshold,
            )
            for part in in_chunks(counts, most=self._limits.batch_tokens)
        ]
        self._add(jobs)
        try:
            parts = [await job.answer for job in jobs]
        finally:
            self._forget(jobs)
        return [one for part in parts for one in part]

    async def run(self, call: Callable[[], Made], *, tokens: int = 0) -> Made:
        """Let the model's thread call something, in its turn.

        Raises:
            RefusedError: The queue is full.
        """
        self.require_room()
        job = Job(1, tokens, asyncio.get_running_loop().create_future(), call=call)
        self._add([job])
        try:
            found: Made = await job.answer
        finally:
            self._forget([job])
        return found

    def _add(self, jobs: Sequence[Job]) -> None:
        now = time.perf_counter()
        with self._changed:
            for job in jobs:
                job.since = now
                self._waiting.append(job)
                self._count(job, 1)
            self._changed.notify_all()

    def _forget(self, jobs: Sequence[Job]) -> None:
        """Let go of jobs that nobody waits for any more, unless they are computed already."""
        left = [job for job in jobs if not job.answer.done() or job.answer.cancelled()]
        for job in left:
            job.answer.cancel()
            with self._changed:
                if job in self._waiting:
                    self._waiting.remove(job)
                    self._count(job, -1)

    def _count(self, job: Job, sign: int) -> None:
        self._texts += sign * job.texts
        self._tokens += sign * job.tokens
        self._meters.queue.set(self._texts)

    def _work(self) -> None:
        while batch := self._next():
            started = time.perf_counter()
            for job in batch:
                self._meters.waited.observe(started - job.since)
            found = _answered(batch)
            self._measure(batch, time.perf_counter() - started)
            assert self._loop is not None
            self._loop.call_soon_threadsafe(_deliver, found)

    def _next(self) -> list[Job]:
        """Take the longest waiting job and others that suit it; none where there is an end."""
        with self._changed:
            self._free += 1
            while not self._waiting and not self._stops:
                self._changed.wait()
            if not self._waiting:
                return []
            batch = self._taken()
            self._free -= 1
            for job in batch:
                self._count(job, -1)
            return batch

    def _taken(self) -> list[Job]:
        """Take a fair share of what waits: of the tokens, among the threads that are free."""
        share = math.ceil(self._tokens / self._free)
        most = min(self._limits.batch_tokens, max(share, FEWEST))
        first = self._waiting.popleft()
        batch, left, tokens = [first], [], first.tokens
        while self._waiting and tokens < most:
            job = self._waiting.popleft()
            if first.suits(job) and tokens + job.tokens <= most:
                batch.append(job)
                tokens += job.tokens
            else:
                left.append(job)
        self._waiting.extendleft(reversed(left))
        return batch

    def _measure(self, batch: Sequence[Job], seconds: float) -> None:
        meters, tokens = self._meters, sum(job.tokens for job in batch)
        if tokens >= FULL * self._limits.batch_tokens:
            self._full += 1
            self._rate += max(0.1, 1 / self._full) * (tokens / max(seconds, 1e-6) - self._rate)
        model = batch[0].model
        if model is None:
            return
        texts = sum(job.texts for job in batch)
        meters.batch_tokens.observe(tokens)
        meters.batch_texts.observe(texts)
        meters.batch_seconds.observe(seconds)
        meters.texts.labels(model.name).inc(texts)
        meters.tokens.labels(model.name).inc(tokens)


Answered = tuple[Job, Any, Exception | None]


def _answered(batch: Sequence[Job]) -> list[Answered]:
    """Compute a batch; where that fails, each of its jobs by itself."""
    try:
        return [(job, found, None) for job, found in zip(batch, _compute(batch), strict=True)]
    except Exception as error:
        if len(batch) > 1:
            return [one for job in batch for one in _answered([job])]
        return [(batch[0], None, error)]


def _compute(batch: Sequence[Job]) -> list[Any]:
    first = batch[0]
    if first.call is not None or first.model is None:
        return [first.call() if first.call else None]
    examples = [example for job in batch for example in job.examples]
    found = list(first.model.predictor.stream(examples, threshold=first.threshold))
    starts, at = [], 0
    for job in batch:
        starts.append(at)
        at += len(job.examples)
    return [
        found[start : start + len(job.examples)] for start, job in zip(starts, batch, strict=True)
    ]


def _deliver(found: Sequence[Answered]) -> None:
    """Hand over answers, within the event loop, to those who still wait."""
    for job, answer, error in found:
        if job.answer.done():
            continue
        if error is None:
            job.answer.set_result(answer)
        else:
            job.answer.set_exception(error)
