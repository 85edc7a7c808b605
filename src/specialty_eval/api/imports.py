"""Files by the thousand rows: reference data, schools, specialties, people, the opening balance, yearly figures."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from specialty_eval.actions import intake
from specialty_eval.actions.intake_tables import TABLES

from .arrival import with_charset
from .deps import Ctx, Transactional, refuse_key

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["imports"])

Kind = Literal[
    "jurisdictions", "catalogue", "organisations", "schools", "specialties", "people", "committee", "ratings",
    "standings", "quotas", "figures",
]  # fmt: skip
BODY = {
    "requestBody": {
        "required": True,
        "description": "the file; the first row names the columns (see `GET /v1/imports`)",
        "content": {
            intake.CSV: {"schema": {"type": "string"}},
            intake.XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class ImportAnswer(BaseModel):
    """What the file did, or with `dry_run` would do. `rows`: the file's; the others count rows, of figures values."""

    kind: str
    rows: int
    new: int
    changed: int
    unchanged: int
    dry_run: bool
    charset: Literal["utf-8", "gb18030"] | None = Field(description="in which a CSV was read; null for a workbook")


class ColumnAnswer(BaseModel):
    """A column: whether it must be in the heading, and whether each of its cells must be filled."""

    name: str
    required: bool
    filled: bool


class TableAnswer(BaseModel):
    """A kind of file; `key`: the columns that no two rows may share; `loaded_by`: the roles that may load it."""

    kind: str
    columns: list[ColumnAnswer]
    key: list[str]
    loaded_by: list[str]


class TablesAnswer(BaseModel):
    """Every kind, in the order in which a new installation loads them."""

    items: list[TableAnswer]


@router.get("/imports")
def list_kinds() -> TablesAnswer:
    """The kinds of files and their columns, in the order in which a new installation loads them (public)."""
    return TablesAnswer(
        items=[
            TableAnswer(
                kind=table.name,
                columns=[ColumnAnswer(name=c.name, required=c.required, filled=c.filled) for c in table.columns],
                key=list(table.key),
                loaded_by=sorted(table.loaded_by),
            )
            for table in TABLES.values()
        ]
    )


async def file_of(request: Request, kind: str, ctx: Ctx) -> tuple[bytes, str]:
    """The file and its media type, of somebody who may load this kind."""
    await run_in_threadpool(intake.permitted, ctx, kind)
    if kind == "people":  # its passwords; a file loaded twice changes nothing anyhow
        refuse_key(request)
    return await request.body(), with_charset(request, intake.CSV, intake.XLSX)


@router.post("/imports/{kind}", openapi_extra=BODY)
def load(
    kind: Kind,
    ctx: Ctx,
    file: Annotated[tuple[bytes, str], Depends(file_of)],
    edition: Annotated[str, Query(max_length=40, description="of a catalogue: its edition, as 2025-12")] = "",
    policy: Annotated[str, Query(max_length=200, description="of figures: whose measures they are, ID@VERSION")] = "",
    dry_run: Annotated[bool, Query(description="compare, and write nothing")] = False,
) -> ImportAnswer:
    """Load a file, CSV (UTF-8, or GB18030 where its media type says so) or XLSX: all of it, or nothing and every
    problem (the first 1,000, totals by code)."""
    content, media_type = file
    done = intake.load(ctx, kind, content, media_type, dry_run, edition=edition, policy=policy)
    return ImportAnswer.model_validate(asdict(done) | {"charset": done.charset or None})
