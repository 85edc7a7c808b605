"""Every day that somebody has to keep, as data: of which rows, in which column, while what still waits.

Whose each is and what they are told, `engine.reminding` says; `reminder_queries` asks who is to be reminded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.cases import APPEAL_ENDED, ChallengeState, ObjectionState
from specialty_eval.engine.closing import CLOSING_APPEAL_ENDED
from specialty_eval.engine.cycle import RoundState
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.rectification import RectificationState
from specialty_eval.engine.reminding import Own, What
from specialty_eval.engine.review import WITH_THE_COUNTY, State

from . import closing_queries, overdue_queries
from .applications import Application
from .base import Base, Ids
from .closings import ClosingAppeal, ClosingProposal
from .cycles import Round
from .deliberation import Decision, ExpertAssignment
from .outcomes import Appeal, Objection, Publication, Rectification, RectificationMilestone
from .registry import School, Specialty
from .reviews import Challenge, Review
from .site_visits import SiteVisitor

NOW = sa.bindparam("now", type_=Review.updated_at.type)
"""When it is asked, where what waits depends on it; whoever asks gives it."""


UNVISITED = sa.bindparam("unvisited", type_=Ids())
"""The round's reviews of which a visit is asked that nobody is named for; whoever asks gives them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of day: the rows that are reminded of, their day, and while what it waits.

    `days`: it ends so many of the policy's days after `day`. `known`: since when it was told. `held`: while an appeal
    holds the consequences nobody is reminded. `each`: one row may have several, each with its own day. `left`: of a
    round's day, its reviews for which something is owed.
    """

    what: What
    kind: str
    model: type[Base]
    day: Any
    waits: sa.ColumnElement[bool]
    of: Any
    days: str = ""
    known: Any = None
    held: bool = False
    each: bool = False
    left: Any = None


def _in(column: Any, *states: str) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column.in_([str(state) for state in states])
    return found


def _not_in(column: Any, states: Sequence[str] | frozenset[Any]) -> sa.ColumnElement[bool]:
    return sa.not_(_in(column, *sorted(states)))


def _end_of(day: Any) -> Any:
    """The first instant after a local day, as a column: the end of a deadline that is kept as a day."""
    midnight = sa.cast(sa.cast(day, sa.Date) + sa.literal(1, sa.Integer), sa.DateTime(timezone=False))
    return sa.func.timezone("Asia/Shanghai", midnight, type_=Review.updated_at.type)


def _with_review(model: Any) -> Any:
    return sa.join(model, Review, Review.id == model.review_id)


_REVIEW = Review.__table__
_MENDED = sa.join(Rectification, Review, Review.id == Rectification.review_id)
_PROMISED = sa.join(RectificationMilestone, Rectification, Rectification.id == RectificationMilestone.rectification_id)
_PROMISED = sa.join(_PROMISED, Review, Review.id == Rectification.review_id)
_DECIDED = sa.join(Review, Decision, Decision.id == Review.decision_id)
_MENDING = Rectification.state == RectificationState.IN_PROGRESS.value


def _of_review(what: What, day: Any, *states: str, **more: Any) -> Kept:
    return Kept(
        what, "review.remind", Review, day, _in(Review.state, *states), _REVIEW, known=Review.updated_at, **more
    )


def _case(what: What, kind: str, model: Any, day: Any, waits: sa.ColumnElement[bool], **more: Any) -> Kept:
    return Kept(what, kind, model, day, waits, _with_review(model), known=model.updated_at, **more)


def _phase(what: What, phase: RoundState, column: Any, left: sa.ColumnElement[bool]) -> Kept:
    """What an office owes of a round's reviews until its phase ends; it is reminded once for all of them."""
    any_left = sa.exists().where(Review.round_id == Round.id, left).correlate(Round)
    waits = sa.and_(Round.state == phase.value, any_left)
    return Kept(what, "round.remind", Round, column, waits, Round.__table__, known=Round.updated_at, left=left)


_WITH_THE_BUREAU = sa.or_(
    _in(Review.state, State.CHECKED), sa.and_(_in(Review.state, *WITH_THE_COUNTY), Review.county_due.is_(None))
)

