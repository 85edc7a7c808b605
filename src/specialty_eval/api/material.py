"""Blind rounds, and what their material was looked through for."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import material
from specialty_eval.actions.views import round_view
from specialty_eval.engine.anonymity import Checked

from .bodies import Body, Reason
from .case_shapes import RoundAnswer
from .deps import Ctx, IfMatch, Transactional, listed, tag
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["experts"])


class FindAnswer(BaseModel):
    """A name that was found, where, and what stands around it."""

    where: str
    name: str
    near: str


class UnreadAnswer(BaseModel):
    """A part that could not be looked through, and why."""

    where: str
    why: Literal["broken", "format", "locked", "no-text", "picture", "too-deep", "too-large", "too-much", "too-slow"]


class MaterialAnswer(BaseModel):
    """A file, or the words handed in, and whether a blind reader sees it."""

    attachment_id: int | None = Field(description="文件编号；为空的是填报的文字 · null: the words handed in")
    name: str
    says: Checked | None = Field(description="检查结果，还没有检查的为空 · null before anybody looked through it")
    open: bool = Field(description="盲评专家能否看到 · whether a blind expert sees it")
    finds: list[FindAnswer]
    unread: list[UnreadAnswer] = Field(description="未能检查的部分 · what could not be read")
    checked_at: datetime | None
    released_by: int | None = Field(description="谁放行的 · who released it")
    reason: str = Field(description="放行的理由 · why it was released")


def _view(found: list[material.Held]) -> dict[str, Any]:
    rows = [
        {"attachment_id": one.attachment_id, "name": one.name, "says": one.says, "open": one.open,
         "finds": [dict(zip(("where", "name", "near"), find, strict=True)) for find in one.finds],
         "unread": [dict(zip(("where", "why"), part, strict=True)) for part in one.unread],
         "checked_at": one.checked_at, "released_by": one.released_by, "reason": one.reason}
        for one in found
    ]  # fmt: skip
    return listed(rows, None)


class Blind(Reason):
    """Whether the experts are not to learn whose material they score, and why."""

    blind: bool


@router.post("/rounds/{round_id}/blind", response_model=RoundAnswer)
def set_blind(round_id: int, body: Blind, ctx: Ctx, version: IfMatch, response: Response) -> dict[str, Any]:
    """Make a round's expert review blind, or not, before any expert is asked (secretary, with a reason)."""
    row = material.set_blind(ctx, round_id, body.blind, body.reason, version=version)
    tag(response, row.version)
    return round_view(ctx, row)


@router.get("/reviews/{review_id}/material", response_model=Listed[MaterialAnswer])
def list_material(review_id: int, ctx: Ctx) -> dict[str, Any]:
    """A review's material and what was found in it, one by one (secretary, auditor)."""
    return _view(material.listing(ctx, review_id))


class MoreNames(Body):
    """Further names to look for."""

    also: list[str] = Field(default_factory=list, max_length=50, description="另外要查的名称 · further names")


@router.post("/reviews/{review_id}/material/check", response_model=Listed[MaterialAnswer])
def check_material(review_id: int, body: MoreNames, ctx: Ctx) -> dict[str, Any]:
    """Look through the material for the school's name now (secretary)."""
    return _view(material.check(ctx, review_id, [name[:200] for name in body.also]))


class Released(Reason):
    """Which file (null: the words handed in), and why."""

    attachment_id: int | None = None


@router.post("/reviews/{review_id}/material/release", response_model=Listed[MaterialAnswer])
def release_material(review_id: int, body: Released, ctx: Ctx) -> dict[str, Any]:
    """Show a held piece all the same, under one's name and with a reason (secretary)."""
    return _view(material.release(ctx, review_id, body.attachment_id, body.reason))
