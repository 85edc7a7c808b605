"""A reported value against its measure, one specialty's sheet against the policy's checks. Files are `tables`' work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

Value = Decimal | bool | str | None
"""A number, a yes or no, an option or text; None is *not reported*, which is neither 0 nor false."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of one specialty in one year; `year` is None where the evidence has no years.

    `values` (measures) and `attributes` go by code; a code that is not there is not reported. Numbers are `Decimal`
    with no more places than the measure has, `defaulted` is the text `true` or `false`.
    """

    specialty: str
    year: int | None
    attributes: Mapping[str, Value] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
