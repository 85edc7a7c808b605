"""A school's appeal against its confirmed rating: lodged, admitted, heard by a panel of its own, upheld or rejected."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import review
from specialty_eval.engine.appeal_panel import Named, panel_problems
from specialty_eval.engine.calendar import is_kept, last_local_day
from specialty_eval.engine.cases import APPEAL, AppealEvent, AppealFacts, AppealState, appeal_problems
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import READ, Kind, Role, Scope, Thing, reach
from specialty_eval.engine.roles import roles
from specialty_eval.store import appeal_queries, cycles, follow_ups, in_office, scopes
from specialty_eval.store.outcomes import Appeal, AppealPanelist
from specialty_eval.store.registry import School
from specialty_eval.store.reviews import Review

from . import anew, corrections, mending_days
from .context import LOCAL, Context, Note, Possible
from .paging import Page

LODGES = roles(Role.SCHOOL_HEAD)
DECIDES_FOLLOW_UPS = roles(Role.BUREAU_APPROVER)
HEARD_FOR_GOOD = frozenset({AppealState.UPHELD.value, AppealState.REJECTED.value})


def lodge(ctx: Context, review_id: int, grounds: str) -> Appeal:
    """The school head appeals within the days from service: one at a time, and heard once.

    NotNow with every reason.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.APPEALS, scope, where="review")
    grant = ctx.permit(LODGES, scope, where="appeal")
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    earlier = appeal_queries.of_review(ctx.session, review_id)
    problems = appeal_problems(_lodging(ctx, row, earlier, grounds))
    if any(appeal.state in HEARD_FOR_GOOD for appeal in earlier):
        problems.append(Problem("appeal-heard-before", "review"))
    if problems:
        raise NotNow(*problems)
    made = ctx.saved(
        Appeal(review_id=review_id, state=APPEAL.start.value, grounds=grounds, answer="", follow_ups=[],
               received_at=ctx.now, received_by=ctx.person_id, version=1, updated_at=ctx.now,
               answer_due=ctx.calendar().due(ctx.now, policy.workflow.days["appeal_answer"], LOCAL))
    )  # fmt: skip
    ctx.record("appeal.lodge", made, _note(row), grant=grant)
    return made


def _lodging(ctx: Context, row: Review, earlier: list[Appeal], grounds: str) -> AppealFacts:
    ended = {state.value for state in APPEAL.ended}
    return AppealFacts(
        review_confirmed=row.state == review.State.CONFIRMED,
        served=row.served_at is not None or _deemed_served(ctx, row),
        appeal_days_over=row.appeal_due is None or not is_kept(ctx.now, row.appeal_due),
        due=None if row.appeal_due is None else last_local_day(row.appeal_due, LOCAL),
        grounds=grounds,
        another_is_open=any(appeal.state not in ended for appeal in earlier),
    )


def _deemed_served(ctx: Context, row: Review) -> bool:
    """A decision that nobody opened counts as served after the policy's days."""
    if row.confirmed_at is None:
        return False
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    return ctx.now >= ctx.calendar().due(row.confirmed_at, policy.workflow.days["deemed_served"], LOCAL)


def _note(row: Review, **told: Any) -> Note:
    return Note(audience="school", told=told, specialty_id=row.specialty_id, round_id=row.round_id)


@dataclass(frozen=True, slots=True)
class Case:
    """An appeal under a lock, the review it is against, whose that is, and who of the panel decided before."""

    appeal: Appeal
    review: Review
    scope: Scope
    facts: AppealFacts


def _found(ctx: Context, appeal_id: int) -> tuple[Appeal, Review, Scope]:
    """An appeal and whose it is; NotFound also for whoever may not know of it."""
    appeal = ctx.session.get(Appeal, appeal_id)
    if appeal is None:
        raise NotFound(Problem("not-found", "appeal", {"kind": "appeal", "id": appeal_id}))
    scope = _scope(ctx, appeal)
    ctx.permit_read(Thing.APPEALS, scope, where="appeal")
    return appeal, ctx.session.get_one(Review, appeal.review_id), scope


def _scope(ctx: Context, appeal: Appeal) -> Scope:
    scope = scopes.of_review(ctx.session, appeal.review_id, acting=ctx.person_id)
    panel = appeal_queries.panel_of(ctx.session, appeal.id)
    if appeal.state == AppealState.RECEIVED:
        # Who hears it is not settled yet.
        panel |= in_office.at_bureau(ctx.session, Role.APPEAL_PANEL_MEMBER, scope.city, ctx.today)
    return replace(scope, appeal_panel=frozenset(str(person) for person in panel))


