"""Schools apply: clear, on the negative list, off the catalogue, one visited first, one to change, one to close."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import application_decisions, application_papers, applications
from specialty_eval.actions.applications import NewApplication
from specialty_eval.actions.motions import Minutes, Word
from specialty_eval.engine.application import ApplicationState
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.store.applications import Application
from specialty_eval.store.registry import CatalogueEntry, School, Specialty
from specialty_eval.store.reviews import Figure
from specialty_eval.store.specialty_lists import SpecialtyList, SpecialtyListEntry
from specialty_eval.text import message

from .city import PARTNER, class_at
from .story import YEARS, Tale
from .story_evidence import PROOF
from .story_meeting import COMMITTEE, member_ids
from .world import Step, World

EMPLOYED_AT_THE_PARTNER = "enterprise-1"
CAMPUS = "示例东校区"


@dataclass(frozen=True, slots=True)
class Off:
    """What a school would open off the catalogue: in which class by its number, with whom, under which department."""

    name: str
    family: int
    partner: str
    department: str


OFF_CATALOGUE = (
    Off("示例低空装备运维", 6, PARTNER, "iit"),
    Off("示例智慧康养服务", 19, "示例康泰护理公司", "hrss"),
)


def steps(number: int) -> Iterator[Step]:
    """Received, checked, voted on and signed in the weeks after the negative list is out."""
    year = YEARS[number - 1]
    yield Step(f"{year} 设置申请核查 · applications received and checked", partial(_apply, number=number))
    yield Step(f"{year} 设置申请审议登记 · applications voted on and registered", partial(_decide, number=number))


def _apply(world: World, number: int) -> None:
    """The program says of each what stands against it; of the off-catalogue one bureau and department say more."""
    first_day = date(YEARS[number - 1] + 1, 9, 1)
    listed = _listed(world, first_day.year)
    one, other = _large_schools(world, YEARS[number - 1] - 1)
    keys = [
        _lodge(world, one, ApplicationKind.OPEN, first_day, catalogue_code=_free(world, one, first_day.year)),
        _lodge(world, _without(world, listed), ApplicationKind.OPEN, first_day, catalogue_code=listed.code),
        _lodge(world, other, ApplicationKind.OFF_CATALOGUE, first_day, new=OFF_CATALOGUE[0]),
    ]
    application_papers.attach(world.as_(f"head-{one.code}"), keys[0], "示例-人才需求调研.pdf", PROOF)
    later = first_day.replace(year=first_day.year + 1)
    keys.append(_lodge(world, one, ApplicationKind.OFF_CATALOGUE, later, new=OFF_CATALOGUE[1], teachers=None))
    lodged = dict(zip(keys[2:], OFF_CATALOGUE, strict=True))
    keys.append(_change(world))
    for key, new in lodged.items():
        for party, who in (("bureau", "verifier"), ("department", new.department)):
            applications.opine(world.as_(who), key, party, True, "示例：产业有需求，条件具备", "示例联〔1〕号")
    world.pause(60)
    for key in keys:
        applications.check(world.as_("secretary"), key)
        applications.conclude(world.as_("secretary"), key)
        world.pause()


def _change(world: World) -> int:
    """What is taught already moves to another campus."""
    (of,) = world.city.told(Tale.NEWCOMER, len(YEARS))
    new = NewApplication(ApplicationKind.CHANGE, of.school, "示例：实训基地迁入新校区", of.code, campus=CAMPUS)
    return applications.lodge(world.as_(f"head-{of.school}"), new).id


def _close(world: World) -> None:
    """A school would close what nobody else asks it to; it is lodged and waits to be checked."""
    (of,) = world.city.told(Tale.LATE, len(YEARS))
    new = NewApplication(ApplicationKind.CLOSE, of.school, "示例：生源不足，申请停办", of.code, students=0)
    applications.lodge(world.as_(f"head-{of.school}"), new)


def _lodge(
    world: World, school: School, kind: ApplicationKind, first_day: date, *, catalogue_code: str = "",
    new: Off | None = None, teachers: int | None = 4,
) -> int:  # fmt: skip
    asked = NewApplication(kind, school.code, "示例：对接本地产业", effective_on=first_day, midlevel_teachers=teachers,
                           catalogue_code=catalogue_code)  # fmt: skip
    if new is not None:
        level = _level(world, school)
        code, title = class_at(level, new.family)
        asked = replace(asked, name=new.name, level=level, class_code=code, class_name=title, partner=new.partner,
                        agreement="示例校企共建协议", department=new.department)  # fmt: skip
    return applications.lodge(world.as_(f"head-{school.code}"), asked).id


def _decide(world: World, number: int) -> None:
    """What is clear goes before the committee; who works at the partner enterprise has no part in its application."""
    world.wait(1)
    year, seats = YEARS[number - 1], member_ids(world)
    for place, row in enumerate(_clear(world), start=1):
        applications.refer(world.as_("secretary"), row.id)
        words = [
            Word(seats[login], False, None if login == EMPLOYED_AT_THE_PARTNER and row.partner == PARTNER else "for")
            for login in COMMITTEE.members
        ]
        minutes = Minutes(world.as_("secretary").today, f"示例专委纪〔{year}〕{place}号", words, {})
        application_decisions.vote(world.as_("secretary"), row.id, minutes)
        world.pause(30)
        application_decisions.register(world.as_("approver"), row.id, f"示例教专设〔{year}〕{place}号")
        _answer(world, row.id)
    refused = sa.select(Application.id).where(Application.state == ApplicationState.REFUSED.value)
    for key in world.session.scalars(refused.order_by(Application.id)):
        _answer(world, key)
    _look(world)
    _close(world)


def _answer(world: World, key: int) -> None:
    """The numbered letter on what was decided, with every reason."""
    application_papers.letter(world.as_("secretary"), key, lambda problem: message(problem, "zh"))


def _look(world: World) -> None:
    """What named no teachers is visited first; counted there, it waits for the committee's next sitting."""
    visited = sa.select(Application.id).where(Application.state == ApplicationState.VISIT_FIRST.value)
    (key,) = world.session.scalars(visited)
    world.wait(1)
    report = "现场核对聘任文件，中级以上职称教师3人，实训场地已落实"
    applications.report_visit(world.as_("visitor-1"), key, report, world.as_("visitor-1").today, 3)
    applications.refer(world.as_("secretary"), key)


