"""How a part was decided becomes lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from textune.errors import some
from textune.metrics import catalogue

MOST_SHOWN = 12  # labels that are named
RARE = 0.05  # share of texts with errors of another kind, which few texts may not show
MISSED = 0.02  # of samples that may show none of them, before it is said
KINDS = {
    "temperature": "by a temperature",
    "labels": "by a scale and a shift for each label",
    "isotonic": "by a rising curve for each label",
}


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Say in words how a part was decided, and how far that can be trusted.

    Args:
        report: Of a part, as `metrics.json` has it.
    """
    rule = report.get("rule") or {}
    if rule.get("thresholds") and rule["kind"] == "threshold":
        shown = [f"{name} {bar:.3g}" for name, bar in list(rule["thresholds"].items())[:MOST_SHOWN]]
        more = len(rule["thresholds"]) - len(shown)
        rest = f" and {more:,} more in decision.json" if more else ""
        yield f"thresholds for {rule['aim'] or 'the remedy'}: {', '.join(shown)}{rest}"
    if rule.get("unmet"):
        names = some(rule["unmet"], MOST_SHOWN)
        yield f"{rule['aim']} cannot be promised by so few texts, or such scores, for: {names}"
    if told := report.get("calibration"):
        before, after = told["before"], told["after"]
        changes = ", ".join(
            f"{words} {before[key]:.3f} → {after[key]:.3f}"
            for key, words in (
                ("log_loss", catalogue.title("log_loss")),
                ("ece", "calibration error"),
            )
            if None not in (before[key], after[key])
        )
        yield f"probabilities are calibrated ({KINDS.get(told['kind'], told['kind'])}): {changes}"
    if told := report.get("abstention"):
        right = "" if told["right"] is None else f", {told['right']:.1%} of them rightly"
        promised = "" if told["is_promised"] else ", which these texts cannot promise"
        yield (
            f"{told['coverage']:.1%} of the texts are decided{right} ({told['asked']:.0%} was "
            f"asked{promised})"
        )
    if told := report.get("sets"):
        yield (
            f"sets of classes hold the right one of {told['coverage']:.1%} of the texts "
            f"({told['asked']:.0%} was asked), with {told['mean_size']:.2f} classes in the mean; "
            f"{told['empty']:.1%} are empty"
        )
    if few := report.get("no_interval"):
        yield few
    if always := report.get("always_answers"):
        yield always
    yield from _presumed(report)


def _presumed(report: Mapping[str, Any]) -> Iterator[str]:
    """Say where intervals of errors presume that these texts show every kind of error there is.

    N texts hold none of those that a share p of all has with a probability of (1 - p)^N, and then
    no formula can know how large these are.
    """
    texts = report.get("n") or 0
    missed = (1 - RARE) ** texts
    if "rmse" in report.get("intervals", {}) and texts and missed > MISSED:
        yield (
            f"intervals of errors presume that {texts:,} texts show how large errors get: of "
            f"outliers that 1 text in {1 / RARE:.0f} has, {missed:.0%} of such samples hold none, "
            "and these intervals are too narrow then"
        )
