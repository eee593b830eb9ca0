"""Commands in several real processes, joined as torchrun joins them; what is loaded once is shared.

A server that has loaded torch and the recipe forks each process, which costs no import.
"""

import ctypes
import gc
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path

import pytest

from proofs import child

CLONE_NEWNET = 0x40000000
LOADED = [*child.MODULES, "pandas", "torch.distributed.fsdp", "textune.training.following"]
# what a first run would load, and what the processes of the tests here are made of
LOADED += ["transformers.convert_slow_tokenizer", "transformers.tokenization_utils_tokenizers"]
LOADED += ["made_lack"]


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


def forking():
    """Return the context whose processes are forks of a server that has loaded everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    with pytest.MonkeyPatch.context() as patch:  # else it would find no module of the tests
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        forkserver.ensure_running()
    return context


def cache_in(folder, kernels):
    """Make a cache that has the kernels, and return it."""
    cache = folder / "cache"
    cache.mkdir()
    (cache / "kernels").symlink_to(kernels)
    return cache


def _child(words, place, error, network, before):
    gc.enable()  # which the tests' own modules had switched off
    os.environ |= place
    if network is not None:
        network.enter()
    sys.argv = ["textune", *words]
    tempfile.tempdir = str(error.parent)  # what a killed process leaves goes with the test's folder
    for stream in (1, 2):
        os.dup2(os.open(error, os.O_WRONLY | os.O_APPEND), stream)
    if before is not None:
        before()
    from textune.doors import cli

    cli.run()


def write_texts(file):
    """Write 160 labelled texts of very different lengths."""
    rows = [
        f"{'good fine ' * (1 + n % 7)}{'film' if n % 3 else 'bad dull'} {n},{(n // 2) % 2}"
        for n in range(160)
    ]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def start(words, folder, *, world=2, inside=None, before=None, **more):
    """Start a command so often, each in a network if there are some; all say what they say to one
    file; `before` is a function of a module that each process calls first."""
    context = forking()
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    error = folder / f"said-{port}.txt"
    error.touch()
    made = []
    for rank in range(world):
        place = {"RANK": rank, "WORLD_SIZE": world, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": world}
        place |= {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "COLUMNS": 200} | more
        network = None if inside is None else inside[rank]
        if network is not None:
            place |= {"MASTER_ADDR": inside[0].address, "GLOO_SOCKET_IFNAME": network.card}
        place = {name: str(value) for name, value in place.items()}
        made.append(context.Process(target=_child, args=(words, place, error, network, before)))
        made[-1].start()
    return Started(made, error)
