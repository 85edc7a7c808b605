"""From ratings to next year's quota and standing, year by year (policy.md, Consequences); whether a plan's lines hold.

Academic years are named by the calendar year they begin in. Nothing here is random or timed: what is not told is not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from .consequences import Consequence, Enrolment
from .decimals import half_up
from .errors import Problem
from .vocabulary import COLOURS, Rating

NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Rated:
    """A confirmed rating in force, with its reason codes (flags among them) and what became of it.

    `under_appeal`: an appeal against it is open. `restored_on`: its rectification passed the recheck that day. The
    instants, where they are known, tell what came first on one day.
    """

    rating: Rating
    confirmed_on: date
    reasons: tuple[str, ...] = ()
    under_appeal: bool = False
    restored_on: date | None = None
    confirmed_at: datetime | None = None
    restored_at: datetime | None = None
    acts_since: date | None = None
    """It went over with a succession: since when its consequences count, before it came to be in force here."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An approved quota, in whole students. `approved_on` None (an opening balance): right after its year's cutoff.

    `under_appeal`: an appeal was open then; where the policy lets it hold everything, no rating acted in this quota.
    """

    year: int
    students: int
    approved_on: date | None = None
    approved_at: datetime | None = None
    under_appeal: bool = False


class Rule(StrEnum):
    """How a line came about."""

    CHANGE = "change"
    STEP = "step"
    RESTORE = "restore"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Line:
    """One specialty's line in the plan of `year`.

    `quota` is None when no approved quota is on record to start from. `before` is the last approved one before this
    year; `base` what a change, a step or a restoration is measured against; `cause` the colour or flag; `step` counts
    from 1; `limited`: the capacity on record cut it.
    """

    year: int
    before: int | None
    base: int | None
    quota: int | None
    standing: str
    rule: Rule
    cause: str = ""
    step: int = 0
    supports: tuple[str, ...] = ()
    limited: bool = False


def acts_from(enrolment: Enrolment, day: date) -> int:
    """The academic year whose plan a rating confirmed (or a recheck passed) on that day acts on first."""
    return day.year if (day.month, day.day) <= enrolment.cutoff else day.year + 1


def first_year(enrolment: Enrolment, rated: Rated) -> int:
    """The academic year whose plan a rating acts on first, or acted on where it came from."""
    return acts_from(enrolment, rated.acts_since or rated.confirmed_on)


def consequence(enrolment: Enrolment, rated: Rated) -> tuple[str, Consequence | None]:
    """(cause, consequence): of the first flag, in the policy's order, among the reasons; else of the colour."""
    for flag, of_flag in enrolment.flags.items():
        if flag in rated.reasons:
            return flag, of_flag
    return rated.rating.value, enrolment.colours.get(rated.rating)


def line(
    enrolment: Enrolment, year: int, ratings: Sequence[Rated], quotas: Sequence[Approved], capacity: int | None = None
) -> Line:
    """The specialty's line in the plan of `year`, from its ratings in force and the quotas approved so far."""
    acting = _colour_or_what_acts_alone(enrolment, _acting(enrolment, year, ratings))
    before = _latest([quota for quota in quotas if quota.year < year])
    standing = standing_in(enrolment, year, ratings, quotas)
    if not acting:
        return Line(year, before, before, before, standing, Rule.KEEP)
    last = acting[-1]
    cause, rules = consequence(enrolment, last)
    if rules is None:  # pragma: no cover -- _acting leaves out what has no consequence
        raise ValueError(f"{cause} has no consequence")
    rule, base, percent, step = _effect(enrolment, year, acting, rules, quotas)
    quota = before if percent is None else _students(enrolment, base, percent)
    is_limited = (last.rating == Rating.GREEN or rules.at_most_capacity) and last.restored_on is None
    limit = capacity if is_limited else None
    limited = quota is not None and limit is not None and quota > limit
    supports = () if _is_restored(enrolment, year, last) else rules.supports
    return Line(year, before, base, limit if limited else quota, standing, rule, cause, step, supports, limited)


def standing_in(enrolment: Enrolment, year: int, ratings: Sequence[Rated], quotas: Sequence[Approved] = ()) -> str:
    """The standing from the beginning of that academic year: `normal` while no rating acts, and once restored.

    A rating that is no colour leaves the standing as it is unless the policy names one for it.
    """
    if enrolment.appeal_suspends != "none":
        ratings = [rated for rated in ratings if not rated.under_appeal]
    acting = _colour_or_what_acts_alone(enrolment, _acting(enrolment, year, ratings))
    if not acting:
        return NORMAL
    last = acting[-1]
    _, rules = consequence(enrolment, last)
    if rules is None or _is_restored(enrolment, year, last):
        return NORMAL
    if rules.then is not None and _years_into_run(enrolment, year, acting, quotas) >= len(rules.steps_percent):
        return rules.then
    return rules.standing


