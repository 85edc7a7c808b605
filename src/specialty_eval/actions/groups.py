"""Specialty groups: what a school builds together, version by version; which one leads is its school's to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from specialty_eval.engine.designation import DESIGNATION_ENDED
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import Grant, Role
from specialty_eval.engine.roles import roles
from specialty_eval.engine.vocabulary import Rating
from specialty_eval.store import designation_queries, rating_records, scopes
from specialty_eval.store.designation_queries import Built
from specialty_eval.store.designations import SpecialtyGroup, SpecialtyGroupMember, SpecialtyGroupVersion
from specialty_eval.store.registry import School

from .context import Context, Note
from .paging import Page

BUILDS = roles(Role.SCHOOL_HEAD, Role.SECRETARY)
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in a group from a day on, by code; the lead one is among them."""

    lead: str
    codes: Sequence[str]
    valid_from: date


def create(ctx: Context, name: str, new: Members) -> SpecialtyGroup:
    """A new group of one school's specialties. Invalid with every reason."""
    found, problems = _chosen(ctx, new)
    if new.lead not in found:
        ctx.office(*BUILDS)
        raise Invalid(*problems)
    by = _permit(ctx, found[new.lead].id)
    if not name.strip():
        problems.append(Problem("group-name-missing", "name"))
    if problems:
        raise Invalid(*problems)
    school = found[new.lead].school_id
    made = ctx.saved(SpecialtyGroup(school_id=school, name=name.strip(), made_by=by[1], made_at=ctx.now))
    _write(ctx, made, new, found, "", by)
    return made


def revise(ctx: Context, key: int, new: Members, reason: str) -> SpecialtyGroup:
    """The group as it is from a day on. A group that bears a designation keeps a green lead."""
    row = _found(ctx, key)
    old = designation_queries.newest_version(ctx.session, key)
    by = _permit(ctx, old.lead_id)
    found, problems = _chosen(ctx, new, row.school_id)
    if not reason.strip():
        problems.append(Problem("reason-missing", "reason"))
    if problems:
        raise Invalid(*problems)
    rating_records.hold(ctx.session, [one.id for one in found.values()] + [old.lead_id])
    ctx.locked(SpecialtyGroup, key)
    _refuse_lead(ctx, key, found[new.lead])
    _write(ctx, row, new, found, reason, by)
    for designation in designation_queries.of_group(ctx.session, key):
        designation.specialty_id = found[new.lead].id
    ctx.session.flush()
    return row


def _permit(ctx: Context, specialty_id: int) -> tuple[Grant | None, int]:
    """The grant under which somebody builds here, and who that is."""
    scope = scopes.of_specialty(ctx.session, specialty_id, acting=ctx.person_id)
    grant = ctx.permit(BUILDS, scope, where="group")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "group"))
    return grant, ctx.person_id


def _chosen(ctx: Context, new: Members, school: int | None = None) -> tuple[dict[str, Built], list[Problem]]:
    """The specialties that are named, and everything that is wrong with them together; the lead's school, or this."""
    codes = list(dict.fromkeys(new.codes))
    found = designation_queries.specialties(ctx.session, [*codes, new.lead])
    problems = [Problem("not-found", f"specialties.{code}", {"kind": "specialty", "id": code})
                for code in codes if code not in found]  # fmt: skip
    problems += [Problem("group-has-closed", f"specialties.{one.code}", {"codes": [one.code]})
                 for one in found.values() if one.closed_on is not None]  # fmt: skip
    if new.lead not in codes:
        problems.append(Problem("lead-not-in-group", "lead", {"lead": new.lead}))
    if len(codes) < FEWEST:
        problems.append(Problem("group-too-small", "specialties", {"at_least": FEWEST}))
    home = found[new.lead].school_id if school is None and new.lead in found else school
    problems += [Problem("specialty-of-another-school", f"specialties.{one.code}") for one in found.values()
                 if home is not None and one.school_id != home]  # fmt: skip
    return found, problems


def _refuse_lead(ctx: Context, key: int, lead: Built) -> None:
    rated = designation_queries.in_force(ctx.session, [lead.id], ctx.today)
    borne = [row for row in designation_queries.of_group(ctx.session, key)
             if row.granted_at is not None and row.state not in DESIGNATION_ENDED]  # fmt: skip
    if borne and rated.get(lead.id) != Rating.GREEN:
        raise NotNow(Problem("not-green", "lead"))


def _write(
    ctx: Context, row: SpecialtyGroup, new: Members, found: dict[str, Built], reason: str,
    by: tuple[Grant | None, int],
) -> None:  # fmt: skip
    number = len(designation_queries.versions(ctx.session, row.id)) + 1
    version = ctx.saved(
        SpecialtyGroupVersion(group_id=row.id, number=number, lead_id=found[new.lead].id, valid_from=new.valid_from,
                              reason=reason.strip(), made_by=by[1], made_at=ctx.now)
    )  # fmt: skip
    ctx.session.add_all(
        SpecialtyGroupMember(version_id=version.id, specialty_id=found[code].id) for code in dict.fromkeys(new.codes)
    )
    told = {"version": number, "lead": new.lead, "specialties": sorted(set(new.codes))}
    note = Note(reason=reason, audience="public", told=told, specialty_id=found[new.lead].id)
    ctx.record("group.create" if number == 1 else "group.revise", row, note, grant=by[0])


# --- reading ---------------------------------------------------------------------------------------------------------


def _found(ctx: Context, key: int) -> SpecialtyGroup:
    row = ctx.session.get(SpecialtyGroup, key)
    if row is None:
        raise NotFound(Problem("not-found", "group", {"kind": "specialty_group", "id": key}))
    return row


def read(ctx: Context, key: int) -> dict[str, Any]:
    """A group as it is now, and every version of it (public)."""
    row = _found(ctx, key)
    versions = designation_queries.versions(ctx.session, key)
    built = designation_queries.members(ctx.session, [version.id for version in versions])
    told = [_version(version, built[version.id]) for version in versions]
    school = ctx.session.get_one(School, row.school_id)
    return {"id": row.id, "name": row.name, "school_code": school.code, "school": school.name, **told[-1],
            "versions": told}  # fmt: skip


def _version(version: SpecialtyGroupVersion, built: Sequence[Built]) -> dict[str, Any]:
    return {
        "number": version.number, "valid_from": version.valid_from, "made_at": version.made_at,
        "reason": version.reason, "lead": next(one.code for one in built if one.id == version.lead_id),
        "specialties": [{"code": one.code, "name": one.name} for one in built],
    }  # fmt: skip


def listing(ctx: Context, page: Page, *, school: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """Groups as they are now, in order of id (public)."""
    query = designation_queries.groups()
    if school is not None:
        query = query.where(School.code == school)
    rows, cursor = page.cut(ctx.session.execute(page.within(query, SpecialtyGroup.id)).all(), lambda row: (row[0].id,))
    built = designation_queries.members(ctx.session, [row[1].id for row in rows])
    return [
        {"id": row.id, "name": row.name, "school_code": code, "school": named, **_version(version, built[version.id])}
        for row, version, code, named in rows
    ], cursor
