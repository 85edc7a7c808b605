"""`/developers`: the first answer in three minutes, the fixed codes to try against, and where everything else is."""

from fastapi import APIRouter, Request

from specialty_eval import sandbox
from specialty_eval.actions.context import Context

from . import pages
from .pages import Shown


def developers(_: Context, request: Request) -> Shown:
    """The page; its requests name the address under which this server was asked."""
    base = f"{request.url.scheme}://{request.url.netloc}"
    return Shown("developers.html", {"base": base, "codes": [(code, about) for code, about, _ in sandbox.codes()]})


router = APIRouter()
pages.add(router, "/developers", developers)
