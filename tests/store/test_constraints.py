"""What one row needs of others, and what a CHECK says beside states: tried by plain SQL, refused by name.

Every case is refused by the constraint it names and by no other: without that one the same statement is accepted.
"""

import re

import pytest
import sqlalchemy as sa

from half_made import CASES, FIRST, RATED, in_force
from refusing import assert_refused, refused_by
from specialty_eval.engine.permissions import HELD_AT, Kind
from specialty_eval.engine.roles import Role
from specialty_eval.store import needs
from specialty_eval.store.metadata import METADATA
from state_needs import STATE_NEEDS

"""What is half made → (who refuses it, how it is tried)."""


@pytest.mark.parametrize("what", CASES)
def test_the_half_made_is_refused_by_name(filled: sa.Connection, what: str) -> None:
    name, statement = CASES[what]

    assert_refused(filled, statement, name)


@pytest.mark.parametrize(
    "second",
    [
        in_force(RATED, "NULL", "green", "'2021-01-01', '2022-01-01'"),
        in_force(RATED, "NULL", "green", "'2019-01-01', '2020-01-01'"),
        in_force(RATED, "NULL", "green", "'2020-06-01', '2020-07-01'",
                 "timestamptz '2023-01-01 08:00+08', timestamptz '2024-01-01 08:00+08'"),
        in_force("(SELECT max(id) FROM specialty)", "NULL", "green", "'2020-01-01', '2021-01-01'"),
    ],
    ids=["the days after", "the days before", "what was known before", "another specialty"],
)  # fmt: skip
def test_ratings_side_by_side_are_no_overlap(filled: sa.Connection, second: str) -> None:
    assert refused_by(filled, f"{FIRST}; {second}") is None


@pytest.mark.parametrize("role", Role)
def test_a_role_is_held_where_the_engine_says_and_nowhere_else(filled: sa.Connection, role: Role) -> None:
    """Whoever gives a role another place needs a migration too."""
    for kind in Kind:
        statement = (
            "INSERT INTO role_grant (person_id, role, organisation_id, valid_from)"
            f" SELECT (SELECT min(id) FROM person), '{role.value}', min(id), '2027-01-01' FROM organisation"
            f" WHERE kind = '{kind.value}'"
        )
        if kind in HELD_AT[role]:
            assert refused_by(filled, statement) is None
        else:
            assert_refused(filled, statement, "role_grant_held_at_its_kind")


def test_every_trigger_and_every_check_of_a_state_is_tried(filled: sa.Connection) -> None:
    tried = {name for name, _ in CASES.values()} | {"role_grant_held_at_its_kind"}
    tried |= {name for needed in STATE_NEEDS.values() for names in needed.refused_by.values() for name in names}
    tried |= {name for needed in STATE_NEEDS.values() for _, name in needed.only_in.values()}
    tried |= {"enrolment_line_kept", "rectification_milestone_kept", "rectification_milestone_proof_kept"}  # test_kept
    own = "SELECT DISTINCT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
    triggers = set(filled.scalars(sa.text(own))) - {"refuse_change", "call_for_event"}  # the second refuses nothing
    said = {str(check.name) for name in vars(needs) if re.match("of_(?!rating)", name) for check in vars(needs)[name]()}
    checks = {
        str(c.name) for table in METADATA.tables.values() for c in table.constraints
        if isinstance(c, sa.CheckConstraint) and str(c.name).removeprefix(f"ck_{table.name}_") in said
    }  # fmt: skip

    assert (triggers - tried, checks - tried) == (set(), set())
