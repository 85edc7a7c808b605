"""Closing a specialty: by its school, or on a proposal after notice, the committee's decision and days to appeal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.calendar import end_of, last_local_day
from specialty_eval.engine.closing import Grounds, without_intake
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Role, Scope, Thing, allowed, may, reach
from specialty_eval.engine.roles import roles
from specialty_eval.engine.standing import STANDING, StandingEvent, StandingFacts, StandingState, academic_year_begins
from specialty_eval.store import (
    closing_queries,
    enrolment_queries,
    plan_queries,
    recorded_votes,
    rectification_queries,
    registry,
    scopes,
    teach_outs,
)
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.outcomes import Standing
from specialty_eval.store.recorded_votes import RecordedVote
from specialty_eval.store.registry import School, Specialty, SpecialtyCode

from . import motions, registering
from .context import LOCAL, Context, Note, Possible, entitled
from .motions import Minutes, Motion
from .paging import Page

RECEIVES = roles(Role.SCHOOL_HEAD, Role.SCHOOL_EDITOR)
RECORDS = roles(Role.SECRETARY)
PROPOSES = roles(Role.SECRETARY, Role.SYSTEM)
DECISIONS = ("close", "keep")
REPORTED_LATE = 2
"""A year's enrolment is reported in the next, or later in it; what is older than that says nothing of now."""


# --- the proposal ----------------------------------------------------------------------------------------------------


def _found(ctx: Context, key: int) -> tuple[ClosingProposal, Scope]:
    row = ctx.session.get(ClosingProposal, key)
    if row is None:
        raise NotFound(Problem("not-found", "closing_proposal", {"kind": "closing_proposal", "id": key}))
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    ctx.permit_read(Thing.RECTIFICATIONS, scope, where="closing_proposal")
    return row, scope


def receive(ctx: Context, key: int) -> ClosingProposal:
    """The school opens the notice: it is served. A second time changes nothing."""
    _, scope = _found(ctx, key)
    grant = ctx.permit(RECEIVES, scope, where="closing_proposal")
    row = ctx.locked(ClosingProposal, key)
    if row.served_at is None:
        row.served_at, row.version = ctx.now, row.version + 1
        ctx.record("closing.receive", ctx.saved(row), Note(audience="school"), grant=grant)
    return row


def _is_served(ctx: Context, row: ClosingProposal) -> bool:
    return row.served_at is not None or ctx.now >= row.deemed_served_at


def vote(ctx: Context, key: int, minutes: Minutes, *, version: int | None = None) -> ClosingProposal:
    """Put on record what the committee voted about closing, once the school has had notice (`motions`).

    Invalid for what the minutes cannot say; NotNow for a vote that does not hold. Anew only with a reason: the newest
    counts, each is kept.
    """
    _, scope = _found(ctx, key)
    grant = ctx.permit(RECORDS, scope, where="closing_proposal")
    row = ctx.locked(ClosingProposal, key, version=version)
    if problems := _undecidable(ctx, row):
        raise NotNow(*problems)
    motion = _motion(ctx, row, scope)
    counted = motions.counted(ctx, motion, minutes)
    motions.check(motion, counted, minutes)
    motions.keep(ctx, counted, minutes, proposal_id=key)
    row.version += 1
    note = Note(reason=minutes.reason, told=motions.told(counted, minutes))
    ctx.record("closing.vote", ctx.saved(row), note, grant=grant)
    return row


def _motion(ctx: Context, row: ClosingProposal, scope: Scope) -> Motion:
    """Closing, voted on since the school was served its notice: it is heard first."""
    served = min(row.served_at or row.deemed_served_at, row.deemed_served_at)
    return Motion(
        city=scope.city,
        rules=closing_queries.policy(ctx.session, row).committee,
        since=served.astimezone(LOCAL).date(),
        tied=lambda people: scopes.recused_people_of_specialty(ctx.session, people, row.specialty_id),
        before=votes_on(ctx, row),
    )


