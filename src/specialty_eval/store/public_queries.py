"""What anybody may read: ratings in force, publicised proposals, what is contested, rounds. No figure, no draft.

Each function is a fixed number of statements, however many specialties there are.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.cycle import CycleState, RoundState
from specialty_eval.engine.publicity import ListState
from specialty_eval.engine.review import State

from .contested import OUT, contested, in_order
from .cycles import Cycle, PolicyDocument, Round
from .outcomes import Publication, PublicationEntry, RatingInForce, Standing
from .registry import LEVELS, Jurisdiction, Organisation, School, Specialty, SpecialtyCode
from .reviews import Review

NEVER = "none"
"""Asked for as a rating: those that never had one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader filters by; an empty field filters nothing. `case`: `proposed`, or `contested`."""

    county: str = ""
    class_name: str = ""
    level: str = ""
    rating: str = ""
    case: str = ""
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
    under: Sequence[str] | None
    standing: str | None

    @property
    def cases(self) -> tuple[str, ...]:
        """What is under way against its rating."""
        return in_order(self.under)


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
            PublicationEntry.reasons, PublicationEntry.decision_id, Publication.closes_at, Publication.number,
        )
        .join(PublicationEntry, PublicationEntry.review_id == Review.id)
        .join(Publication, Publication.id == PublicationEntry.publication_id)
        .where(
            Review.state == State.PUBLICISED.value,
            Review.decision_id == PublicationEntry.decision_id,
            PublicationEntry.edition == Publication.edition,
            Publication.state.in_(OUT),
        )
        .ext(distinct_on(Review.specialty_id))
        .order_by(Review.specialty_id, Publication.opened_at.desc(), Publication.id.desc())
        .subquery("proposals")
    )  # fmt: skip


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
            .where(*self.conditions(wanted))
        )

    def conditions(self, wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
        """What is asked for."""
        if wanted.county:
            yield School.jurisdiction_code == wanted.county
        if wanted.class_name:
            yield Specialty.class_name == wanted.class_name
        if wanted.level:
            yield Specialty.level == wanted.level
        if wanted.rating:
            rating = self.held.c.rating
            yield rating.is_(None) if wanted.rating == NEVER else rating == wanted.rating
        if wanted.case:
            yield {"proposed": self.proposed.c.rating, "contested": self.under.c.under}[wanted.case].is_not(None)
        if wanted.text:
            yield Specialty.id.in_(_named(wanted.text))


def _named(text: str) -> sa.CompoundSelect[Any]:
    """The specialties that have the text in their name, their school's or their present code, each by its index."""
    one, coded, other, taught_at = aliased(Specialty), aliased(SpecialtyCode), aliased(Specialty), aliased(School)

    def has(column: sa.orm.InstrumentedAttribute[str]) -> sa.ColumnElement[bool]:
        return column.icontains(text, autoescape=True)

    def by_parts(column: sa.orm.InstrumentedAttribute[str]) -> sa.ColumnElement[bool]:
        parts = sa.func.parts_of(column, type_=ARRAY(sa.Text()))
        return sa.and_(parts.contains(sa.func.parts_of(text)), has(column))

    of_schools = sa.select(other.id).join(taught_at, taught_at.id == other.school_id).where(has(taught_at.name))
    return sa.union_all(
        sa.select(one.id).where(by_parts(one.name)),
        sa.select(coded.specialty_id).where(coded.valid_to.is_(None), by_parts(coded.code)),
        of_schools,
    )


def _parts(today: date) -> _Parts:
    return _Parts(in_force(today), proposals(), contested())


# --- the list --------------------------------------------------------------------------------------------------------


def rows(wanted: Wanted, today: date) -> sa.Select[*tuple[Any, ...]]:
    """The query behind `Row`; to be ordered by the code and cut by the caller."""
    parts = _parts(today)
    return parts.of(
        wanted, today, Specialty.id, SpecialtyCode.code, Specialty.name, School.name, School.jurisdiction_code,
        Specialty.level, Specialty.class_name, parts.held.c.rating, parts.held.c.year, parts.proposed.c.rating,
        parts.under.c.under, Standing.state,
    ).outerjoin(Standing, Standing.specialty_id == Specialty.id)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """How many specialties of an area and a class have a rating in force (None: never had one), a proposal, a case."""

    county: str
    class_name: str
    rating: str | None
    specialties: int
    proposed: int
    contested: int


