"""The format that was asked for is taken; otherwise the faster one, and why."""

import pytest
import torch

from textune.encoder import formats

CPU = torch.device("cpu")


@pytest.mark.parametrize("wanted", ["fp32", "bf16"])
def test_a_format_that_is_asked_for_is_taken(wanted):
    assert formats.choose(wanted, CPU, width=32) == (wanted, "as asked for")


def test_a_processor_without_bf16_computes_in_fp32(monkeypatch):
    monkeypatch.setattr(formats, "CPU_FLAGS", {"no_processor_has_this"})
    wanted = ("fp32", "this processor has no bf16 instructions")
    assert formats.choose("auto", CPU, width=32) == wanted


def test_the_faster_one_is_measured(monkeypatch):
    monkeypatch.setattr(formats, "_may_have_bf16", lambda: True)
    for gain, wanted in ((0.0, "bf16"), (1e9, "fp32")):
        monkeypatch.setattr(formats, "GAIN", gain)
        found, why = formats.choose("auto", CPU, width=32)
        assert found == wanted
        assert why.startswith("bf16 products run at ")
        assert why.endswith(" × the speed of fp32 on this processor")


def test_other_devices_are_not_measured():
    found = formats.choose("auto", torch.device("meta"), width=32)
    assert found == ("fp32", "bf16 is not used on meta")
