"""Every list as a workbook: the same call with `format=xlsx`, so the same rights, filters and order, page after page.

Which calls those are their own answers say: whoever answers `Listed` rows can be asked for them as a sheet. What the
columns are comes from the shape of a row, never from the rows there happen to be.
"""

import hashlib
import json
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum
from typing import Any, BinaryIO, get_args, get_origin
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from specialty_eval import text
from specialty_eval.actions.context import LOCAL, Context
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Invalid, Problem

from .shapes import Listed

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PAGE = 500
PLACED = frozenset({"limit", "after"})
"""Parameters that say where in a list, not of which."""
MOST_ROWS = 200_000
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def rows_at(model: object) -> str | None:
    """Where an answer of this shape has its rows: "" at its top, else the field's name; None where it is no list."""
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return None
    if issubclass(model, Listed):
        return ""
    return next((name for name, field in model.model_fields.items() if _is_list(name, field.annotation)), None)


WHOLE = frozenset({"data", "targets"})
"""Fields that hold rows without pages; any other array of an answer is a part of the one thing it is about."""


def _is_list(name: str, annotation: object) -> bool:
    return name in WHOLE or (isinstance(annotation, type) and issubclass(annotation, Listed))


def rows_of(model: type[BaseModel], at: str) -> type[BaseModel]:
    """The shape of a list's rows."""
    annotation: Any = model if at == "" else model.model_fields[at].annotation
    if get_origin(annotation) is not list:
        annotation = annotation.model_fields["items"].annotation
    found: type[BaseModel] = get_args(annotation)[0]
    return found


def with_sheets(inner: Handler, model: object) -> Handler:
    """The handler of a list that answers a workbook to whoever asks for one; any other handler as it is."""
    at = rows_at(model)
    if at is None or not isinstance(model, type):
        return inner
    row = rows_of(model, at)

    async def handle(request: Request) -> Response:
        if not _wanted(request):
            return await inner(request)
        return await _sheet(inner, request, at, row)

    return handle


def _wanted(request: Request) -> bool:
    """Whether a workbook is asked for, by `format` or else by `Accept`; Invalid for a format that there is not."""
    said = request.query_params.get("format")
    if said not in {None, "xlsx", "json"}:
        raise Invalid(Problem("request-field-wrong", "format", {"expected": ["json", "xlsx"], "value": said[:100]}))
    return said == "xlsx" if said is not None else XLSX in request.headers.get("accept", "")


async def _sheet(inner: Handler, request: Request, at: str, row: type[BaseModel]) -> Response:
    """Ask page after page within the request's transaction, and write each as it comes."""
    from specialty_eval.actions import exports  # noqa: PLC0415 -- slow import: rows that a first answer needs not
    from specialty_eval.paper.sheets import Sheet  # noqa: PLC0415 -- slow import: workbooks

    fields = columns_of(row)
    name = str(request.scope["route"].path)
    title = text.route(f"GET {name}")
    cursor: str | None = None
    if PLACED & set(request.query_params):  # which page is nothing to a workbook, and what is no page is refused
        await inner(_as_page(request, request.query_params.multi_items()))
    sha = hashlib.sha256()
    with Sheet(title, [field.column for field in fields]) as sheet:
        while True:
            answer = await inner(_page_of(request, cursor))
            if answer.status_code != 200:
                return answer
            told = json.loads(bytes(answer.body))
            page = told if at == "" else told[at]
            rows, cursor = (page, None) if isinstance(page, list) else (page["items"], page["next"])
            if sheet.rows + len(rows) > MOST_ROWS:
                raise Invalid(Problem("export-too-long", "format", {"at_most": MOST_ROWS}))
            for told_row in rows:
                sha.update(
                    json.dumps(told_row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
                )
            await run_in_threadpool(sheet.add, ([field.cell(one) for field in fields] for one in rows))
            if cursor is None:
                break
        context: Context = request.state.context
        asked = {**request.path_params, **dict(request.query_params)}
        about = await run_in_threadpool(exports.about, context, asked)
        notes = [("列表", title), ("接口", f"GET {request.url.path}"), ("筛选", _filters(request)), *about,
                 ("行数", str(sheet.rows)), ("数据校验码（SHA-256）", sha.hexdigest())]  # fmt: skip
        made = await run_in_threadpool(sheet.close, title, notes)
    at_day = context.now.astimezone(LOCAL)
    return _download(made, f"{title}{at_day:%Y%m%d-%H%M}.xlsx")


def _page_of(request: Request, cursor: str | None) -> Request:
    """The same request for the next page of the longest pages there are."""
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name not in PLACED]
    return _as_page(request, [*kept, ("limit", str(PAGE)), *([] if cursor is None else [("after", cursor)])])


