"""An encoder's lowest layers keep the weights of the base."""

from torch import nn


def freeze(model: nn.Module, layers: int) -> None:
    """Freeze the embeddings and the lowest layers; -1 freezes all but the head.

    No layers: nothing is frozen.
    """
    if layers == 0:
        return
    base = model.base_model
    assert isinstance(base, nn.Module)
    frozen = [base] if layers < 0 else [_embeddings(base), *_layers(base)[:layers]]
    for part in frozen:
        for parameter in part.parameters():
            parameter.requires_grad = False


def _layers(base: nn.Module) -> list[nn.Module]:
    """The stack of equal layers: the longest list of modules in the encoder."""
    stacks = [list(part) for part in base.modules() if isinstance(part, nn.ModuleList)]
    return max(stacks, key=len)


def _embeddings(base: nn.Module) -> nn.Module:
    found = getattr(base, "embeddings", None)
    return found if isinstance(found, nn.Module) else base.get_input_embeddings()  # type: ignore[operator]  # every transformers base has it
