"""Gradients along the way from an empty text to a text become what each word adds.

Integrated gradients (Sundararajan, Taly and Yan, 2017, "Axiomatic attribution for deep networks")
on the embeddings of pieces: the gradient is taken on the straight line from a baseline, in which
each piece of a word has the embedding of the padding or of the mask, to the text, at the nodes of
the Gauss-Legendre rule, and multiplied by the way. Special tokens, places and segments stay. What
all pieces add is the value of the text less that of the baseline, but for the error of the rule.

P packed tokens, D width of an embedding, I items, C outputs, K values of a text.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from textune.errors import SettingsError
from textune.evaluation.evaluate import without_dropout
from textune.fast import layers
from textune.predicting.explaining import lacking
from textune.predicting.explaining.model import Model, in_chunks
from textune.predicting.explaining.tracing import Trace
from textune.predicting.explaining.values import Value
from textune.records import Batch
from textune.text import batches

if TYPE_CHECKING:
    from textune.encoder.model import Encoder

Floats = NDArray[np.float64]
Baseline = Literal["padding", "mask", "zero"]
STEPS = 32
MOST_TOKENS = 1024  # of texts whose gradients are computed at once


@dataclass(frozen=True, slots=True)
class Attributed:
    """What the words of a text add to each of K values."""

    words: Floats  # (K, words)
    value: Floats  # (K,) of the text, as computed here
    baseline: Floats  # (K,) of the baseline


class _Line:
    """Puts embeddings on the way from the baseline to the text, and keeps what they were."""

    def __init__(self, base: Tensor):
        self._base = base  # (D,)
        self.share = 1.0  # of the way that is gone
        self.owned: Tensor | None = None  # (P,) bool, tokens of words
        self.points: list[Tensor] = []  # (P, D) embeddings as they are given on
        self.ways: list[Tensor] = []  # (P, D) from the baseline to the text

    def __call__(self, table: nn.Module, inputs: Any, found: Tensor) -> Tensor:
        """Change what the table of embeddings returns."""
        assert self.owned is not None
        with torch.no_grad():
            flat = found.detach().reshape(-1, found.shape[-1])
            way = torch.where(self.owned[:, None], flat - self._base, 0.0)
            point = flat - (1.0 - self.share) * way
        point.requires_grad_()
        self.points.append(point)
        self.ways.append(way)
        return point.reshape(found.shape)


def attribute(
    model: Model,
    traces: Sequence[Trace],
    values: Sequence[Sequence[Value]],
    *,
    baseline: Baseline = "padding",
    steps: int = STEPS,
) -> list[Attributed]:
    """Find what each word of each text adds to its values.

    Args:
        model: That answers; its encoder computes by torch.
        traces: N texts.
        values: Of each, those that are explained.
        baseline: What stands in place of every piece of a word there: the embedding of the padding,
            of the mask, or zeros.
        steps: Nodes of the rule; with 1, only the gradient at the text, times the way.

    Raises:
        SettingsError: The encoder has no table of embeddings.
    """
    encoder: Any = model.encoder()
    found: list[Attributed] = []
    sizes = [len(trace.store.ids) for trace in traces]
    with _on_a_line(model, encoder, baseline) as line:
        for chunk in in_chunks(sizes, most=MOST_TOKENS):
            rows = [traces[at] for at in chunk]
            found += _of_texts(model, encoder, line, rows, [values[at] for at in chunk], steps)
    return found


@contextmanager
def _on_a_line(model: Model, encoder: "Encoder", baseline: Baseline) -> Iterator[_Line]:
    """Let embeddings pass by a line, in an encoder without dropout and without kernels."""
    try:
        table = encoder.model.get_input_embeddings()
    except NotImplementedError:
        table = None
    weight = getattr(table, "weight", None)  # (rows, D)
    if not isinstance(weight, Tensor):
        kind = encoder.config.model_type
        raise SettingsError(
            f"--method gradients: {kind} encoders have no table of embeddings; take occlusion"
        )
    if baseline == "mask":
        base = weight[lacking.blank(model.tokenizer)].detach()
    else:
        base = weight[int(encoder.config.pad_token_id or 0)].detach()
    line = _Line(torch.zeros_like(base) if baseline == "zero" else base)
    handle = table.register_forward_hook(line)
    try:
        with without_dropout(encoder), layers.parted(encoder.model), torch.enable_grad():
            yield line
    finally:
        handle.remove()


def _of_texts(
    model: Model,
    encoder: "Encoder",
    line: _Line,
    traces: Sequence[Trace],
    values: Sequence[Sequence[Value]],
    steps: int,
) -> list[Attributed]:
    """Integrate for some texts at once, all at the same share of the way."""
    mask = lacking.blank(model.tokenizer)
    store = lacking.copies([(trace, ()) for trace in traces], mask=mask)
    batch = batches.pack(store, np.arange(len(store)), device=encoder.device)
    owners = [torch.from_numpy(window) for trace in traces for window in trace.windows]
    sums = [np.zeros((len(values[at]), len(trace.spots))) for at, trace in enumerate(traces)]
    nodes, weights = _rule(steps)
    for share, weight in zip(nodes, weights, strict=True):
        logits = _logits(encoder, line, batch, owners, share=share)
        for place in range(max(map(len, values))):
            pieces = _pieces(line, logits, traces, values, place)  # (P,)
            _add(sums, pieces * weight, traces, place)
    ends = []
    for share in (1.0, 0.0):
        with torch.no_grad():
            logits = _logits(encoder, line, batch, owners, share=share)
        ends.append(_values(logits, traces, values))
    return [Attributed(*each) for each in zip(sums, *ends, strict=True)]


def _rule(steps: int) -> tuple[list[float], list[float]]:
    """Return the nodes on [0, 1] and their weights; of one step the end itself."""
    if steps == 1:
        return [1.0], [1.0]
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    return ((nodes + 1) / 2).tolist(), (weights / 2).tolist()


def _logits(
    encoder: "Encoder", line: _Line, batch: Batch, owners: Sequence[Tensor], *, share: float
) -> Tensor:
    """Compute logits with embeddings on the line; an encoder that pads, window by window."""
    line.share, line.points, line.ways = share, [], []
    parts = [batch] if encoder.packed else batches.windows(batch, 1)
    groups = [owners] if encoder.packed else [[one] for one in owners]
    answers = []
    for part, group in zip(parts, groups, strict=True):
        line.owned = (torch.cat([*group]) >= 0).to(encoder.device)
        answers.append(encoder(part))
    found = answers[0] if len(answers) == 1 else torch.cat(answers)
    if len(parts) > 1 and batch.items is not None:
        found = encoder.join(found, batch.items)
    return found.float()


def _pieces(
    line: _Line,
    logits: Tensor,
    traces: Sequence[Trace],
    values: Sequence[Sequence[Value]],
    place: int,
) -> Floats:
    """Return the gradients of one value of each text, times the way; (P,)."""
    known = logits.detach().cpu().numpy()
    slopes = np.zeros(known.shape)
    for at, rows in enumerate(_items(traces)):
        if place < len(values[at]):
            slopes[rows] = values[at][place].slope(known[rows])
    given = torch.from_numpy(slopes).to(logits)
    found = torch.autograd.grad(logits, line.points, given, retain_graph=True)
    products = [
        (gradient.double() * way.double()).sum(dim=1)
        for gradient, way in zip(found, line.ways, strict=True)
    ]
    return torch.cat(products).cpu().numpy()


def _add(sums: list[Floats], pieces: Floats, traces: Sequence[Trace], place: int) -> None:
    """Add what pieces add to the words that they are of."""
    at = 0
    for found, trace in zip(sums, traces, strict=True):
        for owners in trace.windows:
            part = pieces[at : at + len(owners)]
            at += len(owners)
            if place < len(found):
                owned = owners >= 0
                np.add.at(found[place], owners[owned], part[owned])


def _values(
    logits: Tensor, traces: Sequence[Trace], values: Sequence[Sequence[Value]]
) -> list[Floats]:
    known = logits.cpu().numpy()
    return [
        np.asarray([value.of(known[rows][None])[0] for value in values[at]])
        for at, rows in enumerate(_items(traces))
    ]


def _items(traces: Sequence[Trace]) -> Iterator[slice]:
    """Yield the rows of logits that are of each text."""
    first = 0
    for trace in traces:
        store = trace.store
        count = 1 if store.shape.asks == "texts" else int(store.item_borders[-1])
        yield slice(first, first + count)
        first += count
