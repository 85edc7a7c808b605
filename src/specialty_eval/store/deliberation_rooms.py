"""A meeting's room: who sits there, what each declared, who is recused from which item. Votes are counted elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine import committee
from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.meeting import ITEM_ENDED, ItemState
from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import Role

from . import grounds, scopes
from .accounts import CommitteeMember, Person, RoleGrant, held_on
from .cycles import policy_of, round_of
from .deliberation import Ballot, Decision, InterestDeclaration, Meeting, MeetingItem, MeetingSeat
from .registry import School, Specialty, SpecialtyCode
from .reviews import Review

GOING = tuple(state.value for state in ItemState if state not in ITEM_ENDED)
"""The states of an item that is still to be decided."""


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A member's seat at a meeting."""

    member_id: int
    person_id: int
    name: str
    sector: str
    present: bool
    stands_in_for: int | None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item with whose review it is and what its title says."""

    id: int
    meeting_id: int
    review_id: int
    state: str
    together: bool
    version: int
    specialty_id: int
    replaces_id: int | None
    sheet_id: int | None
    code: str
    specialty: str
    school: str
    school_id: int
    county: str
    city: str
    run_by: str
    partner: str
    written_until: datetime | None
    vote_ended_at: datetime | None
    present_at_end: list[int] | None

    @property
    def title(self) -> str:
        """What even a recused member sees."""
        return f"{self.school} {self.specialty}"


@dataclass(frozen=True, slots=True)
class Room:
    """A meeting with its seats, and of some of its items who declared what and who cast what."""

    meeting: Meeting
    policy: Policy
    city: str
    seats: tuple[SeatRow, ...]
    items: Mapping[int, ItemRow]
    declared: Mapping[tuple[int, int], str]
    """(item, person) → none or interest."""
    first_deciders: Mapping[int, frozenset[int]]
    """Review that an appeal opened → who decided the one it replaces."""
    others: frozenset[int]
    """People without a seat who act here (the secretary)."""
    recused: frozenset[tuple[int, int]]
    """(item, person) of whoever has no part in what, of those with a seat and the others: as `scopes` has it."""
    voted: Mapping[int, frozenset[int]]
    """Of a vote in writing, and where somebody has left office: item → members with a ballot."""
    lapsed: frozenset[int] = frozenset()
    """Members who are not in office now: they count as present only where they voted while they were."""

    def is_recused(self, item_id: int, person_id: int | None) -> bool:
        """Whether the person has no part in the item; asked of whoever sits or acts here, and of nobody else."""
        if person_id is None:
            return False
        if person_id not in self.everybody:
            raise LookupError(f"whether person {person_id} is recused was not asked")
        return (item_id, person_id) in self.recused

    def has_declared(self, item_id: int, person_id: int | None) -> bool:
        """Whether the person said interest or none; not declared is not none."""
        return person_id is not None and (item_id, person_id) in self.declared

    def is_present(self, item_id: int, seat: SeatRow) -> bool:
        """In the room; in writing whoever gave a ballot; once the vote has ended, as it was then."""
        at_end = self.items[item_id].present_at_end
        if at_end is not None:
            return seat.member_id in at_end
        has_voted = seat.member_id in self.voted.get(item_id, ())
        if self.meeting.written:
            return has_voted
        return seat.present and (has_voted or seat.member_id not in self.lapsed)

    def seats_of(self, item_id: int) -> tuple[committee.Seat, ...]:
        """The seats as the arithmetic reads them on this item; the deputy chairs where the chair takes no part."""
        seats = [
            committee.Seat(
                member=str(seat.member_id),
                sector=seat.sector,
                present=self.is_present(item_id, seat),
                recused=self.is_recused(item_id, seat.person_id),
                declared=self.has_declared(item_id, seat.person_id),
                stands_in_for="" if seat.stands_in_for is None else str(seat.stands_in_for),
            )
            for seat in self.seats
        ]
        here = {seat.member for seat in committee.taking_part(seats)}
        chairs = [str(m) for m in (self.meeting.chair_id, self.meeting.deputy_chair_id) if m is not None]
        chair = next((member for member in chairs if member in here), None)
        return tuple(replace(seat, chair=seat.member == chair) for seat in seats)

    def has_had_its_days(self, item_id: int, settled: datetime) -> bool:
        """Of a vote in writing: its days are over and no ballot is on its way in, or everybody entitled has voted."""
        until, entitled = self.items[item_id].written_until, committee.entitled(self.seats_of(item_id))
        return until is not None and (settled >= until or (bool(entitled) and all(seat.present for seat in entitled)))

    def undeclared(self, item_id: int) -> tuple[str, ...]:
        """Members present who said neither, by number; whoever is recused by office need not say it."""
        return tuple(s.member for s in self.seats_of(item_id) if s.present and not s.recused and not s.declared)

    def people(self, seats: Sequence[committee.Seat]) -> list[int]:
        """Who sits on these seats."""
        members = {int(seat.member) for seat in seats}
        return sorted(seat.person_id for seat in self.seats if seat.member_id in members)

    def member_of(self, person_id: int | None) -> int | None:
        """The person's seat here."""
        return next((seat.member_id for seat in self.seats if seat.person_id == person_id), None)

    def in_the_way(self, item_ids: Collection[int], person_id: int | None) -> list[Problem]:
        """Why the person may have no part in these items: recused, or nothing declared yet."""
        problems = []
        for item_id in item_ids:
            if self.is_recused(item_id, person_id):
                problems.append(Problem("recused", f"items.{item_id}"))
            elif not self.has_declared(item_id, person_id):
                problems.append(Problem("interest-not-declared", f"items.{item_id}"))
        return problems

    @property
    def everybody(self) -> frozenset[int]:
        """Whoever sits or acts here."""
        return self.others | {seat.person_id for seat in self.seats}

    @property
    def scope(self) -> Scope:
        """The bureau's city and who sits here, whatever the item."""
        return Scope(city=self.city, members=frozenset(str(seat.person_id) for seat in self.seats))

    def scope_of(self, item_id: int) -> Scope:
        """Whose the item's specialty is, who sits here, and who is recused from it."""
        item = self.items[item_id]
        return Scope(
            school_id=str(item.school_id),
            county=item.county,
            city=item.city,
            run_by_city=item.run_by == "city",
            members=frozenset(str(seat.person_id) for seat in self.seats),
            recused=frozenset(str(person) for person in self.everybody if self.is_recused(item_id, person)),
        )


