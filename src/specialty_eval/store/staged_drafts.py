"""A staged file that fills the drafts of a round: the drafts as they were looked at, each value that would be another.

What a draft says is compared and written where it stands, all rows of a file in one statement.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from specialty_eval.engine import review
from specialty_eval.engine.permissions import Scope

from . import bulk, scopes
from .base import Base
from .cycles import Round
from .registry import School, Specialty
from .registry_queries import numbered
from .reviews import EvidenceDraft, Review
from .staging import StagedFile, StagedRow

WITH_THE_SCHOOL = [state.value for state in review.WITH_THE_SCHOOL]


class StagedDraft(Base):
    """A row and the review whose draft it fills: both versions as they were looked at; whether they changed since.

    No foreign keys: rows go with their file.
    """

    __tablename__ = "staged_draft"

    file_id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    review_id: Mapped[int]
    review_version: Mapped[int] = mapped_column(sa.Integer)
    draft_version: Mapped[int] = mapped_column(sa.Integer)
    is_conflict: Mapped[bool] = mapped_column(server_default=sa.false())


class StagedDraftValue(Base):
    """A value that a draft would have (`after`, null for none) instead of another; `place` is the measure's, from 1."""

    __tablename__ = "staged_draft_value"
    __table_args__ = (sa.CheckConstraint("before IS DISTINCT FROM after", name="is_a_difference"),)

    file_id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    place: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    before: Mapped[str | None]
    after: Mapped[str | None]


class Filled(NamedTuple):
    """A review of the round: whose it is, how far, which fields a return opened, and its draft's version (0: none)."""

    review_id: int
    specialty_id: int
    state: str
    version: int
    returned_fields: dict[str, Any]
    draft_version: int
    scope: Scope


def reviews(
    session: Session, round_id: int, specialty_ids: Collection[int], *, acting: int | None, lock: bool = False
) -> dict[int, Filled]:
    """Specialty → its review in the round, of several the one that is with the school or else the last.

    `lock`: under a lock and read anew, so that nobody saves or moves them until the caller has written.
    """
    version = sa.select(EvidenceDraft.version).where(EvidenceDraft.review_id == Review.id).scalar_subquery()
    whose = (School.id, School.jurisdiction_code, School.city_code, School.run_by, scopes.recused(acting))
    found = (
        sa.select(Review.id, Review.specialty_id, Review.state, Review.version, Review.returned_fields,
                  sa.func.coalesce(version, 0), *whose)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .where(Review.round_id == round_id, numbered(Review.specialty_id, sorted(specialty_ids)))
        .order_by(Review.state.in_(WITH_THE_SCHOOL), Review.turn)
    )  # fmt: skip
    if lock:  # a draft is saved under its review's lock
        locked = sa.select(Review.id).where(
            Review.round_id == round_id, numbered(Review.specialty_id, sorted(specialty_ids))
        )
        session.execute(locked.order_by(Review.id).with_for_update())
    return {
        row[1]: Filled(row[0], row[1], row[2], row[3], row[4], row[5], scopes.scope_from(row[6:], acting))
        for row in session.execute(found)
    }


def rounds_to_fill(session: Session, school_ids: Collection[int]) -> list[Round]:
    """The rounds that have a review of these schools' specialties with the school, the latest first."""
    which = (
        sa.select(Review.round_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .where(numbered(Specialty.school_id, school_ids), Review.state.in_(WITH_THE_SCHOOL))
    )
    return list(session.scalars(sa.select(Round).where(Round.id.in_(which)).order_by(Round.id.desc())))


def lay_down(session: Session, rows: Iterable[Sequence[int]]) -> None:
    """Put down of each row its number and its review with both versions: `(file, row, review, version, version)`."""
    columns = ("file_id", "row", "review_id", "review_version", "draft_version")
    bulk.insert_rows(session, StagedDraft, columns, rows)


def forget(session: Session, file_ids: Collection[int]) -> None:
    """Take what was laid down of these files away."""
    for model in (StagedDraft, StagedDraftValue):
        session.execute(sa.delete(model).where(numbered(model.file_id, file_ids)))


_COMPARE = sa.text("""
    INSERT INTO staged_draft_value (file_id, row, place, before, after)
    SELECT r.file_id, r.row, m.place, d.figures -> m.code ->> 'value', m.value
    FROM staged_draft s
    JOIN staged_row r ON r.file_id = s.file_id AND r.row = s.row
    LEFT JOIN evidence_draft d ON d.review_id = s.review_id
    CROSS JOIN LATERAL unnest(r.said, CAST(:codes AS text[])) WITH ORDINALITY AS m(value, code, place)
    WHERE s.file_id = :file AND (m.value IS NOT NULL OR :whole)
      AND m.value IS DISTINCT FROM d.figures -> m.code ->> 'value'
""")


def compare(session: Session, file: StagedFile) -> None:
    """Put down every value that a draft would have instead of what it has."""
    session.execute(_COMPARE, {"file": file.id, "codes": file.measures, "whole": file.whole})


def counted(session: Session, file_id: int) -> dict[str, int]:
    """How many of a file's values are new in a draft, change one, or take one off it."""
    is_new, is_gone = StagedDraftValue.before.is_(None), StagedDraftValue.after.is_(None)
    found = sa.select(
        sa.func.count().filter(is_new), sa.func.count().filter(~is_new, ~is_gone), sa.func.count().filter(is_gone)
    ).where(StagedDraftValue.file_id == file_id)
    return dict(zip(("new", "changed", "gone"), session.execute(found).one(), strict=True))


def base_of(session: Session, file_id: int) -> str:
    """What the difference rests on: every review and draft with its version."""
    found = session.execute(sa.text("""
        SELECT encode(sha256(convert_to(coalesce(string_agg(
            concat_ws(':', row, review_id, review_version, draft_version), ',' ORDER BY row), ''), 'UTF8')), 'hex')
        FROM staged_draft WHERE file_id = :file
    """), {"file": file_id})  # fmt: skip
    return str(found.scalar_one())


def changed_of(session: Session, file_id: int, review_ids: Collection[int]) -> list[tuple[int, int, int]]:
    """Of these reviews each value that would be another: review, row, place."""
    found = (
        sa.select(StagedDraft.review_id, StagedDraftValue.row, StagedDraftValue.place)
        .join(StagedDraftValue, sa.and_(StagedDraftValue.file_id == StagedDraft.file_id,
                                        StagedDraftValue.row == StagedDraft.row))
        .where(StagedDraft.file_id == file_id, numbered(StagedDraft.review_id, review_ids))
        .order_by(StagedDraftValue.row, StagedDraftValue.place)
    )  # fmt: skip
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


def laid_down(session: Session, file_id: int) -> list[tuple[int, int, int, int, int]]:
    """Of each row its number, specialty, review, and both versions as they were looked at."""
    found = (
        sa.select(StagedDraft.row, StagedRow.specialty_id, StagedDraft.review_id, StagedDraft.review_version,
                  StagedDraft.draft_version)
        .join(StagedRow, sa.and_(StagedRow.file_id == StagedDraft.file_id, StagedRow.row == StagedDraft.row))
        .where(StagedDraft.file_id == file_id)
        .order_by(StagedDraft.row)
    )  # fmt: skip
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(found)]


