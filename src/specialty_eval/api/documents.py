"""Official papers: their templates and numbers, making them, reading them."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi import Body as RawBody
from pydantic import BaseModel, Field

from specialty_eval.actions import answers, documents, minutes, notices
from specialty_eval.engine.documents import LABELS, DocumentKind

from .bodies import Body, OneLine, Reason, Whole
from .deps import Ctx, Paging, Transactional, listed
from .document_shapes import (
    DocumentAnswer,
    TemplateKindAnswer,
    TemplateKinds,
    TemplateVersionAnswer,
    TemplateVersions,
)
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["documents"])

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def download(content: bytes, name: str) -> Response:
    """A Word file as a download under a name that may be Chinese."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(content, 200, headers, WORD)


# --- templates -------------------------------------------------------------------------------------------------------


@router.get("/document-templates", response_model=TemplateKinds)
def list_templates(ctx: Ctx) -> dict[str, Any]:
    """Every kind of papers: the fields its template may name, the version in force, how it is numbered (office)."""
    return {"data": documents.kinds(ctx)}


@router.get("/document-templates/{kind}", response_class=Response)
def read_template(kind: DocumentKind, ctx: Ctx, version: Annotated[Whole | None, Query(ge=0)] = None) -> Response:
    """The template in force, or a version of it, as a Word file to edit; 0 is the shipped one (office)."""
    return download(documents.template(ctx, kind, version), f"模板-{LABELS[kind]}.docx")


@router.get("/document-templates/{kind}/versions", response_model=TemplateVersions)
def list_versions(kind: DocumentKind, ctx: Ctx) -> dict[str, Any]:
    """What was uploaded and taken back, in order (office)."""
    return {"data": documents.versions(ctx, kind)}


@router.get("/document-templates/{kind}/sample", response_class=Response)
def read_sample(kind: DocumentKind, ctx: Ctx) -> Response:
    """The template in force filled with an example (office)."""
    return download(documents.filled_sample(ctx, kind), f"样张-{LABELS[kind]}.docx")


@router.post("/document-templates/{kind}", status_code=201, response_model=TemplateVersionAnswer)
def upload_template(
    kind: DocumentKind,
    content: Annotated[bytes, RawBody(media_type="application/octet-stream")],
    ctx: Ctx,
    note: Annotated[str, Query(max_length=400)] = "",
) -> dict[str, Any]:
    """Put an edited template in force: the body is the Word file. Every unknown field is named (secretary)."""
    return documents.version_view(documents.upload(ctx, kind, content, note))


@router.post("/document-templates/{kind}/withdraw", response_model=TemplateVersionAnswer)
def withdraw_template(kind: DocumentKind, body: Reason, ctx: Ctx) -> dict[str, Any]:
    """Go back to the shipped template (secretary)."""
    return documents.version_view(documents.withdraw(ctx, kind, body.reason))


class Numbering(Body):
    """How a kind is numbered, such as 德教评〔{year}〕{number}号; `last`: the last number given on paper this year."""

    form: OneLine = Field(max_length=200)
    last: int | None = Field(None, ge=0, le=1_000_000)


@router.put("/document-templates/{kind}/numbering", response_model=TemplateKindAnswer)
def set_numbering(kind: DocumentKind, body: Numbering, ctx: Ctx) -> dict[str, Any]:
    """Number a kind in the bureau's own form from now on; kinds with the same form share its numbers (secretary)."""
    return documents.number_as(ctx, kind, body.form, body.last)


# --- papers ----------------------------------------------------------------------------------------------------------


@router.post("/publications/{publication_id}/notice", status_code=201, response_model=DocumentAnswer)
def issue_notice(publication_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make the notice of a list that is in publicity; the same again gives the same paper (secretary, approver)."""
    return documents.view(ctx, notices.of_publication(ctx, publication_id))


@router.post("/reviews/{review_id}/letter", status_code=201, response_model=DocumentAnswer)
def issue_letter(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make the letter to the school on its confirmed rating; the same again gives the same (secretary, approver)."""
    return documents.view(ctx, notices.of_rating(ctx, review_id))


@router.post("/meetings/{meeting_id}/minutes/document", status_code=201, response_model=DocumentAnswer)
def issue_minutes(meeting_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make a meeting's minutes once its items are over; the same again gives the same paper (chair, secretary)."""
    return documents.view(ctx, minutes.issue(ctx, meeting_id))


@router.get("/documents", response_model=Listed[DocumentAnswer])
def list_documents(
    ctx: Ctx,
    paging: Paging,
    kind: DocumentKind | None = None,
    round: Annotated[Whole | None, Query()] = None,  # noqa: A002 -- what callers write
    review: Annotated[Whole | None, Query()] = None,
) -> dict[str, Any]:
    """The papers that the caller may read, in the order in which they were made."""
    return listed(*documents.listing(ctx, paging, kind=kind, round_id=round, review_id=review))


@router.get("/documents/{document_id}", response_model=DocumentAnswer)
def read_document(document_id: int, ctx: Ctx) -> dict[str, Any]:
    """A paper: its number, hash and template."""
    return documents.view(ctx, documents.read(ctx, document_id))


@router.get("/documents/{document_id}/file", response_class=Response)
def read_file(document_id: int, ctx: Ctx) -> Response:
    """The paper itself, as it left."""
    row, content = documents.content(ctx, document_id)
    return download(content, f"{row.number}{row.title}.docx")


class LettersMade(BaseModel):
    """How many letters this call made, and how many are left to make."""

    made: int
    left: int


@router.post("/publications/{publication_id}/letters", response_model=LettersMade)
def issue_letters(publication_id: int, ctx: Ctx) -> dict[str, int]:
    """Make the letters of a list's confirmed ratings, 20 at a time: again until none is left (secretary, approver)."""
    made, left = notices.of_list(ctx, publication_id)
    return {"made": made, "left": left}


@router.post("/objections/{objection_id}/letter", status_code=201, response_model=DocumentAnswer)
def issue_objection_answer(objection_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make the answer to an objection that is closed; the objector stands in it by number (secretary, approver)."""
    return documents.view(ctx, answers.of_objection(ctx, objection_id))


@router.post("/appeals/{appeal_id}/letter", status_code=201, response_model=DocumentAnswer)
def issue_appeal_answer(appeal_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make the answer to an appeal that is closed (secretary, approver)."""
    return documents.view(ctx, answers.of_appeal(ctx, appeal_id))


@router.post("/rectifications/{rectification_id}/notice", status_code=201, response_model=DocumentAnswer)
def issue_rectification_notice(rectification_id: int, ctx: Ctx) -> dict[str, Any]:
    """Make the notice that asks a school to mend (secretary, approver)."""
    return documents.view(ctx, answers.of_rectification(ctx, rectification_id))
