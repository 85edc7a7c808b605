"""Whether this person holds one of these roles here and today, and who may read what. Denied unless a line allows it.

What a role may do stands in the machines' tables; when something may be read (ballots, sheets) in the states' subsets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from .roles import Role, roles
from .vocabulary import Publish

if TYPE_CHECKING:  # the public's requests read no policy, and its classes take long to build
    from .policy import Policy

__all__ = [
    "FILLS_IN",
    "HELD_AT",
    "HELD_BY_PEOPLE",
    "READ",
    "TOLD_AS_SCHOOL",
    "UNKNOWN_TO_THE_RECUSED",
    "Actor",
    "Grant",
    "Kind",
    "Reach",
    "Role",
    "Scope",
    "Thing",
    "allowed",
    "at_office",
    "may",
    "may_read",
    "may_supply",
    "only_as_expert",
    "reach",
    "visible_measures",
]


class Kind(StrEnum):
    """The kinds of organisation a role is held at."""

    BUREAU = "bureau"
    COUNTY = "county"
    DEPARTMENT = "department"
    SCHOOL = "school"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held at an organisation, from a day to a day (both inclusive; None: no end).

    `kind` is a `Kind`; `jurisdiction` the organisation's GB/T 2260 code, `code` a department's own (`hrss`).
    """

    role: Role
    organisation_id: str
    kind: str
    jurisdiction: str
    valid_from: date
    valid_to: date | None = None
    deputy: bool = False
    code: str = ""

    def holds(self, today: date) -> bool:
        """Whether the role is held on that day."""
        return self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a machine with a key, the clock (`is_system`), or nobody known."""

    person_id: str | None = None
    key_id: str | None = None
    grants: tuple[Grant, ...] = ()
    is_system: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What is acted on: whose it is and who has a part in it. An empty field is nobody's.

    `county` and `city` are GB/T 2260 codes, people are person ids. `recused` people have no part in it in any role
    but their own school's: the chair and the secretary neither.
    """

    school_id: str = ""
    county: str = ""
    city: str = ""
    run_by_city: bool = False
    departments: frozenset[str] = frozenset()
    experts: frozenset[str] = frozenset()
    visitors: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    appeal_panel: frozenset[str] = frozenset()
    recused: frozenset[str] = frozenset()


_SCHOOL, _BUREAU = frozenset({Kind.SCHOOL}), frozenset({Kind.BUREAU})

HELD_AT: Mapping[Role, frozenset[Kind]] = {
    Role.SCHOOL_EDITOR: _SCHOOL,
    Role.SCHOOL_HEAD: _SCHOOL,
    Role.COUNTY_VERIFIER: frozenset({Kind.COUNTY}),
    Role.BUREAU_VERIFIER: _BUREAU,
    Role.DEPARTMENT_SUPPLIER: frozenset({Kind.DEPARTMENT}),
    Role.THIRD_PARTY_SUPPLIER: frozenset({Kind.THIRD_PARTY}),
    Role.EXPERT: _BUREAU,
    Role.SITE_VISITOR: _BUREAU,
    Role.COMMITTEE_MEMBER: _BUREAU,
    Role.CHAIR: _BUREAU,
    Role.SECRETARY: _BUREAU,
    Role.APPEAL_PANEL_MEMBER: _BUREAU,
    Role.BUREAU_APPROVER: _BUREAU,
    Role.PLANNER: _BUREAU,
    Role.AUDITOR: frozenset({Kind.BUREAU, Kind.COUNTY, Kind.SCHOOL}),
    Role.ADMINISTRATOR: _BUREAU,
    Role.POLICY_EDITOR: _BUREAU,
    Role.INTEGRATION: frozenset(Kind),
    Role.SYSTEM: frozenset(),
    Role.PUBLIC: frozenset(),
}
"""Where a role can be held; elsewhere it gives nothing. The clock and the public hold no grants."""

HELD_BY_PEOPLE = roles(
    Role.SCHOOL_HEAD, Role.COUNTY_VERIFIER, Role.BUREAU_VERIFIER, Role.EXPERT, Role.SITE_VISITOR,
    Role.COMMITTEE_MEMBER, Role.CHAIR, Role.APPEAL_PANEL_MEMBER, Role.BUREAU_APPROVER, Role.PLANNER,
)  # fmt: skip
"""Roles by which somebody signs, verifies, judges or decides: to a machine's key they give nothing."""