def note_conflicts(session: Session, file_id: int, numbers: Collection[int]) -> None:
    """These rows are not written: what they fill has changed since it was looked at."""
    session.execute(
        sa.update(StagedDraft)
        .where(StagedDraft.file_id == file_id, numbered(StagedDraft.row, numbers))
        .values(is_conflict=True)
    )


_FILL = sa.text("""
    WITH said AS (
        SELECT s.review_id, nullif(r.source, '') AS source,
               coalesce(jsonb_object_agg(m.code, jsonb_build_object(
                   'value', v.after, 'source', coalesce(nullif(r.source, ''), :source)))
                   FILTER (WHERE v.after IS NOT NULL), '{}') AS figures,
               coalesce(array_agg(m.code) FILTER (WHERE v.after IS NULL), '{}') AS gone
        FROM staged_draft s
        JOIN staged_row r ON r.file_id = s.file_id AND r.row = s.row
        JOIN staged_draft_value v ON v.file_id = s.file_id AND v.row = s.row
        JOIN unnest(CAST(:codes AS text[])) WITH ORDINALITY AS m(code, place) ON m.place = v.place
        WHERE s.file_id = :file AND NOT s.is_conflict
        GROUP BY s.review_id, r.source
    )
    INSERT INTO evidence_draft AS kept (review_id, figures, self_evaluation, version, saved_at, saved_by)
    SELECT said.review_id, coalesce(d.figures, '{}') - said.gone || said.figures, '', 1, :now, :by
    FROM said LEFT JOIN evidence_draft d ON d.review_id = said.review_id
    ON CONFLICT (review_id) DO UPDATE
    SET figures = excluded.figures, version = kept.version + 1, saved_at = excluded.saved_at,
        saved_by = excluded.saved_by
    RETURNING kept.review_id, (SELECT count(*) FROM jsonb_object_keys(kept.figures))
""")


def fill(session: Session, file: StagedFile, now: datetime, by: int | None) -> list[tuple[int, int]]:
    """Write a file's difference into the drafts that did not change; each review with how many values it reports."""
    given = {"file": file.id, "codes": file.measures, "source": f"sha256:{file.digest}", "now": now, "by": by}
    return [(row[0], row[1]) for row in session.execute(_FILL, given)]


def keep_conflicts(session: Session, file_id: int) -> int:
    """Of a file that was written keep the values that were not; how many."""
    written = sa.select(StagedDraft.row).where(StagedDraft.file_id == file_id, ~StagedDraft.is_conflict)
    session.execute(
        sa.delete(StagedDraftValue).where(StagedDraftValue.file_id == file_id, StagedDraftValue.row.in_(written))
    )
    kept = sa.select(sa.func.count()).select_from(StagedDraftValue).where(StagedDraftValue.file_id == file_id)
    return session.scalar(kept) or 0


def values(file: StagedFile) -> sa.Select[*tuple[Any, ...]]:
    """A file's differences, to be narrowed and paged: row, place, specialty, before and after."""
    return (
        sa.select(StagedDraftValue.row, StagedDraftValue.place, Review.specialty_id, StagedDraftValue.before,
                  StagedDraftValue.after)
        .join(StagedDraft, sa.and_(StagedDraft.file_id == StagedDraftValue.file_id,
                                   StagedDraft.row == StagedDraftValue.row))
        .join(Review, Review.id == StagedDraft.review_id)
        .where(StagedDraftValue.file_id == file.id)
    )  # fmt: skip
