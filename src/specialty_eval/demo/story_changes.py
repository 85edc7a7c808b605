"""The world changes under the cycle: people, the calendar, a plan for another cycle, schools, codes, the catalogue."""

from collections.abc import Iterator
from datetime import date
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import accounts, calendars, cycles, intake, successions, verification
from specialty_eval.actions.calendars import Days
from specialty_eval.actions.cycles import NewCycle, NewRound
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.cycle import CycleEvent
from specialty_eval.engine.permissions import Role
from specialty_eval.engine.review import ENDED
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.outcomes import Standing
from specialty_eval.store.registry import Organisation, School, SpecialtyCode
from specialty_eval.store.registry import Specialty as Taught
from specialty_eval.store.reviews import Review

from . import tables
from .city import CITY, LEVELS, Specialty
from .people import EXPERTS
from .story import YEARS, scored_year
from .story_start import CYCLE, EDITION, JOINED, moved_later
from .world import Step, World

DIRECTION = "智能化方向"
AFTER_SPLIT = 2
"""The round that what was split off joins."""
SPLIT_FIGURES = {"admitted": "21", "intake": "20", "students": "75", "graduates": "0"}
NEXT_EDITION = "2026-09"
OFF = tuple(date(2027, 2, day) for day in range(5, 13))
WORKED = (date(2027, 1, 31), date(2027, 2, 14))
"""The spring festival of a year that no table knows yet: days off, and days worked for them. Invented."""


def split_off(number: int) -> Iterator[Step]:
    """Before the next round collects: a specialty comes into it, and one of its own is split; the new one joins it."""
    if number == 1:
        yield Step(f"{YEARS[number - 1]} 调整批次 · a specialty moved to another round", _move)
        yield Step(f"{YEARS[number - 1]} 专业分设 · a specialty split off, which joins the next round", _split)


def exempted(number: int) -> Iterator[Step]:
    """What was split off has no figures of its own yet: it is not rated in the round that it joined."""
    if number == AFTER_SPLIT:
        yield Step(f"{YEARS[number - 1]} 分设免评 · what was split off exempted", partial(_exempt, number=number))


def of_people(number: int) -> Iterator[Step]:
    """Before the last round: an expert leaves, a deputy comes; holidays are entered, a premature cycle is cancelled."""
    if number == 2:
        year = YEARS[number - 1]
        yield Step(f"{year} 人员变动 · an expert leaves, a deputy comes", partial(_people, year=year))
        yield Step(f"{year} 日历和试排周期 · holidays entered, a cycle cancelled", _calendar)


def successions_of(number: int) -> Iterator[Step]:
    """At the end: a school renamed, two specialties merged, a catalogue entry renumbered."""
    if number == len(YEARS):
        yield Step(f"{YEARS[number - 1]} 更名、合并、目录调整 · renamed, merged, renumbered", _succeed)


# --- successions -----------------------------------------------------------------------------------------------------


def _record(world: World, subject: Subject, act: Act, reason: str, wanted: tuple[Wanted, ...]) -> None:
    """Proposed by the secretary, recorded by the approver the next day."""
    paper = f"示例教专变〔{world.now.year}〕{[*Act].index(act) + 1}号"
    new = NewSuccession(subject, act, world.as_("secretary").today, reason, paper, wanted)
    made = successions.propose(world.as_("secretary"), new)
    world.pause(60)
    successions.record(world.as_("approver"), made.id)


def _move(world: World) -> None:
    """Neither round collects yet: what was to come last is looked at a year earlier."""
    world.pause(60)
    cycle = cycles.by_code(world.as_("secretary"), CYCLE)
    cycles.place(world.as_("secretary"), cycle.id, {s.code: JOINED for s in moved_later(world.city)})


def _split(world: World) -> None:
    world.wait(2)
    of = _parent(world)
    wanted = (Wanted(of.code, direction=DIRECTION, name=f"{of.name}（{DIRECTION}）"),)
    _record(world, Subject.SPECIALTY, Act.SPLIT, "培养方向分化，分设后单独招生、单独评估", wanted)


def reported(number: int) -> Iterator[Step]:
    """The yearly facts of what was split off, as soon as it has some."""
    if number == len(YEARS):
        yield Step(
            f"{YEARS[number - 1] - 1}年分设专业数据 · figures of what was split off", partial(_report, number=number)
        )


def _report(world: World, number: int) -> None:
    of = _parent(world)
    content = tables.few_figures(of, DIRECTION, scored_year(number), SPLIT_FIGURES)
    policy = f"{world.policy.id}@{world.policy.version}"
    intake.load(world.as_(f"editor-{of.school}"), "figures", content, intake.CSV, policy=policy)


def _parent(world: World) -> Specialty:
    """Of those without a tale that the second round reviews, the first green one: no rectification is split with it."""
    return next(s for s in world.city.untold(AFTER_SPLIT) if s.earlier == "green")


