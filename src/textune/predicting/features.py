"""Texts become features for other programs: pooled states, hidden states, attentions."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder import averaging, bases, devices, load, ways_of_pooling
from textune.errors import SettingsError
from textune.runs import sessions
from textune.storage import arrays, atomic
from textune.text import pieces, tokenizers
from textune.text.pieces import Pieces

MOST_TOKENS = 4096  # computed at once
Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """What an encoder makes of N texts; L layers, H heads, T tokens of each text, D width."""

    pieces: tuple[Pieces, ...]  # N: what is read of each text
    pooled: Numbers  # (N, D)
    pooling: str  # "mean" of the tokens' last states, or the state of the "first"
    hidden_states: tuple[Numbers, ...] = ()  # N × (L + 1, T, D): embeddings, then each layer
    attentions: tuple[Numbers, ...] = ()  # N × (L, H, T, T)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it by name, as files hold it: "ids.0" are those of the first text."""
        found: dict[str, NDArray[Any]] = {"pooled": self.pooled}
        for number, one in enumerate(self.pieces):
            found[f"ids.{number}"] = np.asarray(one.ids, dtype=np.int64)
        for name in ("hidden_states", "attentions"):
            found |= {f"{name}.{number}": one for number, one in enumerate(getattr(self, name))}
        return found

    def told(self) -> dict[str, Any]:
        """Return it as plain values that JSON can hold."""
        texts = []
        for number, one in enumerate(self.pieces):
            told: dict[str, Any] = {"text": one.text, "pieces": [t.piece for t in one.tokens]}
            told |= {"ids": one.ids, "pooled": self.pooled[number].tolist()}
            for name in ("hidden_states", "attentions"):
                if values := getattr(self, name):
                    told[name] = values[number].tolist()
            texts.append(told)
        return {"pooling": self.pooling, "texts": texts}

    def save(self, file: str | Path, *, overwrite: bool = False) -> None:
        """Write it as .npz (NumPy), .safetensors or .json.

        Raises:
            SettingsError: The ending is none of these, or the file is there.
        """
        place = Path(file)
        arrays.require_place(place, overwrite=overwrite)
        if place.suffix == ".json":
            atomic.write_text(
                atomic.target(place), json.dumps(self.told(), ensure_ascii=False) + "\n"
            )
            return
        with atomic.replacing_file(atomic.target(place), overwrite=overwrite) as unfinished:
            if place.suffix == ".npz":
                with unfinished.open("wb") as opened:
                    np.savez(opened, **self.arrays())  # type: ignore[arg-type]  # its stubs
                return
            from safetensors.numpy import save_file

            save_file(self.arrays(), unfinished)


def features(
    base: str | Path,
    texts: Iterable[str],
    *,
    hidden_states: bool = False,
    attentions: bool = False,
    max_tokens: int | None = None,
    device: str = "auto",
) -> Features:
    """Compute what an encoder makes of texts, without dropout and without padding.

    Args:
        base: A run, a directory, or the name of a model on the Hub.
        texts: Texts, each read by itself.
        hidden_states: Keep the states of all layers, of each token.
        attentions: Keep the attention of each head of each layer, of each token to each.
        max_tokens: Tokens of a text that are read; the encoder's own limit if not given.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        ModelError: The encoder cannot be had.
        SettingsError: There is no text, or the limit is impossible.
    """
    given = _listed(texts)
    place = bases.find(base)
    tokenizer = tokenizers.load(place)
    most = tokenizer.limited(max_tokens, of="of a text")
    read = tuple(pieces.of(tokenizer, text, None, max_tokens=most) for text in given)
    where = devices.choose(device)
    with sessions.unchanged():
        model, _ = load.read_model(place, "AutoModel", seed=0)
    model.to(where).eval()
    if attentions:
        model.set_attn_implementation("eager")  # the others do not tell what they attend to
    is_mean = not averaging.has_layer(model) and (
        ways_of_pooling.is_wanted(Path(place)) or averaging.used(model.config) == "mean"
    )
    wanted = {"output_hidden_states": hidden_states, "output_attentions": attentions}
    found: dict[int, tuple[Numbers, Numbers | None, Numbers | None]] = {}
    for rows in _alike([len(one.tokens) for one in read]):
        outputs = _computed(model, [read[row] for row in rows], wanted)
        found |= dict(zip(rows, _parted(outputs, is_mean=is_mean), strict=True))
    ordered = [found[number] for number in range(len(read))]
    return Features(
        pieces=read,
        pooled=np.stack([one for one, _, _ in ordered]),
        pooling="mean" if is_mean or averaging.has_layer(model) else "first",
        hidden_states=tuple(one for _, one, _ in ordered if one is not None),
        attentions=tuple(one for _, _, one in ordered if one is not None),
    )


def _listed(texts: Iterable[str]) -> list[str]:
    found = [texts] if isinstance(texts, str) or not isinstance(texts, Iterable) else list(texts)
    if not found or not all(isinstance(text, str) for text in found):
        raise SettingsError("features are of texts: give one or more, each a string")
    return found


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Group texts of one length, none of which is padded; a group is computed at once."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row, length in enumerate(lengths):
        groups[length].append(row)
    return [
        rows[start : start + most]
        for length, rows in sorted(groups.items())
        for most in [max(1, MOST_TOKENS // length)]
        for start in range(0, len(rows), most)
    ]


def _computed(model: Any, texts: Sequence[Pieces], wanted: dict[str, bool]) -> Any:
    import torch

    ids = torch.tensor([one.ids for one in texts], device=model.device)
    with torch.inference_mode():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids), **wanted)


def _parted(output: Any, *, is_mean: bool) -> list[tuple[Numbers, Numbers | None, Numbers | None]]:
    """Part what was computed at once into texts."""
    last = output.last_hidden_state.float()  # (N, T, D)
    pooled = (last.mean(1) if is_mean else last[:, 0]).cpu().numpy()
    parts = []
    for name in ("hidden_states", "attentions"):
        layers = output.get(name)
        parts.append(None if layers is None else [one.float().cpu().numpy() for one in layers])
    return [
        (
            pooled[number],
            *(None if part is None else np.stack([one[number] for one in part]) for part in parts),
        )
        for number in range(len(pooled))
    ]
