"""The public status of a set of specialties, in one statement: what everybody is told, whoever asks and how many.

There is no other definition: a single status is a set of one.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, distinct_on
from sqlalchemy.orm import Session

from specialty_eval.engine.plan import PlanState
from specialty_eval.engine.review import State

from .base import Straight
from .contested import contested
from .plain import (
    EVENT,
    OPENING_QUOTA,
    PLAN,
    PLAN_LINE,
    RATING,
    REVIEW,
    SCHOOL,
    SPECIALTY,
    SPECIALTY_CODE,
    STANDING,
    SUCCESSION,
    SUCCESSION_LINE,
)

AT_ONCE = 1000
"""Specialties read with one statement; more are read in several, so that they needn't be in memory together."""

_IDS: sa.ColumnElement[Any] = sa.bindparam("ids", required=False, type_=ARRAY(sa.BigInteger))
_DAY: sa.ColumnElement[Any] = sa.bindparam("day", required=False, type_=sa.Date)


def _own(column: Any) -> sa.ColumnElement[bool]:
    return column == sa.any_(_IDS)  # type: ignore[no-any-return]  # any column


def of(session: Session, ids: Sequence[int], day: date) -> Iterator[Any]:
    """Of each of these specialties that there is, in the order of the ids: its columns by name (`_statement`)."""
    for first in range(0, len(ids), AT_ONCE):
        yield from _statement().run(session, {"ids": list(ids[first : first + AT_ONCE]), "day": day})


def every_id(session: Session) -> list[int]:
    """Every specialty there is or was."""
    return list(session.scalars(sa.select(SPECIALTY.c.id).order_by(SPECIALTY.c.id)))


def named(session: Session, codes: Collection[str]) -> dict[str, int]:
    """Code → the specialty it names, now or before, and merged into what; without the codes that nobody ever had."""
    now = sa.func.coalesce(SPECIALTY.c.successor_id, SPECIALTY.c.id)
    found = (
        sa.select(SPECIALTY_CODE.c.code, now)
        .join(SPECIALTY, SPECIALTY.c.id == SPECIALTY_CODE.c.specialty_id)
        .where(SPECIALTY_CODE.c.code == sa.any_(sa.literal(list(codes), ARRAY(sa.Text))))
    )
    return {code: key for code, key in session.execute(found)}  # noqa: C416 -- a Row is no tuple to dict()


@cache
def _statement() -> Straight:
    return Straight(query())


def query() -> sa.Select[*tuple[Any, ...]]:
    """`codes`: the present one first (of a closed one its last). `turns`: the next day that changes what is told."""
    s, at = SPECIALTY.c, STANDING.c
    codes, merged, successor = _codes(), _merged(), _successor()
    held, proposed, under = _held(), _proposed(), contested(_own(REVIEW.c.specialty_id))
    opening, approved, newest, turning = _opening(), _approved(), _newest(), _turning()
    told: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            s.id, codes.c.codes, merged.c.codes.label("merged"), successor.c.code.label("successor"), s.name,
            SCHOOL.c.name.label("school"), s.closed_on, held.c.rating, held.c.year, held.c.reasons,
            held.c.document_number, held.c.valid_from, proposed.c.decided_rating.label("provisional"),
            under.c.under, at.state.label("standing"), opening.c.quotas.label("opening"),
            approved.c.quotas.label("approved"), sa.func.coalesce(newest.c.seq, 0).label("sequence"),
            sa.func.least(turning.c.day, _ahead(s.closed_on)).label("turns"),
        )
        .select_from(SPECIALTY)
        .join(SCHOOL, SCHOOL.c.id == s.school_id)
        .join(codes, codes.c.specialty_id == s.id)
        .outerjoin(STANDING, at.specialty_id == s.id)
    )  # fmt: skip
    told = told.outerjoin(merged, merged.c.successor_id == s.id)
    told = told.outerjoin(successor, successor.c.specialty_id == s.successor_id)
    for part in (held, proposed, under, opening, approved, newest, turning):
        told = told.outerjoin(part, part.c.specialty_id == s.id)
    return told.where(_own(s.id)).order_by(s.id)


def _codes() -> sa.Subquery:
    c = SPECIALTY_CODE.c
    newest_first = aggregate_order_by(c.code, c.valid_to.desc().nulls_first(), c.valid_from.desc())
    every = sa.select(c.specialty_id, sa.func.array_agg(newest_first, type_=ARRAY(sa.Text)).label("codes"))
    return every.where(_own(c.specialty_id)).group_by(c.specialty_id).subquery("codes")


