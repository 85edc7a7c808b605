"""The school's appeal against the decision to close a specialty."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import closing_appeals
from specialty_eval.engine.closing import ClosingAppealState

from .bodies import Body
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .shapes import ActionAnswer, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["rectifications"])


class ListedClosingAppeal(BaseModel):
    """An appeal against a closing in a list, without its grounds."""

    id: int
    proposal_id: int
    code: str
    state: ClosingAppealState
    received_at: datetime
    answer_due: datetime


class ClosingAppealAnswer(BaseModel):
    """An appeal against a closing, and what the caller may do with it."""

    id: int
    proposal_id: int
    state: ClosingAppealState
    grounds: str
    answer: str = Field(description="未答复时为空 · empty before it is answered")
    received_at: datetime
    answer_due: datetime
    panel: list[int] = Field(description="审理人员编号 · who hears it, by person number")
    actions: list[ActionAnswer]


def shown(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """An appeal after whatever was done, with what the caller may do next."""
    tag(response, row.version)
    return {**closing_appeals.view(ctx, row), "actions": actions_of(closing_appeals.possible(ctx, row))}


class ClosingGrounds(Body):
    """Why the specialty should stay."""

    grounds: str = Field(max_length=20_000)


@router.post("/closing-proposals/{proposal_id}/appeals", status_code=201, response_model=ClosingAppealAnswer)
def lodge(proposal_id: int, body: ClosingGrounds, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Appeal against the decision to close, within its days (school head). Meanwhile nothing is closed."""
    return shown(ctx, closing_appeals.lodge(ctx, proposal_id, body.grounds), response)


@router.get("/closing-appeals", response_model=Listed[ListedClosingAppeal])
def list_appeals(ctx: Ctx, paging: Paging, state: ClosingAppealState | None = None) -> dict[str, Any]:
    """The appeals against closings within one's reach."""
    return listed(*closing_appeals.listing(ctx, paging, state=state))


@router.get("/closing-appeals/{closing_appeal_id}", response_model=ClosingAppealAnswer)
def read_appeal(closing_appeal_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """An appeal against a closing, its panel and its answer (its school, offices, panel)."""
    return shown(ctx, closing_appeals.read(ctx, closing_appeal_id), response)


class ClosingPanel(Body):
    """Who hears it, by person number: nobody who had a part in the closing."""

    panel: list[int] = Field(min_length=1, max_length=50)


@router.post("/closing-appeals/{closing_appeal_id}/admit", response_model=ClosingAppealAnswer)
def admit(closing_appeal_id: int, body: ClosingPanel, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Admit it and name its panel (appeal panel, bureau approver)."""
    return shown(ctx, closing_appeals.admit(ctx, closing_appeal_id, body.panel, version=version), response)


class FurtherClosingPanel(ClosingPanel):
    """Who hears it beside those named before, by person number, and why others are needed."""

    reason: str = Field(max_length=2_000)


@router.post("/closing-appeals/{closing_appeal_id}/panelists", response_model=ClosingAppealAnswer)
def add_panelists(
    closing_appeal_id: int, body: FurtherClosingPanel, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Name further members of its panel, with a reason; a school that was heard is heard anew (its panel, approver)."""
    row = closing_appeals.add_panelists(ctx, closing_appeal_id, body.panel, body.reason, version=version)
    return shown(ctx, row, response)


@router.post("/closing-appeals/{closing_appeal_id}/hear", response_model=ClosingAppealAnswer)
def hear(closing_appeal_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The panel has heard the school."""
    return shown(ctx, closing_appeals.hear(ctx, closing_appeal_id, version=version), response)


class ClosingReply(Body):
    """The answer as it will be served."""

    answer: str = Field(max_length=20_000)


@router.post("/closing-appeals/{closing_appeal_id}/rule-out", response_model=ClosingAppealAnswer)
def rule_out(
    closing_appeal_id: int, body: ClosingReply, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Not admissible, with an answer (appeal panel, bureau approver)."""
    return shown(ctx, closing_appeals.rule_out(ctx, closing_appeal_id, body.answer, version=version), response)


@router.post("/closing-appeals/{closing_appeal_id}/uphold", response_model=ClosingAppealAnswer)
def uphold(
    closing_appeal_id: int, body: ClosingReply, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Upheld: the decision to close is lifted (its panel)."""
    return shown(ctx, closing_appeals.uphold(ctx, closing_appeal_id, body.answer, version=version), response)


@router.post("/closing-appeals/{closing_appeal_id}/reject", response_model=ClosingAppealAnswer)
def reject(
    closing_appeal_id: int, body: ClosingReply, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Rejected: the decision stands and may be carried out (its panel)."""
    return shown(ctx, closing_appeals.reject(ctx, closing_appeal_id, body.answer, version=version), response)
