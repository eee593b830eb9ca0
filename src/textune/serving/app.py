"""Models become an application of HTTP: which address answers what."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from textune.errors import SettingsError, TextuneError
from textune.records import Prediction
from textune.serving import answering, bodies, openapi, pages, reading, refusals, tokens
from textune.serving.batching import Batcher
from textune.serving.labelling import Labeller
from textune.serving.limits import USUAL, Limits
from textune.serving.meters import TYPE, Meters
from textune.serving.models import Models
from textune.serving.reading import Asked
from textune.serving.refusals import RefusedError

LOG = logging.getLogger("textune.serving")
JSON = "application/json"
MANY = 20_000  # characters, of which the tokens are counted beside the event loop
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Service:
    """Models, what they are asked through, and what is counted."""

    models: Models
    limits: Limits = USUAL
    token: str | None = None
    logs_requests: bool = False
    dropped: int = 0  # requests that were taken, and not answered before the server ended
    meters: Meters = field(default_factory=Meters)
    batcher: Batcher = field(init=False)
    labeller: Labeller = field(init=False)

    def __post_init__(self) -> None:
        self.batcher = Batcher(self.limits, self.meters, threads=self.models.threads)
        self.labeller = Labeller(self.models, self.batcher, self.limits)

    async def predict(self, request: Request) -> Response:
        """Answer texts."""
        return await self._answer(request, at_root=request.scope["path"] == "/")

    async def label(self, request: Request) -> Response:
        """Label a file."""
        name, content = await self.labeller.label(request)
        disposition = f'attachment; filename="{name}"'
        kind = "text/csv; charset=utf-8" if name.endswith(".csv") else "text/plain; charset=utf-8"
        return Response(content, media_type=kind, headers={"content-disposition": disposition})

    async def health(self, request: Request) -> Response:
        """Say whether requests are answered."""
        is_ready = self.batcher.answers
        if request.url.path == "/health/live":
            return _json({"status": "live"})
        words = {"status": "ready" if is_ready else "stopping", "waiting": self.batcher.texts}
        return _json(words, status=200 if is_ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Tell what was counted."""
        return Response(self.meters.written(), headers={"content-type": TYPE})

    async def described(self, request: Request) -> Response:
        """Say which models there are."""
        return _json({"models": [one.described() for one in self.models.all]})

    async def schema(self, request: Request) -> Response:
        """Describe all this as OpenAPI does."""
        return _json(openapi.document(self.models, self.limits, has_token=self.token is not None))

    async def _answer(self, request: Request, *, at_root: bool) -> Response:
        limits = self.limits
        bodies.require_json(request)
        body = await bodies.read(
            request, most=limits.max_body, option="max-body", seconds=limits.timeout
        )
        self.batcher.require_room()
        asked = reading.read(body, self.models, limits, at_root=at_root)
        if len(body) > MANY:
            counts = await run_in_threadpool(asked.model.tokens, asked.examples)
        else:
            counts = asked.model.tokens(asked.examples)
        if sum(counts) > limits.max_tokens:
            raise refusals.too_large("tokens", sum(counts), limits.max_tokens, "max-tokens")
        if asked.explain:
            work: Awaitable[bytes] = self._explained(asked, counts)
        else:
            work = self._predicted(asked, counts)
        return Response(
            await bodies.answered(request, work, seconds=limits.timeout), media_type=JSON
        )

    async def _predicted(self, asked: Asked, counts: list[int]) -> bytes:
        found = await self.batcher.predict(
            asked.model, asked.examples, counts, threshold=asked.threshold
        )
        return answering.write(asked, found)

    async def _explained(self, asked: Asked, counts: list[int]) -> bytes:
        """Explain text by text, so that other requests get their turn between them."""
        found: list[Prediction] = []
        whys: list[dict[str, Any]] = []
        for example in asked.examples:
            why = await self.batcher.run(lambda one=example: _why(asked, one))  # type: ignore[misc]
            found.append(why.prediction)
            told = why.told()
            whys.append({key: told[key] for key in ("method", "reasons")})
        return answering.write(asked, found, whys)


def _why(asked: Asked, example: Any) -> Any:
    predictor: Any = asked.model.predictor
    found = predictor.explanations([example], label=asked.label, threshold=asked.threshold)
    return next(iter(found))


def make(service: Service) -> Starlette:
    """Make the application.

    /health and the page at / are open; the rest asks for the token, where there is one.
    """
    found = [
        ("/predict", service.predict, "POST", True),  # first, for routes are tried in turn
        ("/", pages.page, "GET", False),
        ("/page.js", pages.script, "GET", False),
        ("/page.css", pages.style, "GET", False),
        ("/health", service.health, "GET", False),
        ("/health/live", service.health, "GET", False),
        ("/health/ready", service.health, "GET", False),
        ("/", service.predict, "POST", True),
        ("/label", service.label, "POST", True),
        ("/models", service.described, "GET", True),
        ("/metrics", service.metrics, "GET", True),
        ("/openapi.json", service.schema, "GET", True),
    ]
    routes = [
        Route(path, _watched(service, path, handler, is_closed=is_closed), methods=[method])
        for path, handler, method, is_closed in found
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.batcher.start()
        yield
        service.batcher.stop()

    errors: Any = {HTTPException: _nothing_there}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=errors)


def _watched(service: Service, path: str, handler: Handler, *, is_closed: bool) -> Handler:
    """Let a handler's refusals be answers, and count what it does."""

    async def watched(request: Request) -> Response:
        started = time.perf_counter()
        try:
            if is_closed:
                tokens.require(request.headers.get("authorization"), service.token)
            response = await handler(request)
        except asyncio.CancelledError:
            service.dropped += 1
            raise
        except Exception as error:
            response = _refused(_reason(error))
        seconds = time.perf_counter() - started
        service.meters.requests.labels(path, str(response.status_code)).inc()
        service.meters.seconds.labels(path).observe(seconds)
        if service.logs_requests:
            LOG.info("%s %s %d %.1f ms", request.method, path, response.status_code, 1e3 * seconds)
        return response

    return watched


def _reason(error: Exception) -> RefusedError:
    """Say why something went wrong, and whose fault it is."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, SettingsError):
        return RefusedError(refusals.MALFORMED, str(error))
    if isinstance(error, TextuneError):
        return RefusedError(refusals.NO_NUMBER, str(error))
    _complain(error)
    return RefusedError(refusals.BUG, "a bug of textune's; the log of the server says where")


def _complain(error: Exception) -> None:
    """Say where a bug is, without the words of its message: texts may be among them."""
    frames: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    LOG.error("bug: %s at %s", type(error).__name__, " > ".join(frames))


async def _nothing_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = refusals.NOT_ALLOWED if error.status_code == 405 else refusals.NOT_FOUND
    places = "POST /predict, POST /, POST /label; GET /, /models, /health, /metrics, /openapi.json"
    message = f"{request.method} {request.url.path:.80}: there is no such thing; there is {places}"
    return _refused(RefusedError(kind, message, headers=dict(error.headers or {})))


def _refused(refused: RefusedError) -> Response:
    reason = refused.reason
    body = {"error": refused.message, "error_type": reason.name}
    return _json(body, status=reason.status, headers=refused.headers)


def _json(values: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        answering.to_bytes(values), status_code=status, media_type=JSON, headers=headers
    )
