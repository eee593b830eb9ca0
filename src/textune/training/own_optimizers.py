"""An optimizer of the user's own, or groups of parameters, become what the loop updates by."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from textune.encoder import adapters
from textune.encoder.model import Encoder
from textune.errors import SettingsError, first_line
from textune.fast.matrices import Half
from textune.settings.language_config import RunSettings
from textune.settings.train_config import TrainSettings
from textune.training import optim
from textune.training.optim import AdamW
from textune.training.scaling import LossScale

Halves = Mapping[nn.Parameter, Half]
MOST = 3  # names in a message


def choose(
    make: Callable[..., Any] | None,
    settings: RunSettings,
    encoder: Encoder,
    loss_scale: LossScale | None = None,
) -> AdamW:
    """Make what updates the weights of an encoder: AdamW, or what the user brought."""
    train, halves = settings.train, encoder.halves()
    if make is not None:
        return build(make, encoder.model, settings, halves=halves, loss_scale=loss_scale)
    groups = optim.groups(encoder.model, train.weight_decay)
    if train.lora_head_lr is not None:
        groups = optim.slowed(groups, adapters.trained(encoder.model), train.lora_head_lr)
    return _adamw(groups, train, halves, loss_scale)


def build(
    make: Callable[..., Any],
    model: nn.Module,
    settings: RunSettings,
    *,
    halves: Halves,
    loss_scale: LossScale | None = None,
) -> AdamW:
    """Make what updates the trainable parameters of a model.

    Args:
        make: The user's function of named parameters and the highest learning rate: it returns a
            torch optimizer, or groups of parameters for AdamW.
        model: Whose parameters are trained.
        settings: Of the run.
        halves: Parameters that are computed with in bf16.
        loss_scale: By which gradients are multiplied, and divided before the update.

    Raises:
        SettingsError: The function fails, or returns neither.
    """
    train = settings.train
    named = [(name, item) for name, item in model.named_parameters() if item.requires_grad]
    try:
        made = make(named, train.lr)
    except Exception as error:  # the user's code may raise anything
        raise SettingsError(
            f"the optimizer of your own failed: {type(error).__name__}: {first_line(error)}; it "
            "gets a list of names with their parameters, and the learning rate"
        ) from error
    if isinstance(made, torch.optim.Optimizer):
        _refuse_others(made.param_groups, named)
        return _adopted(made, halves, loss_scale)
    is_groups = isinstance(made, list | tuple) and all(
        isinstance(group, Mapping) and "params" in group for group in made
    )
    if not is_groups or not made:
        raise SettingsError(
            "the optimizer of your own: expected a torch optimizer, or a list of groups such as "
            f'{{"params": […], "lr": 1e-5}} for AdamW, found {type(made).__name__}'
        )
    groups: list[dict[str, Any]] = [{"weight_decay": train.weight_decay, **group} for group in made]
    for group in groups:
        group["params"] = list(group["params"])
    _refuse_others(groups, named)
    return _adamw(groups, train, halves, loss_scale)


def _adamw(
    groups: list[dict[str, Any]],
    train: TrainSettings,
    halves: Halves,
    loss_scale: LossScale | None,
) -> AdamW:
    return AdamW(
        groups,
        lr=train.lr,
        betas=train.betas,
        eps=train.eps,
        halves=halves,
        loss_scale=loss_scale,
    )


def _refuse_others(
    groups: Sequence[Mapping[str, Any]], named: Sequence[tuple[str, nn.Parameter]]
) -> None:
    """Refuse parameters that are not trained here, or trained ones that no group has."""
    given = {id(item) for group in groups for item in group["params"]}
    known = {id(item) for _, item in named}
    if given - known:
        raise SettingsError(
            f"the optimizer of your own: {len(given - known)} of its parameters are not those that "
            "it was given; take the parameters as they are"
        )
    if lost := [name for name, item in named if id(item) not in given]:
        shown = ", ".join(lost[:MOST])
        raise SettingsError(
            f"the optimizer of your own: {len(lost)} trained parameters are in no group ({shown}"
            f"{', …' if len(lost) > MOST else ''}); give each of them a group, or freeze layers "
            "by train.freeze"
        )


class _Adopted:
    """What the loop asks of an optimizer, put before a torch optimizer's own class."""

    skips = may_join = is_between = False
    param_groups: list[dict[str, Any]]
    _pairs: list[tuple[nn.Parameter, Half]]
    _loss_scale: LossScale | None
    _found: Tensor  # 1 where the gradient is not finite, and 0 else

    def knows(self, halves: Halves) -> bool:
        """Tell whether parameters that are computed with in bf16 get their gradients from these."""
        mine = {id(item): half for item, half in self._pairs}
        return all(mine.get(id(item)) is half for item, half in halves.items())

    def gradients(self) -> Iterator[tuple[nn.Parameter, Tensor | None]]:
        """Yield every parameter with its gradient, one in bf16 turned into one in fp32."""
        for parameter, half in self._pairs:
            if half.gradient is not None:
                parameter.grad, half.gradient = half.gradient.float(), None
        for group in self.param_groups:
            yield from ((parameter, parameter.grad) for parameter in group["params"])

    def clip(self, most: float | None) -> Tensor:
        """Measure the norm of all gradients, and scale them to at most this one; return it."""
        gradients = [gradient for _, gradient in self.gradients() if gradient is not None]
        norm = nn.utils.get_total_norm(gradients)
        if self._loss_scale is not None:
            torch._foreach_div_(gradients, self._loss_scale.factor)
            norm = norm / self._loss_scale.factor
        if most is not None:
            torch._foreach_mul_(gradients, (most / (norm + 1e-6)).clamp(max=1.0))
        self._found = (~norm.isfinite()).float()
        return norm

    def prepare(self) -> None:
        """Do nothing: what memory it needs is its own affair."""

    def step(self, closure: object = None) -> Any:
        """Update, and let the bf16 sides follow; by finite gradients alone if the loss is scaled.

        Raises:
            SettingsError: The optimizer fails.
        """
        if self._loss_scale is not None:
            self._loss_scale.update(self._found)
            if self._found:
                return
        own: Any = super()
        try:
            own.step(closure) if closure is not None else own.step()
        except Exception as error:  # the user's code may raise anything
            raise SettingsError(
                f"the optimizer of your own failed in its step: {type(error).__name__}: "
                f"{first_line(error)}; one that needs a closure (LBFGS) cannot be taken"
            ) from error
        with torch.no_grad():
            for parameter, half in self._pairs:
                half.copy.copy_(parameter)

    def begin_anew(self) -> None:
        """Forget moments and gradients."""
        own: Any = self
        own.state.clear()
        self.zero_grad()
        if self._loss_scale is not None:
            self._loss_scale.reset()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        del set_to_none
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None


def _adopted(made: torch.optim.Optimizer, halves: Halves, loss_scale: LossScale | None) -> AdamW:
    """Let a torch optimizer be one that the loop takes: of its own class, with another before."""
    kind: Any = type(made)
    own: Any = made
    own.__class__ = type(kind.__name__, (_Adopted, kind), {})
    own._pairs, own._loss_scale = list(halves.items()), loss_scale
    return cast("AdamW", own)
