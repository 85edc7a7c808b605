"""What a rating brings: designations and supports of green specialties, and what a loss of green puts under review."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import designations, groups, supports
from specialty_eval.actions.designations import Proposal
from specialty_eval.actions.groups import Members
from specialty_eval.actions.supports import NewSupport
from specialty_eval.engine.designation import DesignationKind
from specialty_eval.store.designations import Designation
from specialty_eval.store.supports import SupportGrant

from .city import City, Specialty
from .story import YEARS, Tale
from .world import Step, World

DESIGNATED = ((Tale.OBJECTION_REJECTED, 2), (Tale.FALSE_DATA, 2), (Tale.APPEAL_OPEN, 3))
"""Green before the installation and no longer after their rounds: kept, withdrawn, and under review at the end."""
SUPPORTED = (Tale.CHALLENGED, Tale.LATE)
"""Green in the first round: one leads a high-level group and is given money, the other a place in the plan first."""


def granted(number: int) -> Iterator[Step]:
    """The first summer: proposed by schools and secretary, granted by somebody else."""
    if number == 1:
        year = YEARS[number - 1]
        yield Step(f"{year} 示范和高水平推荐 · designations proposed and granted", _grant)


def supported(number: int) -> Iterator[Step]:
    """Once an academic year has begun: what green is given; a year later one is ended."""
    year = YEARS[number - 1]
    if number == 1:
        yield Step(f"{year} 绿牌支持 · supports granted", partial(_support, year=year))
    if number == 2:
        yield Step(f"{year} 支持终止 · a support ended", _end)


def looked_at(number: int) -> Iterator[Step]:
    """Losing green has put them under review; the bureau keeps one and withdraws one."""
    if number == 2:
        year = YEARS[number - 1]
        yield Step(f"{year} 示范复审 · designations kept and withdrawn", partial(_look, year=year))


def _one(city: City, tale: Tale, number: int) -> Specialty:
    (specialty, *_) = city.told(tale, number)
    return specialty


def _grant(world: World) -> None:
    world.wait(2)
    made = []
    for tale, number in DESIGNATED:
        one = _one(world.city, tale, number)
        new = Proposal(DesignationKind.DEMONSTRATION, "产教融合成效突出，就业质量居全市前列", code=one.code)
        made.append(designations.propose(world.as_(f"head-{one.school}"), new).id)
    lead = _one(world.city, Tale.CHALLENGED, 1)
    beside = next(s for s in world.city.specialties if s.school == lead.school and s.code != lead.code)
    members = Members(lead.code, [lead.code, beside.code], world.as_("secretary").today)
    group = groups.create(world.as_(f"head-{lead.school}"), f"示例{lead.name}专业群", members)
    new = Proposal(DesignationKind.HIGH_LEVEL, "对接本地主导产业，群内共享实训基地", group_id=group.id)
    made.append(designations.propose(world.as_("secretary"), new).id)
    world.wait(3)
    for n, key in enumerate(made, 1):
        designations.grant(world.as_("approver"), key, f"示例教专示〔{world.now.year}〕{n}号")


def _support(world: World, year: int) -> None:
    money, first = (_one(world.city, tale, 1) for tale in SUPPORTED)
    given = (
        (money, "funding", "实训设备更新专项", Decimal(300000)),
        (money, "key-group-priority", "优先纳入高水平专业群建设", None),
        (first, "funding", "师资培训专项", Decimal(80000)),
    )
    for n, (specialty, support, what, amount) in enumerate(given, 1):
        new = NewSupport(support, what, f"示例教职支〔{year}〕{n}号", date(year, 9, 1), amount)
        supports.grant(world.as_("approver"), specialty.code, new)


def _end(world: World) -> None:
    specialty = world.specialty_id(_one(world.city, Tale.LATE, 1).code)
    found = sa.select(SupportGrant.id).where(SupportGrant.specialty_id == specialty, SupportGrant.state == "granted")
    supports.end(world.as_("approver"), world.session.scalars(found).one(), "培训专项年度执行率不足，收回余款")


def _look(world: World, year: int) -> None:
    approver = world.as_("approver")
    kept, withdrawn = (_of(world, tale, 2) for tale in (Tale.OBJECTION_REJECTED, Tale.FALSE_DATA))
    designations.keep(approver, kept, "黄牌整改期内保留称号，整改未通过即撤销", f"示例教专示〔{year}〕1号")
    designations.withdraw(approver, withdrawn, "数据造假，撤销示范称号", f"示例教专示〔{year}〕2号")


def _of(world: World, tale: Tale, number: int) -> int:
    """The designation under review of the one that this happened to."""
    specialty = world.specialty_id(_one(world.city, tale, number).code)
    found = sa.select(Designation.id).where(
        Designation.specialty_id == specialty, Designation.state == "under_review", Designation.group_id.is_(None)
    )
    return world.session.scalars(found).one()
