"""An application by its number, and what stands against it: when it is checked, and again when it is registered."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from specialty_eval.engine.application import DECIDED_WITHIN, ApplicationFacts
from specialty_eval.engine.entry_counts import Site
from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.engine.lists import ListKind, is_listed
from specialty_eval.engine.opening import (
    OPENS,
    PARTIES,
    VISITS,
    ApplicationKind,
    Around,
    Registered,
    limit_problems,
    negative_problem,
    opinion_problems,
    registry_problems,
    small_intake_below,
    urgent_note,
)
from specialty_eval.engine.permissions import Scope, Thing
from specialty_eval.engine.standing import academic_year_begins
from specialty_eval.engine.vocabulary import Label
from specialty_eval.store import (
    application_queries,
    list_queries,
    recorded_votes,
    rectification_queries,
    registry,
    registry_queries,
    review_queries,
    succession_queries,
)
from specialty_eval.store.applications import Application
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.registry import CatalogueEntry, Specialty

from .context import LOCAL, Context


def found(ctx: Context, key: int) -> tuple[Application, Scope]:
    """The application and whose it is; NotFound for whoever may not know of it."""
    row = ctx.session.get(Application, key)
    if row is None:
        raise NotFound(Problem("not-found", "application", {"kind": "application", "id": key}))
    scope = application_queries.scope_of(ctx.session, row, acting=ctx.person_id)
    ctx.permit_read(Thing.APPLICATIONS, scope, where="application")
    return row, scope


def locked(ctx: Context, key: int, *, version: int | None = None) -> tuple[Application, Scope]:
    """The same under a lock, while no other application of the city is received, checked or registered."""
    _, scope = found(ctx, key)
    application_queries.one_at_a_time(ctx.session, scope.city)
    return ctx.locked(Application, key, version=version, where="application"), scope


def to_register(ctx: Context, key: int, *, version: int | None = None) -> tuple[Application, Scope]:
    """The same, while no succession of the city is recorded either: what is registered is where its school is by then.

    Always in this order: whoever records a succession waits for no application.
    """
    row, scope = locked(ctx, key, version=version)
    succession_queries.one_at_a_time(ctx.session, scope.city)
    return row, scope


def as_found(findings: Iterable[Problem]) -> list[dict[str, Any]]:
    """Findings as they are kept."""
    said = [{"code": f.code, "where": f.where, "facts": dict(f.facts)} for f in findings]
    kept: list[dict[str, Any]] = json.loads(json.dumps(said))
    return kept


def on_record(row: Application) -> tuple[Problem, ...]:
    """Findings as they were kept."""
    return tuple(Problem(f["code"], f["where"], f["facts"]) for f in row.findings)


# --- what the check finds --------------------------------------------------------------------------------------------


def findings(ctx: Context, row: Application) -> tuple[Problem, ...]:
    """Everything that refuses it, asks for a visit, or is noted; in the order of registry, lists, limits, opinions."""
    return tuple(Problem(f["code"], f["where"], f["facts"]) for f in as_found(_findings(ctx, row)))


def _findings(ctx: Context, row: Application) -> Iterator[Problem]:
    yield from registry_problems(_registered(ctx, row))
    if row.kind in OPENS:
        yield from _listed(ctx, row)
        yield from _limits(ctx, row, application_queries.earlier(ctx.session, row))
    opinions = application_queries.opinions(ctx.session, row.id)
    yield from opinion_problems((opinion.party, opinion.agrees) for opinion in opinions)


def bars(ctx: Context, row: Application) -> tuple[Problem, ...]:
    """What stands against registering it today: the registry and the limits, as they are with what is registered.

    What asked for a visit has had it; a list that came meanwhile is none against it.
    """
    against = [*registry_problems(_registered(ctx, row))]
    if row.kind in OPENS:
        against += _limits(ctx, row, [])
    return tuple(problem for problem in against if problem.code not in VISITS)


def _limits(ctx: Context, row: Application, earlier: list[Site]) -> Iterator[Problem]:
    policy = policy_of(ctx.session, row.policy_id)
    if not policy.opening or row.effective_on is None:
        return
    around = Around(
        sites=list_queries.sites(ctx.session, row.jurisdiction_code, ctx.today),
        earlier=earlier,
        evidence_year=row.evidence_year,
        teachers=row.midlevel_teachers if row.visit_teachers is None else row.visit_teachers,
        small_intake_below=small_intake_below(policy),
    )
    code = row.catalogue_code or application_queries.provisional(row.id)
    new = Site(
        str(registry.school_now(ctx.session, row.school_id).id), row.level, code, max(row.effective_on, ctx.today)
    )
    yield from limit_problems(policy.opening, new, around)


def _listed(ctx: Context, row: Application) -> Iterator[Problem]:
    if row.kind != ApplicationKind.OPEN or row.effective_on is None:
        return
    year, entry = row.effective_on.year, {"level": row.level, "code": row.catalogue_code}
    now = {
        kind: is_listed(
            row.level, row.catalogue_code, year,
            list_queries.in_force(ctx.session, row.jurisdiction_code, kind, year, **entry),
        )
        for kind in ListKind
    }  # fmt: skip
    if row.negative_list_id is not None:
        lines = list_queries.line_of(ctx.session, row.negative_list_id, **entry)
        at_receipt = is_listed(row.level, row.catalogue_code, year, lines)
        words = _words(ctx, row.negative_list_id, () if at_receipt is None else at_receipt.reasons)
        yield from negative_problem(at_receipt, now[ListKind.NEGATIVE], words)
    yield from urgent_note(now[ListKind.URGENT])


def _words(ctx: Context, list_id: int, reasons: Iterable[str]) -> Label:
    """What the list's policy says of these rules."""
    policy = policy_of(ctx.session, application_queries.policy_of_list(ctx.session, list_id))
    rules = policy.lists[ListKind.NEGATIVE].rules
    labels = {rule.code: rule.label for rule in rules}
    said = [labels.get(code, {}) for code in reasons]
    joined = {language: [label[language] for label in said if language in label] for language in ("zh", "en")}
    return {language: {"zh": "；", "en": "; "}[language].join(words) for language, words in joined.items() if words}


