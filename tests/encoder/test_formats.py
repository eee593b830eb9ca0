"""The format that was asked for is taken; otherwise the faster one, and why."""

import time

import pytest
import torch

from textune.encoder import formats
from textune.errors import SettingsError

CPU = torch.device("cpu")


@pytest.mark.parametrize("wanted", ["fp32", "bf16"])
def test_a_format_that_is_asked_for_is_taken(wanted):
    assert formats.choose(wanted, CPU, width=32) == (wanted, "as train.precision says")


def test_a_processor_without_bf16_computes_in_fp32(monkeypatch):
    monkeypatch.delenv(formats.FORCED)
    monkeypatch.setattr(formats, "CPU_FLAGS", {"no_processor_has_this"})
    wanted = ("fp32", "this processor has no bf16 instructions")
    assert formats.choose("auto", CPU, width=32) == wanted


def test_the_faster_one_is_measured(monkeypatch):
    monkeypatch.delenv(formats.FORCED)
    monkeypatch.setattr(formats, "_may_have_bf16", lambda: True)
    for gain, wanted in ((0.0, "bf16"), (1e9, "fp32")):
        monkeypatch.setattr(formats, "GAIN", gain)
        found, why = formats.choose("auto", CPU, width=32)
        assert found == wanted
        assert why.startswith("bf16 products run at ")
        assert why.endswith(" × the speed of fp32 on this processor")


def test_it_is_measured_by_the_computing_time_of_one_thread(monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []

        def waiting(*_):  # as beside a busy neighbour: most of the time passes without computing
            seen.append(torch.get_num_threads())
            time.sleep(0.002)

        monkeypatch.setattr(formats.functional, "linear", waiting)
        assert formats._seconds(torch.float32, 8) < 0.001
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_other_devices_are_not_measured(monkeypatch):
    monkeypatch.delenv(formats.FORCED)
    found = formats.choose("auto", torch.device("meta"), width=32)
    assert found == ("fp32", "bf16 is not used on meta")


@pytest.mark.parametrize("forced", ["fp32", "bf16"])
def test_the_automatic_choice_can_be_forced(monkeypatch, forced):
    monkeypatch.setenv(formats.FORCED, forced)
    assert formats.choose("auto", CPU, width=32) == (forced, "as TEXTUNE_AUTO_PRECISION says")
    assert formats.choose("fp32", CPU, width=32)[0] == "fp32"


def test_what_is_forced_must_be_a_format(monkeypatch):
    monkeypatch.setenv(formats.FORCED, "bf17")
    with pytest.raises(SettingsError, match=r"TEXTUNE_AUTO_PRECISION=bf17: .*did you mean 'bf16'"):
        formats.choose("auto", CPU, width=32)


@pytest.mark.parametrize(
    ("wanted", "recorded", "has_bf16", "found"),
    [
        ("auto", "bf16", True, "bf16"),
        ("auto", "bf16", False, "fp32"),
        ("auto", "fp32", True, "fp32"),
        ("auto", None, True, "fp32"),  # saved by a version that did not record it
        ("bf16", "fp32", False, "bf16"),
        ("fp32", "bf16", True, "fp32"),
    ],
)
def test_a_saved_model_computes_in_its_own_format(monkeypatch, wanted, recorded, has_bf16, found):
    monkeypatch.setattr(formats, "_may_have_bf16", lambda: has_bf16)
    monkeypatch.setattr(formats, "_seconds", None)  # nothing is measured
    assert formats.of_model(wanted, recorded, CPU) == found
