"""A Batch becomes logits: packed where the architecture allows, padded elsewhere, the same."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from textune.encoder import averaging, invariance, own_heads, pair_heads, pooling
from textune.encoder.tree import Tree
from textune.families.known import family_of
from textune.fast import attention, dropout, layers, norms
from textune.fast.decoding import Decoder, MaskedLMOutput
from textune.fast.matrices import Half, Matrix
from textune.records import Batch, Items, Pool

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CLOSE = 2e-5  # most that packed and padded may differ: rounding is below 1e-6, mixing above 1e-4


class Encoder(nn.Module):
    """A transformers model, or a tree like one, whose texts arrive packed.

    Args:
        model: A model with a head, for example `BertForSequenceClassification`.
        per_token: Whether the head has outputs for tokens (tags, masked-LM) rather than for texts.
        packed: Whether to try packing; `refusal` says why it is not done.
    """

    def __init__(
        self, model: PreTrainedModel | Tree, *, per_token: bool = False, packed: bool = True
    ):
        super().__init__()
        self.model: Any = model
        self.per_token = per_token
        self.table: Tensor | None = None  # (V,) id in the sub-table of each vocabulary id
        self.decoder: Decoder | None = None  # of a masked-LM head, once it is opened
        self.remarks: tuple[str, ...] = ()  # on how it was loaded, for people
        self.named: Sequence[Sequence[Any]] = ()  # ids of each label's name, and of words near it
        self.pool: Pool = "mean"  # how the logits of the windows of one text are pooled
        self._accepts = frozenset(inspect.signature(model.base_model.forward).parameters)
        self._stock = model.config._attn_implementation or "eager"
        model.base_model.register_forward_hook(self._reduce, with_kwargs=True)
        dropout.replace(model)
        norms.replace(model)
        self.apart = False  # whether texts of one length only are computed together
        self.refusal: str | None = "not asked for"
        if packed:
            layers.replace(model, per_token=per_token)
            self.refusal = None if isinstance(model, Tree) else self._refuse()
        self.packed = self.refusal is None
        self.apart = not self.packed and self._is_changed_by_padding()

    @property
    def config(self) -> Any:
        """The configuration of the transformers model."""
        return self.model.config

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    def forward(self, batch: Batch) -> object:
        """Compute logits, or the output of a masked-LM head.

        Returns:
            (I, C), a row for each item where a batch has items; else (B, C) for a head on texts,
            (P, C) for a head on tokens; `Answers` of a masked-LM head that is opened.
        """
        ids = batch.ids if self.table is None else self.table[batch.ids]  # (P,)
        if batch.asked is not None and self.decoder is not None:
            return self._masked_lm_output(batch, ids)
        if own_heads.of(self.model) is not None:
            logits = self._by_own_head(batch, ids)
        elif batch.asked is not None:
            logits = self._logits_at(batch, ids, batch.asked)
        else:
            logits = self._packed(batch, ids) if self.packed else self._padded(batch, ids)
        return logits if batch.items is None else self.join(logits, batch.items)

    def join(self, logits: Tensor, items: Items) -> Tensor:
        """Pool the logits of each item over windows; (R, C) → (I, C)."""
        head = pair_heads.of(self.model)
        if head is not None:
            return head.join(logits, items)
        return pooling.pool(logits, items, self.pool, pooling.sharpness(self.model))

    def open_decoder(self, dtype: torch.dtype = torch.float32) -> None:
        """Part a masked-LM head from its product with the vocabulary, done for masked tokens alone.

        The dtype is of that product on a CPU; the weights stay fp32.
        """
        self.decoder = Decoder(self.model, dtype)

    def pool_as(self, how: Pool, outputs: int, saved: Tensor | None = None) -> None:
        """Choose how the logits of several windows are pooled.

        `saved` is a sharpness that an earlier training learned.
        """
        self.pool = how
        if how == "learned":
            pooling.learn(self.model, outputs, saved)

    @property
    def has_kernels(self) -> bool:
        """Whether layers compute by kernels on a CPU."""
        return layers.are_fused(self.model)

    @property
    def why_no_kernels(self) -> str:
        """Why layers would not compute by kernels."""
        return layers.why_not(self.model)

    def compute_in(self, dtype: torch.dtype) -> bool:
        """Compute the layers in this number format, if kernels can; the weights stay fp32."""
        reads_all = self.per_token or own_heads.of(self.model) is not None
        is_here = self.packed and self.device.type == "cpu"
        exact = torch.float32 if averaging.has_layer(self.model) else None  # a mean, not rounded
        is_fused = is_here and layers.fuse(self.model, dtype, per_token=reads_all, last_in=exact)
        if is_fused and self.decoder is not None:
            self.open_decoder(dtype)
        return is_fused

    @torch.no_grad()
    def own_memory(self) -> None:
        """Copy every weight that is still mapped from its file, and let go of the file."""
        copied = layers.copied(self.model)
        for tensor in (*self.model.parameters(), *self.model.buffers()):
            if id(tensor) not in copied:
                tensor.data = tensor.data.clone()

    def matrices(self) -> Iterator[Matrix]:
        """Yield the weights of products that kernels compute."""
        yield from layers.matrices(self.model)
        yield from () if self.decoder is None else self.decoder.matrices()

    def halves(self) -> dict[nn.Parameter, Half]:
        """Return the parameters that are computed with in bf16, and their bf16 sides."""
        return dict(pair for matrix in self.matrices() for pair in matrix.halves())

    def refresh(self) -> None:
        """Let the bf16 sides follow the parameters."""
        for matrix in self.matrices():
            matrix.refresh()

    def release(self) -> None:
        """Give the memory of gradients back; the next update makes them anew."""
        layers.release(self.model)
        if self.decoder is not None:
            self.decoder.release()

    def computed_tokens(self, batch: Batch) -> int:
        """Tokens that go through the layers for this batch, padding included."""
        if self.packed or self.apart:
            return sum(batch.lengths)
        return max(batch.lengths) * len(batch.lengths)

    def _packed(self, batch: Batch, ids: Tensor) -> Tensor:
        borders = None if self.per_token else batch.borders
        logits = logits_of(self.model(**self._packed_inputs(batch, ids), borders=borders))
        return logits[0] if self.per_token else logits

    def _by_own_head(self, batch: Batch, ids: Tensor) -> Tensor:
        """Compute a user's head; of one on tokens, those `asked` alone."""
        known = replace(batch, ids=ids)
        if not self.packed:
            logits = self._padded(batch, ids)
        else:
            inputs = self._packed_inputs(batch, ids)
            found = self.model.base_model(**inputs, output_hidden_states=True)
            logits = self._own_logits(known, [each[0] for each in found.hidden_states])
        return logits if batch.asked is None else logits[batch.asked]

    def _own_logits(self, batch: Batch, layers: list[Tensor]) -> Tensor:
        pooler = getattr(self.model.base_model, "pooler", None)
        own = None if pooler is None else partial(_pool, self.model.base_model)
        states = own_heads.States(tuple(layers), batch.borders, batch.lengths, own)
        return own_heads.logits(self.model, states, per_token=self.per_token)

    def _masked_lm_output(self, batch: Batch, ids: Tensor) -> MaskedLMOutput:
        """Compute the head at the tokens `asked` alone, up to the states before the vocabulary."""
        assert self.decoder is not None
        assert batch.asked is not None
        if self.packed:
            inputs = self._packed_inputs(batch, ids)
            read = batch.asked  # (M,), and the first token of each text for a pooler
            if getattr(self.model.base_model, "pooler", None) is not None:
                read = torch.cat([read, batch.borders[:-1]])  # (M + B,)
            found = self.model(**inputs, read=read, asked=len(batch.asked))
            return self.decoder.output(logits_of(found)[0], found)
        inputs, mask = self._padded_inputs(batch, ids)
        found = self.model(**inputs)
        return self.decoder.output(logits_of(found)[mask][batch.asked], found)

    def _logits_at(self, batch: Batch, ids: Tensor, asked: Tensor) -> Tensor:
        """Compute a head on tokens at those `asked` alone; (M, C)."""
        if not self.packed:
            return self._padded(batch, ids)[asked]
        inputs = self._packed_inputs(batch, ids)
        return logits_of(self.model(**inputs, read=asked, asked=len(asked)))[0]

    def _packed_inputs(self, batch: Batch, ids: Tensor) -> dict[str, Any]:
        inputs = self._inputs(ids[None], batch.positions[None], batch.segments[None])
        packing = attention.Packing(batch.lengths, batch.borders, batch.longest)
        return {**inputs, "packing": packing}

    def _padded(self, batch: Batch, ids: Tensor) -> Tensor:
        if self.apart:
            known = replace(batch, ids=ids)
            return invariance.by_length(self._in_a_block, known, per_token=self.per_token)
        return self._in_a_block(replace(batch, ids=ids))

    def _in_a_block(self, batch: Batch) -> Tensor:
        """Compute a batch as one block of rows, padded where its texts have other lengths."""
        inputs, mask = self._padded_inputs(batch, batch.ids)
        if own_heads.of(self.model) is not None:
            found = self.model.base_model(**inputs, output_hidden_states=True)
            return self._own_logits(batch, [each[mask] for each in found.hidden_states])
        logits = logits_of(self.model(**inputs))
        return logits[mask] if self.per_token else logits

    def _padded_inputs(self, batch: Batch, ids: Tensor) -> tuple[dict[str, Any], Tensor]:
        sizes = list(batch.lengths)
        pad = self.config.pad_token_id or 0
        fill = pad if self.table is None else int(self.table[pad])
        columns = zip((ids, batch.segments), (fill, 0), strict=True)
        padded = [
            pad_sequence(list(column.split(sizes)), batch_first=True, padding_value=value)
            for column, value in columns
        ]  # 2 × (B, L)
        mask = (torch.arange(max(sizes))[None] < torch.tensor(sizes)[:, None]).to(ids.device)
        inputs = self._inputs(padded[0], None, padded[1])
        accepts_masks = "attention_mask" in self._accepts
        return inputs | ({"attention_mask": mask.long()} if accepts_masks else {}), mask

    def _inputs(self, ids: Tensor, positions: Tensor | None, segments: Tensor) -> dict[str, Tensor]:
        inputs = {"input_ids": ids}
        if self._accepts_segments:
            inputs["token_type_ids"] = segments
        if positions is not None:
            inputs["position_ids"] = positions + self._first_position
        return inputs

    @property
    def _accepts_segments(self) -> bool:
        return "token_type_ids" in self._accepts and getattr(self.config, "type_vocab_size", 0) > 1

    @property
    def _first_position(self) -> int:
        family = family_of(self.config.model_type)
        return family.first_position(getattr(self.config, "pad_token_id", None))

    def _reduce(self, base: nn.Module, _: Any, kwargs: dict[str, Any], output: Any) -> object:
        """Keep the hidden states that the head reads: the first of each text, or tokens `read`."""
        borders, read = kwargs.get("borders"), kwargs.get("read")
        if read is not None:
            hidden = output.last_hidden_state[0]  # (M + B, D), or (P, D)
            states = hidden if layers.cuts(self.model) else hidden[read]
            asked = kwargs["asked"]
            output.last_hidden_state = states[None, :asked]  # (1, M, D)
            if output.get("pooler_output") is not None:
                output.pooler_output = _pool(base, states[asked:, None])
            return output
        if borders is None:
            return output
        hidden = output.last_hidden_state[0]  # (P, D), or (B, D) where the last layer was cut
        if len(hidden) == len(borders) - 1:
            states = hidden
        elif getattr(self.config, "classifier_pooling", "cls") == "mean":
            states = pooling.segment_means(hidden, borders)
        else:
            states = hidden[borders[:-1]]  # (B, D)
        output.last_hidden_state = states[:, None]  # (B, 1, D)
        if output.get("pooler_output") is not None:
            output.pooler_output = _pool(base, output.last_hidden_state)
        return output

    @torch.no_grad()
    def logits(self, batch: Batch) -> Tensor:
        """Compute logits without dropout, whatever mode it is in."""
        with _evaluating(self.model):
            found: Tensor = self(batch)
        return found

    @torch.no_grad()
    def _is_changed_by_padding(self) -> bool:
        """Compare logits of texts alone and in a padded batch; tell whether they differ.

        Raises:
            ValueError: They differ even in a batch of texts of one length: texts are mixed.
        """
        ids = torch.arange(min(5, self.config.vocab_size - 2), self.config.vocab_size)
        batch = invariance.probe(ids[ids != self.config.pad_token_id].to(self.device))
        with _evaluating(self.model):
            alone = torch.cat([self._in_a_block(text) for text in invariance.each(batch)])
            if invariance.gap(self._in_a_block(batch), alone) <= invariance.CLOSE:
                return False
            grouped = invariance.by_length(self._in_a_block, batch, per_token=self.per_token)
            if not invariance.gap(grouped, alone) <= invariance.CLOSE:
                raise ValueError("it answers a text otherwise in company than alone")
        return True

    def _refuse(self) -> str | None:
        """Return why this model cannot be packed, compared with padding; None if it can."""
        kind = self.config.model_type
        if not family_of(kind).packs:
            return f"{kind} encoders mix neighbouring texts when packed"
        pooling = getattr(self.config, "classifier_pooling", "cls")
        if not self.per_token and pooling not in {"cls", "bos", "mean"}:
            return f"its head pools by {pooling!r}"
        from transformers import AttentionInterface  # heavy, and such a model comes from there

        AttentionInterface.register(attention.NAME, attention.packed_attention)
        self.model.set_attn_implementation(attention.NAME)
        if self.model.base_model.config._attn_implementation != attention.NAME:
            return "it does not let its attention be replaced"
        reason = self._differs()
        if reason is not None:
            self.model.set_attn_implementation(self._stock)
        return reason

    @torch.no_grad()
    def _differs(self) -> str | None:
        """Compare three texts packed and padded: every hidden state, then the logits."""
        batch = _probe(self.config, self.device)
        base = self.model.base_model
        with _evaluating(self.model):
            self.model.set_attn_implementation(self._stock)
            inputs, mask = self._padded_inputs(batch, batch.ids)
            padded = base(**inputs).last_hidden_state[mask], self._padded(batch, batch.ids)
            self.model.set_attn_implementation(attention.NAME)
            inputs = self._packed_inputs(batch, batch.ids)
            hidden = base(**inputs).last_hidden_state[0]
            calls = inputs["packing"].calls
            packed = hidden, self._packed(batch, batch.ids)
        for what, one, other in zip(("hidden states", "logits"), packed, padded, strict=True):
            gap, scale = (one - other).abs().max().item(), other.abs().max().item()
            if not gap <= CLOSE * max(1.0, scale):
                return f"packed and padded {what} differ by {gap:.1e}"
        if len(calls) != self.config.num_hidden_layers:
            return f"{len(calls)} attention calls for {self.config.num_hidden_layers} layers"
        return None


