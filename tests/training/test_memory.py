"""Freed memory is used again without asking the system, and is given back in the end."""

import subprocess
import sys

import pytest

COUNT = """
import resource, torch
from textune.training import memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        parts = [torch.ones(2**19) for _ in range(4)]  # 8 MiB
        del parts
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
memory.keep()
faults()
again, kept = faults(), resident()
memory.give_back()
print(again, kept - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is what is spoken to")
def test_what_was_freed_is_taken_again_and_given_back_in_the_end():
    done = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, timeout=120
    )
    again, given_back = map(int, done.stdout.split())
    assert again < 1000  # of 40,960 pages that were touched
    assert given_back > 1000  # of about 2,048 that lay free
