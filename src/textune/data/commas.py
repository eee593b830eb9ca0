"""Numbers with a comma become what they may mean: decimals, or thousands."""

import re
from collections.abc import Sequence

DECIMAL = re.compile(r"[+-]?\d+,\d+")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def described(cells: Sequence[str]) -> str:
    """Say in a column's words what its numbers with a comma are, and how to write them."""
    decimal = "" if is_torn(cells) else "decimal "
    return f"numbers with a {decimal}comma such as {cells[0]}; {written(cells)}"


def is_torn(cells: Sequence[str]) -> bool:
    """Tell whether a comma in numbers may part thousands as well as begin the decimals."""
    held = [cell for cell in cells if "," in cell]
    return bool(held) and all(map(THOUSANDS.fullmatch, held))


def written(cells: Sequence[str]) -> str:
    """Say how numbers with a comma are to be written; both ways, where nobody can tell.

    Example:
        >>> written(["1,5", "2,25"])
        'write 1.5'
        >>> written(["1,234"])
        'write 1234 if the comma parts thousands, or 1.234 if it begins the decimals'
    """
    first = next((cell for cell in cells if DECIMAL.fullmatch(cell)), cells[0])
    decimal = first.replace(",", ".")
    if not is_torn(cells):
        return f"write {decimal}"
    whole = first.replace(",", "")
    return f"write {whole} if the comma parts thousands, or {decimal} if it begins the decimals"
