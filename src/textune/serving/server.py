"""An application becomes a server, from its first request to the last answer that it owes."""

import asyncio
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from textune.errors import RunError, SettingsError
from textune.fast import memory
from textune.serving import app
from textune.serving.app import Service

GIVE_WAY = 0.0005  # seconds after which the model's thread lets requests be read
STOPS = (signal.SIGINT, signal.SIGTERM)
LOG = logging.getLogger("textune.serving")


def bound(host: str, port: int) -> socket.socket:
    """Open the socket on which requests arrive.

    Args:
        host: Name or address of an interface of this machine.
        port: 0: any that is free.

    Raises:
        SettingsError: There is no such host.
        RunError: The port is taken, or may not be used.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise _no_address(host, str(error)) from None
    found = socket.socket(family, kind)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_address(host, str(error.strerror)) from None
        why = {errno.EADDRINUSE: "another program uses it", errno.EACCES: "it is not allowed"}
        said = why.get(error.errno or 0, error.strerror)
        raise RunError(
            f"--host {host} --port {port}: {said}; another --port, or 0 for any"
        ) from None
    return found


def _no_address(host: str, why: str) -> SettingsError:
    return SettingsError(
        f"--host {host}: no address of this machine ({why}); usual are 127.0.0.1 and 0.0.0.0"
    )


def serve(service: Service, listening: socket.socket, *, ready: Callable[[], None]) -> int:
    """Answer requests until a signal ends it, and then those that were taken.

    Args:
        service: What answers.
        listening: The socket on which requests arrive.
        ready: Is called when they do.

    Returns:
        0 where all that was taken was answered; else 128 and the number of the signal.
    """
    sys.setswitchinterval(GIVE_WAY)
    memory.keep()  # what a batch frees is wanted by the next
    config = uvicorn.Config(
        app.make(service),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(service.limits.grace)),
    )
    server = uvicorn.Server(config)
    logging.getLogger("uvicorn.error").addFilter(_is_no_trace)
    with _noted() as signals, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, listening, ready))
    is_hurried = server.force_exit or service.dropped > 0 or service.batcher.texts > 0
    return 128 + signals[-1] if signals and is_hurried else 0


async def _serve(
    server: uvicorn.Server, listening: socket.socket, ready: Callable[[], None]
) -> None:
    task = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await task


@contextmanager
def _noted() -> Iterator[list[int]]:
    """Note the signals that uvicorn passes on once it has stopped, instead of dying by them."""
    found: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        found.append(number)

    before = {number: signal.signal(number, note) for number in STOPS}
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_no_trace(record: logging.LogRecord) -> bool:
    """Leave out what may hold texts: the words of errors."""
    record.exc_info = None
    return True
