"""What the committee votes on an application, as its minutes have it, and what the bureau then registers or refuses."""

from dataclasses import replace
from typing import Any

from specialty_eval.engine.application import APPLICATION, ApplicationEvent
from specialty_eval.engine.errors import NotNow
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.engine.permissions import Role, Scope
from specialty_eval.engine.standing import StandingFacts
from specialty_eval.store import recorded_votes, scopes
from specialty_eval.store.applications import Application
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.registry import Specialty

from . import application_checks, motions, registering
from .context import LOCAL, Context, Note, entitled
from .motions import Minutes, Motion

# --- the committee ---------------------------------------------------------------------------------------------------


def vote(ctx: Context, key: int, minutes: Minutes, *, version: int | None = None) -> Application:
    """Put the committee's vote on record (`motions`). Invalid for what the minutes cannot say; NotNow for a vote
    that does not hold. Anew only with a reason: the newest counts, each is kept.
    """
    row, scope = application_checks.locked(ctx, key, version=version)
    ctx.permit(entitled(APPLICATION, row.state, ApplicationEvent.VOTE), scope, where="application")
    counted = motions.counted(ctx, _motion(ctx, row), minutes)
    facts = application_checks.facts_of(ctx, row, reason=minutes.reason, document_number=minutes.minutes_number)
    facts = replace(facts, vote_problems=counted.problems)
    note = Note(reason=minutes.reason, told=motions.told(counted, minutes))
    ctx.advance(APPLICATION, row, ApplicationEvent.VOTE, facts, scope, note=note)
    motions.keep(ctx, counted, minutes, application_id=key)
    return row


def _motion(ctx: Context, row: Application) -> Motion:
    return Motion(
        city=row.jurisdiction_code,
        rules=policy_of(ctx.session, row.policy_id).committee,
        since=(row.checked_at or row.received_at).astimezone(LOCAL).date(),
        tied=lambda people: scopes.recused_people_of_application(ctx.session, people, row.id),
        before=recorded_votes.on_application(ctx.session, row.id),
    )


# --- the bureau ------------------------------------------------------------------------------------------------------


def register(ctx: Context, key: int, document_number: str, *, version: int | None = None) -> Application:
    """The bureau signs what the committee voted for, and the registry has it; not who put the vote on record.

    The policy's limits are counted once more, with everything registered by now: no two together exceed one. NotNow
    with every reason; the approver refuses then, with that reason.
    """
    row, scope = application_checks.to_register(ctx, key, version=version)
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
    return specialty.id, {"closed_on": max(ctx.today, specialty.opened_on).isoformat()}


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
