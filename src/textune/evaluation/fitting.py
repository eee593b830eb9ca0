"""A decision rule that is fitted on held-out texts judges each of them by a rule fitted without it.

A threshold that was chosen on the texts whose score is then reported flatters the model. So the
texts are dealt into parts; each part is decided by the rule that the others give (cross-fitting),
and the rule of all of them goes into the model. One that decides them worse than no rule, the
plain likeliest label, does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from textune.decisions import abstaining, aims, calibrating
from textune.decisions.rule import Decision
from textune.decisions.wishes import PLAIN, Wish
from textune.errors import SettingsError
from textune.evaluation import against_plain, applying, by_length, trusted
from textune.fast import libraries
from textune.records import Example, Scores
from textune.tasks import registry
from textune.tasks.interface import Task

PARTS = 5
SEED = 0
FLATTERED = "the rule was fitted on these texts: their scores flatter it"
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A rule, and what it says of the texts that it was fitted on, each by a rule without it."""

    rule: Decision  # of all texts
    scores: Scores
    how: str  # in words; "" where nothing was fitted


@libraries.alone()
def decide(task: Task, scores: Scores, examples: Sequence[Example], wish: Wish = PLAIN) -> Fitted:
    """Fit the rule of a task on held-out texts, and decide these without having seen them.

    Args:
        task: Fits and decides.
        scores: Of N texts, with lengths and truth; not calibrated.
        examples: The texts, N.
        wish: What is wanted of decisions.

    Raises:
        SettingsError: The task has no place for what is wanted.
    """
    refuse(task, wish)
    of_part = _deal(examples)  # (N,)
    if of_part.max(initial=0) < 1:
        rule = _rule(task, scores, examples, wish, "none")
        is_fitted = rule.fitted or rule.bar is not None or rule.member is not None
        how = FLATTERED if is_fitted else ""
        return Fitted(rule, applying.decided(task, scores, rule), how)
    tried = partial(_tried, task, scores, examples, of_part)
    found = tried(wish, calibrating.KINDS)
    if not registry.of(task.name).calibrates:
        return found
    plain = applying.decided(task, scores, task.default_decision())
    said = []
    if why := against_plain.of_aim(task, found.scores, plain, found.rule):
        said, wish = [why], replace(wish, aim=aims.read(aims.LIKELIEST))
        found = tried(wish, calibrating.KINDS)
    if why := against_plain.of_calibration(task, found.scores, plain, examples, found.rule):
        said.append(why)
        found = tried(wish, calibrating.STEADY)
    return replace(found, how="; ".join([*([found.how] if found.how else []), *said]))


def _tried(
    task: Task,
    scores: Scores,
    examples: Sequence[Example],
    of_part: Rows,
    wish: Wish,
    kinds: Sequence[str],
) -> Fitted:
    """Fit a rule with one of some kinds of calibration, and decide each text without it."""
    kind = "none"
    if wish.calibrates and registry.of(task.name).calibrates:
        held = trusted.held_of(task, scores)
        kind = calibrating.choose(held, _of_items(of_part, scores), kinds)
    rule = _rule(task, scores, examples, wish, kind)
    found = applying.decided(task, scores, rule)
    if not rule.fitted and rule.calibration is None and rule.bar is None and rule.member is None:
        return Fitted(rule, found, "")
    found = _crossed(task, found, examples, wish, kind, of_part)
    parts = int(of_part.max()) + 1  # fewer texts than PARTS are a part each
    others = "the other part of two" if parts == 2 else f"the other {parts - 1} of {parts} parts"
    return Fitted(rule, found, f"each text was decided by a rule fitted on {others}")