def room(
    session: Session, meeting: Meeting, *, acting: int | None, item_ids: Collection[int] | None = None,
    besides: Collection[int] = (),
) -> Room:  # fmt: skip
    """The meeting's room; of all its items, or of these. Seven statements at most, however many items.

    `besides` who acts, these people without a seat are known there.
    """
    made = round_of(session, meeting.round_id)
    items = items_of(session, meeting.id, item_ids)
    seats = seats_at(session, meeting.id)
    seated = {seat.person_id for seat in seats}
    others = frozenset(besides) | (frozenset() if acting is None else {acting})
    declared = sa.select(InterestDeclaration.item_id, InterestDeclaration.person_id, InterestDeclaration.interest)
    said = session.execute(declared.where(InterestDeclaration.item_id.in_(list(items))))
    return Room(
        meeting=meeting,
        policy=policy_of(session, made.policy_id),
        city=made.city,
        seats=seats,
        items=items,
        declared={(item, person): interest for item, person, interest in said},
        first_deciders=first_deciders(session, [item for item in items.values() if item.replaces_id is not None]),
        others=others - seated,
        recused=_recused(session, items, others | seated),
        voted=voted(session, list(items)) if meeting.written else {},
    )


def _recused(session: Session, items: Mapping[int, ItemRow], people: Collection[int]) -> frozenset[tuple[int, int]]:
    pairs = scopes.recused_pairs(session, people, [item.review_id for item in items.values()])
    of_review: dict[int, list[int]] = {}
    for review, person in pairs:
        of_review.setdefault(review, []).append(person)
    return frozenset((item.id, person) for item in items.values() for person in of_review.get(item.review_id, ()))


