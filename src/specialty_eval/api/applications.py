"""Applications to open, change or close a specialty: from the school's signature to the registry."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi import Body as RawBody
from pydantic import Field

from specialty_eval.actions import application_decisions, application_papers, application_views, applications, documents
from specialty_eval.actions.application_views import Asked
from specialty_eval.actions.applications import NewApplication
from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.text import message

from .application_shapes import ApplicationAnswer, ListedApplication
from .bodies import Body, Day, OneLine, Reason
from .case_shapes import AttachedAnswer
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .document_shapes import DocumentAnswer
from .motion_shapes import Sitting
from .problems import reason
from .shapes import Level, Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["applications"])


def shown(ctx: Ctx, row: Any, response: Response) -> dict[str, Any]:
    """An application after whatever was done, with what the caller may do next."""
    tag(response, row.version)
    told = application_views.whole(ctx, row)
    details = told["details"]
    if details is None:
        return {**told, "actions": []}
    details["findings"] = [{**reason(problem), "does": does} for problem, does in details["findings"]]
    details["remedy"] = details["remedy"] and reason(details["remedy"])
    return {**told, "actions": actions_of(applications.possible(ctx, row))}


class Wanted(Body):
    """What a school applies for. `open` needs catalogue_code and effective_on; `off_catalogue` name, level, class_code,
    class_name, partner, agreement, department and effective_on; `change` specialty and what becomes what; `close`
    specialty and students.
    """

    kind: Literal["open", "off_catalogue", "change", "close"]
    school: str = Field(max_length=20)
    grounds: str = Field(max_length=8000)
    specialty: str = Field("", max_length=60)
    catalogue_code: str = Field("", max_length=6)
    direction: OneLine | None = Field(None, max_length=20)
    name: OneLine | None = Field(None, max_length=100)
    level: Level | Literal[""] = ""
    class_code: OneLine = Field("", max_length=2)
    class_name: OneLine = Field("", max_length=100)
    length: OneLine | None = Field(None, max_length=20)
    campus: OneLine | None = Field(None, max_length=100)
    partner: OneLine = Field("", max_length=400)
    agreement: OneLine = Field(
        "", max_length=400, description="与企业协议的名称、文号和日期 · which agreement, of which day"
    )
    department: OneLine = Field("", max_length=40)
    effective_on: Day | None = None
    midlevel_teachers: int | None = Field(None, ge=0, le=100_000)
    students: int | None = Field(None, ge=0, le=1_000_000)

    def new(self) -> NewApplication:
        """As the action takes it."""
        return NewApplication(**{**self.model_dump(), "kind": ApplicationKind(self.kind)})


@router.post("/applications", status_code=201, response_model=ApplicationAnswer)
def lodge(body: Wanted, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Apply to open, change or close a specialty (school head)."""
    return shown(ctx, applications.lodge(ctx, body.new()), response)


@router.get("/applications", response_model=Listed[ListedApplication])
def list_applications(
    ctx: Ctx,
    paging: Paging,
    school: Annotated[str | None, Query(max_length=20)] = None,
    kind: ApplicationKind | None = None,
    state: ApplicationState | None = None,
    overdue: bool = False,
) -> dict[str, Any]:
    """Registered applications (public), and those of one's own school, county, city or department."""
    return listed(*application_views.listing(ctx, paging, Asked(school, kind, state, overdue)))


