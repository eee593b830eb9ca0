"""Commands in several real processes, joined as torchrun joins them; what is loaded once is shared.

A process that has loaded torch and the recipe forks each of them, which costs no import.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import PAUSE

CLONE_NEWNET = 0x40000000


@dataclass
class Started:
    processes: list
    error: object  # file

    def wait(self, seconds=60):
        """Return the exit codes; what did not end is killed, and has None."""
        return ended(self.processes, seconds)

    def said(self):
        return self.error.read_text(encoding="utf-8")


@dataclass
class Network:
    """One of two network namespaces that reach each other and nothing else."""

    name: str
    card: str
    address: str

    def enter(self):
        """Let this process be in it."""
        with Path(f"/var/run/netns/{self.name}").open("rb") as file:
            assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) == 0


@contextmanager
def networks():
    """Make two of them, with a line between; None where that is not allowed."""
    mark = f"{os.getpid() % 100_000}"
    names, cards = [f"tx{mark}{end}" for end in "ab"], [f"v{mark}{end}" for end in "ab"]
    made = [
        Network(name, card, f"10.77.0.{n}")
        for n, (name, card) in enumerate(zip(names, cards, strict=True), 1)
    ]
    ends = [["link", "add", cards[0], "type", "veth", "peer", "name", cards[1]]]
    for one in made:
        ends += [["netns", "add", one.name], ["link", "set", one.card, "netns", one.name]]
        inside = ["-n", one.name]
        ends += [[*inside, "addr", "add", f"{one.address}/24", "dev", one.card]]
        ends += [[*inside, "link", "set", each, "up"] for each in ("lo", one.card)]
    try:
        can = os.geteuid() == 0 and shutil.which("ip") is not None
        yield made if can and all(_ip(words) for words in ends) else None
    finally:
        for one in made:
            if shutil.which("ip"):
                _ip(["netns", "del", one.name])


def _ip(words):
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0


def ended(processes, seconds):
    """Wait for processes; return the exit codes. What did not end is killed, and has None."""
    end = time.monotonic() + seconds
    while None in (codes := [one.poll() for one in processes]) and time.monotonic() < end:
        time.sleep(PAUSE)
    for one in processes:
        one.kill()
    return codes


def free_port():
    """Return a port of this machine that nobody has."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def cache_in(folder, kernels):
    """Make a cache that has the kernels, and return it."""
    cache = folder / "cache"
    cache.mkdir()
    (cache / "kernels").symlink_to(kernels)
    return cache


def _child(words, folder, network, before):
    if network is not None:
        network.enter()
    sys.argv = ["textune", *words]
    tempfile.tempdir = str(folder)  # what a killed process leaves goes with the test's folder
    if before is not None:
        before()
    from textune.doors import cli

    cli.run()


def share_all():
    """Let small weights, too, be where both processes see them: a test's encoder has no others."""
    from textune.training import buckets

    buckets.LARGE = 64


def take_what_folds_say():
    """Let cross-validation find that class weights help, and a contrastive loss."""
    from textune.evaluation import preferring
    from textune.recipes.selection import contrasting, remedied

    remedied.Compared.taken = property(lambda _: "class weights")
    preferring.is_better = lambda *_: True
    contrasting.FEWEST = 40


def share_all_and_die_in_an_update():
    """Let the second process, besides, be killed in update 17, before its share is updated."""
    share_all()
    if os.environ["RANK"] == "1":
        from textune.training.optim import AdamW

        own = AdamW._update

        def update(self, group):
            own(self, group)
            if any(state["step"] == 17 for state in self.state.values()):
                os.kill(os.getpid(), signal.SIGKILL)

        AdamW._update = update


def write_texts(file):
    """Write 160 labelled texts of very different lengths."""
    rows = [
        f"{'good fine ' * (1 + n % 7)}{'film' if n % 3 else 'bad dull'} {n},{(n // 2) % 2}"
        for n in range(160)
    ]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def start(forks, words, folder, *, world=2, inside=None, before=None, **more):
    """Start a command so often, each in a network if there are some; all say what they say to one
    file; `before` is a function of a module that each process calls first."""
    port = free_port()
    error = folder / f"said-{port}.txt"
    error.touch()
    load = [] if before is None else [before.__module__]
    made = []
    for rank in range(world):
        place = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": world}
        place |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "COLUMNS": 200} | more
        network = None if inside is None else inside[rank]
        if network is not None:
            place |= {"MASTER_ADDR": inside[0].address, "GLOO_SOCKET_IFNAME": network.card}
        given = (words, folder, network, before)
        made.append(forks.start(_child, *given, log=error, load=load, **place))
    return Started(made, error)