def _exempt(world: World, number: int) -> None:
    for code, review in world.reviews(number, "open").items():
        if code.endswith(DIRECTION):
            verification.exempt(world.as_("secretary"), review, "分设首年，数据未单独统计，转入下一周期")


def _succeed(world: World) -> None:
    world.pause(60)
    settled, opening = _settled(world), _opening(world)
    school = next(
        s for s in world.city.schools if s.code not in opening and {x.code for x in _of(world, s.code)} <= settled
    )
    name = school.name.replace("示例", "示例新", 1)
    _record(world, Subject.SCHOOL, Act.RENAMED, "经批准更名", (Wanted(school.code, name=name),))
    free = [s for s in world.city.specialties if s.tale is None and s.code in settled]
    one, into = _alike(free)
    _record(world, Subject.SPECIALTY, Act.MERGED, "布点优化，并入办学条件较好的专业", (Wanted(one.code, into.code),))
    _renumber(world, [s for s in free if s not in (one, into)])


def _of(world: World, school: str) -> list[Specialty]:
    return [s for s in world.city.specialties if s.school == school]


def _opening(world: World) -> set[str]:
    """The schools with a specialty that opens on a later day: none of these changes before it."""
    today = world.as_("secretary").today
    found = sa.select(School.code).join(Taught, Taught.school_id == School.id).where(Taught.opened_on > today)
    return set(world.session.scalars(found))


def _settled(world: World) -> set[str]:
    """Whatever is not closed and under no review."""
    busy = sa.select(Review.specialty_id).where(Review.state.not_in([state.value for state in ENDED]))
    found = (
        sa.select(SpecialtyCode.code)
        .join(Standing, Standing.specialty_id == SpecialtyCode.specialty_id)
        .where(SpecialtyCode.valid_to.is_(None), Standing.state != "closed", SpecialtyCode.specialty_id.not_in(busy))
    )
    return set(world.session.scalars(found))


def _alike(free: list[Specialty]) -> tuple[Specialty, Specialty]:
    """The first two at one school and one level."""
    return next(
        (one, other) for one in free for other in free
        if one.code < other.code and (one.school, one.level) == (other.school, other.level)
    )  # fmt: skip


def _renumber(world: World, free: list[Specialty]) -> None:
    """A new edition has an entry under another code: of an entry that nobody with a tale teaches."""
    told = {s.catalogue_code for s in world.city.specialties if s.tale is not None}
    entry = next(s for s in free if s.catalogue_code not in told and _all_free(world, s, free))
    new = f"{entry.catalogue_code[:4]}9{entry.catalogue_code[5]}"
    content = tables.renumbered(entry.catalogue_code, new)
    intake.load(world.as_("administrator"), "catalogue", content, intake.CSV, edition=NEXT_EDITION)
    wanted = (Wanted(f"{EDITION}/{entry.catalogue_code}", f"{NEXT_EDITION}/{new}"),)
    _record(world, Subject.CATALOGUE, Act.MAPPED, "专业目录更新，专业代码调整", wanted)


def _all_free(world: World, entry: Specialty, free: list[Specialty]) -> bool:
    """Whether all who teach the entry are free for it."""
    return all(s in free for s in world.city.specialties if s.catalogue_code == entry.catalogue_code)


# --- people, days, cycles --------------------------------------------------------------------------------------------


def _people(world: World, year: int) -> None:
    administrator = world.as_("administrator")
    leaving = sa.select(RoleGrant.id).join(Person, Person.id == RoleGrant.person_id)
    leaving = leaving.where(Person.login == f"expert-{EXPERTS:02}", RoleGrant.role == Role.EXPERT.value)
    accounts.end_role(administrator, world.session.scalars(leaving).one(), date(year, 12, 31))
    bureau = world.session.scalars(sa.select(Organisation.id).where(Organisation.kind == "bureau")).one()
    deputy = accounts.create_person(administrator, "deputy-planner", "示例副计划员")
    accounts.grant_role(administrator, Role.PLANNER, bureau, person_id=deputy.id, valid_from=date(year + 1, 1, 1),
                        deputy=True)  # fmt: skip
    world.forget_people()


def _calendar(world: World) -> None:
    """What the State Council will announce is not in any table yet: the bureau enters it."""
    secretary = world.as_("secretary")
    calendars.enter(secretary, 2027, Days(OFF, WORKED, "示例：国务院办公厅关于2027年部分节假日安排的通知"))
    pinned, year = world.policy, YEARS[-1] + 1
    kinds = sorted({s.kind for s in world.city.schools})
    rounds = [NewRound(year, year - 1, date(year - 1, 12, 31), pinned.id, pinned.version)]
    new = NewCycle(f"{year}-{year + 2}", "试排的下一周期", CITY, LEVELS, kinds, rounds)
    made = cycles.create(secretary, new)
    cycles.move(secretary, made.id, CycleEvent.CANCEL, reason="新办法尚在征求意见，暂不启动下一周期")
