"""How far the job at a staged file is, seen by others while its transaction lasts.

It is told in the connection's name, which other connections see at once and which ends with the transaction: nothing
is written, and nothing is left of a job that dies. Of a COPY the database tells itself how many rows are in.
"""

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

_NAME = "staged-file"


class Told(NamedTuple):
    """What a job is at, how much of it is done, of how much (0: nobody knows)."""

    stage: str
    done: int
    of: int


def tell(session: Session, file_id: int, told: Told) -> None:
    """Say how far this transaction is with a file."""
    name = "/".join((_NAME, str(file_id), told.stage, str(told.done), str(told.of)))
    session.execute(sa.text("SELECT set_config('application_name', :name, true)"), {"name": name})


_SEEN = sa.text("""
    SELECT split_part(a.application_name, '/', 2)::bigint, split_part(a.application_name, '/', 3),
           coalesce(c.tuples_processed, split_part(a.application_name, '/', 4)::bigint),
           split_part(a.application_name, '/', 5)::bigint
    FROM pg_stat_activity a LEFT JOIN pg_stat_progress_copy c USING (pid)
    WHERE a.datname = current_database() AND a.application_name ~ '^staged-file/[0-9]+/[a-z]+/[0-9]+/[0-9]+$'
""")


def seen(session: Session, file_ids: Collection[int]) -> dict[int, Told]:
    """How far the jobs at these files are; a file that none is at is left out."""
    if not file_ids:
        return {}
    return {row[0]: Told(row[1], row[2], row[3]) for row in session.execute(_SEEN) if row[0] in file_ids}
