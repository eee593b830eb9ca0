import os
import random
import shutil
from contextlib import contextmanager

import pytest
import torch

from textune.errors import CheckpointError
from textune.training import checkpoint
from textune.training.checkpoint import Checkpoint

FILES = ("state.safetensors", "state.json", "MANIFEST.json")


def made(step):
    tensors = {
        "model.weight": torch.full((5, 3), float(step)),
        "optimizer.0.step": torch.tensor(float(step)),
        "rng.cpu": torch.arange(7, dtype=torch.uint8),
    }
    return Checkpoint(tensors, {"progress": {"step": step, "best": 0.1 + 0.2}})


def same(one, other):
    return (
        one.state == other.state
        and one.tensors.keys() == other.tensors.keys()
        and all(
            one.tensors[name].equal(other.tensors[name])
            and one.tensors[name].dtype == other.tensors[name].dtype
            for name in one.tensors
        )
    )


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the checkpoints of steps 1 and 2."""
    for step in (1, 2):
        checkpoint.save(tmp_path / "checkpoints", made(step), step=step)
    return tmp_path / "checkpoints"


def newest(folder):
    return folder / "step-00000002"


def test_the_newest_comes_back_byte_for_byte(folder):
    assert same(checkpoint.latest(folder), made(2))


def test_only_the_newest_two_are_kept(folder):
    for step in (3, 10, 100):
        checkpoint.save(folder, made(step), step=step)
    names = sorted(entry.name for entry in folder.iterdir())
    assert names == ["step-00000010", "step-00000100"]
    assert same(checkpoint.latest(folder), made(100))


def test_the_same_step_can_be_written_again(folder):
    checkpoint.save(folder, made(7), step=2)
    assert same(checkpoint.latest(folder), made(7))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", ["0", "1", "half", "all but one"])
def test_a_file_cut_short_is_noticed(folder, name, size):
    file = newest(folder) / name
    whole = file.stat().st_size
    os.truncate(file, {"0": 0, "1": 1, "half": whole // 2, "all but one": whole - 1}[size])
    assert not checkpoint.is_sound(newest(folder))
    assert same(checkpoint.latest(folder), made(1))


@pytest.mark.parametrize("name", FILES)
def test_a_file_grown_or_gone_is_noticed(folder, name):
    file = newest(folder) / name
    content = file.read_bytes()
    file.write_bytes(content + b"x")
    assert not checkpoint.is_sound(newest(folder))
    file.unlink()
    assert not checkpoint.is_sound(newest(folder))
    assert same(checkpoint.latest(folder), made(1))
    file.write_bytes(content)
    assert same(checkpoint.latest(folder), made(2))


@pytest.mark.parametrize("seed", range(60))
def test_a_single_changed_bit_is_noticed(folder, seed):
    draw = random.Random(seed)
    file = newest(folder) / FILES[seed % 3]
    content = bytearray(file.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    file.write_bytes(content)
    assert not checkpoint.is_sound(newest(folder))
    assert same(checkpoint.latest(folder), made(1))


@pytest.mark.parametrize("content", [b"[]", b"{}", b"null", b"3", b'{"state.json": 1}', b"\xff"])
def test_a_strange_manifest_is_noticed(folder, content):
    (newest(folder) / "MANIFEST.json").write_bytes(content)
    assert same(checkpoint.latest(folder), made(1))


def test_what_was_left_half_written_is_no_checkpoint(folder):
    shutil.copytree(newest(folder), folder / ".tmp-9-1")
    assert same(checkpoint.latest(folder), made(2))
    checkpoint.save(folder, made(3), step=3)
    assert same(checkpoint.latest(folder), made(3))


def test_none_sound_and_none_at_all_are_told_apart(folder, tmp_path):
    for place in folder.iterdir():
        (place / "state.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"none of the 2 checkpoints is whole .*--overwrite"):
        checkpoint.latest(folder)
    with pytest.raises(CheckpointError, match="no checkpoint yet, the run was stopped before"):
        checkpoint.latest(tmp_path / "nowhere")
    assert CheckpointError.exit_code == 4


@contextmanager
def files_of_at_most(limit):
    """Let this process write no file of more bytes, as where a disk is full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [100, 500_000])
def test_no_room_leaves_the_earlier_ones_untouched(folder, limit):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    large = Checkpoint({"w": torch.zeros(200_000)}, {"step": 3})
    with files_of_at_most(limit), pytest.raises(OSError, match="File too large"):
        checkpoint.save(folder, large, step=3)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before
    assert sorted(entry.name for entry in folder.iterdir()) == ["step-00000001", "step-00000002"]


def trained(steps, state=None):
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    if state is not None:
        layer.load_state_dict({"weight": state["w"], "bias": state["b"]})
        checkpoint.restore_optimizer(optimizer, state)
        checkpoint.restore_rng(state)
    for _ in range(steps):
        optimizer.zero_grad()
        layer(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
    return layer, optimizer


def test_optimizer_and_generators_continue_where_they_were(tmp_path):
    whole, _ = trained(7)
    layer, optimizer = trained(4)
    tensors = {"w": layer.weight.detach(), "b": layer.bias.detach()}
    tensors |= checkpoint.optimizer_tensors(optimizer) | checkpoint.rng_tensors()
    checkpoint.save(tmp_path, Checkpoint(tensors, {}), step=4)
    torch.manual_seed(99)
    parted, _ = trained(3, checkpoint.latest(tmp_path).tensors)
    assert parted.weight.equal(whole.weight)
    assert parted.bias.equal(whole.bias)
