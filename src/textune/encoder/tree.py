"""BERT's tree of modules by transformers' names, for packed batches, without transformers itself.

Importing its classes takes longer than reading a small base and learning from the first batch.
Names, order of parameters, places of dropout and first weights are theirs, and so are the results.
Shapes: P tokens, B texts, D width, C outputs.
"""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from textune.encoder import own_heads, pair_heads
from textune.encoder.plain import HEADS
from textune.families.known import PREFIXES, family_of
from textune.records import PASSAGES, Asks


class Config(SimpleNamespace):
    """The configuration by config.json and a task; its defaults are those of BERT."""

    is_decoder = add_cross_attention = False
    architectures: list[str] | None = None
    classifier_dropout: float | None = None
    problem_type: str | None = None
    _attn_implementation = None

    def to_dict(self) -> dict[str, object]:
        """Return the values that were given."""
        return dict(vars(self))


class Output(dict[str, Any]):
    """What a model gives, by transformers' names."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def table(rows: int, width: int, padding: int | None = None) -> nn.Embedding:
    """Make an embedding of no weights yet: to draw some without memory imports a compiler."""
    return nn.Embedding.from_pretrained(torch.empty(rows, width), freeze=False, padding_idx=padding)


class Embeddings(nn.Module):
    """Words, positions and segments, summed."""

    def __init__(self, config: Any):
        super().__init__()
        width, pad = config.hidden_size, config.pad_token_id
        is_bert = PREFIXES[config.model_type] == "bert"
        places = table(config.max_position_embeddings, width, None if is_bert else pad)
        self.word_embeddings = table(config.vocab_size, width, pad)
        if is_bert:
            self.position_embeddings = places
        self.token_type_embeddings = table(config.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.position_embeddings = places  # the last of RoBERTa's parts; BERT's keeps its place

    def forward(
        self, *, input_ids: Tensor, token_type_ids: Tensor | None, position_ids: Tensor
    ) -> Tensor:
        """(1, P) each → (1, P, D), where kernels do not."""
        segments = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        found = self.word_embeddings(input_ids) + self.token_type_embeddings(segments)
        states: Tensor = self.LayerNorm(found + self.position_embeddings(position_ids))
        return self.dropout(states)


class SelfAttention(nn.Module):
    """Queries, keys and values; computed by `layers`, as all of a layer."""

    def __init__(self, config: Any):
        super().__init__()
        width, self.num_attention_heads = config.hidden_size, config.num_attention_heads
        self.attention_head_size = width // self.num_attention_heads
        self.scaling = self.attention_head_size**-0.5
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)


def add_norm(config: Any, inputs: int) -> nn.ModuleDict:
    """Make a linear map, its dropout and LayerNorm, as after attention and after GELU."""
    return nn.ModuleDict(
        {
            "dense": nn.Linear(inputs, config.hidden_size),
            "LayerNorm": nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps),
            "dropout": nn.Dropout(config.hidden_dropout_prob),
        }
    )


class Layer(nn.Module):
    """The parts of a layer, in order."""

    def __init__(self, config: Any):
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        own = {"self": SelfAttention(config), "output": add_norm(config, width)}
        self.attention = nn.ModuleDict(own)
        widen = {"dense": nn.Linear(width, inner), "intermediate_act_fn": nn.GELU()}
        self.intermediate = nn.ModuleDict(widen)
        self.output = add_norm(config, inner)


class Pooler(nn.Module):
    """The first state of each row, for a head on texts."""

    def __init__(self, width: int):
        super().__init__()
        self.dense = nn.Linear(width, width)

    def forward(self, states: Tensor) -> Tensor:
        """(B, 1, D) → (B, D)."""
        return torch.tanh(self.dense(states[:, 0]))


class Base(nn.Module):
    """Embeddings and layers."""

    def __init__(self, config: Any, *, pools: bool):
        super().__init__()
        self.embeddings = Embeddings(config)
        layers = [Layer(config) for _ in range(config.num_hidden_layers)]
        self.encoder: Any = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        self.pooler = Pooler(config.hidden_size) if pools else None

    def forward(
        self,
        input_ids: Tensor,
        position_ids: Tensor,
        token_type_ids: Tensor | None = None,
        output_hidden_states: bool = False,
        **packing: Any,
    ) -> Output:
        """Compute the states of a pack, (1, P, D), or of those that are read."""
        states = self.embeddings(
            input_ids=input_ids, token_type_ids=token_type_ids, position_ids=position_ids
        )
        seen = [states]
        for layer in self.encoder.layer:
            states = layer(states, **packing)
            seen.append(states)
        if output_hidden_states:  # (1, P, D) each
            return Output(last_hidden_state=states, pooler_output=None, hidden_states=seen)
        pooled = None if self.pooler is None else self.pooler(states)
        return Output(last_hidden_state=states, pooler_output=pooled)


class Rows(nn.Module):
    """RoBERTa's head on texts: what is BERT's pooler is its own."""

    def __init__(self, config: Any, rate: float):
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(rate)
        self.out_proj = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, states: Tensor) -> Tensor:
        """(B, 1, D) → (B, C)."""
        inner = torch.tanh(self.dense(self.dropout(states[:, 0])))
        return self.out_proj(self.dropout(inner))


class Tree(nn.Module):
    """Base and head, with what `Encoder` asks a model of transformers.

    Its configuration is of one of the families in `PREFIXES`.
    """

    get_output_embeddings = staticmethod(lambda: None)
    classifier: Any
    dropout: Any
    qa_outputs: Any

    def __init__(self, config: Any, asks: Asks):
        super().__init__()
        self.config, self.asks = config, asks
        self.base_model_prefix = PREFIXES[config.model_type]
        is_bert = self.base_model_prefix == "bert"
        pools = is_bert and asks == "texts"
        own = config.classifier_dropout
        rate = config.hidden_dropout_prob if own is None else own
        head: dict[str, nn.Module] = {
            "dropout": nn.Dropout(rate),
            "classifier": nn.Linear(config.hidden_size, config.num_labels),
        }
        if asks == PASSAGES:
            head = {"qa_outputs": head["classifier"]}
        elif asks == "texts" and not is_bert:
            head = {"classifier": Rows(config, rate)}
        base = {self.base_model_prefix: Base(config, pools=pools)}
        parts = head | base if family_of(config.model_type).is_head_first else base | head
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, **inputs: Any) -> Output:
        """Compute logits of a pack."""
        found = self.base_model(**inputs)
        states = found.last_hidden_state if found.pooler_output is None else found.pooler_output
        if self.asks == PASSAGES:
            ends = self.qa_outputs(states).unbind(-1)
            return Output(start_logits=ends[0], end_logits=ends[1])
        if not isinstance(self.classifier, Rows):
            states = self.dropout(states)
        return Output(logits=self.classifier(states))

    @property
    def architecture(self) -> str:
        """The name of transformers' class."""
        suffix = HEADS[self.asks] if self._is_plain else "Model"
        return family_of(self.config.model_type).title + suffix

    @property
    def _is_plain(self) -> bool:
        """Tell whether the head is one that transformers knows."""
        return pair_heads.of(self) is None and own_heads.of(self) is None

    @property
    def base_model(self) -> Any:
        """All but the head."""
        return getattr(self, self.base_model_prefix)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def get_input_embeddings(self) -> nn.Embedding:
        """Return the table of words."""
        table: nn.Embedding = self.base_model.embeddings.word_embeddings
        return table

    def set_input_embeddings(self, table: nn.Embedding) -> None:
        """Replace the table of words."""
        self.base_model.embeddings.word_embeddings = table

    def _init_weights(self, part: nn.Module) -> None:
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=self.config.initializer_range)
            nn.init.zeros_(part.bias)
