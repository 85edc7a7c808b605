"""Amendments: a new version of its policy pinned to a round, by two people, before any result is public."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import amendments
from specialty_eval.actions.amendments import NewVersion
from specialty_eval.engine.amendment import AmendmentState

from .bodies import Body, Reason
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .shapes import ActionAnswer, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["cycles"])


class PolicyVersion(BaseModel):
    """A version of a policy."""

    id: str
    version: str
    digest: str


class AmendmentAnswer(BaseModel):
    """One version in another's place."""

    id: int
    round_id: int
    was: PolicyVersion
    new: PolicyVersion
    simulation_id: int | None = Field(description="事先的模拟，没有计分可试时为空 · null where no run was there to try")
    reason: str
    state: AmendmentState
    proposed_at: datetime
    recorded_at: datetime | None
    run_id: int | None = Field(description="按新版本重新计分的那次计分 · the run that scored anew by it")


class OneAmendment(AmendmentAnswer):
    """An amendment with what the caller may do."""

    actions: list[ActionAnswer]


class NewAmendment(Body):
    """Which version is to be pinned, why, and the simulation over the newest run that tried it."""

    policy_id: str = Field(max_length=100)
    policy_version: str = Field(max_length=100)
    reason: str = Field(max_length=4000)
    simulation_id: int | None = None


def _answer(ctx: Ctx, row: Any) -> dict[str, Any]:
    was, new = (dict(zip(("id", "version", "digest"), said, strict=True)) for said in amendments.versions(ctx, row))
    told = ("id", "round_id", "simulation_id", "reason", "state", "proposed_at", "recorded_at", "run_id")
    return {**{name: getattr(row, name) for name in told}, "was": was, "new": new}


def _whole(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    tag(response, row.version)
    return {**_answer(ctx, row), "actions": actions_of(amendments.possible(ctx, row))}


@router.post("/rounds/{round_id}/amendments", status_code=201, response_model=OneAmendment)
def propose(round_id: int, body: NewAmendment, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Propose another version of the round's policy: the first of two people (secretary, policy editor)."""
    new = NewVersion(body.policy_id, body.policy_version, body.reason, body.simulation_id)
    return _whole(ctx, amendments.propose(ctx, round_id, new), response)


@router.get("/rounds/{round_id}/amendments", response_model=Listed[AmendmentAnswer])
def list_amendments(round_id: int, ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """A round's amendments: the recorded ones (public), and those proposed or withdrawn (the office)."""
    rows, cursor = amendments.listing(ctx, round_id, paging)
    return listed([_answer(ctx, row) for row in rows], cursor)


@router.get("/amendments/{amendment_id}", response_model=OneAmendment)
def read_amendment(amendment_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """An amendment (public once recorded)."""
    return _whole(ctx, amendments.read(ctx, amendment_id), response)


@router.post("/amendments/{amendment_id}/record", response_model=OneAmendment)
def record(amendment_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Record it: the new version is pinned and what was scored is scored anew (bureau approver, the second person)."""
    return _whole(ctx, amendments.record(ctx, amendment_id, version=version), response)


@router.post("/amendments/{amendment_id}/withdraw", response_model=OneAmendment)
def withdraw(amendment_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take a proposed amendment back, with a reason (secretary, policy editor, bureau approver)."""
    return _whole(ctx, amendments.withdraw(ctx, amendment_id, body.reason, version=version), response)