def decide(
    ctx: Context, key: int, decision: str, document_number: str, reason: str, *, version: int | None = None
) -> ClosingProposal:
    """Put on record what follows from the committee's vote, under a document: close, or keep. The school's days to
    appeal begin; another person carries it out.

    Invalid, NotNow with every reason: no vote yet, another decision than it came to.
    """
    _, scope = _found(ctx, key)
    grant = ctx.permit(RECORDS, scope, where="closing_proposal")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "closing_proposal"))
    row = ctx.locked(ClosingProposal, key, version=version)
    wrong = [] if decision in DECISIONS else [Problem("decision-unknown", "decision", {"one_of": list(DECISIONS)})]
    if not document_number.strip():
        wrong.append(Problem("document-number-missing", "document_number"))
    if not reason.strip():
        wrong.append(Problem("reason-missing", "reason"))
    if wrong:
        raise Invalid(*wrong)
    if problems := _not_as_voted(ctx, row, votes_on(ctx, row), decision):
        raise NotNow(*problems)
    days = closing_queries.policy(ctx.session, row).workflow.days
    until = ctx.calendar().due_unopened(ctx.now, days["deemed_served"], days["appeal"], LOCAL)
    row.decision, row.document_number, row.reason = decision, document_number.strip(), reason.strip()
    row.decided_at, row.decided_by = ctx.now, ctx.person_id
    row.appeal_due, row.version = until, row.version + 1
    row.close_due = _carried_out_by(ctx, row, until) if decision == "close" else None
    told = {"decision": decision, "document_number": row.document_number}
    ctx.record("closing.decide", ctx.saved(row), Note(reason=reason, audience="school", told=told), grant=grant)
    return row


def _carried_out_by(ctx: Context, row: ClosingProposal, until: datetime) -> datetime:
    """When the bureau's days to carry it out end, that begin with the last day to appeal."""
    days = closing_queries.policy(ctx.session, row).workflow.days["verify"]
    return end_of(ctx.calendar().last_day(last_local_day(until, LOCAL), days), LOCAL)


def _undecidable(ctx: Context, row: ClosingProposal) -> list[Problem]:
    problems = [] if row.decision is None else [Problem("closing-decided", "closing", {"decision": row.decision})]
    if not _is_served(ctx, row):
        problems.append(Problem("school-not-served", "closing"))
    return problems


def _not_as_voted(
    ctx: Context, row: ClosingProposal, votes: Sequence[RecordedVote], decision: str | None = None
) -> list[Problem]:
    """Why it cannot be decided so now (with None: either way). Nothing is decided against the vote."""
    problems = _undecidable(ctx, row)
    if not votes:
        return [*problems, Problem("vote-missing", "vote")]
    if decision is not None and (decision == "close") != votes[-1].approved:
        problems.append(Problem("closing-not-as-voted", "decision", {"voted": DECISIONS[not votes[-1].approved]}))
    return problems


def possible_with(ctx: Context, row: ClosingProposal) -> list[Possible]:
    """What the caller may do with the proposal, each with why it is not possible now, but for what they are to write.

    The closing itself is the specialty's own act (`possible`).
    """
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    return _offered(ctx, row, scope, votes_on(ctx, row))


def _offered(ctx: Context, row: ClosingProposal, scope: Scope, votes: Sequence[RecordedVote]) -> list[Possible]:
    offered = (("receive", RECEIVES, ()), ("vote", RECORDS, tuple(_undecidable(ctx, row))),
               ("decide", RECORDS, tuple(_not_as_voted(ctx, row, votes))))  # fmt: skip
    return [Possible(event, sorted(who), reasons) for event, who, reasons in offered
            if may(ctx.actor, who, scope, ctx.today)]  # fmt: skip


# --- years without intake --------------------------------------------------------------------------------------------


