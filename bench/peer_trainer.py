"""A job of bench.quality becomes a training by transformers' Trainer, and what it measured.

The model class, its loss and what is read from it are those of the usual example scripts; one
file for each kind of head says them: peer_texts, peer_tags, peer_answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer, Trainer, set_seed

from bench import peer_answers, peer_tags, peer_texts, peers
from bench.jobs import TUNED, Job, Result
from bench.peers import ClockCallback, CountingCollator, arguments, now, to_result
from bench.quality_sets import Row, read
from bench.scores import STEP, Rows

Score = float | None
Outputs = list[dict[str, Tensor]]  # of one text or window each, on the CPU, padding at the end


@dataclass(frozen=True, slots=True)
class Head:
    """What one kind of task needs, beyond what all share."""

    model_class: Any
    config: Callable[[Job], dict[str, Any]]
    features: Callable[[Sequence[Row], Any, Job], Rows]  # with targets, for training
    asked: Callable[[Sequence[Row], Any, Job], Rows]  # for scoring
    collator: Callable[[Any], Callable[[Rows], Any]]
    score: Callable[[Sequence[Row], Rows, Outputs, Job], Score]
    loss: Callable[[Any, Any], Tensor] | None = None  # of inputs and outputs; None: the model's own


TEXTS = Head(
    peer_texts.CLASS,
    peer_texts.config,
    peer_texts.features,
    peer_texts.features,
    peer_texts.collator,
    peer_texts.score,
)
HEADS = {
    "single": TEXTS,
    "multi": TEXTS,
    "number": TEXTS,
    "tags": Head(
        peer_tags.CLASS,
        peer_tags.config,
        peer_tags.features,
        peer_tags.asked,
        peer_tags.collator,
        peer_tags.score,
    ),
    "answers": Head(
        peer_answers.CLASS,
        peer_answers.config,
        peer_answers.features,
        peer_answers.asked,
        peer_answers.collator,
        peer_answers.score,
        peer_answers.loss,
    ),
}
INPUTS = ("input_ids", "token_type_ids", "attention_mask")


class MaskingTrainer(Trainer):  # type: ignore[misc]  # transformers ships no complete types
    """The Trainer, with a loss that leaves padding out where the model's own does not."""

    masked_loss: Callable[[Any, Any], Tensor] | None = None

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, **others: Any
    ) -> Any:
        """Return the loss of a batch."""
        if self.masked_loss is None:
            return super().compute_loss(model, inputs, return_outputs, **others)
        outputs = model(**{name: inputs[name] for name in INPUTS if name in inputs})
        loss = self.masked_loss(inputs, outputs)
        return (loss, outputs) if return_outputs else loss


class QualityClock:
    """Measures the epochs alone; with the clock stopped, keeps the weights best on validation."""

    def __init__(self, job: Job, model: Any, tokenizer: Any) -> None:
        self._job, self._model, self._tokenizer = job, model, tokenizer
        self.seconds = 0.0
        self._found: list[Score] = []
        self._best: dict[str, Tensor] = {}
        self._begin = 0.0

    def start(self) -> None:
        """Start the clock of an epoch."""
        self._begin = now(self._model)

    def stop(self) -> None:
        """Stop the clock, then score what chooses the epoch."""
        self.seconds += now(self._model) - self._begin
        if not self._job.sets:
            return
        found = self._score(self._job.valid)
        if not self._best or _worth(found) > max(map(_worth, self._found)):
            self._best = {name: each.clone() for name, each in self._model.state_dict().items()}
        self._found.append(found)

    def best(self) -> dict[str, Score]:
        """Return the scores of every set, by the weights that are best on validation."""
        self.restore()
        metric = self._job.metrics[0]
        return {f"{name} {metric}": self._score(file) for name, file in self._job.sets.items()}

    def restore(self) -> None:
        """Give the model the weights that are best on validation."""
        if self._best:
            self._model.load_state_dict(self._best)

    def _score(self, file: str) -> Score:
        head = HEADS[self._job.task]
        rows = read(Path(file))
        features = head.asked(rows, self._tokenizer, self._job)
        outputs = answers(self._model, features, head.collator(self._tokenizer))
        return head.score(rows, features, outputs, self._job)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training leaves."""

    model: Any
    tokenizer: Any
    clock: Any
    collator: CountingCollator


def train(job: Job) -> Result:
    """Train with the policy of the job; peak memory is filled in by whoever owns the process."""
    fitted = fit(job)
    return to_result(job, fitted.clock, fitted.collator, fitted.model)


def fit(job: Job) -> Fitted:
    """Train; without sets to score the weights are those after the last update."""
    head = HEADS[job.task]
    set_seed(job.seed)
    tokenizer = AutoTokenizer.from_pretrained(job.base)
    tuned = {"attn_implementation": "sdpa"} if job.program in TUNED else {}
    model = head.model_class.from_pretrained(
        job.base, dtype=torch.float32, **head.config(job), **tuned
    )
    model.accepts_loss_kwargs = False  # the plain mean over the batch, as in bench.peers
    collator = CountingCollator(head.collator(tokenizer))
    clock: Any = QualityClock(job, model, tokenizer)  # in place of the EpochClock of bench.peers
    trainer = MaskingTrainer(
        model=model,
        args=arguments(job),
        train_dataset=head.features(read(Path(job.train)), tokenizer, job),
        data_collator=collator,
        processing_class=tokenizer,
        callbacks=[ClockCallback(clock)],
    )
    trainer.masked_loss = head.loss
    peers.follow(trainer, job)
    trainer.train()
    return Fitted(model, tokenizer, clock, collator)


@torch.no_grad()
def answers(model: Any, features: Rows, pad: Callable[[Rows], Any]) -> Outputs:
    """Compute the outputs for every feature, in their order, and leave the model in its mode."""
    training = model.training
    model.eval()
    found: Outputs = [{}] * len(features)
    order = sorted(range(len(features)), key=lambda at: len(features[at]["input_ids"]))
    for first in range(0, len(order), STEP):
        places = order[first : first + STEP]
        rows = [
            {name: features[at][name] for name in INPUTS if name in features[at]} for at in places
        ]
        batch = pad(rows).to(model.device)
        said = model(**batch)
        names = [name for name in ("logits", "start_logits", "end_logits") if name in said]
        for number, at in enumerate(places):
            found[at] = {name: said[name][number].float().cpu() for name in names}
    model.train(training)
    return found


def _worth(score: Score) -> float:
    return float("-inf") if score is None else score
