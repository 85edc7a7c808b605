"""Designations over confirmed ratings, and a green that came with the opening balance."""

from datetime import UTC, date, datetime

import sqlalchemy as sa

from factories_deliberation import Sitting
from specialty_eval.actions import designations, groups
from specialty_eval.actions.designations import Proposal
from specialty_eval.actions.groups import Members
from specialty_eval.engine.designation import DesignationKind
from specialty_eval.store.designations import Designation, SpecialtyGroup
from specialty_eval.store.outcomes import RatingInForce

DOCUMENT, WHY = "示例职〔2026〕7号", "示例：产教融合成效突出"
DEMONSTRATION, HIGH_LEVEL = DesignationKind.DEMONSTRATION, DesignationKind.HIGH_LEVEL


def was_green(s: Sitting, *shorts: str) -> None:
    """These have been green since before the installation."""
    s.session.add_all(
        RatingInForce(specialty_id=s.city.specialties[short], review_id=None, rating="green", year=2023, reasons=[],
                      document_number="示例旧1号", source="示例期初", valid_from=date(2024, 6, 1), valid_to=None,
                      known_from=datetime(2024, 6, 1, tzinfo=UTC), known_to=None)
        for short in shorts
    )  # fmt: skip
    s.session.flush()


def proposed(s: Sitting, short: str, kind: DesignationKind = DEMONSTRATION, who: str = "secretary") -> Designation:
    """A proposal for one specialty."""
    return designations.propose(s.as_(who), Proposal(kind, WHY, code=s.city.codes[short]))


def granted(s: Sitting, short: str, kind: DesignationKind = DEMONSTRATION) -> Designation:
    """A specialty that bears a designation."""
    return designations.grant(s.as_("bureau-approver"), proposed(s, short, kind).id, DOCUMENT)


def group(s: Sitting, *shorts: str, who: str = "secretary") -> SpecialtyGroup:
    """A group whose lead is the first of these."""
    codes = [s.city.codes[short] for short in shorts]
    return groups.create(s.as_(who), "示例专业群", Members(codes[0], codes, date(2026, 3, 1)))


def group_granted(s: Sitting, *shorts: str) -> Designation:
    """A group that bears a designation."""
    made = designations.propose(s.as_("secretary"), Proposal(DEMONSTRATION, WHY, group_id=group(s, *shorts).id))
    return designations.grant(s.as_("bureau-approver"), made.id, DOCUMENT)


def state(s: Sitting, row: Designation) -> str:
    """Where a designation stands now."""
    return s.session.scalars(sa.select(Designation.state).where(Designation.id == row.id)).one()
