"""Reports: asked for, read, fetched as Word, as a page, or as a workbook."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from specialty_eval.actions import packs, reports
from specialty_eval.engine.report import Format, Period, Reader, ReportKind

from .bodies import Body, Whole
from .deps import Ctx, Paging, Transactional, listed
from .documents import WORD
from .exports import XLSX
from .shapes import Listed

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["reports"])

TYPES = {Format.DOCX: WORD, Format.HTML: "text/html; charset=utf-8", Format.XLSX: XLSX}
LOCKED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A page of its own: it fetches nothing and runs nothing."""


class ReportAnswer(BaseModel):
    """A report: for whose eyes, of what, and (once made) its files by their hashes."""

    id: int
    kind: ReportKind
    reader: Reader
    jurisdiction: str
    county: str | None
    school_id: int | None
    year: int
    period: Period
    asked_at: datetime
    made_at: datetime | None = Field(description="制作完成的时刻，尚未完成为空 · when it was made, null before")
    title: str | None
    files: dict[Format, str] = Field(description="文件格式 → SHA-256 · by format")


class Asked(Body):
    """Which report. `reader`: for whose eyes; `period`: of supervision, a quarter or half of the year."""

    kind: ReportKind = Field(strict=False)
    reader: Reader = Field(strict=False)
    year: int
    period: Period = Field(Period.YEAR, strict=False)
    school: str | None = Field(None, max_length=20)


@router.post("/reports", status_code=202, response_model=ReportAnswer)
def ask_report(body: Asked, ctx: Ctx) -> dict[str, Any]:
    """Have a report made (secretary, approver; a school its own; verifiers supervision, a county its own)."""
    return reports.view(reports.ask(ctx, reports.Wanted(body.kind, body.reader, body.year, body.period, body.school)))


@router.get("/reports", response_model=Listed[ReportAnswer])
def list_reports(
    ctx: Ctx, paging: Paging, kind: ReportKind | None = None, year: Annotated[Whole | None, Query()] = None
) -> dict[str, Any]:
    """The reports that the caller may know of; public ones are anybody's."""
    return listed(*reports.listing(ctx, paging, kind=kind, year=year))


@router.get("/reports/{report_id}", response_model=ReportAnswer)
def read_report(report_id: int, ctx: Ctx) -> dict[str, Any]:
    """A report and whether it is made."""
    return reports.view(reports.read(ctx, report_id))


@router.get("/reports/{report_id}/files/{form}", response_class=Response, responses={409: {}})
def read_report_file(report_id: int, form: Format, ctx: Ctx) -> Response:
    """The report as Word, as a page, or as a workbook, as it was made."""
    row, content = reports.file(ctx, report_id, form)
    way = "inline" if form is Format.HTML else "attachment"
    headers = {"Content-Disposition": f"{way}; filename*=UTF-8''{quote(f'{row.title}.{form.value}')}",
               "X-Content-Type-Options": "nosniff", "Content-Security-Policy": LOCKED}  # fmt: skip
    return Response(content, 200, headers, TYPES[form])


@router.get("/items/{item_id}/pack", response_class=Response, responses={409: {}})
def read_pack(item_id: int, ctx: Ctx) -> Response:
    """An item's material as a Word document, for those who may see it: declared, and not recused."""
    name, content = packs.pack(ctx, item_id)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
               "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(content, 200, headers, WORD)
