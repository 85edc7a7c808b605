"""The committee's vote on a motion, as its minutes have it: one rule for applications, closings and rescinding.

A meeting's item is about a review and its ballots name ratings; here members say for or against. Who is recused,
whether enough took part and what carries it are the same arithmetic, and follow by rule, not by the record.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from specialty_eval.engine import committee
from specialty_eval.engine.committee import Seat
from specialty_eval.engine.consequences import CommitteeRules
from specialty_eval.engine.errors import Invalid, NotNow, NotYou, Problem
from specialty_eval.store import deliberation_queries
from specialty_eval.store.deliberation_queries import MemberRow
from specialty_eval.store.recorded_votes import RecordedVote

from .context import Context

FOR, AGAINST, ABSTAIN = "for", "against", "abstain"


@dataclass(frozen=True, slots=True)
class Word:
    """What the minutes say of a member who was present: interest or none, and the vote (none of a recused one)."""

    member: int
    interest: bool
    vote: str | None = None
    stands_in_for: int | None = None


@dataclass(frozen=True, slots=True)
class Minutes:
    """A sitting's vote on one motion, as it was put on record. Who is not named was absent."""

    held_on: date
    minutes_number: str
    words: Sequence[Word]
    waived: Mapping[str, str]
    """Sector that is wholly recused, without a substitute → the bureau's document that waives it."""
    reason: str = ""
    """Needed when a vote on record is taken anew."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What is voted on: by whose committee and rules, since which day, who of given people is tied to it, and the votes
    on it that are on record.
    """

    city: str
    rules: CommitteeRules
    since: date
    tied: Callable[[Collection[int]], Collection[int]]
    before: Sequence[RecordedVote]


@dataclass(frozen=True, slots=True)
class Counted:
    """What the minutes come to: which vote on it this is, whether it is carried, whatever keeps it from holding."""

    number: int
    approved: bool
    tally: dict[str, Any]
    problems: tuple[Problem, ...]


def counted(ctx: Context, motion: Motion, minutes: Minutes) -> Counted:
    """Count a vote. Invalid for what the minutes cannot say; why it does not hold stands in the answer."""
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "vote"))
    known = deliberation_queries.members_of(ctx.session, motion.city)
    if problems := [*_unsaid(ctx, motion, minutes), *_unseated(known, minutes)]:
        raise Invalid(*problems)
    seats = _seats(motion, minutes, known)
    tally = _tally(seats, minutes)
    carried = committee.passes(motion.rules, seats, tally[FOR])
    return Counted(len(motion.before) + 1, carried, tally, tuple(_invalid_vote(motion.rules, seats, minutes)))


def check(motion: Motion, counted: Counted, minutes: Minutes) -> None:
    """NotNow with every reason why the vote is not put on record: it does not hold, or its minutes or reason lack."""
    problems = list(counted.problems)
    if not minutes.minutes_number.strip():
        problems.append(Problem("document-number-missing", "minutes_number"))
    if motion.before and not minutes.reason.strip():
        problems.append(Problem("reason-missing", "reason"))
    if problems:
        raise NotNow(*problems)


def told(counted: Counted, minutes: Minutes) -> dict[str, Any]:
    """What the event says: what it came to and by which minutes; nobody's vote."""
    return {"approved": counted.approved, "minutes_number": minutes.minutes_number.strip()}


def keep(ctx: Context, counted: Counted, minutes: Minutes, **about: int) -> RecordedVote:
    """Put it on record, as the next one about the same."""
    return ctx.saved(
        RecordedVote(**about, number=counted.number,
                     held_on=minutes.held_on, approved=counted.approved, tally=counted.tally,
                     minutes_number=minutes.minutes_number.strip(), reason=minutes.reason.strip(),
                     recorded_by=ctx.person_id, recorded_at=ctx.now)
    )  # fmt: skip


def view(vote: RecordedVote) -> dict[str, Any]:
    """A vote as school and offices read it: how many, not whose."""
    return {
        "number": vote.number, "held_on": vote.held_on, "approved": vote.approved, "for": vote.tally[FOR],
        "against": vote.tally[AGAINST], "abstain": vote.tally[ABSTAIN], "present": vote.tally["present"],
        "entitled": vote.tally["entitled"], "minutes_number": vote.minutes_number, "reason": vote.reason or None,
    }  # fmt: skip