def _as_page(request: Request, asked: Sequence[tuple[str, str]]) -> Request:
    """The same request, asked in this way and as a page."""
    request.state  # noqa: B018 -- makes the state that the copy shares, the transaction in it
    query = urlencode([(name, value) for name, value in asked if name != "format"])
    return type(request)({**request.scope, "query_string": query.encode("latin-1")}, request.receive)


def _filters(request: Request) -> str:
    """What the list was narrowed by."""
    kept = [f"{n}={v}" for n, v in request.query_params.multi_items() if n not in {"format", *PLACED}]
    return "；".join(kept) or "（全部）"


def _download(file: BinaryIO, name: str) -> Response:
    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(1 << 16):
                yield piece

    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
               "X-Content-Type-Options": "nosniff", "Vary": "Accept, Authorization"}  # fmt: skip
    return StreamingResponse(pieces(), 200, headers, XLSX)


# --- columns ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """A column and where its value stands in a row; `words`: what its values are called."""

    path: tuple[str, ...]
    words: Mapping[str, str]

    @property
    def column(self) -> Any:
        """As the workbook has it."""
        from specialty_eval.paper.sheets import Column  # noqa: PLC0415 -- slow import: workbooks

        return Column(text.column(self.path), ".".join(self.path))

    def cell(self, row: Any) -> str | int | None:
        """The value of a row, as people read it."""
        for name in self.path:
            row = None if row is None else row.get(name)
        return said(row, self.words, self.path[-1])


def columns_of(model: type[BaseModel], *above: str) -> list[Field]:
    """A column for each field of a row; what is itself a shape has a column for each of its own fields."""
    found: list[Field] = []
    for name, field in model.model_fields.items():
        inner = _shape_in(field.annotation)
        shown = field.alias or name
        if inner is not None:
            found += columns_of(inner, *above, shown)
        else:
            found.append(Field((*above, shown), _words_of(name, field.annotation)))
    return found


def _shape_in(annotation: Any) -> type[BaseModel] | None:
    """The shape that a field is, also where it may be null."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel) and get_origin(annotation) is not list:
            return part
    return None


def _words_of(name: str, annotation: Any) -> Mapping[str, str]:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Enum):
            return text.values_of(part)
    return text.values_called(name)


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DEADLINE = re.compile(r"(?:\w+_)?(?:due|until)|closes_at|collecting|verifying|scoring|deliberating")
"""The fields whose instants end something: the end of a day is told as that day, as letters and pages tell it."""
YES, NO = "是", "否"


def said(value: Any, words: Mapping[str, str], name: str = "") -> str | int | None:
    """A field's value as a cell: whole numbers as numbers, everything else as text; instants in local time."""
    if isinstance(value, list):
        return "；".join(str(said(each, words, name) or "") for each in value)
    if isinstance(value, dict):
        return _of_object(value, words)
    match value:
        case None | "":
            return None
        case bool():
            return YES if value else NO
        case str():
            return words.get(value) or _local(value, ends=_DEADLINE.fullmatch(name) is not None)
        case _:
            return int(value)


def _local(value: str, *, ends: bool) -> str:
    if not _INSTANT.fullmatch(value):
        return value
    at = datetime.fromisoformat(value).astimezone(LOCAL)
    return last_local_day(at, LOCAL).isoformat() if ends and at.time() == time() else f"{at:%Y-%m-%d %H:%M:%S}"


def _of_object(value: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """A label in Chinese; what has a code and a label by its label; anything else name by name."""
    if value.keys() <= {"zh", "en"}:
        return str(value.get("zh") or value.get("en") or "")
    if "code" in value and isinstance(value.get("label"), dict):
        return str(said(value["label"], words) or value["code"])
    pairs: Sequence[tuple[str, Any]] = [(name, said(part, words, name)) for name, part in value.items()]
    return "，".join(f"{text.column((name,))} {part}" for name, part in pairs if part is not None)
