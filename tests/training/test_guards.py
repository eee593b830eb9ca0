"""A lack of memory is said with the way out; other errors pass through."""

import pytest
import torch

from textune.errors import OutOfMemoryError
from textune.training import guards


def test_an_allocation_that_is_too_large_names_the_setting():
    with pytest.raises(OutOfMemoryError, match=r"--set train\.micro_tokens=1024") as found:  # noqa: SIM117
        with guards.memory(4096):
            torch.empty(2**60)
    assert found.value.exit_code == 6


def test_other_errors_pass_through():
    with pytest.raises(RuntimeError, match="shape"), guards.memory(4096):
        torch.zeros(2, 3) @ torch.zeros(2, 3)
