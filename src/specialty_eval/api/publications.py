"""Preview, service, publication lists and errata."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from specialty_eval.actions import previews, publication_views, publications

from .bodies import Body, Reason
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .publication_shapes import PreviewedAnswer, PublicationAnswer, ShownDecision, WholePublication
from .shapes import Listed, Made, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["publications"])


class Reviews(Body):
    """Reviews by number; without them, all that can be."""

    reviews: list[int] | None = Field(None, min_length=1, max_length=20_000)


@router.post("/rounds/{round_id}/preview", response_model=PreviewedAnswer)
def preview(round_id: int, body: Reviews, ctx: Ctx) -> dict[str, Any]:
    """Show decisions to their schools before anyone else (secretary)."""
    return {"previewed": previews.preview(ctx, round_id, body.reviews)}


@router.post("/reviews/{review_id}/acknowledge", response_model=ShownDecision)
def acknowledge(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """The school opens the decision on its specialty: it is served from now on."""
    return previews.acknowledge(ctx, review_id)


@router.get("/reviews/{review_id}/decision", response_model=ShownDecision, responses={409: {}})
def read_decision(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """The decision: for its school once served, for the offices once decided."""
    return previews.decision_view(ctx, review_id)


@router.post("/rounds/{round_id}/publications", status_code=201, response_model=PublicationAnswer)
def draft(round_id: int, body: Reviews, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Freeze a list with its counts and digest: the first of two people."""
    row = publications.draft(ctx, round_id, body.reviews)
    tag(response, row.version)
    return publication_views.header(row)


@router.get("/rounds/{round_id}/publications", response_model=Listed[PublicationAnswer])
def list_publications(round_id: int, ctx: Ctx) -> dict[str, Any]:
    """The round's lists; the public sees those that are or were in publicity."""
    return listed([publication_views.header(row) for row in publications.of_round(ctx, round_id)], None)


@router.get("/publications/{publication_id}", response_model=WholePublication)
def read_publication(publication_id: int, ctx: Ctx, paging: Paging, response: Response) -> dict[str, Any]:
    """A list with a page of its entries and its errata (public once in publicity)."""
    row = publications.read(ctx, publication_id)
    tag(response, row.version)
    return {
        **publication_views.header(row),
        "errata": publication_views.errata(ctx, row),
        "actions": actions_of(publications.possible(ctx, row)),
        "entries": listed(*publication_views.entries(ctx, row, paging)),
    }


class Redraft(Reason):
    """Why the list is frozen anew, and of which reviews; without them, what is still as it was."""

    reviews: list[int] | None = Field(None, min_length=1, max_length=20_000)


@router.post("/publications/{publication_id}/redraft", response_model=PublicationAnswer)
def redraft(publication_id: int, body: Redraft, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Freeze the list anew as its next edition (secretary)."""
    row = publications.redraft(ctx, publication_id, body.reason, body.reviews, version=version)
    tag(response, row.version)
    return publication_views.header(row)


class Approval(Body):
    """The digest of the list one has before one."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


@router.post("/publications/{publication_id}/approve", response_model=PublicationAnswer)
def approve(publication_id: int, body: Approval, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Approve the same list: the second of two people."""
    row = publications.approve(ctx, publication_id, body.digest, version=version)
    tag(response, row.version)
    return publication_views.header(row)


@router.post("/publications/{publication_id}/open", response_model=PublicationAnswer)
def open_publicity(publication_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Publicise the approved list: its days begin."""
    row = publications.open_publicity(ctx, publication_id, version=version)
    tag(response, row.version)
    return publication_views.header(row)


@router.post("/publications/{publication_id}/close", response_model=PublicationAnswer)
def close(publication_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Close a list whose days are over (secretary)."""
    row = publications.close(ctx, publication_id, version=version)
    tag(response, row.version)
    return publication_views.header(row)


class NewErratum(Body):
    """What is set right, and in which review's line, if in one."""

    text: str = Field(max_length=4000)
    review: int | None = None


@router.post("/publications/{publication_id}/errata", status_code=201, response_model=Made)
def add_erratum(publication_id: int, body: NewErratum, ctx: Ctx) -> dict[str, int]:
    """Set right a slip of the pen, in public (secretary). No rating changes by it."""
    return {"id": publications.erratum(ctx, publication_id, body.text, body.review).id}
