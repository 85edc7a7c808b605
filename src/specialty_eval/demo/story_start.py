"""The installation begins: registry, people, opening balance, policy and cycle; and the figures of each year."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial

from specialty_eval import policies
from specialty_eval.actions import cycles, intake, passwords, setup
from specialty_eval.actions.cycles import NewCycle, NewRound
from specialty_eval.engine.cycle import CycleEvent
from specialty_eval.store import numbers

from . import figures, known, tables
from .city import CITY, LEVELS, City, Specialty, areas
from .people import password
from .story import FIRST_FIGURES, YEARS, scored_year
from .world import BEGUN, POLICY, Step, World

CYCLE = "2024-2026"
EDITION = "2025-12"
JOINED = 2
"""The round into which a specialty is moved before it collects."""
OFFICES: Mapping[str, tuple[str, ...]] = {
    "verifier": ("plan_places", "internship_conduct", "skill_test_taken", "skill_test_passed",
                 "enrolled_without_filing", "false_data"),
    "hrss": ("city_posts", "training_persons"),
    "iit": ("on_shortage_list",),
    "survey": ("employers_surveyed", "employers_satisfied"),
}  # fmt: skip
"""Who supplies what for the whole city; the counties supply `leading_industry`."""


def steps() -> Iterator[Step]:
    """From an empty database to a running cycle."""
    yield Step("安装 · the installation begins", _begin)
    yield Step("专业目录、学校、专业 · catalogue, schools, specialties", _registry)
    yield Step("人员和委员会 · people and committee", _people)
    yield Step("办法和期初台账 · policy and opening balance", _opening)
    yield Step("评估周期 · the cycle", _cycle)


def figures_of(number: int) -> Step:
    """The step in which everybody hands in the figures that a round scores."""
    year = scored_year(number)
    return Step(f"{year}年数据 · figures of {year}", partial(_figures, number=number))


def _begin(world: World) -> None:
    """The database is the demo's from here on: the mark is in the transaction that puts the first person on record."""
    seed = world.city.seed
    found = [setup.Area(code, name, kind, parent) for code, name, kind, parent in areas()]
    with passwords.printed_anyway():
        setup.begin(world.clock(), found, CITY, "示例市教育局", "administrator", password(seed, "administrator"))
    size = {"schools": len(world.city.schools), "specialties": len(world.city.specialties)}
    numbers.draw_by(world.session, f"demo/{seed}")
    world.mark(BEGUN, seed=seed, city=world.city.digest, **size)


def _registry(world: World) -> None:
    world.pause()
    administrator = world.as_("administrator")
    intake.load(administrator, "catalogue", tables.catalogue(), intake.CSV, edition=EDITION)
    for kind, content in (
        ("organisations", tables.organisations(world.city)),
        ("schools", tables.schools(world.city)),
        ("specialties", tables.specialties(world.city)),
    ):
        intake.load(administrator, kind, content, intake.CSV)


def _people(world: World) -> None:
    world.pause()
    with passwords.printed_anyway():
        intake.load(world.as_("administrator"), "people", tables.people(world.city), intake.CSV)
    world.forget_people()


def _opening(world: World) -> None:
    world.pause()
    cycles.import_policy(world.as_("policy-editor"), policies.text(POLICY))
    secretary = world.as_("secretary")
    for kind, content in (
        ("ratings", tables.ratings(world.city)),
        ("standings", tables.standings(world.city)),
        ("quotas", tables.quotas(world.city)),
    ):
        intake.load(secretary, kind, content, intake.CSV)
    for year in range(FIRST_FIGURES, scored_year(1)):
        _load(world, "secretary", _all_figures(world, year))


def _cycle(world: World) -> None:
    world.wait(1)
    pinned = world.policy
    rounds = [NewRound(year, year - 1, date(year - 1, 12, 31), pinned.id, pinned.version) for year in YEARS]
    kinds = sorted({s.kind for s in world.city.schools})
    secretary = world.as_("secretary")
    made = cycles.create(secretary, NewCycle(CYCLE, "示例市职业院校专业评估2024—2026周期", CITY, LEVELS, kinds, rounds))
    moved = {s.code: len(YEARS) for s in moved_later(world.city)}
    cycles.place(secretary, made.id, {s.code: s.round for s in world.city.specialties} | moved)
    cycles.move(secretary, made.id, CycleEvent.START)


def moved_later(city: City) -> tuple[Specialty, ...]:
    """What is placed in the last round at first: nobody's tale, the last but one of its round."""
    return city.untold(JOINED)[-2:-1]


def _all_figures(world: World, year: int) -> bytes:
    """A year from before the installation, as the bureau had it on record."""
    true = known.of_year(world, year)
    measures = sorted(next(iter(true.values())))
    return tables.figures(world.city, year, true, measures, true.keys(), tables.OPENING_SOURCE)


def _figures(world: World, number: int) -> None:
    """Each office hands in its table, each school the yearly facts of what is not being reviewed on that year."""
    world.on(YEARS[number - 1], 2, 24)
    year, city = scored_year(number), world.city
    true = known.of_year(world, year)
    source = f"{year}年度"
    for login, measures in OFFICES.items():
        _load(world, login, tables.figures(city, year, true, measures, true.keys(), source))
    by_city = {s.code for s in city.schools if s.run_by == "city"}
    for login, schools in (
        ("secretary", by_city),  # a county does not reach what the city runs
        *((f"county-{c}", {s.code for s in city.schools if s.county == c} - by_city) for c in city.counties),
    ):
        there = {s.code for s in city.specialties if s.school in schools}
        _load(world, login, tables.figures(city, year, true, ("leading_industry",), there, source))
    own = sorted(figures.SCHOOL)
    for school in city.schools:
        theirs = {s.code for s in city.specialties if s.school == school.code and s.round != number}
        _load(world, f"editor-{school.code}", tables.figures(city, year, true, own, theirs, source))


def _load(world: World, login: str, content: bytes) -> None:
    if content.count(b"\n") > 1:
        policy = f"{world.policy.id}@{world.policy.version}"
        intake.load(world.as_(login), "figures", content, intake.CSV, policy=policy)
