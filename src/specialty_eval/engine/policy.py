"""A policy as frozen values, in the words of docs/policy.md. Reading and checking one is `policy_load`'s work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from .conditions import Condition
from .consequences import (
    CatalogueList,
    CommitteeRules,
    Consequence,
    Duration,
    Enrolment,
    ListRule,
    OpeningLimit,
    PublicationRules,
    RectificationRules,
    SiteVisit,
    WorkflowRules,
)
from .forms import (
    Change,
    ChoicePoints,
    Difference,
    FlagPoints,
    Linear,
    Over,
    OverKind,
    Plain,
    PointsForm,
    Rank,
    Ratio,
    Steps,
    ValueForm,
)
from .vocabulary import COLOURS, Label, Missing, Publish, Rating, Type

__all__ = [
    "COLOURS",
    "DEFAULTED",
    "Adjustment",
    "Attribute",
    "BottomQuota",
    "Cap",
    "CatalogueList",
    "Change",
    "Check",
    "ChoicePoints",
    "CommitteeRules",
    "Consequence",
    "Difference",
    "Dimension",
    "Duration",
    "Enrolment",
    "FlagPoints",
    "FlagStep",
    "HistoryStep",
    "Indicator",
    "Label",
    "Linear",
    "ListRule",
    "Measure",
    "Missing",
    "OpeningLimit",
    "Over",
    "OverKind",
    "PanelRules",
    "Plain",
    "PointsForm",
    "Policy",
    "PublicationRules",
    "Publish",
    "Quota",
    "Rank",
    "Rating",
    "RatingSteps",
    "Ratio",
    "RectificationRules",
    "Rule",
    "SiteVisit",
    "Steps",
    "TopQuota",
    "Type",
    "UnratedStep",
    "ValueForm",
    "WorkflowRules",
]

DEFAULTED = "defaulted"
"""The attribute that every specialty has, declared or not: the text `true` or `false`."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property of the specialty or its school at the round's reference date."""

    code: str
    type: Type
    label: Label
    source: str = ""


@dataclass(frozen=True, slots=True)
class PanelRules:
    """From how many scores on the highest and lowest are dropped; above which spread the secretary is told."""

    trim_from: int | None = None
    spread_alert: Decimal | None = None


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
    panel: PanelRules | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A cross-field rule; one that holds blocks submission."""

    code: str
    when: Condition
    message: Label
    source: str = ""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number looked at: where it comes from, what it is worth, and what its absence means."""

    code: str
    dimension: str
    label: Label
    value: ValueForm
    unit: str = ""
    needs: Condition | None = None
    over: Over = Over()  # noqa: RUF009 -- frozen
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
    source: str = ""


# --- adjustments and the rating steps --------------------------------------------------------------------------------


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

    def panel_of(self, measure: Measure) -> PanelRules:
        """The rules for a panel measure's scores: its own, else the policy's."""
        return measure.panel or self.panel
