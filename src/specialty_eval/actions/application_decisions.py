"""What the committee votes on an application, as its minutes have it, and what the bureau then registers or refuses.

A meeting's item is about a review and its ballots name ratings; here members say for or against. Who is recused,
whether enough took part and what carries it are the same arithmetic.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from specialty_eval.engine import committee
from specialty_eval.engine.application import APPLICATION, ApplicationEvent
from specialty_eval.engine.committee import Seat
from specialty_eval.engine.consequences import CommitteeRules
from specialty_eval.engine.errors import Invalid, NotNow, NotYou, Problem
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.standing import StandingFacts
from specialty_eval.store import application_queries, deliberation_queries, scopes
from specialty_eval.store.applications import Application, ApplicationVote
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.deliberation_queries import MemberRow
from specialty_eval.store.registry import Specialty

from . import application_checks, registering
from .context import LOCAL, Context, Note, entitled

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
    """A sitting's vote on one application, as it was put on record. Who is not named was absent."""

    held_on: date
    minutes_number: str
    words: Sequence[Word]
    waived: Mapping[str, str]
    """Sector that is wholly recused, without a substitute → the bureau's document that waives it."""
    reason: str = ""
    """Needed when a vote on record is taken anew."""


# --- the committee ---------------------------------------------------------------------------------------------------


def vote(ctx: Context, key: int, minutes: Minutes, *, version: int | None = None) -> Application:
    """Put the committee's vote on record. Recusal, quorum, sectors and majority follow by rule, not by the record.

    Invalid for what the minutes cannot say; NotNow for a vote that does not hold. Anew only with a reason: the newest
    counts, each is kept.
    """
    row, scope = application_checks.locked(ctx, key, version=version)
    ctx.permit(entitled(APPLICATION, row.state, ApplicationEvent.VOTE), scope, where="application")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "application"))
    rules = policy_of(ctx.session, row.policy_id).committee
    known = deliberation_queries.members_of(ctx.session, row.jurisdiction_code)
    if problems := [*_unsaid(ctx, row, minutes, rules), *_unseated(known, minutes)]:
        raise Invalid(*problems)
    seats = _seats(ctx, row, minutes, known)
    facts = application_checks.facts_of(ctx, row, reason=minutes.reason, document_number=minutes.minutes_number)
    facts = replace(facts, vote_problems=tuple(_invalid_vote(rules, seats, minutes)))
    tally = _tally(seats, minutes)
    approved = committee.passes(rules, seats, tally[FOR])
    told = {"approved": approved, "minutes_number": minutes.minutes_number.strip()}
    ctx.advance(APPLICATION, row, ApplicationEvent.VOTE, facts, scope, note=Note(reason=minutes.reason, told=told))
    number = len(application_queries.votes(ctx.session, key)) + 1
    ctx.saved(
        ApplicationVote(application_id=key, number=number, held_on=minutes.held_on, approved=approved, tally=tally,
                        minutes_number=minutes.minutes_number.strip(), reason=minutes.reason.strip(),
                        recorded_by=ctx.person_id, recorded_at=ctx.now)
    )  # fmt: skip
    return row


def _unsaid(ctx: Context, row: Application, minutes: Minutes, rules: CommitteeRules) -> Iterator[Problem]:
    """What no minutes of this application can say."""
    began = (row.checked_at or row.received_at).astimezone(LOCAL).date()
    if not began <= minutes.held_on <= ctx.today:
        facts = {"first": began.isoformat(), "last": ctx.today.isoformat()}
        yield Problem("day-out-of-reach", "held_on", facts)
    for sector, document in minutes.waived.items():
        if sector not in rules.sectors:
            yield Problem("sector-unknown", f"waived.{sector}", {"sector": sector, "one_of": list(rules.sectors)})
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


