"""The negative and the urgent-need list: built for a round, exempted by name, approved, published for a year."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from specialty_eval.actions import list_views, lists
from specialty_eval.actions.lists import Named
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.specialty_list import SpecialtyListState

from .bodies import Body, OneLine, Reason, Whole
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .list_shapes import InForceAnswer, SpecialtyListAnswer, SpecialtyListEntryAnswer, WholeSpecialtyList
from .shapes import Level, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["lists"])

Year = Annotated[Whole, Query(ge=1, le=9998)]


def list_view(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """A list after whatever was done, with its counts and what the caller may do next."""
    tag(response, row.version)
    return {**list_views.whole(ctx, row), "actions": actions_of(lists.possible(ctx, row))}


class NewList(Body):
    """Which of the two lists."""

    kind: Literal["negative", "urgent"]


@router.post("/rounds/{round_id}/lists", status_code=201, response_model=WholeSpecialtyList)
def build(round_id: int, body: NewList, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Build a list from the round's policy, the registry, the figures and the ratings in force (secretary)."""
    return list_view(ctx, lists.build(ctx, round_id, ListKind(body.kind)), response)


@router.get("/lists", response_model=Listed[SpecialtyListAnswer])
def list_lists(
    ctx: Ctx,
    paging: Paging,
    kind: ListKind | None = None,
    year: Year | None = None,
    jurisdiction: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
    state: SpecialtyListState | None = None,
) -> dict[str, Any]:
    """Published lists, superseded ones among them (public), and the others of one's own city (the office)."""
    chosen = {"jurisdiction": jurisdiction, "kind": kind, "state": state}
    return listed(*list_views.listing(ctx, paging, year=year, **chosen))


@router.get("/lists/in-force", response_model=InForceAnswer)
def in_force(
    ctx: Ctx,
    jurisdiction: Annotated[str, Query(pattern=r"^[0-9]{6}$")],
    year: Year,
    level: Level,
    code: Annotated[str, Query(pattern=r"^[0-9]{6}$", description="目录代码 · catalogue code")],
) -> dict[str, Any]:
    """What an application to open this entry in that year meets: the lines of the lists in force (public)."""
    found = {kind.value: lists.listed(ctx, jurisdiction, kind, year, Named(level, code)) for kind in ListKind}
    lines = {
        kind: line and {"reasons": line.reasons, "document_number": line.document_number}
        for kind, line in found.items()
    }
    return {"jurisdiction": jurisdiction, "year": year, "level": level, "code": code, **lines}


@router.get("/lists/{list_id}", response_model=WholeSpecialtyList)
def read_list(list_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A list with its counts and its rules (public once published)."""
    return list_view(ctx, lists.read(ctx, list_id), response)


@router.get(
    "/lists/{list_id}/entries", response_model=Listed[SpecialtyListEntryAnswer], response_model_exclude_unset=True
)
def read_entries(list_id: int, ctx: Ctx, paging: Paging, exempt: bool | None = None) -> dict[str, Any]:
    """A list's entries by code, a page at a time, with why each is there (public once published)."""
    return listed(*list_views.entries(ctx, lists.read(ctx, list_id), paging, exempt=exempt))


class OneEntry(Body):
    """An entry of the list, and why."""

    level: Level
    code: str = Field(max_length=20)
    reason: str = Field(max_length=4000)

    def named(self) -> Named:
        """Which entry."""
        return Named(self.level, self.code)


@router.post("/lists/{list_id}/exempt", response_model=WholeSpecialtyList)
def exempt(list_id: int, body: OneEntry, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take an entry off a built list by name, with a reason that is published with it (secretary)."""
    return list_view(ctx, lists.exempt(ctx, list_id, body.named(), body.reason, version=version), response)


@router.post("/lists/{list_id}/relist", response_model=WholeSpecialtyList)
def relist(list_id: int, body: OneEntry, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take an exemption by name back, with a reason (secretary)."""
    return list_view(ctx, lists.relist(ctx, list_id, body.named(), body.reason, version=version), response)


class Approval(Body):
    """The document that decides, and the digest of the list as it was read."""

    document_number: OneLine = Field(max_length=100)
    digest: str = Field(max_length=64)


@router.post("/lists/{list_id}/approve", response_model=WholeSpecialtyList)
def approve(list_id: int, body: Approval, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Approve the list that was read: the second of two people, for the committee or the bureau (chair, approver)."""
    row = lists.approve(ctx, list_id, body.document_number, body.digest, version=version)
    return list_view(ctx, row, response)


class HoldsFor(Body):
    """The year a list holds for."""

    year: int = Field(ge=1, le=9998)


@router.post("/lists/{list_id}/publish", response_model=WholeSpecialtyList)
def publish(list_id: int, body: HoldsFor, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Publish an approved list for a year; the one before for that year is superseded (secretary, approver)."""
    return list_view(ctx, lists.publish(ctx, list_id, body.year, version=version), response)


@router.post("/lists/{list_id}/supersede", response_model=WholeSpecialtyList)
def supersede(list_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take a list back with a reason: a built one (secretary), an approved or published one (approver)."""
    return list_view(ctx, lists.supersede(ctx, list_id, body.reason, version=version), response)
