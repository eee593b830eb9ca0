"""A model's parameters become groups and an optimizer."""

import inspect
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from textune.fast import calls
from textune.fast.matrices import Half
from textune.training.scaling import LossScale


class Joint(Protocol):
    """Weights that several processes update together, each a share of them."""

    def share(self, weight: nn.Parameter, like: Tensor) -> Tensor:
        """Return this process's share of a tensor that is shaped as a weight; all of others'."""

    def moments(self, weight: nn.Parameter) -> tuple[Tensor, Tensor] | None:
        """Return memory for the moments of a weight; None for others."""

    def squares(self, gradients: Sequence[tuple[nn.Parameter, Tensor]]) -> float:
        """Sum the squares over all processes. Each of them may update from here on."""

    def meet(self) -> None:
        """Return once all processes have updated their shares."""


NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm)
MOMENTS = ("exp_avg", "exp_avg_sq")  # as torch names them


def groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
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


def slowed(
    groups: list[dict[str, Any]], others: Iterable[nn.Parameter], lr: float
) -> list[dict[str, Any]]:
    """Give all but some parameters a learning rate of their own.

    Args:
        groups: Parameter groups, as `groups` makes them.
        others: What keeps the optimizer's rate.
        lr: Highest learning rate of the rest.
    """
    fast = {id(parameter) for parameter in others}
    kept, rest = (
        [
            {**group, "params": [item for item in group["params"] if (id(item) in fast) is is_fast]}
            for group in groups
        ]
        for is_fast in (True, False)
    )
    return [*kept, *({**group, "lr": lr} for group in rest)]


