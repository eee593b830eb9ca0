"""The parts of a request that arrive become its body, as long as it is not too large."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from textune.serving import refusals
from textune.serving.refusals import GONE, NOT_JSON, TOO_LATE, RefusedError

Made = TypeVar("Made")
JSON = ("application/json", "text/json")


async def read(request: Request, *, most: int, option: str, seconds: float) -> bytes:
    """Read a body.

    Args:
        request: Of which it is.
        most: Bytes that it may have.
        option: Of the command, that says so.
        seconds: In which it must be there.

    Raises:
        RefusedError: It is too large or too slow, or its client went away.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and (len(said) > 18 or int(said) > most):
        raise refusals.too_large("the body, bytes", int(said[:18]), most, option)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise refusals.too_large("the body, bytes", size, most, option)
                parts.append(part)
    except ClientDisconnect:
        raise RefusedError(GONE, "the client went away") from None
    except TimeoutError:
        raise RefusedError(TOO_LATE, f"the body did not arrive in {seconds:g} s") from None
    return b"".join(parts)


def require_json(request: Request) -> None:
    """Refuse a body that says that it is something else.

    A page of another site cannot send this type without asking first, which is never granted.

    Raises:
        RefusedError: It is of another type.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON:
        raise RefusedError(
            NOT_JSON,
            f"content-type: found {kind:.60}; expected application/json".replace(
                "found ;", "there is none;"
            ),
        )


async def answered(request: Request, work: Awaitable[Made], *, seconds: float | None) -> Made:
    """Wait for an answer, as long as its client does.

    Args:
        request: Whose body has been read.
        work: Is cancelled where nobody waits for it any more.
        seconds: Most that it may take; None: as long as it takes.

    Raises:
        RefusedError: It took too long, or the client went away.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise RefusedError(GONE, "the client went away")
        raise RefusedError(
            TOO_LATE, f"no answer in {seconds:g} s (--timeout); send less at once, or later"
        )
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    """Return once the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
