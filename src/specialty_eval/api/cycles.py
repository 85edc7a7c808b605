"""Policies, cycles and rounds."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from specialty_eval.actions import cycles, reminders, rounds
from specialty_eval.actions.views import cycle_view, cycles_page, policy_view, round_reviews, round_view, rounds_page
from specialty_eval.engine.cycle import CycleEvent, CycleState, RoundEvent, RoundState
from specialty_eval.engine.review import State

from .arrival import BIGGEST
from .bodies import Body, Day, OneLine, Reason, Whole
from .case_shapes import (
    CycleAnswer,
    CycleWithActions,
    DefaultedAnswer,
    ListedRound,
    PlacesAnswer,
    PolicyAnswer,
    RemindedAnswer,
    RoundAnswer,
    RoundWithActions,
    TitledAnswer,
    WholePolicyAnswer,
)
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .shapes import Level, Listed, SchoolKind, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["cycles"])


class PolicyText(Body):
    """A policy as YAML text."""

    text: str = Field(max_length=1_000_000)


@router.post(
    "/policies", status_code=201, response_model=PolicyAnswer,
    responses={200: {"description": "it was on record already", "model": PolicyAnswer}},
)  # fmt: skip
def import_policy(body: PolicyText, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Keep a policy for good; the same text again answers 200 and changes nothing."""
    row, is_new = cycles.import_policy(ctx, body.text)
    response.status_code = 201 if is_new else 200
    return policy_view(row)


@router.get("/policies", response_model=Listed[PolicyAnswer])
def list_policies(ctx: Ctx) -> dict[str, Any]:
    """Every policy on record (public)."""
    return listed([policy_view(row) for row in cycles.policies(ctx)], None)


@router.get("/policies/{policy_id}/{version}", response_model=WholePolicyAnswer)
def read_policy(policy_id: str, version: str, ctx: Ctx) -> dict[str, Any]:
    """One policy with its text and canonical JSON (public): what a rating is recomputed with."""
    row = cycles.policy(ctx, policy_id, version)
    return {**policy_view(row), "text": row.text, "canonical": row.canonical}


class NewRound(Body):
    """A round to be."""

    year: int = Field(ge=2000, le=2100)
    evidence_year: int = Field(ge=2000, le=2100)
    reference_date: Day
    policy_id: str
    policy_version: str
    opens_on: Day | None = None


class NewCycle(Body):
    """A cycle to be."""

    code: OneLine = Field(min_length=1, max_length=60)
    title: OneLine = Field(min_length=1, max_length=200)
    jurisdiction: str = Field(pattern=r"^\d{6}$")
    levels: list[Level] = Field(min_length=1, max_length=10)
    school_kinds: list[SchoolKind] = Field(min_length=1, max_length=10)
    rounds: list[NewRound] = Field(max_length=100)


@router.post("/cycles", status_code=201, response_model=CycleAnswer)
def create_cycle(body: NewCycle, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Create a draft cycle with its rounds (secretary)."""
    new = cycles.NewCycle(**{**body.model_dump(), "rounds": [cycles.NewRound(**r.model_dump()) for r in body.rounds]})
    made = cycles.create(ctx, new)
    tag(response, made.version)
    return cycle_view(ctx, made)


@router.get("/cycles", response_model=Listed[CycleAnswer])
def list_cycles(
    ctx: Ctx,
    paging: Paging,
    jurisdiction: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
    state: CycleState | None = None,
) -> dict[str, Any]:
    """The cycles with their rounds (public, but for drafts)."""
    return listed(*cycles_page(ctx, paging, jurisdiction=jurisdiction, state=state))


@router.get("/rounds", response_model=Listed[ListedRound])
def list_rounds(
    ctx: Ctx,
    paging: Paging,
    cycle: Annotated[Whole | None, Query(ge=1, le=BIGGEST)] = None,
    state: RoundState | None = None,
) -> dict[str, Any]:
    """The rounds, of one cycle or of all (public, but for drafts)."""
    return listed(*rounds_page(ctx, paging, cycle=cycle, state=state))


@router.get("/cycles/{cycle_id}", response_model=CycleWithActions)
def read_cycle(cycle_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A cycle, its rounds and what the caller may do with it."""
    made = cycles.read(ctx, cycle_id)
    tag(response, made.version)
    return {**cycle_view(ctx, made), "actions": actions_of(cycles.possible(ctx, made))}


class Places(Body):
    """Specialty code → number of the round it is reviewed in."""

    rounds: dict[str, int] = Field(max_length=200_000)


@router.post("/cycles/{cycle_id}/places", response_model=PlacesAnswer)
def place(cycle_id: int, body: Places, ctx: Ctx, version: IfMatch) -> dict[str, Any]:
    """Put specialties into rounds (secretary)."""
    return {"placed": cycles.place(ctx, cycle_id, body.rounds, version=version)}


@router.post("/cycles/{cycle_id}/{event}", response_model=CycleAnswer)
def move_cycle(
    cycle_id: int, event: CycleEvent, body: Reason, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Start, conclude or cancel a cycle (secretary)."""
    made = cycles.move(ctx, cycle_id, event, reason=body.reason, version=version)
    tag(response, made.version)
    return cycle_view(ctx, made)


@router.get("/rounds/{round_id}", response_model=RoundWithActions)
def read_round(round_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A round, how far its reviews are, and what the caller may do with it."""
    row = rounds.read(ctx, round_id)
    tag(response, row.version)
    return {**round_view(ctx, row), "actions": actions_of(rounds.possible(ctx, row))}


@router.get("/rounds/{round_id}/reviews", response_model=Listed[TitledAnswer])
def list_reviews(round_id: int, ctx: Ctx, paging: Paging, state: State | None = None) -> dict[str, Any]:
    """The reviews of a round that the caller may read."""
    rows, cursor = round_reviews(ctx, round_id, paging, state)
    return listed(rows, cursor)


@router.post("/rounds/{round_id}/remind", response_model=RemindedAnswer)
def remind(round_id: int, ctx: Ctx) -> dict[str, int]:
    """Remind every school whose review is still open (secretary)."""
    return {"reminded": reminders.remind(ctx, round_id)}


@router.post("/rounds/{round_id}/default", response_model=DefaultedAnswer)
def default_left_over(round_id: int, ctx: Ctx) -> dict[str, int]:
    """Default every review whose deadline passed (secretary)."""
    return {"defaulted": rounds.default_left_over(ctx, round_id)}


class Extension(Body):
    """Until the end of which local day, and why."""

    until: Day
    reason: str = Field(max_length=4000)


@router.post("/rounds/{round_id}/extend", response_model=RoundAnswer)
def extend_round(round_id: int, body: Extension, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Give everybody of the running phase more time, as after an outage (secretary, with a reason)."""
    row = rounds.extend_all(ctx, round_id, body.until, body.reason, version=version)
    tag(response, row.version)
    return round_view(ctx, row)


@router.post("/rounds/{round_id}/phases/{event}", response_model=RoundAnswer)
def move_round(
    round_id: int, event: RoundEvent, body: Reason, ctx: Ctx, version: IfMatch, response: Response
) -> dict[str, Any]:
    """Open the round's next phase, conclude or cancel it (secretary); before its due time with a reason."""
    row = rounds.move(ctx, round_id, event, reason=body.reason, version=version)
    tag(response, row.version)
    return round_view(ctx, row)
