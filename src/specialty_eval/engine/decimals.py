"""Decimals as they are written and printed, and rounding half up, away from zero. Columns of them are `exact`."""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

MOST_DIGITS = 100
"""A number with more digits than this before or after its point is a typing error, and slow to count with."""

_WRITTEN = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")


def parse(text: str) -> Decimal | None:
    """The number written as an optional `-`, ASCII digits, and optionally `.` and digits; None for anything else."""
    written = _WRITTEN.fullmatch(text)
    if written is None or len(written[1]) > MOST_DIGITS or len(written[2] or "") > MOST_DIGITS:
        return None
    return Decimal(text)


def places(number: Decimal) -> int:
    """How many places a decimal was written with: 2 for 1.50."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def half_up(value: Fraction | Decimal | int, decimals: int) -> Decimal:
    """`value` rounded half up, away from zero: 2.675 → 2.68, −0.5 → −1 at 0 places; there is no negative zero."""
    scaled = Fraction(value) * 10**decimals
    units = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(f"{'-' if scaled < 0 and units else ''}{units}E-{decimals}")


def total(numbers: Iterable[Decimal]) -> str:
    """The exact sum, with as many places as the one with most."""
    added = list(numbers)
    return f"{half_up(sum(map(Fraction, added), Fraction(0)), max(map(places, added), default=0)):f}"


def printed(number: Decimal, decimals: int) -> str:
    """A number that has at most so many places, with exactly so many: 80.5 → `80.50`."""
    return f"{half_up(number, decimals):f}"


def shortest(number: Decimal) -> str:
    """The number without an exponent and without needless zeros: 0.30 → `0.3`, 60.0 → `60`, -0 → `0`."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
