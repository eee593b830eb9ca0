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
            if rule.asks is not None:
                bounds.append(f"a head on {rule.asks}")
            if rule.averages is not None:
                bounds.append(f"{'a' if rule.averages else 'no'} sentence encoder")
            if rule.are_alike is not None:
                bounds.append("classes alike in number but for chance")
            if rule.pairs is not None:
                bounds.append("pairs of texts" if rule.pairs else "no pairs of texts")
            if rule.numbers is not None:
                bounds.append("numbers" if rule.numbers else "labels")
            value = shown(rule.value)
            lines.append(f"| `train.{name}` | {value} | {', '.join(bounds) or 'all others'} |")
    return "\n".join(lines)


def shown(value):
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
