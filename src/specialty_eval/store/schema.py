"""Bringing a database to the schema this version needs. The migrations travel in the wheel, beside the package."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg.rows import scalar_row

from .embedded import conninfo

if TYPE_CHECKING:
    from alembic.config import Config

_REVISION = re.compile(r"""^revision: str = ["'](.+)["']$""", re.MULTILINE)


def scripts() -> Path:
    """The folder of the migrations: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


def newest() -> str:
    """The newest revision: that of the last file, for the files are sorted as the revisions follow."""
    last = max((scripts() / "versions").glob("*.py"), key=lambda file: file.name)
    found = _REVISION.search(last.read_text("utf-8"))
    if found is None:
        raise AssertionError(f"{last.name} does not say its revision")
    return found[1]


def config(url: str) -> "Config":
    """Alembic's configuration for one database, with our layout and no file."""
    from alembic.config import Config  # noqa: PLC0415 -- slow import

    made = Config()
    made.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    made.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    made.attributes["url"] = url
    return made


def migrate(url: str) -> None:
    """Upgrade to the newest revision; a database that is there already is left as it is."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        is_there = _revisions(connection) == [newest()]
        if is_there:
            _catch_up(connection)
    if not is_there:
        from alembic import command  # noqa: PLC0415 -- slow import: most starts find nothing to do

        command.upgrade(config(url), "head")
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            _catch_up(connection)


def _revisions(connection: psycopg.Connection) -> list[str]:
    """What Alembic has noted; nothing in an empty database."""
    cursor = connection.cursor(row_factory=scalar_row)
    if cursor.execute("SELECT to_regclass('alembic_version')").fetchone() is None:
        return []
    return cursor.execute("SELECT version_num FROM alembic_version").fetchall()


SKIPPED = 1_000_000
"""Numbers of events that a restored log leaves out: more than happened after any backup."""
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


IS_BEHIND = """
SELECT (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint <= coalesce(max(transaction), 0) FROM event
"""
ANEW = """
WITH named AS (UPDATE event_source SET urn = 'urn:uuid:' || gen_random_uuid())
SELECT setval(pg_get_serial_sequence('event', 'seq'), coalesce(max(seq), 0) + %s) FROM event
"""


def _catch_up(connection: psycopg.Connection) -> None:
    """After a restore the server may count its transactions from below those on record, and what happens now would
    stand before what is sealed: let its count pass the log's first. Elsewhere this does nothing.
    """
    connection.execute("SET synchronous_commit = off")
    if connection.cursor(row_factory=scalar_row).execute(IS_BEHIND).fetchone():
        connection.execute(ANEW, [SKIPPED])
    connection.execute(CATCH_UP)


class Anew(NamedTuple):
    """What a restored log is called from now on, and the numbers that it leaves out, both counted in."""

    name: str
    first: int
    last: int


def begin_anew(url: str) -> Anew:
    """The log of a restored database has another name from now on, and no new event the number of one that is lost:
    receivers that were told of what happened after the backup would else take the new ones for those.
    """
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        cursor = connection.cursor(row_factory=scalar_row)
        last = cursor.execute(ANEW, [SKIPPED]).fetchone()
        name = cursor.execute("SELECT urn FROM event_source").fetchone()
        return Anew(str(name), int(last or 0) - SKIPPED + 1, int(last or 0))
