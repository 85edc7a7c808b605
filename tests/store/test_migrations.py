"""The migrations: one line of them, and at its end exactly the schema that the tables describe."""

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from specialty_eval.store import schema


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


def test_an_upgrade_of_a_database_that_is_up_to_date_changes_nothing(fresh_database: str) -> None:
    schema.migrate(fresh_database)

    command.check(schema.config(fresh_database))


def test_every_instant_is_kept_with_its_zone(session: Session) -> None:
    columns = "SELECT table_name, column_name FROM information_schema.columns"
    zoneless = session.execute(
        sa.text(f"{columns} WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'")
    )

    assert zoneless.all() == []