def _locked(ctx: Context, appeal_id: int, *, version: int | None = None, answer: str = "") -> Case:
    """Review before appeal, as everywhere: who confirms a review and who upholds an appeal wait for each other."""
    found, _, _ = _found(ctx, appeal_id)
    row = ctx.locked(Review, found.review_id)
    appeal = ctx.locked(Appeal, appeal_id, version=version)
    _, _, scope = _found(ctx, appeal_id)
    return Case(appeal, row, scope, AppealFacts(decided_before=_decided_before(ctx, appeal), answer=answer))


def _decided_before(ctx: Context, appeal: Appeal) -> tuple[str, ...]:
    """Who of its panel, or who acts, decided the first time."""
    judging = appeal_queries.panel_of(ctx.session, appeal.id) | {ctx.person_id}
    return tuple(str(person) for person in sorted(appeal_queries.deciders(ctx.session, appeal.review_id) & judging))


def admit(ctx: Context, appeal_id: int, panel: Collection[int], *, version: int | None = None) -> Appeal:
    """Admit the appeal and name its panel: members of the appeal panel who neither decided nor are recused.

    Invalid with every member who cannot sit.
    """
    case = _locked(ctx, appeal_id, version=version)
    ctx.permit(APPEAL.roles_for(AppealState.RECEIVED, AppealEvent.ADMIT), case.scope, where="appeal")
    return _seat(ctx, case, panel, AppealEvent.ADMIT, case.facts)


def add_panelists(
    ctx: Context, appeal_id: int, panel: Collection[int], reason: str, *, version: int | None = None
) -> Appeal:
    """Name further members of its panel, where those on it left office or are recused, with a reason.

    As in `admit`, Invalid with every member who cannot sit. A panel that had heard the school hears it anew.
    """
    case = _locked(ctx, appeal_id, version=version)
    ctx.permit(APPEAL.roles_for(AppealState.ADMITTED, AppealEvent.ADD_PANELISTS), case.scope, where="appeal")
    facts = replace(case.facts, reason=reason)
    return _seat(ctx, case, panel, AppealEvent.ADD_PANELISTS, facts)


def _seat(ctx: Context, case: Case, panel: Collection[int], event: AppealEvent, facts: AppealFacts) -> Appeal:
    """Put them on the panel, but for whoever sits there already, with the step that does it."""
    people = set(panel) - appeal_queries.panel_of(ctx.session, case.appeal.id)
    named = Named(
        people,
        in_office=in_office.at_bureau(ctx.session, Role.APPEAL_PANEL_MEMBER, case.scope.city, ctx.today),
        decided_before=appeal_queries.deciders(ctx.session, case.review.id),
        recused=scopes.recused_people(ctx.session, people, case.review.id),
    )
    if problems := panel_problems(named):
        raise Invalid(*problems)
    note = replace(_note(case.review, panel=len(people)), reason=facts.reason)
    ctx.advance(APPEAL, case.appeal, event, facts, case.scope, note=note)
    ctx.session.add_all(AppealPanelist(appeal_id=case.appeal.id, person_id=person) for person in sorted(people))
    return ctx.saved(case.appeal)


def rule_out(ctx: Context, appeal_id: int, answer: str, *, version: int | None = None) -> Appeal:
    """It cannot be heard: too late in substance, not about a rating, without ground; with an answer."""
    return _answer(ctx, appeal_id, AppealEvent.RULE_OUT, answer, version)


def hear(ctx: Context, appeal_id: int, *, version: int | None = None) -> Appeal:
    """The panel has heard the school."""
    case = _locked(ctx, appeal_id, version=version)
    ctx.advance(APPEAL, case.appeal, AppealEvent.HEAR, case.facts, case.scope, note=_note(case.review))
    return case.appeal


def reject(ctx: Context, appeal_id: int, answer: str, *, version: int | None = None) -> Appeal:
    """The rating stands; with an answer."""
    return _answer(ctx, appeal_id, AppealEvent.REJECT, answer, version)


def _answer(ctx: Context, appeal_id: int, event: AppealEvent, answer: str, version: int | None) -> Appeal:
    case = _locked(ctx, appeal_id, version=version, answer=answer)
    ctx.advance(APPEAL, case.appeal, event, case.facts, case.scope, note=_note(case.review),
                changes={"answer": answer})  # fmt: skip
    mending_days.begin_days_anew(ctx, case.review.id)
    return case.appeal


@dataclass(frozen=True, slots=True)
class Upheld:
    """What a panel found: where the new review begins, the answer, and figures set right (measure → value)."""

    new_review_from: str
    answer: str
    corrections: Mapping[str, str] = field(default_factory=dict)


