"""What is under way against a rating: an admitted objection, an appeal, a correction. One rule for every reader."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from specialty_eval.engine.cases import APPEAL_ENDED, OBJECTION_HOLDS_UP, AppealState
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.review import ENDED, State

from .plain import APPEAL, OBJECTION, PUBLICATION, PUBLICATION_ENTRY, REVIEW

OUT = (ListState.IN_PUBLICITY.value, ListState.CLOSED.value)
"""The states in which a list is public."""
ENDED_STATES = tuple(state.value for state in ENDED)
CASES = ("objection", "appeal", "correction")
"""What can be under way against a rating, in the order in which it is told."""


def contested(wanted: sa.ColumnElement[bool] | None = None) -> sa.Subquery:
    """Specialty → what is under way: an admitted `objection`, an `appeal`, a `correction`.

    A correction: what was publicised is looked at again, or a confirmed rating is reviewed anew after an appeal.
    `wanted`: of which reviews alone, for whoever asks about a few.
    """
    review, objection, appeal = REVIEW.c, OBJECTION.c, APPEAL.c
    only = sa.true() if wanted is None else wanted
    objections = (
        sa.select(review.specialty_id, sa.literal("objection").label("word"))
        .join_from(REVIEW, OBJECTION, objection.review_id == review.id)
        .where(objection.state.in_([state.value for state in OBJECTION_HOLDS_UP]), review.state.not_in(ENDED_STATES))
        .where(only)
    )
    appeals = (
        sa.select(review.specialty_id, sa.literal("appeal"))
        .join_from(REVIEW, APPEAL, appeal.review_id == review.id)
        .where(is_going(appeal), only)
    )
    anew = sa.select(review.specialty_id, sa.literal("correction")).where(
        only, review.state.not_in(ENDED_STATES), sa.or_(review.replaces_id.is_not(None), _taken_back())
    )
    every = sa.union_all(objections, appeals, anew).subquery("every")
    words = sa.func.array_agg(every.c.word.distinct(), type_=ARRAY(sa.Text)).label("under")
    return sa.select(every.c.specialty_id, words).group_by(every.c.specialty_id).subquery("contested")


def is_going(appeal: Any) -> sa.ColumnElement[bool]:
    """Of an `appeal` row (its class, or its columns): it is not closed, or it was upheld and the new review is not."""
    new = REVIEW.alias().c  # the query around this may be about reviews itself
    unended = sa.exists().where(new.id == appeal.new_review_id, new.state.not_in(ENDED_STATES))
    closed = [state.value for state in APPEAL_ENDED]
    return sa.or_(appeal.state.not_in(closed), sa.and_(appeal.state == AppealState.UPHELD.value, unended))


def _taken_back() -> sa.ColumnElement[bool]:
    """Of a review: it stands on a list that is out, and is in publicity no longer."""
    entry, publication = PUBLICATION_ENTRY.c, PUBLICATION.c
    listed = sa.exists().where(
        entry.review_id == REVIEW.c.id,
        entry.publication_id == publication.id,
        entry.edition == publication.edition,
        publication.state.in_(OUT),
    )
    return sa.and_(REVIEW.c.state != State.PUBLICISED.value, listed)


def in_order(words: Sequence[str] | None) -> tuple[str, ...]:
    """What `contested` says of a specialty, in the order in which it is told; empty where nothing is under way."""
    return tuple(case for case in CASES if case in (words or ()))
