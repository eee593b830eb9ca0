"""A run without operations whose results depend on chance, where that is asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from textune.errors import SettingsError, TextuneError, first_line
from textune.records import Message

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
SAID = Message(
    "deterministic: operations of torch that have no deterministic form are refused. Without it, "
    "too, the same command with the same files, versions and device has the same seed for "
    "everything random, and on a processor the same weights to the last bit"
)


@contextmanager
def required(*, is_asked: bool) -> Iterator[None]:
    """Refuse operations of torch that have no deterministic form, and leave torch as it was.

    Raises:
        SettingsError: The model needs one.
    """
    if not is_asked:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    quick = torch.backends.cudnn.benchmark
    os.environ.setdefault(WORKSPACE, ":4096:8")  # read where a card is first used
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, TextuneError) or "deterministic" not in str(error):
            raise
        raise SettingsError(
            f"--deterministic: this model needs an operation that has no deterministic form "
            f"({first_line(error)}); leave it out, or train with --device cpu"
        ) from error
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.benchmark = quick
