"""A school's application to open, change or close a specialty: received, checked by program, visited, referred.

What the committee and the bureau then decide is `application_decisions`' work.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import sqlalchemy as sa

from specialty_eval.engine.application import (
    APPLICATION,
    CHECKED_WITHIN,
    ApplicationEvent,
    ApplicationFacts,
    ApplicationState,
)
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.opening import (
    BUREAU,
    DEPARTMENT,
    OPENS,
    ApplicationKind,
    Outcome,
    outcome_of,
)
from specialty_eval.engine.permissions import Role, Scope, may
from specialty_eval.engine.roles import roles
from specialty_eval.store import application_queries, list_queries, registry, registry_queries
from specialty_eval.store.applications import Application, ApplicationOpinion
from specialty_eval.store.cycles import policy_of
from specialty_eval.store.registry import CatalogueEntry, School, Specialty

from . import application_checks
from .context import LOCAL, Context, Note, Possible, entitled

SIGNS = roles(Role.SCHOOL_HEAD)
RECEIVES = roles(Role.SCHOOL_HEAD, Role.SCHOOL_EDITOR)
OPINES: Mapping[str, frozenset[Role]] = {
    BUREAU: roles(Role.BUREAU_VERIFIER, Role.BUREAU_APPROVER),
    DEPARTMENT: roles(Role.DEPARTMENT_SUPPLIER),
}
AHEAD = 2
"""How many years from now a specialty may be applied for: as far as a list can be published."""
DIRECTION = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]{1,20}")
CHANGEABLE = ("direction", "name", "length", "campus")
_STATE, _EVENT = ApplicationState, ApplicationEvent


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What a school head applies for. Which fields a kind needs, `lodge` says; the others it does without."""

    kind: ApplicationKind
    school: str
    grounds: str
    specialty: str = ""
    """The code of what a change or a closing is about."""
    catalogue_code: str = ""
    direction: str | None = None
    name: str | None = None
    level: str = ""
    class_code: str = ""
    class_name: str = ""
    length: str | None = None
    campus: str | None = None
    partner: str = ""
    agreement: str = ""
    department: str = ""
    effective_on: date | None = None
    midlevel_teachers: int | None = None
    students: int | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """What is applied for, as the registry and the catalogue have it."""

    specialty: Specialty | None = None
    entry: CatalogueEntry | None = None
    changes: Mapping[str, str] = field(default_factory=dict)


# --- receiving -------------------------------------------------------------------------------------------------------


def lodge(ctx: Context, new: NewApplication) -> Application:
    """The school head signs and hands in an application; from now on it is judged by the rules of this day.

    Invalid for what is missing or unknown; NotNow without a policy, without a negative list of the year it would open
    in where the policy has one, and while another about the same is under way.
    """
    school, scope = _school(ctx, new.school)
    grant = ctx.permit(SIGNS, scope, where="application")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "application"))
    about = _about(ctx, new, school)
    if problems := [*_incomplete(ctx, new), *_beside(new), *_unfit(ctx, new, about, school)]:
        raise Invalid(*problems)
    application_queries.one_at_a_time(ctx.session, school.city_code)
    rules = application_queries.rules_for(ctx.session, school.city_code, ctx.today.year)
    if rules is None:
        raise NotNow(Problem("no-policy-for-applications", "policy", {"city": school.city_code}))
    list_id = _list_of_the_year(ctx, new, rules.policy_id, school.city_code)
    row = _row(ctx, new, about, school)
    row.policy_id, row.evidence_year, row.negative_list_id = rules.policy_id, rules.evidence_year, list_id
    _refuse_twice(ctx, row)
    ctx.saved(row)
    told = {"kind": row.kind, "code": row.catalogue_code or None}
    ctx.record("application.receive", row, Note(audience="school", told=told), grant=grant)
    return row


def _school(ctx: Context, code: str) -> tuple[School, Scope]:
    school = ctx.session.scalars(sa.select(School).where(School.code == code)).one_or_none()
    if school is None:
        raise NotFound(Problem("not-found", "school", {"kind": "school", "id": code}))
    scope = Scope(school_id=str(school.id), county=school.jurisdiction_code, city=school.city_code,
                  run_by_city=school.run_by == "city")  # fmt: skip
    return school, scope


