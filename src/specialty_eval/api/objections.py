"""Objections to publicised ratings."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from specialty_eval.actions import objections

from .bodies import Body, OneLine
from .deps import Ctx, IfMatch, Paging, Transactional, listed, tag
from .publication_shapes import ContactAnswer, ObjectionAnswer, ObjectionReceipt, ObjectionWithActions
from .shapes import Listed, actions_of

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["objections"])


def receipt(row: Any) -> dict[str, Any]:
    """What an objector gets back: nothing secret."""
    return {"id": row.id, "state": row.state, "admissibility_due": row.admissibility_due}


def objection_view(ctx: Ctx, row: Any) -> dict[str, Any]:
    """An objection, without who made it."""
    return {
        "id": row.id, "review_id": row.review_id, "publication_id": row.publication_id, "state": row.state,
        "grounds": row.grounds, "answer": row.answer, "received_at": row.received_at,
        "admissibility_due": row.admissibility_due, "answer_due": row.answer_due,
        "overdue": objections.is_overdue(ctx, row),
    }  # fmt: skip


class NewObjection(Body):
    """What one objects to, and who one is; the name and the contact are kept private."""

    review: int
    name: OneLine = Field(max_length=100)
    contact: OneLine = Field(max_length=200)
    grounds: str = Field(max_length=8000)


@router.post("/publications/{publication_id}/objections", status_code=201, response_model=ObjectionReceipt)
def lodge(publication_id: int, body: NewObjection, ctx: Ctx) -> dict[str, Any]:
    """Object to a rating in publicity (anyone). A code is sent to the contact to confirm it."""
    new = objections.NewObjection(body.review, body.name, body.contact, body.grounds)
    return receipt(objections.lodge(ctx, publication_id, new))


@router.get("/publications/{publication_id}/objections", response_model=Listed[ObjectionAnswer])
def list_objections(publication_id: int, ctx: Ctx, paging: Paging) -> dict[str, Any]:
    """The objections to a list (offices)."""
    rows, cursor = objections.of_publication(ctx, publication_id, paging)
    return listed([objection_view(ctx, row) for row in rows], cursor)


class Code(Body):
    """The code that came to the contact."""

    code: str = Field(min_length=1, max_length=100)


@router.post("/objections/{objection_id}/confirm-contact", response_model=ObjectionReceipt)
def confirm_contact(objection_id: int, body: Code, ctx: Ctx) -> dict[str, Any]:
    """Confirm one's contact with the code that was sent there (anyone who has it)."""
    return receipt(objections.confirm_contact(ctx, objection_id, body.code))


@router.get("/objections/{objection_id}", response_model=ObjectionWithActions)
def read_objection(objection_id: int, ctx: Ctx, response: Response) -> dict[str, Any]:
    """An objection without its maker (offices, committee)."""
    row = objections.read(ctx, objection_id)
    tag(response, row.version)
    return {**objection_view(ctx, row), "actions": actions_of(objections.possible(ctx, row))}


@router.get("/objections/{objection_id}/contact", response_model=ContactAnswer)
def read_contact(objection_id: int, ctx: Ctx) -> dict[str, Any]:
    """Who objected, and the code to send to the contact while it is not confirmed (secretary, bureau approver)."""
    found = objections.contact(ctx, objection_id)
    return {"name": found.name, "contact": found.contact, "confirmation_code": found.confirmation_code or None}


@router.post("/objections/{objection_id}/admit", response_model=ObjectionAnswer)
def admit(objection_id: int, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Hear an objection: its review waits, the others go on (secretary, bureau approver)."""
    row = objections.admit(ctx, objection_id, version=version)
    tag(response, row.version)
    return objection_view(ctx, row)


class Answer(Body):
    """The answer as it will be served."""

    answer: str = Field(max_length=8000)


@router.post("/objections/{objection_id}/rule-out", response_model=ObjectionAnswer)
def rule_out(objection_id: int, body: Answer, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Not admissible, with an answer (secretary, bureau approver)."""
    row = objections.rule_out(ctx, objection_id, body.answer, version=version)
    tag(response, row.version)
    return objection_view(ctx, row)


@router.post("/objections/{objection_id}/reject", response_model=ObjectionAnswer)
def reject(objection_id: int, body: Answer, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Heard and not upheld, with an answer (secretary, bureau approver)."""
    row = objections.reject(ctx, objection_id, body.answer, version=version)
    tag(response, row.version)
    return objection_view(ctx, row)


class Upholding(Answer):
    """Whether a figure was wrong (scored anew), or the judgement (decided anew); figures set right."""

    evidence_was_wrong: bool
    corrections: dict[str, str] = Field(default_factory=dict, max_length=1000)


@router.post("/objections/{objection_id}/uphold", response_model=ObjectionAnswer)
def uphold(objection_id: int, body: Upholding, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Upheld: this review goes back, the others go on (secretary, bureau approver)."""
    row = objections.uphold(ctx, objection_id, body.answer, evidence_was_wrong=body.evidence_was_wrong,
                            corrections=body.corrections, version=version)  # fmt: skip
    tag(response, row.version)
    return objection_view(ctx, row)
