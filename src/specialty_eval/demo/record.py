"""What the demo's end is told from: ratings, places, standings and cases on record. Asks; the words are `telling`'s."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.cases import OBJECTION_HOLDS_UP
from specialty_eval.engine.errors import Problem
from specialty_eval.store import public_queries
from specialty_eval.store.contested import is_going
from specialty_eval.store.deliberation import MeetingItem
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import (
    Appeal,
    EnrolmentLine,
    EnrolmentPlan,
    Objection,
    OpeningQuota,
    RatingInForce,
    Rectification,
    Standing,
)
from specialty_eval.store.public_queries import Counted, Wanted
from specialty_eval.store.registry import Jurisdiction, School, Specialty, SpecialtyCode
from specialty_eval.store.reviews import Review

from .story import YEARS
from .world import REFUSED

OPENING = YEARS[0] - 1
"""The academic year of the opening quotas."""
FIRST_DAY = date(OPENING, 12, 31)


@dataclass(frozen=True, slots=True)
class Line:
    """A specialty's line in an approved plan."""

    quota: int
    rule: str
    cause: str
    adjusted: str


@dataclass(frozen=True, slots=True)
class Told:
    """A specialty from the first day to the last.

    `ratings` in the order in which they became known, an overturned one among them; `before` that of the first day.
    `quotas` by academic year: the opening one and those of the approved plans, whose last line is `line`.
    """

    code: str
    name: str
    county: str
    level: str
    class_name: str
    ratings: tuple[str, ...]
    before: str | None
    now: str | None
    quotas: Mapping[int, int]
    line: Line | None
    standing: str
    rectification: str