def _about(ctx: Context, new: NewApplication, school: School) -> _About:
    if new.kind is ApplicationKind.OPEN:
        return _About(entry=registry_queries.newest_entries(ctx.session, [new.catalogue_code]).get(new.catalogue_code))
    if new.kind is ApplicationKind.OFF_CATALOGUE or not new.specialty:
        return _About()
    key = registry.id_of(ctx.session, new.specialty)
    specialty = ctx.session.get_one(Specialty, key)
    if specialty.school_id != school.id:
        raise NotFound(Problem("not-found", "specialty", {"kind": "specialty", "id": new.specialty}))
    said = {column: value.strip() for column in CHANGEABLE if (value := getattr(new, column)) is not None}
    return _About(specialty, changes={c: text for c, text in said.items() if text != getattr(specialty, c)})


def _incomplete(ctx: Context, new: NewApplication) -> Iterator[Problem]:
    """What the kind needs and the school has not said."""
    needed = {
        ApplicationKind.OPEN: ("catalogue_code", "effective_on"),
        ApplicationKind.OFF_CATALOGUE: ("name", "level", "class_code", "class_name", "partner", "agreement",
                                        "department", "effective_on"),
        ApplicationKind.CHANGE: ("specialty",),
        ApplicationKind.CLOSE: ("specialty", "students"),
    }[new.kind]  # fmt: skip
    for column in needed:
        value = getattr(new, column)
        if value is None or (isinstance(value, str) and not value.strip()):
            yield Problem("application-needs", column, {"kind": new.kind.value, "field": column})
    if not new.grounds.strip():
        yield Problem("grounds-missing", "grounds")
    first, last = ctx.today, date(ctx.today.year + AHEAD, 12, 31)
    if new.kind in OPENS and new.effective_on is not None and not first <= new.effective_on <= last:
        reach = {"first": first.isoformat(), "last": last.isoformat()}
        yield Problem("opening-day-out-of-reach", "effective_on", reach)


def _beside(new: NewApplication) -> Iterator[Problem]:
    """Numbers that this kind of application has no room for: dropped in silence they would seem to count."""
    taken = {"students": new.kind is ApplicationKind.CLOSE, "midlevel_teachers": new.kind in OPENS}
    for column, is_taken in taken.items():
        if not is_taken and getattr(new, column) is not None:
            yield Problem("application-takes-no", column, {"kind": new.kind.value, "field": column})


def _unfit(ctx: Context, new: NewApplication, about: _About, school: School) -> Iterator[Problem]:
    """What the school has said and cannot be."""
    if new.direction and not DIRECTION.fullmatch(new.direction):
        yield Problem("direction-shape", "direction", {"value": new.direction})
    if new.kind is ApplicationKind.OPEN and new.catalogue_code and about.entry is None:
        yield Problem("catalogue-code-unknown", "catalogue_code", {"value": new.catalogue_code})
    if new.kind is ApplicationKind.OFF_CATALOGUE and new.department:
        areas = [school.city_code, school.jurisdiction_code]
        if not application_queries.department(ctx.session, new.department, areas):
            yield Problem("department-unknown", "department", {"value": new.department})
    if new.kind is ApplicationKind.CHANGE and about.specialty is not None:
        if not about.changes:
            yield Problem("change-says-nothing", "specialty", {"fields": list(CHANGEABLE)})
        if "name" in about.changes and about.specialty.catalogue_entry_id is not None:
            yield Problem("name-of-the-catalogue", "name", {"name": about.specialty.name})
        if about.changes.get("name") == "":
            yield Problem("application-needs", "name", {"kind": new.kind.value, "field": "name"})


def _list_of_the_year(ctx: Context, new: NewApplication, policy_id: int, city: str) -> int | None:
    """The negative list an application is judged by: in force on the day it is received for the year it opens in."""
    if new.kind is not ApplicationKind.OPEN or new.effective_on is None:
        return None
    if ListKind.NEGATIVE not in policy_of(ctx.session, policy_id).lists:
        return None
    year = new.effective_on.year
    published = list_queries.published_for(ctx.session, city, ListKind.NEGATIVE, year)
    if not published:
        raise NotNow(Problem("no-list-of-the-year", "effective_on", {"year": year}))
    return published[0]


