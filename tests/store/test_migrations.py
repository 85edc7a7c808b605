"""The migrations: one line of them, and at its end exactly the schema that the tables describe."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from conftest import copied
from specialty_eval.actions.context import LOCAL
from specialty_eval.engine.calendar import end_of, last_local_day
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
    parts_of = session.execute(sa.text("SELECT pg_get_functiondef('parts_of(text)'::regprocedure)")).scalar_one()
    described = make_engine(fresh_database, pool_size=1)
    with described.connect() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
        connection.exec_driver_sql(parts_of)  # an index is by what it tells
        METADATA.create_all(connection)
        said = set(connection.execute(CONSTRAINTS).all())
    described.dispose()

    assert (migrated - said, said - migrated) == (set(), set())


def test_what_each_state_needs_is_added_to_a_database_that_is_in_use(filled_engine: sa.Engine, server_url: str) -> None:
    filled_engine.dispose()
    with copied(server_url, str(filled_engine.url.database)) as in_use:
        command.downgrade(schema.config(in_use), "0007_escalations")
        schema.migrate(in_use)
        command.check(schema.config(in_use))


def test_an_upgrade_of_a_database_that_is_up_to_date_changes_nothing(fresh_database: str) -> None:
    schema.migrate(fresh_database)

    command.check(schema.config(fresh_database))


def test_every_instant_is_kept_with_its_zone(session: Session) -> None:
    columns = "SELECT table_name, column_name FROM information_schema.columns"
    zoneless = session.execute(
        sa.text(f"{columns} WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'")
    )

    assert zoneless.all() == []


def test_words_that_events_told_before_are_kept_in_rows_too(fresh_database: str) -> None:
    command.downgrade(schema.config(fresh_database), "0010_invitations")
    engine = make_engine(fresh_database, pool_size=1)
    with engine.begin() as connection:
        # Neither the specialty nor the review is looked at: the rows that they would have are of no interest here.
        connection.execute(sa.text("SET LOCAL session_replication_role = 'replica'"))
        key = connection.scalar(sa.text(
            "INSERT INTO rectification (specialty_id, review_id, rating, state, plan_due, recheck_from, version,"
            " updated_at) VALUES (1, 1, 'red', 'due', '2026-05-01Z', '2027-04-01', 1, '2026-04-01Z') RETURNING id"
        ))  # fmt: skip
        for kind, reason, facts in (
            ("plan", "", '{"plan": "示例一", "milestones": [{"code": "1", "text": "示例", "due": "2026-12-01"}]}'),
            ("plan", "", '{"plan": "示例二", "milestones": []}'),
            ("plan", "", '{"version": 3, "digest": "00", "milestones": 1}'),
            ("prove", "示例：已到货", '{"milestone": "1"}'),
            ("prove", "示例：已安装", '{"milestone": "1"}'),
            ("prove", "", '{"milestone": "2", "version": 1}'),
        ):
            connection.execute(sa.text(
                "INSERT INTO event (at, kind, subject_kind, subject_id, reason, audience, facts) VALUES"
                " ('2026-04-02Z', :kind, 'rectification', :key, :reason, 'school', CAST(:facts AS jsonb))"
            ), {"kind": f"rectification.{kind}", "key": key, "reason": reason, "facts": facts})  # fmt: skip

    schema.migrate(fresh_database)

    with engine.connect() as connection:
        plans = connection.execute(sa.text("SELECT rectification_id, number, plan FROM rectification_plan ORDER BY 2"))
        assert [tuple(row) for row in plans] == [(key, 1, "示例一"), (key, 2, "示例二")]
        reports = connection.execute(sa.text("SELECT code, number, words FROM rectification_proof ORDER BY 1, 2"))
        assert [tuple(row) for row in reports] == [("1", 1, "示例：已到货"), ("1", 2, "示例：已安装")]
    engine.dispose()


def test_what_waited_when_closings_were_given_days_has_them_from_the_upgrade(fresh_database: str) -> None:
    command.downgrade(schema.config(fresh_database), "0056_days_of_closings")
    engine = make_engine(fresh_database, pool_size=1)
    made = sa.text(
        "INSERT INTO closing_proposal (id, specialty_id, rectification_id, grounds, proposed_at, deemed_served_at,"
        " decision, decided_at, decided_by, document_number, reason, appeal_due, decide_due, close_due)"
        " OVERRIDING SYSTEM VALUE SELECT :key, specialty.id, :key, 'plan_lapsed',"
        " CAST(:served AS timestamptz) - interval '9 days', :served,"
        " :decision, :decided, CASE WHEN :decision IS NOT NULL THEN 1 END, '示例', '示例', :appeal,"
        " CAST(:served AS timestamptz) + :days, CAST(:appeal AS timestamptz) + interval '14 days'"
        " FROM specialty WHERE name = :of"
    ).bindparams(sa.bindparam("decision", type_=sa.Text), sa.bindparam("days", type_=sa.Interval))
    now = datetime.now(UTC)
    past, ahead, six_weeks = now - timedelta(days=90), now + timedelta(days=3), timedelta(days=42)
    decided = {"decision": "close", "decided": past - timedelta(days=2)}
    with engine.begin() as connection:
        # What these rows belong to is of no interest here.
        connection.execute(sa.text("SET LOCAL session_replication_role = 'replica'"))
        for name, closed in (("open", None), ("closed", past.date())):
            connection.execute(sa.text(
                "INSERT INTO specialty (school_id, name, catalogue_entry_id, catalogue_code, class_code, class_name,"
                " level, opened_on, closed_on)"
                " VALUES (1, :name, 1, :name, '71', '示例', 'secondary', '2020-09-01', :closed)"
            ), {"name": name, "closed": closed})  # fmt: skip
        for key, of, served, days, more in (
            (1, "open", past, six_weeks, {}),
            (2, "open", ahead, six_weeks, {}),
            (3, "open", past, timedelta(days=30), {}),  # by a policy, not by the migration
            (4, "open", past, six_weeks, {**decided, "appeal": past}),
            (5, "open", past, six_weeks, {**decided, "appeal": ahead}),
            (6, "closed", past, six_weeks, {**decided, "appeal": past}),
            (7, "open", past, six_weeks, {"decision": "keep", "decided": past, "appeal": ahead}),
        ):
            row = {"decision": None, "decided": None, "appeal": None, **more}
            connection.execute(made, {"key": key, "of": of, "served": served, "days": days, **row})
    told = sa.text("SELECT id, decide_due, close_due FROM closing_proposal ORDER BY id")
    with engine.connect() as connection:
        before = {key: (decide, close) for key, decide, close in connection.execute(told)}

    schema.migrate(fresh_database)

    with engine.connect() as connection:
        after = {key: (decide, close) for key, decide, close in connection.execute(told)}
    assert {key for key, now_told in after.items() if now_told != before[key]} == {1, 4}
    assert after[4][0] == before[4][0]
    for day, given in ((after[1][0], 42), (after[4][1], 14)):
        assert day == end_of(last_local_day(day, LOCAL), LOCAL)
        assert last_local_day(day, LOCAL).weekday() < 5
        assert timedelta(days=given) <= day - now <= timedelta(days=given + 3)
    engine.dispose()
