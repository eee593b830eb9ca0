"""What a fitted rule is worth beside the plain one becomes why it is not taken, in words.

The plain rule takes the likeliest class, or every label likelier than not, by logits as they are.
A rule that was fitted to do better, and does worse on texts that it was not fitted on, has no place
in a model.
"""

from collections.abc import Sequence

from textune.decisions import aims
from textune.decisions.rule import Decision
from textune.metrics import catalogue
from textune.records import Example, Scores
from textune.tasks import deciding, registry
from textune.tasks.interface import Task

PLAIN = {False: "the likeliest class", True: "0.5 for each label"}


def of_aim(task: Task, found: Scores, plain: Scores, rule: Decision) -> str | None:
    """Say why a rule that was fitted for an aim is not taken; None where it may be.

    Costs, and a precision or a recall that is promised, are held whatever the plain rule scores.

    Args:
        task: Of the texts.
        found: Each text decided by a rule that was fitted without it, with its truth.
        plain: The same texts, decided by the plain rule.
        rule: Fitted on all of them.
    """
    if not rule.aim or registry.of(task.name).rule is None:
        return None
    assert found.truth is not None
    own = aims.read(rule.aim)
    first, second = (
        deciding.worth(task.labels, found.truth, one.decisions, own) for one in (found, plain)
    )
    if first is None or second is None or first >= second:
        return None
    return (
        f"{own}: {first:.3f} by the rule fitted for it, and {second:.3f} by "
        f"{PLAIN[found.truth.ndim == 2]}, which is kept: these texts are too few, or too hard"
    )


def of_calibration(
    task: Task, found: Scores, plain: Scores, examples: Sequence[Example], rule: Decision
) -> str | None:
    """Say why a calibration that moves decisions is not taken; None where it may be.

    Args:
        task: Of the texts.
        found: Each text decided by a rule that was fitted without it, with its truth.
        plain: The same texts, decided by the plain rule.
        examples: The texts, N.
        rule: Fitted on all of them.
    """
    is_likeliest = rule.aim in ("", aims.LIKELIEST) and not rule.fitted
    if not is_likeliest or rule.calibration is None or rule.calibration.kind == "temperature":
        return None
    key = task.main_metric
    first, second = (catalogue.value(task.judge(one, examples), key) for one in (found, plain))
    if first is None or second is None or first == second:
        return None
    if (first > second) == catalogue.is_better_higher(key):
        return None
    return (
        f"{catalogue.title(key)} {first:.3f} with a scale and a shift for each label, and "
        f"{second:.3f} without: probabilities are calibrated by what moves no decision"
    )
