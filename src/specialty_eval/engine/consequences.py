"""What a rating leads to, as frozen values: enrolment, workflow, committee, publication, lists, opening."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from .conditions import Condition
from .vocabulary import Label, Rating


@dataclass(frozen=True, slots=True)
class Duration:
    """`20w` is twenty working days, `30` thirty calendar days."""

    days: int
    working: bool


@dataclass(frozen=True, slots=True)
class RectificationRules:
    """When the plan is due, when the recheck comes, how many may fail."""

    plan_due: Duration
    recheck_after_months: int
    failures_allowed: int


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a colour (or a flag) does: a standing, and a change of the quota at once or in yearly steps."""

    standing: str = "normal"
    change_percent: Decimal | None = None
    steps_percent: tuple[Decimal, ...] = ()
    then: str | None = None
    at_most_capacity: bool = False
    supports: tuple[str, ...] = ()
    rectification: RectificationRules | None = None
    restore_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Consequences by colour and flag; `cutoff` is (month, day)."""

    rounding: str
    cutoff: tuple[int, int]
    appeal_suspends: str
    colours: Mapping[Rating, Consequence]
    flags: Mapping[str, Consequence]
    years_without_intake: int = 3
    """So many in a row put closing before the committee."""


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """Which reviews get a visit."""

    proposed: tuple[Rating, ...]
    sample_percent: Decimal


@dataclass(frozen=True, slots=True)
class WorkflowRules:
    """Days, clocks and the two-person rule of one jurisdiction."""

    time_zone: str
    calendar: str
    county_check: bool
    days: Mapping[str, Duration]
    correction_clock: str
    corrections_at_most: int
    experts: int
    experts_at_least: int
    site_visit: SiteVisit | None
    two_people: tuple[str, str]


@dataclass(frozen=True, slots=True)
class CommitteeRules:
    """Sectors that must be present, and the majorities as exact fractions."""

    sectors: tuple[str, ...]
    at_least_per_sector: int
    quorum: Fraction
    majority: Fraction
    override_needs: Fraction


@dataclass(frozen=True, slots=True)
class PublicationRules:
    """Cohorts smaller than `suppress_below` are hidden; `restricted` figures are withheld or banded."""

    suppress_below: int
    restricted: str


@dataclass(frozen=True, slots=True)
class ListRule:
    """One row a catalogue entry: `when` compares a count the system knows or an attribute."""

    code: str
    when: Condition
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class CatalogueList:
    """The negative or the urgent-need list."""

    rules: tuple[ListRule, ...]
    exempt: tuple[ListRule, ...]
    small_intake_below: int = 30


@dataclass(frozen=True, slots=True)
class OpeningLimit:
    """A limit an application to open a specialty is checked against."""

    code: str
    count: str
    at_least: Decimal | None
    at_most: Decimal | None
    label: Label = field(default_factory=dict)
    source: str = ""
