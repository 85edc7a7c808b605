"""Designations: proposed by a school or the secretary, granted by another, kept or withdrawn once under review."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.designation import (
    DESIGNATION,
    HELD,
    TARGETS,
    DesignationEvent,
    DesignationFacts,
    DesignationKind,
    DesignationState,
    Tier,
    progress,
    tier_of,
)
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import READ, Role, Scope, Thing, may_read, reach
from specialty_eval.engine.roles import roles
from specialty_eval.engine.vocabulary import Rating
from specialty_eval.store import designation_queries, rating_records, registry, scopes
from specialty_eval.store.designation_queries import Built
from specialty_eval.store.designations import Designation, DesignationTargets, SpecialtyGroup
from specialty_eval.store.registry import School, Specialty

from . import designation_reviews
from .context import Context, Note, Possible, entitled
from .paging import Page

PROPOSES = roles(Role.SCHOOL_HEAD, Role.SECRETARY)


# --- proposing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed, and why: of a specialty by its code, or of a group by its number."""

    kind: DesignationKind
    grounds: str
    code: str | None = None
    group_id: int | None = None


def propose(ctx: Context, new: Proposal) -> Designation:
    """Propose a designation of one specialty or of one group. Invalid, NotNow with every reason."""
    if (new.code is None) == (new.group_id is None):
        raise Invalid(Problem("one-of-two", "specialty", {"one_of": ["specialty", "group"]}))
    specialty_id = _lead(ctx, new)
    scope = scopes.of_specialty(ctx.session, specialty_id, acting=ctx.person_id)
    grant = ctx.permit(PROPOSES, scope, where="designation")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "designation"))
    if not new.grounds.strip():
        raise Invalid(Problem("grounds-missing", "grounds"))
    rating_records.hold(ctx.session, [specialty_id])
    _refuse_twice(ctx, new, specialty_id)
    level = ctx.session.get_one(Specialty, specialty_id).level
    made = ctx.saved(
        Designation(jurisdiction_code=scope.city, kind=new.kind.value, tier=tier_of(level).value,
                    specialty_id=specialty_id, group_id=new.group_id, state=DESIGNATION.start.value,
                    grounds=new.grounds.strip(), proposed_by=ctx.person_id, proposed_at=ctx.now, document_number="",
                    was_kept=False, decision_document="", reason="", version=1, updated_at=ctx.now)
    )  # fmt: skip
    ctx.record("designation.propose", made, Note(audience="school", told={"kind": made.kind}), grant=grant)
    return made


def _lead(ctx: Context, new: Proposal) -> int:
    if new.group_id is None:
        return registry.id_of(ctx.session, new.code or "")
    if ctx.session.get(SpecialtyGroup, new.group_id) is None:
        raise NotFound(Problem("not-found", "group", {"kind": "specialty_group", "id": new.group_id}))
    return designation_queries.newest_version(ctx.session, new.group_id).lead_id


def _refuse_twice(ctx: Context, new: Proposal, specialty_id: int) -> None:
    whose = Designation.group_id == new.group_id if new.group_id is not None else sa.and_(
        Designation.group_id.is_(None), Designation.specialty_id == specialty_id
    )  # fmt: skip
    found = sa.select(Designation.id).where(
        whose, Designation.kind == new.kind.value, Designation.state != DesignationState.WITHDRAWN.value
    )
    if (other := ctx.session.scalar(found)) is not None:
        raise NotNow(Problem("designated-already", "designation", {"designation": other}))


# --- deciding --------------------------------------------------------------------------------------------------------


def _found(ctx: Context, key: int) -> tuple[Designation, Scope]:
    """A designation and whose it is; one that was never granted is NotFound for whoever may not know of it."""
    row = ctx.session.get(Designation, key)
    if row is None:
        raise NotFound(Problem("not-found", "designation", {"kind": "designation", "id": key}))
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    if not is_public(row):
        ctx.permit_read(Thing.DESIGNATIONS, scope, where="designation")
    return row, scope


def is_public(row: Designation) -> bool:
    """Whether it was ever granted."""
    return row.granted_at is not None


def _locked(ctx: Context, key: int, version: int | None, event: DesignationEvent) -> tuple[Designation, Scope]:
    """Specialties before designations, as a confirmation locks them: nothing loses green while it is granted."""
    seen, scope = _found(ctx, key)
    ctx.permit(entitled(DESIGNATION, seen.state, event), scope, where="designation")
    rating_records.hold(ctx.session, [one.id for one in designation_queries.members_of(ctx.session, seen)])
    return ctx.locked(Designation, key, version=version, where="designation"), scope


