"""A device that is not here is refused with what is."""

import pytest
import torch

from textune.encoder import devices
from textune.errors import SettingsError


def test_cpu_is_always_here():
    assert devices.choose("cpu").type == "cpu"
    assert devices.words(torch.device("cpu")).startswith("cpu, ")


def test_auto_takes_the_best_one_here():
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.mps.is_available() else "cpu"
    assert devices.choose("auto").type == best


@pytest.mark.parametrize("name", ["gpu", "cpu:0", "cuda:x", "cuda:", ""])
def test_a_name_that_means_no_device_is_refused(name):
    with pytest.raises(SettingsError, match=rf"device '{name}': .*'auto', 'cpu', 'cuda', 'mps'"):
        devices.choose(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA card here")
def test_a_card_that_is_not_here_is_refused_with_what_is():
    with pytest.raises(SettingsError, match="device 'cuda:1': not on this machine, which has cpu"):
        devices.choose("cuda:1")
