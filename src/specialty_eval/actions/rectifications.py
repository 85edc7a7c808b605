"""A yellow or red specialty mends: plan with milestones, their proof, the recheck; passed, it is restored at once."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from specialty_eval.engine.calendar import is_kept, last_local_day, months_after
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import FILLS_IN, Role, Scope, Thing
from specialty_eval.engine.rectification import (
    PROPOSES_CLOSING,
    RECTIFICATION,
    RectificationEvent,
    RectificationFacts,
    RectificationState,
    is_last_allowed,
)
from specialty_eval.engine.roles import roles
from specialty_eval.engine.standing import RESTORABLE, STANDING, StandingEvent, StandingFacts
from specialty_eval.store import rating_records, rectification_queries, registry, scopes
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.outcomes import (
    Rectification,
    RectificationMilestone,
)
from specialty_eval.store.rectification_queries import Ground
from specialty_eval.store.rectification_words import RectificationPlan, RectificationProof
from specialty_eval.store.registry import Specialty

from . import attachments, mending_days
from .context import LOCAL, Context, Note, Possible, entitled

CLOCK = roles(Role.SYSTEM, Role.SECRETARY)


@dataclass(frozen=True, slots=True)
class Milestone:
    """One thing a school promises to have done by a day."""

    text: str
    due: date


@dataclass(frozen=True, slots=True)
class Case:
    """A rectification, whose it is, and the policy that asked for it."""

    row: Rectification
    scope: Scope
    ground: Ground


def _found(ctx: Context, key: int) -> tuple[Rectification, Scope]:
    row = ctx.session.get(Rectification, key)
    if row is None:
        raise NotFound(Problem("not-found", "rectification", {"kind": "rectification", "id": key}))
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    ctx.permit_read(Thing.RECTIFICATIONS, scope, where="rectification")
    return row, scope


def _locked(ctx: Context, key: int, version: int | None) -> Case:
    _, scope = _found(ctx, key)
    row = ctx.locked(Rectification, key, version=version, where="rectification")
    return Case(row, scope, rectification_queries.ground_of(ctx.session, row))


def facts_of(ctx: Context, row: Rectification, ground: Ground) -> RectificationFacts:
    """What the steps look at, but for what the caller says with them."""
    return _facts(ctx, row, ground, rectification_queries.milestones_of(ctx.session, row.id))


def _facts(
    ctx: Context, row: Rectification, ground: Ground, milestones: Sequence[RectificationMilestone]
) -> RectificationFacts:
    due, recheck = mending_days.plan_due(ctx, row, ground), mending_days.recheck_from(ctx, row, ground)
    holds = ground.enrolment.appeal_suspends != "none"
    is_due = row.state == RectificationState.DUE
    answer = ground.policy.workflow.days["verify"]
    return RectificationFacts(
        by_clock=ctx.actor.is_system,
        answer_overdue=ctx.now >= ctx.calendar().due(row.updated_at, answer, LOCAL),
        plan=row.plan,
        milestones=len(milestones),
        deadline_passed=not is_kept(ctx.now, due),
        may_lapse=ctx.settled >= due,
        due=last_local_day(due, LOCAL) if is_due else recheck,
        recheck_due=ctx.today >= recheck,
        milestones_without_evidence=tuple(m.code for m in milestones if m.proved_at is None),
        failures=row.failures,
        failures_allowed=ground.rules.failures_allowed,
        suspended_by_appeal=holds and rectification_queries.is_under_appeal(ctx.session, row.review_id),
    )


BEGINS = roles(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER)


def begin(ctx: Context, code: str, reason: str) -> Rectification:
    """Ask a school to mend what its rating in force asks for and nobody asked (bureau), with a reason; it has days from
    now. NotNow where nothing is missing: it is mended already, or has been, or the policy asks for nothing.
    """
    key = registry.id_of(ctx.session, code)
    scope = scopes.of_specialty(ctx.session, key, acting=ctx.person_id)
    grant = ctx.permit(BEGINS, scope, where="specialty")
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    rating_records.hold(ctx.session, [key])
    found = rectification_queries.unmended(ctx.session, Specialty.id == key)
    if not found:
        raise NotNow(Problem("mending-not-missing", "specialty"))
    asked = mending_days.Asked(key, found[0].review_id, found[0].rating)
    row = ctx.saved(mending_days.begin(ctx, asked, found[0].rules))
    due, recheck = mending_days.due_days(ctx, row)
    told = {"review": row.review_id, "until": due.isoformat(), "recheck_from": recheck.isoformat()}
    ctx.record("rectification.begin", row, Note(reason=reason.strip(), audience="school", told=told), grant=grant)
    return row


# --- the plan --------------------------------------------------------------------------------------------------------


def hand_in(
    ctx: Context, key: int, plan: str, milestones: Sequence[Milestone], *, version: int | None = None
) -> Rectification:
    """The school head hands in the plan. Invalid with every milestone that cannot be; NotNow once it is too late."""
    case = _locked(ctx, key, version)
    ctx.permit(entitled(RECTIFICATION, case.row.state, RectificationEvent.PLAN), case.scope, where="rectification")
    last = mending_days.recheck_from(ctx, case.row, case.ground)
    problems = [
        problem for n, milestone in enumerate(milestones, 1)
        for problem in _milestone_problems(f"milestones.{n}", milestone, ctx.today, last)
    ]  # fmt: skip
    if problems:
        raise Invalid(*problems)
    facts = replace(facts_of(ctx, case.row, case.ground), plan=plan, milestones=len(milestones))
    promised = [{"code": str(n), "text": m.text.strip(), "due": m.due.isoformat()} for n, m in enumerate(milestones, 1)]
    kept = RectificationPlan(rectification_id=key, plan=plan.strip(), milestones=promised, handed_in_at=ctx.now,
                             number=len(rectification_queries.plans_of(ctx.session, key)) + 1,
                             handed_in_by=ctx.person_id)  # fmt: skip
    note = Note(audience="school", told={"version": kept.number, "digest": _digest([kept.plan, promised]),
                                         "milestones": len(promised)})  # fmt: skip
    ctx.advance(RECTIFICATION, case.row, RectificationEvent.PLAN, facts, case.scope, note=note,
                changes={"plan": plan.strip()})  # fmt: skip
    ctx.saved(kept)
    for old in rectification_queries.milestones_of(ctx.session, key):
        ctx.session.delete(old)
    ctx.session.flush()
    ctx.session.add_all(
        RectificationMilestone(rectification_id=key, code=str(n), text=m.text.strip(), due=m.due, proof="")
        for n, m in enumerate(milestones, 1)
    )
    return ctx.saved(case.row)


def _digest(words: Any) -> str:
    """What an event tells of words that stand in a row of their own: enough to see whether they are still the same."""
    return hashlib.sha256(json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _milestone_problems(where: str, milestone: Milestone, today: date, recheck: date) -> list[Problem]:
    problems = [] if milestone.text.strip() else [Problem("milestone-empty", f"{where}.text")]
    if not today <= milestone.due <= recheck:
        days = {"due": milestone.due.isoformat(), "first": today.isoformat(), "last": recheck.isoformat()}
        problems.append(Problem("milestone-out-of-time", f"{where}.due", days))
    return problems


def start(ctx: Context, key: int, *, version: int | None = None) -> Rectification:
    """The bureau agrees to the plan."""
    case = _locked(ctx, key, version)
    return _advance(ctx, case, RectificationEvent.START, facts_of(ctx, case.row, case.ground))


def return_(ctx: Context, key: int, reason: str, *, version: int | None = None) -> Rectification:
    """The bureau gives the plan back, with a reason; the school has the policy's days to correct it, or its own."""
    case = _locked(ctx, key, version)
    days = case.ground.policy.workflow.days
    due = max(case.row.plan_due, ctx.calendar().due(ctx.now, days["correct"], LOCAL))
    facts = replace(facts_of(ctx, case.row, case.ground), reason=reason)
    return _advance(ctx, case, RectificationEvent.RETURN, facts, reason=reason, plan_due=due)


