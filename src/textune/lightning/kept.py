"""What a module keeps in Lightning's checkpoints beside its weights.

Between the parts of an optimizer batch that is the gradients, too, which are added once to those
of the rest: no measurement is needed, and no hook of autograd has to see them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from textune.errors import CheckpointError, ModelError
from textune.lightning import made
from textune.runs.runs import Card
from textune.training import checkpoint as checkpoints

OWN = "textune"  # key of checkpoints


def of(card: Card, *, loss: float, gradients: Mapping[str, Tensor], world: int) -> dict[str, Any]:
    """Return what is kept.

    Args:
        card: Whose decision is kept.
        loss: Of the parts of this optimizer batch so far.
        gradients: Of these parts, by the parameter's name; none where the batch is complete.
        world: Number of processes.
    """
    return {
        "decision": made.to_values(card)["decision"],
        "drawn": checkpoints.rng_tensors(),
        "loss": loss,
        "gradients": dict(gradients),
        "world": world,
    }


def read(found: Mapping[str, Any], *, world: int | None) -> dict[str, Any]:
    """Return what a checkpoint keeps.

    Args:
        found: The checkpoint.
        world: Number of processes that go on; None where only the weights are wanted.

    Raises:
        ModelError: It is none of a TextModule.
        CheckpointError: Several processes wrote it between the parts of an optimizer batch.
    """
    kept: dict[str, Any] | None = found.get(OWN)
    if kept is None:
        raise ModelError("this checkpoint was not written by a TextModule")
    if world is not None and kept["gradients"] and max(kept["world"], world) > 1:
        raise CheckpointError(
            "the checkpoint was written between the parts of an optimizer batch, whose gradients "
            "lay in several processes; go on from another one: "
            "ModelCheckpoint(every_n_train_steps=…) writes none such"
        )
    return kept


def add(gradients: Mapping[str, Tensor], parameters: Iterable[tuple[str, nn.Parameter]]) -> None:
    """Add gradients that were kept to those of named parameters, in new memory.

    The memory of a gradient may be that of kernels, which clear what they have written alone.
    """
    for name, parameter in parameters:
        if name in gradients:
            given = gradients[name].to(parameter.device)
            parameter.grad = given if parameter.grad is None else parameter.grad + given