def propose_idle(ctx: Context, *, city: str = "") -> tuple[str, ...]:
    """Put closing before the committee for each specialty that enrolled nobody for as many years in a row as the
    policy says, with notice to its school; the codes. Once more proposes nothing, nor what was decided to be kept,
    until a further year passed. The secretary's own city, or the one named (for the clock).
    """
    scope = Scope(city=city) if city else ctx.office(Role.SECRETARY)
    ctx.permit(PROPOSES, scope, where="closing_proposal")
    policy_id = enrolment_queries.latest_policy(ctx.session, scope.city, ctx.today.year)
    policy = None if policy_id is None else policy_of(ctx.session, policy_id)
    if policy is None or policy.enrolment is None:
        return ()
    enrolment_queries.one_at_a_time(ctx.session, scope.city)
    open_ = enrolment_queries.open_specialties(ctx.session, scope.city, ctx.today)
    needed = policy.enrolment.years_without_intake
    waiting, before = closing_queries.proposed_for(ctx.session, open_)
    days = policy.workflow.days
    deemed = ctx.calendar().due(ctx.now, days["deemed_served"], LOCAL)
    decide = ctx.calendar().due_unopened(ctx.now, days["deemed_served"], days["deliberate"], LOCAL)
    made = []
    for key, intakes in closing_queries.intakes(ctx.session, open_, ctx.today.year - needed - REPORTED_LATE).items():
        idle = without_intake(intakes)
        if idle is None or idle.years < needed or idle.through < ctx.today.year - REPORTED_LATE:
            continue
        if key not in waiting and (key, idle.through) not in before:
            made.append(
                ClosingProposal(specialty_id=key, grounds=Grounds.NO_INTAKE.value, policy_id=policy_id,
                                years=idle.years, through=idle.through, proposed_at=ctx.now,
                                deemed_served_at=deemed, decide_due=decide, version=1)
            )  # fmt: skip
    ctx.session.add_all(made)
    ctx.session.flush()
    for row in made:
        told = {"grounds": row.grounds, "years": row.years, "through": row.through}
        ctx.record("closing.propose", row, Note(audience="school", told=told))
    return tuple(plan_queries.codes_of(ctx.session, [row.specialty_id for row in made]))


# --- closing ---------------------------------------------------------------------------------------------------------


def _acting(ctx: Context, scope: Scope) -> Role:
    head = allowed(ctx.actor, roles(Role.SCHOOL_HEAD), scope, ctx.today)
    return Role.BUREAU_APPROVER if head is None else Role.SCHOOL_HEAD


def facts_of(ctx: Context, specialty_id: int, scope: Scope, reason: str, students: int) -> StandingFacts:
    """What closing looks at; how many students are left is the word of who acts, and goes on record."""
    row = closing_queries.proposal_of(ctx.session, specialty_id)
    ahead = ctx.today.year if ctx.today < academic_year_begins(ctx.today.year) else ctx.today.year + 1
    decided = row is not None and row.decision == "close" and not closing_queries.is_lifted(ctx.session, row.id)
    return StandingFacts(
        acting=_acting(ctx, scope),
        closing_decided=decided,
        notice_served=row is not None and _is_served(ctx, row),
        appeal_open=decided and row is not None and _may_still_be_appealed(ctx, row),
        students=max(students, teach_outs.left_of(ctx.session, specialty_id)),
        places_ahead=rectification_queries.places_ahead(ctx.session, specialty_id, ahead),
        reason=reason,
    )


def _may_still_be_appealed(ctx: Context, row: ClosingProposal) -> bool:
    running = row.appeal_due is not None and ctx.settled < row.appeal_due  # it may be lodged, and still on its way in
    if running or closing_queries.is_appealed(ctx.session, row.id):
        return True
    rated = closing_queries.review_of(ctx.session, row)
    return rated is not None and rectification_queries.is_under_appeal(ctx.session, rated)


