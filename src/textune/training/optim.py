"""A model's parameters become groups, an optimizer and a schedule."""

import math
from collections.abc import Callable, Iterator

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm)


def groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Part the trainable parameters by the module that owns them: norms and biases do not decay."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for owner, name, parameter in _owned(model):
        is_plain = (
            name == "bias" or isinstance(owner, NORMS) or "norm" in type(owner).__name__.lower()
        )
        (plain if is_plain else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]


def adamw(
    model: nn.Module, *, lr: float, weight_decay: float, betas: tuple[float, float], eps: float
) -> AdamW:
    """Make AdamW (Loshchilov and Hutter, 2019) over the trainable parameters, fused."""
    return AdamW(groups(model, weight_decay), lr=lr, betas=betas, eps=eps, fused=True)


def warmup_steps(
    total: int,
    per_epoch: int,
    *,
    share: float | None = None,
    steps: int | None = None,
    epochs: float | None = None,
) -> int:
    """Return the steps of warm-up from whichever measure is given; a tenth of all by default."""
    if steps is not None:
        wanted = steps
    elif epochs is not None:
        wanted = round(epochs * per_epoch)
    else:
        wanted = round((0.1 if share is None else share) * total)
    return min(wanted, total)


def schedule(optimizer: AdamW, name: str, *, warmup: int, total: int) -> LambdaLR:
    """Make a schedule that is stepped at every update.

    Args:
        optimizer: Whose learning rates follow it.
        name: "linear" or "cosine" (to zero at the end), "constant", or "one-cycle" (Smith, 2018:
            from 1/25 up and down to almost nothing, both along a cosine).
        warmup: Updates in which the rate rises.
        total: Updates in all.
    """
    return LambdaLR(optimizer, _factor(name, warmup, total))


def move_schedule(schedule: LambdaLR, step: int) -> None:
    """Put a schedule where it is after some updates."""
    schedule.last_epoch = step
    rates = zip(schedule.base_lrs, schedule.lr_lambdas, strict=True)
    for group, (base, factor) in zip(schedule.optimizer.param_groups, rates, strict=True):
        group["lr"] = base * factor(step)


def _factor(name: str, warmup: int, total: int) -> Callable[[int], float]:
    def factor(step: int) -> float:
        if step < warmup:
            return _rise(name, step / warmup)
        left = max(total - step, 0) / max(total - warmup, 1)
        return _fall(name, left)

    return factor


def _rise(name: str, done: float) -> float:
    if name != "one-cycle":
        return done
    return 0.04 + 0.96 * (1 - math.cos(math.pi * done)) / 2


def _fall(name: str, left: float) -> float:
    if name == "constant":
        return 1.0
    if name == "linear":
        return left
    bottom = 1e-5 if name == "one-cycle" else 0.0
    return bottom + (1 - bottom) * (1 - math.cos(math.pi * left)) / 2


def freeze(model: nn.Module, layers: int) -> None:
    """Freeze the embeddings and the lowest layers; -1 freezes all but the head.

    Args:
        model: A transformers model with a head.
        layers: How many layers; 0 freezes nothing.
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


def _owned(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    """Every trainable parameter once, with the module that holds it."""
    seen: set[int] = set()
    for owner in model.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                yield owner, name, parameter