def _merged() -> sa.Subquery:
    """Every code that what is part of each of these now had."""
    c, part = SPECIALTY_CODE.c, SPECIALTY.alias("part")
    every = sa.select(part.c.successor_id, sa.func.array_agg(c.code, type_=ARRAY(sa.Text)).label("codes"))
    every = every.join_from(SPECIALTY_CODE, part, part.c.id == c.specialty_id)
    return every.where(_own(part.c.successor_id)).group_by(part.c.successor_id).subquery("merged")


def _successor() -> sa.Subquery:
    """The present code of what each is part of now."""
    c = SPECIALTY_CODE.c
    return sa.select(c.specialty_id, c.code).where(c.valid_to.is_(None)).subquery("successor")


def _held() -> sa.Subquery:
    """The rating in force on the day, as known now."""
    r = RATING.c
    return (
        sa.select(r.specialty_id, r.rating, r.year, r.reasons, r.document_number, r.valid_from)
        .ext(distinct_on(r.specialty_id))
        .where(_own(r.specialty_id), r.known_to.is_(None), r.valid_from <= _DAY)
        .where(sa.or_(r.valid_to.is_(None), r.valid_to > _DAY))
        .order_by(r.specialty_id, r.valid_from.desc())
        .subquery("held")
    )


def _turning() -> sa.Subquery:
    r = RATING.c
    next_day = sa.func.min(sa.func.least(_ahead(r.valid_from), _ahead(r.valid_to))).label("day")
    known = sa.select(r.specialty_id, next_day).where(_own(r.specialty_id), r.known_to.is_(None))
    return known.group_by(r.specialty_id).subquery("turning")


def _ahead(column: Any) -> sa.ColumnElement[Any]:
    return sa.case((column > _DAY, column))


def _proposed() -> sa.Subquery:
    """The rating in publicity."""
    r = REVIEW.c
    return (
        sa.select(r.specialty_id, r.decided_rating)
        .ext(distinct_on(r.specialty_id))
        .where(_own(r.specialty_id), r.state == State.PUBLICISED.value)
        .order_by(r.specialty_id, r.turn.desc())
        .subquery("proposed")
    )


def _by_year(year: Any, quota: Any) -> sa.ColumnElement[Any]:
    return sa.func.jsonb_object_agg(year, quota).label("quotas")


def _opening() -> sa.Subquery:
    c = OPENING_QUOTA.c
    every = sa.select(c.specialty_id, _by_year(c.academic_year, c.quota)).where(
        _own(c.specialty_id), c.quota.is_not(None)
    )
    return every.group_by(c.specialty_id).subquery("opening")


def _approved() -> sa.Subquery:
    every = approved_places(_own)
    quotas = sa.select(every.c.specialty_id, _by_year(every.c.year, every.c.quota))
    return quotas.group_by(every.c.specialty_id).subquery("approved")


def approved_places(among: Callable[[Any], sa.ColumnElement[bool]]) -> sa.Subquery:
    """`specialty_id`, `year` and `quota`: by the year's approved plan; after a merger the places of both, and none of
    what was merged, until a plan approved later says otherwise.
    """
    line, plan, merged, act = PLAN_LINE.c, PLAN.c, SUCCESSION_LINE.c, SUCCESSION.c
    planned = (
        sa.select(line.specialty_id, plan.academic_year.label("year"), line.quota, plan.approved_at.label("at"))
        .join_from(PLAN_LINE, PLAN, plan.id == line.plan_id)
        .where(among(line.specialty_id), plan.state == PlanState.APPROVED.value)
    )
    united = (
        sa.select(merged.to_specialty_id, merged.quota_year, merged.quota, act.recorded_at)
        .join_from(SUCCESSION_LINE, SUCCESSION, act.id == merged.succession_id)
        .where(among(merged.to_specialty_id), merged.quota.is_not(None))
    )
    handed_over = (
        sa.select(merged.from_specialty_id, merged.quota_year, sa.literal(0), act.recorded_at)
        .join_from(SUCCESSION_LINE, SUCCESSION, act.id == merged.succession_id)
        .where(among(merged.from_specialty_id), merged.quota.is_not(None))  # of a merger alone
    )
    said = sa.union_all(planned, united, handed_over).subquery("said")
    last = sa.select(said.c.specialty_id, said.c.year, said.c.quota).ext(distinct_on(said.c.specialty_id, said.c.year))
    return last.order_by(said.c.specialty_id, said.c.year, said.c.at.desc()).subquery("places")


def _newest() -> sa.Subquery:
    """The newest public event about each."""
    e = EVENT.c
    newest = sa.select(e.specialty_id, sa.func.max(e.seq).label("seq"))
    return newest.where(_own(e.specialty_id), e.audience == "public").group_by(e.specialty_id).subquery("newest")
