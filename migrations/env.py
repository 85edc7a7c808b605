"""How Alembic runs: on the database it is handed, or on the environment's; one upgrade at a time."""

from typing import Literal

import sqlalchemy as sa
from alembic import context

from specialty_eval.settings import Settings
from specialty_eval.store.base import Utc, make_engine
from specialty_eval.store.metadata import METADATA
from specialty_eval.store.server import opened


def render(kind: str, value: object, _: object) -> str | Literal[False]:
    """Revisions import nothing of ours, so that they keep meaning what they meant: an instant is a timestamp there."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, Utc) else False


def migrate(connection: sa.Connection) -> None:
    """All revisions in one transaction; a second process waits, then finds nothing left to do."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        compare_server_default=True,
        render_item=render,
    )
    with context.begin_transaction():
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('specialty-eval migrations'))"))
        context.run_migrations()


def migrate_at(url: str) -> None:
    engine = make_engine(url, pool_size=1)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()


def migrate_environment() -> None:
    """For Alembic's own command line: `DATABASE_URL`, or the embedded server of the data directory."""
    settings = Settings()
    named = settings.database_url.get_secret_value() if settings.database_url else None
    with opened(named, settings.data) as url:
        migrate_at(url)


handed = context.config.attributes.get("url")
if handed is not None:
    migrate_at(handed)
else:
    migrate_environment()
