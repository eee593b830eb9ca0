"""The sections of each kind of page, from top to bottom: a new one is a line here.

Each is a function of the `Subject` in a file of its own, and None where there is nothing to show.
"""

from textune.report import judged, learned, plain_page, results, understood
from textune.report.section import Source

LABELLED: tuple[Source, ...] = (
    results.result,
    judged.of("valid"),
    judged.of("test"),
    results.rare,
    learned.training,
    understood.data,
    learned.repeat,
)
PLAIN: tuple[Source, ...] = (
    plain_page.result,
    plain_page.proved,
    plain_page.training,
    plain_page.data,
    learned.repeat,
)
