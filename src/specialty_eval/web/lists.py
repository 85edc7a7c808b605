"""`/lists`: the published negative and urgent-need lists, and of one of them every entry with its reasons."""

from typing import Any

from fastapi import APIRouter, Request

from specialty_eval.actions import list_views, lists
from specialty_eval.actions.context import Context
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import NotFound, Problem

from . import pages
from .pages import Shown

ROWS = 100


def show(ctx: Context, request: Request) -> Shown:
    """The page with one list's entries: the one asked for, else the one in force this year."""
    found = list_views.published(ctx)
    number, after = request.query_params.get("list"), request.query_params.get("after")
    key = asked(number) if number is not None else first_shown(found, ctx.today.year)
    data: dict[str, object] = {"lists": found, "chosen": None, "entries": [], "next": None, "after": after}
    if key is not None:
        row = lists.read(ctx, key)
        entries, cursor = list_views.entries(ctx, row, Page.of(ROWS, after))
        data |= {"chosen": list_views.whole(ctx, row), "entries": entries, "next": cursor}
    return Shown("lists.html", data)


def first_shown(found: list[dict[str, Any]], this_year: int) -> int | None:
    """The list in force this year, else the one of the latest year that is."""
    in_force = [row for row in found if row["state"] == "published"]
    now = [row for row in in_force if row["year"] == this_year]
    return next((row["id"] for row in (*now, *in_force)), None)


def asked(number: str) -> int:
    """A list as an address names it; NotFound for anything that can be none."""
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise NotFound(Problem("not-found", "list", {"kind": "specialty_list", "id": number[:20]}))
    return int(number)


router = APIRouter()
pages.add(router, "/lists", show)