def _has_part(role: Role, person_id: str | None, scope: Scope) -> bool:
    """Whether the person is one of those whom this role needs on this very thing."""
    match role:
        case Role.EXPERT:
            return person_id in scope.experts
        case Role.SITE_VISITOR:
            return person_id in scope.visitors
        case Role.COMMITTEE_MEMBER:
            return person_id in scope.members
        case Role.APPEAL_PANEL_MEMBER:
            return person_id in scope.appeal_panel
        case _:
            return True


def _reaches(grant: Grant, scope: Scope) -> bool:
    """A role reaches no further than its organisation."""
    match grant.kind:
        case Kind.SCHOOL:
            return bool(scope.school_id) and grant.organisation_id == scope.school_id
        case Kind.COUNTY:
            return bool(scope.county) and grant.jurisdiction == scope.county and not scope.run_by_city
        case Kind.DEPARTMENT:
            return grant.code in scope.departments and grant.jurisdiction in {scope.city, scope.county}
        case Kind.BUREAU | Kind.THIRD_PARTY:
            return bool(scope.city) and grant.jurisdiction == scope.city
        case _:
            return False


_READS_AS = {Kind.SCHOOL: Role.SCHOOL_HEAD, Kind.COUNTY: Role.COUNTY_VERIFIER}
"""Where an auditor reads no more than this role of the same organisation; the bureau's reads everything."""


def _is_wanted(grant: Grant, wanted: frozenset[Role]) -> bool:
    """Whether the grant is of one of these roles; an auditor's only where its own organisation is let in."""
    if grant.role != Role.AUDITOR or grant.role not in wanted:
        return grant.role in wanted
    return all(role in wanted for kind, role in _READS_AS.items() if grant.kind == kind)


def _is_held(actor: Actor, grant: Grant, wanted: frozenset[Role], today: date) -> bool:
    """Whether the grant is of one of these roles, today, where it can be held, and not a person's shown by a key."""
    return (
        _is_wanted(grant, wanted)
        and grant.holds(today)
        and grant.kind in HELD_AT[grant.role]
        and not (actor.key_id is not None and grant.role in HELD_BY_PEOPLE)
    )


def allowed(actor: Actor, roles: Iterable[Role], scope: Scope, today: date) -> Grant | None:
    """The grant under which the actor may act here today, a holder's before a deputy's; None when there is none.

    The clock holds no grant: ask `may` where it may act too.
    """
    wanted = frozenset(roles)
    is_recused = actor.person_id in scope.recused
    held = [
        grant
        for grant in actor.grants
        if _is_held(actor, grant, wanted, today)
        and _reaches(grant, scope)
        and _has_part(grant.role, actor.person_id, scope)
        and not (is_recused and grant.kind != Kind.SCHOOL)
    ]
    return min(held, key=lambda grant: grant.deputy, default=None)