def logits_of(found: Any) -> Tensor:
    """Return a model's logits: those of masked-LM where NSP has others, (…, 2) of both ends."""
    if found.get("start_logits") is not None:
        return torch.stack([found.start_logits, found.end_logits], dim=-1)  # (…, 2)
    pretrained = found.get("prediction_logits")
    return found.logits if pretrained is None else pretrained


def _pool(base: Any, states: Tensor) -> Tensor:
    """(B, 1, D) → (B, D), by the model's own pooler."""
    if isinstance(base.pooler, nn.Linear):  # ALBERT keeps the activation beside it
        return base.pooler_activation(base.pooler(states[:, 0]))
    return base.pooler(states)


def _probe(config: Any, device: torch.device) -> Batch:
    """Three short texts of ordinary ids, the same every time."""
    lengths = (2, 5, 9)
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(min(5, config.vocab_size - 1), config.vocab_size, (16,), generator=draw)
    if config.pad_token_id is not None:
        ids[ids == config.pad_token_id] = config.vocab_size - 1 - config.pad_token_id
    return Batch(
        ids=ids.to(device),
        positions=torch.cat([torch.arange(size) for size in lengths]).to(device),
        segments=torch.zeros_like(ids).to(device),
        borders=torch.tensor([0, 2, 7, 16], device=device),
        lengths=lengths,
    )


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    before = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(before)
