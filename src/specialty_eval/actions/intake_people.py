"""Loading people with their roles, and the committee's seats. A row is one role of one person."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.permissions import HELD_AT, Kind, Role
from specialty_eval.store import bulk, registry_queries
from specialty_eval.store.accounts import CommitteeMember, Person, RoleGrant
from specialty_eval.store.registry import Organisation

from . import intake_experts, passwords
from .context import Context
from .intake_batch import Batch, Difference, Line, Outcome, cells, compare, outcome
from .intake_source import Source, outside

PERSON = ("name", "contact", "employer_id", "employer_name")
GRANT = ("valid_to", "deputy")
SEAT = ("substitute", "term_to")


def people(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """People, each with a role at an organisation. A role's end may be mended; a password is only ever given once."""
    at = registry_queries.organisations(ctx.session)
    _check_places(ctx, batch, source, at)
    persons = _persons(ctx, cells(batch.lines, "login"))
    elsewhere = _elsewhere(ctx, source, persons)
    _check_person(batch, at)
    _check_passwords(batch, persons, elsewhere)
    first = _first_of_each(batch.lines)
    known = {login: (row.id, {c: getattr(row, c) for c in PERSON}) for login, row in persons.items()}
    own = compare(_of(batch, first), known, lambda line: line.text("login"), lambda line: _person(line, at))
    _check_elsewhere(batch, own, elsewhere)
    grants = compare(batch, _grants(ctx, persons), lambda line: _grant_key(line, at), _grant)
    _check_over(ctx, batch, grants)
    seated = _of(batch, [line for line in batch.lines if line.text("sector")])
    seats = compare(seated, _seats(ctx, persons), lambda line: _seat_key(line, at), _seat)
    intake_experts.check(batch)
    lent = intake_experts.pool(ctx, batch, persons, lambda line: _organisation(line, at).id)
    tied = intake_experts.ties(ctx, batch, persons)

    def write() -> None:
        _write_people(ctx, own, at)
        ids = {login: row.id for login, row in _persons(ctx, cells(batch.lines, "login")).items()}
        _write_grants(ctx, grants, ids, at)
        _write_seats(ctx, seats, ids, lambda line: _organisation(line, at).id)
        intake_experts.write(ctx, lent, tied, ids, lambda line: _organisation(line, at).id)

    known_of = Difference(changed=[(0, line) for of in tied.values() for line in of.values()])
    return _by_row(batch, (own, grants, seats, lent, known_of), write)