OF_PHASES = (
    _of_review(Awaited.EVIDENCE, Review.due, State.OPEN),
    _of_review(Awaited.CORRECTION, Review.correction_due, State.RETURNED),
    _of_review(Awaited.COUNTY_CHECK, Review.county_due, *WITH_THE_COUNTY),
    _case(
        Awaited.PANEL_SCORE, "assignment.remind", ExpertAssignment, ExpertAssignment.due,
        _in(ExpertAssignment.state, AssignmentState.INVITED, AssignmentState.ACCEPTED),
    ),
    _phase(Awaited.VERIFICATION, RoundState.VERIFYING, Round.verifying_due, _WITH_THE_BUREAU),
    _phase(Awaited.SCORE_RUN, RoundState.SCORING, Round.scoring_due, _in(Review.state, State.VERIFIED)),
    _phase(Awaited.DECISION, RoundState.DELIBERATING, Round.deliberating_due, _in(Review.state, State.SCORED)),
)  # fmt: skip
"""Of a round that goes on: what its phases ask for."""

_UNHEARD = (ObjectionState.RECEIVED, ObjectionState.CONTACT_CONFIRMED)
_LODGED = sa.exists().where(Appeal.review_id == Review.id).correlate(Review)

_NAMED = sa.join(SiteVisitor, Review, Review.id == SiteVisitor.review_id)

OF_ROUNDS = (
    Kept(
        Awaited.SITE_VISIT, "review.remind", Review, SiteVisitor.due,
        sa.and_(overdue_queries.visit_waits(), SiteVisitor.withdrawn_at.is_(None)), _NAMED,
        known=SiteVisitor.named_at, each=True,
    ),
    Kept(
        Awaited.VISITORS, "review.remind", Review, Review.challenge_due, Review.id == sa.any_(UNVISITED), _REVIEW,
        known=Review.updated_at,
    ),
    _of_review(Own.CHALLENGE, Review.challenge_due, State.SCORED),
    _case(
        Awaited.CHALLENGE_ANSWER, "challenge.remind", Challenge, Challenge.answer_due,
        _in(Challenge.state, ChallengeState.OPEN),
    ),
    Kept(
        Awaited.PREVIEW, "review.remind", Review, Decision.decided_at, _in(Review.state, State.DECIDED), _DECIDED,
        days="preview", known=Decision.decided_at,
    ),
    Kept(
        Own.PREVIEW_NOTICE, "review.remind", Review, Review.preview_due,
        sa.and_(_in(Review.state, State.PREVIEWED), Review.served_at.is_(None)), _REVIEW, known=Review.updated_at,
    ),
    _case(
        Awaited.ADMISSIBILITY, "objection.remind", Objection, Objection.admissibility_due,
        _in(Objection.state, *_UNHEARD),
    ),
    _case(
        Awaited.OBJECTION_ANSWER, "objection.remind", Objection, Objection.answer_due,
        _in(Objection.state, ObjectionState.ADMITTED),
    ),
    Kept(
        Own.CONFIRMATION, "publication.remind", Publication, Publication.closes_at,
        _in(Publication.state, ListState.IN_PUBLICITY), Publication.__table__, known=Publication.opened_at,
    ),
    Kept(
        Own.APPEAL, "review.remind", Review, Review.appeal_due,
        sa.and_(_in(Review.state, State.CONFIRMED), ~_LODGED), _REVIEW, known=Review.confirmed_at,
    ),
    _case(Awaited.APPEAL_ANSWER, "appeal.remind", Appeal, Appeal.answer_due, _not_in(Appeal.state, APPEAL_ENDED)),
    _case(
        Own.RECTIFICATION_PLAN, "rectification.remind", Rectification, Rectification.plan_due,
        _in(Rectification.state, RectificationState.DUE), held=True,
    ),
    _case(
        Awaited.RECTIFICATION_ANSWER, "rectification.remind", Rectification, Rectification.updated_at,
        _in(Rectification.state, RectificationState.PLANNED), days="verify",
    ),
    Kept(
        Own.MILESTONE, "rectification.remind", Rectification, _end_of(RectificationMilestone.due),
        sa.and_(_MENDING, RectificationMilestone.proved_at.is_(None)), _PROMISED, held=True, each=True,
    ),
    Kept(
        Own.RECHECK_BEGINS, "rectification.remind", Rectification, _end_of(Rectification.recheck_from), _MENDING,
        _MENDED, held=True,
    ),
    _case(
        Awaited.RECHECK, "rectification.remind", Rectification, overdue_queries.recheck_begins(),
        _in(Rectification.state, RectificationState.RECHECK), days="verify", held=True,
    ),
)  # fmt: skip
"""Of a round's reviews and what followed from them, also when it has ended."""


