"""The grounds of a recusal beside a tie to the thing itself: what was merged into it, an interest, a decision before.

What each finds is a condition of `scopes` alone; there stands who is recused from what.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from .corrections import Correction
from .deliberation import Decision, InterestDeclaration, MeetingItem
from .registry import School, Specialty
from .reviews import Review
from .ties import KEPT, Near, beside, is_tied

Found: TypeAlias = Callable[[Near], sa.Select[*tuple[Any, ...]]]
"""What somebody is recused from: one or more keys a row."""


def among(who: Near, found: Found, *keys: Any) -> sa.ColumnElement[bool]:
    """Whether the keys are of a row found: of one person all are found once a statement, of many each is looked up."""
    if who.is_one:
        key = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
        return key.in_(sa.select(_found_once(who, found)))
    rows = found(who)
    its = rows.where(*(column == key for column, key in zip(rows.selected_columns, keys, strict=True)))
    # OFFSET 0: each is looked up; without it PostgreSQL would read everybody's first.
    return its.offset(0).exists()


@lru_cache(maxsize=3 * KEPT)
def _found_once(who: Near, found: Found) -> sa.CTE:
    return beside(found(who))


def merged(who: Near) -> sa.Select[*tuple[Any, ...]]:
    """The specialties that one was merged into of a school or an enterprise that the person is tied to."""
    part, taught_at = aliased(Specialty), aliased(School)
    found = sa.select(part.successor_id).join(taught_at, taught_at.id == part.school_id)
    found = found.where(part.successor_id.is_not(None), is_tied(who, taught_at, part.partner))
    return found.correlate_except(part, taught_at)


def interests_by_round(who: Near) -> sa.Select[*tuple[Any, ...]]:
    """The specialties that the person declared an interest in, or that these are part of now, each with the round."""
    other, part, known = aliased(Review), aliased(Specialty), aliased(Specialty)
    said = (
        sa.select(known.id, other.round_id)
        .select_from(InterestDeclaration)
        .join(MeetingItem, MeetingItem.id == InterestDeclaration.item_id)
        .join(other, other.id == MeetingItem.review_id)
        .join(part, part.id == other.specialty_id)
        .join(known, sa.or_(known.id == part.id, known.id == part.successor_id))
        .where(InterestDeclaration.person_id == who.person_id, InterestDeclaration.interest == "interest")
    )
    return said.correlate_except(InterestDeclaration, MeetingItem, other, part, known)


def interests(who: Near) -> sa.Select[*tuple[Any, ...]]:
    """The same, whatever the round."""
    said = interests_by_round(who)
    return said.with_only_columns(said.selected_columns[0])


def first_decided(*columns: Any) -> sa.Select[Any]:
    """Reviews that an appeal opened (`new_review_id`) with each decision of what they replace, or it replaced before.

    What the bureau itself corrects may be decided by those who decided it.
    """
    chain, old = _replaced(), aliased(Review)
    found = (
        sa.select(chain.c.new.label("new_review_id"), *columns)
        .join(old, old.id == chain.c.old)
        .join(Decision, Decision.id == old.decision_id)
        .where(~sa.exists().where(Correction.new_review_id == chain.c.opened))
    )
    return found.correlate_except(chain, old, Decision)


@lru_cache(maxsize=1)
def _replaced() -> sa.CTE:
    """Each review that replaces another (`new`), with each of those before it (`old`) and what opened after that.

    One for all: a statement that asks about two people names it once.
    """
    later, earlier = aliased(Review), aliased(Review)
    own = sa.select(later.id.label("new"), later.id.label("opened"), later.replaces_id.label("old"))
    chain = own.where(later.replaces_id.is_not(None)).cte("replaced", recursive=True)
    older = sa.select(chain.c.new, earlier.id, earlier.replaces_id).join(earlier, earlier.id == chain.c.old)
    return chain.union_all(older.where(earlier.replaces_id.is_not(None)))


def decided_before(who: Near) -> sa.Select[*tuple[Any, ...]]:
    """The reviews that replace, after an appeal, one that the person took part in deciding, or one replaced before."""
    took_part = Decision.tally["took_part"].contains(sa.func.to_jsonb(sa.cast(who.person_id, sa.BigInteger)))
    return first_decided().where(took_part)
