"""A saved model becomes a graph of padded windows: ONNX, or TorchScript.

Shapes: B windows, L tokens of the longest, C outputs, D width, I pairs.
"""

import inspect
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder import averaging, folding, load, pair_heads
from textune.encoder.exported import IDS, MASK, SEGMENTS
from textune.encoder.model import logits_of
from textune.errors import ModelError, first_line
from textune.families.known import family_of
from textune.runs.card import Card
from textune.storage import atomic
from textune.tasks.interface import Task
from textune.text.saving import quiet

OPSET = 17  # the first that has LayerNormalization
MOST_INSIDE = (
    2**20
)  # bytes of weights in the graph's own file: more lie beside it, of any size, and
# are mapped into memory, not copied, when they are loaded


class Graph(nn.Module):
    """A transformers model that computes logits of padded windows, by the names of its inputs."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model
        known = inspect.signature(model.base_model.forward).parameters
        has_segments = getattr(model.config, "type_vocab_size", 0) > 1
        wanted = {IDS: True, MASK: True, SEGMENTS: has_segments}
        self.inputs = tuple(name for name, has in wanted.items() if has and name in known)
        self.has_positions = "position_ids" in known
        family = family_of(model.config.model_type)
        self.first = family.first_position(getattr(model.config, "pad_token_id", None))

    @property
    def spared(self) -> tuple[str, ...]:
        """Name the operators of a layer that only gives a mean, and scales it: int8 ruins it."""
        last = self.model.config.num_hidden_layers - 1 if averaging.has_layer(self.model) else None
        return () if last is None else (f"/layer.{last}/",)

    def forward(self, *given: Tensor) -> Tensor:
        """(B, L) each → (B, C), (B, L, C) of a head on tokens, (B, D) where texts lie apart."""
        inputs = dict(zip(self.inputs, given, strict=True))
        ids = inputs[IDS]
        if self.has_positions:  # counted from 0 in each window, as in training
            places = torch.arange(ids.shape[1], device=ids.device) + self.first
            inputs["position_ids"] = places[None].expand(ids.shape)
        return logits_of(self.model(**inputs))


class PairGraph(nn.Module):
    """The head on two texts that are encoded apart."""

    def __init__(self, model: Any):
        super().__init__()
        head = pair_heads.of(model)
        assert head is not None
        self.head = head
        self.inputs = ("first", "second")
        self.width: int = model.config.hidden_size

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """(I, D) each → (I, C)."""
        return self.head.answer(first, second)


def read(folder: Path, card: Card, task: Task) -> tuple[Graph, PairGraph | None]:
    """Load a saved model so that it can be traced.

    Raises:
        ModelError: Its files are damaged.
    """
    is_apart = card.shape.pairs == "apart"
    plain = {"attn_implementation": "eager"}
    model: Any
    model, _ = load.read_model(
        str(folder), task.model_class, seed=0, config=plain, finished=not is_apart
    )
    if is_apart:
        pair_heads.fill(model, folder)
    folding.unfold(model)
    model.eval()
    if task.asks == "texts" and family_of(model.config.model_type).is_fused:
        _close_first_alone(model)
    return Graph(model), PairGraph(model) if is_apart else None


def _close_first_alone(model: Any) -> None:
    """Compute the last layer beyond its attention for the first token alone, the one that is read.

    It is three quarters of the layer's products. The states become (B, L, D) → (B, 1, D).
    """

    def first(part: nn.Module, given: tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
        return tuple(states[:, :1] for states in given)

    model.base_model.encoder.layer[-1].attention.output.register_forward_pre_hook(first)


def example(graph: Graph | PairGraph) -> tuple[Tensor, ...]:
    """Return inputs by which a graph is traced: two windows, one of them padded."""
    if isinstance(graph, PairGraph):
        return torch.ones(2, graph.width), torch.zeros(2, graph.width)
    ids = torch.arange(1, 15).reshape(2, 7) % graph.model.config.vocab_size
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    made = {IDS: ids, MASK: mask, SEGMENTS: (torch.arange(7) > 3).long().expand(2, 7)}
    return tuple(made[name] for name in graph.inputs)


@torch.no_grad()
def to_onnx(graph: Graph | PairGraph, file: Path) -> None:
    """Write a graph as ONNX; weights beyond 1 MiB lie beside it.

    Args:
        graph: In evaluation mode.
        file: To be written, in a folder that holds nothing else of its name.

    Raises:
        ModelError: The model does something that ONNX has no operator for.
    """
    import onnx  # noqa: F401  # said here, as torch would say it in words of its own

    axes = {name: _axes(graph) for name in graph.inputs} | {"logits": {0: "batch"}}
    try:
        with _silent():
            torch.onnx.export(
                graph,
                example(graph),
                str(file),
                input_names=list(graph.inputs),
                output_names=["logits"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # the tracer and each operator have kinds of their own
        raise ModelError(
            f"{_family(graph)} cannot be exported to ONNX: {first_line(error)}; --to safetensors "
            "writes the model as it is"
        ) from error
    size = sum(one.numel() * one.element_size() for one in graph.parameters())
    if size > MOST_INSIDE:
        _part(file)


@torch.no_grad()
def to_torchscript(graph: Graph | PairGraph, file: Path) -> None:
    """Write a graph as TorchScript.

    Raises:
        ModelError: The model cannot be traced.
    """
    try:
        with _silent():
            traced = torch.jit.trace(graph, example(graph), check_trace=False, strict=False)
            torch.jit.save(traced, str(file))
    except Exception as error:  # the tracer has kinds of its own
        raise ModelError(
            f"{_family(graph)} cannot be exported to TorchScript: {first_line(error)}; --to "
            "safetensors writes the model as it is"
        ) from error


def save(model: Any, file: Path) -> None:
    """Write a model of the library `onnx`, its weights beside it where they are too large."""
    import onnx

    if model.ByteSize() <= MOST_INSIDE:
        onnx.save(model, str(file))
        return
    _save_parted(model, file)


def _save_parted(model: Any, file: Path) -> None:
    """Write a model, and its weights beside it; both may be read by whom the umask lets."""
    import onnx

    beside = file.with_name(f"{file.name}.data")
    onnx.save(model, str(file), save_as_external_data=True, location=beside.name)
    beside.chmod(file.stat().st_mode & 0o777)


def _part(file: Path) -> None:
    """Gather all weights of a model in one file beside it."""
    import onnx

    model, parts = onnx.load(str(file)), _named(file)
    for name in parts:  # a file for each weight, as torch writes them where they are too large
        atomic.remove_file(file.parent / name)
    atomic.remove_file(file)
    _save_parted(model, file)


def _named(file: Path) -> set[str]:
    """Name the files beside a model in which its weights lie."""
    import onnx

    model = onnx.load(str(file), load_external_data=False)
    entries = (entry for one in model.graph.initializer for entry in one.external_data)
    return {entry.value for entry in entries if entry.key == "location"}


def _axes(graph: Graph | PairGraph) -> Mapping[int, str]:
    return {0: "batch"} if isinstance(graph, PairGraph) else {0: "batch", 1: "length"}


def _family(graph: Graph | PairGraph) -> str:
    return "the head on pairs" if isinstance(graph, PairGraph) else graph.model.config.model_type


@contextmanager
def _silent() -> Iterator[None]:
    """Say nothing of what a tracer warns of: every export is compared with its run."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
