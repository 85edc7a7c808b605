"""Staged rows by the hundred thousand: laid down by COPY, compared with what is on record, taken all at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from . import bulk, staged_drafts
from .registry_queries import among, numbered
from .reviews import Figure
from .staging import StagedChange, StagedFile, StagedRemark, StagedRow

ROW_COLUMNS = ("file_id", "row", "specialty_id", "year", "source", "said")
REMARK_COLUMNS = ("file_id", "kind", "number", "code", "row", "place", "facts")


def on_record(
    session: Session, ids: Collection[int], years: tuple[int, int], measures: Collection[str]
) -> list[tuple[int, int, str, str]]:
    """What is on record of these specialties, years (from, to) and measures: specialty, year, measure, value."""
    found = sa.select(Figure.specialty_id, Figure.year, Figure.measure, Figure.value).where(
        numbered(Figure.specialty_id, ids), Figure.year.between(int(years[0]), int(years[1])),
        among(sa.type_coerce(Figure.measure, sa.Text()), measures), Figure.superseded_at.is_(None),
    )  # fmt: skip
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(found)]


def lay_down(session: Session, lines: Iterable[bytes]) -> None:
    """COPY rows of `ROW_COLUMNS` as the database's text format has them."""
    bulk.copy_text(session, StagedRow, ROW_COLUMNS, lines)


