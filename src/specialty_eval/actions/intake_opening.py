"""Loading the opening balance: earlier ratings, standings, quotas and capacities, each with its date and source."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from specialty_eval.engine.policy import Rating
from specialty_eval.store import bulk, outcome_queries, rating_records, registry_queries
from specialty_eval.store.outcomes import OpeningQuota, RatingInForce, Standing
from specialty_eval.store.rating_records import Confirmed, Span
from specialty_eval.store.registry_queries import Named
from specialty_eval.store.status_queries import RatingRow

from .context import Context
from .intake_batch import Batch, Line, Outcome, cells, compare, outcome
from .intake_closed import Closing
from .intake_source import Source, outside

Sites = Mapping[tuple[str, str, str], Named]


def named(ctx: Context, batch: Batch) -> Sites:
    """The specialties of the file; rows of one that is not there are noted and left out."""
    sites = registry_queries.specialties_of(ctx.session, cells(batch.lines, "school_code"))
    for line in batch.lines:
        if specialty_key(line) not in sites:
            said = "-".join(part for part in specialty_key(line) if part)
            batch.wrong(line, "catalogue_code", "specialty-unknown", said=said)
    batch.keep(lambda line: specialty_key(line) in sites)
    return sites


def specialty_key(line: Line) -> tuple[str, str, str]:
    """The three cells that name a specialty."""
    return line.text("school_code"), line.text("catalogue_code"), line.text("direction")


def _settled(ctx: Context, batch: Batch, source: Source) -> Sites:
    sites = named(ctx, batch)
    outside(batch, source, "school_code", lambda line: sites[specialty_key(line)].city)
    return sites


# --- ratings ---------------------------------------------------------------------------------------------------------


def ratings(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Ratings from before the installation. One on record is never changed here: that takes a decision; and none is
    added once a run has looked at them, or of a year that is rated here.
    """
    closing = Closing(ctx, batch)
    sites = _settled(ctx, batch, source)
    for line in batch.lines:
        if (day := line.day("valid_from")) and day > ctx.today:
            batch.wrong(line, "valid_from", "day-ahead", ctx.today.isoformat())
        if line.number("year") > ctx.today.year:
            batch.wrong(line, "year", "year-ahead", ctx.today.year)
    ids = {sites[specialty_key(line)].id for line in batch.lines}
    known = {key: [_kept(row) for row in rows] for key, rows in outcome_queries.known_ratings(ctx.session, ids).items()}
    new: list[Confirmed] = []
    unchanged = 0
    for line in sorted(batch.lines, key=lambda line: line.text("valid_from")):
        span, site = _span(line), sites[specialty_key(line)]
        number = site.id
        if any(_same(old, span) for old in known[number]) or _says_nothing(known[number], span):
            unchanged += 1
        elif not _note_conflict(batch, line, known[number], span) | closing.note_rating(line, site.city):
            new.append(Confirmed(number, span))
            _take(known[number], new[-1])
    return Outcome(len(new), 0, unchanged, lambda: _write_ratings(ctx, known))


def _kept(row: RatingRow) -> Span:
    return Span(row.rating, row.year, row.reasons, row.review_id, row.document_number, row.valid_from, row.valid_to,
                row.source, row.id)  # fmt: skip


def _span(line: Line) -> Span:
    since = line.day("valid_from")
    if since is None:
        raise TypeError("valid_from")
    return Span(Rating(line.text("rating")), line.number("year"), (), None, line.text("document_number"), since,
                source=line.text("source"))  # fmt: skip


def _same(old: Span, new: Span) -> bool:
    return (old.rating, old.year, old.since, old.document_number, old.source) == (
        new.rating, new.year, new.since, new.document_number, new.source
    )  # fmt: skip


def _says_nothing(known: list[Span], new: Span) -> bool:
    """`unrated` in the days of a colour: the colour stays in force."""
    made = rating_records.change(known, Confirmed(0, new))
    return not made.written and not made.closed


def _note_conflict(batch: Batch, line: Line, known: Iterable[Span], new: Span) -> bool:
    """A year or a day that has a rating already, or one confirmed here before the day of this one."""
    for old in known:
        if old.year == new.year or old.since == new.since:
            column = "year" if old.year == new.year else "valid_from"
            batch.wrong(line, column, "rating-on-record", old.rating.value, year=old.year, since=old.since.isoformat())
            return True
        if old.review_id is not None and old.since <= new.since:
            batch.wrong(line, "valid_from", "rating-confirmed-before", old.since.isoformat())
            return True
    return False


