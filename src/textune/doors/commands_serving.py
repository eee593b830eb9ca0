"""The command that answers over HTTP: `serve`."""

import logging
from collections.abc import Sequence
from pathlib import Path

import typer

from textune.doors import console, sweep_api
from textune.doors.options import command
from textune.errors import MissingExtraError, SettingsError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Give the command line this command."""
    command(app)(serve)


def serve(
    runs: Sequence[str],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    token_file: Path | None = None,
    max_queue: int = 512,
    max_body: int = 2 * 2**20,
    max_texts: int = 256,
    max_tokens: int = 65_536,
    max_file: int = 16 * 2**20,
    batch_tokens: int = 1_024,
    timeout: str = "30s",
    grace: float = 30.0,
    log_requests: bool = False,
    device: str = "auto",
    precision: str | None = None,
    plugin: Path | None = None,
) -> None:
    """Answer over HTTP with the models in RUNs: as predict does, for programs, and on a page.

    The first is the default; others are asked for by their names, those of their folders, or
    NAME=RUN. A SIGTERM or Ctrl-C ends it when all that was taken is answered.

    Args:
        runs: Folders that textune train wrote.
        host: Interface to listen on; by default this machine alone, 0.0.0.0 for all.
        port: Port to listen on; 0 for any that is free.
        token_file: File with the token that requests must bring (authorization: Bearer TOKEN); or
            set TEXTUNE_TOKEN.
        max_queue: Most texts that wait; beyond, requests are answered 429.
        max_body: Most bytes of a request.
        max_texts: Most texts of a request.
        max_tokens: Most tokens of a request.
        max_file: Most bytes of a file that the page or /label labels.
        batch_tokens: Most tokens that are computed together; on a card 16384 are faster.
        timeout: Longest time that a request waits for its answer, as 30s; beyond, 504.
        grace: Most seconds in which what was taken is answered after a signal.
        log_requests: Print a line a request: method, address, status, time; never a text.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format of runs: "fp32" (the default), "auto", "bf16" or "fp16"; exports
            have their own.
        plugin: Python file with the parts of the model's owner, where it was trained with a head or
            preprocessing of that kind.
    """
    from textune.serving.limits import Limits

    limits = Limits(
        max_queue=max_queue,
        max_body=max_body,
        max_texts=max_texts,
        max_tokens=max_tokens,
        max_file=max_file,
        batch_tokens=batch_tokens,
        timeout=sweep_api.seconds(timeout) or 0,
        grace=grace,
    )
    _refuse(limits, port)
    try:
        from textune.serving import models, server, tokens
        from textune.serving.app import Service
    except ImportError as error:
        raise MissingExtraError(
            f"serve needs {error.name}; pip install 'textune[serve]'"
        ) from error
    token = tokens.read(token_file)
    models.named(runs)
    listening = server.bound(host, port)
    with listening:
        found = models.load(runs, device=device, precision=precision, plugin=plugin)
        for line in models.told(found, precision):
            console.warn(line)
        if host not in LOOPBACK and token is None:
            console.warn(
                f"--host {host}: whoever reaches this machine may ask; --token-file, or "
                f"{tokens.VARIABLE}, asks them for a token"
            )
        _log_to_console()
        service = Service(found, limits, token, logs_requests=log_requests)
        place = _address(host, listening.getsockname()[1])
        names = ", ".join(one.name for one in found.all)
        code = server.serve(
            service, listening, ready=lambda: console.announce(f"{place}  serves {names}")
        )
    raise typer.Exit(code)


def _refuse(limits: object, port: int) -> None:
    """Refuse limits by which nothing would be answered.

    Raises:
        SettingsError: One of them is none.
    """
    from dataclasses import asdict

    if not 0 <= port < 65_536:
        raise SettingsError(f"--port {port}: expected 0 to 65535")
    for name, value in asdict(limits).items():  # type: ignore[call-overload]  # a dataclass
        if not 0 < value < 1e12:
            flag = name.replace("_", "-")
            raise SettingsError(f"--{flag} {value:g}: expected a number above 0")


def _log_to_console() -> None:
    """Let what the server notes be lines where errors go."""
    handler = logging.Handler()
    handler.emit = lambda record: console.complain(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("textune.serving")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
