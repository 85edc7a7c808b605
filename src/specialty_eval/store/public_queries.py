"""What anybody may read: ratings in force, publicised proposals, what is contested, rounds. No figure, no draft.

Each function is a fixed number of statements, however many specialties there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.cases import OBJECTION_HOLDS_UP
from specialty_eval.engine.cycle import CycleState, RoundState
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.review import ENDED, State

from .cycles import Cycle, PolicyDocument, Round
from .outcome_queries import going_appeal
from .outcomes import Appeal, Objection, Publication, PublicationEntry, RatingInForce, Standing
from .registry import Jurisdiction, Organisation, School, Specialty, SpecialtyCode
from .reviews import Review

OUT = (ListState.IN_PUBLICITY.value, ListState.CLOSED.value)
"""The states in which a list is public."""
ENDED_STATES = tuple(state.value for state in ENDED)
NEVER = "none"
"""Asked for as a rating: those that never had one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader filters by; an empty field filters nothing."""

    county: str = ""
    class_code: str = ""
    level: str = ""
    rating: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One specialty in the public list. `proposed` is a publicised rating that is not confirmed yet."""

    id: int
    code: str
    name: str
    school: str
    county: str
    level: str
    class_name: str
    rating: str | None
    year: int | None
    proposed: str | None
    under: str | None
    standing: str | None


# --- the parts -------------------------------------------------------------------------------------------------------


def in_force(today: date) -> sa.Subquery:
    """Specialty → the rating in force today as known now."""
    holds = sa.or_(RatingInForce.valid_to.is_(None), RatingInForce.valid_to > today)
    return (
        sa.select(RatingInForce.specialty_id, RatingInForce.rating, RatingInForce.year)
        .where(RatingInForce.known_to.is_(None), RatingInForce.valid_from <= today, holds)
        .subquery("in_force")
    )


def proposals() -> sa.Subquery:
    """Specialty → its review whose decision stands on a list that is out, not confirmed yet."""
    return (
        sa.select(
            Review.specialty_id, Review.id.label("review_id"), Review.round_id, PublicationEntry.rating,
            PublicationEntry.reasons, PublicationEntry.decision_id, Publication.closes_at,
        )
        .join(PublicationEntry, PublicationEntry.review_id == Review.id)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(
            Review.state == State.PUBLICISED.value,
            Review.decision_id == PublicationEntry.decision_id,
            PublicationEntry.edition == Publication.edition,
            Publication.state.in_(OUT),
        )
        .distinct(Review.specialty_id)
        .order_by(Review.specialty_id, Publication.opened_at.desc(), Publication.id.desc())
        .subquery("proposals")
    )  # fmt: skip


def contested() -> sa.Subquery:
    """Specialty → `appeal`, `objection` or `correction`, whichever of them is under way and weighs most.

    A correction: what was publicised is being looked at again. An objection counts once it is admitted.
    """
    appeals = sa.select(Review.specialty_id, sa.literal(1).label("weight")).join(Appeal, Appeal.review_id == Review.id)
    objections = (
        sa.select(Review.specialty_id, sa.literal(2))
        .join(Objection, Objection.review_id == Review.id)
        .where(Objection.state.in_([state.value for state in OBJECTION_HOLDS_UP]), Review.state.not_in(ENDED_STATES))
    )
    again = (
        sa.select(Review.specialty_id, sa.literal(3))
        .join(PublicationEntry, PublicationEntry.review_id == Review.id)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(
            PublicationEntry.edition == Publication.edition,
            Publication.state.in_(OUT),
            Review.state.not_in([*ENDED_STATES, State.PUBLICISED.value]),
        )
    )
    every = sa.union_all(appeals.where(going_appeal()), objections, again).subquery("every")
    weight = sa.func.min(every.c.weight)
    word = sa.case((weight == 1, "appeal"), (weight == 2, "objection"), else_="correction").label("under")
    return sa.select(every.c.specialty_id, word).group_by(every.c.specialty_id).subquery("contested")


