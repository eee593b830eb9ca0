"""An encoder answers without dropout, and is left in the mode in which it was."""

import pytest
import torch

from textune.evaluation.evaluate import without_dropout


class Stubborn(torch.nn.Dropout):
    """Drops whatever it is told."""

    def train(self, mode: bool = True) -> torch.nn.Module:
        return super().train(mode=True)


@pytest.mark.parametrize("mode", [True, False])
def test_every_part_is_quiet_meanwhile(mode):
    encoder = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(0.1)).train(mode)
    with without_dropout(encoder):
        assert not any(part.training for part in encoder.modules())
    assert all(part.training is mode for part in encoder.modules())
    with pytest.raises(ValueError, match="of the reader's"), without_dropout(encoder):
        raise ValueError("of the reader's")
    assert encoder.training is mode


def test_a_part_that_would_drop_is_a_bug():
    encoder = torch.nn.Sequential(torch.nn.Linear(2, 2), Stubborn(0.1))
    with pytest.raises(AssertionError, match="would drop"), without_dropout(encoder):
        pass
