"""A specialty's code in a path: a superseded one answers 308 to the new, a closed one's 410 with its last status.

Every route that takes a code takes it as `Code` (or, where it answers for a closed one itself, as `AnyCode`).
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Request
from fastapi.responses import JSONResponse, RedirectResponse

from specialty_eval.actions import status

from .deps import Ctx, Elsewhere
from .shapes import StatusAnswer


def any_code(
    code: Annotated[str, Path(description="`<school>-<catalogue code>[-<direction>]`")], request: Request, ctx: Ctx
) -> status.Present:
    """The code, when it is the specialty's present one; else the same request belongs to the new code's address."""
    found = status.present(ctx, code)
    if found.code != code:
        path = request.scope["route"].path_format.format(**{**request.path_params, "code": found.code})
        query = f"?{request.url.query}" if request.url.query else ""
        raise Elsewhere(RedirectResponse(quote(path) + query, 308))
    return found


AnyCode = Annotated[status.Present, Depends(any_code)]


def open_code(found: AnyCode, ctx: Ctx) -> str:
    """The code of a specialty that is not closed; of one that is, its last status is the answer."""
    if found.is_closed:
        last = StatusAnswer.model_validate(status.of(ctx, found.code), from_attributes=True)
        raise Elsewhere(JSONResponse(last.model_dump(mode="json"), 410))
    return found.code


Code = Annotated[str, Depends(open_code)]
