"""Bringing a database to the schema this version needs. The migrations travel in the wheel, beside the package."""

from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from . import accounts, cycles, deliberation, ledger, outcomes, registry, reviews
from .base import Base
from .embedded import conninfo

TABLES = (accounts, cycles, deliberation, ledger, outcomes, registry, reviews)
"""Every module with tables, so that the metadata is whole wherever this is imported."""

METADATA: sa.MetaData = Base.metadata


def scripts() -> Path:
    """The folder of the migrations: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for one database, with our layout and no file."""
    made = Config()
    made.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    made.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    made.attributes["url"] = url
    return made


def migrate(url: str) -> None:
    """Upgrade to the newest revision; a database that is there already is left as it is."""
    command.upgrade(config(url), "head")
    _catch_up(url)


CATCH_UP = """
DO $$
DECLARE last bigint := (SELECT coalesce(max(transaction), 0) FROM event);
BEGIN
    WHILE (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint <= last LOOP
        PERFORM pg_current_xact_id();
        COMMIT;
    END LOOP;
END $$
"""


def _catch_up(url: str) -> None:
    """After a restore the server may count its transactions from below those on record, and what happens now would
    stand before what is sealed: let its count pass the log's first. Elsewhere this does nothing.
    """
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(CATCH_UP)
