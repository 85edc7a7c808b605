"""What the story knows: the figures of each year, whose places are those of the approved plans on record."""

from collections.abc import Mapping

import sqlalchemy as sa

from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan
from specialty_eval.store.registry import SpecialtyCode

from . import figures
from .city import Specialty
from .figures import Year
from .story import YEARS, Tale, scored_year
from .world import World

BLANK: Mapping[Tale, tuple[str, ...]] = {
    Tale.GAPS: ("contest_award", "joint_resources", "partner_posts"),
    Tale.WITHHELD: ("matched_employed", "local_employed"),
}
"""What a school leaves empty."""


def of_year(world: World, year: int) -> Year:
    """The figures of a year and of all before it, made once a run from the plans on record."""
    if not world.years:
        world.years.update(figures.opening(world.city))
    for later in range(YEARS[0], year + 1):
        if later not in world.years:
            world.years[later] = figures.of_year(world.city, later, quotas(world, later), world.years)
    return world.years[year]


def quotas(world: World, year: int) -> dict[str, int]:
    """Specialty code → places in the approved plan of an academic year."""
    found = (
        sa.select(SpecialtyCode.code, EnrolmentLine.quota)
        .join(EnrolmentLine, EnrolmentLine.specialty_id == SpecialtyCode.specialty_id)
        .join(EnrolmentPlan, EnrolmentPlan.id == EnrolmentLine.plan_id)
        .where(EnrolmentPlan.academic_year == year, EnrolmentPlan.state == "approved")
    )
    return {row.code: row.quota for row in world.session.execute(found)}


def reported(world: World, specialty: Specialty) -> dict[str, str]:
    """What the school hands in for its review at first: with its gaps and its slips."""
    true = of_year(world, scored_year(specialty.round))[specialty.code]
    own = {measure: true[measure] for measure in sorted(figures.SCHOOL)}
    for measure in BLANK.get(specialty.tale, ()) if specialty.tale else ():
        del own[measure]
    return own | slips(specialty, own)


def slips(specialty: Specialty, true: Mapping[str, str]) -> dict[str, str]:
    """What a school states wrongly."""
    if specialty.tale == Tale.RETURNED_TWICE:
        return {
            "equipment_value": str(int(true["equipment_value"]) * 13 // 10),
            "partner_posts": str(int(true["partner_posts"]) + 40),
        }
    if specialty.tale == Tale.CHALLENGED:
        return {"certificates_obtained": str(int(true["certificates_obtained"]) // 2)}
    return {}
