"""What the yellow and the red mend: plans handed in or not, rechecks passed and failed, closing proposed at the end."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import closings, rectifications
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.store.closings import ClosingProposal
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


AFTER_A_YEAR = 2
"""The round in whose year the committee takes up what was proposed to close the year before."""


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
    """What a rating of the summer owes, and what the committee says of those without a plan a year before."""
    year = YEARS[number - 1]
    if number == AFTER_A_YEAR:
        yield Step(f"{year} 拟撤销审议 · closing or keeping decided", _decide)
    if number > 1:
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


def _decide(world: World) -> None:
    """The schools have had notice: what did nothing at all is to be closed once its students have left."""
    by_code = {s.code: s for s in world.city.specialties}
    found = (
        sa.select(ClosingProposal.id, SpecialtyCode.code)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == ClosingProposal.specialty_id)
        .where(ClosingProposal.decision.is_(None), ClosingProposal.proposed_at < world.now - timedelta(days=180))
        .order_by(ClosingProposal.id)
    )
    for n, (key, code) in enumerate(list(world.session.execute(found)), 1):
        closings.receive(world.as_(f"head-{by_code[code].school}"), key)
        is_silent = by_code[code].tale == Tale.DEFAULTED
        decision, reason = (
            ("close", "既未报送材料也未提交整改方案") if is_silent else ("keep", "已补交整改方案，保留观察")
        )
        paper = f"示例职委〔{world.now.year}〕{n}号"
        closings.decide(world.as_("secretary"), key, decision, paper, reason)


def _catch_up(world: World) -> None:
    """A rating that an objection delayed has its own days."""
    _hand_in(world)
    _agree(world)
    _recheck(world)
