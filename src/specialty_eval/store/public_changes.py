"""What else became of a specialty, as far as anybody may know it: successions, designations, supports, and of its lists
what was set right and by which version of the policy they were computed.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from specialty_eval.engine.amendment import AmendmentState
from specialty_eval.engine.designation import DesignationState

from .amendments import Amendment
from .cycles import PolicyDocument
from .designations import Designation, SpecialtyGroup
from .outcomes import Erratum, Publication, PublicationEntry
from .registry import School, Specialty
from .reviews import Review
from .successions import Succession, SuccessionLine
from .supports import SupportGrant


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: on a day (`on`) or at an instant (`at`), what, in up to three words of its own."""

    on: date | None
    at: datetime | None
    what: str
    one: str
    two: str
    three: str
    document_number: str
    round_id: int | None
    list_number: int | None


NO_TEXT, NO_NUMBER = sa.literal(""), sa.null().cast(sa.BigInteger)
NO_DAY, NO_INSTANT = sa.null().cast(sa.Date), sa.null().cast(sa.DateTime(timezone=True))
COLUMNS = ("on", "at", "what", "one", "two", "three", "document_number", "round_id", "list_number")


def changes(session: Session, specialty_id: int) -> list[Change]:
    """Every change, newest first; one statement."""
    parts = (_successions, _granted, _reviewed, _decided, _supported, _unsupported, _set_right, _computed_anew)
    every = sa.union_all(*(part(specialty_id) for part in parts)).subquery("every")
    when = sa.func.coalesce(every.c.at, sa.cast(every.c.on, sa.DateTime(timezone=True)))
    found = session.execute(sa.select(every).order_by(when.desc(), every.c.what, every.c.one, every.c.two))
    return [Change(*list(row)) for row in found]


def _select(*columns: Any) -> sa.Select[Any]:
    return sa.select(*(sa.label(name, column) for name, column in zip(COLUMNS, columns, strict=True)))


def _successions(key: int) -> sa.Select[Any]:
    """What it came from and what went out of it, by the other's name and code; what it was called before, by codes."""
    line, other, at = SuccessionLine, aliased(Specialty), aliased(School)
    is_here, is_itself = line.to_specialty_id == key, line.from_specialty_id == line.to_specialty_id
    what = sa.literal("succession_") + line.act
    what = sa.case((is_itself, what), (is_here, what + "_here"), else_=what + "_from_here")
    code = sa.case((sa.or_(is_itself, is_here), line.from_code), else_=line.to_code)
    named = sa.case((is_itself, line.to_code), else_=other.name)
    taught_at = sa.case((is_itself, ""), else_=at.name)
    chosen = _select(line.effective_on, NO_INSTANT, what, code, named, taught_at,
                     Succession.document_number, NO_NUMBER, NO_NUMBER)  # fmt: skip
    chosen = chosen.select_from(line).join(Succession, Succession.id == line.succession_id)
    of_other = sa.case((is_here, line.from_specialty_id), else_=line.to_specialty_id)
    chosen = chosen.join(other, other.id == of_other).join(at, at.id == other.school_id)
    return chosen.where(sa.or_(line.from_specialty_id == key, line.to_specialty_id == key))


def _honour(key: int, at: Any, what: str, document: Any) -> sa.Select[Any]:
    group = sa.func.coalesce(SpecialtyGroup.name, "")
    chosen = _select(NO_DAY, at, sa.literal(what), Designation.kind, group, NO_TEXT, document, NO_NUMBER, NO_NUMBER)
    chosen = chosen.select_from(Designation).outerjoin(SpecialtyGroup, SpecialtyGroup.id == Designation.group_id)
    return chosen.where(Designation.specialty_id == key, Designation.granted_at.is_not(None))


def _granted(key: int) -> sa.Select[Any]:
    return _honour(key, Designation.granted_at, "designation_granted", Designation.document_number)


def _reviewed(key: int) -> sa.Select[Any]:
    chosen = _honour(key, Designation.review_since, "designation_under_review", NO_TEXT)
    return chosen.where(Designation.state == DesignationState.UNDER_REVIEW.value)


def _decided(key: int) -> sa.Select[Any]:
    chosen = _honour(key, Designation.decided_at, "designation_", Designation.decision_document)
    ended = (DesignationState.KEPT.value, DesignationState.WITHDRAWN.value)
    columns = {column.name: column for column in chosen.selected_columns}
    columns["what"] = (sa.literal("designation_") + Designation.state).label("what")
    return chosen.with_only_columns(*columns.values()).where(Designation.state.in_(ended))


def _supported(key: int) -> sa.Select[Any]:
    grant = SupportGrant
    amount = sa.func.coalesce(grant.amount, "")
    chosen = _select(grant.valid_from, NO_INSTANT, sa.literal("support_granted"), grant.what, amount, NO_TEXT,
                     grant.document_number, NO_NUMBER, NO_NUMBER)  # fmt: skip
    return chosen.where(grant.specialty_id == key)


def _unsupported(key: int) -> sa.Select[Any]:
    grant = SupportGrant
    chosen = _select(grant.ended_on, NO_INSTANT, sa.literal("support_ended"), grant.what, NO_TEXT, NO_TEXT, NO_TEXT,
                     NO_NUMBER, NO_NUMBER)  # fmt: skip
    return chosen.where(grant.specialty_id == key, grant.ended_on.is_not(None))


def _set_right(key: int) -> sa.Select[Any]:
    """Errata of the lists in publicity or after it on which it stands, unless they are about another one."""
    mine = sa.select(Review.id).where(Review.specialty_id == key)
    listed = sa.select(PublicationEntry.publication_id).where(
        PublicationEntry.review_id.in_(mine), PublicationEntry.edition == Publication.edition
    )
    chosen = _select(NO_DAY, Erratum.made_at, sa.literal("erratum"), Erratum.text, NO_TEXT, NO_TEXT, NO_TEXT,
                     Publication.round_id, Publication.number)  # fmt: skip
    chosen = chosen.select_from(Erratum).join(Publication, Publication.id == Erratum.publication_id)
    return chosen.where(
        Publication.opened_at.is_not(None), Publication.id.in_(listed),
        sa.or_(Erratum.review_id.is_(None), Erratum.review_id.in_(mine)),
    )  # fmt: skip


def _computed_anew(key: int) -> sa.Select[Any]:
    """Versions of the policy that took another's place in a round that reviews it."""
    old, new = aliased(PolicyDocument), aliased(PolicyDocument)
    rounds = sa.select(Review.round_id).where(Review.specialty_id == key)
    chosen = _select(NO_DAY, Amendment.recorded_at, sa.literal("amendment"), old.policy_version, new.policy_version,
                     Amendment.reason, NO_TEXT, Amendment.round_id, NO_NUMBER)  # fmt: skip
    chosen = (
        chosen.select_from(Amendment)
        .join(old, old.id == Amendment.from_policy_id)
        .join(new, new.id == Amendment.to_policy_id)
    )
    return chosen.where(Amendment.state == AmendmentState.RECORDED.value, Amendment.round_id.in_(rounds))
