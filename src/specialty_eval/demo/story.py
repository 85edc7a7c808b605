"""What happens in the demo and to whom: one line an event of life, in the round it falls into. Nothing acts here."""

from dataclasses import dataclass
from enum import StrEnum


class Tale(StrEnum):
    """Something that happens to a specialty in its round."""

    LATE = "late"
    DEFAULTED = "defaulted"
    RETURNED_TWICE = "returned_twice"
    GAPS = "gaps"
    WITHHELD = "withheld"
    NEWCOMER = "newcomer"
    OFF_CATALOGUE = "off_catalogue"
    UNFILED = "unfiled"
    FALSE_DATA = "false_data"
    NO_INTAKE = "no_intake"
    CHALLENGED = "challenged"
    CHAIR_CONFLICT = "chair_conflict"
    OVERRIDDEN = "overridden"
    EXEMPTED = "exempted"
    TAKEN_OVER = "taken_over"
    OBJECTION_UPHELD = "objection_upheld"
    OBJECTION_REJECTED = "objection_rejected"
    OBJECTION_OPEN = "objection_open"
    APPEAL_UPHELD = "appeal_upheld"
    APPEAL_REJECTED = "appeal_rejected"
    APPEAL_OPEN = "appeal_open"
    RECOVERS = "recovers"
    PHASED_OUT = "phased_out"
    RECTIFIED = "rectified"
    NO_PLAN = "no_plan"
    BEGINS_AGAIN = "begins_again"
    FEW_GRADUATES = "few_graduates"
    TIED = "tied"


@dataclass(frozen=True, slots=True)
class Part:
    """A tale in a round (1-3). `quality` (0-100) is what the specialty is worth, None: whatever it happens to be.

    `earlier` is its rating before the installation, None: whatever follows from its quality.
    """

    tale: Tale
    round: int
    quality: int | None = None
    earlier: str | None = None


PARTS = (
    Part(Tale.OFF_CATALOGUE, 1, 84, "green"),
    Part(Tale.NEWCOMER, 1, 62, ""),
    Part(Tale.DEFAULTED, 1, 55),
    Part(Tale.UNFILED, 1, 60, "green"),
    Part(Tale.RECOVERS, 1, 16, "yellow"),
    Part(Tale.PHASED_OUT, 1, 12, "yellow"),
    Part(Tale.RECTIFIED, 1, 36, "green"),
    Part(Tale.LATE, 1, 74),
    Part(Tale.RETURNED_TWICE, 1, 70),
    Part(Tale.CHALLENGED, 1, 82, "green"),
    Part(Tale.CHAIR_CONFLICT, 1, 80, "green"),
    Part(Tale.APPEAL_UPHELD, 1, 80, "green"),
    Part(Tale.NO_PLAN, 1, 36, "green"),
    Part(Tale.NEWCOMER, 2, 58, ""),
    Part(Tale.OBJECTION_UPHELD, 2, 82, "green"),
    Part(Tale.OBJECTION_REJECTED, 2, 36, "green"),
    Part(Tale.FALSE_DATA, 2, 66, "green"),
    Part(Tale.WITHHELD, 2, 64, "green"),
    Part(Tale.OVERRIDDEN, 2, 36, "green"),
    Part(Tale.GAPS, 2, 72, "green"),
    Part(Tale.TAKEN_OVER, 2, 76),
    Part(Tale.APPEAL_REJECTED, 2, 36, "green"),
    Part(Tale.EXEMPTED, 2, 60),
    Part(Tale.NEWCOMER, 3, 60, ""),
    Part(Tale.NO_INTAKE, 3, 74, "green"),
    Part(Tale.DEFAULTED, 3, 50, "red"),
    Part(Tale.OBJECTION_OPEN, 3, 56, "green"),
    Part(Tale.OBJECTION_OPEN, 3, 84, "green"),
    Part(Tale.APPEAL_OPEN, 3, 36, "green"),
    Part(Tale.LATE, 3, 68),
    Part(Tale.BEGINS_AGAIN, 3, 84, "red"),
    Part(Tale.FEW_GRADUATES, 1, 74, "green"),
    Part(Tale.TIED, 3, 42, "green"),
)
"""Every one happens in every city, whatever its seed."""

LATER = (Tale.OBJECTION_OPEN, Tale.APPEAL_OPEN)
"""Too few experts score these in time: they are set aside, and come in a further run and on a list of their own.

In an order, which a set would not keep from one process to the next: two plays are alike, number by number.
"""

YEARS = (2024, 2025, 2026)
"""The years of the three rounds; each scores the calendar year before."""
FIRST_FIGURES = 2020
"""The first year with figures: a rate pooled over three years, two years running, looks back four."""


def scored_year(round_number: int) -> int:
    """The calendar year whose figures a round scores."""
    return YEARS[round_number - 1] - 1
