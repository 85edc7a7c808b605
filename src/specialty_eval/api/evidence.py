"""Evidence and its verification: what schools and other suppliers hand in, what the offices find."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi import Body as RawBody
from pydantic import Field

from specialty_eval.actions import attachments, evidence, review_actions, rounds, verification, views
from specialty_eval.actions.context import Context

from .bodies import Body, Day, OneLine, Reason
from .case_shapes import AttachedAnswer, DraftAnswer, FiguresRecorded, ReviewAnswer
from .codes import Code
from .deps import Ctx, IfMatch, Transactional, tag
from .shapes import GONE, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["evidence"])


def shown(ctx: Context, review_id: int, response: Response) -> dict[str, Any]:
    """The review as the caller may see it, after whatever was done."""
    row = views.review_row(ctx, review_id)
    tag(response, row.version)
    return {**views.review_view(ctx, row), "actions": actions_of(review_actions.possible(ctx, row))}


@router.get("/reviews/{review_id}", response_model=ReviewAnswer)
def read_review(review_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """A review, its evidence, and what the caller may do with it and why not now."""
    return shown(ctx, review_id, response)


class Draft(Body):
    """What is filled in so far; values as text as written, empty for not reported."""

    figures: dict[str, str] = Field(max_length=1000)
    sources: dict[str, OneLine] = Field(default_factory=dict, max_length=1000)
    self_evaluation: str = Field("", max_length=100_000)


@router.get("/reviews/{review_id}/evidence", response_model=DraftAnswer)
def read_draft(review_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """The school's own draft."""
    draft = views.draft_view(ctx, review_id)
    tag(response, draft.version if draft else 0)
    if draft is None:
        return {"figures": {}, "self_evaluation": ""}
    return {"figures": draft.figures, "self_evaluation": draft.self_evaluation, "saved_at": draft.saved_at}


@router.put("/reviews/{review_id}/evidence", response_model=DraftAnswer)
def save_draft(review_id: int, body: Draft, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Keep what is filled in so far (school)."""
    figures = evidence.Figures(body.figures, body.sources)
    draft = evidence.save(ctx, review_id, figures, body.self_evaluation, version=version)
    tag(response, draft.version)
    return {"figures": draft.figures, "self_evaluation": draft.self_evaluation, "saved_at": draft.saved_at}


@router.post("/reviews/{review_id}/attachments", status_code=201, response_model=AttachedAnswer)
def attach(
    review_id: int,
    content: Annotated[bytes, RawBody(media_type="application/octet-stream")],
    ctx: Ctx,
    measure: Annotated[str, Query(max_length=100)],
    name: Annotated[str, Query(max_length=200)],
) -> dict[str, Any]:
    """Keep a file (PDF, PNG, JPEG, Office) that proves a measure: the body is the file's bytes (school)."""
    kept = attachments.attach(ctx, review_id, measure, name, content)
    return {"id": kept.id, "sha256": kept.sha256, "size": kept.size, "media_type": kept.media_type}


@router.get("/reviews/{review_id}/attachments/{attachment_id}", response_class=Response, responses={409: {}})
def read_attachment(review_id: int, attachment_id: int, ctx: Ctx) -> Response:
    """A file's bytes; always as a download, never as what it claims to be."""
    kept, content = attachments.read(ctx, review_id, attachment_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept.name)}",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(content, 200, headers, kept.media_type)


@router.post("/reviews/{review_id}/submit", response_model=ReviewAnswer)
def submit(review_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The school head signs and hands in."""
    evidence.submit(ctx, review_id, version=version)
    return shown(ctx, review_id, response)


@router.post("/reviews/{review_id}/recall", response_model=ReviewAnswer)
def recall(review_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The school takes its submission back."""
    evidence.recall(ctx, review_id, version=version)
    return shown(ctx, review_id, response)


class Supplied(Body):
    """Values of one year, with the policy whose measures they are."""

    policy_id: str
    policy_version: str
    figures: dict[str, str] = Field(max_length=1000)
    sources: dict[str, OneLine] = Field(default_factory=dict, max_length=1000)


@router.put("/specialties/{code}/figures/{year}", responses=GONE, response_model=FiguresRecorded)
def supply(code: Code, year: int, body: Supplied, ctx: Ctx) -> dict[str, int]:
    """Another supplier's values of a specialty in a year (county, bureau, department, third party)."""
    figures = evidence.Figures(body.figures, body.sources)
    return {"recorded": evidence.supply_by_code(ctx, code, year, (body.policy_id, body.policy_version), figures)}


@router.put("/specialties/{code}/report/{year}", responses=GONE, response_model=FiguresRecorded)
def report_year(code: Code, year: int, body: Supplied, ctx: Ctx) -> dict[str, int]:
    """A school's yearly facts of a specialty that is not under review for that year."""
    figures = evidence.Figures(body.figures, body.sources)
    return {"recorded": evidence.report_by_code(ctx, code, year, (body.policy_id, body.policy_version), figures)}


class Findings(Body):
    """What is accepted (all other reported measures where left out) and what is unsupported, each with a reason."""

    accepted: list[str] | None = None
    unsupported: dict[str, str] = Field(default_factory=dict, max_length=1000)

    def verdicts(self) -> verification.Verdicts:
        """As the action takes it."""
        return verification.Verdicts(None if self.accepted is None else frozenset(self.accepted), self.unsupported)


@router.post("/reviews/{review_id}/claim", response_model=ReviewAnswer)
def claim(review_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """A verifier begins."""
    verification.claim(ctx, review_id, version=version)
    return shown(ctx, review_id, response)


@router.post("/reviews/{review_id}/take-over", response_model=ReviewAnswer)
def take_over(review_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The bureau takes over a check that a county has not made within its days (bureau verifier)."""
    verification.take_over(ctx, review_id, body.reason, version=version)
    return shown(ctx, review_id, response)


@router.post("/reviews/{review_id}/pass", response_model=ReviewAnswer)
def pass_(review_id: int, body: Findings, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The county has checked every measure."""
    verification.pass_(ctx, review_id, body.verdicts(), version=version)
    return shown(ctx, review_id, response)


class Returned(Body):
    """Measure → why it goes back."""

    fields: dict[str, str] = Field(max_length=1000)


@router.post("/reviews/{review_id}/return", response_model=ReviewAnswer)
def return_(review_id: int, body: Returned, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Back to the school with the fields found wrong."""
    verification.return_(ctx, review_id, body.fields, version=version)
    return shown(ctx, review_id, response)


@router.post("/reviews/{review_id}/accept", response_model=ReviewAnswer)
def accept(review_id: int, body: Findings, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The bureau is satisfied."""
    verification.accept(ctx, review_id, body.verdicts(), version=version)
    return shown(ctx, review_id, response)


@router.post("/reviews/{review_id}/default", response_model=ReviewAnswer)
def default(review_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """The deadline passed (secretary)."""
    verification.default(ctx, review_id, version=version)
    return shown(ctx, review_id, response)


@router.post("/reviews/{review_id}/exempt", response_model=ReviewAnswer)
def exempt(review_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take a review out of its round (secretary)."""
    verification.exempt(ctx, review_id, body.reason, version=version)
    return shown(ctx, review_id, response)


class Extension(Body):
    """Until the end of which local day, and why."""

    until: Day
    reason: str = Field(max_length=4000)


@router.post("/reviews/{review_id}/extend", response_model=ReviewAnswer)
def extend(review_id: int, body: Extension, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Give one school more time (secretary)."""
    rounds.extend(ctx, review_id, body.until, body.reason, version=version)
    return shown(ctx, review_id, response)
