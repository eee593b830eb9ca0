"""Whatever a server is asked, it answers or refuses: no bug, and it lives on."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from random import Random
from socket import AF_INET, socket
from typing import Any

from proofs import made
from proofs.trials import Setting, Trial, judged

ALLOWED = {200, 400, 404, 405, 411, 413, 415, 422, 431, 501}
PATHS = ("/predict",) * 8 + ("/", "/", "/label?name=a.csv", "/label?name=a.jsonl&threshold=0.4")
OTHERS = ("/models", "/health", "/metrics", "/openapi.json", "/nowhere", "/label?text=a,b&x=%00")
KEYS = ("texts", "inputs", "model", "threshold", "explain", "for", "parameters", "raw_scores")
KINDS = ("application/json", "application/json; charset=utf-8", "text/plain", "")
RIGHT = 0.25  # share of requests that are to be answered
BREAKS = dict.fromkeys([0, 10])  # what no client puts into a header
SIGNS = ("a", "Z", " ", "\0", "\n", '"', "\\", "\u00e9", "\u202e", "\ud800", "\U0001f31e", "{")


def requests(setting: Setting) -> Iterator[Trial]:
    """Ask a server for sense and nonsense; in the end it still answers, and stops well."""
    source, run = made.reviews(setting.folder / "reviews.csv", 40), setting.folder / "run"
    setting.server.run(["train", source, "--base", setting.base, "--out", run, "--epochs", "1"])
    with socket(AF_INET) as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    limits = ("--max-body", 20_000, "--max-tokens", 4_000, "--max-file", 20_000)
    pid = setting.server.start(["serve", run, "--port", port, *limits])
    _wait(port)
    for number in range(setting.count):
        is_right = setting.draw.random() < RIGHT
        path, headers, body = (_right if is_right else _drawn)(setting.draw)
        code = _asked(port, path, headers, body)
        is_sound = code == 200 if is_right else code in ALLOWED
        what = f"request {number}: {path} {body[:80]!r}"
        yield Trial(what, None if is_sound else f"answered {code}", str(code))
    code = _asked(port, "/predict", {"content-type": KINDS[0]}, b'{"texts": ["good film"]}')
    yield Trial("a request after all these", None if code == 200 else f"answered {code}", str(code))
    os.kill(pid, signal.SIGTERM)
    ended = setting.server.wait(pid)
    yield judged("the server", ended, allowed=(0,), fault=ended.errors or None)


def _wait(port: int) -> None:
    for _ in range(600):
        if _asked(port, "/health", {}, b"") == 200:
            return
        time.sleep(0.1)


def _asked(port: int, path: str, headers: dict[str, str], body: bytes) -> int:
    """Ask; 0 where there is no answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    method = "POST" if headers else "GET"
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def _drawn(draw: Random) -> tuple[str, dict[str, str], bytes]:
    """Draw a request: mostly JSON that is nearly right."""
    path = draw.choice((*PATHS, *OTHERS))
    if draw.random() < 0.1:
        return path, {}, b""
    ways: tuple[Callable[[Random], bytes], ...] = (_nearly, _nearly, _any, _noise, _mangled)
    headers = {"content-type": draw.choice(KINDS) if draw.random() < 0.2 else KINDS[0]}
    if draw.random() < 0.05:
        headers |= {
            "authorization": _word(draw).encode("ascii", "ignore").decode().translate(BREAKS)
        }
    return path, headers, draw.choice(ways)(draw)


def _right(draw: Random) -> tuple[str, dict[str, str], bytes]:
    """Draw a request that is to be answered, whatever signs are in its texts."""
    texts = [_word(draw).replace("\ud800", "") for _ in range(1 + draw.randrange(5))]
    values: dict[str, Any] = {"model": "run"} if draw.random() < 0.3 else {}
    if draw.random() < 0.4:
        path = draw.choice(("/", "/predict"))
        values["inputs"] = draw.choice([texts, texts[0]])
    else:
        path, values["texts"] = "/predict", texts
        if draw.random() < 0.3:
            values["threshold"] = draw.random()
        if draw.random() < 0.1:
            values["explain"] = True
    return path, {"content-type": KINDS[0]}, json.dumps(values).encode()


def _nearly(draw: Random) -> bytes:
    """Write a request that is right but for what is drawn."""
    is_sound = draw.random() < 0.6
    texts = [_word(draw) if is_sound else _value(draw) for _ in range(draw.randrange(6))]
    values: dict[str, Any] = {draw.choice(["texts", "texts", "inputs"]): texts}
    for name in draw.sample(KEYS[2:], draw.randrange(3)):
        sound = {"model": "run", "threshold": draw.random(), "explain": True}
        values[name] = sound.get(name) if draw.random() < 0.8 else _value(draw)
    return json.dumps(values).encode()


def _any(draw: Random) -> bytes:
    return json.dumps(_value(draw)).encode()


def _noise(draw: Random) -> bytes:
    return draw.randbytes(draw.randrange(200))


def _mangled(draw: Random) -> bytes:
    """Cut a request, flip a bit of it, or make it long, or deep."""
    body = bytearray(_nearly(draw))
    body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
    ends = (b"", b"[" * 9_000, b" " * 30_000, b'{"a":' * 3_000, b"9" * 5_000)
    return bytes(body[: draw.randrange(len(body) + 1)]) + draw.choice(ends)


def _value(draw: Random, depth: int = 0) -> Any:
    numbers: list[Any] = [0, -1, 1.5, 10**30, 1e308, float("nan"), float("-inf")]
    plain = [None, True, False, *numbers, _word(draw)]
    if depth > 3 or draw.random() < 0.5:
        return draw.choice(plain)
    inner = [_value(draw, depth + 1) for _ in range(draw.randrange(4))]
    if draw.random() < 0.5:
        return inner
    names = (*KEYS, "text", "words", "first", "second", "question", "context", "top_k", "")
    return {draw.choice(names): one for one in inner}


def _word(draw: Random) -> str:
    size = draw.choice([0, 1, 3, 10, 200])
    return "".join(draw.choice(SIGNS) for _ in range(size))