def _clear(world: World) -> Sequence[Application]:
    found = sa.select(Application).where(Application.state == ApplicationState.CLEAR.value).order_by(Application.id)
    return world.session.scalars(found).all()


# --- who applies for what --------------------------------------------------------------------------------------------


def _large_schools(world: World, year: int) -> tuple[School, School]:
    """The two schools with the most students a specialty."""
    average = sa.func.sum(sa.cast(Figure.value, sa.Integer)) / (sa.func.count() + 1)
    found = (
        sa.select(School)
        .join(Specialty, Specialty.school_id == School.id)
        .join(Figure, Figure.specialty_id == Specialty.id)
        .where(Figure.year == year, Figure.measure == "students", Figure.superseded_at.is_(None), Figure.value != "",
               Specialty.closed_on.is_(None))
        .group_by(School.id)
        .order_by(average.desc(), School.code)
    )  # fmt: skip
    one, other = world.session.scalars(found.limit(2))
    return one, other


def _level(world: World, school: School) -> str:
    """The level that most of the school's specialties have."""
    found = sa.select(Specialty.level).where(Specialty.school_id == school.id).group_by(Specialty.level)
    return world.session.scalars(found.order_by(sa.func.count().desc(), Specialty.level).limit(1)).one()


def _negative(year: int) -> sa.Select[SpecialtyListEntry]:
    return (
        sa.select(SpecialtyListEntry)
        .join(SpecialtyList, SpecialtyList.id == SpecialtyListEntry.list_id)
        .where(SpecialtyList.kind == "negative", SpecialtyList.year == year, SpecialtyList.state == "published")
        .order_by(SpecialtyListEntry.code)
    )


def _listed(world: World, year: int) -> SpecialtyListEntry:
    """An entry of the negative list that nobody exempted, of the level that most schools teach."""
    secondary = (SpecialtyListEntry.level == "secondary", SpecialtyListEntry.exempt_by == "")
    return world.session.scalars(_negative(year).where(*secondary).limit(1)).one()


def _without(world: World, listed: SpecialtyListEntry) -> School:
    """A school of the entry's level that does not teach it."""
    at = sa.select(Specialty.school_id).where(Specialty.level == listed.level)
    teaching = at.where(Specialty.catalogue_code == listed.code)
    found = sa.select(School).where(School.id.in_(at), School.id.not_in(teaching)).order_by(School.code)
    return world.session.scalars(found.limit(1)).one()


def _free(world: World, school: School, year: int) -> str:
    """An entry of the school's level that no list names, the state does not control and nobody here teaches."""
    listed = {entry.code for entry in world.session.scalars(_negative(year))}
    taught = sa.select(Specialty.catalogue_code)
    found = (
        sa.select(CatalogueEntry.code)
        .where(CatalogueEntry.level == _level(world, school), CatalogueEntry.state_controlled.is_(False),
               CatalogueEntry.code.not_in(taught))
        .order_by(CatalogueEntry.code)
    )  # fmt: skip
    return next(code for code in world.session.scalars(found) if code not in listed)
