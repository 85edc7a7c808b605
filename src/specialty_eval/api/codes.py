"""A specialty's code in a path: a superseded one answers 308 to the new, a closed one's 410 with its last status.

Of a day before a merger (`valid_at`) what was merged answers by its own code, and names what it is part of (`Link`).

Every route that takes a code takes it as `Code` (or, where it answers for a closed one itself, as `AnyCode`).
"""

from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse

from specialty_eval.actions import status

from .bodies import Day
from .deps import Ctx, Elsewhere
from .shapes import StatusAnswer


def any_code(
    code: Annotated[str, Path(description="`<school>-<catalogue code>[-<direction>]`")], request: Request, ctx: Ctx
) -> status.Present:
    """The code, when it is the specialty's present one; else the same request belongs to the new code's address."""
    return _present(code, None, request, ctx)


AnyCode = Annotated[status.Present, Depends(any_code)]


def code_then(
    code: Annotated[str, Path(description="`<school>-<catalogue code>[-<direction>]`")],
    request: Request,
    ctx: Ctx,
    valid_at: Annotated[Day | None, Query()] = None,
) -> status.Present:
    """The same, but for a day before a merger: then what was merged answers by its own code."""
    return _present(code, valid_at, request, ctx)


CodeThen = Annotated[status.Present, Depends(code_then)]


def link(found: status.Present) -> dict[str, str]:
    """The header that leads on to what a specialty was merged into."""
    if found.part_of is None:
        return {}
    return {"Link": f'<{quote(f"/v1/specialties/{found.part_of}/status")}>; rel="successor-version"'}


def _present(code: str, on: date | None, request: Request, ctx: Ctx) -> status.Present:
    found = status.present(ctx, code, on)
    if found.code != code and found.part_of is None:
        path = request.scope["route"].path_format.format(**{**request.path_params, "code": found.code})
        query = f"?{request.url.query}" if request.url.query else ""
        raise Elsewhere(RedirectResponse(quote(path) + query, 308))
    return found


def open_code(found: AnyCode, ctx: Ctx) -> str:
    """The code of a specialty that is not closed; of one that is, its last status is the answer."""
    if found.is_closed:
        last = StatusAnswer.model_validate(status.of(ctx, found.code), from_attributes=True)
        raise Elsewhere(JSONResponse(last.model_dump(mode="json"), 410))
    return found.code


Code = Annotated[str, Depends(open_code)]
