"""Nodes → what a rating leads to: enrolment, and the rules of workflow, committee and publication."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from .consequences import (
    CommitteeRules,
    Consequence,
    Duration,
    Enrolment,
    PublicationRules,
    RectificationRules,
    SiteVisit,
    WorkflowRules,
)
from .policy_names import Names, unique
from .policy_shape import Fields, Spot, nearest
from .roles import PUBLISHERS, Role
from .vocabulary import COLOURS, Rating

_DURATION = re.compile(r"([0-9]{1,4})(w?)")
_FRACTION = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_TIME_ZONE = re.compile(r"UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}")
_LONGEST_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

STANDINGS = ("normal", "supported", "restricted", "phasing_out", "suspended")
_CONSEQUENCE_KEYS = "standing change_percent steps_percent then at_most supports rectification restore_percent"
_RATED = (*COLOURS, Rating.UNRATED)

DAYS = {
    "collect": Duration(30, working=False),
    "county_check": Duration(10, working=True),
    "verify": Duration(10, working=True),
    "correct": Duration(15, working=True),
    "panel": Duration(15, working=True),
    "challenge": Duration(10, working=True),
    "challenge_answer": Duration(10, working=True),
    "quorum": Duration(10, working=True),
    "written": Duration(10, working=True),
    "deliberate": Duration(30, working=True),
    "preview": Duration(5, working=True),
    "deemed_served": Duration(5, working=True),
    "publicity": Duration(5, working=True),
    "admissibility": Duration(5, working=True),
    "objection_answer": Duration(15, working=True),
    "appeal": Duration(10, working=True),
    "appeal_answer": Duration(30, working=True),
}
"""What holds where the policy names no days of its own."""

DEFAULT_WORKFLOW = WorkflowRules(
    time_zone="Asia/Shanghai",
    calendar="CN",
    county_check=True,
    days=DAYS,
    correction_clock="continue",
    corrections_at_most=2,
    experts=3,
    experts_at_least=2,
    site_visit=None,
    two_people=(Role.SECRETARY, Role.BUREAU_APPROVER),
)
DEFAULT_COMMITTEE = CommitteeRules(
    sectors=("industry", "enterprise", "research", "administration"),
    at_least_per_sector=1,
    quorum=Fraction(2, 3),
    majority=Fraction(1, 2),
    override_needs=Fraction(2, 3),
)
YEARS_WITHOUT_INTAKE = 3
"""Where a policy does not say: 连续3年不招生的应提出撤销 (Shandong, 2017)."""
DEFAULT_PUBLICATION = PublicationRules(suppress_below=10, restricted="withheld")


def enrolment(spot: Spot | None, names: Names) -> Enrolment | None:
    """What each colour and flag does to the quota."""
    if spot is None:
        return None
    fields = spot.fields("", f"rounding cutoff appeal_suspends years_without_intake flags {' '.join(_RATED)}")
    flags = fields.get("flags")
    by_flag = {}
    for code, entry in [] if flags is None else flags.entries(at_least=0):
        if code not in names.flags:
            entry.refuse("unknown-flag", value=code, expected=tuple(names.flags), nearest=nearest(code, names.flags))
        by_flag[code] = _consequence(entry)
    return Enrolment(
        rounding=fields.one_of("rounding", ("down", "up", "half_up"), "down"),
        cutoff=_month_day(fields.get("cutoff")),
        appeal_suspends=fields.one_of("appeal_suspends", ("none", "standing", "all"), "none"),
        colours={rating: _consequence(fields.found[rating]) for rating in _RATED if rating in fields},
        flags=by_flag,
        years_without_intake=fields.integer("years_without_intake", 1, 100, default=YEARS_WITHOUT_INTAKE),
    )


def _month_day(spot: Spot | None) -> tuple[int, int]:
    """A day that every year has."""
    if spot is None:
        return 6, 30
    written = _MONTH_DAY.fullmatch(spot.text())
    month, day = (int(written[1]), int(written[2])) if written else (0, 0)
    if not (1 <= month <= 12 and 1 <= day <= _LONGEST_MONTHS[month - 1]):
        spot.refuse("not-a-month-day", expected="MM-DD")
        return 6, 30
    return month, day


def _consequence(spot: Spot) -> Consequence:
    fields = spot.fields("", _CONSEQUENCE_KEYS)
    steps = [item.number(-100) for item in fields.items("steps_percent")]
    change = fields.number("change_percent", -100)
    if "steps_percent" in fields and "change_percent" in fields:
        fields.found["change_percent"].refuse("key-not-here", key="change_percent", expected="steps_percent")
    if "then" in fields and "steps_percent" not in fields:
        fields.found["then"].refuse("key-not-here", key="then", expected="steps_percent")
    rectification = fields.get("rectification")
    return Consequence(
        standing=fields.one_of("standing", STANDINGS, "normal"),
        change_percent=change,
        steps_percent=tuple(step for step in steps if step is not None),
        then=fields.one_of("then", STANDINGS) or None,
        at_most_capacity=bool(fields.one_of("at_most", ("capacity",))),
        supports=tuple(item.text() for item in fields.items("supports", at_least=0)),
        rectification=None if rectification is None else _rectification(rectification),
        restore_percent=fields.number("restore_percent", 0, 100),
    )


def _rectification(spot: Spot) -> RectificationRules:
    fields = spot.fields("plan_due recheck_after_months failures_allowed")
    return RectificationRules(
        plan_due=_duration(fields.get("plan_due")),
        recheck_after_months=fields.integer("recheck_after_months", 0, 120, default=0),
        failures_allowed=fields.integer("failures_allowed", 0, 100, default=0),
    )


def _duration(spot: Spot | None) -> Duration:
    """`10w` is ten working days; `30`, quoted or not, thirty calendar days."""
    nothing = Duration(0, working=False)
    scalar = None if spot is None else spot.scalar("30, 10w")
    if spot is None or scalar is None:
        return nothing
    written = _DURATION.fullmatch(scalar.text)
    if written is None:
        spot.refuse("not-a-duration", expected="30, 10w")
        return nothing
    return Duration(int(written[1]), working=bool(written[2]))


def workflow(spot: Spot | None) -> WorkflowRules:
    """Days, clocks and the two people; what is absent is as in `DEFAULT_WORKFLOW`."""
    if spot is None:
        return DEFAULT_WORKFLOW
    fields = spot.fields(
        "", "time_zone calendar county_check days correction_clock corrections_at_most panel site_visit two_people"
    )
    known = DEFAULT_WORKFLOW
    experts, experts_at_least = _panel(fields.get("panel"))
    return WorkflowRules(
        time_zone=_matching(fields, "time_zone", _TIME_ZONE, known.time_zone),
        calendar=_matching(fields, "calendar", re.compile("[A-Z]{2}"), known.calendar),
        county_check=fields.yes_no("county_check", default=known.county_check),
        days=_days(fields.get("days")),
        correction_clock=fields.one_of("correction_clock", ("continue", "restart"), known.correction_clock),
        corrections_at_most=fields.integer("corrections_at_most", 0, 100, default=known.corrections_at_most),
        experts=experts,
        experts_at_least=experts_at_least,
        site_visit=_site_visit(fields.get("site_visit")),
        two_people=_two_people(fields.get("two_people")),
    )


def _matching(fields: Fields, key: str, pattern: re.Pattern[str], default: str) -> str:
    text = fields.text(key, default)
    if not pattern.fullmatch(text):
        fields.found[key].refuse("not-one-of", expected=(default,), nearest=default)
    return text


def _days(spot: Spot | None) -> dict[str, Duration]:
    if spot is None:
        return dict(DAYS)
    fields = spot.fields("", " ".join(DAYS))
    return {name: _duration(fields.get(name)) if name in fields else default for name, default in DAYS.items()}


def _panel(spot: Spot | None) -> tuple[int, int]:
    experts, at_least = DEFAULT_WORKFLOW.experts, DEFAULT_WORKFLOW.experts_at_least
    if spot is None:
        return experts, at_least
    fields = spot.fields("", "experts at_least")
    experts = fields.integer("experts", 1, 100, default=experts)
    return experts, fields.integer("at_least", 1, experts, default=min(at_least, experts))


def _site_visit(spot: Spot | None) -> SiteVisit | None:
    if spot is None:
        return None
    fields = spot.fields("when", "sample_percent")
    when = fields.get("when")
    proposed = None if when is None else when.fields("proposed").get("proposed")
    inner = None if proposed is None else proposed.fields("one_of")
    ratings = [item.one_of(tuple(Rating)) for item in ([] if inner is None else inner.items("one_of"))]
    sample = fields.number("sample_percent", 0, 100)
    return SiteVisit(tuple(Rating(r) for r in ratings if r), sample if sample is not None else Decimal(0))


def _two_people(spot: Spot | None) -> tuple[str, str]:
    if spot is None:
        return DEFAULT_WORKFLOW.two_people
    first, second = (*(item.one_of(PUBLISHERS) for item in spot.items(at_least=2, at_most=2)), "", "")[:2]
    return first, second


def committee(spot: Spot | None) -> CommitteeRules:
    """Sectors and majorities; what is absent is as in `DEFAULT_COMMITTEE`."""
    if spot is None:
        return DEFAULT_COMMITTEE
    fields = spot.fields("", "sectors at_least_per_sector quorum pass override_needs")
    known = DEFAULT_COMMITTEE
    return CommitteeRules(
        sectors=_sectors(fields.items("sectors")) or known.sectors,
        at_least_per_sector=fields.integer("at_least_per_sector", 0, 100, default=known.at_least_per_sector),
        quorum=_fraction(fields.get("quorum"), known.quorum),
        majority=_fraction(fields.get("pass"), known.majority, below_one=True),
        override_needs=_fraction(fields.get("override_needs"), known.override_needs),
    )


def _sectors(spots: Sequence[Spot]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    for spot in spots:
        unique(spot, spot.code(), seen)
    return tuple(seen)


def _fraction(spot: Spot | None, default: Fraction, *, below_one: bool = False) -> Fraction:
    """`2/3`; of `pass`, which must be exceeded, below 1."""
    if spot is None:
        return default
    written = _FRACTION.fullmatch(spot.text())
    fraction = Fraction(int(written[1]), int(written[2])) if written and int(written[2]) else None
    if fraction is None or not 0 < fraction <= 1 or (below_one and fraction == 1):
        spot.refuse("not-a-fraction", expected="1/2" if below_one else "2/3")
        return default
    return fraction


def publication(spot: Spot | None) -> PublicationRules:
    """What is hidden; what is absent is as in `DEFAULT_PUBLICATION`."""
    if spot is None:
        return DEFAULT_PUBLICATION
    fields, known = spot.fields("", "suppress_below restricted"), DEFAULT_PUBLICATION
    return PublicationRules(
        suppress_below=fields.integer("suppress_below", 0, default=known.suppress_below),
        restricted=fields.one_of("restricted", ("withheld", "banded"), known.restricted),
    )