def refuse(task: Task, wish: Wish) -> None:
    """Refuse what a task, or its labels, have no place for.

    Raises:
        SettingsError: They have none.
    """
    kind = registry.of(task.name)
    if wish.aim is not None and kind.rule is None and wish.aim.kind != aims.LIKELIEST:
        raise SettingsError(f"--aim {wish.aim}: no thresholds decide {kind.words}; leave it out")
    for option, value in (("--abstain", wish.answers), ("--sets", wish.covers)):
        if value is not None and not kind.abstains:
            raise SettingsError(f"{option} {value:g}: fits one label a text, not {kind.words}")
    if wish.aim is not None and kind.rule is not None:  # of made texts: it refuses as of real ones
        count = len(task.labels)
        truth = np.eye(count) if kind.several else np.arange(count)
        with libraries.alone():
            kind.rule(task.labels, truth, np.full((count, count), 1 / count), wish.aim, wish.costs)


def _rule(
    task: Task, scores: Scores, examples: Sequence[Example], wish: Wish, kind: str
) -> Decision:
    """Fit calibration, thresholds, the bar and the sets, each on what those before it say."""
    found = calibrating.fit(kind, trusted.held_of(task, scores)) if kind != "none" else None
    plain = replace(task.default_decision(), calibration=found)
    calibrated = applying.decided(task, scores, plain)
    rule = task.decision(calibrated, examples)
    own, fits = registry.of(task.name), registry.of(task.name).rule
    aim = wish.aim
    if aim is None and wish.calibrates and own.aim != aims.LIKELIEST and not rule.fitted:
        aim = aims.read(own.aim)
    if fits is not None and aim is not None:
        rule = fits(task.labels, scores.truth, calibrated.probabilities, aim, wish.costs)
    rule = replace(rule, calibration=found)
    if own.abstains and (wish.answers is not None or wish.covers is not None):
        return _with_bars(rule, task, applying.decided(task, scores, rule), wish)
    return rule


def _with_bars(rule: Decision, task: Task, found: Scores, wish: Wish) -> Decision:
    """Fit where a text is left undecided, and which classes are in its set."""
    assert found.truth is not None
    classes, chances = found.truth.astype(np.int64), found.probabilities
    if wish.answers is not None:
        bar, is_sure = abstaining.bar(classes, found.decisions, chances, wish.answers)
        unmet = rule.unmet if is_sure else (*rule.unmet, "--abstain")
        rule = replace(rule, bar=bar, answers=wish.answers, unmet=unmet)
    if wish.covers is not None:
        member = abstaining.member(classes, chances, wish.covers)
        rule = replace(rule, member=member, covers=wish.covers)
    return rule


def _crossed(
    task: Task,
    found: Scores,
    examples: Sequence[Example],
    wish: Wish,
    kind: str,
    of_part: Rows,
) -> Scores:
    """Let each text be decided by a rule that was fitted on the other parts."""
    whole = {
        name: getattr(found, name).copy()
        for name in ("probabilities", "decisions", "undecided", "members")
        if getattr(found, name) is not None
    }
    for part in range(PARTS):
        rows, others = np.flatnonzero(of_part == part), np.flatnonzero(of_part != part)
        if not len(rows):
            continue
        rest = by_length.part_of(task, found, others)
        rule = _rule(task, rest, [examples[row] for row in others.tolist()], wish, kind)
        mine = applying.decided(task, by_length.part_of(task, found, rows), rule)
        items = np.flatnonzero(_of_items(of_part, found) == part)
        for name, values in whole.items():
            at = items if name == "probabilities" or task.asks == "words" else rows
            values[at] = getattr(mine, name)
    return replace(found, **whole)


def _of_items(of_part: Rows, scores: Scores) -> Rows:
    """Return the part of each item; (I,)."""
    if scores.borders is None:
        return of_part
    return np.repeat(of_part, np.diff(scores.borders))


def _deal(examples: Sequence[Example]) -> Rows:
    """Deal texts into parts, those of one passage together; (N,)."""
    passages = list(dict.fromkeys(item.pair or item.text for item in examples))
    order = np.random.default_rng(SEED).permutation(len(passages))
    of_passage = dict(zip(passages, (order % PARTS).tolist(), strict=True))
    return np.asarray([of_passage[item.pair or item.text] for item in examples], dtype=np.int64)
