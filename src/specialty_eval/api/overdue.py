"""What is late in a round, and what is done about it."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from specialty_eval.actions import overdue
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.overdue import Awaited

from .deps import Ctx, Paging, Transactional, listed
from .problems import ReasonAnswer, reason
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["overdue"])


class SubjectAnswer(BaseModel):
    """On what it is owed."""

    kind: str
    id: int


class LateBesideAnswer(BaseModel):
    """One thing that is late: whose it is, who is above them, since when, and whether that is escalated."""

    what: Awaited
    subject: SubjectAnswer
    code: str
    specialty: str
    school: str
    county: str
    owner: str
    superior: str | None
    due: datetime
    days_late: int
    escalated_at: datetime | None


class LateAnswer(LateBesideAnswer):
    """One that is late in a round, and the review it belongs to."""

    review_id: int


@router.get("/rounds/{round_id}/overdue", response_model=Listed[LateAnswer])
def list_overdue(round_id: int, ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """What of a round is late: what, whose, due when, how many days (offices; a county its own schools' deadlines)."""
    rows, cursor = overdue.listing(ctx, round_id, paging)
    return listed([overdue.late_view(row) for row in rows], cursor)


@router.get("/overdue", response_model=Listed[LateBesideAnswer])
def list_overdue_beside(ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """What of the city is late in no round: appeals against a closing, applications to check or decide (offices)."""
    rows, cursor = overdue.listing_of_city(ctx, paging)
    return listed([overdue.late_view(row) for row in rows], cursor)


class ActedAnswer(BaseModel):
    """What was done; `waiting` is why the phase, though due, did not end."""

    defaulted: int
    taken_over: int
    scored: int
    moved: RoundEvent | None
    escalated: int
    waiting: list[ReasonAnswer]


@router.post("/rounds/{round_id}/act-on-due", response_model=ActedAnswer)
def act_on_due(round_id: int, ctx: Ctx) -> dict[str, Any]:
    """Do for a round what the policy allows at the due times, move it on and escalate what is left (secretary).

    Can be repeated.
    """
    done = overdue.act_on_due(ctx, round_id)
    return {"defaulted": done.defaulted, "taken_over": done.taken_over, "scored": done.scored, "moved": done.moved,
            "escalated": done.escalated, "waiting": [reason(problem) for problem in done.waiting]}  # fmt: skip
