"""Commands in several real processes, joined as torchrun joins them; what is loaded once is shared.

A server that has loaded torch and the recipe forks each process, which costs no import.
"""

import multiprocessing
import os
import socket
import sys
from dataclasses import dataclass

LOADED = ["textune.recipes.fine_tuning", "textune.training.following", "textune.doors.cli"]


@dataclass
class Started:
    processes: list
    error: object  # file

    def wait(self, seconds=60):
        """Return the exit codes; what did not end is killed, and has None."""
        for one in self.processes:
            one.join(seconds)
        codes = [one.exitcode for one in self.processes]
        for one in self.processes:
            one.kill()
        return codes

    def said(self):
        return self.error.read_text(encoding="utf-8")


def _child(words, place, error):
    os.environ |= place
    sys.argv = ["textune", *words]
    for stream in (1, 2):
        os.dup2(os.open(error, os.O_WRONLY | os.O_APPEND), stream)
    from textune.doors import cli

    cli.run()


def start(words, folder, *, world=2, **more):
    """Start a command so often; its output of all goes to one file."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    error = folder / f"said-{port}.txt"
    error.touch()
    made = []
    for rank in range(world):
        place = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": world}
        place |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "COLUMNS": 200} | more
        place = {name: str(value) for name, value in place.items()}
        made.append(context.Process(target=_child, args=(words, place, error)))
        made[-1].start()
    return Started(made, error)
