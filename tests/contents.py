"""What a whole database holds, so that "nothing changed" means every value of every row and not their number."""

from collections.abc import Collection

import sqlalchemy as sa

from specialty_eval.store.metadata import METADATA


def contents(engine: sa.Engine, *, apart: Collection[str] = ()) -> dict[str, str]:
    """A hash over all rows of each table, but for those `apart`."""
    with engine.connect() as connection:
        return {
            table: connection.scalar(
                sa.text(f"SELECT coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') FROM \"{table}\" t")
            )
            for table in METADATA.tables
            if table not in apart
        }
