"""Reads: the public pages. No credential opens more here, so nothing shown can be more than anybody may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.policy import Rating
from specialty_eval.store import public_queries
from specialty_eval.store.public_queries import Choices, Counted, PublicRound, Row, Wanted
from specialty_eval.store.registry import SpecialtyCode

from .context import Context
from .paging import Page

__all__ = ["CASES", "RATINGS", "Results", "Wanted", "results"]

CASES = ("", "proposed", "contested")
RATINGS = (*(rating.value for rating in Rating), public_queries.NEVER)


@dataclass(frozen=True, slots=True)
class Results:
    """What came out: counts of what is wanted, a page of it, the rounds, and what can be asked for."""

    bureau: str
    today: date
    wanted: Wanted
    choices: Choices
    counted: Sequence[Counted]
    rows: Sequence[Row]
    next: str | None
    rounds: Sequence[PublicRound]


def results(ctx: Context, wanted: Wanted, page: Page) -> Results:
    """The public result page: as many statements for a city as for a school. Invalid for what cannot be asked."""
    if wanted.case not in CASES:
        raise Invalid(Problem("request-field-wrong", "case", {"expected": list(CASES), "value": wanted.case[:100]}))
    query = page.within(public_queries.rows(wanted, ctx.today), SpecialtyCode.code)
    shown, cursor = page.cut([Row(*list(row)) for row in ctx.session.execute(query)], lambda row: (row.code,))
    return Results(
        bureau=public_queries.bureau(ctx.session),
        today=ctx.today,
        wanted=wanted,
        choices=public_queries.choices(ctx.session),
        counted=public_queries.counted(ctx.session, wanted, ctx.today),
        rows=shown,
        next=cursor,
        rounds=public_queries.rounds(ctx.session),
    )
