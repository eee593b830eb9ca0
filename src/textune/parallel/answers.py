"""Answers of one process go to the first one: places of texts, and the logits of their items."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Answer = tuple[Rows, NDArray[np.float32]]  # places of texts, and the logits of their items


def send(parts: Sequence[Answer]) -> None:
    """Send answers to the first process: how many, of what sizes, and then themselves."""
    width = parts[0][1].shape[1] if parts else 0
    sizes = np.array([[len(places), len(logits)] for places, logits in parts], dtype=np.int64)
    dist.send(torch.tensor([len(parts), width]), 0)
    if not parts:
        return
    dist.send(torch.from_numpy(sizes), 0)
    dist.send(torch.from_numpy(np.concatenate([places for places, _ in parts])), 0)
    logits = np.concatenate([logits for _, logits in parts])
    if logits.size:
        dist.send(torch.from_numpy(np.ascontiguousarray(logits, dtype=np.float32)), 0)


def receive(rank: int) -> list[Answer]:
    """Receive what `send` sends."""
    head = torch.zeros(2, dtype=torch.int64)
    dist.recv(head, rank)
    count, width = head.tolist()
    if not count:
        return []
    sizes = torch.zeros((count, 2), dtype=torch.int64)
    dist.recv(sizes, rank)
    of_places, of_logits = sizes.sum(0).tolist()
    places = torch.zeros(of_places, dtype=torch.int64)
    dist.recv(places, rank)
    logits = torch.zeros((of_logits, width))
    if logits.numel():
        dist.recv(logits, rank)
    parts = zip(places.split(sizes[:, 0].tolist()), logits.split(sizes[:, 1].tolist()), strict=True)
    return [(some.numpy(), found.numpy()) for some, found in parts]