def _unsaid(ctx: Context, motion: Motion, minutes: Minutes) -> Iterator[Problem]:
    """What no minutes of this motion can say."""
    if not motion.since <= minutes.held_on <= ctx.today:
        facts = {"first": motion.since.isoformat(), "last": ctx.today.isoformat()}
        yield Problem("day-out-of-reach", "held_on", facts)
    for sector, document in minutes.waived.items():
        if sector not in motion.rules.sectors:
            one_of = list(motion.rules.sectors)
            yield Problem("sector-unknown", f"waived.{sector}", {"sector": sector, "one_of": one_of})
        if not document.strip():
            yield Problem("document-number-missing", f"waived.{sector}")
    twice = Counter(word.member for word in minutes.words)
    yield from (Problem("member-twice", f"members.{member}") for member, times in twice.items() if times > 1)


def _unseated(known: Mapping[int, MemberRow], minutes: Minutes) -> Iterator[Problem]:
    """Members who have no seat that day, and substitutes who do not fit the seat they took."""
    day = minutes.held_on
    regular = {m.id: m for m in known.values() if m.in_term(day) and not m.substitute}
    taken = Counter(word.stands_in_for for word in minutes.words if word.stands_in_for is not None)
    for word in minutes.words:
        where, row = f"members.{word.member}", known.get(word.member)
        if word.stands_in_for is None:
            if word.member not in regular:
                yield Problem("not-seated", where)
            continue
        other = regular.get(word.stands_in_for)
        if row is None or other is None:
            yield Problem("not-found", where, {"kind": "member", "id": word.member})
            continue
        if not row.substitute:
            yield Problem("not-a-substitute", where)
        if not row.in_term(day):
            yield Problem("not-in-term", where, {"day": day.isoformat()})
        if row.sector != other.sector:
            yield Problem("sector-differs", where, {"sector": row.sector, "needed": other.sector})
        if taken[word.stands_in_for] > 1:
            yield Problem("seat-taken-twice", where)


def _seats(motion: Motion, minutes: Minutes, known: Mapping[int, MemberRow]) -> list[Seat]:
    """Every member in term has a seat, present or not. Recused is who is tied to the school or the enterprise, who
    declares an interest, and who was recused in an earlier vote on the same.
    """
    words = {word.member: word for word in minutes.words}
    seated = [m for m in known.values() if m.id in words or (m.in_term(minutes.held_on) and not m.substitute)]
    tied = motion.tied({m.person_id for m in seated})
    before = {member for vote in motion.before for member in vote.tally["recused"]}
    return [_seat(m, words.get(m.id), m.person_id in tied or m.id in before) for m in seated]


def _seat(member: MemberRow, word: Word | None, is_recused: bool) -> Seat:
    other = None if word is None else word.stands_in_for
    return Seat(
        member=str(member.id),
        sector=member.sector,
        present=word is not None,
        recused=is_recused or (word is not None and word.interest),
        stands_in_for="" if other is None else str(other),
    )


def _invalid_vote(rules: CommitteeRules, seats: Sequence[Seat], minutes: Minutes) -> Iterator[Problem]:
    """Why the vote does not hold: quorum, sectors, somebody who voted and may not, somebody present without a word."""
    voting = {seat.member for seat in committee.taking_part(seats)}
    recused = {seat.member for seat in seats if seat.recused}
    for word in minutes.words:
        where, member = f"members.{word.member}", str(word.member)
        if word.vote is not None and member not in voting:
            yield Problem("recused" if member in recused else "not-seated", where)
        if word.vote is None and member in voting:
            yield Problem("member-without-vote", where)
    yield from committee.presence_problems(rules, seats, frozenset(minutes.waived))


def _tally(seats: Sequence[Seat], minutes: Minutes) -> dict[str, Any]:
    counted = Counter(word.vote for word in minutes.words if word.vote is not None)
    return {
        **{choice: counted[choice] for choice in (FOR, AGAINST, ABSTAIN)},
        "present": len(committee.taking_part(seats)), "entitled": len(committee.entitled(seats)),
        "recused": sorted(int(seat.member) for seat in seats if seat.recused),
        "members": {str(word.member): word.vote for word in minutes.words if word.vote is not None},
        "waived": dict(minutes.waived),
    }  # fmt: skip
