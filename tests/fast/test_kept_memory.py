"""Freed memory stays with the process while it learns, and is given back in the end."""

import subprocess
import sys

import pytest

COUNT = """
import torch
from textune.fast import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

torch.set_num_threads(1)
memory.keep()
parts = [torch.ones(2**20) for _ in range(16)]  # 64 MiB
full = resident()
del parts
kept = resident()
memory.give_back()
print(full, kept, resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is what is spoken to")
@pytest.mark.exhaustive
def test_what_was_freed_stays_until_it_is_given_back():
    done = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, timeout=120
    )
    full, kept, left = map(int, done.stdout.split())
    assert full - kept < 1000  # pages, of 16,384 that were freed
    assert kept - left > 15_000
