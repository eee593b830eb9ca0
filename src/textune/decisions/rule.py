"""The rule by which a model decides: what lies beside its weights, and every door applies."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Calibration:
    """What logits become before they are probabilities, fitted on held-out texts; C outputs."""

    kind: str  # "temperature" (one scale for all), "labels" (a scale and a shift for each),
    # "isotonic" (a rising curve for each)
    scale: tuple[float, ...]  # (C,)
    shift: tuple[float, ...]  # (C,)
    knots: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()  # (C,) logits, ascending,
    # and what they become; none where there are no curves


@dataclass(frozen=True, slots=True)
class Decision:
    """How logits become labels: stored beside the weights and applied wherever they are."""

    kind: str  # "argmax" (the likeliest class), "threshold" (every label that reaches its own),
    # "cost" (the class that costs least), "top" (the likeliest labels, so many), the number
    # itself, the likeliest sequence of tags that can be, the likeliest span or none
    thresholds: Mapping[str, float] = field(default_factory=dict)  # label → probability
    fitted: bool = False  # whether the thresholds come from held-out data
    aim: str = ""  # what they were fitted for, as --aim has it
    unmet: tuple[str, ...] = ()  # labels for which held-out texts could not promise it
    costs: tuple[tuple[float, ...], ...] = ()  # (C, C) of deciding on a class (column) for each
    top: int = 0  # labels that a text gets
    calibration: Calibration | None = None
    bar: float | None = None  # probability of its class below which a text is left undecided
    answers: float | None = None  # share of those decided that is to be right
    member: float | None = None  # probability from which a class is in a text's set of classes
    covers: float | None = None  # share of texts whose class is to be in their set


def fits(rule: Decision, outputs: int) -> bool:
    """Tell whether costs and calibration are of so many outputs, and of finite numbers."""
    if rule.kind == "cost":
        is_square = [len(row) for row in rule.costs] == [outputs] * outputs
        return is_square and all(math.isfinite(cost) for row in rule.costs for cost in row)
    return rule.calibration is None or _is_sound(rule.calibration, outputs)


def _is_sound(found: Calibration, outputs: int) -> bool:
    """Tell whether a calibration is of so many outputs, and keeps the order of logits."""
    sizes = {len(found.scale), len(found.shift), len(found.knots) or outputs}
    numbers = [*found.scale, *found.shift]
    for corners, heights in found.knots:
        if not corners or len(corners) != len(heights):
            return False
        if list(corners) != sorted(corners) or list(heights) != sorted(heights):
            return False
        numbers += [*corners, *heights]
    return sizes == {outputs} and min(found.scale) > 0 and all(map(math.isfinite, numbers))
