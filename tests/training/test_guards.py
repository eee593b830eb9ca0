"""A lack of memory is said with the way out, a stop stays one; other errors pass through."""

import errno
import signal

import pytest
import torch

from textune.errors import ModelError, OutOfMemoryError, RunError, StoppedError
from textune.training import guards


def test_an_allocation_that_is_too_large_names_the_setting():
    with pytest.raises(OutOfMemoryError, match=r"--set train\.micro_tokens=1024") as found:  # noqa: SIM117
        with guards.memory(4096):
            torch.empty(2**60)
    assert found.value.exit_code == 6


def test_other_errors_pass_through():
    with pytest.raises(RuntimeError, match="shape"), guards.memory(4096):
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_a_stop_that_other_code_takes_for_its_own_error_stays_one():
    """As torch does while it is imported: its `except RuntimeError` raises an AttributeError."""
    with pytest.raises(StoppedError, match="stopped by SIGINT; nothing was saved yet"):  # noqa: SIM117
        with guards.stopping():
            try:
                signal.raise_signal(signal.SIGINT)
            except RuntimeError:
                raise AttributeError("no overload name") from None


@pytest.mark.parametrize("other", [None, ImportError("no module"), OSError("no such model")])
def test_a_stop_while_a_model_is_loaded_stays_one(other):
    """Loading says of whatever goes wrong that the model cannot be loaded."""
    with pytest.raises(StoppedError, match="stopped by SIGINT"), guards.stopping():
        try:
            try:
                signal.raise_signal(signal.SIGINT)
            except StoppedError as error:
                raise other or error from error
        except Exception as error:
            raise ModelError(f"cannot be loaded: {error}") from error


def test_what_goes_wrong_after_a_stop_is_said():
    with pytest.raises(OSError, match="full"), guards.stopping() as stop:  # noqa: SIM117
        with stop.between_steps():
            signal.raise_signal(signal.SIGINT)
            try:
                stop.check()
            except StoppedError:
                raise OSError(errno.ENOSPC, "full") from None


@pytest.mark.parametrize("cause", [OSError(errno.ENOSPC, "full"), None])
def test_what_goes_wrong_after_a_stop_and_is_translated_is_said(cause):
    with pytest.raises(RunError, match="full"), guards.stopping() as stop:  # noqa: SIM117
        with stop.between_steps():
            signal.raise_signal(signal.SIGINT)
            try:
                stop.check()
            except StoppedError:
                raise RunError("full") from cause


@pytest.mark.parametrize("saved", ["checkpoints/step-00000004", "model", "checkpoints", None])
def test_a_stop_says_whether_there_is_anything_to_go_on_from(tmp_path, saved):
    stop = guards.StopRequest(signal=signal.SIGINT, rest=lambda: guards.saved(tmp_path))
    if saved is not None:
        (tmp_path / saved).mkdir(parents=True)
    is_kept = saved not in (None, "checkpoints")
    words = "what was saved is kept; continue with --resume"
    if not is_kept:
        words = "nothing that was learned is saved yet; --resume begins it again"
    with pytest.raises(StoppedError, match=f"^stopped by SIGINT; {words}$"):
        stop.check()