def may(actor: Actor, roles: Iterable[Role], scope: Scope, today: date) -> bool:
    """Whether the actor may act here today: as the clock, as one of the public, or under a grant."""
    wanted = frozenset(roles)
    if Role.PUBLIC in wanted or (actor.is_system and Role.SYSTEM in wanted):
        return True
    return allowed(actor, wanted, scope, today) is not None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody's roles reach, for lists: school ids, county and city codes (counties without the city's own)."""

    schools: frozenset[str] = frozenset()
    counties: frozenset[str] = frozenset()
    cities: frozenset[str] = frozenset()


def reach(actor: Actor, roles: Iterable[Role], today: date) -> Reach:
    """How far these roles of the actor reach today; parts in single reviews (experts, members) are not in it."""
    wanted = frozenset(roles) - _BY_PART
    held = [g for g in actor.grants if _is_held(actor, g, wanted, today)]
    return Reach(
        frozenset(g.organisation_id for g in held if g.kind == Kind.SCHOOL),
        frozenset(g.jurisdiction for g in held if g.kind == Kind.COUNTY),
        frozenset(g.jurisdiction for g in held if g.kind == Kind.BUREAU),
    )


_BY_PART = roles(Role.EXPERT, Role.SITE_VISITOR, Role.COMMITTEE_MEMBER, Role.APPEAL_PANEL_MEMBER)

# --- who may read what -----------------------------------------------------------------------------------------------


class Thing(StrEnum):
    """What can be read, where not everybody may."""

    EVIDENCE = "evidence"
    SHEET = "sheet"
    PANEL_SCORES = "panel_scores"
    EXPERTS = "experts"
    POOL = "pool"
    SCORES = "scores"
    SITE_VISITS = "site_visits"
    STRICTNESS = "strictness"
    MATERIAL_CHECKS = "material_checks"
    MATERIAL = "material"
    BALLOTS = "ballots"
    INTERESTS = "interests"
    CHALLENGES = "challenges"
    OBJECTIONS = "objections"
    OBJECTOR_CONTACTS = "objector_contacts"
    APPEALS = "appeals"
    APPLICATIONS = "applications"
    DRAFT_LISTS = "draft_lists"
    DRAFT_PLANS = "draft_plans"
    SIMULATIONS = "simulations"
    SPECIALTY_LISTS = "specialty_lists"
    DESIGNATIONS = "designations"
    TEACH_OUTS = "teach_outs"
    SUCCESSIONS = "successions"
    RECTIFICATIONS = "rectifications"
    SUPERVISION = "supervision"
    DOCUMENT_TEMPLATES = "document_templates"
    EVENTS = "events"
    PEOPLE = "people"
    KEYS = "keys"
    PUBLISHED = "published"


FILLS_IN = roles(Role.SCHOOL_EDITOR, Role.SCHOOL_HEAD, Role.INTEGRATION)
"""Who may write a school's draft and its yearly facts; signing is the head's alone."""
_OWN_SCHOOL = roles(Role.SCHOOL_EDITOR, Role.SCHOOL_HEAD)
_OFFICE = roles(Role.BUREAU_VERIFIER, Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR)
_CHECKING = _OFFICE | {Role.COUNTY_VERIFIER}
_DECIDING = roles(Role.COMMITTEE_MEMBER, Role.CHAIR)
_LOOKING = roles(Role.EXPERT, Role.SITE_VISITOR)
_APPEAL = roles(Role.APPEAL_PANEL_MEMBER)
_PLANNING = roles(Role.PLANNER, Role.BUREAU_APPROVER, Role.SECRETARY, Role.AUDITOR)

READ: Mapping[Thing, frozenset[Role]] = {
    Thing.EVIDENCE: _OWN_SCHOOL | _CHECKING | _LOOKING | _APPEAL,
    Thing.SHEET: _OWN_SCHOOL | _OFFICE | _APPEAL,  # the school from `scored` on, without the rating
    Thing.PANEL_SCORES: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR) | _DECIDING | _APPEAL,
    Thing.EXPERTS: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR, Role.EXPERT),  # an expert oneself alone
    Thing.POOL: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR),
    Thing.SCORES: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR, Role.EXPERT),  # once one's own are in
    Thing.SITE_VISITS: _OFFICE | {Role.SITE_VISITOR},  # a visitor oneself alone, and the reports where named
    Thing.STRICTNESS: roles(Role.SECRETARY, Role.AUDITOR),
    Thing.MATERIAL_CHECKS: roles(Role.SECRETARY, Role.AUDITOR),
    # Who decides sees evidence, sheet and challenges here alone: after declaring, and once the item is open.
    Thing.MATERIAL: _OFFICE | _DECIDING | _APPEAL,
    Thing.BALLOTS: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR) | _DECIDING | _APPEAL,  # once closed
    Thing.INTERESTS: roles(Role.SECRETARY, Role.CHAIR, Role.AUDITOR) | _APPEAL,
    Thing.CHALLENGES: _OWN_SCHOOL | _OFFICE | _APPEAL,
    Thing.OBJECTIONS: _OFFICE | _DECIDING | _APPEAL,
    Thing.OBJECTOR_CONTACTS: roles(Role.SECRETARY, Role.BUREAU_APPROVER),
    Thing.APPEALS: _OWN_SCHOOL | _OFFICE | _APPEAL,
    # The department alone that an off-catalogue one names; once registered everybody, without what was said of it.
    Thing.APPLICATIONS: _OWN_SCHOOL | _CHECKING | _DECIDING | {Role.DEPARTMENT_SUPPLIER, Role.SITE_VISITOR},
    Thing.DRAFT_LISTS: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR),
    Thing.DRAFT_PLANS: _PLANNING,
    Thing.SIMULATIONS: roles(Role.SECRETARY, Role.POLICY_EDITOR, Role.BUREAU_APPROVER, Role.AUDITOR),
    Thing.SPECIALTY_LISTS: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR, Role.CHAIR),
    Thing.TEACH_OUTS: FILLS_IN | _CHECKING | _PLANNING,
    Thing.DESIGNATIONS: _OWN_SCHOOL | _CHECKING,  # before they are granted
    Thing.SUCCESSIONS: roles(Role.SECRETARY, Role.ADMINISTRATOR, Role.BUREAU_APPROVER, Role.AUDITOR),
    Thing.RECTIFICATIONS: _OWN_SCHOOL | _CHECKING | _DECIDING,
    Thing.SUPERVISION: _CHECKING,
    Thing.DOCUMENT_TEMPLATES: roles(Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR, Role.ADMINISTRATOR),
    Thing.EVENTS: _OWN_SCHOOL | _CHECKING,  # each event to its own audience
    Thing.PEOPLE: roles(Role.ADMINISTRATOR, Role.AUDITOR),
    Thing.KEYS: roles(Role.ADMINISTRATOR),
    Thing.PUBLISHED: roles(Role.PUBLIC),
}
"""Who may read what, each within their reach; publication makes a new thing public, never one of these."""

TOLD_AS_SCHOOL = READ[Thing.EVENTS] | {Role.INTEGRATION}
"""Who is told at a school what the school is told: its machine too, which fills in for it and hears of nobody else."""

UNKNOWN_TO_THE_RECUSED = frozenset({Thing.OBJECTIONS, Thing.OBJECTOR_CONTACTS, Thing.APPEALS})
"""What the recused do not even learn the existence of; that a review has evidence or a sheet is no news to anybody."""


def at_office(actor: Actor, roles: Iterable[Role], scope: Scope, today: date) -> bool:
    """Whether the actor holds one of these roles here otherwise than at the school itself.

    A school's own auditor reads what its school may read, and no sooner.
    """
    own = tuple(grant for grant in actor.grants if grant.kind != Kind.SCHOOL)
    return allowed(Actor(actor.person_id, actor.key_id, own), roles, scope, today) is not None


def only_as_expert(actor: Actor, scope: Scope, today: date) -> bool:
    """Whether the actor reads a review's evidence as one of its experts, and by no other role."""
    reads = READ[Thing.EVIDENCE]
    return may(actor, reads, scope, today) and not may(actor, reads, replace(scope, experts=frozenset()), today)


