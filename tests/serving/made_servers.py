"""A process of `textune serve`, and questions to it over HTTP."""

import json
import os
import signal
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
NAMES = ("multi", "single", "number", "pairs", "tags", "answers")
TEXTS = {  # as `Predictor.predict` takes them
    "multi": ["a warm day", "", "spoon " * 60, "beans and a spade"],
    "single": ["a warm day", "rain", "the day was windy and wet"],
    "number": ["a warm day", "a dull song"],
    "pairs": [("a warm day", "a warm day"), ("rain", "sun " * 50)],
    "tags": ["tavi lives in Oslo", ["mirek", "was", "in", "lowick"]],
    "answers": [("where does tavi live ?", "tavi lives in brenmoor . april was fair . " * 3)],
}


@dataclass(frozen=True)
class Answer:
    code: int
    headers: dict
    content: bytes

    @property
    def text(self):
        return self.content.decode()

    @property
    def json(self):
        return json.loads(self.content)


class Asker:
    """Asks a server that listens on a port."""

    def __init__(self, port, pid=None):
        self.port, self.pid = port, pid
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None, **headers):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, content, **{"content_type": "application/json"} | headers)

    def label(self, content, **options):
        return self.ask("POST", f"/label?{urlencode(options)}", content)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(server, *words):
    """Serve in a process of its own; a signal ends it, and it must end well."""
    port = free_port()
    pid = server.start(["serve", "--port", port, *words])
    asker = Asker(port, pid)
    ended = []
    try:
        for _ in range(600):
            with suppress(OSError):
                asker.get("/health")
                break
            if server.poll(pid) is not None:
                raise AssertionError("the server did not start")
            time.sleep(0.05)
        yield asker, ended
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        ended.append(server.wait(pid))
