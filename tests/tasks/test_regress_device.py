"""Numbers are learned on devices that have no float64, as Apple's."""

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from textune.tasks.registry import make
from textune.text import batches


class NoDoubles(TorchFunctionMode):
    """Refuse, as such a device does, what is of float64 there."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor) and found.device.type == "meta":
            assert found.dtype != torch.float64, function
        return found


def test_targets_are_float32_where_there_is_nothing_wider():
    targets = np.array([[70.0], [82.0]])
    task = make("number", ("score",)).fitted(targets)
    texts = [np.array([5, 6], dtype=np.int32)] * 2
    with NoDoubles():
        batch = batches.pack_ids(texts, [1, 1], targets=torch.from_numpy(targets), device="meta")
        loss = task.loss(torch.zeros(2, 1, device="meta"), batch)
    assert loss.dtype == batch.targets.dtype == torch.float32
    on_cpu = batches.pack_ids(texts, [1, 1], targets=torch.from_numpy(targets))
    assert on_cpu.targets.dtype == torch.float64
