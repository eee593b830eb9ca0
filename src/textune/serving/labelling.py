"""A file that was sent becomes the same file with decisions, as `predict --input` writes it."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from textune.data import names
from textune.decisions.rule import Decision
from textune.errors import DataError, SettingsError, TextuneError
from textune.predicting import files
from textune.predicting.predictor import Reading
from textune.records import Example, Scores
from textune.serving import bodies, refusals
from textune.serving.batching import Batcher
from textune.serving.limits import Limits
from textune.serving.models import Model, Models
from textune.serving.refusals import MALFORMED, OVERLOADED, RefusedError
from textune.storage import atomic

FORMS = (".csv", ".tsv", ".jsonl")  # none that unpacks to more than was sent
ROWS = 64  # computed together, between the requests of others
SAFE = re.compile(r"[^\w .-]+", re.ASCII)
OPTIONS = ("name", "model", "text", "threshold", "harmless")


@dataclass(slots=True)
class Labeller:
    """Labels one file at a time, between the requests of others."""

    models: Models
    batcher: Batcher
    limits: Limits
    _is_busy: bool = field(default=False)

    async def label(self, request: Request) -> tuple[str, bytes]:
        """Label the file that is a request's body.

        Returns:
            A name for what was made, and its bytes.

        Raises:
            RefusedError: It cannot be labelled.
        """
        given = dict(request.query_params)
        name, model, options = self._asked(given)
        if self._is_busy:
            raise RefusedError(
                OVERLOADED,
                "another file is being labelled, and one at a time is; try again in 5 s",
                headers={"retry-after": "5"},
            )
        self._is_busy = True
        try:
            limits = self.limits
            body = await bodies.read(
                request, most=limits.max_file, option="max-file", seconds=limits.timeout
            )
            job = _Job(model, self.batcher, asyncio.get_running_loop())
            harmless = given.get("harmless") == "true"
            work = run_in_threadpool(_labelled, job, body, name, options, harmless=harmless)
            try:
                found = await bodies.answered(request, work, seconds=None)
            finally:
                job.is_over = True
        finally:
            self._is_busy = False
        path = PurePath(name)
        return f"{path.stem}.labelled{path.suffix}", found

    def _asked(self, given: dict[str, str]) -> tuple[str, Model, Reading]:
        for key in given:
            if key not in OPTIONS:
                listed = ", ".join(OPTIONS)
                raise refusals.malformed(
                    f"{key:.80}", "is no option of /label", f"allowed: {listed}"
                )
        model = self.models.named(given.get("model"))
        name = SAFE.sub("_", given.get("name", "texts.csv"))[-80:].lstrip(".")
        if PurePath(name).suffix.lower() not in FORMS:
            raise refusals.malformed("name", name, f"allowed endings: {', '.join(FORMS)}")
        try:
            threshold = float(given["threshold"]) if given.get("threshold") else None
        except ValueError:
            found = f"{given['threshold']:.40}"
            raise refusals.malformed("threshold", found, "expected a probability") from None
        model.predictor.decision(threshold)
        return name, model, Reading(text=names.parted(given.get("text")) or (), threshold=threshold)


@dataclass(slots=True)
class _Job:
    """A predictor whose texts are computed by the model's thread, each time in their turn."""

    model: Model
    batcher: Batcher
    loop: asyncio.AbstractEventLoop
    is_over: bool = False  # nobody waits any more

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model.predictor, name)

    def score(self, examples: Sequence[Example], decision: Decision) -> Scores:
        """Compute texts in their turn."""
        if self.is_over:
            raise DataError("nobody waits for this file any more")
        predictor: Any = self.model.predictor
        asked = self.batcher.run(lambda: predictor.score(examples, decision))
        found: Scores = asyncio.run_coroutine_threadsafe(asked, self.loop).result()
        return found


def _labelled(job: Any, body: bytes, name: str, options: Reading, *, harmless: bool) -> bytes:
    with atomic.scratch() as folder:
        source = folder / name
        source.write_bytes(body)
        output = folder / f"labelled{source.suffix}"
        try:
            for _ in files.predict_file(
                job, source, output, options, harmless=harmless, chunk=ROWS
            ):
                pass
        except (DataError, SettingsError) as error:
            raise RefusedError(MALFORMED, str(error).replace(f"{folder}/", "")) from None
        except TextuneError as error:
            raise RefusedError(refusals.NO_NUMBER, str(error).replace(f"{folder}/", "")) from None
        return output.read_bytes()