def in_office(session: Session, room: Room, today: date) -> Room:
    """The room as rights are today: whose role or term is over, or whose account is shut, takes no part any more."""
    members = [seat.member_id for seat in room.seats]
    deciding = RoleGrant.role.in_([Role.COMMITTEE_MEMBER.value, Role.CHAIR.value])
    here = RoleGrant.organisation_id == CommitteeMember.bureau_id
    holds = sa.exists().where(RoleGrant.person_id == CommitteeMember.person_id, deciding, here, held_on(today))
    found = (
        sa.select(CommitteeMember.id)
        .join(Person, Person.id == CommitteeMember.person_id)
        .where(
            CommitteeMember.id.in_(members), CommitteeMember.term_from <= today, CommitteeMember.term_to >= today,
            Person.active, holds.correlate(CommitteeMember),
        )
    )  # fmt: skip
    lapsed = frozenset(members) - frozenset(session.scalars(found))
    if not lapsed:
        return room
    return replace(room, lapsed=lapsed, voted=room.voted or voted(session, list(room.items)))


def voted(session: Session, item_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """Item → the members with a ballot that is not void."""
    found = sa.select(Ballot.item_id, sa.func.array_agg(sa.distinct(Ballot.member_id))).where(
        Ballot.item_id.in_(item_ids), Ballot.void.is_(False)
    )
    return {item: frozenset(members) for item, members in session.execute(found.group_by(Ballot.item_id))}


def room_of_item(session: Session, item_id: int, *, acting: int | None) -> Room:
    """The room of one item's meeting, with that item alone; NotFound."""
    meeting = session.scalar(
        sa.select(Meeting).join(MeetingItem, MeetingItem.meeting_id == Meeting.id).where(MeetingItem.id == item_id)
    )
    if meeting is None:
        raise NotFound(Problem("not-found", "item", {"kind": "item", "id": item_id}))
    return room(session, meeting, acting=acting, item_ids=[item_id])


def items_of(session: Session, meeting_id: int, item_ids: Collection[int] | None = None) -> dict[int, ItemRow]:
    """The meeting's items by number, in order; all, or these."""
    found = (
        sa.select(
            MeetingItem.id, MeetingItem.meeting_id, MeetingItem.review_id, MeetingItem.state, MeetingItem.together,
            MeetingItem.version, Review.specialty_id, Review.replaces_id, Review.sheet_id, SpecialtyCode.code,
            Specialty.name, School.name, School.id, School.jurisdiction_code, School.city_code, School.run_by,
            Specialty.partner, MeetingItem.written_until, MeetingItem.vote_ended_at, MeetingItem.present_at_end,
        )
        .join(Review, Review.id == MeetingItem.review_id)
        .join(Specialty, Specialty.id == Review.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, sa.and_(SpecialtyCode.specialty_id == Specialty.id, SpecialtyCode.valid_to.is_(None)))
        .where(MeetingItem.meeting_id == meeting_id)
        .order_by(MeetingItem.id)
    )  # fmt: skip
    if item_ids is not None:
        found = found.where(MeetingItem.id.in_(item_ids))
    return {row.id: ItemRow(*list(row)) for row in session.execute(found)}


def seats_at(session: Session, meeting_id: int) -> tuple[SeatRow, ...]:
    """The meeting's seats in the order of the members."""
    found = (
        sa.select(
            MeetingSeat.member_id, CommitteeMember.person_id, Person.name, CommitteeMember.sector,
            MeetingSeat.present, MeetingSeat.stands_in_for_id,
        )
        .join(CommitteeMember, CommitteeMember.id == MeetingSeat.member_id)
        .join(Person, Person.id == CommitteeMember.person_id)
        .where(MeetingSeat.meeting_id == meeting_id)
        .order_by(MeetingSeat.member_id)
    )  # fmt: skip
    return tuple(SeatRow(*row) for row in session.execute(found))


def first_deciders(session: Session, items: Sequence[ItemRow]) -> dict[int, frozenset[int]]:
    """Review opened by an appeal → who took part in deciding the one it replaces, or one that was replaced before."""
    if not items:
        return {}
    made = grounds.first_decided(Decision.tally["took_part"].label("took_part")).subquery()
    found = sa.select(made.c.new_review_id, made.c.took_part)
    deciders: dict[int, frozenset[int]] = {}
    for review, people in session.execute(found.where(made.c.new_review_id.in_([i.review_id for i in items]))):
        deciders[review] = deciders.get(review, frozenset()) | frozenset(people or ())
    return deciders