def counted(session: Session, wanted: Wanted, today: date) -> list[Counted]:
    """The specialties by county, class (of every level: their codes differ, their names do not) and rating in force."""
    parts = _parts(today)
    keys = (School.jurisdiction_code, Specialty.class_name, parts.held.c.rating)
    query = parts.of(
        wanted, today, *keys, sa.func.count(), sa.func.count(parts.proposed.c.rating),
        sa.func.count(parts.under.c.under),
    ).group_by(*keys)  # fmt: skip
    return [Counted(*list(row)) for row in session.execute(query.order_by(*keys))]


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by: areas by code, classes and levels."""

    counties: Mapping[str, str]
    classes: tuple[str, ...]
    levels: tuple[str, ...]


def choices(session: Session) -> Choices:
    """The areas with schools, the classes and levels taught; two statements."""
    areas = sa.select(Jurisdiction.code, Jurisdiction.name).where(
        sa.exists().where(School.jurisdiction_code == Jurisdiction.code)
    )
    taught = sa.select(Specialty.class_name, Specialty.level).group_by(Specialty.class_name, Specialty.level)
    found = session.execute(taught.order_by(sa.func.max(Specialty.class_code), Specialty.class_name)).all()
    return Choices(
        {code: name for code, name in session.execute(areas.order_by(Jurisdiction.code))},  # noqa: C416 -- a Row is no tuple to dict()
        tuple(dict.fromkeys(name for name, _ in found)),
        tuple(level for level in LEVELS if level in {level for _, level in found}),
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


SHOWN = 12
"""Rounds told of at a time: what they review is counted round by round."""


def newest(session: Session, before: int | None = None) -> tuple[list[int], int | None]:
    """The newest rounds, with whatever is in publicity, or those before that round; behind which one there are more."""
    found = sa.select(Round.id).join(Cycle, Cycle.id == Round.cycle_id).where(_is_told_of())
    out = sa.select(Publication.round_id).where(Publication.state == ListState.IN_PUBLICITY.value)
    if before is not None:
        year = sa.select(Round.year).where(Round.id == before).scalar_subquery()
        found = found.where(sa.tuple_(Round.year, Round.id) < sa.tuple_(year, sa.literal(before, sa.BigInteger)))
    keys = list(session.scalars(found.order_by(Round.year.desc(), Round.id.desc()).limit(SHOWN + 1)))
    further = [] if before is not None else list(session.scalars(out))
    return [*keys[:SHOWN], *further], keys[SHOWN - 1] if len(keys) > SHOWN else None


def _is_told_of() -> sa.ColumnElement[bool]:
    """Of a round with its cycle: it was started, and is not cancelled."""
    started = Cycle.state.in_((CycleState.RUNNING.value, CycleState.CONCLUDED.value))
    return sa.and_(started, Round.state != RoundState.CANCELLED.value)


def rounds(session: Session, keys: Collection[int]) -> list[PublicRound]:
    """Those of these rounds whose cycle was started, newest first; three statements."""
    reviews: dict[int, int] = {}
    ratings: dict[int, dict[tuple[bool, str], int]] = {}
    for key, is_confirmed, rating, number in session.execute(_tally(keys)):
        reviews[key] = reviews.get(key, 0) + number
        if rating is not None:
            ratings.setdefault(key, {})[is_confirmed, rating] = number
    lists = _lists(session)
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Round.id, Cycle.title, Round.number, Round.year, Round.state, PolicyDocument.policy_id,
                  PolicyDocument.policy_version)
        .join(Cycle, Cycle.id == Round.cycle_id)
        .join(PolicyDocument, PolicyDocument.id == Round.policy_id)
        .where(_is_told_of(), Round.id.in_(keys))
        .order_by(Round.year.desc(), Round.id.desc())
    )  # fmt: skip
    return [
        PublicRound(*[*found, reviews.get(found.id, 0), ratings.get(found.id, {}), tuple(lists.get(found.id, ()))])
        for found in session.execute(query)
    ]


def _tally(keys: Collection[int]) -> sa.Select[*tuple[Any, ...]]:
    """(round, whether confirmed, rating that is told) → how many reviews, each round's by its index."""
    replaced = aliased(Review)
    overturned = sa.exists().where(replaced.replaces_id == Review.id, replaced.state == State.CONFIRMED.value)
    shown = sa.case((Review.state.in_((State.CONFIRMED.value, State.PUBLICISED.value)), Review.decided_rating))
    its = (
        sa.select((Review.state == State.CONFIRMED.value).label("confirmed"), shown.label("rating"),
                  sa.func.count().label("number"))
        .where(Review.round_id == Round.id)
        .where(~overturned, sa.or_(Review.replaces_id.is_(None), Review.state == State.CONFIRMED.value))
        .where(Review.state.not_in((State.CANCELLED.value, State.EXEMPTED.value, State.WITHDRAWN.value)))
        .group_by(sa.text("1"), sa.text("2"))
        .correlate(Round)
        .lateral("its")
    )  # fmt: skip
    return (
        sa.select(Round.id, its.c.confirmed, its.c.rating, its.c.number).join(its, sa.true()).where(Round.id.in_(keys))
    )


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
