"""A lack of memory: the same update with less at once, and states of layers computed twice."""

import json
import os
import random
import subprocess
import sys

import pytest
import torch

from conftest import WORDS
from made_paths import PATHS, choose, learner_of, make_base, write_rows
from textune.encoder import recomputing
from textune.errors import OutOfMemoryError
from textune.training import checkpoint

RATE = 0.25
LACK = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 4096 bytes. Error code 12 (Cannot allocate memory)"
)
KERNELS, TORCH, PADDED, CAST = PATHS[0], PATHS[2], PATHS[4], PATHS[5]
# a function of torch, the call of it that fails, and the path on which it is called there
POINTS = {
    "forward": (torch, "mm", 3, KERNELS),
    "loss": (torch.nn.functional, "cross_entropy", 1, KERNELS),
    "backward": (torch, "addmm", 4, KERNELS),
    "backward by torch": (torch.Tensor, "backward", 1, CAST),
    "clipping": (torch.nn.utils, "get_total_norm", 1, TORCH),
    "moments": (torch, "zeros_like", 5, KERNELS),
    "moments by torch": (torch, "zeros_like", 5, TORCH),
}


@pytest.fixture(scope="module")
def bases():
    """Return the folders of bases, by packing and rate of dropout, once they are made."""
    return {}


@pytest.fixture
def make(tmp_path, tmp_path_factory, bases, tiny_base, fresh_kernels, monkeypatch):
    """Return a function that makes the Learner of single labels on a path."""

    def made(path, *changes, rate=RATE):
        choose(path, monkeypatch)
        key = path.packed, rate
        if key not in bases:
            bases[key] = make_base(tmp_path_factory.mktemp("base"), tiny_base, path, rate)
        source = write_rows(tmp_path, "single")
        return learner_of("single", path, bases[key], source, tmp_path, *changes)

    return made


def lacking(monkeypatch, owner, name, at):
    """Let torch say that memory is lacking at the n-th call of one of its functions, once."""
    own, count = getattr(owner, name), 0

    def call(*args, **kwargs):
        nonlocal count
        count += 1
        if count == at:
            raise RuntimeError(LACK)
        return own(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


def weights_after(learner, updates):
    """Return the weights after some updates by the loop."""
    torch.manual_seed(11)
    for step in learner.updates(learner.objective.loss, learner.work()):
        learner.progress.step = step.number
        if step.number == updates:
            break
    return {name: item.clone() for name, item in learner.encoder.model.state_dict().items()}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.first(4)
def test_an_update_is_repeated_with_half_as_much_at_once(make, monkeypatch, point):
    owner, name, at, path = POINTS[point]
    learner = make(path)
    with monkeypatch.context() as patched:
        lacking(patched, owner, name, at)
        found = weights_after(learner, 4)
    assert learner.room.halvings == 1
    assert learner.micro_tokens == learner.room.micro_tokens < 100
    small = weights_after(make(path, f"train.micro_tokens={learner.micro_tokens}"), 4)
    assert all(torch.equal(found[name], small[name]) for name in small)  # masks of dropout, too


def test_the_gradient_is_that_of_the_whole_batch(make, monkeypatch):
    learners = [make(KERNELS, rate=0.0) for _ in range(2)]
    with monkeypatch.context() as patched:
        lacking(patched, torch, "mm", 3)
        weights_after(learners[0], 1)
    assert learners[0].room.halvings == 1
    weights_after(learners[1], 1)
    half, whole = (
        torch.cat(
            [item.flatten() for name, item in sorted(tensors.items()) if name.endswith("exp_avg")]
        )
        for tensors in (checkpoint.optimizer_tensors(learner.optimizer) for learner in learners)
    )
    assert len(half) > 1000
    assert (half - whole).norm() <= 1e-6 * whole.norm()


def test_after_four_halvings_and_computing_twice_the_run_ends(make, monkeypatch):
    learner = make(KERNELS)
    before = {name: item.clone() for name, item in learner.encoder.model.state_dict().items()}

    def fail(*_, **__):
        raise RuntimeError(LACK)

    monkeypatch.setattr(torch, "mm", fail)
    with pytest.raises(OutOfMemoryError, match=r"--set train\.micro_tokens=16.*smaller --base"):
        weights_after(learner, 1)
    assert learner.room.noted() == {"micro_tokens": 16, "halvings": 4, "recompute": True}
    state = learner.encoder.model.state_dict()
    assert all(torch.equal(state[name], item) for name, item in before.items())


@pytest.mark.parametrize("path", [KERNELS, PATHS[1], TORCH, PADDED, CAST], ids=str)
def test_layers_that_are_computed_twice_learn_the_same_bits(make, path):
    kept, twice = make(path), make(path, "train.recompute=on")
    wanted, found = weights_after(kept, 3), weights_after(twice, 3)
    assert all(torch.equal(found[name], item) for name, item in wanted.items())


def test_layers_that_are_computed_twice_keep_their_inputs_alone(make):
    kept = []
    for way in ("off", "on"):
        learner = make(TORCH, f"train.recompute={way}")
        sizes = []
        learner.model.set_dropout(True)
        batch = next(learner.work()).parts[0]

        def note(tensor, sizes=sizes):
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            learner.model.loss(learner.objective.loss, batch)
        kept.append(sum(sizes))
    assert kept[1] < kept[0] / 2
    assert recomputing.begin(learner.encoder)  # a second time changes nothing


BOUNDED = """
import resource
import sys
from pathlib import Path

import textune

UNIT = 2**20

class Bound:
    def on_start(self, run):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        self.before = resource.getrlimit(resource.RLIMIT_AS)
        most = pages * resource.getpagesize() + int(sys.argv[4]) * UNIT
        resource.setrlimit(resource.RLIMIT_AS, (most, self.before[1]))

    def on_end(self, run):
        resource.setrlimit(resource.RLIMIT_AS, self.before)

source, base, out = sys.argv[1:4]
textune.train(
    source, base=base, out=out, epochs=1, batch_size=2048, callbacks=Bound(), precision="fp32",
    settings=["train.micro_tokens=131072", *sys.argv[5:]],
)
"""


def train_bounded(folder, base, most_mib, *settings, out="run"):
    """Train on 1,500 texts of 60 words, with so much more memory than was held before."""
    file = folder / "long.csv"
    if not file.exists():
        draw = random.Random(0)
        texts = [" ".join(draw.choices(WORDS, k=60)) for _ in range(1500)]
        rows = (f"{text},{int(text < 'm')}" for text in texts)
        file.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", BOUNDED, file, base, folder / out, str(most_mib), *settings],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.skipif(
    sys.platform != "linux" or "TEXTUNE_BOUNDED" not in os.environ,
    reason="takes a minute; TEXTUNE_BOUNDED=1 lets a process with bounded memory train",
)
def test_a_process_with_bounded_memory_trains_to_the_end(tiny_base, tmp_path):
    done = train_bounded(tmp_path, tiny_base, 36)
    assert not done.returncode, done.stderr
    found = json.loads((tmp_path / "run" / "capsule.json").read_text())["lack_of_memory"]
    assert 1 <= found["halvings"] <= 4
