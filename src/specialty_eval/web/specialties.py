"""`/specialties/{code}`: one specialty, every fact in a place of its own."""

from urllib.parse import quote

from fastapi import APIRouter, Request

from specialty_eval.actions import public
from specialty_eval.actions.context import Context

from . import pages
from .pages import Moved, Shown


def show(ctx: Context, request: Request) -> Shown | Moved:
    """The page; 308 to the present code, 410 with the last status once the specialty is closed."""
    code = request.path_params["code"].replace("\0", "")
    found = public.specialty(ctx, code)
    if found.known.code != code:
        return Moved(f"/specialties/{quote(found.known.code)}")
    return Shown("specialty.html", {"found": found, "known": found.known}, 410 if found.is_closed else 200)


router = APIRouter()
pages.add(router, "/specialties/{code}", show)
