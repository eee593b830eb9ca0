"""A server that is measured: a process of its own, its port, and its memory."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_INET, socket

import psutil

from bench import processes
from bench.processes import ProgramError

PATIENCE = 120.0  # seconds until a server answers
LOOK = 0.5  # seconds between two looks at its memory


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    port: int
    process: psutil.Process

    def memory_mb(self) -> float:
        """Return what it holds now, in the memory that is its own and shared."""
        return self.process.memory_info().rss / 2**20

    def processor(self) -> float:
        """Return the processor's seconds that all its threads took."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def peak_mb(self) -> float:
        """Return the most that it ever held, where Linux tells; else what it holds now."""
        with suppress(OSError, ValueError, StopIteration):
            lines = (
                Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
            )
            return int(next(one for one in lines if one.startswith("VmHWM")).split()[1]) / 1024
        return self.memory_mb()

    @contextmanager
    def followed(self) -> Iterator[list[float]]:
        """Give a list that fills with what it holds, time after time."""
        sizes: list[float] = []
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.wait(LOOK):
                sizes.append(self.memory_mb())

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield sizes
        finally:
            is_over.set()
            thread.join()


@contextmanager
def started(
    module: str, words: Sequence[str], variables: Mapping[str, str], folder: Path
) -> Iterator[Running]:
    """Start `python -m MODULE WORDS PORT`, and end it by SIGTERM.

    Raises:
        ProgramError: It does not answer.
    """
    with socket(AF_INET) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    log = folder / "server.txt"
    with processes.start(module, [*words, str(port)], log, variables) as process:
        try:
            _wait(process, port, log)
            yield Running(port, psutil.Process(process.pid))
        finally:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            return
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    began = time.perf_counter()
    while process.poll() is None and time.perf_counter() - began < PATIENCE:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    said = log.read_text(encoding="utf-8", errors="replace")
    raise ProgramError(f"a server does not answer:\n{said[-4000:]}")
