"""Who scores what in a round: proposed by program from the pool, looked at, and carried out in one transaction."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import assignment, review
from specialty_eval.engine.allotment import ALLOTMENT, AllotmentEvent, AllotmentFacts, AllotmentState
from specialty_eval.engine.allotting import Question
from specialty_eval.engine.assignment import AssignmentEvent, AssignmentFacts
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import READ, Role, Scope, Thing, reach
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import roles
from specialty_eval.store import allotment_queries, bulk, cycles, scopes
from specialty_eval.store.cycles import Cycle, Round
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.experts import Allotment
from specialty_eval.store.reviews import Review

from . import sharing
from .context import LOCAL, Context, Note, Possible
from .paging import Page
from .sharing import Terms, World

MANAGES = roles(Role.SECRETARY)
AT_ONCE = 100_000
"""Pairs of a review and an expert that are shared out while the caller waits; more are the worker's."""
DROPPED = "重新分配评审任务"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a proposal is asked for. `per_review` None: as the policy says; `without`: people not asked."""

    at_most: int
    per_review: int | None = None
    without: Collection[int] = ()


def ask(ctx: Context, round_id: int, asked: Asked) -> Allotment:
    """Propose who scores what, without asking anybody yet (secretary); an earlier proposal is taken back by it.

    Made at once, or by the worker where there is much to share out.
    """
    row = ctx.locked(Round, round_id)
    grant = ctx.permit(MANAGES, Scope(city=cycles.round_of(ctx.session, round_id).city), where="allotment")
    policy = cycles.policy_of(ctx.session, row.policy_id)
    per_review = policy.workflow.experts if asked.per_review is None else asked.per_review
    if per_review > policy.workflow.experts:
        facts = {"asked": per_review, "at_most": policy.workflow.experts}
        raise Invalid(Problem("panel-larger-than-the-policy", "per_review", facts))
    before = allotment_queries.in_making(ctx.session, round_id)
    if before is not None:
        scope = Scope(city=cycles.round_of(ctx.session, round_id).city)
        ctx.as_system().advance(ALLOTMENT, before, AllotmentEvent.WITHDRAW, AllotmentFacts(), scope)
    made = ctx.saved(
        Allotment(round_id=round_id, number=allotment_queries.next_number(ctx.session, round_id),
                  state=ALLOTMENT.start.value, version=1, updated_at=ctx.now, per_review=per_review,
                  at_most=asked.at_most, without=sorted(set(asked.without)), asked_at=ctx.now, asked_by=ctx.person_id)
    )  # fmt: skip
    ctx.record("allotment.ask", made, Note(told={"per_review": per_review, "at_most": asked.at_most}), grant=grant)
    world = sharing.world(ctx, _terms(made), made.asked_by)
    if len(world.question.edges) <= AT_ONCE:
        _propose(ctx, made, world)
    return made


def propose(ctx: Context, allotment_id: int) -> None:
    """Share out what was asked for (the clock)."""
    made = ctx.locked(Allotment, allotment_id)
    if made.state == AllotmentState.ASKED:
        _propose(ctx, made, sharing.world(ctx, _terms(made), made.asked_by))


def _terms(made: Allotment) -> Terms:
    return Terms(made.round_id, made.per_review, made.at_most, made.without)


def _propose(ctx: Context, made: Allotment, world: World) -> None:
    from specialty_eval.engine import allotting_solver  # noqa: PLC0415 -- slow import

    answer = allotting_solver.allot(world.question)
    changes = {
        "question_digest": world.question.digest,
        "parts": world.question.parts,
        "added": [list(pair) for pair in answer.added],
        "dropped": [list(pair) for pair in sorted({*answer.dropped, *world.leaving})],
        "lacking": [_kept(problem) for problem in sharing.problems_of(answer.lacking)],
    }
    told = {"added": len(answer.added), "dropped": len(changes["dropped"]), "short": sum(answer.short.values())}
    scope = Scope(city=cycles.round_of(ctx.session, made.round_id).city)
    ctx.as_system().advance(ALLOTMENT, made, AllotmentEvent.PROPOSE, AllotmentFacts(), scope, note=Note(told=told),
                            changes=changes)  # fmt: skip


def _kept(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "where": problem.where, "facts": dict(problem.facts)}


def lacking(row: Allotment) -> list[Problem]:
    """Why places stay empty in a proposal, as it was found."""
    return [Problem(kept["code"], kept["where"], kept["facts"]) for kept in row.lacking]


# --- carrying it out -------------------------------------------------------------------------------------------------


def carry_out(ctx: Context, allotment_id: int, *, reason: str = "", version: int | None = None) -> Allotment:
    """Ask everybody of the proposal and replace whom it replaces, all or nobody (secretary).

    NotNow with what has changed since it was proposed, and with why places stay empty where no reason is given.
    """
    row, scope = _locked(ctx, allotment_id, version)
    ctx.permit(MANAGES, scope, where="allotment")
    if row.state != AllotmentState.PROPOSED:  # said before anything is counted for it
        ALLOTMENT.move(row.state, AllotmentEvent.CARRY_OUT, AllotmentFacts())
    reviews = sorted({pair[0] for pair in (*row.added, *row.dropped)})
    ctx.lock_all(Review, reviews)
    world = sharing.world(ctx, _terms(row), ctx.person_id)
    facts = _facts(row, world.question, reason)
    told = {"added": len(row.added), "dropped": len(row.dropped), "reviews": len(reviews)}
    ctx.advance(ALLOTMENT, row, AllotmentEvent.CARRY_OUT, facts, scope, note=Note(reason=reason, told=told),
                changes={"carried_out_at": ctx.now, "carried_out_by": ctx.person_id, "reason": reason})  # fmt: skip
    _replace(ctx, [world.asked[review_id, person].id for review_id, person in row.dropped], scope)
    _invite(ctx, [(review_id, person) for review_id, person in row.added], world.policy)
    return row


def _facts(row: Allotment, now: Question, reason: str) -> AllotmentFacts:
    changed = tuple(name for name, digest in now.parts.items() if row.parts.get(name) != digest)
    return AllotmentFacts(changed=changed, lacking=tuple(lacking(row)), reason=reason)


def _replace(ctx: Context, ids: Sequence[int], scope: Scope) -> None:
    if ids:
        facts = dict.fromkeys(ids, AssignmentFacts(reason=DROPPED))
        ctx.lock_all(ExpertAssignment, ids)
        ctx.advance_many(assignment.ASSIGNMENT, ExpertAssignment, AssignmentEvent.REPLACE, ids, scope, facts=facts,
                         note=Note(reason=DROPPED), changes={"reason": DROPPED})  # fmt: skip


def _invite(ctx: Context, pairs: Sequence[tuple[int, int]], policy: Policy) -> None:
    due = ctx.calendar().due(ctx.now, policy.workflow.days["panel"], LOCAL)
    bulk.insert_rows(
        ctx.session, ExpertAssignment, ("review_id", "person_id", "state", "version", "updated_at", "due"),
        ((review_id, person, assignment.ASSIGNMENT.start.value, 1, ctx.now, due) for review_id, person in pairs),
    )  # fmt: skip
    of_review = Counter(review_id for review_id, _ in pairs)
    for experts in sorted(set(of_review.values())):
        alike = [review_id for review_id, number in of_review.items() if number == experts]
        ctx.record_many("review.invite_experts", Review, alike, Note(told={"experts": experts}))


def further(ctx: Context, review_id: int) -> int:
    """Ask one expert more where a review has a place left, as one has whose experts lie too far apart (secretary).

    Whom: as in a proposal, whoever of the pool has the fewest reviews, then by lot. NotNow where no place is left, and
    with what is lacking; the person asked.
    """
    from specialty_eval.engine import allotting_solver  # noqa: PLC0415 -- slow import

    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit(MANAGES, scope, where="experts")
    if row.state not in review.SCORES_FROM or row.sheet_id is not None:
        raise NotNow(Problem("step-not-open", "review", {"event": "invite", "state": row.state}))
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    now = sharing.world(ctx, Terms(row.round_id, policy.workflow.experts, MOST), ctx.person_id)
    answer = allotting_solver.allot(sharing.of_one(now, review_id))
    if not answer.added:
        going = sum(pair[0] == review_id for pair in now.question.going)
        none_left = Problem("panel-full", "experts", {"going": going, "asked": 1, "at_most": going})
        raise NotNow(*sharing.problems_of(answer.lacking) or [none_left])
    _invite(ctx, answer.added[:1], policy)
    return answer.added[0][1]


MOST = 1000
"""More reviews than anybody takes in a round."""


def withdraw(ctx: Context, allotment_id: int, *, version: int | None = None) -> Allotment:
    """Take a proposal back (secretary)."""
    row, scope = _locked(ctx, allotment_id, version)
    ctx.advance(ALLOTMENT, row, AllotmentEvent.WITHDRAW, AllotmentFacts(), scope)
    return row


def _locked(ctx: Context, allotment_id: int, version: int | None) -> tuple[Allotment, Scope]:
    """The proposal under a lock, its round's first; NotFound for whoever may not know of it."""
    row, scope = _read(ctx, allotment_id)
    ctx.locked(Round, row.round_id)
    return ctx.locked(Allotment, allotment_id, version=version), scope


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(ctx: Context, allotment_id: int) -> tuple[Allotment, Scope]:
    row = ctx.session.get(Allotment, allotment_id)
    if row is None:
        raise NotFound(Problem("not-found", "allotment", {"kind": "allotment", "id": allotment_id}))
    scope = Scope(city=cycles.round_of(ctx.session, row.round_id).city)
    ctx.permit_read(Thing.POOL, scope, where="allotment")
    return row, scope


