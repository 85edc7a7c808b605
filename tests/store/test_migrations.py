"""The migrations: one line of them, and at its end exactly the schema that the tables describe."""

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from specialty_eval.store import schema
from specialty_eval.store.base import make_engine
from specialty_eval.store.metadata import METADATA


def test_there_is_one_newest_revision_and_one_first() -> None:
    scripts = ScriptDirectory.from_config(schema.config(""))

    assert (len(scripts.get_heads()), len(scripts.get_bases())) == (1, 1)


def test_the_files_are_sorted_as_the_revisions_follow() -> None:
    scripts = ScriptDirectory.from_config(schema.config(""))
    revisions = [script.path for script in scripts.walk_revisions()]

    assert revisions == sorted(revisions, reverse=True)


def test_the_newest_revision_is_known_without_running_any() -> None:
    assert schema.newest() == ScriptDirectory.from_config(schema.config("")).get_current_head()


def test_an_older_database_is_upgraded(fresh_database: str) -> None:
    command.downgrade(schema.config(fresh_database), "-1")
    schema.migrate(fresh_database)

    command.check(schema.config(fresh_database))


def test_the_migrated_schema_is_what_the_tables_describe(fresh_database: str) -> None:
    command.check(schema.config(fresh_database))


CONSTRAINTS = sa.text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE contype IN ('c', 'x', 'f', 'u') AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version'"
)


def test_the_migrated_constraints_are_word_for_word_what_the_tables_describe(
    fresh_database: str, session: Session
) -> None:
    migrated = set(session.execute(CONSTRAINTS).all())
    described = make_engine(fresh_database, pool_size=1)
    with described.connect() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
        METADATA.create_all(connection)
        said = set(connection.execute(CONSTRAINTS).all())
    described.dispose()

    assert (migrated - said, said - migrated) == (set(), set())


def test_an_upgrade_of_a_database_that_is_up_to_date_changes_nothing(fresh_database: str) -> None:
    schema.migrate(fresh_database)

    command.check(schema.config(fresh_database))


def test_every_instant_is_kept_with_its_zone(session: Session) -> None:
    columns = "SELECT table_name, column_name FROM information_schema.columns"
    zoneless = session.execute(
        sa.text(f"{columns} WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'")
    )

    assert zoneless.all() == []
