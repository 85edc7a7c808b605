"""What somebody is tied to, who may therefore have no part: schools and enterprises, by number and by name."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from specialty_eval.engine.committee import PARTNERS_APART

from .accounts import Person
from .experts import ExpertTie
from .registry import Organisation, School
from .successions import SchoolName

Known: TypeAlias = int | sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int]
"""A person's number, the parameter that it will be, or a column that has it."""

_TEXTS: ARRAY[str] = ARRAY(sa.Text())
_NUMBERS: ARRAY[int] = ARRAY(sa.BigInteger())


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """What somebody is tied to: schools, as what they are part of now, and names of whatever employs or interests them.

    Of one person both are worked out once a statement, however many rows are asked about and however often.
    """

    person_id: Known
    schools: sa.ColumnElement[Any]
    names: sa.ColumnElement[Any]

    @property
    def is_one(self) -> bool:
        """One person throughout the statement: what is found of them need not be looked for row by row."""
        return _is_one(self.person_id)


KEPT = 64
"""People for whom the conditions are kept as they were put together: that costs more than to ask the database."""


def _is_one(person_id: Known) -> bool:
    return isinstance(person_id, int | sa.BindParameter)


@lru_cache(maxsize=KEPT)
def near(person_id: Known) -> Near:
    """Where the person works, worked, or has declared an interest for good (see `experts`); the same object again.

    A school is known by its number and by every name that it has had, and leads on to what it is part of now.
    """
    names = _once(_names(person_id), person_id)
    return Near(person_id, _once(_schools(person_id, names), person_id), names)


def _once(found: sa.ColumnElement[Any], person_id: Known) -> sa.ColumnElement[Any]:
    """Of one person a row beside the statement, read wherever it is needed."""
    if not _is_one(person_id):
        return found
    row = beside(sa.select(found.label("found")))
    return sa.cast(sa.select(row.c.found).scalar_subquery(), found.type)  # uncast, ANY would take it for a set


def beside(found: sa.Select[*tuple[Any, ...]]) -> sa.CTE:
    """What is found once a statement. MATERIALIZED: else PostgreSQL counts it again for every row that asks."""
    return found.cte().prefix_with("MATERIALIZED")


def _names(person_id: Known) -> sa.ColumnElement[Any]:
    return sa.func.array(
        sa.union_all(
            _of_person(sa.func.trim(Person.employer_name), person_id).where(sa.func.trim(Person.employer_name) != ""),
            _of_person(Organisation.name, person_id, sa.join(Person, Organisation)),
            _tie(sa.func.trim(ExpertTie.enterprise), person_id).where(ExpertTie.enterprise != ""),
        ).scalar_subquery(),
        type_=_TEXTS,
    )


def _schools(person_id: Known, names: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    numbers = sa.func.array(
        sa.union_all(
            _of_person(Person.employer_id, person_id).where(Person.employer_id.is_not(None)),
            _tie(ExpertTie.school_id, person_id).where(ExpertTie.school_id.is_not(None)),
        ).scalar_subquery(),
        type_=_NUMBERS,
    )
    tied = aliased(School)
    known = sa.union_all(
        sa.select(part_of(tied)).where(tied.id == sa.any_(numbers)).correlate_except(tied),
        sa.select(part_of(tied)).where(tied.name == sa.any_(names)).correlate_except(tied),
        sa.select(part_of(tied))
        .join(SchoolName, SchoolName.school_id == tied.id)
        .where(SchoolName.name == sa.any_(names))
        .correlate_except(tied, SchoolName),
    )
    return sa.func.array(known.scalar_subquery(), type_=_NUMBERS)


def _of_person(column: Any, person_id: Known, table: Any = Person) -> sa.Select[Any]:
    return sa.select(column).select_from(table).where(Person.id == person_id).correlate_except(Person, Organisation)


def _tie(column: Any, person_id: Known) -> sa.Select[Any]:
    found = sa.select(column).where(ExpertTie.person_id == person_id, ExpertTie.lifted_at.is_(None))
    return found.correlate_except(ExpertTie)


def part_of(school: type[School]) -> sa.ColumnElement[int]:
    """What the school is part of now: itself, or where a chain of mergers has led to."""
    return sa.func.coalesce(school.successor_id, school.id)


def is_tied(who: Near, school: type[School], partner: Any) -> sa.ColumnElement[bool]:
    """Whether the person is tied to the school or to one of the partner enterprises.

    Several partners stand in one text, as lists are written: 示例甲公司、示例乙公司.
    """
    text = sa.func.trim(partner)
    partners = sa.func.regexp_split_to_array(text, PARTNERS_APART, type_=_TEXTS)
    named = sa.func.array_append(partners, text, type_=_TEXTS)
    return sa.or_(part_of(school) == sa.any_(who.schools), named.overlap(who.names))
