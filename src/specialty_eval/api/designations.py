"""Demonstration and high-level specialties and groups: proposed, granted, under review, kept or withdrawn."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from specialty_eval.actions import designations, groups
from specialty_eval.actions.designations import Proposal
from specialty_eval.actions.groups import Members
from specialty_eval.engine.designation import DesignationKind, DesignationState, Tier

from .bodies import Body, Day, OneLine, Reason
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .designation_shapes import DesignationAnswer, GroupAnswer, TargetsAnswer, WholeDesignation, WholeGroup
from .shapes import Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["designations"])

City = Annotated[str, Query(pattern=r"^[0-9]{6}$")]


def shown(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """A designation after whatever was done, with what the caller may do next."""
    tag(response, row.version)
    return {**designations.view(ctx, row), "actions": actions_of(designations.possible(ctx, row))}


class NewDesignation(Body):
    """What is proposed and why: of a specialty by its code, or of a group by its number."""

    kind: DesignationKind = Field(strict=False)
    grounds: str = Field(max_length=8000)
    specialty: str | None = Field(None, max_length=60)
    group: int | None = None


@router.post("/designations", status_code=201, response_model=WholeDesignation)
def propose(body: NewDesignation, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Propose a designation of a specialty or a group (school head, secretary)."""
    new = Proposal(body.kind, body.grounds, body.specialty, body.group)
    return shown(ctx, designations.propose(ctx, new), response)


@router.get("/designations", response_model=Listed[DesignationAnswer])
def list_designations(
    ctx: Ctx,
    paging: Paging,
    kind: DesignationKind | None = None,
    tier: Tier | None = None,
    state: DesignationState | None = None,
    jurisdiction: City | None = None,
    county: City | None = None,
) -> dict[str, Any]:
    """Designations that are borne, or in the state asked for (public); proposals within one's reach."""
    chosen = {"kind": kind, "tier": tier, "state": state, "jurisdiction": jurisdiction, "county": county}
    return listed(*designations.listing(ctx, paging, **chosen))


@router.get("/designation-targets", response_model=TargetsAnswer)
def targets(ctx: Ctx, jurisdiction: City) -> dict[str, Any]:
    """How far a city has come towards each target (public)."""
    return designations.towards(ctx, jurisdiction)


class NewTarget(Body):
    """How many of a kind and tier the city aims at."""

    kind: DesignationKind = Field(strict=False)
    tier: Tier = Field(strict=False)
    target: int = Field(ge=0, le=100_000)


class NewTargets(Body):
    """All of the city's targets, under which document, and the edition they take the place of."""

    targets: list[NewTarget] = Field(max_length=4)
    document_number: OneLine = Field(max_length=100)
    edition: int = Field(ge=0, le=1_000_000)


@router.put("/designation-targets", response_model=TargetsAnswer)
def set_targets(body: NewTargets, ctx: Ctx) -> dict[str, Any]:
    """Set the city's targets in place of those of that edition (secretary). What was set before stays on record."""
    aimed = {(one.kind, one.tier): one.target for one in body.targets}
    row = designations.set_targets(ctx, aimed, body.document_number, body.edition)
    return designations.towards(ctx, row.jurisdiction_code)


@router.get("/designations/{designation_id}", response_model=WholeDesignation)
def read_designation(designation_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A designation with its specialties and what led to its last review (public once granted)."""
    return shown(ctx, designations.read(ctx, designation_id), response)


class Granting(Body):
    """The number of the document that decides."""

    document_number: OneLine = Field(max_length=100)


@router.post("/designations/{designation_id}/grant", response_model=WholeDesignation)
def grant(designation_id: int, body: Granting, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Grant what somebody else proposed, while it is green (bureau approver)."""
    return shown(ctx, designations.grant(ctx, designation_id, body.document_number, version=version), response)


@router.post("/designations/{designation_id}/refuse", response_model=WholeDesignation)
def refuse(designation_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Do not grant it, with a reason (bureau approver)."""
    return shown(ctx, designations.refuse(ctx, designation_id, body.reason, version=version), response)


@router.post("/designations/{designation_id}/review", response_model=WholeDesignation)
def review(designation_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Look at one again for a reason of the bureau's own (bureau approver). Losing green does so by itself."""
    return shown(ctx, designations.review(ctx, designation_id, body.reason, version=version), response)


class Deciding(Granting):
    """Why it is decided so, and under which document."""

    reason: str = Field(max_length=8000)


@router.post("/designations/{designation_id}/keep", response_model=WholeDesignation)
def keep(designation_id: int, body: Deciding, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Keep it after its review (bureau approver)."""
    row = designations.keep(ctx, designation_id, body.reason, body.document_number, version=version)
    return shown(ctx, row, response)


@router.post("/designations/{designation_id}/withdraw", response_model=WholeDesignation)
def withdraw(designation_id: int, body: Deciding, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Withdraw it after its review, not while an appeal against its ground is going (bureau approver)."""
    row = designations.withdraw(ctx, designation_id, body.reason, body.document_number, version=version)
    return shown(ctx, row, response)


@router.post("/designations/{designation_id}/reopen", response_model=WholeDesignation)
def reopen(designation_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Look again at one withdrawn for a rating that an appeal has overturned (bureau approver)."""
    return shown(ctx, designations.reopen(ctx, designation_id, body.reason, version=version), response)


# --- groups ----------------------------------------------------------------------------------------------------------


class GroupMembers(Body):
    """Who is in the group from a day on, by code; the lead one is among them."""

    lead: str = Field(max_length=60)
    specialties: list[str] = Field(max_length=50)
    valid_from: Day

    def members(self) -> Members:
        """As the action takes them."""
        return Members(self.lead, self.specialties, self.valid_from)


class NewGroup(GroupMembers):
    """A new group, by its name within the school."""

    name: OneLine = Field(max_length=200)


@router.post("/specialty-groups", status_code=201, response_model=WholeGroup)
def create_group(body: NewGroup, ctx: Ctx) -> dict[str, Any]:
    """Build a group of one school's specialties (its head, secretary)."""
    return groups.read(ctx, groups.create(ctx, body.name, body.members()).id)


@router.get("/specialty-groups", response_model=Listed[GroupAnswer])
def list_groups(ctx: Ctx, paging: Paging, school: str | None = None) -> dict[str, Any]:
    """Specialty groups as they are now (public)."""
    return listed(*groups.listing(ctx, paging, school=school))


@router.get("/specialty-groups/{group_id}", response_model=WholeGroup)
def read_group(group_id: int, ctx: Ctx) -> dict[str, Any]:
    """A group with every version of it (public)."""
    return groups.read(ctx, group_id)


class Revision(GroupMembers):
    """The group from a day on, and why it changes."""

    reason: str = Field(max_length=4000)


@router.post("/specialty-groups/{group_id}/versions", status_code=201, response_model=WholeGroup)
def revise_group(group_id: int, body: Revision, ctx: Ctx) -> dict[str, Any]:
    """Change a group from a day on; one that bears a designation keeps a green lead (its head, secretary)."""
    return groups.read(ctx, groups.revise(ctx, group_id, body.members(), body.reason).id)
