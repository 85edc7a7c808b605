"""Loading reference data: catalogue editions, jurisdictions, organisations and schools."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from specialty_eval.store import bulk, registry_queries, succession_queries
from specialty_eval.store.registry import CatalogueEdition, CatalogueEntry, Jurisdiction, Organisation, School

from . import intake_frozen
from .context import Context
from .intake_batch import Batch, Line, Outcome, cells, compare, missing, note_repeated, outcome
from .intake_source import Source, is_shared, outside
from .intake_tables import LEVEL_NAMES, LEVEL_OF_DIGIT


def catalogue(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """One edition of the national catalogue; another one stands beside it. Where other cities read it too, an entry on
    record is the operator's to mend.
    """
    for line in batch.lines:
        _check_entry(batch, line)
    edition = ctx.session.scalar(sa.select(CatalogueEdition).where(CatalogueEdition.code == source.of))
    entries = (
        ctx.session.scalars(sa.select(CatalogueEntry).where(CatalogueEntry.edition_id == edition.id)) if edition else ()
    )
    on_record = {row.code: (row.id, {c: getattr(row, c) for c in ENTRY_COLUMNS}) for row in entries}
    note_repeated(batch, ("code",), _code)
    found = compare(batch, on_record, _code, _entry)
    if found.changed and is_shared(ctx, source):
        for _, line in found.changed:
            batch.wrong(line, "code", "shared-with-other-cities")
    changes = intake_frozen.moved(found, dict(on_record.values()), _entry, ENTRY_DECIDES)
    owners = registry_queries.taught_from(ctx.session, changes)
    intake_frozen.refuse(ctx, batch, found, changes, owners)

    def write() -> None:
        kept = edition or ctx.saved(
            CatalogueEdition(code=source.of, title=f"职业教育专业目录（{source.of}）", source=f"sha256:{source.digest}",
                             loaded_at=ctx.now)
        )  # fmt: skip
        new = [(kept.id, _code(line), *_entry(line).values()) for line in found.new]
        bulk.insert_rows(ctx.session, CatalogueEntry, ("edition_id", "code", *ENTRY_COLUMNS), new)
        changed = [(number, *_entry(line).values()) for number, line in found.changed]
        bulk.update_rows(ctx.session, CatalogueEntry, ("id", *ENTRY_COLUMNS), changed)
        intake_frozen.tell(ctx, changes, owners)

    return outcome(found, write)


ENTRY_DECIDES = ("state_controlled",)
"""The attribute that a specialty has from its entry as it is now; of the others it has a copy."""
ENTRY_COLUMNS = (
    "name", "level", "class_code", "class_name", "subclass_code", "subclass_name", "state_controlled", "first_in",
)  # fmt: skip


def _code(line: Line) -> str:
    """Six digits: the K of a state-controlled entry is an attribute, not part of its code."""
    return line.text("code").removesuffix("K")


def _entry(line: Line) -> Mapping[str, Any]:
    values = (
        line.text("name_zh"), LEVEL_OF_DIGIT[line.text("code")[0]], line.text("class_code"), line.text("class_zh"),
        line.text("subclass_code"), line.text("subclass_zh"), line.flag("state_controlled"), line.text("first_in"),
    )  # fmt: skip
    return dict(zip(ENTRY_COLUMNS, values, strict=True))


def _check_entry(batch: Batch, line: Line) -> None:
    """A code begins with its class and sub-class, its first digit tells the level, its K that the state controls it."""
    code = line.text("code")
    for column in ("class_code", "subclass_code"):
        if not code.startswith(line.text(column)):
            batch.wrong(line, column, "code-not-of-class", code)
    if code.endswith("K") and not line.flag("state_controlled"):
        batch.wrong(line, "state_controlled", "not-one-of", "1")
    level = LEVEL_NAMES[LEVEL_OF_DIGIT[code[0]]]
    if line.text("level_zh") not in {"", level}:
        batch.wrong(line, "level_zh", "level-not-of-code", level)


PARENT_KIND = {"province": "", "city": "province", "county": "city", "zone": "city"}


def jurisdictions(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Provinces, cities, counties and zones; a new name is taken, another place in the tree is refused.

    Where other cities are served too, an administrator adds to and renames their own city alone.
    """
    areas = registry_queries.areas(ctx.session)
    kinds = {code: area.kind for code, area in areas.items()} | {n.text("code"): n.text("kind") for n in batch.lines}
    unsure = batch.suspects.get("code", frozenset())
    for line in batch.lines:
        parent, wanted = line.text("parent_code"), PARENT_KIND[line.text("kind")]
        if parent not in unsure and (kinds.get(parent, "") != wanted or bool(parent) != bool(wanted)):
            batch.wrong(line, "parent_code", "parent-not-of-kind", wanted)
    on_record = {
        code: (int(code), {"name": area.name, "kind": area.kind, "parent_code": area.parent or ""})
        for code, area in areas.items()
    }

    def said(line: Line) -> dict[str, str]:
        return {column: line.text(column) for column in ("name", "kind", "parent_code")}

    found = compare(batch, on_record, lambda line: line.text("code"), said, fixed=("kind", "parent_code"))
    if is_shared(ctx, source):
        for line in (*found.new, *(line for _, line in found.changed)):
            if not {line.text("code"), line.text("parent_code")} & (source.cities or frozenset()):
                batch.wrong(line, "code", "outside-your-city")

    def write() -> None:
        ranks = list(PARENT_KIND)
        for line in sorted(found.new, key=lambda line: ranks.index(line.text("kind"))):
            values = said(line)
            ctx.session.add(
                Jurisdiction(code=line.text("code"), **{**values, "parent_code": values["parent_code"] or None})
            )
            ctx.session.flush()
        changed = [(line.text("code"), line.text("name")) for _, line in found.changed]
        bulk.update_rows(ctx.session, Jurisdiction, ("code", "name"), changed)

    return outcome(found, write)