def read(ctx: Context, allotment_id: int) -> Allotment:
    """A proposal (the offices that may know the experts)."""
    return _read(ctx, allotment_id)[0]


def listing(ctx: Context, page: Page, *, round_id: int | None = None) -> tuple[Sequence[Allotment], str | None]:
    """The proposals of the caller's city, the newest first."""
    offices = reach(ctx.actor, READ[Thing.POOL], ctx.today).cities
    query = sa.select(Allotment).join(Round, Round.id == Allotment.round_id).join(Cycle, Cycle.id == Round.cycle_id)
    query = query.where(Cycle.jurisdiction_code.in_(offices))
    query = query if round_id is None else query.where(Allotment.round_id == round_id)
    found = ctx.session.scalars(page.newest_first(query, Allotment.id)).all()
    return page.cut(found, lambda row: (-row.id,))


def told(ctx: Context, row: Allotment) -> dict[str, Any]:
    """A proposal without what the caller is recused from, in order of review and person."""
    pairs = [*row.added, *row.dropped]
    hidden = scopes.recused_from(ctx.session, ctx.person_id, {review_id for review_id, _ in pairs})
    codes = scopes.recused_codes(ctx.session, row.round_id, ctx.person_id)
    return {
        "id": row.id, "round_id": row.round_id, "number": row.number, "state": row.state, "version": row.version,
        "per_review": row.per_review, "at_most": row.at_most, "without": row.without,
        "added": _pairs(row.added, hidden), "dropped": _pairs(row.dropped, hidden),
        "lacking": [p for p in lacking(row) if not codes.intersection(_codes(p))],
        "asked_at": row.asked_at, "carried_out_at": row.carried_out_at, "reason": row.reason,
    }  # fmt: skip


def _codes(problem: Problem) -> list[str]:
    said = problem.facts["codes"]
    return said if isinstance(said, list) else []


def _pairs(pairs: Iterable[Sequence[int]], hidden: Collection[int]) -> list[dict[str, int]]:
    return [{"review_id": r, "person_id": p} for r, p in pairs if r not in hidden]


def possible(ctx: Context, row: Allotment) -> list[Possible]:
    """What the caller may do with the proposal, each with why it is not possible now."""
    scope = Scope(city=cycles.round_of(ctx.session, row.round_id).city)
    facts = AllotmentFacts()
    if row.state == AllotmentState.PROPOSED:
        facts = _facts(row, sharing.world(ctx, _terms(row), ctx.person_id).question, "…")
    return ctx.possible(ALLOTMENT, row.state, facts, scope)
