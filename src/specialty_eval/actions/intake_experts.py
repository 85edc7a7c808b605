"""Loading the pool with the people: fields and limit beside an expert's role, former employers beside anybody's."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine.allotting import is_field
from specialty_eval.engine.committee import PARTNERS_APART
from specialty_eval.engine.permissions import Role
from specialty_eval.store import bulk, registry_queries
from specialty_eval.store.accounts import Person
from specialty_eval.store.experts import FORMER_EMPLOYER, Expert, ExpertTie
from specialty_eval.store.registry import School

from . import too_near
from .context import Context
from .intake_batch import Batch, Difference, Line, compare

PLACE = ("fields", "at_most", "valid_to")
Tie = tuple[int | None, str]
"""A school's number, or an enterprise's name."""


def check(batch: Batch) -> None:
    """Fields are the beginnings of catalogue codes, and stand with an expert's role; a limit stands with fields."""
    for line in batch.lines:
        if not all(map(is_field, _apart(line.text("expert_fields")))):
            batch.wrong(line, "expert_fields", "expert-field-unknown", "71、7102、710201、*")
        if line.text("expert_fields") and line.text("role") != Role.EXPERT:
            batch.wrong(line, "expert_fields", "fields-without-role", Role.EXPERT)
        if line.text("expert_at_most") and not line.text("expert_fields"):
            batch.wrong(line, "expert_at_most", "fields-missing")


def _apart(text: str) -> list[str]:
    """What a cell lists, each once, as partner enterprises are listed: 71、6601 or 71;6601."""
    return sorted({*re.split(PARTNERS_APART, text.strip())} - {""})


def pool(ctx: Context, batch: Batch, persons: Mapping[str, Person], bureau_of: Callable[[Line], int]) -> Difference:
    """How the rows with fields differ from the pool on record."""
    login_of = {row.id: login for login, row in persons.items()}
    found = sa.select(Expert).where(registry_queries.numbered(Expert.person_id, list(login_of)))
    on_record: dict[tuple[str, int, date | None], tuple[int, dict[str, Any]]] = {
        (login_of[row.person_id], row.bureau_id, row.valid_from): (row.id, {c: getattr(row, c) for c in PLACE})
        for row in ctx.session.scalars(found)
    }
    lent = Batch(batch.table, batch.findings, [line for line in batch.lines if line.text("expert_fields")])
    return compare(lent, on_record, lambda line: (line.text("login"), bureau_of(line), line.day("valid_from")), _place)


def _place(line: Line) -> dict[str, Any]:
    return {
        "fields": _apart(line.text("expert_fields")),
        "at_most": line.whole("expert_at_most"),
        "valid_to": line.day("valid_to"),
    }


def ties(ctx: Context, batch: Batch, persons: Mapping[str, Person]) -> dict[str, dict[Tie, Line]]:
    """Login → the former employers that are not on record of them, each with its row. A file lifts none."""
    ids = [row.id for row in persons.values()]
    kept = sa.select(ExpertTie.person_id, ExpertTie.school_id, ExpertTie.enterprise).where(
        registry_queries.numbered(ExpertTie.person_id, ids), ExpertTie.kind == FORMER_EMPLOYER
    )
    on_record = {(person, (school, name)) for person, school, name in ctx.session.execute(kept)}
    named = {name for line in batch.lines for name in _employers(line)}
    schools = sa.select(School.name, School.id).where(registry_queries.among(School.name, sorted(named)))
    school_of: dict[str, int] = {name: key for name, key in ctx.session.execute(schools)}  # noqa: C416 -- a Row is no tuple
    found: dict[str, dict[Tie, Line]] = {}
    for line in batch.lines:
        person = persons.get(line.text("login"))
        for name in _employers(line):
            tie = (school_of[name], "") if name in school_of else (None, name)
            if person is None or (person.id, tie) not in on_record:
                found.setdefault(line.text("login"), {}).setdefault(tie, line)
    return found


def _employers(line: Line) -> list[str]:
    return _apart(line.text("former_employers"))


def write(
    ctx: Context, found: Difference, new_ties: Mapping[str, Mapping[Tie, Line]], ids: Mapping[str, int],
    bureau_of: Callable[[Line], int],
) -> None:  # fmt: skip
    """Put places and ties on record; whoever is too near by one to a review they were asked about is replaced."""
    columns = ("person_id", "bureau_id", "valid_from", *PLACE)
    places = [
        {"person_id": ids[line.text("login")], "bureau_id": bureau_of(line), "valid_from": line.day("valid_from"),
         **_place(line)}
        for line in found.new
    ]  # fmt: skip
    bulk.insert_all(ctx.session, Expert, ({name: place[name] for name in columns} for place in places))
    for number, line in found.changed:
        ctx.session.execute(sa.update(Expert).where(Expert.id == number).values(**_place(line)))
    bulk.insert_all(ctx.session, ExpertTie, (
        {"person_id": ids[login], "kind": FORMER_EMPLOYER, "school_id": school, "enterprise": name,
         "declared_at": ctx.now, "declared_by": ctx.person_id}
        for login, of in new_ties.items() for school, name in of
    ))  # fmt: skip
    for login in new_ties:
        too_near.act_on(ctx, ids[login])
