"""What the ratings on record do to each open specialty of a city in an academic year: line, standing, cause.

The arithmetic is `engine.enrolment`'s; here is the record it reads, in a fixed number of statements.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.cases import APPEAL_ENDED
from specialty_eval.engine.consequences import Enrolment
from specialty_eval.engine.enrolment import Approved, Line, Rated, consequence, first_year, line, standing_in
from specialty_eval.engine.review import State
from specialty_eval.engine.standing import STANDING, StandingState
from specialty_eval.engine.vocabulary import COLOURS, Rating

from .contested import is_going
from .cycles import Cycle, Round, policy_of
from .outcome_queries import among
from .outcomes import Appeal, EnrolmentLine, EnrolmentPlan, OpeningQuota, RatingInForce, Rectification, Standing
from .registry import School, Specialty
from .reviews import Review
from .standing_rounds import going, stands
from .successions import SuccessionLine


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A confirmed rating as consequences look at it, and the policy row of its round (None: an opening balance)."""

    rated: Rated
    review_id: int | None
    policy_id: int | None


@dataclass(slots=True)
class Record:
    """What is on record of one specialty: ratings, approved quotas, and the latest capacity."""

    ratings: list[OnRecord] = field(default_factory=list)
    quotas: list[Approved] = field(default_factory=list)
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a specialty's record does in an academic year.

    `cause` is the rating its standing rests on, None while none acts; `cause_code` its colour or flag; `held`: an
    appeal against that one keeps the standing where it is.
    """

    specialty_id: int
    line: Line
    standing: StandingState
    cause: OnRecord | None
    cause_code: str
    held: bool
    capacity: int | None


def effects(session: Session, city: str, year: int, begins: date, zone: tzinfo) -> list[Effect] | None:
    """The effects of a year on every specialty of the city that is open when it begins, in order of id.

    None when no policy was ever pinned there: then there is nothing to compute by.
    """
    fallback = latest_policy(session, city, year)
    if fallback is None:
        return None
    records = _records(session, open_specialties(session, city, begins), zone)
    return [_effect(session, key, record, year, fallback) for key, record in records.items()]


def one_at_a_time(session: Session, city: str) -> None:
    """Wait until nobody else proposes to close this city's idle specialties; held to the end of the transaction."""
    name = f"closing-proposals {city}"
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def open_specialties(session: Session, city: str, day: date) -> list[int]:
    """The specialties of a city that are taught on that day and not closed, in order of id."""
    found = (
        sa.select(Specialty.id)
        .join(School, School.id == Specialty.school_id)
        .outerjoin(Standing, Standing.specialty_id == Specialty.id)
        .where(
            School.city_code == city,
            Specialty.opened_on <= day,
            sa.or_(Specialty.closed_on.is_(None), Specialty.closed_on > day),
            sa.or_(Standing.state.is_(None), Standing.state != StandingState.CLOSED.value),
        )
    )
    return list(session.scalars(found.order_by(Specialty.id)))


def latest_policy(session: Session, city: str, year: int) -> int | None:
    """The policy that the city's newest round up to that year pins: for what no round of its own decides.

    A cancelled one with confirmed ratings where there is no other.
    """
    found = (
        sa.select(Round.policy_id)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .where(Cycle.jurisdiction_code == city, stands())
        .order_by((Round.year <= year).desc(), going().desc(), Round.year.desc(), Round.number.desc())
        .limit(1)
    )  # fmt: skip
    return session.scalar(found)


def _effect(session: Session, key: int, record: Record, year: int, fallback: int) -> Effect:
    enrolment = _rules(session, record, year, fallback)
    rated = [r.rated for r in record.ratings]
    found = line(enrolment, year, rated, record.quotas, record.capacity)
    cause = _cause(enrolment, year, record.ratings)
    held = cause is not None and cause.rated.under_appeal and enrolment.appeal_suspends != "none"
    # A passed recheck restores the standing at once; the quota follows in the next plan.
    at_once = [replace(r, restored_on=r.restored_on and r.confirmed_on) for r in rated]
    standing = StandingState(standing_in(enrolment, year, at_once, record.quotas))
    code = "" if cause is None else consequence(enrolment, cause.rated)[0]
    return Effect(key, found, standing, cause, code, held, record.capacity)


def _rules(session: Session, record: Record, year: int, fallback: int) -> Enrolment:
    """The consequences by the policy of the last rating that acts in that year."""
    for on_record in sorted(record.ratings, key=lambda r: r.rated.confirmed_on, reverse=True):
        own = None if on_record.policy_id is None else policy_of(session, on_record.policy_id).enrolment
        if own is not None and first_year(own, on_record.rated) <= year:
            return own
    rules = policy_of(session, fallback).enrolment
    if rules is None:
        raise ValueError("a pinned policy says what a rating does to enrolment")
    return rules