def _seats(ctx: Context, row: Application, minutes: Minutes, known: Mapping[int, MemberRow]) -> list[Seat]:
    """Every member in term has a seat, present or not; who is tied to the school or the enterprise is recused."""
    words = {word.member: word for word in minutes.words}
    seated = [m for m in known.values() if m.id in words or (m.in_term(minutes.held_on) and not m.substitute)]
    tied = scopes.recused_people_of_application(ctx.session, {m.person_id for m in seated}, row.id)
    return [_seat(m, words.get(m.id), m.person_id in tied) for m in seated]


def _seat(member: MemberRow, word: Word | None, is_tied: bool) -> Seat:
    other = None if word is None else word.stands_in_for
    return Seat(
        member=str(member.id),
        sector=member.sector,
        present=word is not None,
        recused=is_tied or (word is not None and word.interest),
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


# --- the bureau ------------------------------------------------------------------------------------------------------


def register(ctx: Context, key: int, document_number: str, *, version: int | None = None) -> Application:
    """The bureau signs what the committee voted for, and the registry has it; not who put the vote on record.

    The policy's limits are counted once more, with everything registered by now: no two together exceed one. NotNow
    with every reason; the approver refuses then, with that reason.
    """
    row, scope = application_checks.locked(ctx, key, version=version)
    ctx.permit(entitled(APPLICATION, row.state, ApplicationEvent.REGISTER), scope, where="application")
    facts = application_checks.facts_of(ctx, row, document_number=document_number)
    facts = replace(facts, barred=application_checks.bars(ctx, row))
    if problems := APPLICATION.objections(row.state, ApplicationEvent.REGISTER, facts):
        raise NotNow(*problems)
    specialty, told = _entered(ctx, row, scope)
    told |= {"kind": row.kind, "name": row.name, "document_number": document_number.strip()}
    changes = application_checks.told_of_decision(ctx, row, "")
    changes |= {"specialty_id": specialty, "document_number": document_number.strip()}
    ctx.advance(APPLICATION, row, ApplicationEvent.REGISTER, facts, scope,
                note=Note(audience="public", told=told, specialty_id=specialty), changes=changes)  # fmt: skip
    return row


def _entered(ctx: Context, row: Application, scope: Scope) -> tuple[int, dict[str, Any]]:
    """The registry as the application has it; the specialty, and what of it everybody is told."""
    if row.effective_on is not None:
        opened, code = registering.open_specialty(ctx, row, max(row.effective_on, ctx.today))
        joined = registering.join_round(ctx, opened)
        return opened.id, {"code": code, "opened_on": opened.opened_on.isoformat(), "round": joined}
    specialty = ctx.session.get_one(Specialty, row.specialty_id)
    if row.kind == ApplicationKind.CHANGE:
        new = registering.change_specialty(ctx, specialty.id, row.changes)
        return specialty.id, {"changes": dict(row.changes), **({"code": new} if new else {})}
    standing, mended = registering.lock_to_close(ctx, specialty.id)
    facts = StandingFacts(acting=Role.SCHOOL_HEAD, students=row.students or 0, reason=row.grounds)
    told = {"cause": "application", "students": row.students or 0}
    registering.close_specialty(ctx, standing, mended, facts, scope, told)
    return specialty.id, {"closed_on": ctx.today.isoformat()}


def refuse(ctx: Context, key: int, document_number: str, reason: str, *, version: int | None = None) -> Application:
    """The bureau signs that it is refused: by the committee's vote, or where a limit or the registry bars it today."""
    row, scope = application_checks.locked(ctx, key, version=version)
    barred = application_checks.bars(ctx, row)
    facts = application_checks.facts_of(ctx, row, reason=reason, document_number=document_number)
    changes = application_checks.told_of_decision(ctx, row, reason)
    changes |= {"document_number": document_number.strip()}
    if barred:
        changes["findings"] = application_checks.as_found([*application_checks.on_record(row), *barred])
    note = Note(reason=reason, audience="school", told={"barred": [problem.code for problem in barred]})
    ctx.advance(APPLICATION, row, ApplicationEvent.REFUSE, replace(facts, barred=barred), scope, note=note,
                changes=changes)  # fmt: skip
    return row
