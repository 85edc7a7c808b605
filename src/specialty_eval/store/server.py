"""Which PostgreSQL is used: the one `DATABASE_URL` names, if it is one we can work on, or else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from specialty_eval.engine.errors import Invalid, Problem, TryAgain

from . import embedded

OLDEST = 15


@contextmanager
def opened(url: str | None, data: Path) -> Iterator[str]:
    """A SQLAlchemy URL of the server at `url`, or without one of the embedded server for as long as the block runs.

    Raises `Invalid` for another database, one before 15 or without UTF-8; `TryAgain` for one that does not answer.
    """
    if url is not None:
        yield checked(url)
        return
    with embedded.start(data) as server:
        yield server.url


def checked(url: str) -> str:
    """`url` with our driver, when what answers there is a PostgreSQL we can work on."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise Invalid(Problem("database-url-unreadable", "DATABASE_URL")) from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise Invalid(Problem("database-not-postgresql", "DATABASE_URL", {"found": parsed.get_backend_name()}))
    parsed = parsed.set(drivername="postgresql+psycopg")
    rendered = parsed.render_as_string(hide_password=False)
    try:
        with psycopg.connect(embedded.conninfo(rendered), connect_timeout=10) as connection:
            version, encoding = connection.info.server_version, connection.info.parameter_status("server_encoding")
    except psycopg.OperationalError as error:
        raise TryAgain(Problem("database-unreachable", "DATABASE_URL", {"reason": str(error).strip()})) from None
    problems = []
    if version < OLDEST * 10_000:
        problems.append(Problem("database-too-old", "DATABASE_URL", {"found": version // 10_000, "needed": OLDEST}))
    if encoding != "UTF8":
        problems.append(Problem("database-not-utf8", "DATABASE_URL", {"found": encoding}))
    if problems:
        raise Invalid(*problems)
    return rendered