def _colour_or_what_acts_alone(enrolment: Enrolment, acting: Sequence[Rated]) -> Sequence[Rated]:
    """Without the latest ratings that are no colour, where a colour is in force before them: they never take its place.

    One for which the policy names a standing acts like a colour; with no colour before it each acts by itself.
    """
    kept = list(acting)
    while kept and kept[-1].rating not in COLOURS:
        _, rules = consequence(enrolment, kept[-1])
        if rules is not None and rules.standing != NORMAL:
            break
        kept.pop()
    return kept or acting


def _acting(enrolment: Enrolment, year: int, ratings: Sequence[Rated]) -> tuple[Rated, ...]:
    """The ratings whose consequence acts on the plan of `year` or acted before, oldest first."""
    return tuple(
        rated
        for rated in sorted(ratings, key=lambda rated: rated.confirmed_on)
        if first_year(enrolment, rated) <= year
        and consequence(enrolment, rated)[1] is not None
        and not (rated.under_appeal and enrolment.appeal_suspends == "all")
    )


def _run(acting: Sequence[Rated]) -> tuple[Rated, ...]:
    """The last rating and those of its colour before it, without a break.

    Another colour and a passed recheck break a run; ratings that are no colour do not, as elsewhere in a policy.
    """
    colour = next((rated.rating for rated in reversed(acting) if rated.rating in COLOURS), acting[-1].rating)
    run: list[Rated] = []
    for rated in reversed(acting):
        if rated.rating == colour and (rated.restored_on is None or not run):
            run.append(rated)
        elif rated.rating in COLOURS:
            break
    return tuple(reversed(run))


def _years_into_run(enrolment: Enrolment, year: int, acting: Sequence[Rated], quotas: Sequence[Approved]) -> int:
    """1 in the first plan that the run acts on; plans made while an appeal held it are not counted."""
    first = first_year(enrolment, _run(acting)[0])
    made = {quota.year for quota in quotas if first <= quota.year < year}
    acted = {quota.year for quota in quotas if not _was_held(enrolment, quota)}
    return year - first + 1 - len(made - acted)


def _was_held(enrolment: Enrolment, quota: Approved) -> bool:
    return quota.under_appeal and enrolment.appeal_suspends == "all"


def _effect(
    enrolment: Enrolment, year: int, acting: Sequence[Rated], rules: Consequence, quotas: Sequence[Approved]
) -> tuple[Rule, int | None, Fraction | None, int]:
    """(rule, base, percent of the base or None to keep what was, step) of the last acting rating in that year."""
    last = acting[-1]
    before_the_run = _before(enrolment, _confirmed(_run(acting)[0]), quotas)
    if last.restored_on is not None and _is_restored(enrolment, year, last):
        if rules.restore_percent is None or _has_acted(enrolment, year, (last.restored_on, last.restored_at), quotas):
            return _kept(year, quotas)
        return Rule.RESTORE, before_the_run, Fraction(rules.restore_percent), 0
    if rules.steps_percent:
        step = min(_years_into_run(enrolment, year, acting, quotas), len(rules.steps_percent))
        return Rule.STEP, before_the_run, 100 + Fraction(rules.steps_percent[step - 1]), step
    if rules.change_percent is None or _has_acted(enrolment, year, _confirmed(last), quotas):
        return _kept(year, quotas)
    return Rule.CHANGE, _before(enrolment, _confirmed(last), quotas), 100 + Fraction(rules.change_percent), 0


def _kept(year: int, quotas: Sequence[Approved]) -> tuple[Rule, int | None, None, int]:
    return Rule.KEEP, _latest([quota for quota in quotas if quota.year < year]), None, 0


def _is_restored(enrolment: Enrolment, year: int, rated: Rated) -> bool:
    return rated.restored_on is not None and acts_from(enrolment, rated.restored_on) <= year


_Moment = tuple[date, datetime | None]
"""A day and, where it is known, the instant."""


def _confirmed(rated: Rated) -> _Moment:
    return rated.confirmed_on, rated.confirmed_at


