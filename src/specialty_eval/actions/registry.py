"""Reads: the registry as anybody may see it, and which code a specialty has now."""

from dataclasses import replace

import sqlalchemy as sa

from specialty_eval.engine.errors import NotFound, Problem
from specialty_eval.store import registry_reads, status_queries, succession_queries
from specialty_eval.store.registry import CatalogueEdition, CatalogueEntry, Jurisdiction, School, Specialty
from specialty_eval.store.registry_reads import Asked, CodeRow, Edition, SchoolRow, SpecialtyRow

from .context import Context
from .paging import Page

__all__ = [
    "Asked",
    "areas",
    "editions",
    "entries",
    "school",
    "schools",
    "specialties",
    "specialty",
]


def areas(ctx: Context, page: Page, parent: str | None) -> tuple[list[Jurisdiction], str | None]:
    """The areas in order of their codes, or those right below one."""
    rows = list(ctx.session.scalars(page.within(registry_reads.areas(parent), Jurisdiction.code)))
    shown, cursor = page.cut(rows, lambda row: (row.code,))
    return list(shown), cursor


def editions(ctx: Context) -> list[Edition]:
    """Every edition of the catalogue, the newest first."""
    return registry_reads.editions(ctx.session)


def entries(
    ctx: Context, edition: str, page: Page, *, level: str | None, class_code: str | None
) -> tuple[list[CatalogueEntry], str | None]:
    """The entries of an edition in order of their codes; NotFound for an edition that is not there."""
    key = ctx.session.scalar(sa.select(CatalogueEdition.id).where(CatalogueEdition.code == edition))
    if key is None:
        raise NotFound(Problem("not-found", "catalogue", {"kind": "catalogue_edition", "id": edition}))
    query = registry_reads.entries(key, level=level, class_code=class_code)
    shown, cursor = page.cut(
        list(ctx.session.scalars(page.within(query, CatalogueEntry.code))), lambda row: (row.code,)
    )
    return list(shown), cursor


def schools(ctx: Context, page: Page, *, county: str | None, kind: str | None) -> tuple[list[SchoolRow], str | None]:
    """The schools in order of their codes."""
    query = page.within(registry_reads.schools(county=county, kind=kind), School.code)
    rows = [registry_reads.school_row(row) for row in ctx.session.execute(query)]
    shown, cursor = page.cut(rows, lambda row: (row.code,))
    return list(shown), cursor


def school(ctx: Context, code: str) -> SchoolRow:
    """A school by its code, one it had before or that of a school which is part of it now; NotFound."""
    now = succession_queries.present_school(ctx.session, code)
    row = ctx.session.execute(registry_reads.schools(code=now or code)).one_or_none()
    if row is None:
        raise NotFound(Problem("not-found", "school", {"kind": "school", "id": code}))
    return registry_reads.school_row(row)


def specialties(
    ctx: Context, page: Page, asked: Asked, *, with_closed: bool
) -> tuple[list[SpecialtyRow], str | None]:  # fmt: skip
    """The specialties in the order in which they were put on record."""
    asked = replace(asked, today=None if with_closed else ctx.today)
    rows = ctx.session.execute(page.within(registry_reads.specialties(asked), Specialty.id))
    shown, cursor = page.cut([registry_reads.specialty_row(row) for row in rows], lambda row: (row.id,))
    return list(shown), cursor


def specialty(ctx: Context, code: str) -> tuple[SpecialtyRow, list[CodeRow]]:
    """A specialty and every code it has or had; NotFound."""
    found = status_queries.named(ctx.session, code)
    if found is None:
        raise NotFound(Problem("not-found", "specialty", {"kind": "specialty", "id": code}))
    row = ctx.session.execute(registry_reads.specialties(Asked()).where(Specialty.id == found.id)).one()
    return registry_reads.specialty_row(row), registry_reads.codes(ctx.session, found.id)
