"""The hand that plays: simulated time, who acts, one transaction a step, each with its mark: a stop resumes.

Steps act through the actions alone. A step that is on record is not done again; what it needs to know it looks up.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from specialty_eval import policies
from specialty_eval.actions import accounts
from specialty_eval.actions.context import LOCAL, Context, Note, commit
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.permissions import Actor, Grant
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.policy_load import load_policy
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.cycles import Round
from specialty_eval.store.files import Files
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import Organisation, SpecialtyCode
from specialty_eval.store.reviews import Review

from .city import City
from .story import YEARS

POLICY = "dezhou"
BEGINS = datetime(2023, 12, 4, 1, 0, tzinfo=UTC)
"""A Monday in December 2023, nine o'clock in the city."""
BEGUN, STEP, DONE = "demo.begin", "demo.step", "demo.done"
"""The demo's own events: a database with the first of them is the demo's."""
REFUSED = "demo.refuse"
"""What somebody was told whose act came too late: an act that is refused leaves nothing else on record."""

OFFICE_OPENS = time(9)


@dataclass(slots=True)
class World:
    """A city being played in one database. `now` only moves forward."""

    city: City
    sessions: sessionmaker[Session]
    files: Files
    policy: Policy
    now: datetime = BEGINS
    years: dict[int, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """Figures by year, as far as they are made (`known`)."""
    _session: Session | None = None
    _grants: Mapping[str, tuple[int, tuple[Grant, ...]]] = field(default_factory=dict)
    _specialties: Mapping[str, int] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        """The step's session."""
        if self._session is None:
            raise AssertionError("outside of a step")
        return self._session

    # --- who ----------------------------------------------------------------------------------------------------------

    def as_(self, login: str) -> Context:
        """A context in which this person acts now."""
        if login not in self._grants:
            self._grants = _grants(self.session)
        person, grants = self._grants[login]
        return self._context(Actor(person_id=str(person), grants=grants))

    def forget_people(self) -> None:
        """Somebody came or went: look their roles up again."""
        self._grants = {}

    def clock(self) -> Context:
        """A context in which the clock acts."""
        return self._context(Actor(is_system=True))

    def nobody(self) -> Context:
        """A context of the public."""
        return self._context(Actor())

    def person(self, login: str) -> int:
        """A person's number."""
        person = self.as_(login).person_id
        assert person is not None  # noqa: S101 -- `as_` is of a person
        return person

    def login(self, person: int) -> str:
        """Whose number that is."""
        self.as_("secretary")
        return next(login for login, (number, _) in self._grants.items() if number == person)

    def _context(self, actor: Actor) -> Context:
        return Context(session=self.session, actor=actor, now=self.now, files=self.files)

    # --- when ---------------------------------------------------------------------------------------------------------

    def on(self, year: int, month: int, day: int) -> None:
        """Go on to the morning of that day, or of the first working day after it; never back."""
        self.after(datetime.combine(datetime(year, month, day, tzinfo=LOCAL).date(), OFFICE_OPENS, LOCAL))

    def wait(self, working_days: int) -> None:
        """Let so many working days pass."""
        today = self.now.astimezone(LOCAL).date()
        last = self.clock().calendar().last_day(today, Duration(working_days, working=True))
        self.now = datetime.combine(last, OFFICE_OPENS, LOCAL).astimezone(UTC)

    def after(self, instant: datetime | None) -> None:
        """Go on to the first morning on which offices work and this instant is past; None is no deadline at all."""
        if instant is None:
            raise AssertionError("nothing to wait for")
        local = instant.astimezone(LOCAL)
        day = local.date() if local.time() <= OFFICE_OPENS else local.date() + timedelta(days=1)
        day = self.clock().calendar().next_working(day)
        morning = datetime.combine(day, OFFICE_OPENS, LOCAL).astimezone(UTC)
        self.now = max(self.now, morning)

    def pause(self, minutes: int = 5) -> None:
        """A little later on the same day."""
        self.now += timedelta(minutes=minutes)

    # --- what ---------------------------------------------------------------------------------------------------------

    def specialty_id(self, code: str) -> int:
        """A specialty's number."""
        if code not in self._specialties:
            found = sa.select(SpecialtyCode.code, SpecialtyCode.specialty_id)
            self._specialties = {row.code: row.specialty_id for row in self.session.execute(found)}
        return self._specialties[code]

    def round_id(self, number: int) -> int:
        """The id of the cycle's round."""
        return self.session.scalars(sa.select(Round.id).where(Round.year == YEARS[number - 1])).one()

    def round(self, number: int) -> Round:
        """The round's row."""
        return self.session.get_one(Round, self.round_id(number), populate_existing=True)

    def reviews(self, number: int, *states: str) -> dict[str, int]:
        """Specialty code → its review in a round, of those in these states or of all; an appeal's new one instead."""
        found = (
            sa.select(SpecialtyCode.code, Review.id)
            .join(SpecialtyCode, SpecialtyCode.specialty_id == Review.specialty_id)
            .where(Review.round_id == self.round_id(number))
            .order_by(Review.turn)
        )
        if states:
            found = found.where(Review.state.in_(states))
        return {row.code: row.id for row in self.session.execute(found)}

    def all_reviews(self, number: int, code: str) -> list[int]:
        """Every review of a specialty in a round: the first, and those that appeals opened."""
        found = sa.select(Review.id).where(
            Review.round_id == self.round_id(number), Review.specialty_id == self.specialty_id(code)
        )
        return list(self.session.scalars(found.order_by(Review.turn)))

    # --- one transaction a step ---------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that is committed at the end, or leaves nothing."""
        with self.sessions() as session:
            self._session = session
            try:
                yield session
                commit(self.clock())
            finally:
                self._session = None

    def mark(self, kind: str, **told: object) -> None:
        """Leave a mark of the demo in the event log."""
        bureau = self.session.scalars(sa.select(Organisation).where(Organisation.kind == "bureau")).one()
        self.clock().record(kind, bureau, Note(audience="sealed", told=told))


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of the story, done in one transaction. `name` is said to people and tells it from all others."""

    name: str
    act: Callable[[World], None]


def done(session: Session) -> dict[str, datetime]:
    """The steps on record, each with when it was."""
    found = sa.select(Event.facts, Event.at).where(Event.kind == STEP).order_by(Event.seq)
    return {row.facts["step"]: row.at for row in session.execute(found)}


def play(world: World, steps: list[Step], told: Callable[[Step], None]) -> None:
    """Do the steps that are not on record, in order; `told` hears of each once it is done."""
    with world.transaction() as session:
        before = done(session)
    world.now = max([world.now, *before.values()])
    for step in steps:
        if step.name not in before:
            with world.transaction():
                step.act(world)
                world.mark(STEP, step=step.name)
        told(step)


def policy() -> Policy:
    """The policy that the demo plays by."""
    return load_policy(policies.text(POLICY))


def _grants(session: Session) -> dict[str, tuple[int, tuple[Grant, ...]]]:
    """Login → number and grants, of everybody."""
    found = session.execute(
        sa.select(
            Person.login, Person.id, RoleGrant.role, RoleGrant.organisation_id, Organisation.kind, Organisation.code,
            Organisation.jurisdiction_code, RoleGrant.valid_from, RoleGrant.valid_to, RoleGrant.deputy,
        )
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .order_by(RoleGrant.id)
    )  # fmt: skip
    held: dict[str, tuple[int, tuple[Grant, ...]]] = {}
    for row in found:
        person, grants = held.get(row.login, (row.id, ()))
        held[row.login] = (person, (*grants, accounts.grant_of(row)))
    return held
