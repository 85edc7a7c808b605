"""A policy as frozen values, in the words of docs/policy.md. Reading and checking one is `policy_load`'s work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from .conditions import Condition


class Rating(StrEnum):
    """What a specialty can be rated, best first; the last two are no colour."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNRATED = "unrated"
    INCOMPLETE = "incomplete"


COLOURS = (Rating.GREEN, Rating.YELLOW, Rating.RED)
"""The ratings that quotas, caps and history look at, best first."""


class Type(StrEnum):
    """What kind of value a measure or an attribute has."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class Publish(StrEnum):
    """Who may see a measure's value."""

    PUBLIC = "public"
    OWN = "own"
    RESTRICTED = "restricted"


class Missing(StrEnum):
    """What an indicator whose value is not reported does."""

    ZERO = "zero"
    EXCLUDE = "exclude"
    BLOCK = "block"


Label = Mapping[str, str]
"""Language code (`zh`, `en`) → text."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property of the specialty or its school at the round's reference date."""

    code: str
    type: Type
    label: Label


@dataclass(frozen=True, slots=True)
class Measure:
    """A raw fact somebody reports, year by year; bounds are inclusive, `decimals` counts places."""

    code: str
    type: Type
    label: Label
    supplier: str
    unit: str = ""
    decimals: int = 0
    min: Decimal | None = None
    max: Decimal | None = None
    options: tuple[str, ...] = ()
    evidence_required: bool = False
    publish: Publish = Publish.PUBLIC
    source: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A cross-field rule; one that holds blocks submission."""

    code: str
    when: Condition
    message: Label


# --- value forms -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plain:
    """The measure itself."""

    measure: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """Σof × times ÷ Σto."""

    of: tuple[str, ...]
    to: tuple[str, ...]
    times: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Difference:
    """plus − minus."""

    plus: str
    minus: str


@dataclass(frozen=True, slots=True)
class Change:
    """100 × (now − before) ÷ before."""

    now: str
    before: str


ValueForm = Plain | Ratio | Difference | Change


class OverKind(StrEnum):
    """How evidence of several years becomes one value."""

    LATEST = "latest"
    MEAN = "mean"
    LOWEST = "lowest"
    HIGHEST = "highest"
    POOLED = "pooled"


@dataclass(frozen=True, slots=True)
class Over:
    """`kind` over the `years` calendar years up to the scored one."""

    kind: OverKind = OverKind.LATEST
    years: int = 1


# --- points forms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linear:
    """(x, y) with x strictly rising; straight lines between, flat outside."""

    points: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """y of the highest x ≤ value; 0 below the first."""

    points: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class FlagPoints:
    """Points of a boolean."""

    is_true: Decimal
    is_false: Decimal


@dataclass(frozen=True, slots=True)
class ChoicePoints:
    """Points of each option."""

    options: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Rank:
    """Mid-rank among the peers that share `within`, 0–100; `best_high` tells which end is good."""

    within: tuple[str, ...]
    best_high: bool


PointsForm = Linear | Steps | FlagPoints | ChoicePoints | Rank


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number looked at: where it comes from, what it is worth, and what its absence means."""

    code: str
    dimension: str
    label: Label
    value: ValueForm
    unit: str = ""
    needs: Condition | None = None
    over: Over = Over()
    decimals: int = 2
    points: PointsForm | None = None
    weight: Decimal | None = None
    missing: Missing = Missing.ZERO
    source: str = ""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A heading of indicators with a score of its own."""

    code: str
    label: Label


# --- adjustments and the rating steps ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points added to the total when the condition holds."""

    code: str
    points: Decimal
    when: Condition
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class UnratedStep:
    """Step 1: the first that holds makes the specialty `unrated`."""

    code: str
    when: Condition
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Step 2: the first that holds rates; only the last has no condition."""

    code: str
    rate: Rating
    when: Condition | None
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class TopQuota:
    """Step 3: of those with `rate`, the first ⌊share × group⌋ keep it, the rest become `otherwise`."""

    code: str
    share: Decimal
    rate: Rating
    otherwise: Rating
    within: tuple[str, ...]
    group_at_least: int = 1
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class BottomQuota:
    """Step 3: the lowest ⌊share × group⌋ become `becomes`."""

    code: str
    share: Decimal
    becomes: Rating
    within: tuple[str, ...]
    group_at_least: int = 1
    label: Label = field(default_factory=dict)
    source: str = ""


Quota = TopQuota | BottomQuota


@dataclass(frozen=True, slots=True)
class Cap:
    """Step 4: the rating becomes no better than `at_most`."""

    code: str
    at_most: Rating
    when: Condition
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """Step 5: one of `now` becomes `becomes`, given what was rated before."""

    code: str
    now: tuple[Rating, ...]
    becomes: Rating
    when: Condition
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class FlagStep:
    """Step 6: the code is appended, the rating stays."""

    code: str
    now: tuple[Rating, ...]
    when: Condition
    label: Label = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class RatingSteps:
    """The six steps, each in the order of the document."""

    labels: Mapping[Rating, Label]
    unrated: tuple[UnratedStep, ...]
    rules: tuple[Rule, ...]
    quotas: tuple[Quota, ...]
    caps: tuple[Cap, ...]
    history: tuple[HistoryStep, ...]
    flags: tuple[FlagStep, ...]


@dataclass(frozen=True, slots=True)
class PanelRules:
    """Of expert scores: from how many on the highest and lowest are dropped; which spread alerts (policy.md, Panel)."""

    trim_from: int | None = None
    spread_alert: Decimal | None = None


# --- consequences ----------------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Policy:
    """One jurisdiction's rule book. `digest` is the SHA-256 (hex) of `canonical`, the canonical JSON."""

    id: str
    version: str
    title: Label
    jurisdiction: str
    source: str
    attributes: Mapping[str, Attribute]
    measures: Mapping[str, Measure]
    checks: tuple[Check, ...]
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]
    panel: PanelRules
    adjustments: tuple[Adjustment, ...]
    rating: RatingSteps
    enrolment: Enrolment | None
    workflow: WorkflowRules
    committee: CommitteeRules
    publication: PublicationRules
    lists: Mapping[str, CatalogueList]
    opening: tuple[OpeningLimit, ...]
    canonical: str
    digest: str

    @property
    def weighted(self) -> tuple[Indicator, ...]:
        """The indicators with a weight, in the document's order."""
        return tuple(i for i in self.indicators if i.weight is not None)
