"""Two real processes learn a few updates together; torch says that memory is lacking.

What is loaded once is shared, as in `made_ranks`.
"""

import os

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


def _child(points, path, folders):
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


def run(forks, points, path, folders, cache):
    """Let two processes learn once for each point, and then with as much at once as was left.

    Returns:
        What came of each, for each process, by the names of points and by the tokens at once.
    """
    place = {"WORLD_SIZE": 2, "MASTER_ADDR": "localhost", "MASTER_PORT": made_ranks.free_port()}
    place["TEXTUNE_CACHE"] = cache
    log = folders[2] / "said.txt"
    given = (points, path, folders)
    made = [forks.start(_child, *given, log=log, RANK=rank, **place) for rank in range(2)]
    codes = made_ranks.ended(made, 180)
    assert codes == [0, 0], log.read_text(encoding="utf-8")
    return [torch.load(folders[2] / f"found-{rank}.pt") for rank in range(2)]