@router.get("/applications/{application_id}", response_model=ApplicationAnswer)
def read_application(application_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """An application with all that was said of it (its school, offices); a registered one in short (public)."""
    return shown(ctx, application_views.read(ctx, application_id), response)


@router.post("/applications/{application_id}/check", response_model=ApplicationAnswer)
def check(application_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Check it by program against the lists in force, the policy's limits and the registry (secretary)."""
    return shown(ctx, applications.check(ctx, application_id, version=version), response)


class Opinion(Body):
    """Whether the bureau or the department agrees, why, and under which document."""

    party: Literal["bureau", "department"]
    agrees: bool
    words: str = Field(max_length=8000)
    document_number: OneLine = Field(max_length=100)


@router.post("/applications/{application_id}/opinions", status_code=201, response_model=ApplicationAnswer)
def opine(application_id: int, body: Opinion, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Give one half of the joint opinion on an off-catalogue one (bureau; the industry's department)."""
    said = (body.party, body.agrees, body.words, body.document_number)
    return shown(ctx, applications.opine(ctx, application_id, *said, version=version), response)


class Conclusion(Body):
    """Whether the school is looked at first though nothing found asks for it, and why."""

    visit: bool = False
    reason: str = Field("", max_length=4000)


@router.post("/applications/{application_id}/conclude", response_model=ApplicationAnswer)
def conclude(application_id: int, body: Conclusion, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put on record what the check comes to: clear, refused with every reason, or a visit first (secretary)."""
    row = applications.conclude(ctx, application_id, visit=body.visit, reason=body.reason, version=version)
    return shown(ctx, row, response)


class Visited(Body):
    """What the visitors found, on which day, and how many mid-level teachers they counted."""

    report: str = Field(max_length=20_000)
    visited_on: Day
    midlevel_teachers: int | None = Field(None, ge=0, le=100_000)


@router.post("/applications/{application_id}/visit", response_model=ApplicationAnswer)
def report_visit(application_id: int, body: Visited, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Report the visit (site visitor, bureau)."""
    said = (body.report, body.visited_on, body.midlevel_teachers)
    return shown(ctx, applications.report_visit(ctx, application_id, *said, version=version), response)


@router.post("/applications/{application_id}/refer", response_model=ApplicationAnswer)
def refer(application_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put it before the committee (secretary)."""
    return shown(ctx, applications.refer(ctx, application_id, version=version), response)


@router.post("/applications/{application_id}/votes", status_code=201, response_model=ApplicationAnswer)
def vote(application_id: int, body: Sitting, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Put the committee's vote on record, as its minutes have it; anew only with a reason (secretary)."""
    return shown(ctx, application_decisions.vote(ctx, application_id, body.minutes(), version=version), response)


class Document(Body):
    """The document that decides."""

    document_number: OneLine = Field(max_length=100)


@router.post("/applications/{application_id}/register", response_model=ApplicationAnswer)
def register(application_id: int, body: Document, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Sign it and enter it in the registry: another person than who recorded the vote (bureau approver)."""
    row = application_decisions.register(ctx, application_id, body.document_number, version=version)
    return shown(ctx, row, response)


class Refusal(Document):
    """The document that refuses it, and why."""

    reason: str = Field(max_length=8000)


@router.post("/applications/{application_id}/refuse", response_model=ApplicationAnswer)
def refuse(application_id: int, body: Refusal, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Sign that it is refused, by vote or because a limit bars it by now (bureau approver)."""
    row = application_decisions.refuse(ctx, application_id, body.document_number, body.reason, version=version)
    return shown(ctx, row, response)


@router.post("/applications/{application_id}/attachments", status_code=201, response_model=AttachedAnswer)
def attach(
    application_id: int,
    content: Annotated[bytes, RawBody(media_type="application/octet-stream")],
    ctx: Ctx,
    name: Annotated[str, Query(max_length=200)],
) -> dict[str, Any]:
    """Keep a file (PDF, PNG, JPEG, Office) that proves it: the body is the file's bytes (school; who looks at it)."""
    kept = application_papers.attach(ctx, application_id, name, content)
    return {"id": kept.id, "sha256": kept.sha256, "size": kept.size, "media_type": kept.media_type}


@router.get("/applications/{application_id}/attachments/{attachment_id}", response_class=Response)
def read_attachment(application_id: int, attachment_id: int, ctx: Ctx) -> Response:
    """A file's bytes, as a download (its school, offices)."""
    kept, content = application_papers.read(ctx, application_id, attachment_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept.name)}",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(content, 200, headers, kept.media_type)


@router.post("/applications/{application_id}/letter", status_code=201, response_model=DocumentAnswer)
def issue_letter(application_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make the letter on one that is registered or refused; the same again gives the same (secretary, approver)."""
    made = application_papers.letter(ctx, application_id, lambda problem: message(problem, "zh"))
    return documents.view(ctx, made)


@router.post("/applications/{application_id}/withdraw", response_model=ApplicationAnswer)
def withdraw(application_id: int, body: Reason, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Take it back before it is decided (school head)."""
    return shown(ctx, applications.withdraw(ctx, application_id, body.reason, version=version), response)


@router.post("/applications/{application_id}/receive", response_model=ApplicationAnswer)
def receive(application_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """Open the decision: it is served (school)."""
    return shown(ctx, applications.receive(ctx, application_id), response)