def facts_of(ctx: Context, row: Designation, *, reason: str = "", document_number: str = "") -> DesignationFacts:
    """What the designation's steps look at, and what the caller says with them."""
    built = designation_queries.members_of(ctx.session, row)
    rated = designation_queries.in_force(ctx.session, [row.specialty_id], ctx.today)
    losses = () if row.review_since is None else designation_queries.losses(ctx.session, row)
    by = [loss.review_id for loss in losses if loss.review_id is not None and loss.ended_by is None]
    return DesignationFacts(
        first_person=str(row.proposed_by),
        second_person=ctx.actor.person_id or "",
        document_number=document_number,
        is_green=rated.get(row.specialty_id) == Rating.GREEN,
        closed=_closed(built, ctx.today),
        was_kept=row.was_kept,
        ground_overturned=any(loss.ended_by is not None for loss in losses),
        appeal_open=designation_queries.under_appeal(ctx.session, by),
        reason=reason,
    )


def _closed(built: Collection[Built], today: date) -> tuple[str, ...]:
    return tuple(one.code for one in built if one.closed_on is not None and one.closed_on <= today)


def grant(ctx: Context, key: int, document_number: str, *, version: int | None = None) -> Designation:
    """Another person than who proposed it grants it under a document, while it is green."""
    row, scope = _locked(ctx, key, version, DesignationEvent.GRANT)
    facts = facts_of(ctx, row, document_number=document_number)
    changes = {"granted_by": ctx.person_id, "granted_at": ctx.now, "document_number": document_number.strip()}
    told = {"kind": row.kind, "document_number": document_number.strip()}
    ctx.advance(DESIGNATION, row, DesignationEvent.GRANT, facts, scope, note=Note(audience="public", told=told),
                changes=changes)  # fmt: skip
    return row


def refuse(ctx: Context, key: int, reason: str, *, version: int | None = None) -> Designation:
    """A proposal is not granted, with a reason to its school."""
    row, scope = _locked(ctx, key, version, DesignationEvent.REFUSE)
    note = Note(reason=reason, audience="school", told={"kind": row.kind})
    ctx.advance(DESIGNATION, row, DesignationEvent.REFUSE, DesignationFacts(reason=reason), scope, note=note,
                changes=_decided(ctx, reason, ""))  # fmt: skip
    return row


def _decided(ctx: Context, reason: str, document_number: str) -> dict[str, Any]:
    return {"decided_by": ctx.person_id, "decided_at": ctx.now, "reason": reason.strip(),
            "decision_document": document_number.strip()}  # fmt: skip


def review(ctx: Context, key: int, reason: str, *, version: int | None = None) -> Designation:
    """The bureau looks at one again for a reason of its own."""
    row, scope = _locked(ctx, key, version, DesignationEvent.REVIEW)
    changes = {"review_since": ctx.now, "review_by": ctx.person_id, "was_kept": row.state == DesignationState.KEPT}
    note = Note(reason=reason, audience="public", told={"kind": row.kind})
    ctx.advance(DESIGNATION, row, DesignationEvent.REVIEW, DesignationFacts(reason=reason), scope, note=note,
                changes=changes)  # fmt: skip
    return row


def keep(ctx: Context, key: int, reason: str, document_number: str, *, version: int | None = None) -> Designation:
    """It stays, with a reason and under a document."""
    return _decide(ctx, key, DesignationEvent.KEEP, reason, document_number, version)


def withdraw(ctx: Context, key: int, reason: str, document_number: str, *, version: int | None = None) -> Designation:
    """It is taken away, with a reason and under a document; not while an appeal against its ground is going."""
    return _decide(ctx, key, DesignationEvent.WITHDRAW, reason, document_number, version)


def _decide(
    ctx: Context, key: int, event: DesignationEvent, reason: str, document_number: str, version: int | None
) -> Designation:
    row, scope = _locked(ctx, key, version, event)
    facts = facts_of(ctx, row, reason=reason, document_number=document_number)
    told = {"kind": row.kind, "document_number": document_number.strip()}
    ctx.advance(DESIGNATION, row, event, facts, scope, note=Note(reason=reason, audience="public", told=told),
                changes=_decided(ctx, reason, document_number))  # fmt: skip
    return row


def reopen(ctx: Context, key: int, reason: str, *, version: int | None = None) -> Designation:
    """What was withdrawn for a rating that an appeal has overturned is looked at again."""
    row, _ = _locked(ctx, key, version, DesignationEvent.REOPEN)
    alike = Proposal(DesignationKind(row.kind), "", group_id=row.group_id)
    _refuse_twice(ctx, alike, row.specialty_id)
    designation_reviews.reopen(ctx, row, reason)
    return row


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, key: int) -> Designation:
    """A designation; NotFound for one that was never granted and is not the caller's to know of."""
    return _found(ctx, key)[0]


