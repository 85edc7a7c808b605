"""The registry as anybody may read it: areas, catalogue, schools, specialties with their attributes and codes."""

from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict

from specialty_eval.actions import registry
from specialty_eval.actions.registry import Asked

from .codes import Code
from .deps import Ctx, Elsewhere, Paging, Transactional
from .shapes import GONE, MOVED, Level, Listed, SchoolKind

router = APIRouter(prefix="/v1", route_class=Transactional, tags=["registry"])

Class = Annotated[str | None, Query(alias="class", pattern=r"^[2-7][0-9]$", description="大类, two digits")]
Area = Annotated[str | None, Query(pattern=r"^[0-9]{6}$", description="GB/T 2260, six digits")]


class Row(BaseModel):
    """An answer built from a frozen row."""

    model_config = ConfigDict(from_attributes=True)


class JurisdictionAnswer(Row):
    """An area of GB/T 2260, or a functional zone that statistics use like one."""

    code: str
    name: str
    kind: Literal["province", "city", "county", "zone"]
    parent_code: str | None


class EditionAnswer(Row):
    """An edition of the national catalogue."""

    code: str
    title: str
    source: str
    loaded_at: datetime
    entries: int


class EntryAnswer(Row):
    """One specialty of the national list."""

    code: str
    name: str
    level: Level
    class_code: str
    class_name: str
    subclass_code: str
    subclass_name: str
    state_controlled: bool
    first_in: str


class PlaceAnswer(Row):
    """A code and the name it stands for."""

    code: str
    name: str


class SchoolAnswer(Row):
    """A school; `scheme` says whose identifier `code` is."""

    code: str
    scheme: Literal["education", "human_resources"]
    name: str
    kind: SchoolKind
    run_by: Literal["city", "county"]
    jurisdiction: PlaceAnswer
    city: str


class SpecialtyAnswer(Row):
    """A specialty under its present code. `state_controlled` (K), `length` (学制) and `campus` are no part of it."""

    code: str
    name: str
    direction: str
    level: Level
    class_code: str
    class_name: str
    catalogue_code: str
    catalogue_edition: str | None
    off_catalogue: bool
    state_controlled: bool
    length: str
    campus: str
    partner: str
    opened_on: date
    closed_on: date | None
    school: PlaceAnswer
    jurisdiction: PlaceAnswer
    city: str


class CodeAnswer(Row):
    """A readable code and the days it was valid."""

    code: str
    valid_from: date
    valid_to: date | None


class OneSpecialtyAnswer(SpecialtyAnswer):
    """A specialty with every code it has or had, the newest first."""

    codes: list[CodeAnswer]


@router.get("/jurisdictions")
def list_jurisdictions(ctx: Ctx, paging: Paging, parent: Area = None) -> Listed[JurisdictionAnswer]:
    """The areas, or those right below `parent` (public)."""
    return Listed[JurisdictionAnswer].of(*registry.areas(ctx, paging, parent))


@router.get("/catalogue")
def list_editions(ctx: Ctx) -> Listed[EditionAnswer]:
    """The editions of the national catalogue, the newest first (public)."""
    return Listed[EditionAnswer].of(registry.editions(ctx), None)


@router.get("/catalogue/{edition}/entries")
def list_entries(
    edition: str, ctx: Ctx, paging: Paging, level: Level | None = None, class_code: Class = None
) -> Listed[EntryAnswer]:
    """The specialties of an edition, in order of their codes (public)."""
    return Listed[EntryAnswer].of(*registry.entries(ctx, edition, paging, level=level, class_code=class_code))


@router.get("/schools")
def list_schools(
    ctx: Ctx, paging: Paging, county: Area = None, kind: SchoolKind | None = None
) -> Listed[SchoolAnswer]:  # fmt: skip
    """The schools, in order of their codes (public)."""
    return Listed[SchoolAnswer].of(*registry.schools(ctx, paging, county=county, kind=kind))


@router.get("/schools/{school}", responses=MOVED)
def read_school(school: str, ctx: Ctx) -> SchoolAnswer:
    """A school (public). 308 to the new code, and to the school it is part of now."""
    found = registry.school(ctx, school)
    if found.code != school:
        raise Elsewhere(RedirectResponse(quote(f"/v1/schools/{found.code}"), 308))
    return SchoolAnswer.model_validate(found)


@router.get("/specialties")
def list_specialties(
    ctx: Ctx,
    paging: Paging,
    school: Annotated[str | None, Query(max_length=18, description="a school's code")] = None,
    county: Area = None,
    level: Level | None = None,
    class_code: Class = None,
    closed: Annotated[bool, Query(description="closed ones too")] = False,
) -> Listed[SpecialtyAnswer]:
    """The specialties by school, county, level and class, each under its present code (public)."""
    asked = Asked(school=school, county=county, level=level, class_code=class_code)
    return Listed[SpecialtyAnswer].of(*registry.specialties(ctx, paging, asked, with_closed=closed))


@router.get("/specialties/{code}", responses=GONE)
def read_specialty(code: Code, ctx: Ctx) -> OneSpecialtyAnswer:
    """A specialty with its attributes and every code it has or had (public). 308 to the new code, 410 once closed."""
    row, codes = registry.specialty(ctx, code)
    shown = SpecialtyAnswer.model_validate(row).model_dump()
    return OneSpecialtyAnswer(**shown, codes=[CodeAnswer.model_validate(found) for found in codes])
