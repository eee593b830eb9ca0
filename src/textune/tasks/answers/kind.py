"""Answers in a passage: the row of the registry, and what `check` says of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from textune.metrics.catalogue import Judged
from textune.records import Contract, Example, Prediction, Survey, Table
from textune.tasks import doubt, drawn, shown
from textune.tasks.answers import passages, questions
from textune.tasks.answers.answer import AnswerSpan
from textune.tasks.kind import Chart, Kind, Places, Tally, ToExample

ANSWERED, UNANSWERED = "an answer", "no answer"  # what a question has in its passage


class AnswerTally(Tally):
    """Counts the questions that have an answer in their passage, and those that have none."""

    golds = AnswerSpan.name

    def __init__(self, contract: Contract) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, example: Example) -> None:
        """Take a question into account."""
        if example.answers is not None:
            self._counts[ANSWERED if example.answers else UNANSWERED] += 1

    def in_order(self) -> dict[str, int]:
        """Return both counts."""
        return {name: self._counts[name] for name in (ANSWERED, UNANSWERED)}

    def targets(self, sizes: Sequence[int]) -> dict[str, object]:
        """Say how many questions have no answer, and how many tokens the first answers have."""
        found: dict[str, Any] = {
            self.golds: self._counts[ANSWERED],
            "without_share": round(self._counts[UNANSWERED] / max(1, self._counts.total()), 6),
        }
        if not sizes:
            return found
        return found | {
            "tokens": {
                "median": float(np.median(sizes)),
                "p99": float(np.percentile(sizes, 99)),
                "longest": max(sizes),
            }
        }


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a question with its passage and its answers."""
    return passages.reader(contract, places.texts, places.labels, places.group)


def picture(found: Survey) -> Iterator[Chart | str]:
    """Show how many questions have an answer, and how long the answers are."""
    yield Chart("questions", found.labels, found.rows)
    if sizes := found.targets.get("tokens"):
        yield (
            f"  tokens an answer: median {sizes['median']:,.0f}, 99 % below {sizes['p99']:,.0f}, "
            f"longest {sizes['longest']:,}"
        )


def show(item: Prediction) -> Iterator[shown.Line]:
    """Show the answer that was decided on beside its question, and below it the likeliest."""
    first, *scores = shown.labels(item, none="(no answer)")
    yield first
    for found in item.entities:
        yield ("    ", ""), *shown.placed(found)
    yield from scores


def plain(item: Prediction) -> dict[str, Any]:
    """Return the likeliest answers with their places."""
    keys = ("text", "start", "end", "score")
    answers = [{key: getattr(one, key) for key in keys} for one in item.entities]
    return {AnswerSpan.name: answers}


KIND = Kind(
    name=AnswerSpan.name,
    words="answers in a passage",
    make=AnswerSpan,
    judged=Judged(("f1", "exact_match")),
    read=read,
    asks=AnswerSpan.asks,
    pipeline="question-answering",
    noun="answers",
    texts=("a question", "its passage"),
    order=("question", "passage"),
    second="passage",
    decisions=frozenset(["answer"]),
    pool="likely",
    understand=questions.understand,
    described=questions.described,
    findings=questions.findings,
    doubt=doubt.of_ends,
    drawn=drawn.answers,
    label_names=lambda contract, examples: passages.LABELS,
    tally=AnswerTally,
    picture=picture,
    show=show,
    plain=plain,
)