def may_read(actor: Actor, thing: Thing, scope: Scope, today: date) -> bool:
    """Whether the actor may read this of that scope today."""
    return may(actor, READ[thing], scope, today)


def may_supply(actor: Actor, supplier: str, scope: Scope, today: date) -> bool:
    """Whether the actor may enter values of a measure whose policy says `supplier: …`."""
    kind, _, code = supplier.partition(":")
    if kind == "department":
        department = _only_at_departments(actor, code)
        return allowed(department, {Role.DEPARTMENT_SUPPLIER}, scope, today) is not None
    return may(actor, _SUPPLIES.get(kind, frozenset()), scope, today)


_SUPPLIES: Mapping[str, frozenset[Role]] = {
    "school": _OWN_SCHOOL,
    "county": roles(Role.COUNTY_VERIFIER),
    "bureau": roles(Role.BUREAU_VERIFIER, Role.SECRETARY),
    "third_party": roles(Role.THIRD_PARTY_SUPPLIER),
    "panel": roles(Role.EXPERT),
    "computed": roles(Role.SYSTEM),
}


def _only_at_departments(actor: Actor, code: str) -> Actor:
    return Actor(actor.person_id, actor.key_id, tuple(g for g in actor.grants if g.code == code))


def visible_measures(policy: "Policy", actor: Actor, scope: Scope, today: date) -> frozenset[str]:
    """The measures whose values the actor may see: all for those who check or decide, what it supplies for a supplier,
    `public` and `own` ones and its own reports for the school (its auditor too), `public` ones for everybody else.
    """
    if may(actor, (READ[Thing.EVIDENCE] | READ[Thing.MATERIAL]) - _OWN_SCHOOL, scope, today):
        return frozenset(policy.measures)
    is_theirs = may(actor, _OWN_SCHOOL | {Role.AUDITOR}, scope, today)
    seen = {Publish.PUBLIC, Publish.OWN} if is_theirs else {Publish.PUBLIC}
    return frozenset(
        code
        for code, measure in policy.measures.items()
        if measure.publish in seen
        or (is_theirs and measure.supplier == "school")
        or may_supply(actor, measure.supplier, scope, today)
    )