def _take(known: list[Span], new: Confirmed) -> None:
    made = rating_records.change(known, new)
    closed = {id(span) for span in made.closed}
    known[:] = [span for span in known if id(span) not in closed] + list(made.written)


def _write_ratings(ctx: Context, known: Mapping[int, list[Span]]) -> None:
    """Write what is known from now on; a row that the new ones cut short is closed and written anew."""
    kept = {span.id for spans in known.values() for span in spans if span.id is not None}
    closing = sa.update(RatingInForce).where(
        registry_queries.numbered(RatingInForce.specialty_id, list(known)),
        RatingInForce.known_to.is_(None),
        sa.not_(registry_queries.numbered(RatingInForce.id, list(kept))),
    )
    ctx.session.execute(closing.values(known_to=ctx.now), execution_options={"synchronize_session": False})
    columns = ("specialty_id", "review_id", "rating", "year", "reasons", "document_number", "source", "valid_from",
               "valid_to", "known_from")  # fmt: skip
    bulk.insert_rows(ctx.session, RatingInForce, columns, (
        (key, s.review_id, s.rating.value, s.year, Jsonb(list(s.reasons)), s.document_number, s.source, s.since,
         s.until, ctx.now)
        for key, spans in known.items() for s in spans if s.id is None
    ))  # fmt: skip


# --- standings -------------------------------------------------------------------------------------------------------

STANDING = ("state", "since", "academic_year", "quota_before", "steps_taken")


def standings(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """What each specialty may do on the first day. One on record moves by its machine, never by a file."""
    sites = _settled(ctx, batch, source)
    ids = [sites[specialty_key(line)].id for line in batch.lines]
    rows = ctx.session.scalars(sa.select(Standing).where(registry_queries.numbered(Standing.specialty_id, ids)))
    on_record = {row.specialty_id: (row.id, {c: getattr(row, c) for c in STANDING}) for row in rows}
    found = compare(batch, on_record, lambda line: sites[specialty_key(line)].id, _standing, fixed=STANDING)
    closing = Closing(ctx, batch)
    for line in found.new:
        closing.note_standing(line, sites[specialty_key(line)].city)

    def write() -> None:
        new = [(sites[specialty_key(line)].id, *_standing(line).values(), ctx.now) for line in found.new]
        bulk.insert_rows(ctx.session, Standing, ("specialty_id", *STANDING, "updated_at"), new)

    return outcome(found, write)


def _standing(line: Line) -> dict[str, Any]:
    values = (line.text("standing"), line.day("since"), line.number("academic_year"), line.whole("quota_before"),
              line.whole("steps_taken") or 0)  # fmt: skip
    return dict(zip(STANDING, values, strict=True))


# --- quotas ----------------------------------------------------------------------------------------------------------

QUOTA = ("quota", "capacity", "source")


def quotas(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Quotas by academic year from before the first plan made here, and capacities; a capacity alone also later."""
    sites = _settled(ctx, batch, source)
    ids = [sites[specialty_key(line)].id for line in batch.lines]
    rows = ctx.session.scalars(sa.select(OpeningQuota).where(registry_queries.numbered(OpeningQuota.specialty_id, ids)))
    on_record = {(row.specialty_id, row.academic_year): (row.id, {c: getattr(row, c) for c in QUOTA}) for row in rows}

    def key(line: Line) -> tuple[int, int]:
        return sites[specialty_key(line)].id, line.number("academic_year")

    found = compare(batch, on_record, key, _quota)
    closing, by_number = Closing(ctx, batch), dict(on_record.values())
    for number, line in (*((None, line) for line in found.new), *found.changed):
        before = None if number is None else by_number[number]
        closing.note_quota(line, sites[specialty_key(line)].city, before)

    def write() -> None:
        new = [(*key(line), *_quota(line).values(), ctx.now) for line in found.new]
        bulk.insert_rows(ctx.session, OpeningQuota, ("specialty_id", "academic_year", *QUOTA, "recorded_at"), new)
        changed = [(number, *_quota(line).values()) for number, line in found.changed]
        bulk.update_rows(ctx.session, OpeningQuota, ("id", *QUOTA), changed)

    return outcome(found, write)


def _quota(line: Line) -> dict[str, Any]:
    return {"quota": line.whole("quota"), "capacity": line.whole("capacity"), "source": line.text("source")}