def close(ctx: Context, code: str, reason: str, students: int, *, version: int | None = None) -> Standing:
    """Close a specialty: its school head by themselves, the bureau approver as the committee voted; not who put the
    vote, or what followed from it, on record.

    Its rectification and its unended reviews end with it. Invalid, NotNow with every reason.
    """
    key = registry.id_of(ctx.session, code)
    scope = scopes.of_specialty(ctx.session, key, acting=ctx.person_id)
    ctx.permit(entitled(STANDING, "", StandingEvent.CLOSE), scope, where="standing")
    if students < 0:
        raise Invalid(Problem("students-negative", "students", {"students": students}))
    if (proposed := closing_queries.proposal_of(ctx.session, key)) is not None:
        ctx.locked(ClosingProposal, proposed.id)  # whoever decides an appeal against it comes before or after this
    row, mended = registering.lock_to_close(ctx, key)
    ctx.check_version(row, version)
    facts = facts_of(ctx, key, scope, reason, students)
    _refuse_same_person(ctx, key, facts)
    told = {"cause": "school" if facts.acting == Role.SCHOOL_HEAD else "decision", "students": students}
    registering.close_specialty(ctx, row, mended, facts, scope, told)
    return row


def _refuse_same_person(ctx: Context, key: int, facts: StandingFacts) -> None:
    row = closing_queries.proposal_of(ctx.session, key)
    if facts.acting == Role.SCHOOL_HEAD or row is None or row.decided_by is None:
        return
    if ctx.person_id in {row.decided_by, *(vote.recorded_by for vote in votes_on(ctx, row))}:
        raise NotNow(Problem("closing-same-person", "closing"))


# --- reading ---------------------------------------------------------------------------------------------------------


def possible(ctx: Context, code: str) -> list[Possible]:
    """Whether the caller may close the specialty, and why not now, but for their reason and the students they name."""
    key = registry.id_of(ctx.session, code)
    scope = scopes.of_specialty(ctx.session, key, acting=ctx.person_id)
    state = ctx.session.scalar(sa.select(Standing.state).where(Standing.specialty_id == key))
    found = ctx.possible(STANDING, state or StandingState.NORMAL, facts_of(ctx, key, scope, "…", 0), scope)
    return [step for step in found if step.event == StandingEvent.CLOSE]


def view(row: ClosingProposal, votes: Sequence[RecordedVote]) -> dict[str, Any]:
    """A proposal to close, as its school and the offices read it; of the votes, how many, not whose."""
    return {
        "id": row.id, "rectification_id": row.rectification_id, "grounds": row.grounds, "years": row.years,
        "through": row.through, "proposed_at": row.proposed_at,
        "deemed_served_at": row.deemed_served_at, "served_at": row.served_at, "decision": row.decision,
        "decided_at": row.decided_at, "document_number": row.document_number or None, "reason": row.reason,
        "appeal_due": row.appeal_due, "votes": [motions.view(vote) for vote in votes],
    }  # fmt: skip


def votes_on(ctx: Context, row: ClosingProposal) -> Sequence[RecordedVote]:
    """The committee's votes on it."""
    return recorded_votes.on_closings(ctx.session, [row.id])[row.id]


@dataclass(frozen=True, slots=True)
class Listed:
    """A proposal, the code of the specialty it would close, and what the caller may do with it."""

    proposal: ClosingProposal
    code: str
    possible: list[Possible]
    votes: Sequence[RecordedVote]


def listing(ctx: Context, page: Page) -> tuple[list[Listed], str | None]:
    """The proposals within the caller's reach, in order of id; none that the caller is recused from."""
    near = reach(ctx.actor, READ[Thing.RECTIFICATIONS], ctx.today)
    query = (
        sa.select(
            ClosingProposal, SpecialtyCode.code, School.id, School.jurisdiction_code, School.city_code, School.run_by,
            scopes.recused_from_specialty(ctx.person_id),
        )
        .join(Specialty, Specialty.id == ClosingProposal.specialty_id)
        .join(School, School.id == Specialty.school_id)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Specialty.id)
        .where(SpecialtyCode.valid_to.is_(None), registry.within(near), scopes.told_of(ctx.person_id, near.schools))
    )  # fmt: skip
    rows, cursor = page.cut(ctx.session.execute(page.within(query, ClosingProposal.id)).all(), lambda row: (row[0].id,))
    votes = recorded_votes.on_closings(ctx.session, [row.id for row, *_ in rows])
    return [
        Listed(row, code, _offered(ctx, row, scopes.scope_from(whose, ctx.person_id), votes[row.id]), votes[row.id])
        for row, code, *whose in rows
    ], cursor