def uphold(ctx: Context, appeal_id: int, found: Upheld, *, version: int | None = None) -> Appeal:
    """Open a new review that replaces the old one once it is confirmed; until then the old rating stays in force.

    From `verified` it is scored anew, with the corrected figures; from `scored` the same sheet is decided anew.
    """
    case = _locked(ctx, appeal_id, version=version, answer=found.answer)
    facts = replace(case.facts, new_review_from=found.new_review_from)
    ctx.permit(APPEAL.roles_for(AppealState.HEARD, AppealEvent.UPHOLD), case.scope, where="appeal")
    problems = APPEAL.objections(case.appeal.state, AppealEvent.UPHOLD, facts)
    if problems:
        raise NotNow(*problems)
    anew.refuse_twice(ctx, case.review)
    is_scored_anew = found.new_review_from == review.State.VERIFIED
    set_right = corrections.record(ctx, case.review, found.corrections, f"appeal {appeal_id}",
                                   scored_anew=is_scored_anew)  # fmt: skip
    if set_right:
        ctx.record("appeal.correct", case.appeal, _note(case.review, measures=set_right))
    made = anew.open_again(ctx, case.review, review.State(found.new_review_from))
    changes = {"answer": found.answer, "new_review_id": made.id}
    ctx.advance(APPEAL, case.appeal, AppealEvent.UPHOLD, facts, case.scope,
                note=_note(case.review, new_review=made.id), changes=changes)  # fmt: skip
    case.appeal.follow_ups = follow_ups.found(ctx.session, case.review, LOCAL)
    return ctx.saved(case.appeal)


# --- what followed from the overturned rating ---


def decide_follow_up(ctx: Context, appeal_id: int, key: str, decision: str, reason: str) -> Appeal:
    """Decide about one thing that followed from the overturned rating, once the new one is confirmed, with a reason."""
    case = _locked(ctx, appeal_id)
    grant = ctx.permit(DECIDES_FOLLOW_UPS, case.scope, where="appeal")
    anew.decide_follow_up(ctx, case.appeal, key, decision, reason)
    note = _note(case.review, key=key, decision=decision)
    ctx.record("appeal.decide_follow_up", case.appeal, replace(note, reason=reason), grant=grant)
    return ctx.saved(case.appeal)


# --- reading ---


def read(ctx: Context, appeal_id: int) -> Appeal:
    """An appeal, for its school, the offices and its panel; NotFound for everybody else."""
    return _found(ctx, appeal_id)[0]


def view(ctx: Context, appeal: Appeal) -> dict[str, Any]:
    """An appeal as those read it who may: grounds, panel, answer, and what followed from the overturned rating."""
    return {
        "id": appeal.id, "review_id": appeal.review_id, "new_review_id": appeal.new_review_id, "state": appeal.state,
        "grounds": appeal.grounds, "answer": appeal.answer, "received_at": appeal.received_at,
        "answer_due": appeal.answer_due, "panel": sorted(appeal_queries.panel_of(ctx.session, appeal.id)),
        "follow_ups": appeal.follow_ups,
    }  # fmt: skip


def listing(
    ctx: Context, page: Page, *, state: str | None = None, review_id: int | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """The appeals within the caller's reach, a panel member's own among them, in order of id; without grounds."""
    near = reach(ctx.actor, READ[Thing.APPEALS], ctx.today)
    pools = [g.jurisdiction for g in ctx.actor.grants
             if g.role == Role.APPEAL_PANEL_MEMBER and g.kind == Kind.BUREAU and g.holds(ctx.today)]  # fmt: skip
    own = School.id.in_([int(s) for s in near.schools])
    mine = sa.exists().where(AppealPanelist.appeal_id == Appeal.id, AppealPanelist.person_id == ctx.person_id)
    within = sa.or_(
        own,
        School.city_code.in_(near.cities),
        sa.and_(School.city_code.in_(pools), sa.or_(Appeal.state == AppealState.RECEIVED.value, mine)),
    )
    query = appeal_queries.listed().where(within, sa.or_(own, sa.not_(scopes.recused(ctx.person_id))))
    if state is not None:
        query = query.where(Appeal.state == state)
    if review_id is not None:
        query = query.where(Appeal.review_id == review_id)
    rows, cursor = page.cut(ctx.session.execute(page.within(query, Appeal.id)).all(), lambda row: (row[0].id,))
    return [
        {"id": appeal.id, "review_id": appeal.review_id, "code": code, "state": appeal.state,
         "received_at": appeal.received_at, "answer_due": appeal.answer_due,
         "to_decide": sum(1 for f in appeal.follow_ups if f["decision"] is None)}
        for appeal, code, _ in rows
    ], cursor  # fmt: skip


def possible(ctx: Context, appeal: Appeal) -> list[Possible]:
    """What the caller may do with the appeal, each with why it is not possible now, but for what they are to write.

    Whoever has just given it to a panel without them, or ruled it out, reads what became of it and is offered no more.
    """
    scope = _scope(ctx, appeal)
    facts = AppealFacts(decided_before=_decided_before(ctx, appeal), answer="…", reason="…",
                        new_review_from=review.State.SCORED.value)  # fmt: skip
    return ctx.possible(APPEAL, appeal.state, facts, scope)