def _row(ctx: Context, new: NewApplication, about: _About, school: School) -> Application:
    like = about.entry or about.specialty
    named = {
        "name": like.name if like is not None else (new.name or "").strip(),
        "level": like.level if like is not None else new.level,
        "class_code": like.class_code if like is not None else new.class_code.strip(),
        "class_name": like.class_name if like is not None else new.class_name.strip(),
        **{c: (getattr(new, c) or "").strip() for c in ("direction", "length", "campus")},
        "partner": new.partner.strip(),
    }
    if about.specialty is not None:
        kept = {c: getattr(about.specialty, c) for c in ("direction", "length", "campus", "partner")}
        named |= {**kept, **about.changes}
    opens, closes = new.kind in OPENS, new.kind is ApplicationKind.CLOSE
    return Application(
        jurisdiction_code=school.city_code, school_id=school.id, kind=new.kind.value, state=APPLICATION.start.value,
        specialty_id=about.specialty.id if about.specialty else None,
        catalogue_entry_id=about.entry.id if about.entry else None,
        catalogue_code=about.specialty.catalogue_code if about.specialty else new.catalogue_code, **named,
        agreement=new.agreement.strip(), department_code=new.department,
        changes=dict(about.changes) if new.kind is ApplicationKind.CHANGE else {},
        effective_on=new.effective_on if opens else None, grounds=new.grounds.strip(),
        midlevel_teachers=new.midlevel_teachers if opens else None, students=new.students if closes else None,
        received_at=ctx.now, received_by=ctx.person_id, due=ctx.calendar().due(ctx.now, CHECKED_WITHIN, LOCAL),
        findings=[], visit_report="", reason="", document_number="", version=1, updated_at=ctx.now,
    )  # fmt: skip


def _refuse_twice(ctx: Context, row: Application) -> None:
    """One at a time about the same thing: what was decided of it is not asked twice at once."""
    if row.specialty_id is not None:
        about = [Application.specialty_id == row.specialty_id]
    else:
        about = [Application.school_id == row.school_id, Application.catalogue_code == row.catalogue_code,
                 Application.name == row.name, Application.direction == row.direction]  # fmt: skip
    going = application_queries.is_going(ctx.session, *about)
    if going is not None:
        raise NotNow(Problem("application-under-way", "application", {"id": going}))


# --- checking --------------------------------------------------------------------------------------------------------


def check(ctx: Context, key: int, *, version: int | None = None) -> Application:
    """Let the program check it against the lists in force and the policy's limits; again while it is only checked."""
    row, scope = application_checks.locked(ctx, key, version=version)
    found = application_checks.as_found(application_checks.findings(ctx, row))
    note = Note(audience="school", told={"findings": [finding["code"] for finding in found]})
    ctx.advance(APPLICATION, row, _EVENT.CHECK, ApplicationFacts(), scope, note=note,
                changes={"findings": found, "checked_at": ctx.now})  # fmt: skip
    return row


def opine(
    ctx: Context, key: int, party: str, agrees: bool, words: str, document_number: str, *, version: int | None = None
) -> Application:
    """The bureau, or the industry's department, says of an off-catalogue one whether it agrees: once, in writing.

    Together they are the joint opinion that it needs. NotNow with every reason.
    """
    row, scope = application_checks.locked(ctx, key, version=version)
    grant = ctx.permit(OPINES[party], scope, where="application")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "application"))
    if problems := _no_opinion_now(ctx, row, party):
        raise NotNow(*problems)
    said = {"words": words, "document_number": document_number}
    codes = {"words": "reason-missing", "document_number": "document-number-missing"}
    if problems := [Problem(codes[name], name) for name, text in said.items() if not text.strip()]:
        raise Invalid(*problems)
    ctx.saved(ApplicationOpinion(application_id=key, party=party, agrees=agrees, words=words.strip(),
                                 document_number=document_number.strip(), given_by=ctx.person_id,
                                 given_at=ctx.now))  # fmt: skip
    row.version, row.updated_at = row.version + 1, ctx.now
    note = Note(audience="school", told={"party": party, "agrees": agrees, "document_number": document_number.strip()})
    ctx.record("application.opine", row, note, grant=grant)
    return row


def _no_opinion_now(ctx: Context, row: Application, party: str) -> list[Problem]:
    problems = []
    if row.kind != ApplicationKind.OFF_CATALOGUE:
        problems.append(Problem("opinion-not-needed", "application", {"kind": row.kind}))
    if row.state not in {_STATE.RECEIVED, _STATE.CHECKED}:
        problems.append(Problem("step-not-open", "application", {"event": "opine", "state": row.state}))
    if any(said.party == party for said in application_queries.opinions(ctx.session, row.id)):
        problems.append(Problem("opinion-given", f"opinions.{party}", {"party": party}))
    return problems


