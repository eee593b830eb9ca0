"""Values become a line of JSON that no terminal obeys."""

import json
import re

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # by a terminal


def line(values: object, *, encoding: str | None) -> str:
    """Write one JSON object on one line.

    Args:
        values: The object.
        encoding: Of the stream that it is for; of one that is not Unicode, others are escaped.
    """
    is_unicode = (encoding or "").lower().startswith("utf")
    text = json.dumps(values, ensure_ascii=not is_unicode, allow_nan=False)
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