def organisations(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Bureaus, counties, departments and third parties; where one stands decides rights and stays."""
    _settle(ctx, batch, source)
    on_record = {
        key: (row.id, {"name": row.name, "jurisdiction_code": row.jurisdiction_code})
        for key, row in registry_queries.organisations(ctx.session).items()
    }

    def said(line: Line) -> dict[str, str]:
        return {column: line.text(column) for column in ("name", "jurisdiction_code")}

    found = compare(
        batch, on_record, lambda line: (line.text("kind"), line.text("code")), said, fixed=("jurisdiction_code",)
    )

    def write() -> None:
        new = [(line.text("kind"), line.text("code"), *said(line).values()) for line in found.new]
        bulk.insert_rows(ctx.session, Organisation, ("kind", "code", "name", "jurisdiction_code"), new)
        changed = [(number, line.text("name")) for number, line in found.changed]
        bulk.update_rows(ctx.session, Organisation, ("id", "name"), changed)

    return outcome(found, write)


SCHOOL_DECIDES = ("name", "kind", "run_by")
"""Who is recused, the attributes `school_kind` and `run_by`, and which county checks."""
SCHOOL_COLUMNS = ("code", "scheme", "name", "kind", "run_by", "jurisdiction_code")


def schools(ctx: Context, batch: Batch, source: Source) -> Outcome:
    """Schools, each with the organisation that its people's roles are held at.

    What decides a rule or a recusal is not changed under a review of theirs that has begun.
    """
    _settle(ctx, batch, source)
    for line in batch.lines:
        if line.text("scheme") == "education" and not (line.text("code").isdigit() and len(line.text("code")) == 10):
            batch.wrong(line, "code", "not-this-shape", "3637000001")
    refuse_superseded(ctx, batch, "code")
    areas = registry_queries.areas(ctx.session)
    on_record = {
        code: (row.id, {column: getattr(row, column) for column in SCHOOL_COLUMNS})
        for code, row in registry_queries.schools(ctx.session, cells(batch.lines, "code")).items()
    }

    def said(line: Line) -> dict[str, str]:
        return {column: line.text(column) for column in SCHOOL_COLUMNS}

    found = compare(batch, on_record, lambda line: line.text("code"), said, fixed=("scheme", "jurisdiction_code"))
    changes = intake_frozen.moved(found, dict(on_record.values()), said, SCHOOL_DECIDES)
    owners = registry_queries.taught_at(ctx.session, changes)
    intake_frozen.refuse(ctx, batch, found, changes, owners)

    def write() -> None:
        columns = ("kind", "code", "name", "jurisdiction_code")
        new = [("school", *(line.text(c) for c in columns[1:])) for line in found.new]
        bulk.insert_rows(ctx.session, Organisation, columns, new)
        ids = {
            code: row.id
            for (kind, code), row in registry_queries.organisations(ctx.session).items()
            if kind == "school"
        }
        rows = [
            (ids[line.text("code")], *said(line).values(), areas[line.text("jurisdiction_code")].city)
            for line in found.new
        ]
        bulk.insert_rows(ctx.session, School, ("id", *SCHOOL_COLUMNS, "city_code"), rows)
        changed = [
            (number, line.text("name"), line.text("kind"), line.text("run_by")) for number, line in found.changed
        ]
        before = {number: row["name"] for number, row in on_record.values()}
        renamed = {number: before[number] for number, name, *_ in changed if name != before[number]}
        succession_queries.keep_names(ctx.session, renamed, ctx.today)
        bulk.update_rows(ctx.session, School, ("id", "name", "kind", "run_by"), changed)
        bulk.update_rows(ctx.session, Organisation, ("id", "name"), [(number, name) for number, name, *_ in changed])
        intake_frozen.tell(ctx, changes, owners)

    return outcome(found, write)


def refuse_superseded(ctx: Context, batch: Batch, column: str) -> None:
    """A school's former code, or that of a school which is part of another now, is never used again."""
    former = succession_queries.former_school_codes(ctx.session, cells(batch.lines, column))
    for line in batch.lines:
        if line.text(column) in former:
            batch.wrong(line, column, "school-code-superseded", former[line.text(column)])


def _settle(ctx: Context, batch: Batch, source: Source) -> None:
    """Every row's area is known, belongs to a city, and lies where the caller's office reaches."""
    areas = registry_queries.areas(ctx.session)
    missing(batch, "jurisdiction_code", areas, "jurisdiction-unknown")
    outside(batch, source, "jurisdiction_code", lambda line: areas[line.text("jurisdiction_code")].city)
