"""Modules of a model are replaced by others, which take over their names and parameters."""

from collections.abc import Callable

from torch import nn


def replace(model: nn.Module, make: Callable[[nn.Module], nn.Module | None]) -> None:
    """Put other modules in the places of a model's own.

    Args:
        model: Changed in place; its parameters stay the same objects, under the same names.
        make: Gives what takes a module's place; None where it stays.
    """
    for parent in list(model.modules()):
        for name, part in list(parent.named_children()):
            made = make(part)
            if made is not None:
                setattr(parent, name, made.train(part.training))
