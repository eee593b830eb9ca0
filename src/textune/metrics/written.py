"""Numbers become what a person reads of them."""

from collections.abc import Sequence

LEAST = 0.001  # below which three decimals would say little, or nothing


def decimals(value: float, digits: int = 3) -> str:
    """Write a number with so many decimals; a small one with three digits that say something.

    Example:
        >>> decimals(0.12345), decimals(0.000123456), decimals(0.0), decimals(0.04, 1)
        ('0.123', '0.000123', '0.000', '0.04')
    """
    is_small = 0 < abs(value) < LEAST
    is_lost = value != 0 and float(f"{value:.{digits}f}") == 0
    return f"{value:.3g}" if is_lost or (is_small and digits == 3) else f"{value:.{digits}f}"


def interval(span: tuple[float, float] | list[float] | None) -> str:
    """Write a 95 % interval; nothing where there is none."""
    return "" if span is None else f"{decimals(span[0])} … {decimals(span[1])}"


def span(ends: Sequence[float]) -> str:
    """Write an interval within a sentence.

    Example:
        >>> span([0.49, 0.6112]), span([-0.1, 0.2])
        ('0.490–0.611', '−0.100 to 0.200')
    """
    low, high = (decimals(end).replace("-", "\N{MINUS SIGN}") for end in ends)
    return f"{low}–{high}" if ends[0] >= 0 else f"{low} to {high}"


def clock(seconds: float) -> str:
    """Write a time: seconds with a decimal below ten, minutes and seconds, or hours."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def millions(count: int) -> str:
    """Write a large count in millions, a small one as it is.

    Example:
        >>> millions(22_713_216), millions(21_450)
        ('22.7 M', '21,450')
    """
    return f"{count / 1e6:.1f} M" if count >= 100_000 else f"{count:,}"


def signed(value: float) -> str:
    """Write a difference with its sign; nothing is no difference below nothing.

    Example:
        >>> signed(0.0204), signed(-0.0001), signed(-0.5)
        ('+0.020', '0.000', '-0.500')
    """
    shown = f"{value:+.3f}"
    return "0.000" if not float(shown) else shown


def chance_in_words(p: float) -> str:
    """Write what stands behind a p in a sentence.

    Example:
        >>> chance_in_words(0.0123), chance_in_words(1e-9)
        ('= 0.012', '< 0.001')
    """
    shown = chance(p)
    return shown if shown.startswith("<") else f"= {shown}"


def chance(p: float) -> str:
    """Write the probability that something comes by chance, as papers do."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
