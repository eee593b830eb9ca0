"""What a card has not told yet of an update is read later, and nothing is lost by that."""

import math

import pytest
import torch

from textune.errors import NumericsError
from textune.records import Step
from textune.training.late import Late


def step(number, norm=1.0):
    return Step(number, 1, torch.tensor(0.5), torch.tensor(norm), 1e-4, 8, 100, 100)


def test_an_update_is_looked_at_once_so_many_have_come_after_it():
    late = Late("rest", most=3)
    for number in (1, 2, 3):
        late.add(step(number, math.nan if number == 2 else 1.0))
    late.add(step(4))
    with pytest.raises(NumericsError, match=r"step 2: .* as they were after step 1; rest usually"):
        late.add(step(5))
    late.settle()  # what came after it is forgotten: it changed nothing


def test_nothing_is_left_unknown_before_something_is_saved():
    late = Late("rest", most=3)
    late.add(step(1, math.inf))
    with pytest.raises(NumericsError, match="step 1"):
        late.settle()


def test_at_once_where_reading_makes_nobody_wait():
    with pytest.raises(NumericsError, match="step 1"):
        Late("rest").add(step(1, math.nan))
