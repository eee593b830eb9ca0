"""A layer of BERT on packed tokens: fused products, and in the last layer only what a head reads.

The families of BERT's own build share one tree of modules. Their layers keep parameters, names and
stock behaviour; only a packed batch takes the shorter way here, on a CPU by way of kernels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from textune.families.known import family_of
from textune.fast import calls, dropout, linears
from textune.fast.attention import Packing, attend
from textune.fast.first_tokens import LastLayer
from textune.fast.fused import FusedEmbeddings, FusedLayer
from textune.fast.matrices import Block, Matrix, Rows


class PackedLayer:
    """A base class before a family's own layer class, whose `forward` computes packed batches."""

    attention: Any
    intermediate: Any
    output: Any
    is_last: bool
    training: bool
    fused: FusedLayer | None

    def forward(self, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Compute the layer.

        States are (1, P, D). A packed batch brings `packing`, `borders` for a head on texts, and
        `read` where a head reads some tokens only.

        Returns:
            (1, P, D); from the last layer (1, B, D), the first token of each text, for a head on
            texts, and (1, Q, D) where Q tokens are read.
        """
        packing = kwargs.get("packing")
        if packing is None:
            return super().forward(hidden_states, *args, **kwargs)  # type: ignore[misc]
        borders, rows = (kwargs.get(name) if self.is_last else None for name in ("borders", "read"))
        hidden = hidden_states[0]  # (P, D)
        if self.fused is not None and computes_by_kernels(self):
            packing.calls.append(len(hidden))
            if borders is not None:
                return LastLayer(self.fused)(hidden, borders, training=self.training)[None]
            out = self.fused(hidden, packing.borders, training=self.training, rows=rows)
            return (out.float() if self.is_last else out)[None]
        queried = hidden  # (P, D) or (B, D)
        if borders is not None and rows is None:
            queried = hidden[borders[:-1]]
        context = self._attend(hidden, queried, packing)
        if rows is not None:
            context, queried = context[rows], hidden[rows]  # (Q, D)
        return self._after_attention(context, queried)[None]

    def _after_attention(self, context: Tensor, queried: Tensor) -> Tensor:
        """Compute what comes after attention; (Q, D) and (Q, D), the residual → (Q, D)."""
        after = self._add_norm(self.attention.output, context, queried)
        inner = self.intermediate.intermediate_act_fn(self.intermediate.dense(after))
        return self._add_norm(self.output, inner, after)

    def _attend(self, hidden: Tensor, queried: Tensor, packing: Packing) -> Tensor:
        own = self.attention.self
        parts = (own.query, own.key, own.value)
        if queried is hidden:
            query, key, value = _project(hidden, parts).chunk(3, dim=-1)
        else:
            query = own.query(queried)
            key, value = _project(hidden, parts[1:]).chunk(2, dim=-1)
        shape = (-1, own.attention_head_size)
        split = (states.unflatten(-1, shape) for states in (query, key, value))
        rate = own.dropout.p if self.training else 0.0
        found = attend(*split, packing=packing, rate=rate, scaling=own.scaling)
        return found.flatten(1)  # (P, H, D / H) → (P, D)

    def _add_norm(self, part: Any, states: Tensor, residual: Tensor) -> Tensor:
        rate = part.dropout.p if self.training else 0.0
        return part.LayerNorm(dropout.drop_and_add(part.dense(states), rate, residual))


class PackedEmbeddings:
    """A base class before a family's own class of embeddings, for packed ids and positions."""

    LayerNorm: nn.LayerNorm
    fused: FusedEmbeddings | None

    def forward(
        self,
        input_ids: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        **kwargs: object,
    ) -> Tensor:
        """Return the first states, (1, P, D) for packed ids."""
        fused = self.fused if _has_kernels(self.LayerNorm.weight) else None
        if (
            fused is not None
            and input_ids is not None
            and position_ids is not None
            and len(input_ids) == 1  # one pack
            and input_ids.shape == position_ids.shape
        ):
            segments = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
            return fused(input_ids, position_ids, segments)
        given = {"token_type_ids": token_type_ids, "position_ids": position_ids}
        return super().forward(input_ids=input_ids, **given, **kwargs)  # type: ignore[misc]


def replace(model: Any, *, per_token: bool) -> None:
    """Let the layers of a model take packed batches the shorter way, where their build is known."""
    if not cuts(model):
        return
    stack = model.base_model.encoder.layer
    for number, layer in enumerate(stack):
        stack[number] = _derived(PackedLayer, layer, is_last=number == len(stack) - 1)
    base = model.base_model
    base.embeddings = _derived(PackedEmbeddings, base.embeddings)
    linears.replace(model)
    fuse(model, torch.float32, per_token=per_token)


def cuts(model: Any) -> bool:
    """Tell whether the last layer gives the states of those tokens alone that are read."""
    return family_of(model.config.model_type).is_fused


def fuse(
    model: Any, dtype: torch.dtype, *, per_token: bool, last_in: torch.dtype | None = None
) -> bool:
    """Let the layers compute by kernels in a number format, where they can; tell whether they do.

    The parameters stay fp32, and their own.

    Args:
        model: A model of a family that is known.
        dtype: Of products.
        per_token: Whether its head reads all tokens; else those of texts' first tokens by head,
            in the last layer, stay in fp32.
        last_in: Another format for all products of a last layer that computes first tokens alone.
    """
    if not cuts(model) or not calls.available() or not _is_usual(model) or _is_adapted(model):
        return False
    for layer in model.base_model.encoder.layer:
        at_firsts = layer.is_last and not per_token
        rest_in = (last_in or dtype) if at_firsts else dtype
        layer.fused = FusedLayer(layer, rest_in, torch.float32 if at_firsts else None)
    embeddings = model.base_model.embeddings
    if not hasattr(embeddings, "task_type_embeddings"):
        is_projected = hasattr(model.base_model, "embeddings_project")
        embeddings.fused = FusedEmbeddings(embeddings, torch.float32 if is_projected else dtype)
    return True


def part(model: Any) -> None:
    """Let the layers compute by torch's own operations, which hooks and autocasts of others see."""
    if not cuts(model):
        return
    model.base_model.embeddings.fused = None
    for layer in model.base_model.encoder.layer:
        layer.fused = None


@contextmanager
def parted(model: Any) -> Iterator[None]:
    """Let the layers compute by torch's own operations for a while: gradients reach their inputs.

    Those of kernels are of parameters only, and of the states between layers.
    """
    if not cuts(model):
        yield
        return
    places = [model.base_model.embeddings, *model.base_model.encoder.layer]
    before = [place.fused for place in places]
    part(model)
    try:
        yield
    finally:
        for place, fused in zip(places, before, strict=True):
            place.fused = fused


def are_fused(model: object) -> bool:
    """Tell whether the layers compute by kernels."""
    return next(matrices(model), None) is not None


def computes_by_kernels(layer: Any) -> bool:
    """Tell whether a layer computes by kernels with the weights that it has now."""
    is_known = getattr(layer, "fused", None) is not None
    return is_known and _has_kernels(layer.output.dense.weight)


def why_not(model: Any) -> str:
    """Say what keeps the layers of a model from computing by kernels."""
    if not cuts(model):
        return f"there are no kernels for {model.config.model_type}"
    if _is_adapted(model):
        return "kernels know no adapters"
    return calls.why() if not calls.available() else "its layers are not built in the usual way"


def copied(model: object) -> set[int]:
    """Return the identities of parameters that lie in blocks of memory of the layers' own."""
    return {id(part) for matrix in matrices(model) for part in matrix.parameters()}


def release(model: Any) -> None:
    """Give the memory of all gradients back."""
    for matrix in matrices(model):
        matrix.release()
    embeddings: Any = getattr(model.base_model, "embeddings", None)
    if getattr(embeddings, "fused", None) is not None:
        embeddings.fused.release()
    model.zero_grad(set_to_none=True)


def rows(model: Any) -> Iterator[tuple[nn.Parameter, Rows]]:
    """Yield every table that gets gradients of a few rows, and what holds them."""
    embeddings: Any = getattr(model.base_model, "embeddings", None)
    if getattr(embeddings, "fused", None) is not None:
        yield from embeddings.fused.rows()


def blocks(model: Any) -> Iterator[Block]:
    """Yield the weights of each layer whose gradients kernels write, in the order of memory.

    Hooks of the parameter beside them run once they are complete.
    """
    for layer in model.base_model.encoder.layer if cuts(model) else ():
        fused = getattr(layer, "fused", None)
        if fused is not None:
            yield Block(fused.second_norm.weight, fused.matrices)


def matrices(model: Any) -> Iterator[Matrix]:
    """Yield the weights of products that kernels compute."""
    if cuts(model):
        for layer in model.base_model.encoder.layer:
            if getattr(layer, "fused", None) is not None:
                yield from layer.fused.matrices


def _is_usual(model: Any) -> bool:
    """Tell whether the layers compute what the kernels know: GELU in its exact form, no extras."""
    config = model.config
    rates = (config.hidden_dropout_prob, config.attention_probs_dropout_prob)
    is_encoder = not config.is_decoder and not config.add_cross_attention
    return config.hidden_act == "gelu" and is_encoder and max(rates) < 1.0


def _is_adapted(model: Any) -> bool:
    """Tell whether linear layers have adapters (LoRA)."""
    return any(hasattr(part, "lora_A") for part in model.modules())


def _derived(first: type, part: nn.Module, **more: object) -> object:
    """Make a module of all that another one has, whose class comes after a first one."""
    own = type(part)
    made: Any = object.__new__(type(f"{first.__name__}{own.__name__}", (first, own), {}))
    vars(made).update(vars(part), fused=None, **more)
    return made


def _has_kernels(weight: Tensor) -> bool:
    """Tell whether kernels can read a layer's weights: a copy may lie elsewhere, or be in bf16."""
    return weight.device.type == "cpu" and weight.dtype == torch.float32


def _project(hidden: Tensor, parts: tuple[nn.Linear, ...]) -> Tensor:
    """Apply several linear maps of the same input as one product, where they have no adapters."""
    if any(type(part) is not nn.Linear for part in parts):
        return torch.cat([part(hidden) for part in parts], dim=-1)
    weight = torch.cat([part.weight for part in parts])
    bias = torch.cat([part.bias for part in parts])
    return functional.linear(hidden, weight, bias)
