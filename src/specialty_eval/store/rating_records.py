"""How a confirmed rating enters the record with both its times: what is closed, what is written anew. Set-based.

Until a new rating is confirmed the last one stays in force: `unrated` and `incomplete` never take a colour's place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.succession import is_worse
from specialty_eval.engine.vocabulary import COLOURS, Rating

from . import bulk
from .outcome_queries import among, known_ratings, ratings_of
from .outcomes import RatingInForce
from .registry import Specialty
from .status_queries import RatingRow


@dataclass(frozen=True, slots=True)
class Span:
    """A rating and the days it holds (`until` exclusive, None: still); `id` None: not written yet."""

    rating: Rating
    year: int
    reasons: tuple[str, ...]
    review_id: int | None
    document_number: str
    since: date
    until: date | None = None
    source: str = ""
    id: int | None = None
    acts_since: date | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A rating to enter the record from a day on. `replaces`: the review whose rating an upheld appeal overturned."""

    specialty_id: int
    span: Span
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that are no longer what is known, and those that are from now on."""

    closed: tuple[Span, ...] = ()
    written: tuple[Span, ...] = ()


def change(known: Sequence[Span], new: Confirmed) -> Change:
    """What a confirmed rating does to a specialty's record as known now (oldest first)."""
    overturned = next((s for s in known if s.review_id is not None and s.review_id == new.replaces), None)
    if overturned is not None:
        return _in_place_of(overturned, known, new.span)
    day = new.span.since
    covering = next((s for s in known if s.since <= day and (s.until is None or day < s.until)), None)
    if covering is None:
        following = min((s.since for s in known if s.since > day), default=None)
        return Change((), (replace(new.span, until=following),))
    if new.span.rating not in COLOURS and covering.rating in COLOURS:
        return Change()
    before = (replace(covering, until=day, id=None),) if covering.since < day else ()
    return Change((covering,), (*before, replace(new.span, until=covering.until)))


def _in_place_of(overturned: Span, known: Sequence[Span], new: Span) -> Change:
    """The same days under the new rating; where that is no colour, the colour before it never ended."""
    before = next((s for s in known if s.until == overturned.since and s.rating in COLOURS), None)
    if new.rating not in COLOURS and before is not None:
        return Change((overturned, before), (replace(before, until=overturned.until, id=None),))
    return Change((overturned,), (replace(new, since=overturned.since, until=overturned.until),))


def _where_it_went(known: Sequence[Span], new: Confirmed, same_day: Span | None = None) -> Change:
    """An overturned rating that went over with a succession: the worse of the new and the one before. `same_day`: the
    one before where it had begun on the day of the succession, so that no day of it was left on record.
    """
    overturned = next(s for s in known if s.review_id == new.replaces)
    before = next((s for s in known if s.until == overturned.since and s.rating in COLOURS), None)
    own = before if same_day is None else same_day
    if own is not None and not is_worse(new.span.rating, own.rating):
        closed = (overturned,) if own is same_day else (overturned, own)  # what ended that day has ended
        return Change(closed, (replace(own, until=overturned.until, id=None),))
    there = replace(new.span, since=overturned.since, until=overturned.until, acts_since=overturned.acts_since)
    return Change((overturned,), (there,))


def _went_over(session: Session, new: Collection[Confirmed]) -> list[tuple[int, Confirmed]]:
    """(Specialty that an overturned rating went over to, the rating that takes its place)."""
    replaced = {c.replaces: c for c in new if c.replaces is not None}
    if not replaced:
        return []
    found = sa.select(RatingInForce.specialty_id, RatingInForce.review_id).where(
        among(RatingInForce.review_id, replaced), RatingInForce.known_to.is_(None),
        RatingInForce.acts_since.is_not(None),
    )  # fmt: skip
    return [(key, replaced[of]) for key, of in session.execute(found.order_by(RatingInForce.specialty_id))
            if of is not None and replaced[of].specialty_id != key]  # fmt: skip


def _of_the_same_day(session: Session, over: Iterable[tuple[int, Confirmed]]) -> dict[int, Span]:
    """Specialty → the rating of its own whose place the one that went over took on the day it had begun."""
    found: dict[int, Span] = {}
    for key, new in over:
        rows = [r for r in ratings_of(session, key) if r.rating in COLOURS]
        day = next(r.valid_from for r in rows if r.review_id == new.replaces)
        came = min(r.known_from for r in rows if r.valid_from == day and r.acts_since is not None)
        own = [r for r in rows if r.valid_from == day and r.acts_since is None and r.known_to == came]
        if own:
            found[key] = span_of(own[-1])
    return found


def span_of(r: RatingRow) -> Span:
    """A row on record as a span."""
    return Span(r.rating, r.year, r.reasons, r.review_id, r.document_number, r.valid_from, r.valid_to, r.source, r.id,
                r.acts_since)  # fmt: skip


def hold(session: Session, specialties: Collection[int]) -> None:
    """Lock the records of these specialties: two confirmations of one specialty follow each other."""
    lock = sa.select(Specialty.id).where(among(Specialty.id, specialties)).order_by(Specialty.id)
    session.execute(lock.with_for_update(key_share=True))


def enter(session: Session, confirmed: Iterable[Confirmed], now: datetime) -> set[int]:
    """Write what is known from `now` on, a few statements however many; the specialties whose record changed, those
    that an overturned rating went over to among them.

    Their rows are locked first: two confirmations of one specialty follow each other.
    """
    new = {c.specialty_id: c for c in confirmed}
    over = _went_over(session, new.values())
    hold(session, {*new, *(key for key, _ in over)})
    known = known_ratings(session, new)
    changes: dict[int, Change] = {}
    for key, found in new.items():
        spans = [span_of(r) for r in known[key]]
        changes[key] = change(spans, found)
    carried = known_ratings(session, [key for key, _ in over])
    own = _of_the_same_day(session, over)
    changes |= {key: _where_it_went([span_of(r) for r in carried[key]], found, own.get(key)) for key, found in over}
    _write(session, changes, now)
    return {key for key, made in changes.items() if made.written}


def _write(session: Session, changes: Mapping[int, Change], now: datetime) -> None:
    closed = [span.id for made in changes.values() for span in made.closed if span.id is not None]
    if closed:
        session.execute(sa.update(RatingInForce).where(among(RatingInForce.id, closed)).values(known_to=now))
    rows: list[dict[str, Any]] = [
        {"specialty_id": key, "review_id": s.review_id, "rating": s.rating.value, "year": s.year,
         "reasons": list(s.reasons), "document_number": s.document_number, "source": s.source,
         "valid_from": s.since, "valid_to": s.until, "known_from": now, "acts_since": s.acts_since}
        for key, made in changes.items() for s in made.written
    ]  # fmt: skip
    bulk.insert_all(session, RatingInForce, rows)