class AdamW(torch.optim.AdamW):
    """AdamW (Loshchilov and Hutter, 2019), fused; clipping is part of the update.

    On a CPU with kernels one pass reads gradient, weight and moments, and writes the bf16 copies
    that the encoder computes with; elsewhere torch's own fused kernel does the update. On a card an
    update whose gradient is not finite changes nothing (`skips`), and none after it does, so that
    nobody need ask first. Where the loss is scaled this holds on any device, and updates after it
    count as long as a smaller scale may help.

    Args:
        groups: Parameter groups, as torch takes them.
        lr: Highest learning rate.
        betas: Of the moments.
        eps: Added to the root of the second moment.
        halves: Parameters that are computed with in bf16, by identity.
        loss_scale: By which gradients are multiplied, and divided in the update.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        halves: Mapping[nn.Parameter, Half] | None = None,
        loss_scale: LossScale | None = None,
    ):
        super().__init__(groups, lr=lr, betas=betas, eps=eps, fused=True)
        self._halves = {id(parameter): half for parameter, half in (halves or {}).items()}
        self._loss_scale = loss_scale
        self.found_inf: Tensor | None = None  # as torch's fused kernel reads it
        self._scale: Tensor | None = None  # of gradients in the update
        self._is_broken: Tensor | None = None  # 1 once a gradient was not finite, beyond help
        self._joint: Joint | None = None
        self.is_between = False  # whether some process may have updated its share, and some not
        self._look()

    def _look(self) -> None:
        """See where the parameters are, and by what they are updated."""
        everything = [item for group in self.param_groups for item in group["params"]]
        self._is_parted = any(map(_is_part, everything))
        self._by_kernel = calls.available() and all(_is_plain(item) for item in everything)
        # a card is not waited for: there the update itself leaves the weights as they were
        is_on_card = any(item.device.type == "cuda" for item in everything)
        may_skip = is_on_card or self._loss_scale is not None
        self.skips = may_skip and not self._is_parted

    def exchange(
        self,
        pairs: Mapping[nn.Parameter, nn.Parameter],
        moved: Callable[[Tensor, nn.Parameter], Tensor] | None = None,
    ) -> None:
        """Update other parameters in place of the known ones, in the same groups.

        Args:
            pairs: The known ones, and what comes in place of each.
            moved: Returns a moment as the parameter beside it needs it; None: there are none.
        """
        for group in self.param_groups:
            group["params"] = [pairs[item] for item in group["params"]]
        state = dict(self.state)
        self.state.clear()
        for known, values in state.items():
            assert moved is not None
            other = pairs[cast("nn.Parameter", known)]
            self.state[other] = {
                name: moved(value, other) if name != "step" else value
                for name, value in values.items()
            }
        self._look()

    @property
    def may_join(self) -> bool:
        """Whether it can update a share of a weight."""
        return self._by_kernel

    def join(self, joint: Joint | None) -> None:
        """Update a share of some weights alone, and their moments where all see them; None: all."""
        self._joint = joint
        if joint is None:
            return
        for parameter, state in self.state.items():
            places = joint.moments(cast("nn.Parameter", parameter))
            for name, place in zip(MOMENTS, places or (), strict=False):
                state[name] = place.copy_(state[name])

    def knows(self, halves: Mapping[nn.Parameter, Half]) -> bool:
        """Tell whether parameters that are computed with in bf16 get their gradients from these."""
        return all(self._halves.get(id(item)) is half for item, half in halves.items())

    def add_param_group(self, param_group: dict[str, object]) -> None:
        """Add a group, as torch does; its decorator would import a compiler first, for a second."""
        inspect.unwrap(torch.optim.Optimizer.add_param_group)(self, param_group)

    def clip(self, most: float | None) -> Tensor:
        """Measure the norm of all gradients, and scale them to at most this one in the update.

        Returns:
            The norm before scaling, of the loss that is not scaled.
        """
        if self._by_kernel:
            norm = torch.tensor(math.sqrt(self._squares()))
        else:
            gradients = [found for _, found in self._with_gradients()]
            norm = nn.utils.get_total_norm(gradients)
            norm = norm.full_tensor() if self._is_parted else norm  # type: ignore[attr-defined]  # DTensor
        if self._loss_scale is not None:
            norm = norm / self._loss_scale.factor
        self._scale = None if most is None else (most / (norm + 1e-6)).clamp(max=1.0)
        if self._loss_scale is not None:
            self._scale = (1.0 if self._scale is None else self._scale) / self._loss_scale.factor
        # torch's fused kernel changes nothing, neither weights nor moments, where this is 1
        self.found_inf = self._broken(norm) if self.skips else None
        return norm

    def _squares(self) -> float:
        """Sum the squares of all gradients."""
        joint, pairs = self._joint, list(self._with_gradients())
        if joint is None:
            return calls.squares([gradient for _, gradient in pairs])
        self.is_between = True
        return joint.squares(pairs)

    def begin_anew(self) -> None:
        """Forget moments and gradients, and that one was not finite."""
        self.state.clear()
        self.zero_grad()
        self._is_broken, self.is_between = None, False
        if self._loss_scale is not None:
            self._loss_scale.reset()

    def _broken(self, norm: Tensor) -> Tensor:
        """Return 1 where this norm is not finite, or one before was beyond help, and 0 else; ()."""
        found = (~norm.isfinite()).float()
        lasting = found if self._loss_scale is None else found * self._loss_scale.is_least()
        if self._is_broken is not None:
            found = torch.maximum(found, self._is_broken)
            lasting = torch.maximum(lasting, self._is_broken)
        self._is_broken = lasting
        return found

    @torch.no_grad()
    def prepare(self) -> None:
        """Take the memory that the first update needs for moments, before anything is changed."""
        for parameter, _ in self._with_gradients():
            self._state(parameter)

    @torch.no_grad()
    def step(self, closure: object = None) -> Any:
        """Update every parameter that has a gradient."""
        if not self._by_kernel:
            # torch's kernel divides by it
            self.grad_scale = None if self._scale is None else self._scale.reciprocal()
            super().step(closure)
        elif self.found_inf is None or not self.found_inf:
            for group in self.param_groups:
                self._update(group)
        if self._joint is not None:
            self._joint.meet()
            self.is_between = False
        if self._loss_scale is not None and self.found_inf is not None:
            self._loss_scale.update(self.found_inf)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        del set_to_none  # their memory is kept elsewhere, or not at all
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        for half in self._halves.values():
            half.gradient = None

    def gradients(self) -> Iterator[tuple[nn.Parameter, Tensor | None]]:
        """Yield every parameter with its gradient, one in bf16 turned into one in fp32."""
        for group in self.param_groups:
            for parameter in group["params"]:
                half = self._halves.get(id(parameter))
                if half is not None and half.gradient is not None:
                    parameter.grad, half.gradient = half.gradient.float(), None
                yield parameter, parameter.grad

    def _update(self, group: dict[str, Any]) -> None:
        by_step: dict[int, list[tuple[nn.Parameter, Tensor]]] = defaultdict(list)
        found = list(self._with_gradients(group))
        if not found:
            return
        steps = [self._state(parameter)["step"] for parameter, _ in found]
        torch._foreach_add_(steps, 1.0)
        for pair, step in zip(found, torch.stack(steps).tolist(), strict=True):
            by_step[int(step)].append(pair)
        for step, found in by_step.items():  # one, unless gradients were missing at times
            self._update_alike(group, step, found)

    def _update_alike(
        self, group: dict[str, Any], step: int, found: list[tuple[nn.Parameter, Tensor]]
    ) -> None:
        states = [self.state[parameter] for parameter, _ in found]
        halves = [self._halves.get(id(parameter)) for parameter, _ in found]
        copies = [None if half is None else half.copy for half in halves]
        joint = self._joint

        def mine(tensors: Iterable[Tensor | None]) -> list[Any]:
            """Return what of each parameter this process updates."""
            if joint is None:
                return list(tensors)
            pairs = zip(found, tensors, strict=True)
            return [None if item is None else joint.share(pair[0], item) for pair, item in pairs]

        beta1, beta2 = group["betas"]
        calls.AdamW(
            lr=float(group["lr"]),
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            decay=group["weight_decay"],
            step=step,
            scale=1.0 if self._scale is None else float(self._scale),
        ).update(
            mine(parameter for parameter, _ in found),
            mine(gradient for _, gradient in found),
            mine(state[MOMENTS[0]] for state in states),
            mine(state[MOMENTS[1]] for state in states),
            mine(copies),
        )

    def _with_gradients(
        self, group: dict[str, Any] | None = None
    ) -> Iterator[tuple[nn.Parameter, Tensor]]:
        """Yield parameters and their gradients, in fp32 or bf16."""
        for one in self.param_groups if group is None else [group]:
            for parameter in one["params"]:
                half = self._halves.get(id(parameter))
                short = None if half is None else half.gradient
                gradient = parameter.grad if short is None else short
                if gradient is not None:
                    yield parameter, gradient.contiguous()

    def _state(self, parameter: nn.Parameter) -> dict[str, Any]:
        state: dict[str, Any] = self.state[parameter]
        if not state:  # whole or not at all, as memory may be lacking
            moments = self._zeros(parameter)
            place = None if self._by_kernel else parameter.device  # torch's kernel reads it there
            count = torch.zeros((), dtype=torch.float32, device=place)
            state |= {"step": count, **dict(zip(MOMENTS, moments, strict=True))}
        return state

    def _zeros(self, parameter: nn.Parameter) -> tuple[Tensor, Tensor]:
        """Return the moments of a parameter before its first update."""
        places = None if self._joint is None else self._joint.moments(parameter)
        if places is None:
            return torch.zeros_like(parameter), torch.zeros_like(parameter)
        return places[0].zero_(), places[1].zero_()


def adamw(
    model: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    betas: tuple[float, float],
    eps: float,
    halves: Mapping[nn.Parameter, Half] | None = None,
) -> AdamW:
    """Make AdamW over the trainable parameters of a model."""
    return AdamW(groups(model, weight_decay), lr=lr, betas=betas, eps=eps, halves=halves)


def _is_part(parameter: nn.Parameter) -> bool:
    """Tell whether it is this process's part of a weight (DTensor)."""
    return hasattr(parameter, "full_tensor")


def _is_plain(parameter: nn.Parameter) -> bool:
    is_here = parameter.device.type == "cpu" and parameter.dtype == torch.float32
    is_here = is_here and not _is_part(parameter)
    return is_here and parameter.is_contiguous()


def _owned(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Parameter]]:
    """Every trainable parameter once, with the module that holds it."""
    seen: set[int] = set()
    for owner in model.modules():
        for name, parameter in owner.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                yield owner, name, parameter
