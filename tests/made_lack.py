"""Two real processes learn a few updates together; torch says that memory is lacking.

What is loaded once is shared, as in `made_ranks`.
"""

import os
import socket

import pytest
import torch

import made_ranks
from made_paths import choose, learner_of
from textune.errors import OutOfMemoryError
from textune.parallel import ranks
from textune.parallel.place import Place
from textune.training import buckets, following, leading, loop

LACK = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 4096 bytes. Error code 12 (Cannot allocate memory)"
)
UPDATES = 3


def lacking(monkeypatch, name, at, *, always=False, place=torch):
    """Let torch say that memory is lacking at the n-th call of one of its functions, once."""
    own, count = getattr(place, name), 0

    def call(*args, **kwargs):
        nonlocal count
        count += 1
        if count == at or (always and count > at):
            raise RuntimeError(LACK)
        return own(*args, **kwargs)

    monkeypatch.setattr(place, name, call)


def lack_in_updates():
    """Let memory be lacking in this process, the second one, for all that an update computes."""
    if os.environ["RANK"] == "1":
        own = loop.accumulate

        def accumulate(*args, **kwargs):
            with pytest.MonkeyPatch.context() as patch:
                lacking(patch, "mm", 1, always=True)
                lacking(patch, "linear", 2, always=True, place=torch.nn.functional)
                return own(*args, **kwargs)

        loop.accumulate = accumulate


def learned(learner, joined, point, *, always):
    """Learn as this process's part of a run; return what ended it, if anything did."""
    name, at, lacks = point
    fault = ""
    with pytest.MonkeyPatch.context() as patch:
        if joined.is_first:
            torch.manual_seed(11)
            leading.share_state(learner)
        if joined.place.rank in lacks:
            lacking(patch, name, at, always=always)
        if not joined.is_first:
            following.follow(learner, joined)
            return fault
        try:
            works = leading.led(learner, learner.work())
            for step in learner.updates(learner.objective.loss, works):
                if step.number == UPDATES:
                    break
        except OutOfMemoryError as error:
            fault = str(error)
    joined.say(ranks.END)
    return fault


def _child(place, points, path, folders):
    os.environ |= place
    base, source, out = folders
    joined = ranks.join(Place.here(), seconds=120, by_cards=False)
    found = {}

    def one(name, point, *changes):
        scratch = out / f"{name}-{joined.place.rank}"
        scratch.mkdir()
        learner = learner_of("single", path, base, source, scratch, *changes)
        learner.ranks = joined
        fault = learned(learner, joined, point, always=name == "always")
        found[name] = {"room": learner.room.noted(), "news": learner.room.news, "fault": fault}
        found[name]["weights"] = learner.encoder.model.state_dict()
        return learner.micro_tokens

    with pytest.MonkeyPatch.context() as patch:
        choose(path, patch)
        patch.setattr(buckets, "LARGE", 64)  # elements: the encoder is small
        for most in sorted({one(name, point) for name, point in points.items()}):
            one(str(most), ("mm", 0, ()), f"train.micro_tokens={most}")
    torch.save(found, out / f"found-{joined.place.rank}.pt")
    joined.leave()


def run(points, path, folders, cache):
    """Let two processes learn once for each point, and then with as much at once as was left.

    Returns:
        What came of each, for each process, by the names of points and by the tokens at once.
    """
    context = made_ranks.forking()
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    made = []
    for rank in range(2):
        place = {"RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
        place["TEXTUNE_CACHE"] = cache
        place = {name: str(value) for name, value in place.items()}
        made.append(context.Process(target=_child, args=(place, points, path, folders)))
        made[-1].start()
    for one in made:
        one.join(180)
    codes = [one.exitcode for one in made]
    for one in made:
        one.kill()
    assert codes == [0, 0], "a process failed, or stands still"
    return [torch.load(folders[2] / f"found-{rank}.pt") for rank in range(2)]