def _cause(enrolment: Enrolment, year: int, ratings: Sequence[OnRecord]) -> OnRecord | None:
    """The rating that the standing of a year rests on: one that is no colour leaves it, unless the policy names one."""
    for on_record in sorted(ratings, key=lambda r: r.rated.confirmed_on, reverse=True):
        _, rules = consequence(enrolment, on_record.rated)
        if rules is None or first_year(enrolment, on_record.rated) > year:
            continue
        if on_record.rated.rating in COLOURS or rules.standing != StandingState.NORMAL:
            return on_record
    return None


# --- the record ------------------------------------------------------------------------------------------------------


def _records(session: Session, ids: Collection[int], zone: tzinfo) -> dict[int, Record]:
    records = {key: Record() for key in ids}
    _add_ratings(session, records, zone)
    _add_quotas(session, records, zone)
    return records


def _add_ratings(session: Session, records: Mapping[int, Record], zone: tzinfo) -> None:
    going = sa.exists().where(Appeal.review_id == Review.id, is_going(Appeal)).correlate(Review)
    replaced = aliased(Review)  # an upheld appeal's rating acts from when the overturned one was confirmed
    mended = _mended()
    in_force = (
        sa.select(
            RatingInForce.specialty_id, RatingInForce.review_id, RatingInForce.rating, RatingInForce.valid_from,
            RatingInForce.reasons, going, mended.c.passed_on, mended.c.updated_at, Round.policy_id,
            sa.func.coalesce(replaced.confirmed_at, Review.confirmed_at), RatingInForce.acts_since,
        )
        .outerjoin(Review, Review.id == RatingInForce.review_id)
        .outerjoin(replaced, replaced.id == Review.replaces_id)
        .outerjoin(Round, Round.id == Review.round_id)
        .outerjoin(mended, sa.true())
        .where(among(RatingInForce.specialty_id, records), RatingInForce.known_to.is_(None))
    )  # fmt: skip
    for specialty, review, rating, day, reasons, under, restored, ended, policy, at, since in session.execute(in_force):
        rated = Rated(Rating(rating), day, tuple(reasons), under, restored, _within(day, at, zone),
                      None if restored is None else ended, since)  # fmt: skip
        records[specialty].ratings.append(OnRecord(rated, review, policy))
    for specialty, review, rating, at, policy in session.execute(_passed_over(records)):
        rated = Rated(Rating(rating), _day(at, zone), confirmed_at=at)
        records[specialty].ratings.append(OnRecord(rated, review, policy))


def _mended() -> sa.FromClause:
    """When a rating's recheck was passed: the specialty's own, which may be another than was rated once a succession
    brought the rating there; where it was asked nothing of its own (it had been passed by then), the rated one's.
    """
    own = Rectification.specialty_id == RatingInForce.specialty_id
    other = aliased(Rectification)
    has_own = sa.exists().where(other.review_id == Review.id, other.specialty_id == RatingInForce.specialty_id)
    has_own = has_own.correlate(Review, RatingInForce)
    found = (
        sa.select(Rectification.passed_on, Rectification.updated_at)
        .where(Rectification.review_id == Review.id, Rectification.passed_on.is_not(None), sa.or_(own, ~has_own))
        .order_by(own.desc(), Rectification.id.desc())
        .limit(1)
    )
    return found.correlate(Review, RatingInForce).lateral("mended")


def _passed_over(ids: Collection[int]) -> sa.Select[*tuple[Any, ...]]:
    """Confirmed results that are no colour and took no colour's place: the review itself keeps them on record."""
    newer = aliased(Review)
    return (
        sa.select(Review.specialty_id, Review.id, Review.decided_rating, Review.confirmed_at, Round.policy_id)
        .join(Round, Round.id == Review.round_id)
        .where(
            among(Review.specialty_id, ids),
            Review.state == State.CONFIRMED.value,
            Review.decided_rating.not_in([colour.value for colour in COLOURS]),
            ~sa.exists().where(RatingInForce.review_id == Review.id, RatingInForce.known_to.is_(None)),
            ~sa.exists().where(newer.replaces_id == Review.id, newer.state == State.CONFIRMED.value),
        )
    )


