"""The clients: many connections ask a server, each once it is answered, or at a given rate."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench import processes


@dataclass(slots=True)
class Seen:
    """What the clients saw."""

    begins: float  # before which nothing counts
    codes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of answers
    ends: list[float] = field(default_factory=list)
    first: dict[int, bytes] = field(default_factory=dict)  # text → what was said of it first
    wrong: int = 0  # answers that differ from the first
    answers: int = 0  # all of them
    late: int = 0  # requests that found no free client, and were not made

    def add(self, text: int, code: str, body: bytes, began: float, ended: float) -> None:
        """Take an answer into account."""
        self.answers += 1
        if code == "200":
            self.wrong += self.first.setdefault(text, body) != body
        if began < self.begins:
            return
        self.codes[code] += 1
        if code == "200":
            self.seconds.append(ended - began)
            self.ends.append(ended)


def main() -> None:
    """Ask as told, and write what was seen."""
    job, target = processes.read_job()
    texts = json.loads(open(job["texts"], encoding="utf-8").read())  # noqa: SIM115, PTH123  # short
    seen = asyncio.run(_run(job, [_request(text) for text in texts]))
    target.write_text(json.dumps(told(seen, job)), encoding="utf-8")


def told(seen: Seen, job: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers: milliseconds from a request to the whole of its answer."""
    times = np.asarray(seen.seconds) * 1e3
    span = max(seen.ends, default=0.0) - seen.begins
    return {
        "clients": job["clients"],
        "texts_per_second": len(times) / span if len(times) else 0.0,
        "p50_ms": float(np.percentile(times, 50)) if len(times) else None,
        "p99_ms": float(np.percentile(times, 99)) if len(times) else None,
        "answers": seen.answers,
        "codes": dict(seen.codes),
        "wrong": seen.wrong,
        "late": seen.late,
    }


async def _run(job: Mapping[str, Any], requests: Sequence[bytes]) -> Seen:
    begins = time.perf_counter() + job["warm"]
    seen, ends = Seen(begins), begins + job["seconds"]
    if "rate" in job:
        await _at_rate(job, requests, seen, ends)
    else:
        clients = (_client(job, requests, seen, ends, number) for number in range(job["clients"]))
        await asyncio.gather(*clients)
    return seen


async def _client(
    job: Mapping[str, Any], requests: Sequence[bytes], seen: Seen, ends: float, number: int
) -> None:
    """Ask again and again, until it is time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", job["port"])
    at = number * 7
    while time.perf_counter() < ends:
        at = (at + 1) % len(requests)
        await _ask(reader, writer, requests[at], seen, at)
    writer.close()


async def _at_rate(
    job: Mapping[str, Any], requests: Sequence[bytes], seen: Seen, ends: float
) -> None:
    """Ask so often a second, whether or not the earlier are answered."""
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    running: set[asyncio.Task[None]] = set()
    count, began, most = 0, time.perf_counter(), int(job["clients"])

    async def one(at: int) -> None:
        line = free.pop() if free else await asyncio.open_connection("127.0.0.1", job["port"])
        await _ask(*line, requests[at], seen, at)
        free.append(line)

    while (now := time.perf_counter()) < ends:
        while count < (now - began) * job["rate"]:
            if len(running) < most:
                task = asyncio.create_task(one(count % len(requests)))
                running.add(task)
                task.add_done_callback(running.discard)
            else:
                seen.late += 1
            count += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*running)
    for _, writer in free:
        writer.close()


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: bytes,
    seen: Seen,
    text: int,
) -> None:
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    (size,) = (int(one[15:]) for one in lines if one.startswith("content-length:"))
    body = await reader.readexactly(size)
    seen.add(text, lines[0].split()[1], body, began, time.perf_counter())


def _request(text: str) -> bytes:
    body = json.dumps({"texts": [text]}).encode()
    head = (
        "POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    main()