_CLOSED_BY = sa.join(ClosingProposal, Specialty, Specialty.id == ClosingProposal.specialty_id)
_CLOSED_BY = sa.join(_CLOSED_BY, School, School.id == Specialty.school_id)
_APPEALED = sa.exists().where(ClosingAppeal.proposal_id == ClosingProposal.id).correlate(ClosingProposal)
_TO_CHECK = (ApplicationState.RECEIVED, ApplicationState.CHECKED)
_TO_DECIDE = (ApplicationState.CLEAR, ApplicationState.VISIT_FIRST, ApplicationState.COMMITTEE)
_OF_SCHOOL = sa.join(Application, School, School.id == Application.school_id)


def _applied(what: What, *states: str) -> Kept:
    return Kept(what, "application.remind", Application, Application.due, _in(Application.state, *states), _OF_SCHOOL,
                known=Application.updated_at)  # fmt: skip


def _proposed(what: What, day: Any, waits: sa.ColumnElement[bool]) -> Kept:
    known = sa.func.coalesce(ClosingProposal.decided_at, ClosingProposal.proposed_at)
    return Kept(what, "closing.remind", ClosingProposal, day, waits, _CLOSED_BY, known=known)


BESIDE_ROUNDS = (
    Kept(
        Own.CLOSING_NOTICE, "closing.remind", ClosingProposal, ClosingProposal.deemed_served_at,
        sa.and_(closing_queries.is_undecided(), ClosingProposal.served_at.is_(None)), _CLOSED_BY,
        known=ClosingProposal.proposed_at,
    ),
    _proposed(Awaited.CLOSING_DECISION, ClosingProposal.decide_due, closing_queries.is_undecided()),
    _proposed(Awaited.CLOSING, ClosingProposal.close_due, closing_queries.is_to_be_carried_out(NOW)),
    Kept(
        Own.CLOSING_APPEAL, "closing.remind", ClosingProposal, ClosingProposal.appeal_due,
        sa.and_(closing_queries.is_to_close(), ~_APPEALED), _CLOSED_BY, known=ClosingProposal.decided_at,
    ),
    Kept(
        Awaited.CLOSING_APPEAL_ANSWER, "closing_appeal.remind", ClosingAppeal, ClosingAppeal.answer_due,
        _not_in(ClosingAppeal.state, CLOSING_APPEAL_ENDED),
        sa.join(_CLOSED_BY, ClosingAppeal, ClosingAppeal.proposal_id == ClosingProposal.id),
        known=ClosingAppeal.updated_at,
    ),
    _applied(Awaited.APPLICATION_CHECK, *_TO_CHECK),
    _applied(Awaited.APPLICATION_DECISION, *_TO_DECIDE),
)  # fmt: skip
"""Of a city, in no round: closings and applications."""

EVERY = (*OF_PHASES, *OF_ROUNDS, *BESIDE_ROUNDS)


BESIDE_PHASES = tuple(
    kept for kept in EVERY if kept.what in {
        Own.RECTIFICATION_PLAN, Own.CLOSING_NOTICE, Own.CLOSING_APPEAL, Awaited.CHALLENGE_ANSWER, Awaited.ADMISSIBILITY,
        Awaited.OBJECTION_ANSWER, Awaited.APPEAL_ANSWER, Awaited.CLOSING_DECISION, Awaited.CLOSING,
        Awaited.CLOSING_APPEAL_ANSWER, Awaited.APPLICATION_CHECK, Awaited.APPLICATION_DECISION,
    }
)  # fmt: skip
"""Beside the rounds' deadlines what was told as a day: what a school loses something by, and what an office answers by.
They end on no day off either.
"""


def within(kept: Kept, subject: int | str) -> sa.ColumnElement[bool]:
    """The row is one of that round's, or of that city's."""
    if isinstance(subject, str):
        own: sa.ColumnElement[bool] = School.city_code == subject
        return own
    if kept.model is Round:
        return Round.id == subject
    return (Publication if kept.model is Publication else Review).round_id == subject