@dataclass(frozen=True, slots=True)
class _Parts:
    """The three sides a specialty is joined to."""

    held: sa.FromClause
    proposed: sa.FromClause
    under: sa.FromClause

    def of(self, wanted: Wanted, today: date, *columns: Any) -> sa.Select[*tuple[Any, ...]]:
        """`columns` of every specialty that is wanted and not closed."""
        return (
            sa.select(*columns)
            .select_from(Specialty)
            .join(School, School.id == Specialty.school_id)
            .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
            .outerjoin(self.held, self.held.c.specialty_id == Specialty.id)
            .outerjoin(self.proposed, self.proposed.c.specialty_id == Specialty.id)
            .outerjoin(self.under, self.under.c.specialty_id == Specialty.id)
            .where(SpecialtyCode.valid_to.is_(None), sa.or_(Specialty.closed_on.is_(None), Specialty.closed_on > today))
            .where(*_conditions(wanted, self.held))
        )


def _parts(today: date) -> _Parts:
    return _Parts(in_force(today), proposals(), contested())


def _conditions(wanted: Wanted, held: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    given: list[sa.ColumnElement[bool]] = []
    if wanted.county:
        given.append(School.jurisdiction_code == wanted.county)
    if wanted.class_code:
        given.append(Specialty.class_code == wanted.class_code)
    if wanted.level:
        given.append(Specialty.level == wanted.level)
    if wanted.rating:
        given.append(held.c.rating.is_(None) if wanted.rating == NEVER else held.c.rating == wanted.rating)
    if wanted.text:
        named = [c.icontains(wanted.text, autoescape=True) for c in (Specialty.name, School.name, SpecialtyCode.code)]
        given.append(sa.or_(*named))
    return given


# --- the list --------------------------------------------------------------------------------------------------------


def rows(session: Session, wanted: Wanted, today: date, *, limit: int, offset: int) -> list[Row]:
    """A page of the specialties, in order of their codes."""
    parts = _parts(today)
    query = parts.of(
        wanted, today, Specialty.id, SpecialtyCode.code, Specialty.name, School.name, School.jurisdiction_code,
        Specialty.level, Specialty.class_name, parts.held.c.rating, parts.held.c.year, parts.proposed.c.rating,
        parts.under.c.under, Standing.state,
    ).outerjoin(Standing, Standing.specialty_id == Specialty.id)  # fmt: skip
    found = session.execute(query.order_by(SpecialtyCode.code).limit(limit).offset(offset))
    return [Row(*list(row)) for row in found]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many specialties of an area and a class have a rating in force (None: never had one), a proposal, a case."""

    county: str
    class_code: str
    class_name: str
    rating: str | None
    specialties: int
    proposed: int
    contested: int


def counted(session: Session, wanted: Wanted, today: date) -> list[Counted]:
    """The specialties by county, class and rating in force."""
    parts = _parts(today)
    county, rating = School.jurisdiction_code, parts.held.c.rating
    query = parts.of(
        wanted, today, county, Specialty.class_code, sa.func.max(Specialty.class_name), rating, sa.func.count(),
        sa.func.count(parts.proposed.c.rating), sa.func.count(parts.under.c.under),
    ).group_by(county, Specialty.class_code, rating)  # fmt: skip
    return [Counted(*list(row)) for row in session.execute(query.order_by(county, Specialty.class_code))]


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by: code → name, in order of the codes."""

    counties: Mapping[str, str]
    classes: Mapping[str, str]
    levels: tuple[str, ...]


def choices(session: Session) -> Choices:
    """The areas with schools, the classes and levels taught; two statements."""
    areas = sa.select(Jurisdiction.code, Jurisdiction.name).where(
        sa.exists().where(School.jurisdiction_code == Jurisdiction.code)
    )
    taught = sa.select(Specialty.class_code, sa.func.max(Specialty.class_name), Specialty.level)
    found = session.execute(taught.group_by(Specialty.class_code, Specialty.level).order_by(Specialty.class_code)).all()
    return Choices(
        {code: name for code, name in session.execute(areas.order_by(Jurisdiction.code))},  # noqa: C416 -- a Row is no tuple to dict()
        {code: name for code, name, _ in found},
        tuple(sorted({level for _, _, level in found})),
    )


# --- rounds ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class List:
    """A list that is or was in publicity."""

    id: int
    round_id: int
    number: int
    state: str
    opened_at: datetime
    closes_at: datetime
    seal_head: str


@dataclass(frozen=True, slots=True)
class PublicRound:
    """A round, its policy, how many it reviews, and what is known of them: (is it confirmed, rating) → how many."""

    id: int
    cycle: str
    number: int
    year: int
    state: str
    policy_id: str
    policy_version: str
    reviews: int
    ratings: Mapping[tuple[bool, str], int]
    lists: tuple[List, ...]


def rounds(session: Session) -> list[PublicRound]:
    """The rounds of every cycle that was started, newest first; three statements."""
    replaced = aliased(Review)
    overturned = sa.exists().where(replaced.replaces_id == Review.id, replaced.state == State.CONFIRMED.value)
    shown = sa.case((Review.state.in_((State.CONFIRMED.value, State.PUBLICISED.value)), Review.decided_rating))
    tally = (
        sa.select(Review.round_id, (Review.state == State.CONFIRMED.value), shown, sa.func.count())
        .where(~overturned, sa.or_(Review.replaces_id.is_(None), Review.state == State.CONFIRMED.value))
        .where(Review.state.not_in((State.CANCELLED.value, State.EXEMPTED.value, State.WITHDRAWN.value)))
        .group_by(Review.round_id, sa.text("2"), sa.text("3"))
    )
    reviews: dict[int, int] = {}
    ratings: dict[int, dict[tuple[bool, str], int]] = {}
    for key, is_confirmed, rating, number in session.execute(tally):
        reviews[key] = reviews.get(key, 0) + number
        if rating is not None:
            ratings.setdefault(key, {})[is_confirmed, rating] = number
    lists = _lists(session)
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Round.id, Cycle.title, Round.number, Round.year, Round.state, PolicyDocument.policy_id,
                  PolicyDocument.policy_version)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .join(PolicyDocument, PolicyDocument.id == Round.policy_id)
        .where(Cycle.state.in_((CycleState.RUNNING.value, CycleState.CONCLUDED.value)))
        .where(Round.state != RoundState.CANCELLED.value)
        .order_by(Round.year.desc(), Round.id.desc())
    )  # fmt: skip
    return [
        PublicRound(
            found.id,
            found.code,
            found.number,
            found.year,
            found.state,
            found.policy_id,
            found.policy_version,
            reviews.get(found.id, 0),
            ratings.get(found.id, {}),
            tuple(lists.get(found.id, ())),
        )
        for found in session.execute(query)
    ]


def _lists(session: Session) -> dict[int, list[List]]:
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            Publication.id, Publication.round_id, Publication.number, Publication.state, Publication.opened_at,
            Publication.closes_at, Publication.seal_head,
        )
        .where(Publication.state.in_(OUT))
        .order_by(Publication.round_id, Publication.number)
    )  # fmt: skip
    found: dict[int, list[List]] = {}
    for row in session.execute(query):
        found.setdefault(row.round_id, []).append(List(*plain(row)))
    return found


def bureau(session: Session) -> str:
    """The name of the bureau that runs the newest cycle, else of any; empty in an empty installation."""
    newest = (
        sa.select(Organisation.name)
        .outerjoin(Cycle, Cycle.bureau_id == Organisation.id)
        .where(Organisation.kind == "bureau")
        .order_by(Cycle.id.desc().nulls_last(), Organisation.id)
        .limit(1)
    )
    return session.scalar(newest) or ""


def plain(row: sa.Row[*tuple[Any, ...]]) -> list[Any]:
    """A row's values, for a dataclass whose fields stand in the query's order."""
    return list(row)
