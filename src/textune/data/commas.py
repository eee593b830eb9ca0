"""Numbers with a comma become what they may mean: decimals, or thousands."""

import re
from collections.abc import Sequence

FEWEST_WHOLE = 2  # different numbers before a comma, where only halves stand behind it
HALVES = frozenset(["0", "5"])
DECIMAL_OR_WHOLE = re.compile(r"[+-]?\d+(,\d+)?")
DECIMAL = re.compile(r"[+-]?\d+,\d+")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def described(cells: Sequence[str]) -> str:
    """Say in a column's words what its numbers with a comma are, and how to write them."""
    decimal = "" if is_torn(cells) else "decimal "
    return f"numbers with a {decimal}comma such as {cells[0]}; {written(cells)}"


def are_decimals(cells: Sequence[str]) -> bool:
    """Tell decimals from lists of two numbers, which name each once and begin none with a 0.

    Every number has one comma at most. What tells is "3,3", "4,05", or that only halves stand
    there: "3,5", "4", "2,0".

    Example:
        >>> are_decimals(["4,5", "3", "2,5", "3,5"]), are_decimals(["4,7", "3", "2,5", "3,9"])
        (True, False)
    """
    if not all(map(DECIMAL_OR_WHOLE.fullmatch, cells)) or is_torn(cells):
        return False
    parts = [cell.lstrip("+-").split(",") for cell in cells if "," in cell]
    if any(whole == rest or (rest[0] == "0" and len(rest) > 1) for whole, rest in parts):
        return True
    rests = {rest for _, rest in parts}
    return "5" in rests <= HALVES and len({whole for whole, _ in parts}) >= FEWEST_WHOLE


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