def _registered(ctx: Context, row: Application) -> Registered:
    match ApplicationKind(row.kind):
        case ApplicationKind.OPEN:
            controlled = row.catalogue_entry_id is not None and (
                ctx.session.get_one(CatalogueEntry, row.catalogue_entry_id).state_controlled
            )
            code = readable(ctx, row.school_id, row.catalogue_code, row.direction)
            return Registered(code, is_taken(ctx, code), state_controlled=controlled)
        case ApplicationKind.OFF_CATALOGUE:
            school = registry.school_now(ctx.session, row.school_id)
            there = registry_queries.off_catalogue_at(ctx.session, school.id, row.name, row.direction)
            return Registered(there or row.name, there is not None)
        case ApplicationKind.CHANGE:
            return _to_change(ctx, row)
        case ApplicationKind.CLOSE:
            specialty = _specialty(ctx, row)
            ahead = ctx.today.year if ctx.today < academic_year_begins(ctx.today.year) else ctx.today.year + 1
            places = rectification_queries.places_ahead(ctx.session, specialty.id, ahead)
            return Registered(closed=specialty.closed_on is not None, students=row.students or 0, places=places)


def _to_change(ctx: Context, row: Application) -> Registered:
    specialty = _specialty(ctx, row)
    closed = specialty.closed_on is not None
    if "direction" not in row.changes:
        return Registered(closed=closed)
    code = readable(ctx, specialty.school_id, specialty.catalogue_code, row.direction)
    under_way = review_queries.under_way(ctx.session, [specialty.id])
    return Registered(code, is_taken(ctx, code), closed=closed, review=under_way.get(specialty.id, 0))


def _specialty(ctx: Context, row: Application) -> Specialty:
    return ctx.session.get_one(Specialty, row.specialty_id, populate_existing=True)


def readable(ctx: Context, school_id: int, catalogue_code: str, direction: str) -> str:
    """The code a specialty has: its school's (that one's it is part of by now), its entry's, its direction's."""
    school = registry.school_now(ctx.session, school_id)
    return "-".join(part for part in (school.code, catalogue_code, direction) if part)


def is_taken(ctx: Context, code: str) -> bool:
    """Whether the code stands for a specialty, or has: it is never used again."""
    return code in registry_queries.codes_taken(ctx.session, [code])


# --- days ------------------------------------------------------------------------------------------------------------


def decide_by(ctx: Context) -> datetime:
    """Until when the committee is to decide what goes on now."""
    return ctx.calendar().due(ctx.now, DECIDED_WITHIN, LOCAL)


def told_of_decision(ctx: Context, row: Application, reason: str) -> dict[str, Any]:
    """What a decision says to its school: when, by whom, why, and until when it may complain to the bureau."""
    days, calendar = policy_of(ctx.session, row.policy_id).workflow.days, ctx.calendar()
    deemed = calendar.due(ctx.now, days["deemed_served"], LOCAL)
    return {"decided_by": ctx.person_id, "decided_at": ctx.now, "deemed_served_at": deemed, "due": None,
            "complain_until": calendar.due_unopened(ctx.now, days["deemed_served"], days["appeal"], LOCAL),
            "reason": reason.strip()}  # fmt: skip


# --- the facts of a step ---------------------------------------------------------------------------------------------


def facts_of(ctx: Context, row: Application, *, reason: str = "", document_number: str = "") -> ApplicationFacts:
    """What every step looks at, and what the caller says with it; what only one step asks it adds itself."""
    said = {opinion.party for opinion in application_queries.opinions(ctx.session, row.id)}
    votes = recorded_votes.on_application(ctx.session, row.id)
    return ApplicationFacts(
        opinions_missing=tuple(p for p in PARTIES if row.kind == ApplicationKind.OFF_CATALOGUE and p not in said),
        findings=on_record(row),
        visit_reported=row.visited_on is not None,
        voted_before=bool(votes),
        approved=votes[-1].approved if votes else None,
        first_person=str(votes[-1].recorded_by) if votes else "",
        second_person=ctx.actor.person_id or "",
        document_number=document_number,
        reason=reason,
    )


def looked_at_now(ctx: Context, row: Application, facts: ApplicationFacts) -> ApplicationFacts:
    """The same with what the check would find today."""
    return replace(facts, findings_now=findings(ctx, row))