def _add_quotas(session: Session, records: Mapping[int, Record], zone: tzinfo) -> None:
    """Every approved version of a year's quota, but for those set aside after an appeal; and the opening balance."""
    approved = (
        sa.select(
            EnrolmentLine.specialty_id, EnrolmentPlan.academic_year, EnrolmentLine.quota, EnrolmentPlan.approved_at,
            _was_under_appeal(),
        )
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(
            among(EnrolmentLine.specialty_id, records), EnrolmentPlan.approved_at.is_not(None), ~EnrolmentLine.set_aside
        )
    )  # fmt: skip
    for specialty, year, quota, at, under in session.execute(approved):
        records[specialty].quotas.append(Approved(year, quota, at and _day(at, zone), at, under))
    merged = sa.select(
        SuccessionLine.to_specialty_id, SuccessionLine.quota_year, SuccessionLine.quota, SuccessionLine.effective_on
    ).where(among(SuccessionLine.to_specialty_id, records), SuccessionLine.quota.is_not(None))
    for specialty, of, places, day in session.execute(merged.order_by(SuccessionLine.id)):
        records[specialty].quotas.append(Approved(int(of or 0), int(places or 0), day))
    opening = sa.select(
        OpeningQuota.specialty_id, OpeningQuota.academic_year, OpeningQuota.quota, OpeningQuota.capacity
    ).where(among(OpeningQuota.specialty_id, records))
    for specialty, year, stated, capacity in session.execute(opening.order_by(OpeningQuota.academic_year)):
        if stated is not None:
            records[specialty].quotas.append(Approved(year, stated))
        if capacity is not None:
            records[specialty].capacity = capacity


def _was_under_appeal() -> sa.ColumnElement[bool]:
    """Whether an appeal about the line's specialty was going when its plan was approved, its new review included."""
    appealed, again = aliased(Review), aliased(Review)
    ended = sa.case(
        (Appeal.new_review_id.is_not(None), again.confirmed_at),
        (Appeal.state.in_([state.value for state in APPEAL_ENDED]), Appeal.updated_at),
    )
    return (
        sa.exists()
        .where(
            appealed.id == Appeal.review_id,
            appealed.specialty_id == EnrolmentLine.specialty_id,
            Appeal.received_at <= EnrolmentPlan.approved_at,
            sa.or_(ended.is_(None), EnrolmentPlan.approved_at < ended),
        )
        .select_from(sa.join(Appeal, appealed, appealed.id == Appeal.review_id).outerjoin(
            again, again.id == Appeal.new_review_id))
        .correlate(EnrolmentLine, EnrolmentPlan)
    )  # fmt: skip


def _within(day: date, at: datetime | None, zone: tzinfo) -> datetime | None:
    """The instant, where it is one of that day: of a rating that replaced a replacement it is not."""
    return at if at is not None and _day(at, zone) == day else None


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


# --- standings -------------------------------------------------------------------------------------------------------


def add_standings(session: Session, specialties: Collection[int], since: date, year: int, now: datetime) -> int:
    """Begin a standing, `normal`, for each of these specialties that has none; how many are new."""
    start = STANDING.start.value
    wanted = sa.select(
        Specialty.id, sa.literal(start), sa.literal(since), sa.literal(year), sa.literal(now, Standing.updated_at.type)
    ).where(among(Specialty.id, specialties), ~sa.exists().where(Standing.specialty_id == Specialty.id))
    columns = ["specialty_id", "state", "since", "academic_year", "updated_at"]
    written = insert(Standing).from_select(columns, wanted.order_by(Specialty.id)).on_conflict_do_nothing()
    return len(session.execute(written.returning(Standing.id)).all())


def locked_standings(session: Session, specialties: Collection[int]) -> list[Standing]:
    """The standings of these specialties under a lock, in order of id, as they are now."""
    found = sa.select(Standing).where(among(Standing.specialty_id, specialties)).order_by(Standing.id)
    return list(session.scalars(found.with_for_update(), execution_options={"populate_existing": True}))


def rest_on(session: Session, rows: Sequence[tuple[int, int | None, int | None]]) -> None:
    """(standing, review its rating is of, quota its run is measured against), in one statement."""
    ids, reviews, quotas = zip(*rows, strict=True) if rows else ((), (), ())
    given = [sa.literal(list(column), ARRAY(sa.BigInteger())) for column in (ids, reviews, quotas)]
    new = sa.func.unnest(*given).table_valued("id", "review_id", "quota").render_derived()
    if rows:
        values = {"cause_review_id": new.c.review_id, "quota_before": new.c.quota}
        update = sa.update(Standing).where(Standing.id == new.c.id).values(**values)
        session.execute(update, execution_options={"synchronize_session": False})
