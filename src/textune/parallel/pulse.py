"""Each process counts the seconds that it lives where the others see it: who stands still is named.

What a process fails of, it leaves there, too.
"""

import threading
import time
from collections.abc import Iterable
from typing import Any

BEAT = 0.5  # seconds
SILENT = 6  # beats without which a process has ended or stands still
PULSE, FAULT, HOST = "textune/pulse", "textune/fault", "textune/host"


class Pulse:
    """Counts beats in a store that all processes of a run share, from a thread of its own.

    Args:
        store: Of torch.distributed.
        rank: Of this process.
        host: The name of its machine.
    """

    def __init__(self, store: Any, rank: int, host: str):
        self._store, self._rank = store, rank
        self._ended = threading.Event()
        self._own = store.clone()  # another call of the same store would wait for the thread's
        store.set(f"{HOST}/{rank}", host)
        self._beat()
        self._thread = threading.Thread(target=self._run, name="textune-pulse", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop counting."""
        self._ended.set()
        self._thread.join(timeout=SILENT * BEAT)

    def fail(self, text: str, code: int) -> None:
        """Leave for the others what went wrong here, and the exit code of that."""
        self._store.set(f"{FAULT}/{self._rank}", f"{code} {text}")

    def faults(self, ranks: Iterable[int]) -> dict[int, tuple[str, int]]:
        """Return what processes have left of what went wrong, and the exit codes."""
        keys = {rank: f"{FAULT}/{rank}" for rank in ranks}
        found = {rank: key for rank, key in keys.items() if self._store.check([key])}
        left = {rank: self._store.get(key).decode().split(" ", 1) for rank, key in found.items()}
        return {rank: (text, int(code)) for rank, (code, text) in left.items()}

    def count(self, rank: int) -> int:
        """Return how often a process has been seen."""
        return int(self._store.add(f"{PULSE}/{rank}", 0))

    def silent(self, ranks: Iterable[int]) -> list[int]:
        """Return the processes that are no longer seen; takes some seconds."""
        before = {rank: self.count(rank) for rank in ranks}
        time.sleep(SILENT * BEAT)
        return [rank for rank, count in before.items() if self.count(rank) == count]

    def host(self, rank: int) -> str:
        """Return the name of a process's machine."""
        key = f"{HOST}/{rank}"
        return self._store.get(key).decode() if self._store.check([key]) else ""

    def _run(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                self._beat()
            except RuntimeError:  # the store has ended, with its process
                return

    def _beat(self) -> None:
        self._own.add(f"{PULSE}/{self._rank}", 1)
