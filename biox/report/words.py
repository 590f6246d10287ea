"""Numbers and p-values as they stand in a sentence or a table: the same rounding everywhere."""

import math
from collections.abc import Iterable

UNKNOWN = "–"


def number(value: float, digits: int = 2) -> str:
    """A number with a true minus sign; a dash where it is unknown."""
    if not math.isfinite(value):
        return UNKNOWN
    rounded = round(value, digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def percent(value: float, digits: int = 0) -> str:
    """A share of one as a percentage."""
    return UNKNOWN if not math.isfinite(value) else f"{number(100 * value, digits)} %"


def count(value: float) -> str:
    """A whole number with thin spaces between thousands."""
    return UNKNOWN if not math.isfinite(value) else f"{round(value):,}".replace(",", "\u202f")


def amount(value: float, unit: str) -> str:
    """A value in its unit: shares as percentages, counts as whole numbers, small magnitudes with three figures."""
    if unit == "share":
        return percent(value, 1)
    if unit == "count" or (unit in ("people", "samples") and float(value).is_integer()):
        return count(value)
    return number(value, 2) if not math.isfinite(value) or abs(value) >= 0.01 or value == 0 else f"{value:.1e}"


def interval(low: float, high: float, unit: str = "") -> str:
    """The two ends of an interval; a dash where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    ends = [amount(end, unit).removesuffix(" %") for end in (low, high)]
    joined = " to " if any(end.startswith("−") for end in ends) else "–"
    return joined.join(ends) + (" %" if unit == "share" else "")


def p_value(p: float) -> str:
    """A p-value as a phrase: ``p < 0.001`` or ``p = 0.03``."""
    return "" if not math.isfinite(p) else f"p {p_cell(p)}" if p < 0.001 else f"p = {p_cell(p)}"


def p_cell(p: float) -> str:
    """A p-value as it stands in a table column of p-values."""
    if not math.isfinite(p):
        return UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.095 else f"{p:.2f}"


def joined(names: Iterable[str], word: str = "and") -> str:
    """Names as in a sentence: ``a, b and c``."""
    names = list(names)
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def plural(n: float, one: str, many: str = "") -> str:
    """A count with its noun: ``1 person``, ``12 people``."""
    return f"{count(n)} {one if round(n) == 1 else many or one + 's'}"


def capital(sentence: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return sentence[:1].upper() + sentence[1:]