def _advance(
    ctx: Context, case: Case, event: RectificationEvent, facts: RectificationFacts, *, reason: str = "", **changes: Any
) -> Rectification:
    note = Note(reason=reason, audience="school")
    ctx.advance(RECTIFICATION, case.row, event, facts, case.scope, note=note, changes=changes)
    return case.row


# --- the proof -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a milestone: words, a file, or both."""

    words: str = ""
    name: str = ""
    content: bytes | None = None


def prove(ctx: Context, key: int, code: str, proof: Proof, *, version: int | None = None) -> Rectification:
    """The school reports what it has done for a milestone; earlier reports stay on record. Invalid for nothing."""
    case = _locked(ctx, key, version)
    grant = ctx.permit(FILLS_IN, case.scope, where="milestones")
    milestone = next((m for m in rectification_queries.milestones_of(ctx.session, key) if m.code == code), None)
    if milestone is None:
        raise NotFound(Problem("not-found", f"milestones.{code}", {"kind": "milestone", "id": code}))
    if case.row.state != RectificationState.IN_PROGRESS:
        raise NotNow(Problem("step-not-open", "rectification", {"event": "prove", "state": case.row.state}))
    if not proof.words.strip() and proof.content is None:
        raise Invalid(Problem("proof-missing", f"milestones.{code}"))
    earlier = [one for one in rectification_queries.proofs_of(ctx.session, key) if one.code == code]
    report = RectificationProof(rectification_id=key, code=code, number=len(earlier) + 1, words=proof.words.strip(),
                                given_at=ctx.now, given_by=ctx.person_id)  # fmt: skip
    told: dict[str, Any] = {"milestone": code, "version": report.number}
    if proof.content is not None:
        kept = attachments.keep(ctx, case.row.review_id, f"milestone:{code}", proof.name, proof.content)
        milestone.attachment_id = report.attachment_id = kept.id
        told |= {"attachment": kept.id, "sha256": kept.sha256}
    if report.words:
        told["digest"] = _digest(report.words)
    milestone.proof = report.words or milestone.proof
    milestone.proved_at, milestone.proved_by = ctx.now, ctx.person_id
    case.row.version, case.row.updated_at = case.row.version + 1, ctx.now
    ctx.saved(report)
    ctx.record("rectification.prove", ctx.saved(case.row), Note(audience="school", told=told), grant=grant)
    return case.row


