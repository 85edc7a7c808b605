"""Whether a test's reviews and attachments have numbers that are drawn, as everywhere else, or counted.

Counted is what tests begin with: what one of them expects of an order would else hang on which ran before it.
"""

import sqlalchemy as sa

TABLES = ("review", "attachment")


def counted(connection: sa.Connection) -> None:
    """Number after number, from 1."""
    for table in TABLES:
        connection.execute(sa.text(f"ALTER TABLE {table} ALTER id SET DEFAULT nextval('{table}_drawn')"))


def drawn(connection: sa.Connection) -> None:
    """As the migrations have it."""
    for table in TABLES:
        number = f"drawn_number('{table}', nextval('{table}_drawn'))"
        connection.execute(sa.text(f"ALTER TABLE {table} ALTER id SET DEFAULT {number}"))