def specialties(session: Session) -> dict[str, Told]:
    """Code → what is told of it, in order of the codes."""
    ratings, lines, opening = _ratings(session), _lines(session), _opening(session)
    standings, rectified = _standings(session), _rectifications(session)
    found = (
        sa.select(
            SpecialtyCode.code, Specialty.id, Specialty.name, Jurisdiction.name, Specialty.level, Specialty.class_name
        )
        .join(Specialty, Specialty.id == SpecialtyCode.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(Jurisdiction, Jurisdiction.code == School.jurisdiction_code)
        .where(SpecialtyCode.valid_to.is_(None))
        .order_by(SpecialtyCode.code)
    )
    told = {}
    for code, key, name, county, level, class_name in session.execute(found):
        path, before, now = ratings.get(key, ((), None, None))
        planned = lines.get(key, {})
        quotas = {**opening.get(key, {}), **{year: line.quota for year, line in planned.items()}}
        last = planned[max(planned)] if planned else None
        told[code] = Told(code, name, county, level, class_name, path, before, now, quotas, last,
                          standings.get(key, "normal"), rectified.get(key, ""))  # fmt: skip
    return told


def _ratings(session: Session) -> dict[int, tuple[tuple[str, ...], str | None, str | None]]:
    """Specialty → (its ratings as they became known, that of the first day, the one in force)."""
    found = sa.select(RatingInForce).order_by(RatingInForce.known_from, RatingInForce.id)
    paths: dict[int, dict[tuple[int | None, int], str]] = {}
    before: dict[int, str] = {}
    now: dict[int, str] = {}
    for row in session.scalars(found):
        # A rating that another cut short is written anew: it is still the same one.
        paths.setdefault(row.specialty_id, {}).setdefault((row.review_id, row.year), row.rating)
        if row.known_to is None and row.valid_from <= FIRST_DAY and (row.valid_to is None or row.valid_to > FIRST_DAY):
            before[row.specialty_id] = row.rating
        if row.known_to is None and row.valid_to is None:
            now[row.specialty_id] = row.rating
    return {key: (tuple(path.values()), before.get(key), now.get(key)) for key, path in paths.items()}


def _lines(session: Session) -> dict[int, dict[int, Line]]:
    """Specialty → academic year → its line in the approved plan."""
    found = (
        sa.select(EnrolmentLine, EnrolmentPlan.academic_year)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(EnrolmentPlan.state == "approved")
        .order_by(EnrolmentPlan.academic_year)
    )
    lines: dict[int, dict[int, Line]] = {}
    for line, year in session.execute(found):
        kept = Line(line.quota, line.rule, line.cause, line.adjustment_reason)
        lines.setdefault(line.specialty_id, {})[year] = kept
    return lines


def _opening(session: Session) -> dict[int, dict[int, int]]:
    found = sa.select(OpeningQuota.specialty_id, OpeningQuota.quota).where(OpeningQuota.academic_year == OPENING)
    return {key: {OPENING: quota} for key, quota in session.execute(found) if quota is not None}


def _standings(session: Session) -> dict[int, str]:
    found = session.execute(sa.select(Standing.specialty_id, Standing.state))
    return {key: state for key, state in found}  # noqa: C416 -- a Row is no tuple to dict()


def _rectifications(session: Session) -> dict[int, str]:
    """Specialty → the state of its newest rectification."""
    found = session.execute(sa.select(Rectification.specialty_id, Rectification.state).order_by(Rectification.id))
    return {key: state for key, state in found}  # noqa: C416 -- see above


def ratings_on(session: Session, day: date) -> list[Counted]:
    """How many specialties had which rating in force on a day, as known now: counted as the public page counts."""
    return public_queries.counted(session, Wanted(), day)


def counties(session: Session) -> Mapping[str, str]:
    """The counties' names by code, as the public page has them."""
    return public_queries.choices(session).counties


# --- what is contested ---


@dataclass(frozen=True, slots=True)
class Contested:
    """An objection or an appeal that is open, since when, until when it is to be answered, its number."""

    code: str
    kind: str
    state: str
    since: datetime
    due: datetime | None
    number: int
    grounds: str


def contested(session: Session) -> list[Contested]:
    """Everything open at the end, oldest first."""
    objections = (
        sa.select(
            SpecialtyCode.code, Objection.state, Objection.received_at, Objection.answer_due, Objection.id,
            Objection.grounds,
        )
        .join(Review, Review.id == Objection.review_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Review.specialty_id)
        .where(Objection.state.in_([state.value for state in OBJECTION_HOLDS_UP]), SpecialtyCode.valid_to.is_(None))
    )  # fmt: skip
    appeals = (
        sa.select(SpecialtyCode.code, Appeal.state, Appeal.received_at, Appeal.answer_due, Appeal.id, Appeal.grounds)
        .join(Review, Review.id == Appeal.review_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Review.specialty_id)
        .where(is_going(Appeal), SpecialtyCode.valid_to.is_(None))
    )
    found = [
        Contested(code, kind, state, since, due, number, grounds)
        for kind, query in (("objection", objections), ("appeal", appeals))
        for code, state, since, due, number, grounds in session.execute(query)
    ]
    return sorted(found, key=lambda case: (case.since, case.number))


def refused(session: Session) -> list[tuple[str, int, Problem]]:
    """The acts that came too late: on which specialty's item of a meeting, and what whoever acted was told."""
    found = (
        sa.select(SpecialtyCode.code, Event.subject_id, Event.facts)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Event.specialty_id)
        .where(Event.kind == REFUSED, SpecialtyCode.valid_to.is_(None))
        .order_by(Event.seq)
    )
    return [(code, item, _problem(**told)) for code, item, told in session.execute(found)]


def _problem(*, code: str, where: str, **facts: object) -> Problem:
    return Problem(code, where, facts)


def put_off(session: Session) -> list[str]:
    """The specialties with an item that was put off for want of a quorum, each once however often that happened."""
    found = (
        sa.select(SpecialtyCode.code)
        .distinct()
        .join(Review, Review.specialty_id == SpecialtyCode.specialty_id)
        .join(MeetingItem, MeetingItem.review_id == Review.id)
        .where(MeetingItem.state == "voided", SpecialtyCode.valid_to.is_(None))
        .order_by(SpecialtyCode.code)
    )
    return list(session.scalars(found))