# --- the recheck -----------------------------------------------------------------------------------------------------


def recheck(ctx: Context, key: int, *, version: int | None = None) -> Rectification:
    """Its day has come: the bureau looks at what was done."""
    case = _locked(ctx, key, version)
    return _advance(ctx, case, RectificationEvent.RECHECK, facts_of(ctx, case.row, case.ground))


def pass_(ctx: Context, key: int, findings: str, *, version: int | None = None) -> Rectification:
    """The recheck is passed: the standing is normal again at once, the quota follows in the next plan."""
    case = _locked(ctx, key, version)
    facts = replace(facts_of(ctx, case.row, case.ground), findings=findings)
    _advance(ctx, case, RectificationEvent.PASS, facts, reason=findings, findings=findings, passed_on=ctx.today)
    standing = rectification_queries.standing_locked(ctx.session, case.row.specialty_id)
    rests_on_it = standing is not None and standing.cause_review_id == case.row.review_id
    if standing is not None and rests_on_it and standing.state in RESTORABLE:
        note = Note(audience="public", told={"cause": standing.cause, "rectification": case.row.id})
        changes = {"since": ctx.today, "steps_taken": 0, "supports": []}
        ctx.as_system().advance(STANDING, standing, StandingEvent.RESTORE, StandingFacts(recheck_passed=True),
                                case.scope, note=note, changes=changes)  # fmt: skip
    return case.row


def fail(ctx: Context, key: int, findings: str, *, version: int | None = None) -> Rectification:
    """The recheck is not passed: as long again until the next, or, at the last one allowed, a proposal to close."""
    case = _locked(ctx, key, version)
    facts = replace(facts_of(ctx, case.row, case.ground), findings=findings)
    changes: dict[str, Any] = {"findings": findings, "failures": case.row.failures + 1}
    if not is_last_allowed(facts):
        changes["recheck_from"] = months_after(ctx.today, case.ground.rules.recheck_after_months)
    _advance(ctx, case, RectificationEvent.FAIL, facts, reason=findings, **changes)
    if case.row.state in PROPOSES_CLOSING:
        _propose_closing(ctx, case.row, "rechecks_failed")
    return case.row


# --- what the clock does ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """What was due: rectifications without a plan in time, those the bureau did not answer, those to be rechecked."""

    lapsed: tuple[int, ...]
    started: tuple[int, ...]
    rechecks: tuple[int, ...]


