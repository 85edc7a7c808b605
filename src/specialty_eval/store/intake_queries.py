"""Yearly facts by the thousands: laid out beside what is on record, compared and taken in a few statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from . import bulk
from .base import table_of
from .reviews import Figure

COLUMNS = ("specialty_id", "year", "measure", "value", "supplier", "source")
_FIGURE = table_of(Figure)
_LAID = sa.table(bulk.INCOMING, *(sa.column(name, _FIGURE.c[name].type) for name in COLUMNS))
_SAME = sa.and_(
    _FIGURE.c.superseded_at.is_(None),
    *(_FIGURE.c[name] == _LAID.c[name] for name in ("specialty_id", "year", "measure")),
)
_DIFFERS = sa.or_(_FIGURE.c.value != _LAID.c.value, _FIGURE.c.supplier != _LAID.c.supplier)


def lay_out_figures(session: Session, rows: Sequence[Sequence[Any]]) -> tuple[int, int, int]:
    """Lay `COLUMNS` out in a temporary table; how many values are new, change one on record, change nothing."""
    bulk.lay_out(session, Figure, COLUMNS, rows)
    joined = _LAID.outerjoin(_FIGURE, _SAME)
    is_new = _FIGURE.c.id.is_(None)
    counted = sa.select(
        sa.func.count().filter(is_new),
        sa.func.count().filter(~is_new, _DIFFERS),
        sa.func.count().filter(~is_new, ~_DIFFERS),
    ).select_from(joined)
    new, changed, unchanged = session.execute(counted).one()
    return new, changed, unchanged


def take_figures(session: Session, now: datetime, by: int | None, *, changed: int) -> None:
    """Put on record what is laid out: what says otherwise (`changed` do) is superseded, what says the same stays.

    In the order of specialties and measures, whichever way the server reads them: the same file, the same numbers.
    """
    if changed:
        session.execute(sa.update(_FIGURE).where(_SAME, _DIFFERS).values(superseded_at=now))
    missing = ~sa.exists().where(_SAME)
    said = sa.select(*_LAID.c, sa.literal(now, _FIGURE.c.recorded_at.type), sa.literal(by, sa.BigInteger()))
    in_order = said.where(missing).order_by(_LAID.c.specialty_id, _LAID.c.year, _LAID.c.measure)
    session.execute(sa.insert(_FIGURE).from_select([*COLUMNS, "recorded_at", "recorded_by"], in_order))
