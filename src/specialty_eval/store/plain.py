"""Tables of which the public is told, by the columns that are read: a statement on them needs no row classes, so that a
fresh server answers for a status before it has built any. What the columns are the row classes say; a test compares.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from .base import Utc


def _table(name: str, /, **columns: Any) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, kind) for column, kind in columns.items()))


N, DAY, TEXT = sa.BigInteger, sa.Date, sa.Text

SPECIALTY = _table("specialty", id=N, school_id=N, name=TEXT, closed_on=DAY, successor_id=N)
SPECIALTY_CODE = _table("specialty_code", code=TEXT, specialty_id=N, valid_from=DAY, valid_to=DAY)
SCHOOL = _table("school", id=N, name=TEXT, city_code=TEXT)
REVIEW = _table(
    "review", id=N, turn=N, specialty_id=N, replaces_id=N, state=TEXT, decided_rating=TEXT,
)  # fmt: skip
OBJECTION = _table("objection", review_id=N, state=TEXT)
APPEAL = _table("appeal", review_id=N, new_review_id=N, state=TEXT)
PUBLICATION = _table("publication", id=N, edition=sa.Integer, state=TEXT)
PUBLICATION_ENTRY = _table("publication_entry", publication_id=N, review_id=N, edition=sa.Integer)
RATING = _table(
    "rating_in_force", id=N, specialty_id=N, review_id=N, rating=TEXT, year=sa.Integer, reasons=JSONB,
    document_number=TEXT, source=TEXT, valid_from=DAY, valid_to=DAY, known_from=Utc, known_to=Utc,
    acts_since=DAY,
)  # fmt: skip
STANDING = _table("standing", specialty_id=N, state=TEXT, since=DAY)
PLAN = _table("enrolment_plan", id=N, academic_year=sa.Integer, state=TEXT, approved_at=Utc)
PLAN_LINE = _table("enrolment_line", plan_id=N, specialty_id=N, quota=sa.Integer)
SUCCESSION = _table("succession", id=N, recorded_at=Utc)
SUCCESSION_LINE = _table(
    "succession_line", succession_id=N, from_specialty_id=N, to_specialty_id=N, act=TEXT, quota=sa.Integer,
    quota_year=sa.Integer,
)  # fmt: skip
OPENING_QUOTA = _table("opening_quota", specialty_id=N, academic_year=sa.Integer, quota=sa.Integer)
EVENT = _table(
    "event", seq=N, transaction=N, at=Utc, kind=TEXT, subject_kind=TEXT, subject_id=N, specialty_id=N, source=TEXT,
    target=TEXT, audience=TEXT,
)  # fmt: skip
