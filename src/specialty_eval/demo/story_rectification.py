"""What the yellow and the red mend: plans handed in or not, rechecks passed and failed."""

from collections.abc import Iterator
from datetime import date
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import rectifications
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.store.outcomes import Rectification, RectificationMilestone
from specialty_eval.store.registry import SpecialtyCode

from .city import CITY, Specialty
from .story import YEARS, Tale
from .world import Step, World

WITHOUT_PLAN = frozenset({Tale.NO_PLAN, Tale.DEFAULTED})
"""Their schools hand in no plan either."""
MENDED = frozenset({Tale.RECOVERS, Tale.RECTIFIED})
"""What is certain to pass; of the other yellow ones most do, of the other red ones none."""
FAILS = 4
"""Every so many-th yellow one does not pass its first recheck."""


def rechecked(number: int) -> Iterator[Step]:
    """What was to be mended a year before is proved and looked at, before the cutoff of the year's plan."""
    if number > 1:
        year = YEARS[number - 1]
        yield Step(f"{year} 整改佐证 · what was mended is proved", partial(_prove, number=number))
        yield Step(f"{year} 整改验收 · rechecked", _recheck)


def planned(number: int) -> Step:
    """The schools of this round's yellow and red hand in what they will mend."""
    return Step(f"{YEARS[number - 1]} 整改方案 · rectification plans handed in", _hand_in)


def begun(number: int) -> Step:
    """The bureau agrees to the plans; where none came in time, closing is proposed."""
    return Step(f"{YEARS[number - 1]} 整改开始 · plans agreed to, others lapsed", _begin)


def autumn(number: int) -> Iterator[Step]:
    """What a rating of the summer owes."""
    if number > 1:
        year = YEARS[number - 1]
        yield Step(f"{year} 秋季整改 · plans and rechecks of the autumn", _catch_up)


def _in_state(world: World, state: str) -> list[tuple[Specialty, Rectification]]:
    """The rectifications in a state with their specialties, in order of id."""
    found = (
        sa.select(SpecialtyCode.code, Rectification)
        .join(Rectification, Rectification.specialty_id == SpecialtyCode.specialty_id)
        .where(Rectification.state == state, SpecialtyCode.valid_to.is_(None))
        .order_by(Rectification.id)
    )
    by_code = {s.code: s for s in world.city.specialties}
    return [(by_code[code], row) for code, row in world.session.execute(found)]


def _hand_in(world: World) -> None:
    for specialty, row in _in_state(world, "due"):
        if specialty.tale not in WITHOUT_PLAN:
            year = world.now.year
            steps = [Milestone("补充“双师型”教师，完善实训条件", date(year, 12, 31))]
            if specialty.tale in MENDED:
                steps.append(Milestone("新增两家合作企业，落实岗位实习", date(year + 1, 3, 31)))
            plan = f"示例整改方案：{specialty.name}专业对照得分表逐项整改。"
            rectifications.hand_in(world.as_(f"head-{specialty.school}"), row.id, plan, steps)


def _begin(world: World) -> None:
    """On the morning after the last day of the round's many."""
    waiting = [row.plan_due for _, row in _in_state(world, "due")]
    world.after(min(waiting, default=world.now))
    rectifications.act_on_due(world.clock(), city=CITY)
    _agree(world)


def _agree(world: World) -> None:
    for _, row in _in_state(world, "planned"):
        rectifications.start(world.as_("verifier"), row.id)


def _prove(world: World, number: int) -> None:
    """A week before the cutoff, who is due this summer reports what was done; who is phased out has nothing to."""
    world.on(YEARS[number - 1], 6, 24)
    due = [(s, row) for s, row in _in_state(world, "in_progress") if row.recheck_from.year == YEARS[number - 1]]
    going = {row.id: s for s, row in due}
    found = sa.select(RectificationMilestone.rectification_id, RectificationMilestone.code).where(
        RectificationMilestone.rectification_id.in_(going), RectificationMilestone.proved_at.is_(None)
    )
    for key, code in list(world.session.execute(found.order_by(RectificationMilestone.id))):
        if going[key].tale != Tale.PHASED_OUT:
            done = Proof("已按方案完成，见学校整改报告")
            rectifications.prove(world.as_(f"editor-{going[key].school}"), key, code, done)


def _recheck(world: World) -> None:
    world.wait(1)
    rectifications.act_on_due(world.clock(), city=CITY)
    verifier = world.as_("verifier")
    for n, (specialty, row) in enumerate(_in_state(world, "recheck"), 1):
        if specialty.tale in MENDED or (row.rating == "yellow" and (row.failures or n % FAILS)):
            rectifications.pass_(verifier, row.id, "逐项核验，整改到位")
        else:
            rectifications.fail(verifier, row.id, "办学条件仍未达到要求")


def _catch_up(world: World) -> None:
    """A rating that an objection delayed has its own days."""
    _hand_in(world)
    _agree(world)
    _recheck(world)
