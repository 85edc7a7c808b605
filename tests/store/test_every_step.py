"""Every machine's table against the database: each state left by each way, each refusal of role, state and check seen.

What is tried comes from the engine's own tables, so that a machine, a step, a role or a check that is added is tried
too, or fails for want of a row or of facts. What the verbs gather those facts from is their own tests' business.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.tables_of_steps import silent_checks
from engine.walked import REFUSING, SUFFICING
from refusing import refused_by
from specialty_eval.actions.context import Context
from specialty_eval.engine.errors import NotNow, NotYou
from specialty_eval.engine.machine import Workflow
from specialty_eval.engine.machines import MACHINES
from specialty_eval.engine.permissions import HELD_AT, Actor, Grant, Kind, Role, Scope
from specialty_eval.store import rows
from specialty_eval.store.base import Base
from specialty_eval.store.files import Files
from state_needs import STATE_NEEDS

EACH = pytest.mark.parametrize("name", list(MACHINES))
NOW = datetime(2027, 3, 1, 1, tzinfo=UTC)
CITY, COUNTY = "371400", "371401"
MODELS = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]  # a table, always
EVENTS = sa.text("SELECT count(*) FROM event")
LAST = sa.text("SELECT kind, source, target, subject_id, actor_person_id FROM event ORDER BY seq DESC LIMIT 1")


@dataclass
class Walk:
    """One row of a machine, brought to any state; what is done to it is taken back."""

    machine: Workflow[Any]
    connection: sa.Connection
    person: str
    organisations: dict[str, str]

    def __post_init__(self) -> None:
        self.needs = STATE_NEEDS[self.machine.name]
        which = f"SELECT min(id) FROM {self.needs.table} WHERE {self.needs.row}"
        self.key = self.connection.scalar(sa.text(which))
        assert self.key is not None, f"no row of {self.needs.table} to try with"

    @property
    def scope(self) -> Scope:
        """Whoever it is has every part in it."""
        me = frozenset({self.person})
        return Scope(
            school_id=self.organisations["school"], county=COUNTY, city=CITY, departments=frozenset({"hrss"}),
            experts=me, visitors=me, members=me, appeal_panel=me,
        )  # fmt: skip

    def actor(self, role: Role) -> Actor:
        """Somebody who holds this role alone, where it is held."""
        if role in {Role.SYSTEM, Role.PUBLIC}:
            return Actor(is_system=role == Role.SYSTEM)
        kind = min(HELD_AT[role])
        area = COUNTY if kind == Kind.COUNTY else CITY
        code = "hrss" if kind == Kind.DEPARTMENT else ""
        grant = Grant(role, self.organisations[kind], kind, area, date(2020, 1, 1), code=code)
        return Actor(person_id=self.person, grants=(grant,))

    @contextmanager
    def at(self, state: str) -> Iterator["At"]:
        """The row in this state, with what the state needs."""
        before = self.connection.begin_nested()
        said = {**self.needs.empty, **{c: self.needs.full[c] for c in self.needs.states[state]}}
        values = ", ".join(f"{column} = {value}" for column, value in said.items())
        comma = ", " if values else ""
        self.connection.exec_driver_sql(
            f"UPDATE {self.needs.table} t SET state = '{state}'{comma}{values} WHERE id = {self.key}"
        )
        with Session(self.connection, join_transaction_mode="create_savepoint") as session:
            yield At(self, session)
        before.rollback()

    def columns(self, target: str) -> dict[str, Any]:
        """What a step to this state has to write beside it, as values.

        What the state needs and nothing else; or that beside what the row holds, where the database lets none of it go;
        or all there can be, where what a state needs hangs on what came before it.
        """
        needed = {column: self.needs.full[column] for column in self.needs.states[target]}
        for said in ({**self.needs.empty, **needed}, needed, dict(self.needs.full)):
            values = "".join(f", {column} = {value}" for column, value in said.items())
            update = f"UPDATE {self.needs.table} t SET state = '{target}'{values} WHERE id = {self.key}"
            if refused_by(self.connection, update) is None:
                return self._changing(said)
        pytest.fail(f"nothing brings a {self.machine.name} to {target}")

    def _changing(self, said: Mapping[str, str]) -> dict[str, Any]:
        """The values of these, without what the row has already."""
        if not said:
            return {}
        wanted = ", ".join(f"CAST({value} AS {self._type(column)}) AS {column}" for column, value in said.items())
        asked, there = (
            self.connection.exec_driver_sql(f"SELECT {what} FROM {self.needs.table} t WHERE id = {self.key}").one()
            for what in (wanted, ", ".join(said))
        )
        return {column: asked[n] for n, column in enumerate(said) if asked[n] != there[n]}

    def _type(self, column: str) -> str:
        return str(Base.metadata.tables[self.needs.table].c[column].type.compile(self.connection.dialect))


@dataclass
class At:
    """The row where it stands."""

    walk: Walk
    session: Session

    def advance(self, role: Role, event: Any, facts: Any, target: str | None = None) -> None:
        """The step as this role takes it."""
        walk = self.walk
        row: Any = rows.locked(self.session, MODELS[walk.needs.table], walk.key)
        ctx = Context(self.session, walk.actor(role), NOW, Files(Path("nowhere")))
        ctx.advance(walk.machine, row, event, facts, walk.scope, changes=walk.columns(target) if target else {})
        self.session.flush()

    def now(self) -> tuple[str, int, int]:
        """State and version of the row, and how many events there are."""
        which = f"SELECT state, version FROM {self.walk.needs.table} WHERE id = {self.walk.key}"
        state, version = self.session.execute(sa.text(which)).one()
        return state, version, self.session.scalar(EVENTS) or 0


@pytest.fixture
def walk(filled: sa.Connection, name: str) -> Walk:
    kinds = filled.execute(sa.text("SELECT kind, min(id)::text FROM organisation GROUP BY kind"))
    person = filled.scalar(sa.text("SELECT min(id)::text FROM person"))
    return Walk(MACHINES[name], filled, str(person), {kind: key for kind, key in kinds})  # noqa: C416 -- a Row is no tuple to dict()


@EACH
def test_each_state_is_left_by_each_way_and_leaves_an_event(walk: Walk, name: str) -> None:
    suffices = SUFFICING[name]
    steps = {(step.source, step.event, step.target) for step in walk.machine.steps}
    assert {(source, event, target) for source, event, _, target in suffices} == steps, (
        "say what suffices for each step"
    )
    for source, event, facts, target in suffices:
        for role in sorted(walk.machine.roles_for(source, event)):
            with walk.at(source) as here:
                _, version, events = here.now()
                here.advance(role, event, facts, target)
                assert here.now() == (target, version + 1, events + 1)
                told = here.session.execute(LAST).one()
                who = None if role == Role.SYSTEM else int(walk.person)
                assert tuple(told) == (f"{name}.{event}", source, target, walk.key, who)
                here.session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))


@EACH
def test_nobody_else_takes_a_step(walk: Walk, name: str) -> None:
    suffices = SUFFICING[name]
    for source, event, facts, _ in suffices:
        others = set(Role) - walk.machine.roles_for(source, event)
        with walk.at(source) as here:
            before = here.now()
            for role in sorted(others):
                with pytest.raises(NotYou):
                    here.advance(role, event, facts)
            assert here.now() == before


@EACH
def test_a_step_that_the_state_has_not_is_refused_by_its_name(walk: Walk, name: str) -> None:
    facts = {event: given for _, event, given, _ in SUFFICING[name]}
    for state in walk.machine.states:
        with walk.at(state) as here:
            before = here.now()
            for event in sorted(set(facts) - set(_open(walk.machine, state))):
                role = min(_anywhere(walk.machine, event))
                with pytest.raises(NotNow) as caught:
                    here.advance(role, event, facts[event])
                assert [(p.code, dict(p.facts)) for p in caught.value.problems] == [
                    ("step-not-open", {"event": event.value, "state": state.value})
                ]
            assert here.now() == before


def _open(machine: Workflow[Any], state: str) -> set[Any]:
    return {step.event for step in machine.steps if step.source == state}


def _anywhere(machine: Workflow[Any], event: Any) -> set[Role]:
    return {role for step in machine.steps if step.event == event for role in step.roles}


@EACH
def test_every_check_refuses_with_all_its_reasons_and_leaves_nothing(walk: Walk, name: str) -> None:
    assert silent_checks(walk.machine, REFUSING[name]) == set(), "say what each check refuses"
    for source, event, facts, codes in REFUSING[name]:
        role = min(walk.machine.roles_for(source, event) or _anywhere(walk.machine, event))
        with walk.at(source) as here:
            before = here.now()
            with pytest.raises(NotNow) as caught:
                here.advance(role, event, facts)
            assert [problem.code for problem in caught.value.problems] == codes
            assert here.now() == before
