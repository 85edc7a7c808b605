"""Loading the specialties taught at schools: from the catalogue, or off it with a number of this installation."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from specialty_eval.store import bulk, registry_queries
from specialty_eval.store.registry import CatalogueEntry, School, Specialty, SpecialtyCode

from . import intake_frozen
from .context import Context
from .intake_batch import Batch, Line, Outcome, cells, compare, missing, note_repeated, outcome
from .intake_registry import refuse_superseded
from .intake_source import Source, outside

OFF_CATALOGUE_NEEDS = ("name", "level", "class_code", "class_name", "partner")
OF_THE_ENTRY = ("name", "level", "class_code", "class_name")
MUTABLE = ("partner", "length", "campus", "opened_on")
DECIDES = ("partner", "opened_on")
"""Who is recused, and `years_open`."""
FIXED = (*OF_THE_ENTRY, "closed_on")


def specialties(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """New ones get their readable code; what may be mended is mended, a closing is a decision.

    What decides a rule or a recusal is not mended under a review that has begun.
    """
    known = registry_queries.schools(ctx.session, cells(batch.lines, "school_code"))
    missing(batch, "school_code", known, "school-unknown")
    refuse_superseded(ctx, batch, "school_code")
    outside(batch, source, "school_code", lambda line: known[line.text("school_code")].city_code)
    entries = registry_queries.newest_entries(ctx.session, cells(batch.lines, "catalogue_code"))
    _check(batch, entries)
    note_repeated(batch, ("school_code", "catalogue_code", "direction"), _key)
    on_record = {}
    code_of = {school.id: code for code, school in known.items()}
    for row in _on_record(ctx, known):
        school = code_of[row.school_id]
        values = {column: getattr(row, column) for column in (*FIXED, *MUTABLE)}
        on_record[school, row.catalogue_code, row.direction] = (row.id, values)
        if row.catalogue_entry_id is None:
            on_record[school, row.name, row.direction] = (row.id, values)
    found = compare(batch, on_record, _key, lambda line: _said_here(line, entries), fixed=FIXED)
    numbers = iter(range(registry_queries.last_off_catalogue(ctx.session) + 1, 100_000))
    codes = {line.row: line.text("catalogue_code") or f"X{next(numbers):05d}" for line in found.new}
    _refuse_taken(ctx, batch, found.new, codes)
    before = dict(on_record.values())
    changes = intake_frozen.moved(found, before, lambda line: _said_here(line, entries), DECIDES)
    owners = {number: (number,) for number in changes}
    intake_frozen.refuse(ctx, batch, found, changes, owners)

    def write() -> None:
        _insert(ctx, found.new, codes, known, entries)
        now = [(number, before[number] | _said_here(line, entries)) for number, line in found.changed]
        changed = [(number, *(values[column] for column in MUTABLE)) for number, values in now]
        bulk.update_rows(ctx.session, Specialty, ("id", *MUTABLE), changed)
        intake_frozen.tell(ctx, changes, owners)

    return outcome(found, write)


def _on_record(ctx: Context, known: Mapping[str, School]) -> sa.ScalarResult[Specialty]:
    ids = [row.id for row in known.values()]
    return ctx.session.scalars(sa.select(Specialty).where(registry_queries.numbered(Specialty.school_id, ids)))


def _key(line: Line) -> tuple[str, str, str]:
    """What makes a specialty the same: its code at the school, or off the catalogue its name there."""
    return line.text("school_code"), line.text("catalogue_code") or line.text("name"), line.text("direction")


def _is_off_catalogue(line: Line) -> bool:
    return not line.text("catalogue_code") or line.text("catalogue_code").startswith("X")


def _check(batch: Batch, entries: Mapping[str, CatalogueEntry]) -> None:
    """The entry is known and what the row says agrees with it; off the catalogue the row says all of it itself."""
    unknown = set()
    for line in batch.lines:
        entry = entries.get(line.text("catalogue_code"))
        if _is_off_catalogue(line):
            for column in OFF_CATALOGUE_NEEDS:
                if not line.text(column):
                    batch.wrong(line, column, "off-catalogue-needs", column)
        elif entry is None:
            unknown.add(line.row)
            batch.wrong(line, "catalogue_code", "catalogue-code-unknown")
        else:
            for column in OF_THE_ENTRY:
                if line.text(column) not in {"", getattr(entry, column)}:
                    batch.wrong(line, column, "differs-from-catalogue", getattr(entry, column))
        opened, closed = line.day("opened_on"), line.day("closed_on")
        if opened and closed and closed < opened:
            batch.wrong(line, "closed_on", "ends-before-it-begins", valid_from=opened.isoformat())
    batch.keep(lambda line: line.row not in unknown)


def _said(line: Line, entries: Mapping[str, CatalogueEntry]) -> dict[str, Any]:
    entry = entries.get(line.text("catalogue_code"))
    return {
        **{column: getattr(entry, column) if entry else line.text(column) for column in OF_THE_ENTRY},
        "partner": line.text("partner"),
        "length": line.text("length"),
        "campus": line.text("campus"),
        "opened_on": line.day("opened_on"),
        "closed_on": line.day("closed_on"),
    }


def _said_here(line: Line, entries: Mapping[str, CatalogueEntry]) -> dict[str, Any]:
    """What the row says of a specialty on record: a column that the file leaves out says nothing of it."""
    silent = {column for column in MUTABLE if column not in line.values}
    return {column: value for column, value in _said(line, entries).items() if column not in silent}


def _readable(line: Line, catalogue_code: str) -> str:
    return "-".join(part for part in (line.text("school_code"), catalogue_code, line.text("direction")) if part)


def _refuse_taken(ctx: Context, batch: Batch, lines: list[Line], codes: Mapping[int, str]) -> None:
    """A code that once stood for another specialty is never used again."""
    wanted = {line.row: _readable(line, codes[line.row]) for line in lines}
    taken = registry_queries.codes_taken(ctx.session, list(wanted.values()))
    for line in lines:
        if wanted[line.row] in taken:
            batch.wrong(line, "catalogue_code", "code-in-use", wanted[line.row])


def _insert(
    ctx: Context,
    lines: list[Line],
    codes: Mapping[int, str],
    known: Mapping[str, School],
    entries: Mapping[str, CatalogueEntry],
) -> None:
    columns = ("school_id", "catalogue_entry_id", "catalogue_code", "direction", *OF_THE_ENTRY, *MUTABLE,
               "closed_on")  # fmt: skip

    def rows() -> Iterator[tuple[Any, ...]]:
        for line in lines:
            entry = entries.get(line.text("catalogue_code"))
            yield (known[line.text("school_code")].id, entry.id if entry else None, codes[line.row],
                   line.text("direction"), *_said(line, entries).values())  # fmt: skip

    bulk.insert_rows(ctx.session, Specialty, columns, rows())
    ids = registry_queries.specialties_of(ctx.session, list(known))
    named = [
        (_readable(line, codes[line.row]), ids[line.text("school_code"), codes[line.row], line.text("direction")].id,
         line.day("opened_on"))
        for line in lines
    ]  # fmt: skip
    bulk.insert_rows(ctx.session, SpecialtyCode, ("code", "specialty_id", "valid_from"), named)