def committee(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Seats in the guidance committee of the caller's bureau, for people who are known."""
    persons = _persons(ctx, cells(batch.lines, "login"))
    for line in batch.lines:
        if line.text("login") not in persons:
            batch.wrong(line, "login", "login-unknown")
        _check_term(batch, line)
    batch.keep(lambda line: line.text("login") in persons)
    bureau = source.bureau_id
    if bureau is None:
        batch.findings.add("bureau-unclear", batch.table.name, 0, "", "", "")
        return Outcome(0, 0, 0, lambda: None)
    on_record = {key[:2] + key[3:]: kept for key, kept in _seats(ctx, persons).items() if key[2] == bureau}
    found = compare(
        batch, on_record, lambda line: (line.text("login"), line.text("sector"), line.day("term_from")), _seat
    )
    ids = {login: row.id for login, row in persons.items()}
    return outcome(found, lambda: _write_seats(ctx, found, ids, lambda _: bureau))


# --- what is right about a row ---------------------------------------------------------------------------------------


def _organisation(line: Line, at: Mapping[tuple[str, str], Organisation]) -> Organisation:
    return at[line.text("organisation_kind"), line.text("organisation_code")]


def _check_places(ctx: Context, batch: Batch, source: Source, at: Mapping[tuple[str, str], Organisation]) -> None:
    """The organisation is known, lies within the caller's reach, and is of a kind that the role is held at."""
    absent = {
        line.row for line in batch.lines if (line.text("organisation_kind"), line.text("organisation_code")) not in at
    }
    for line in batch.lines:
        if line.row in absent:
            batch.wrong(line, "organisation_code", "organisation-unknown", line.text("organisation_kind"))
    batch.keep(lambda line: line.row not in absent)
    areas = registry_queries.areas(ctx.session)
    outside(batch, source, "organisation_code", lambda line: areas[_organisation(line, at).jurisdiction_code].city)
    for line in batch.lines:
        held_at = HELD_AT[Role(line.text("role"))]
        if Kind(line.text("organisation_kind")) not in held_at:
            batch.wrong(line, "role", "role-not-held-here", sorted(held_at), kind=line.text("organisation_kind"))


def _check_person(batch: Batch, at: Mapping[tuple[str, str], Organisation]) -> None:
    """A person's rows say the same of them; their employer is known; days run forwards; a seat is whole."""
    first: dict[str, Line] = {}
    for line in batch.lines:
        one = first.setdefault(line.text("login"), line)
        for column in ("name", "contact", "employer_code", "employer_name"):
            if line.text(column) != one.text(column):
                batch.wrong(line, column, "person-said-otherwise", one.text(column), first_row=one.row)
        if line.text("employer_code") and (Kind.SCHOOL, line.text("employer_code")) not in at:
            batch.wrong(line, "employer_code", "school-unknown")
        starts, ends = line.day("valid_from"), line.day("valid_to")
        if starts and ends and ends < starts:
            batch.wrong(line, "valid_to", "ends-before-it-begins", valid_from=starts.isoformat())
        if line.text("sector") or line.text("term_from") or line.text("term_to"):
            _check_seat(batch, line)


def _check_seat(batch: Batch, line: Line) -> None:
    for column in ("sector", "term_from", "term_to"):
        if not line.text(column):
            batch.wrong(line, column, "seat-not-whole")
    if line.text("role") not in {Role.COMMITTEE_MEMBER, Role.CHAIR}:
        batch.wrong(line, "sector", "seat-without-role", Role.COMMITTEE_MEMBER)
    _check_term(batch, line)


def _check_term(batch: Batch, line: Line) -> None:
    starts, ends = line.day("term_from"), line.day("term_to")
    if starts and ends and ends < starts:
        batch.wrong(line, "term_to", "ends-before-it-begins", valid_from=starts.isoformat())


def _elsewhere(ctx: Context, source: Source, persons: Mapping[str, Person]) -> set[str]:
    """The logins of those who hold a role in a city that is not the caller's, or held one: theirs to change too."""
    if source.cities is None:
        return set()
    ids = [row.id for row in persons.values()]
    held = (
        sa.select(RoleGrant.person_id, Organisation.jurisdiction_code)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(registry_queries.numbered(RoleGrant.person_id, ids))
        .distinct()
    )
    areas = registry_queries.areas(ctx.session)
    strange = {person for person, area in ctx.session.execute(held) if areas[area].city not in source.cities}
    return {login for login, row in persons.items() if row.id in strange}


def _check_elsewhere(batch: Batch, own: Difference, elsewhere: Collection[str]) -> None:
    """Name, contact and employer decide about recusal: nobody changes those of another city's person alone."""
    for _, line in own.changed:
        if line.text("login") in elsewhere:
            batch.wrong(line, "login", "person-of-another-city")


def _check_over(ctx: Context, batch: Batch, grants: Difference) -> None:
    """A role that is over stays over: who is to hold it again gets it anew, from a later day."""
    ids = [number for number, _ in grants.changed]
    rows = ctx.session.scalars(sa.select(RoleGrant).where(registry_queries.numbered(RoleGrant.id, ids)))
    over = {row.id: row.valid_to for row in rows if row.is_over(ctx.today)}
    for number, line in grants.changed:
        if (since := over.get(number)) is not None:
            batch.wrong(line, "valid_to", "role-over", since.isoformat(), since=since.isoformat())


def _check_passwords(batch: Batch, persons: Mapping[str, Person], elsewhere: Collection[str]) -> None:
    """A first password is long enough; another one for somebody known is not taken from a file. None is ever shown.

    Of another city's person it is not even said whether it is theirs.
    """
    checked: set[tuple[str, str]] = set()
    place = [column.name for column in batch.table.columns].index("password")
    for line in batch.lines:
        given, person = line.text("password"), persons.get(line.text("login"))
        if not given or (line.text("login"), given) in checked:
            continue
        code = ""
        if any(login == line.text("login") for login, _ in checked) or (
            person is not None
            and (line.text("login") in elsewhere or not passwords.matches(given, person.password_hash))
        ):
            code = "password-not-changed-here"
        elif len(given) < passwords.PASSWORD_AT_LEAST:
            code = "password-too-short"
        checked.add((line.text("login"), given))
        if code:
            rule = passwords.PASSWORD_AT_LEAST
            batch.findings.add(code, batch.table.name, line.row, "password", "", rule, {"at_least": rule}, place=place)


# --- what is on record, what is said ---------------------------------------------------------------------------------


def _persons(ctx: Context, logins: list[str]) -> dict[str, Person]:
    found = sa.select(Person).where(registry_queries.among(Person.login, logins))
    return {row.login: row for row in ctx.session.scalars(found)}


def _person(line: Line, at: Mapping[tuple[str, str], Organisation]) -> dict[str, Any]:
    employer = at.get((Kind.SCHOOL.value, line.text("employer_code")))
    return {
        "name": line.text("name"),
        "contact": line.text("contact"),
        "employer_id": employer.id if employer else None,
        "employer_name": line.text("employer_name"),
    }


def _grants(ctx: Context, persons: Mapping[str, Person]) -> dict[Any, tuple[int, dict[str, Any]]]:
    login_of = {row.id: login for login, row in persons.items()}
    found = sa.select(RoleGrant).where(registry_queries.numbered(RoleGrant.person_id, list(login_of)))
    return {
        (login_of[row.person_id], row.role, row.organisation_id, row.valid_from): (
            row.id, {column: getattr(row, column) for column in GRANT})
        for row in ctx.session.scalars(found) if row.person_id is not None
    }  # fmt: skip


def _grant_key(line: Line, at: Mapping[tuple[str, str], Organisation]) -> Any:
    return line.text("login"), line.text("role"), _organisation(line, at).id, line.day("valid_from")


def _grant(line: Line) -> dict[str, Any]:
    return {"valid_to": line.day("valid_to"), "deputy": line.flag("deputy")}


def _seats(ctx: Context, persons: Mapping[str, Person]) -> dict[Any, tuple[int, dict[str, Any]]]:
    login_of = {row.id: login for login, row in persons.items()}
    found = sa.select(CommitteeMember).where(registry_queries.numbered(CommitteeMember.person_id, list(login_of)))
    return {
        (login_of[row.person_id], row.sector, row.bureau_id, row.term_from): (
            row.id, {column: getattr(row, column) for column in SEAT})
        for row in ctx.session.scalars(found)
    }  # fmt: skip


def _seat_key(line: Line, at: Mapping[tuple[str, str], Organisation]) -> Any:
    return line.text("login"), line.text("sector"), _organisation(line, at).id, line.day("term_from")


def _seat(line: Line) -> dict[str, Any]:
    return {"substitute": line.flag("substitute"), "term_to": line.day("term_to")}


def _first_of_each(lines: Iterable[Line]) -> list[Line]:
    """One row of each person, the one with a password where there is one."""
    first: dict[str, Line] = {}
    for line in lines:
        if line.text("login") not in first or (
            line.text("password") and not first[line.text("login")].text("password")
        ):
            first[line.text("login")] = line
    return list(first.values())


def _of(batch: Batch, lines: list[Line]) -> Batch:
    return Batch(batch.table, batch.findings, lines)


# --- writing ---------------------------------------------------------------------------------------------------------


def _write_people(ctx: Context, found: Difference, at: Mapping[tuple[str, str], Organisation]) -> None:
    new = [
        (line.text("login"), passwords.kept(line.text("password")), True, *_person(line, at).values())
        for line in found.new
    ]
    bulk.insert_rows(ctx.session, Person, ("login", "password_hash", "active", *PERSON), new)
    changed = [(number, *_person(line, at).values()) for number, line in found.changed]
    bulk.update_rows(ctx.session, Person, ("id", *PERSON), changed)


def _write_grants(
    ctx: Context, found: Difference, ids: Mapping[str, int], at: Mapping[tuple[str, str], Organisation]
) -> None:
    columns = ("person_id", "role", "organisation_id", "valid_from", *GRANT)
    new = [
        (ids[line.text("login")], line.text("role"), _organisation(line, at).id, line.day("valid_from"),
         *_grant(line).values())
        for line in found.new
    ]  # fmt: skip
    bulk.insert_rows(ctx.session, RoleGrant, columns, new)
    changed = [(number, *_grant(line).values()) for number, line in found.changed]
    bulk.update_rows(ctx.session, RoleGrant, ("id", *GRANT), changed)


def _write_seats(ctx: Context, found: Difference, ids: Mapping[str, int], bureau_of: Any) -> None:
    columns = ("person_id", "bureau_id", "sector", "term_from", *SEAT)
    new = [
        (ids[line.text("login")], bureau_of(line), line.text("sector"), line.day("term_from"), *_seat(line).values())
        for line in found.new
    ]
    bulk.insert_rows(ctx.session, CommitteeMember, columns, new)
    changed = [(number, *_seat(line).values()) for number, line in found.changed]
    bulk.update_rows(ctx.session, CommitteeMember, ("id", *SEAT), changed)


def _by_row(batch: Batch, parts: Iterable[Difference], write: Any) -> Outcome:
    """A row counts as new where its role is, as changed where anything of it is."""
    own, grants, seats, lent, tied = parts
    new = {line.row for line in (*grants.new, *seats.new, *lent.new)}
    changed = {line.row for part in (own, grants, seats, lent, tied) for _, line in part.changed} - new
    new |= {line.row for line in own.new}
    return Outcome(len(new), len(changed), len(batch.lines) - len(new | changed), write)
