"""Any seed gives a city in which every tale has its own specialty; nothing in it is anybody real but the map."""

import csv
import io
from collections import Counter

import pytest

from specialty_eval import reference
from specialty_eval.demo import city as cities
from specialty_eval.demo import figures, people, play, story_changes, tables
from specialty_eval.demo.city import City
from specialty_eval.demo.story import PARTS, Tale, scored_year

SEEDS = range(1, 9)


@pytest.fixture(scope="module", params=SEEDS)
def city(request: pytest.FixtureRequest) -> City:
    return cities.make(request.param)


def test_every_tale_happens_in_its_round_whatever_the_seed(city: City) -> None:
    cast = Counter((s.tale, s.round) for s in city.specialties if s.tale is not None)

    assert cast == Counter((part.tale, part.round) for part in PARTS)


def test_some_specialty_that_nothing_happens_to_is_green_and_can_be_split(city: City) -> None:
    assert any(s.earlier == "green" for s in city.untold(story_changes.AFTER_SPLIT))


def test_the_city_is_as_large_as_promised_and_teaches_all_levels(city: City) -> None:
    kinds = Counter(school.kind for school in city.schools)

    assert (len(city.schools), len(city.specialties)) == (40, 320)
    assert kinds == {"secondary": 26, "technician": 6, "college": 5, "vocational_university": 3}
    assert {s.level for s in city.specialties} == {"secondary", "associate", "bachelor"}
    assert {s.round for s in city.specialties} == {1, 2, 3}


def test_counties_are_real_and_every_name_of_somebody_says_that_it_is_invented(city: City) -> None:
    rows = csv.DictReader(io.StringIO(reference.table("jurisdictions").decode("utf-8-sig")))
    real = {row["code"]: row["name"] for row in rows if row["parent_code"] == cities.CITY}
    employers = {who.employer for who in people.everybody(city)} - {""}
    invented = {s.name for s in city.schools} | {who.name for who in people.everybody(city)} | employers

    assert dict(city.counties) == real
    assert {s.county for s in city.schools} <= real.keys()
    assert [name for name in invented if "示例" not in name] == []


def test_no_code_of_a_specialty_and_no_name_of_a_school_comes_twice(city: City) -> None:
    assert len({s.code for s in city.specialties}) == len(city.specialties)
    assert len({s.name for s in city.schools}) == len({s.code for s in city.schools}) == len(city.schools)


def test_what_a_county_verifies_happens_to_schools_that_counties_run(city: City) -> None:
    told = [s for tale in cities.OF_COUNTIES for number in (1, 2, 3) for s in city.told(tale, number)]

    assert {city.school(s.school).run_by for s in told} == {"county"}
    assert len(told) == sum(part.tale in cities.OF_COUNTIES for part in PARTS)


def test_the_city_before_is_not_all_green(city: City) -> None:
    earlier = Counter(s.earlier for s in city.specialties)

    assert min(earlier["green"], earlier["yellow"], earlier["red"]) > 0
    assert earlier["green"] < 0.9 * len(city.specialties)


def test_figures_hold_together_in_every_year(city: City) -> None:
    for known in figures.opening(city).values():
        wrong = [
            (code, f)
            for code, f in known.items()
            if int(f["intake"]) > int(f["admitted"])
            or int(f["destined"]) > int(f["graduates"])
            or int(f["employed"]) + int(f["further_study"]) != int(f["destined"])
            or int(f["matched_employed"]) > int(f["employed"])
            or int(f["dual_qualified_teachers"]) > int(f["specialty_teachers"])
        ]
        assert wrong == []


@pytest.mark.parametrize("seed", range(1, 6))
def test_what_a_vote_makes_better_no_cap_holds_down(seed: int) -> None:
    """The targets below which no vote makes it green, and of the five warnings at most the one that is not its own."""
    city = cities.make(seed)
    known = figures.opening(city)
    for year in (2024, 2025):
        known[year] = figures.of_year(city, year, {s.code: s.quota for s in city.specialties}, known)

    for s in (*city.told(Tale.OVERRIDDEN, 2), *city.told(Tale.TIED, 3)):
        of = {measure: int(value) for measure, value in known[scored_year(s.round)][s.code].items() if value.isdigit()}
        assert of["dual_qualified_teachers"] * 100 >= 70 * of["specialty_teachers"]
        assert of["practice_hours"] * 100 >= 50 * of["total_hours"]
        assert of["students"] <= 20 * of["specialty_teachers"]
        assert of["destined"] * 100 >= 60 * of["graduates"]
        assert of["intake"] * 100 >= 60 * of["admitted"]


@pytest.mark.parametrize("size", [(40, 320), (8, 40)])
def test_of_few_graduates_so_few_are_on_record_that_they_are_not_shown(size: tuple[int, int]) -> None:
    city = cities.make(1, schools=size[0], specialties=size[1])
    (few,) = city.told(Tale.FEW_GRADUATES, 1)

    assert 0 < int(figures.opening(city)[scored_year(1)][few.code]["graduates"]) < 10


def test_a_seed_gives_the_same_city_and_another_seed_another() -> None:
    assert cities.make(3) == cities.make(3)
    assert {s.code for s in cities.make(3).specialties} != {s.code for s in cities.make(4).specialties}


def test_a_red_of_the_opening_balance_has_its_first_step_on_record() -> None:
    city = cities.make(1)
    red = {s.code: s for s in city.specialties if s.earlier == "red"}
    quotas: dict[str, dict[str, int]] = {}
    for row in csv.DictReader(io.StringIO(tables.quotas(city).decode())):
        of = quotas.setdefault(f"{row['school_code']}-{row['catalogue_code']}", {})
        of[row["academic_year"]] = int(row["quota"])

    assert red
    assert {code: quotas[code]["2022"] for code in red} == {code: 2 * s.quota for code, s in red.items()}
    assert {code: quotas[code]["2023"] for code in red} == {code: s.quota for code, s in red.items()}


def test_too_small_a_city_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        cities.make(1, schools=8, specialties=20)


def test_the_steps_of_the_story_have_names_of_their_own(city: City) -> None:
    names = [step.name for step in play.steps(city)]

    assert len(set(names)) == len(names)


def test_whoever_has_something_open_can_sign_in(city: City) -> None:
    open_ = [*city.told(Tale.OBJECTION_OPEN, 3)[:1], *city.told(Tale.APPEAL_OPEN, 3)]

    assert {f"head-{s.school}" for s in open_} <= people.sign_ins(city).keys()