def possible(ctx: Context, row: Designation) -> list[Possible]:
    """What the caller may do with it, each with why it is not possible now, but for what they are to write."""
    scope = scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)
    if not may_read(ctx.actor, Thing.DESIGNATIONS, scope, ctx.today):
        return []
    return ctx.possible(DESIGNATION, row.state, facts_of(ctx, row, reason="…", document_number="…"), scope)


def view(ctx: Context, row: Designation) -> dict[str, Any]:
    """One designation with its specialties, and what put it under review."""
    one = ctx.session.execute(designation_queries.listed().where(Designation.id == row.id)).one()
    losses = () if row.review_since is None else designation_queries.losses(ctx.session, row)
    built = designation_queries.members_of(ctx.session, row)
    codes = {member.id: member.code for member in built}
    return {
        **_header(one),
        "specialties": [{"code": member.code, "name": member.name} for member in built],
        "losses": [
            {"code": codes.get(loss.specialty_id), "review_id": loss.review_id, "lost_at": loss.lost_at,
             "overturned": loss.ended_by is not None}
            for loss in losses
        ],
    }  # fmt: skip


def _header(one: Any) -> dict[str, Any]:
    row, code, name, group, school, county = one
    return {
        "id": row.id, "jurisdiction": row.jurisdiction_code, "kind": row.kind, "tier": row.tier, "state": row.state,
        "code": code, "name": name, "group_id": row.group_id, "group": group, "school": school, "county": county,
        "grounds": row.grounds, "proposed_at": row.proposed_at, "granted_at": row.granted_at,
        "document_number": row.document_number or None, "review_since": row.review_since,
        "decided_at": row.decided_at, "decision_document": row.decision_document or None,
        "reason": row.reason or None,
    }  # fmt: skip


def listing(ctx: Context, page: Page, **chosen: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Every designation that was ever granted, and the proposals within the caller's reach, in order of id.

    Where nobody asks for a state, those that are borne now, and the caller's proposals.
    """
    near = reach(ctx.actor, READ[Thing.DESIGNATIONS], ctx.today)
    theirs = sa.and_(registry.within(near), sa.not_(scopes.recused_from_specialty(ctx.person_id)))
    query = designation_queries.listed().where(sa.or_(Designation.granted_at.is_not(None), theirs))
    columns = {"jurisdiction": Designation.jurisdiction_code, "kind": Designation.kind, "tier": Designation.tier,
               "state": Designation.state, "county": School.jurisdiction_code}  # fmt: skip
    for name, value in chosen.items():
        if value is not None:
            query = query.where(columns[name] == value)
    if chosen.get("state") is None:
        query = query.where(Designation.state.in_([DesignationState.PROPOSED.value, *(s.value for s in HELD)]))
    rows, cursor = page.cut(ctx.session.execute(page.within(query, Designation.id)).all(), lambda row: (row[0].id,))
    return [_header(row) for row in rows], cursor


def towards(ctx: Context, city: str) -> dict[str, Any]:
    """How far each target of a city is reached (public; what is only proposed is a number), and which edition it is."""
    row = designation_queries.targets_of(ctx.session, city)
    aimed = (
        TARGETS if row is None else {(DesignationKind(t["kind"]), Tier(t["tier"])): t["target"] for t in row.targets}
    )
    found = progress(designation_queries.counts(ctx.session, city), aimed)
    return {
        "jurisdiction": city, "edition": 0 if row is None else row.edition,
        "document_number": None if row is None else row.document_number, "set_at": None if row is None else row.set_at,
        "targets": [{**asdict(one), "missing": one.missing} for one in found],
    }  # fmt: skip


def set_targets(
    ctx: Context, targets: Mapping[tuple[DesignationKind, Tier], int], document_number: str, edition: int
) -> DesignationTargets:
    """Set the city's targets in place of those of an edition (0: the usual ones), under a document (secretary).

    Invalid without a document; NotNow when somebody has set others since.
    """
    city = ctx.office(Role.SECRETARY).city
    grant = ctx.permit(roles(Role.SECRETARY), Scope(city=city), where="targets")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "targets"))
    if not document_number.strip():
        raise Invalid(Problem("document-number-missing", "document_number"))
    designation_queries.lock_targets(ctx.session, city)
    row = designation_queries.targets_of(ctx.session, city)
    newest = 0 if row is None else row.edition
    if newest != edition:
        raise NotNow(Problem("changed-meanwhile", "targets", {"id": newest}))
    said = [{"kind": kind.value, "tier": tier.value, "target": n} for (kind, tier), n in sorted(targets.items())]
    made = ctx.saved(
        DesignationTargets(jurisdiction_code=city, edition=newest + 1, targets=said, set_by=ctx.person_id,
                           document_number=document_number.strip(), set_at=ctx.now)
    )  # fmt: skip
    told = {"edition": made.edition, "targets": said, "document_number": made.document_number}
    ctx.record("designation.target", made, Note(audience="public", told=told), grant=grant)
    return made
