"""An object that says yes or no to each of some names becomes those with yes."""

import re

MARKED = re.compile(  # a name with yes or no: {"joy": true, "fear": false}
    r"""\s*(?:"([^"]*)"|'([^']*)')\s*:\s*(?:(true|True|1|1\.0)|false|False|0|0\.0)\s*(?:,|$)"""
)


def marked_names(cell: str) -> list[str] | None:
    """Take the names that an object of names says yes to; None for anything else.

    Example:
        >>> marked_names("{'joy': 1, 'fear': 0}")
        ['joy']
    """
    inside = cell[1:-1].strip()
    if not cell.startswith("{") or not inside:
        return None
    names: list[str] = []
    place = 0
    while place < len(inside):
        match = MARKED.match(inside, place)
        if match is None:
            return None
        names += [match[1] or match[2] or ""] if match[3] else []
        place = match.end()
    return names
