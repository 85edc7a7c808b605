"""Each state of each machine: a row with what the state needs is accepted, and without any of it refused by name."""

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from refusing import assert_refused, refused_by
from specialty_eval.engine.machines import MACHINES
from state_needs import STATE_NEEDS, Needs

CASES = [(name, state) for name, needs in STATE_NEEDS.items() for state in needs.states]


def brought_to(needs: Needs, state: str, changes: Mapping[str, str]) -> str:
    """An UPDATE of one row to a state, with these columns full or empty and the others empty."""
    said = {"state": f"'{state}'"} | dict(needs.empty) | {c: needs.full[c] for c in needs.states[state]} | dict(changes)
    values = ", ".join(f"{column} = {value}" for column, value in said.items())
    return f"UPDATE {needs.table} t SET {values} WHERE id = (SELECT min(id) FROM {needs.table} WHERE {needs.row})"


def test_of_every_state_of_every_machine_it_is_said_what_it_needs() -> None:
    assert {name: {state.value for state in machine.states} for name, machine in MACHINES.items()} == {
        name: set(needs.states) for name, needs in STATE_NEEDS.items()
    }


@pytest.mark.parametrize("name", STATE_NEEDS)
def test_there_is_a_row_to_try_with(filled: sa.Connection, name: str) -> None:
    needs = STATE_NEEDS[name]

    assert filled.scalar(sa.text(f"SELECT count(*) FROM {needs.table} WHERE {needs.row}"))


@pytest.mark.parametrize(("name", "state"), CASES)
def test_what_a_state_needs_is_enough(filled: sa.Connection, name: str, state: str) -> None:
    assert refused_by(filled, brought_to(STATE_NEEDS[name], state, {})) is None


@pytest.mark.parametrize(("name", "state"), [(n, s) for n, s in CASES if STATE_NEEDS[n].states[s]])
def test_without_any_of_what_it_needs_a_state_is_refused(filled: sa.Connection, name: str, state: str) -> None:
    needs = STATE_NEEDS[name]
    for column in needs.states[state]:
        statement = brought_to(needs, state, {column: needs.empty[column]})
        assert_refused(filled, statement, *needs.refused_by[column])


@pytest.mark.parametrize(
    ("name", "state", "column"),
    [(n, s, c) for n, s in CASES for c, (only, _) in STATE_NEEDS[n].only_in.items() if s not in only],
)
def test_what_belongs_to_later_states_is_refused_before(
    filled: sa.Connection, name: str, state: str, column: str
) -> None:
    needs = STATE_NEEDS[name]

    assert_refused(filled, brought_to(needs, state, {column: needs.full[column]}), needs.only_in[column][1])
