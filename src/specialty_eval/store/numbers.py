"""Numbers that tell nothing: drawn by the database with a secret of its own, not counted.

Whoever scores a review blind is told its number and those of its files. Were they counted, what is published of the
numbers beside would name the school.
"""

from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, MappedColumn, Session, mapped_column

from .base import Base


class NumberDrawing(Base):
    """With what the numbers of a table are drawn, and from where on; the migrations write its rows."""

    __tablename__ = "number_drawing"
    __table_args__ = (sa.CheckConstraint("octet_length(secret) >= 32", name="secret_long"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    secret: Mapped[bytes]
    first: Mapped[int]


def drawn(kind: str) -> MappedColumn[int]:
    """A permanent, meaningless number, from whose neighbours nothing follows either."""
    number = sa.text(f"drawn_number('{kind}', nextval('{kind}_drawn'))")
    return mapped_column(sa.BigInteger, primary_key=True, autoincrement=True, server_default=number)


def draw_by(session: Session, seed: str) -> None:
    """The same seed draws the same numbers, where none was drawn yet: for plays and tests."""
    for row in session.scalars(sa.select(NumberDrawing)):
        row.secret = sha256(f"{seed}/{row.kind}".encode()).digest()
