"""Texts are answered by several processes of this machine, each with a model of its own."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path

from textune.errors import RanksError
from textune.fast import cores, memory
from textune.predicting.answering import Answering, Cells
from textune.predicting.predictor import Predictor
from textune.records import Example

Later = Callable[[], Cells]  # waits for the answers
THREADS = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a process opens its model: as the first one did."""

    run: Path
    device: str
    precision: str
    plugin: Path | None
    threshold: float | None
    explain: bool


@contextmanager
def started(opening: Opening, count: int) -> Iterator[Callable[[Sequence[Example]], Later]]:
    """Give a function that hands texts to the next process that is free.

    Args:
        opening: Of the model.
        count: Processes; the cores are shared evenly.

    Raises:
        RanksError: A process was lost.
    """
    threads = max(1, cores.threads_for(len(cores.allowed()), cores.quota()) // count)
    context = get_context("spawn")  # a forked child of a process that has threads may hang
    others = set(active_children())
    pool = ProcessPoolExecutor(count, context, initializer=_open, initargs=(opening, threads))

    def ask(texts: Sequence[Example]) -> Later:
        asked = pool.submit(_answer, list(texts))
        return asked.result

    try:
        yield ask
    except BrokenProcessPool as error:
        raise RanksError(
            f"one of {count} processes was lost (killed, perhaps since memory ran out: fewer "
            "--processes take less); what was answered is kept, and --resume goes on"
        ) from error
    except BaseException:  # a Ctrl-C, or a fault: nobody wants what is computed now
        for process in set(active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_ANSWERING: list[Answering] = []  # of this process


def _open(opening: Opening, threads: int) -> None:
    os.environ.setdefault(THREADS, str(threads))  # before torch is loaded; what a user set stays
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    memory.keep()  # what a batch frees is wanted by the next
    predictor = Predictor.opened(
        opening.run, device=opening.device, precision=opening.precision, plugin=opening.plugin
    )
    _ANSWERING.append(Answering(predictor, opening.threshold, opening.explain))


def _end_with_parent() -> None:
    """Leave when the first process is gone, however it was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(texts: list[Example]) -> Cells:
    return _ANSWERING[0].cells(texts)
