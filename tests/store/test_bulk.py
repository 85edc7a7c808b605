"""Rows sent by COPY while the next are made: what goes wrong on either side is raised, and nothing is left of it."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.store import staging_queries
from specialty_eval.store.staging import StagedRow

LINES = b"".join(b"7\t%d\t1\t2025\t\t{1,2}\n" % n for n in range(20_000))


def laid(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(StagedRow)) or 0


def failing() -> Iterator[bytes]:
    yield LINES
    raise ValueError("while the next rows are made")


def test_every_row_arrives_and_blocks_without_any_are_passed_over(session: Session) -> None:
    staging_queries.lay_down(session, [b"", LINES, b"", b"7\t20000\t1\t2025\t\t{NULL}\n", b""])
    assert laid(session) == 20_001


@pytest.mark.parametrize(
    ("lines", "error"),
    [(failing(), ValueError), ([LINES, b"7\tx\t1\t2025\t\t{}\n", LINES], psycopg.DataError),
     ([LINES, LINES], psycopg.IntegrityError)],
)  # fmt: skip
def test_what_goes_wrong_on_either_side_is_raised_and_nothing_is_left(
    session: Session, lines: Iterator[bytes], error: type[Exception]
) -> None:
    with pytest.raises(error), session.begin_nested():
        staging_queries.lay_down(session, lines)
    assert laid(session) == 0
