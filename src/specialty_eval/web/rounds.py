"""`/rounds/{id}`: one round: its policy, its counts, and its lists with their days, seals and entries."""

from fastapi import APIRouter, Request

from specialty_eval.actions import public, publication_views, publications
from specialty_eval.actions.context import Context
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import NotFound, Problem

from . import pages
from .pages import Shown

ROWS = 100


def show(ctx: Context, request: Request) -> Shown:
    """The page with one list's entries: the one asked for, else the newest."""
    found = public.round_of(ctx, asked(request.path_params["number"], "round"))
    lists = publications.of_round(ctx, found.id)
    number = request.query_params.get("list")
    chosen = [row for row in lists if number is None or row.number == asked(number, "publication")][-1:]
    if number is not None and not chosen:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": number[:20]}))
    after = request.query_params.get("after")
    entries, cursor = ([], None) if not chosen else publication_views.entries(ctx, chosen[0], Page.of(ROWS, after))
    return Shown("round.html", {
        "round": found, "ratings": public.RATINGS, "after": after, "entries": entries, "next": cursor,
        "lists": [publication_views.header(row) for row in lists], "chosen": chosen[0].number if chosen else None,
        "errata": publication_views.errata(ctx, chosen[0]) if chosen else [],
    })  # fmt: skip


def asked(number: str, kind: str) -> int:
    """A number as an address names it; NotFound for anything that can be none."""
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise NotFound(Problem("not-found", kind, {"kind": kind, "id": number[:20]}))
    return int(number)


router = APIRouter()
pages.add(router, "/rounds/{number}", show)
