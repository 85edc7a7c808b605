"""The opening balance tells what was before: once a city is rated or planned here, no file takes a decision's place."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_consequences import make_confirmed
from factories_deliberation import Sitting
from small_policy import POLICY
from specialty_eval.actions import intake, plans, status
from specialty_eval.actions.intake import CSV, Imported
from specialty_eval.engine.errors import Invalid
from specialty_eval.store.outcomes import EnrolmentLine, OpeningQuota

ONE_A = "3637000001,710201,"
RATING = "school_code,catalogue_code,direction,rating,year,valid_from,document_number,source\n"
QUOTA = "school_code,catalogue_code,direction,academic_year,quota,capacity,source\n"
STANDING = "school_code,catalogue_code,direction,standing,since,academic_year,source\n"


def load(city: City, kind: str, text: str) -> Imported:
    return intake.load(city.as_("secretary"), kind, text.encode(), CSV)


def refused(city: City, kind: str, text: str) -> list[tuple[str, int, str]]:
    with pytest.raises(Invalid) as refusal:
        load(city, kind, text)
    return [(p.code, p.facts["row"], p.facts["column"]) for p in refusal.value.problems]  # type: ignore[misc]


def rating(year: int, colour: str, since: str) -> str:
    return f"{ONE_A},{colour},{year},{since},示例〔{year}〕1号,示例台账\n"


def test_a_year_that_a_round_rates_is_rated_by_nobodys_file(session: Session) -> None:
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    assert load(city, "ratings", RATING + rating(2021, "red", "2022-06-20")).new == 1
    open_round(city, round_id)
    lines = rating(2025, "green", "2026-03-02") + rating(2027, "green", "2026-03-01")
    assert refused(city, "ratings", RATING + lines) == [
        ("year-rated-here", 2, "year"),
        ("year-ahead", 3, "year"),
        ("year-rated-here", 3, "year"),
    ]
    assert load(city, "ratings", RATING + rating(2024, "yellow", "2025-06-20")).new == 1
    assert status.of(city.nobody(), city.codes["one-a"]).rating == "yellow"


def test_no_history_is_added_once_a_run_has_looked_at_it(session: Session) -> None:
    sitting = make_confirmed(session)
    before = status.of(sitting.city.nobody(), sitting.city.codes["one-a"]).rating
    said = refused(sitting.city, "ratings", RATING + rating(2022, "red", "2023-06-20"))
    assert said == [("opening-balance-closed", 2, "rating")]
    assert status.of(sitting.city.nobody(), sitting.city.codes["one-a"]).rating == before
    standing = STANDING + f"{ONE_A},supported,2025-09-01,2025,示例台账\n"
    assert refused(sitting.city, "standings", standing) == [("opening-balance-closed", 2, "standing")]


def planned(sitting: Sitting, *, submit: bool) -> None:
    plan = plans.draft(sitting.as_("planner"), 2027, None)
    if submit:
        plans.submit(sitting.as_("planner"), plan.id)


def opening(year: int, quota: str, capacity: str, source: str = "台账") -> str:
    return QUOTA + f"{ONE_A},{year},{quota},{capacity},{source}\n"


def test_a_quota_of_a_planned_year_comes_from_its_plan(session: Session) -> None:
    sitting = make_confirmed(session)
    city = sitting.city
    assert refused(city, "quotas", opening(2099, "9999", "9999")) == [("year-ahead", 2, "academic_year")]
    planned(sitting, submit=False)
    assert refused(city, "quotas", opening(2027, "9999", "")) == [
        ("year-ahead", 2, "academic_year"), ("quota-by-plan", 2, "quota")
    ]  # fmt: skip
    # What came before may still be completed while the plan is a draft: it is drafted anew from it.
    assert load(city, "quotas", opening(2024, "90", "")).new == 1


def test_once_a_plan_was_handed_in_quotas_stay_and_a_capacity_still_follows_the_rooms(session: Session) -> None:
    sitting = make_confirmed(session)
    city = sitting.city
    planned(sitting, submit=True)
    assert refused(city, "quotas", opening(2025, "500", "110", "另一台账")) == [("opening-balance-closed", 2, "quota")]
    assert [row[0] for row in refused(city, "quotas", opening(2025, "500", "500"))] == [
        "opening-balance-closed", "capacity-of-the-past"
    ]  # fmt: skip
    assert load(city, "quotas", opening(2027, "", "60")).new == 1
    row = session.scalars(sa.select(OpeningQuota).where(OpeningQuota.academic_year == 2027)).one()
    assert (row.quota, row.capacity) == (None, 60)
    said = status.of(city.nobody(), city.codes["one-a"])
    assert 2027 not in said.quota
    again = plans.draft(sitting.as_("planner"), 2027, None)
    line = sa.select(EnrolmentLine.capacity).where(EnrolmentLine.plan_id == again.id)
    assert session.scalars(line.where(EnrolmentLine.specialty_id == city.specialties["one-a"])).all() == [60]


def test_a_row_says_a_quota_or_a_capacity(session: Session) -> None:
    assert refused(make_city(session), "quotas", opening(2025, "", "")) == [("quota-or-capacity", 2, "quota")]


def test_the_secretary_brings_along_figures_of_years_before_and_no_suppliers_of_a_year_rated_here(
    session: Session,
) -> None:
    city = make_city(session)
    open_round(city, make_cycle(city, policy=POLICY))
    head = "school_code,catalogue_code,direction,year,graduates,posts\n"
    load = partial(intake.load, city.as_("secretary"), "figures", media_type=CSV, policy="small@1")
    assert load(content=(head + f"{ONE_A},2024,60,5\n").encode()).new == 2
    with pytest.raises(Invalid) as refusal:
        load(content=(head + f"{ONE_A},2025,,5\n").encode())
    assert [(p.code, p.facts["column"]) for p in refusal.value.problems] == [("measure-not-yours", "posts")]
