"""`/`: what came out, by county and class, and every specialty with what is in force and what is contested."""

from collections import Counter
from dataclasses import asdict, replace
from urllib.parse import urlencode

from fastapi import APIRouter, Request

from specialty_eval.actions import public
from specialty_eval.actions.context import Context
from specialty_eval.actions.paging import Page
from specialty_eval.actions.public import Results, Wanted

from . import charts, pages
from .pages import Shown

ROWS = 50
LONGEST = 100
LONGEST_NUMBER = 18
"""Digits of a number that the database has room for."""


def show(ctx: Context, request: Request) -> Shown:
    """The page for what the address asks for."""
    asked = request.query_params
    wanted = Wanted(
        **{name: " ".join(asked.get(short, "").replace("\0", " ").split())[:LONGEST] for name, short in FIELDS.items()}
    )
    before = asked.get("rounds", "")
    rounds_before = int(before) if before.isdecimal() and len(before) <= LONGEST_NUMBER else None
    found = public.results(ctx, wanted, Page.of(ROWS, asked.get("after")), rounds_before)
    return Shown("results.html", shown(found, after=asked.get("after", "")))


FIELDS = {"county": "county", "class_name": "class", "level": "level", "rating": "rating", "case": "case", "text": "q"}
"""A field of `Wanted` → its name in the address."""


def shown(found: Results, *, after: str) -> dict[str, object]:
    """What the template needs: counts as numbers and bars, the rows, and the addresses it links to."""
    ratings: Counter[str] = Counter()
    for counted in found.counted:
        ratings[counted.rating or "none"] += counted.specialties
    wanted, choices = found.wanted, found.choices
    by = [(c.county, c.class_name, c.rating or "none", c.specialties) for c in found.counted]
    areas = {k: v for k, v in choices.counties.items() if not wanted.county or k == wanted.county}
    classes = {name: name for name in choices.classes if not wanted.class_name or name == wanted.class_name}
    return {
        "found": found,
        "total": ratings.total(),
        "ratings": ratings,
        "proposed": sum(c.proposed for c in found.counted),
        "contested": sum(c.contested for c in found.counted),
        "counties": charts.bars(areas, ((county, rating, n) for county, _, rating, n in by)),
        "classes": charts.bars(classes, ((name, rating, n) for _, name, rating, n in by)),
        "in_publicity": [(r, each) for r in found.rounds for each in r.lists if each.state == "in_publicity"],
        "is_filtered": wanted != Wanted(),
        "choices_of_ratings": public.RATINGS,
        "after": after,
        "link": lambda **changed: address(replace(wanted, **changed)),
        "more": address(wanted, after=found.next or ""),
        "earlier": address(wanted, rounds=str(found.earlier or "")),
    }


def address(wanted: Wanted, **more: str) -> str:
    """The page with this filter."""
    asked = {FIELDS[name]: value for name, value in asdict(wanted).items()} | more
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/?{query}" if query else "/"


router = APIRouter()
pages.add(router, "/", show)