def conclude(
    ctx: Context, key: int, *, visit: bool = False, reason: str = "", version: int | None = None
) -> Application:
    """Put on record what the check comes to: refused with every reason, a visit first, or clear.

    With `visit` the school is looked at though nothing found asks for it, with a reason. NotNow with every reason: an
    opinion that is missing, or that the check would find something else today.
    """
    row, scope = application_checks.locked(ctx, key, version=version)
    facts = application_checks.looked_at_now(ctx, row, application_checks.facts_of(ctx, row, reason=reason))
    facts = replace(facts, orders_visit=visit)
    outcome = outcome_of(facts.findings)
    told = {"findings": [finding.code for finding in facts.findings]}
    refused = outcome is Outcome.REFUSED
    goes_on = {"due": None if visit or outcome is Outcome.VISIT_FIRST else application_checks.decide_by(ctx)}
    ctx.advance(APPLICATION, row, _EVENT.CONCLUDE, facts, scope, note=Note(reason=reason, audience="school", told=told),
                changes=application_checks.told_of_decision(ctx, row, reason) if refused else goes_on)  # fmt: skip
    return row


# --- visit, referral, withdrawal, service ----------------------------------------------------------------------------


def report_visit(
    ctx: Context, key: int, report: str, visited_on: date, teachers: int | None = None, *, version: int | None = None
) -> Application:
    """What the visitors found; once. The teachers they counted take the place of those the school named."""
    row, scope = application_checks.locked(ctx, key, version=version)
    ctx.permit(entitled(APPLICATION, row.state, _EVENT.VISIT), scope, where="application")
    facts = replace(application_checks.facts_of(ctx, row), report=report)
    if visited_on > ctx.today or visited_on < row.received_at.astimezone(LOCAL).date():
        first = row.received_at.astimezone(LOCAL).date().isoformat()
        raise Invalid(Problem("day-out-of-reach", "visited_on", {"first": first, "last": ctx.today.isoformat()}))
    changes = {"visit_report": report.strip(), "visited_on": visited_on, "visited_by": ctx.person_id,
               "visit_teachers": teachers, "due": application_checks.decide_by(ctx)}  # fmt: skip
    ctx.advance(APPLICATION, row, _EVENT.VISIT, facts, scope, note=Note(audience="school"), changes=changes)
    return row


def refer(ctx: Context, key: int, *, version: int | None = None) -> Application:
    """Put it before the committee: one that is clear, or whose visit is reported."""
    row, scope = application_checks.locked(ctx, key, version=version)
    ctx.advance(APPLICATION, row, _EVENT.REFER, application_checks.facts_of(ctx, row), scope,
                note=Note(audience="school"))  # fmt: skip
    return row


def withdraw(ctx: Context, key: int, reason: str = "", *, version: int | None = None) -> Application:
    """The school takes it back before it is decided."""
    row, scope = application_checks.locked(ctx, key, version=version)
    ctx.advance(APPLICATION, row, _EVENT.WITHDRAW, application_checks.facts_of(ctx, row), scope,
                note=Note(reason=reason, audience="school"), changes={"due": None})  # fmt: skip
    return row


def receive(ctx: Context, key: int) -> Application:
    """The school opens the decision: it is served. A second time changes nothing."""
    row, scope = application_checks.locked(ctx, key)
    grant = ctx.permit(RECEIVES, scope, where="application")
    if row.decided_at is None:
        raise NotNow(Problem("application-undecided", "application", {"state": row.state}))
    if row.served_at is None:
        row.served_at, row.version, row.updated_at = ctx.now, row.version + 1, ctx.now
        ctx.record("application.serve", ctx.saved(row), Note(audience="school"), grant=grant)
    return row


# --- reading ---------------------------------------------------------------------------------------------------------


def possible(ctx: Context, row: Application) -> list[Possible]:
    """What the caller may do with it, each with why it is not possible now, but for what they are to write."""
    scope = application_queries.scope_of(ctx.session, row, acting=ctx.person_id)
    facts = application_checks.facts_of(ctx, row, reason="…", document_number="…")
    barred = application_checks.bars(ctx, row) if row.state == _STATE.COMMITTEE else ()
    facts = replace(facts, report="…", barred=barred)
    if row.state == _STATE.CHECKED:
        facts = application_checks.looked_at_now(ctx, row, facts)
    found = ctx.possible(APPLICATION, row.state, facts, scope)
    for party, who in OPINES.items():
        if (
            row.kind == ApplicationKind.OFF_CATALOGUE
            and row.state not in APPLICATION.ended
            and may(ctx.actor, who, scope, ctx.today)
        ):
            found.append(Possible(f"opine.{party}", sorted(who), tuple(_no_opinion_now(ctx, row, party))))
    return found
