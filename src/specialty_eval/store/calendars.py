"""A year's working days as a bureau entered them, over what the installed table of holidays says."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Versioned, identity


class CalendarYear(Versioned, Base):
    """The days of one year that are off, or worked, whatever the table says; a year that is entered is announced."""

    __tablename__ = "calendar_year"
    __table_args__ = (
        sa.CheckConstraint("year BETWEEN 1900 AND 2100", name="year_known"),
        sa.CheckConstraint("reason <> ''", name="says_why"),
    )

    id: Mapped[int] = identity()
    year: Mapped[int] = mapped_column(sa.Integer, unique=True)
    days_off: Mapped[list[str]]
    workdays: Mapped[list[str]]
    reason: Mapped[str]
