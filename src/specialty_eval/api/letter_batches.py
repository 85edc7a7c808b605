"""All the letters of a list or a round at once: asked for, followed, fetched as one file."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import letter_batches

from .deps import Ctx, Transactional

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["documents"])


class LetterBatchAnswer(BaseModel):
    """Letters that were asked for together, how many of them are done, and the file once all are."""

    id: int
    round_id: int
    publication_id: int | None = Field(description="整个批次的为空 · null for all of a round")
    asked_at: datetime
    letters: int = Field(description="共几份 · how many are wanted")
    done: int = Field(description="已做几份 · how many are done")
    made_at: datetime | None = Field(description="文件做好的时刻，尚未做好为空 · when the file was made, null before")
    sha256: str | None
    size: int | None


@router.post("/publications/{publication_id}/letter-batches", status_code=202, response_model=LetterBatchAnswer)
def ask_of_list(publication_id: int, ctx: Ctx) -> dict[str, Any]:
    """Have all letters of a list's confirmed ratings made, and one file of them (secretary, approver)."""
    return letter_batches.view(letter_batches.of_list(ctx, publication_id))


@router.post("/rounds/{round_id}/letter-batches", status_code=202, response_model=LetterBatchAnswer)
def ask_of_round(round_id: int, ctx: Ctx) -> dict[str, Any]:
    """Have all letters of a round's confirmed ratings made, and one file of them (secretary, approver)."""
    return letter_batches.view(letter_batches.ask(ctx, round_id))


@router.get("/letter-batches/{batch_id}", response_model=LetterBatchAnswer)
def read_batch(batch_id: int, ctx: Ctx) -> dict[str, Any]:
    """How far the letters are (offices; nobody who is recused from one of them)."""
    return letter_batches.view(letter_batches.read(ctx, batch_id))


@router.get("/letter-batches/{batch_id}/file", response_class=Response, responses={409: {}})
def read_letters(batch_id: int, ctx: Ctx) -> Response:
    """All the letters as one ZIP file, with a table of their numbers and hashes."""
    row, content = letter_batches.file(ctx, batch_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'认定决定书-{row.id}.zip')}",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(content, 200, headers, "application/zip")
