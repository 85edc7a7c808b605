"""Until when whoever is named to visit a school has to report: moved later with everybody's, and off a day off."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.overdue import Awaited
from specialty_eval.engine.permissions import Grant
from specialty_eval.store import site_visit_queries
from specialty_eval.store.reviews import Review

from .context import LOCAL, Context, Note


def end_later(
    ctx: Context,
    which: sa.ColumnElement[bool],
    until: datetime,
    note: Note,
    *,
    grant: Grant | None = None,
    alone: int | None = None,
) -> int:
    """Let the days of everybody who still has to report, where this holds, end then; how many. They and the offices
    are told.

    `which` is asked of SiteVisitor with its Review. Who may, is asked by the caller. `alone`: whose day it is,
    where it is that visitor's alone.
    """
    ctx.lock_all(Review, sorted({v.review_id for v in site_visit_queries.to_report(ctx.session, which)}))
    waiting = site_visit_queries.to_report(ctx.session, which)  # read again under the locks
    for visitor in waiting:
        visitor.due = until
    told: dict[str, Any] = {"what": Awaited.SITE_VISIT.value, "until": last_local_day(until, LOCAL).isoformat()}
    if alone is not None:
        told["visitor"] = alone
    reviews = sorted({visitor.review_id for visitor in waiting})
    ctx.record_many("review.extend", Review, reviews, replace(note, audience="office", told=told), grant=grant)
    return len(waiting)
