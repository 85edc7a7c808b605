"""The table of kinds: what each loaded file's columns are called, how their cells are read, which rows are the same."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from specialty_eval.engine.evidence import parse_value
from specialty_eval.engine.permissions import HELD_AT, Kind, Role
from specialty_eval.engine.policy import Measure, Rating
from specialty_eval.engine.roles import roles
from specialty_eval.engine.standing import BY_POLICY
from specialty_eval.store.accounts import SECTORS
from specialty_eval.store.registry import LEVELS, SCHOOL_KINDS

from .intake_cells import Column, day, one_of, optional, shaped, text, whole, year, yes_or_no


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of file. `key` are the columns that no two rows may share; `loaded_by` who may load it."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    loaded_by: frozenset[Role]
    audience: str = "public"
    keeps_file: bool = True
    """The file is kept under its hash, as the source of what it says."""


SCHOOL_CODE = shaped(r"[0-9A-Z]{6,18}", "3637000001")
AREA = shaped(r"[0-9]{6}", "371402")
ENTRY_OR_X = shaped(r"[2-7][0-9]{5}|X[0-9]{5}", "710201")
DIRECTION = shaped(r"[0-9A-Za-z\u4e00-\u9fff]{1,20}", "幼儿保育")
LEVEL_NAMES = {"secondary": "中职", "associate": "高职专科", "bachelor": "职教本科"}
LEVEL_OF_DIGIT = {
    "6": "secondary",
    "7": "secondary",
    "4": "associate",
    "5": "associate",
    "2": "bachelor",
    "3": "bachelor",
}
HOLDABLE = tuple(role.value for role, kinds in HELD_AT.items() if kinds)

_TRUE = yes_or_no("true", "false")
_SPECIALTY = (
    Column("school_code", SCHOOL_CODE),
    Column("catalogue_code", ENTRY_OR_X),
    optional("direction", DIRECTION),
)
SAME_SPECIALTY = ("school_code", "catalogue_code", "direction")
_SEAT = (
    Column("sector", one_of(SECTORS)),
    optional("substitute", _TRUE),
    Column("term_from", day),
    Column("term_to", day),
)
_ADMINISTRATOR, _SECRETARY = roles(Role.ADMINISTRATOR), roles(Role.SECRETARY)

CATALOGUE = Table(
    "catalogue",
    (
        optional("level_zh", one_of(LEVEL_NAMES.values())),
        optional("level_en", text(100)),
        Column("class_code", shaped(r"[2-7][0-9]", "71")),
        Column("class_zh", text(100)),
        Column("subclass_code", shaped(r"[2-7][0-9]{3}", "7102")),
        Column("subclass_zh", text(100)),
        Column("code", shaped(r"[2-7][0-9]{5}K?", "710201")),
        Column("name_zh", text(100)),
        Column("state_controlled", yes_or_no("1", "0")),
        Column("first_in", text(100)),
        optional("first_in_evidence", text(400)),
        optional("seen_in", text(400)),
    ),
    ("code",),
    _ADMINISTRATOR,
)
JURISDICTIONS = Table(
    "jurisdictions",
    (
        Column("code", AREA),
        Column("name", text(100)),
        Column("kind", one_of(("province", "city", "county", "zone"))),
        Column("parent_code", AREA, filled=False),
    ),
    ("code",),
    _ADMINISTRATOR,
)
SCHOOLS = Table(
    "schools",
    (
        Column("code", SCHOOL_CODE),
        Column("scheme", one_of(("education", "human_resources"))),
        Column("name", text(200)),
        Column("kind", one_of(SCHOOL_KINDS)),
        Column("run_by", one_of(("city", "county"))),
        Column("jurisdiction_code", AREA),
    ),
    ("code",),
    _ADMINISTRATOR,
)
ORGANISATIONS = Table(
    "organisations",
    (
        Column("kind", one_of(tuple(kind.value for kind in Kind if kind != Kind.SCHOOL))),
        Column("code", shaped(r"[0-9A-Za-z_-]{1,40}", "371402")),
        Column("name", text(200)),
        Column("jurisdiction_code", AREA),
    ),
    ("kind", "code"),
    _ADMINISTRATOR,
    audience="office",
)
SPECIALTIES = Table(
    "specialties",
    (
        Column("school_code", SCHOOL_CODE),
        Column("catalogue_code", ENTRY_OR_X, filled=False),
        optional("direction", DIRECTION),
        optional("name", text(100)),
        optional("level", one_of(LEVELS)),
        optional("class_code", shaped(r"[2-7][0-9]", "71")),
        optional("class_name", text(100)),
        optional("partner", text(200)),
        optional("length", shaped(r"[1-9](\+[1-9])?", "3+2")),
        optional("campus", text(100)),
        Column("opened_on", day),
        optional("closed_on", day),
    ),
    (*SAME_SPECIALTY, "name"),
    _ADMINISTRATOR,
)
PEOPLE = Table(
    "people",
    (
        Column("login", shaped(r"[0-9A-Za-z._@-]{3,200}", "zhang.san")),
        Column("name", text(200)),
        optional("contact", text(200)),
        optional("password", str),
        optional("employer_code", SCHOOL_CODE),
        optional("employer_name", text(200)),
        Column("role", one_of(HOLDABLE)),
        Column("organisation_kind", one_of(tuple(Kind))),
        Column("organisation_code", shaped(r"[0-9A-Za-z_-]{1,40}", "371402")),
        Column("valid_from", day),
        Column("valid_to", day, required=False, filled=False),
        optional("deputy", _TRUE),
        *(replace(column, required=False, filled=False) for column in _SEAT),
        optional("expert_fields", text(400)),
        optional("expert_at_most", whole(1, 1000)),
        optional("former_employers", text(1000)),
    ),
    ("login", "role", "organisation_kind", "organisation_code", "valid_from"),
    _ADMINISTRATOR,
    audience="office",
    keeps_file=False,
)
COMMITTEE = Table(
    "committee",
    (Column("login", shaped(r"[0-9A-Za-z._@-]{3,200}", "zhang.san")), *_SEAT),
    ("login", "sector", "term_from"),
    _ADMINISTRATOR,
    audience="office",
)
RATINGS = Table(
    "ratings",
    (
        *_SPECIALTY,
        Column("rating", one_of([r.value for r in Rating if r is not Rating.INCOMPLETE])),
        Column("year", year),
        Column("valid_from", day),
        Column("document_number", text(100)),
        Column("source", text(400)),
    ),
    (*SAME_SPECIALTY, "year"),
    _SECRETARY,
)
STANDINGS = Table(
    "standings",
    (
        *_SPECIALTY,
        Column("standing", one_of([state.value for state in BY_POLICY])),
        Column("since", day),
        Column("academic_year", year),
        optional("quota_before", whole(0, 100_000)),
        optional("steps_taken", whole(0, 10)),
        Column("source", text(400)),
    ),
    SAME_SPECIALTY,
    _SECRETARY,
)
QUOTAS = Table(
    "quotas",
    (
        *_SPECIALTY,
        Column("academic_year", year),
        Column("quota", whole(0, 100_000), filled=False),
        Column("capacity", whole(0, 100_000), filled=False),
        Column("source", text(400)),
    ),
    (*SAME_SPECIALTY, "academic_year"),
    _SECRETARY,
)
FIGURES = Table(
    "figures",
    (*_SPECIALTY, Column("year", year), optional("source", text(400))),
    (*SAME_SPECIALTY, "year"),
    _SECRETARY
    | roles(
        Role.SCHOOL_EDITOR,
        Role.SCHOOL_HEAD,
        Role.COUNTY_VERIFIER,
        Role.BUREAU_VERIFIER,
        Role.DEPARTMENT_SUPPLIER,
        Role.THIRD_PARTY_SUPPLIER,
        Role.INTEGRATION,
    ),
    audience="office",
)
TABLES = {
    table.name: table
    for table in (
        JURISDICTIONS, CATALOGUE, ORGANISATIONS, SCHOOLS, SPECIALTIES, PEOPLE, COMMITTEE, RATINGS, STANDINGS, QUOTAS,
        FIGURES,
    )
}  # fmt: skip
"""In the order in which a new installation loads them."""


def with_measures(measures: Iterable[Measure]) -> Table:
    """The table of figures whose further columns are a policy's measures."""
    columns = tuple(optional(measure.code, partial(parse_value, measure)) for measure in measures)
    return replace(FIGURES, columns=(*FIGURES.columns, *columns))