def lay_remarks(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows of `REMARK_COLUMNS`."""
    bulk.insert_rows(session, StagedRemark, REMARK_COLUMNS, rows)


def forget(session: Session, file_ids: Collection[int], *, remarks: bool = True) -> None:
    """Take a file's rows and changes away; its remarks too, unless they are still to be read."""
    for model in (StagedRow, StagedChange, *((StagedRemark,) if remarks else ())):
        unread = {"synchronize_session": False}  # nobody holds a row of them
        session.execute(sa.delete(model).where(numbered(model.file_id, file_ids)), execution_options=unread)
    if remarks:
        staged_drafts.forget(session, file_ids)


@dataclass(frozen=True, slots=True)
class Compared:
    """Of the values in a file and on record: how many meet, differ, go; and the hash of those on record."""

    met: int
    changed: int
    gone: int
    base: str


_MET = """
    FROM staged_row r
    JOIN figure f ON f.specialty_id = r.specialty_id AND f.year = r.year AND f.superseded_at IS NULL
    JOIN unnest(CAST(:codes AS text[]), CAST(:suppliers AS text[])) WITH ORDINALITY AS m(code, supplier, n)
      ON m.code = f.measure
    WHERE r.file_id = :file
"""
_DIFFERS = "(r.said[m.n] IS NOT NULL AND (r.said[m.n] <> f.value OR m.supplier <> f.supplier))"
_GOES = "(r.said[m.n] IS NULL AND m.supplier = f.supplier AND :whole)"
_BASE = sa.text(f"""
    SELECT count(*) FILTER (WHERE r.said[m.n] IS NOT NULL), count(*) FILTER (WHERE {_DIFFERS}),
           count(*) FILTER (WHERE {_GOES}),
           encode(sha256(convert_to(coalesce(string_agg(f.id::text, ',' ORDER BY f.id), ''), 'UTF8')), 'hex')
    {_MET}
""")
_CHANGES = sa.text(f"""
    INSERT INTO staged_change (file_id, number, row, figure_id, after)
    SELECT :file, row_number() OVER (ORDER BY r.row, m.n), r.row, f.id, r.said[m.n]
    {_MET} AND ({_DIFFERS} OR {_GOES})
""")


def analyze(session: Session) -> None:
    """Let the planner know how many rows there are now."""
    session.execute(sa.text("ANALYZE staged_row"))


def compare(session: Session, file: StagedFile, suppliers: Sequence[str]) -> Compared:
    """Compare a file's rows with what is on record, and put down every value that would change or go."""
    session.execute(sa.delete(StagedChange).where(StagedChange.file_id == file.id))
    given = _given(file, suppliers)
    met, changed, gone, base = session.execute(_BASE, given).one()
    if changed or gone:
        session.execute(_CHANGES, given)
    return Compared(met, changed, gone, base)


def base_of(session: Session, file: StagedFile, suppliers: Sequence[str]) -> str:
    """The hash of what is on record where the file says something, now."""
    return str(session.execute(_BASE, _given(file, suppliers)).one()[3])


def _given(file: StagedFile, suppliers: Sequence[str]) -> dict[str, object]:
    return {"file": file.id, "codes": file.measures, "suppliers": list(suppliers), "whole": file.whole}


_SUPERSEDE = sa.text("""
    UPDATE figure f SET superseded_at = :now FROM staged_change c WHERE c.file_id = :file AND c.figure_id = f.id
""")
_TAKE = sa.text("""
    INSERT INTO figure (specialty_id, year, measure, value, supplier, source, recorded_at, recorded_by)
    SELECT r.specialty_id, r.year, m.code, m.value, m.supplier, coalesce(nullif(r.source, ''), :source), :now, :by
    FROM staged_row r
    CROSS JOIN LATERAL unnest(r.said, CAST(:codes AS text[]), CAST(:suppliers AS text[])) AS m(value, code, supplier)
    WHERE r.file_id = :file AND m.value IS NOT NULL AND NOT EXISTS (
        SELECT FROM figure f WHERE f.specialty_id = r.specialty_id AND f.year = r.year AND f.measure = m.code
        AND f.superseded_at IS NULL)
""")


def take(session: Session, file: StagedFile, suppliers: Sequence[str], now: datetime, by: int | None) -> None:
    """Put a file's difference on record: what changes or goes is superseded, what is new or other is written."""
    given = {**_given(file, suppliers), "now": now, "by": by, "source": f"sha256:{file.digest}"}
    session.execute(_SUPERSEDE, given)
    session.execute(_TAKE, given)


def reported(session: Session, file_id: int) -> list[tuple[int, int, int, str]]:
    """A file's rows without values: row, specialty, year, and for each measure `1` (says something) or `0`."""
    found = session.execute(sa.text("""
        SELECT r.row, r.specialty_id, r.year,
               (SELECT string_agg(CASE WHEN m.value IS NULL THEN '0' ELSE '1' END, '' ORDER BY m.n)
                FROM unnest(r.said) WITH ORDINALITY AS m(value, n))
        FROM staged_row r WHERE r.file_id = :file ORDER BY r.row
    """), {"file": file_id})  # fmt: skip
    return [(row[0], row[1], row[2], row[3] or "") for row in found]


# --- reading ---------------------------------------------------------------------------------------------------------


def remarks() -> sa.Select[*tuple[Any, ...]]:
    """A file's remarks, to be narrowed and paged."""
    return sa.select(StagedRemark.number, StagedRemark.code, StagedRemark.row, StagedRemark.place, StagedRemark.facts)


def all_remarks(session: Session, file_id: int, kind: str) -> list[StagedRemark]:
    """Every remark of a kind on a file that was kept, in the order of rows and columns."""
    found = sa.select(StagedRemark).where(StagedRemark.file_id == file_id, StagedRemark.kind == kind)
    return list(session.scalars(found.order_by(StagedRemark.number)))


def changes() -> sa.Select[*tuple[Any, ...]]:
    """A file's changes with what is on record, to be narrowed and paged."""
    return sa.select(
        StagedChange.number, StagedChange.row, Figure.specialty_id, Figure.year, Figure.measure,
        Figure.value.label("before"), StagedChange.after,
    ).join(Figure, Figure.id == StagedChange.figure_id)  # fmt: skip


def new_values(file: StagedFile) -> sa.Select[*tuple[Any, ...]]:
    """A file's values of which nothing is on record, in the order of the rows and columns: to be paged."""
    codes = sa.cast(sa.literal(file.measures, ARRAY(sa.Text())), ARRAY(sa.Text()))
    told = (
        sa.func.unnest(StagedRow.said, codes)
        .table_valued("value", "measure", with_ordinality="place", name="told")
        .render_derived()
    )
    place = sa.type_coerce(told.c.place, sa.BigInteger()).label("place")
    is_known = sa.exists().where(
        Figure.specialty_id == StagedRow.specialty_id, Figure.year == StagedRow.year,
        Figure.measure == told.c.measure, Figure.superseded_at.is_(None),
    )  # fmt: skip
    return (
        sa.select(StagedRow.row, place, StagedRow.specialty_id, StagedRow.year, told.c.measure, told.c.value)
        .select_from(StagedRow)
        .join(told, sa.true())
        .where(StagedRow.file_id == file.id, told.c.value.is_not(None), ~is_known)
    )
