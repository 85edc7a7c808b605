"""The school's appeal against the decision to close: lodged in its days, heard by people who decided nothing before."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.appeal_panel import Named, panel_problems
from specialty_eval.engine.calendar import is_kept, last_local_day, never_earlier
from specialty_eval.engine.closing import (
    CLOSING_APPEAL,
    CLOSING_APPEAL_ENDED,
    HEARD_FOR_GOOD,
    ClosingAppealEvent,
    ClosingAppealFacts,
    ClosingAppealState,
    lodging_problems,
)
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Kind, Role, Scope, Thing, reach
from specialty_eval.engine.roles import roles
from specialty_eval.store import closing_queries, in_office, scopes
from specialty_eval.store.closings import ClosingAppeal, ClosingAppealPanelist, ClosingProposal
from specialty_eval.store.registry import School, Specialty

from .context import LOCAL, Context, Note, Possible
from .paging import Page

LODGES = roles(Role.SCHOOL_HEAD)


def lodge(ctx: Context, proposal_id: int, grounds: str) -> ClosingAppeal:
    """The school head appeals within the days that the decision gave, once. NotNow with every reason."""
    row = ctx.session.get(ClosingProposal, proposal_id)
    if row is None:
        raise NotFound(Problem("not-found", "closing_proposal", {"kind": "closing_proposal", "id": proposal_id}))
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    ctx.permit_read(Thing.RECTIFICATIONS, scope, where="closing_proposal")
    grant = ctx.permit(LODGES, scope, where="closing_appeal")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "closing_appeal"))
    row = ctx.locked(ClosingProposal, proposal_id)
    if problems := lodging_problems(_lodging(ctx, row, grounds)):
        raise NotNow(*problems)
    days = closing_queries.policy(ctx.session, row).workflow.days
    made = ctx.saved(
        ClosingAppeal(proposal_id=row.id, specialty_id=row.specialty_id, state=CLOSING_APPEAL.start.value,
                      grounds=grounds.strip(), answer="", received_at=ctx.now, received_by=ctx.person_id, version=1,
                      updated_at=ctx.now, answer_due=ctx.calendar().due(ctx.now, days["appeal_answer"], LOCAL))
    )  # fmt: skip
    ctx.record("closing_appeal.lodge", made, Note(audience="school", told={"proposal": row.id}), grant=grant)
    return made


def _lodging(ctx: Context, row: ClosingProposal, grounds: str) -> ClosingAppealFacts:
    earlier = closing_queries.appeals_of(ctx.session, row.id)
    return ClosingAppealFacts(
        decided_to_close=row.decision == "close",
        appeal_days_over=row.appeal_due is None or not is_kept(ctx.now, row.appeal_due),
        due=None if row.appeal_due is None else last_local_day(row.appeal_due, LOCAL),
        closed=_is_closed(ctx, row.specialty_id),
        another_is_open=any(appeal.state not in CLOSING_APPEAL_ENDED for appeal in earlier),
        heard_before=any(appeal.state in HEARD_FOR_GOOD for appeal in earlier),
        grounds=grounds,
    )


def _is_closed(ctx: Context, specialty_id: int) -> bool:
    return ctx.session.get_one(Specialty, specialty_id).closed_on is not None


@dataclass(frozen=True, slots=True)
class Case:
    """An appeal under a lock, the proposal it is about, whose that is, and what its steps look at."""

    appeal: ClosingAppeal
    proposal: ClosingProposal
    scope: Scope
    facts: ClosingAppealFacts


def _found(ctx: Context, key: int) -> tuple[ClosingAppeal, Scope]:
    """An appeal and whose it is; NotFound also for whoever may not know of it."""
    appeal = ctx.session.get(ClosingAppeal, key)
    if appeal is None:
        raise NotFound(Problem("not-found", "closing_appeal", {"kind": "closing_appeal", "id": key}))
    scope = _scope(ctx, appeal)
    ctx.permit_read(Thing.APPEALS, scope, where="closing_appeal")
    return appeal, scope


def _scope(ctx: Context, appeal: ClosingAppeal) -> Scope:
    scope = scopes.of_specialty(ctx.session, appeal.specialty_id, acting=ctx.person_id)
    panel = closing_queries.panel_of(ctx.session, appeal.id)
    if appeal.state == ClosingAppealState.RECEIVED:
        # Who hears it is not settled yet.
        panel |= in_office.at_bureau(ctx.session, Role.APPEAL_PANEL_MEMBER, scope.city, ctx.today)
    return replace(scope, appeal_panel=frozenset(str(person) for person in panel))


def _locked(ctx: Context, key: int, version: int | None, answer: str = "") -> Case:
    """Proposal before appeal, as lodging locks them: whoever closes waits for who decides the appeal."""
    seen, _ = _found(ctx, key)
    proposal = ctx.locked(ClosingProposal, seen.proposal_id)
    appeal = ctx.locked(ClosingAppeal, key, version=version)
    _, scope = _found(ctx, key)
    return Case(appeal, proposal, scope, _facts(ctx, appeal, proposal, scope, answer))


def _facts(
    ctx: Context, appeal: ClosingAppeal, proposal: ClosingProposal, scope: Scope, answer: str
) -> ClosingAppealFacts:
    judging = closing_queries.panel_of(ctx.session, appeal.id) | {ctx.person_id}
    before = sorted(_deciders(ctx, proposal, scope) & judging)
    return ClosingAppealFacts(closed=_is_closed(ctx, appeal.specialty_id), answer=answer,
                              decided_before=tuple(str(person) for person in before))  # fmt: skip


def _deciders(ctx: Context, proposal: ClosingProposal, scope: Scope) -> frozenset[int]:
    decided_at = proposal.decided_at or ctx.now
    return closing_queries.deciders(ctx.session, proposal, scope.city, decided_at.astimezone(LOCAL).date())


def admit(ctx: Context, key: int, panel: Collection[int], *, version: int | None = None) -> ClosingAppeal:
    """Admit it and name its panel: members of the appeal panel who had no part in the closing, nor are recused.

    Invalid with every member who cannot sit.
    """
    case = _locked(ctx, key, version)
    ctx.permit(CLOSING_APPEAL.roles_for(ClosingAppealState.RECEIVED, ClosingAppealEvent.ADMIT), case.scope,
               where="closing_appeal")  # fmt: skip
    return _seat(ctx, case, panel, ClosingAppealEvent.ADMIT)


def add_panelists(
    ctx: Context, key: int, panel: Collection[int], reason: str, *, version: int | None = None
) -> ClosingAppeal:
    """Name further members of its panel, where those on it left office or are recused, with a reason.

    As in `admit`, Invalid with every member who cannot sit. A panel that had heard the school hears it anew.
    """
    case = _locked(ctx, key, version)
    event = ClosingAppealEvent.ADD_PANELISTS
    ctx.permit(CLOSING_APPEAL.roles_for(ClosingAppealState.ADMITTED, event), case.scope, where="closing_appeal")
    return _seat(ctx, replace(case, facts=replace(case.facts, reason=reason)), panel, event)


def _seat(ctx: Context, case: Case, panel: Collection[int], event: ClosingAppealEvent) -> ClosingAppeal:
    """Put them on the panel, but for whoever sits there already, with the step that does it."""
    people = set(panel) - closing_queries.panel_of(ctx.session, case.appeal.id)
    named = Named(
        people,
        in_office=in_office.at_bureau(ctx.session, Role.APPEAL_PANEL_MEMBER, case.scope.city, ctx.today),
        decided_before=_deciders(ctx, case.proposal, case.scope),
        recused=scopes.recused_people_of_specialty(ctx.session, people, case.appeal.specialty_id),
    )
    if problems := panel_problems(named):
        raise Invalid(*problems)
    note = Note(reason=case.facts.reason, audience="school", told={"panel": len(people)})
    ctx.advance(CLOSING_APPEAL, case.appeal, event, case.facts, case.scope, note=note)
    ctx.session.add_all(ClosingAppealPanelist(appeal_id=case.appeal.id, person_id=person) for person in sorted(people))
    return ctx.saved(case.appeal)


def hear(ctx: Context, key: int, *, version: int | None = None) -> ClosingAppeal:
    """The panel has heard the school."""
    case = _locked(ctx, key, version)
    ctx.advance(CLOSING_APPEAL, case.appeal, ClosingAppealEvent.HEAR, case.facts, case.scope,
                note=Note(audience="school"))  # fmt: skip
    return case.appeal


def rule_out(ctx: Context, key: int, answer: str, *, version: int | None = None) -> ClosingAppeal:
    """It cannot be heard; with an answer."""
    return _answer(ctx, key, ClosingAppealEvent.RULE_OUT, answer, version)


def uphold(ctx: Context, key: int, answer: str, *, version: int | None = None) -> ClosingAppeal:
    """The decision to close is lifted: the specialty stays as it is, and nobody closes on that proposal."""
    return _answer(ctx, key, ClosingAppealEvent.UPHOLD, answer, version)


def reject(ctx: Context, key: int, answer: str, *, version: int | None = None) -> ClosingAppeal:
    """The decision stands, and may be carried out; with an answer."""
    return _answer(ctx, key, ClosingAppealEvent.REJECT, answer, version)


def _answer(ctx: Context, key: int, event: ClosingAppealEvent, answer: str, version: int | None) -> ClosingAppeal:
    case = _locked(ctx, key, version, answer)
    ctx.advance(CLOSING_APPEAL, case.appeal, event, case.facts, case.scope, note=Note(audience="school"),
                changes={"answer": answer.strip()})  # fmt: skip
    if event != ClosingAppealEvent.UPHOLD:  # the decision stands: the bureau's days to carry it out begin
        days = closing_queries.policy(ctx.session, case.proposal).workflow.days["verify"]
        case.proposal.close_due = never_earlier(case.proposal.close_due, ctx.calendar().due(ctx.now, days, LOCAL))
        ctx.saved(case.proposal)
    return case.appeal


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, key: int) -> ClosingAppeal:
    """One, for its school, the offices and its panel; NotFound for everybody else."""
    return _found(ctx, key)[0]


def view(ctx: Context, appeal: ClosingAppeal) -> dict[str, Any]:
    """One as those read it who may."""
    return {
        "id": appeal.id, "proposal_id": appeal.proposal_id, "state": appeal.state, "grounds": appeal.grounds,
        "answer": appeal.answer, "received_at": appeal.received_at, "answer_due": appeal.answer_due,
        "panel": sorted(closing_queries.panel_of(ctx.session, appeal.id)),
    }  # fmt: skip


def possible(ctx: Context, appeal: ClosingAppeal) -> list[Possible]:
    """What the caller may do with it, each with why it is not possible now, but for what they are to write.

    Whoever has just given it to a panel without them reads what became of it, and is offered nothing more.
    """
    scope = _scope(ctx, appeal)
    proposal = ctx.session.get_one(ClosingProposal, appeal.proposal_id)
    facts = replace(_facts(ctx, appeal, proposal, scope, "…"), reason="…")
    return ctx.possible(CLOSING_APPEAL, appeal.state, facts, scope)


def listing(ctx: Context, page: Page, *, state: str | None = None) -> tuple[list[dict[str, Any]], str | None]:
    """Those within the caller's reach, a panel member's own among them, in order of id; without grounds."""
    near = reach(ctx.actor, READ[Thing.APPEALS], ctx.today)
    pools = [g.jurisdiction for g in ctx.actor.grants
             if g.role == Role.APPEAL_PANEL_MEMBER and g.kind == Kind.BUREAU and g.holds(ctx.today)]  # fmt: skip
    own = School.id.in_([int(s) for s in near.schools])
    mine = sa.exists().where(ClosingAppealPanelist.appeal_id == ClosingAppeal.id,
                             ClosingAppealPanelist.person_id == ctx.person_id)  # fmt: skip
    received = ClosingAppeal.state == ClosingAppealState.RECEIVED.value
    within = sa.or_(own, School.city_code.in_(near.cities),
                    sa.and_(School.city_code.in_(pools), sa.or_(received, mine)))  # fmt: skip
    not_recused = sa.not_(scopes.recused_from_specialty(ctx.person_id))
    query = closing_queries.listed().where(within, sa.or_(own, not_recused))
    if state is not None:
        query = query.where(ClosingAppeal.state == state)
    found = ctx.session.execute(page.within(query, ClosingAppeal.id)).all()
    rows, cursor = page.cut(found, lambda row: (row[0].id,))
    return [
        {"id": appeal.id, "proposal_id": appeal.proposal_id, "code": code, "state": appeal.state,
         "received_at": appeal.received_at, "answer_due": appeal.answer_due}
        for appeal, code in rows
    ], cursor  # fmt: skip
