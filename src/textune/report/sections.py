"""The sections of each kind of page, from top to bottom: a new one is a line here.

Each is a function of the `Subject` in a file of its own, and None where there is nothing to show.
"""

from textune.report import (
    cost,
    distilled,
    judged,
    leaked,
    learned,
    opened,
    plain_page,
    reasons,
    results,
    summary,
    suspected,
    threshold_slider,
    understood,
    where_wrong,
)
from textune.report.section import EVALUATION, Source

LABELLED: tuple[Source, ...] = (
    summary.summary,
    results.result,
    distilled.distilled,
    threshold_slider.thresholds,
    judged.of("valid"),
    judged.of("test"),
    leaked.leaks,
    opened.opened,
    where_wrong.wrong,
    reasons.why,
    suspected.suspects,
    results.rare,
    learned.training,
    understood.data,
    cost.cost,
    learned.repeat,
)
EVALUATED: tuple[Source, ...] = (  # another file, by the model of a run
    summary.summary,
    results.result,
    threshold_slider.thresholds,
    judged.of(EVALUATION),
    leaked.leaks,
    where_wrong.wrong,
    understood.data,
)
PLAIN: tuple[Source, ...] = (
    plain_page.result,
    plain_page.proved,
    plain_page.training,
    plain_page.data,
    cost.cost,
    learned.repeat,
)