def _is_approved_by(enrolment: Enrolment, quota: Approved, moment: _Moment) -> bool:
    day, at = moment
    if quota.approved_on is None:
        return quota.year < acts_from(enrolment, day)
    if quota.approved_at is not None and at is not None:
        return quota.approved_at < at
    return quota.approved_on <= day


def _latest(quotas: Sequence[Approved]) -> int | None:
    """The last approved quota: of the latest year, and of its versions the newest."""
    last = max(quotas, key=_newness, default=None)
    return None if last is None else last.students


def _newness(quota: Approved) -> tuple[int, date, float]:
    at = quota.approved_at
    return quota.year, quota.approved_on or date.min, 0 if at is None else at.timestamp()


def _before(enrolment: Enrolment, moment: _Moment, quotas: Sequence[Approved]) -> int | None:
    """The last quota approved by then; where the record begins later, the first one before the rating acts."""
    known = [quota for quota in quotas if _is_approved_by(enrolment, quota, moment)]
    return _latest(known or [quota for quota in quotas if quota.year < acts_from(enrolment, moment[0])])


def _has_acted(enrolment: Enrolment, year: int, moment: _Moment, quotas: Sequence[Approved]) -> bool:
    """Whether an earlier plan was approved in which what happened at that moment was to act: it acts once."""
    first = acts_from(enrolment, moment[0])
    return any(
        first <= quota.year < year and not _was_held(enrolment, quota) and not _is_approved_by(enrolment, quota, moment)
        for quota in quotas
    )


_ROUNDED: Mapping[str, Callable[[Fraction], int]] = {
    "down": lambda exact: exact.numerator // exact.denominator,
    "up": lambda exact: -(-exact.numerator // exact.denominator),
    "half_up": lambda exact: int(half_up(exact, 0)),
}


def _students(enrolment: Enrolment, base: int | None, percent: Fraction) -> int | None:
    """So much of the base in whole students, never below 0; None where there is no base to take a part of."""
    if percent <= 0:
        return 0
    return None if base is None else max(0, _ROUNDED[enrolment.rounding](base * percent / 100))


# --- the plan --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A line as the planner leaves it; `computed` is what the policy gave."""

    specialty: str
    quota: int
    computed: int | None
    capacity: int | None = None
    reason: str = ""
    county: str = ""
    school: str = ""
    stopped: bool = False
    """No reason gives a suspended or closed specialty places back, only a standing that is restored."""


Caps = Mapping[tuple[str, str], int]
"""(`county` or `school`, its code) → how many places its specialties may have together."""


def cap_problems(sums: Mapping[tuple[str, str], int], caps: Caps, where: str = "lines") -> list[Problem]:
    """The counties and schools whose sum is above its cap."""
    codes = {"county": "county-total-exceeded", "school": "school-capacity-exceeded"}
    return [
        Problem(codes[kind], where, {kind: code, "total": sums[kind, code], "at_most": at_most})
        for (kind, code), at_most in sorted(caps.items())
        if sums.get((kind, code), 0) > at_most
    ]


def plan_problems(
    lines: Sequence[PlanLine], city_total: int | None = None, caps: Caps = MappingProxyType({})
) -> list[Problem]:
    """Why these lines are no plan: below 0, above capacity, adjusted without a reason, together above a total."""
    problems = []
    for entry in lines:
        where = f"lines.{entry.specialty}"
        if entry.quota < 0:
            problems.append(Problem("quota-negative", where, {"quota": entry.quota}))
        if entry.stopped and entry.quota > 0:
            problems.append(Problem("places-though-stopped", where, {"quota": entry.quota}))
        if entry.capacity is not None and entry.quota > entry.capacity:
            facts = {"quota": entry.quota, "capacity": entry.capacity}
            problems.append(Problem("quota-above-capacity", where, facts))
        if entry.quota != entry.computed and not entry.reason.strip():
            if entry.computed is None:
                problems.append(Problem("quota-reason-missing", where, {"quota": entry.quota}))
            else:
                facts = {"quota": entry.quota, "computed": entry.computed}
                problems.append(Problem("adjustment-reason-missing", where, facts))
    total = sum(entry.quota for entry in lines)
    if city_total is not None and total > city_total:
        problems.append(Problem("city-total-exceeded", "lines", {"total": total, "city_total": city_total}))
    sums: dict[tuple[str, str], int] = {}
    for entry in lines:
        for place in (("county", entry.county), ("school", entry.school)):
            sums[place] = sums.get(place, 0) + entry.quota
    return problems + cap_problems(sums, caps)
