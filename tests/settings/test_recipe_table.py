"""The page's table of the recipe is the one by which settings are chosen."""

import math
import re
from pathlib import Path

from textune.settings.choosing import EQUAL, KNOWN, TABLE, Passes

PAGE = Path(__file__).parents[2] / "docs" / "few_labels.md"
WORDS = {
    "rows": "fewer than {:,} training texts",
    "classes": "fewer than {:,} classes",
    "tokens": "fewer than {:,} tokens a text",
    "width": "width below {:,}",
    "layers": "fewer than {:,} layers",
}
FLAGS = {
    "asks": {asks: f"a head on {asks}" for asks in ("texts", "words", "answers")},
    "averages": ("no sentence encoder", "a sentence encoder"),
    "are_alike": ("", "classes alike in number but for chance"),
    "pairs": ("no pairs of texts", "pairs of texts"),
    "numbers": ("labels", "numbers"),
    "has_folds": ("not cross-validated", "cross-validated"),
}


def table():
    """Write the table that the page holds between its marks."""
    lines = ["| setting | value | for |", "|---|---|---|"]
    for name, rules in TABLE.items():
        for rule in rules:
            bounds = [
                WORDS[known].format(bound)
                for known in KNOWN
                if known not in EQUAL and (bound := getattr(rule, known)) != math.inf
            ]
            bounds += [
                words[found]
                for known, words in FLAGS.items()
                if (found := getattr(rule, known)) is not None
            ]
            value = shown(rule.value)
            lines.append(f"| `train.{name}` | {value} | {', '.join(bounds) or 'all others'} |")
    return "\n".join(lines)


def shown(value):
    if value is None:
        return "tried"
    if not isinstance(value, Passes):
        return f"{value}"
    if value.fewest == value.most:
        return f"{value.most}"
    return f"{value.fewest} to {value.most}, for {value.updates:,} updates"


def test_the_page_has_the_table_of_the_recipe():
    """Where it has another: the table is what the message shows."""
    found = re.search(r"<!-- recipe -->\n(.*?)\n?<!-- /recipe -->", PAGE.read_text("utf-8"), re.S)
    assert found is not None
    assert found[1] == table()
