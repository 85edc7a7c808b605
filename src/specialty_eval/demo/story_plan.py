"""From ratings in force to places: a year's enrolment plan by two people, and the academic year it begins with."""

from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import plans, standings
from specialty_eval.actions.plans import Adjustment
from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan, OpeningQuota
from specialty_eval.store.registry import SpecialtyCode

from .city import City
from .story import YEARS, Tale
from .world import Step, World

RETURNED = 2
"""The round in whose year the approver gives the plan back once."""
ORDER_CLASS, DORMITORY = "与企业签订订单班，定向增加培养", "学校宿舍改造，床位暂减"
BEGINS_AGAIN = "上轮红牌停招，本轮已转黄，恢复小规模招生"
SPLIT = "分设首年，从原专业名额中划出"
"""Why the planner moves a line up, why one down, why one is not nought, and whence one has its first places."""
SPLIT_PLACES = 20


def planned(number: int) -> Iterator[Step]:
    """The plan of the round's year: drafted once the ratings that act on it are in force, adjusted, approved."""
    year = YEARS[number - 1]
    yield Step(f"{year} 招生计划草案 · the enrolment plan drafted", partial(_draft, number=number))
    if number == RETURNED:
        yield Step(f"{year} 招生计划退回修改 · the plan given back", partial(_return, number=number))
    yield Step(f"{year} 招生计划批准 · the plan approved", partial(_approve, number=number))


def begun(city: City, number: int) -> Iterator[Step]:
    """The academic year begins; before it a new version of the plan, where an appeal has overturned its ground."""
    year = YEARS[number - 1]
    if city.told(Tale.APPEAL_UPHELD, number):
        yield Step(f"{year} 招生计划调整 · a new version of the plan", partial(_revise, number=number))
    yield Step(f"{year} 学年开始 · the academic year begins", partial(_begin, number=number))


def ahead(number: int) -> Step:
    """The next year's plan, begun and left open for whoever looks around."""
    return Step(f"{YEARS[number - 1] + 1} 招生计划预排 · next year's plan begun", partial(_begin_next, number=number))


def _plan(world: World, year: int) -> EnrolmentPlan:
    """The newest plan of a year."""
    found = sa.select(EnrolmentPlan).where(EnrolmentPlan.academic_year == year)
    return world.session.scalars(found.order_by(EnrolmentPlan.number.desc()).limit(1)).one()


def _draft(world: World, number: int) -> None:
    year = YEARS[number - 1]
    world.on(year, 7, 1)  # after the cutoff: what is confirmed later acts on the next plan
    made = plans.draft(world.as_("planner"), year, _city_total(world))
    world.pause(90)
    _adjust(world, made.id)
    plans.submit(world.as_("planner"), made.id)


def _city_total(world: World) -> int:
    """What the city has places for: a little more than the opening quotas together, in hundreds."""
    opening = sa.select(sa.func.sum(OpeningQuota.quota)).where(OpeningQuota.academic_year == YEARS[0] - 1)
    return -(-(world.session.scalar(opening) or 0) * 21 // 2000) * 100


def _adjust(world: World, plan: int) -> None:
    """Some lines are not what the policy gives, each with the planner's reason.

    One of those without a tale grows more, one less; and what was suspended and is no longer red begins again, small.
    """
    untold = {s.code for s in world.city.specialties if s.tale is None}
    acts = [(code, line) for code, line in _lines(world, plan) if line.rule == "change"]
    better = [(code, line) for code, line in acts if code in untold and line.cause == "green"]
    up = [(c, min(q.quota + 10, q.capacity), ORDER_CLASS) for c, q in better if q.capacity and q.quota < q.capacity]
    down = [(c, q.quota - 10, DORMITORY) for c, q in reversed(better) if q.quota >= 50]
    again = [(c, min(30, q.capacity or 0), BEGINS_AGAIN) for c, q in acts if q.cause == "yellow" and q.computed == 0]
    new = [(code, SPLIT_PLACES, SPLIT) for code, line in _lines(world, plan) if line.computed is None]
    for code, quota, reason in (*up[:1], *down[:1], *again, *new):
        plans.adjust(world.as_("planner"), plan, code, Adjustment(quota, reason))


def _lines(world: World, plan: int) -> list[tuple[str, EnrolmentLine]]:
    """The lines of a plan by their specialties' codes."""
    found = (
        sa.select(SpecialtyCode.code, EnrolmentLine)
        .join(EnrolmentLine, EnrolmentLine.specialty_id == SpecialtyCode.specialty_id)
        .where(EnrolmentLine.plan_id == plan, SpecialtyCode.valid_to.is_(None))
        .order_by(SpecialtyCode.code)
    )
    return [(row[0], row[1]) for row in world.session.execute(found)]


def _return(world: World, number: int) -> None:
    """The approver wants a line looked at again; the planner takes it back to what the policy gives."""
    world.wait(1)
    plan = _plan(world, YEARS[number - 1])
    plans.return_(world.as_("approver"), plan.id, "增加名额的订单班未附合作协议，请按测算数报批")
    world.wait(1)
    for code, line in _lines(world, plan.id):
        if line.adjustment_reason == ORDER_CLASS and line.computed is not None:
            plans.adjust(world.as_("planner"), plan.id, code, Adjustment(line.computed))
    plans.submit(world.as_("planner"), plan.id)


def _approve(world: World, number: int) -> None:
    world.wait(2)
    year = YEARS[number - 1]
    plans.approve(world.as_("approver"), _plan(world, year).id, _document(year, 1))


def _document(year: int, sequence: int) -> str:
    return f"示例教计〔{year}〕{sequence}号"


def _revise(world: World, number: int) -> None:
    """The appeal was upheld: the lines are computed anew, the same two adjusted, and the old version superseded."""
    world.wait(2)
    year = YEARS[number - 1]
    made = plans.draft(world.as_("planner"), year, _city_total(world))
    world.pause(60)
    _adjust(world, made.id)
    plans.submit(world.as_("planner"), made.id)
    world.wait(1)
    plans.approve(world.as_("approver"), made.id, _document(year, 2))


def _begin(world: World, number: int) -> None:
    year = YEARS[number - 1]
    world.on(year, 9, 1)
    standings.begin_year(world.as_("planner"), year)


def _begin_next(world: World, number: int) -> None:
    world.wait(1)
    plans.draft(world.as_("planner"), YEARS[number - 1] + 1, _city_total(world))
