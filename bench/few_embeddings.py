"""A job of bench.few becomes a linear model on mean-pooled embeddings of the frozen base."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from bench.few_jobs import FewJob
from bench.few_linear import fit_tags, fit_texts
from bench.few_scores import Answers
from bench.peer_tags import firsts
from bench.quality_sets import Row

BATCH = 64  # texts that are embedded at once


def run(job: FewJob) -> tuple[float, Answers]:
    """Fit on embeddings; return the time when it was fitted, and the answers for the test rows."""
    base = Base(job.base, job.max_tokens)
    return fit_tags(job, base.words) if job.kind == "tags" else fit_texts(job, base.texts)


class Base:
    """The frozen encoder, as it comes."""

    def __init__(self, base: str, max_tokens: int) -> None:
        self._tokenizer: Any = AutoTokenizer.from_pretrained(base)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model: Any = AutoModel.from_pretrained(base, dtype=torch.float32).eval().to(device)
        self._max_tokens = max_tokens

    def texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Return mean-pooled embeddings of length 1, (N, D)."""
        found: list[Any] = [None] * len(texts)
        for places in _batches([len(text) for text in texts]):
            batch = self._encoded([texts[at] for at in places])
            states = self._states(batch)  # (B, T, D)
            mask = batch["attention_mask"].unsqueeze(-1)  # (B, T, 1)
            means = (states * mask).sum(1) / mask.sum(1)  # (B, D)
            for at, mean in zip(places, torch.nn.functional.normalize(means), strict=True):
                found[at] = mean.cpu().numpy()
        return np.stack(found)

    def words(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Return the state of the first piece of each word of all rows, (W, D)."""
        found: list[Any] = [None] * len(rows)
        for places in _batches([len(row["words"]) for row in rows]):
            batch = self._encoded([rows[at]["words"] for at in places], is_split_into_words=True)
            states = self._states(batch).cpu().numpy()  # (B, T, D)
            for number, at in enumerate(places):
                pieces = firsts(batch.word_ids(number))
                found[at] = np.zeros((len(rows[at]["words"]), states.shape[-1]), np.float32)
                found[at][list(pieces)] = states[number, list(pieces.values())]
        return np.concatenate(found)

    def _encoded(self, texts: Sequence[Any], **how: Any) -> Any:
        return self._tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=self._max_tokens,
            return_tensors="pt",
            **how,
        ).to(self._model.device)

    @torch.no_grad()
    def _states(self, batch: Any) -> torch.Tensor:
        return self._model(**batch).last_hidden_state


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
