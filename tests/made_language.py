"""Plain text made up for the tests: documents of random ids, and texts with questions."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from textune.corpora.library import Library
from textune.objectives.masked import Masked
from textune.storage.checksums import Inputs
from textune.text import batches, passages
from textune.text.documents import Documents
from textune.text.masking import Masking
from textune.text.passages import NO_TARGET


def documents_of(sizes, *, first=0, last=120, seed=0):
    """Return documents of ids drawn from `first` up to `last`.

    Args:
        sizes: For each document the tokens of its units; as after tokenising, empty ones vanish.
        first: Lowest id.
        last: One more than the highest.
        seed: Of the ids.
    """
    kept = [[size for size in units if size] for units in sizes]
    kept = [units for units in kept if units]
    lengths = [size for units in kept for size in units]
    draw = np.random.default_rng(seed)
    return Documents(
        ids=draw.integers(first, last, size=sum(lengths)).astype(np.int32),
        borders=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        owners=np.repeat(np.arange(len(kept)), [len(units) for units in kept]),
        key="made up",
    )


@dataclass(frozen=True)
class Questions:
    """Texts of random ids, some of whose tokens are asked for."""

    texts: list[Any]  # ids as the model sees them
    firsts: list[int]  # how many of each text's tokens lie in its first segment
    places: list[Any]  # of the tokens that are asked for, in each text
    pieces: list[Any]  # ids that stood there
    nsp_labels: list[int]

    @property
    def asked(self):
        return sum(map(len, self.places))

    @property
    def pairs(self):
        return sum(found != NO_TARGET for found in self.nsp_labels)

    def batch(self, rows):
        """Return the batch of some texts, in this order."""
        rows = list(rows)
        starts = np.cumsum([0, *(len(self.texts[row]) for row in rows)])
        asked = [self.places[row] + start for row, start in zip(rows, starts[:-1], strict=True)]
        batch = batches.pack_ids(
            [self.texts[row] for row in rows], [self.firsts[row] for row in rows]
        )
        return replace(
            batch,
            asked=torch.from_numpy(np.concatenate(asked)),
            mlm_targets=torch.from_numpy(np.concatenate([self.pieces[row] for row in rows])),
            nsp_labels=torch.tensor([self.nsp_labels[row] for row in rows]),
            nsp_weight=max(self.asked, 1) / max(self.pairs, 1),
        )

    def padded(self, config):
        """Return the same as transformers' models take it, labels and all."""
        size = max(map(len, self.texts))
        shape = (len(self.texts), size)
        ids = torch.full(shape, config.pad_token_id)
        labels = torch.full(shape, -100)
        mask, segments = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        for row, (text, first) in enumerate(zip(self.texts, self.firsts, strict=True)):
            ids[row, : len(text)] = torch.from_numpy(text)
            mask[row, : len(text)] = 1
            segments[row, first : len(text)] = 1
            labels[row, self.places[row]] = torch.from_numpy(self.pieces[row])
        found = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        if getattr(config, "type_vocab_size", 0) > 1:
            found["token_type_ids"] = segments
        return found


def questions_of(lengths, *, share=0.3, vocabulary=120, seed=0):
    """Make up texts of these lengths; of every third it is not asked whether its parts follow.

    Args:
        lengths: Tokens of each text.
        share: Of the tokens that are asked for.
        vocabulary: Ids are below.
        seed: Of all that is drawn.
    """
    draw = np.random.default_rng(seed)
    chosen = [np.flatnonzero(draw.random(length) < share) for length in lengths]
    return Questions(
        texts=[draw.integers(5, vocabulary, size=length) for length in lengths],
        firsts=[max(1, length // 2) for length in lengths],
        places=chosen,
        pieces=[draw.integers(5, vocabulary, size=len(places)) for places in chosen],
        nsp_labels=[(0, 1, NO_TARGET)[row % 3] for row in range(len(lengths))],
    )


def questions_in(found):
    """Return what some batches ask."""
    values = {"texts": [], "firsts": [], "places": [], "pieces": [], "nsp_labels": []}
    for batch in found:
        for row, (start, stop) in enumerate(pairwise(batch.borders.tolist())):
            inside = (batch.asked >= start) & (batch.asked < stop)
            values["texts"].append(batch.ids[start:stop].numpy())
            values["firsts"].append(int((batch.segments[start:stop] == 0).sum()))
            values["places"].append((batch.asked[inside] - start).numpy())
            values["pieces"].append(batch.mlm_targets[inside].numpy())
            values["nsp_labels"].append(int(batch.nsp_labels[row]))
    return Questions(**values)


def objective_of(tokenizer, sizes, *, nsp=False, batch_size=8, rate=0.3, seed=0):
    """Return an objective on documents of these sizes, all of which are learned and held out."""
    found = documents_of(sizes, first=5, last=tokenizer.size, seed=seed)
    rules = Masking.of(tokenizer, rate=rate)
    everything = np.arange(found.count)
    room = tokenizer.limit - tokenizer.specials(pair=nsp)
    part = passages.pair_spans if nsp else passages.whole
    train = part(found, everything, rules.word_starts, room=room)
    return Masked(
        Library(
            files=(),
            sums=Inputs((), ()),
            documents=found,
            tokenizer=tokenizer,
            masking=rules,
            max_tokens=tokenizer.limit,
            train=train,
            valid=passages.paired(train, seed=seed, epoch=0) if nsp else train,
            held_out=found.count,
            seed=seed,
        ),
        batch_size,
    )