def act_on_due(ctx: Context, *, city: str = "") -> Due:
    """Lapse every plan that is overdue, agree to those the bureau left unanswered, begin every recheck whose day has
    come; once more changes nothing.

    The secretary's own city, or the one named (for the clock). What an appeal holds stays.
    """
    scope = Scope(city=city) if city else ctx.office(Role.SECRETARY)
    ctx.permit(CLOCK, scope, where="rectification")
    overdue = _of(ctx, scope, RectificationState.DUE, Rectification.plan_due <= ctx.settled)
    lapsed = _many(ctx, RectificationEvent.LAPSE, overdue, scope)
    for row, _ in overdue:
        if row.id in lapsed:
            _propose_closing(ctx, row, "plan_lapsed")
    started = _start_unanswered(ctx, scope)
    ready = _of(ctx, scope, RectificationState.IN_PROGRESS, Rectification.recheck_from <= ctx.today)
    return Due(lapsed, started, _many(ctx, RectificationEvent.RECHECK, ready, scope))


def _start_unanswered(ctx: Context, scope: Scope) -> tuple[int, ...]:
    """Plans that the bureau has not answered within the policy's days to verify: it is the clock's to agree."""
    waiting = _of(ctx, scope, RectificationState.PLANNED, Rectification.updated_at < ctx.now)
    by_clock = [(row, replace(facts, by_clock=True)) for row, facts in waiting]
    return _many(ctx.as_system(), RectificationEvent.START, by_clock, scope)


def _of(
    ctx: Context, scope: Scope, state: RectificationState, reached: Any
) -> list[tuple[Rectification, RectificationFacts]]:
    """The rectifications whose day has come, under a lock, still in the state, with their facts."""
    ids = rectification_queries.in_state(ctx.session, scope.city, state, reached)
    states = ctx.lock_all(Rectification, ids)
    rows = rectification_queries.reread(ctx.session, [key for key in ids if states[key] == state])
    grounds = rectification_queries.grounds_of(ctx.session, rows)
    promised = rectification_queries.milestones(ctx.session, [row.id for row in rows])
    return [(row, _facts(ctx, row, grounds[row.id], promised[row.id])) for row in rows]


def _many(
    ctx: Context, event: RectificationEvent, due: Collection[tuple[Rectification, RectificationFacts]], scope: Scope
) -> tuple[int, ...]:
    """Take the step with all of these that nothing stands in the way of: an appeal, days that it gave anew; which."""
    facts = {row.id: found for row, found in due if not RECTIFICATION.objections(row.state, event, found)}
    if facts:
        ctx.advance_many(RECTIFICATION, Rectification, event, list(facts), scope, facts=facts,
                         note=Note(audience="school"))  # fmt: skip
    return tuple(facts)


def lapse(ctx: Context, key: int, *, version: int | None = None) -> Rectification:
    """No plan came in time."""
    case = _locked(ctx, key, version)
    _advance(ctx, case, RectificationEvent.LAPSE, facts_of(ctx, case.row, case.ground))
    _propose_closing(ctx, case.row, "plan_lapsed")
    return case.row


def _propose_closing(ctx: Context, row: Rectification, grounds: str) -> None:
    """Put it before the committee and the bureau, on record, with notice to the school."""
    days = rectification_queries.ground_of(ctx.session, row).policy.workflow.days
    deemed = ctx.calendar().due(ctx.now, days["deemed_served"], LOCAL)
    decide = ctx.calendar().due_unopened(ctx.now, days["deemed_served"], days["deliberate"], LOCAL)
    made = ctx.saved(
        ClosingProposal(specialty_id=row.specialty_id, rectification_id=row.id, grounds=grounds, proposed_at=ctx.now,
                        deemed_served_at=deemed, decide_due=decide, version=1)
    )  # fmt: skip
    ctx.record("closing.propose", made, Note(audience="school", told={"grounds": grounds, "rectification": row.id}))


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, key: int) -> Rectification:
    """A rectification, for its school, the offices and the committee; NotFound for everybody else."""
    return _found(ctx, key)[0]


def possible(ctx: Context, row: Rectification) -> list[Possible]:
    """What the caller may do, each with why it is not possible now, but for what they are to write."""
    _, scope = _found(ctx, row.id)
    facts = facts_of(ctx, row, rectification_queries.ground_of(ctx.session, row))
    written = replace(facts, plan=facts.plan or "…", milestones=facts.milestones or 1, findings="…", reason="…")
    return ctx.possible(RECTIFICATION, row.state, written, scope)
