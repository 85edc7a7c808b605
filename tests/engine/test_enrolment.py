"""From ratings to quotas and standings, year by year."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specialty_eval.engine.consequences import Consequence, Enrolment
from specialty_eval.engine.enrolment import (
    Approved,
    Line,
    PlanLine,
    Rated,
    Rule,
    acts_from,
    line,
    plan_problems,
    standing_in,
)
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.vocabulary import COLOURS, Rating

GREEN, YELLOW, RED, UNRATED, INCOMPLETE = Rating
PLAN = Enrolment(
    rounding="down",
    cutoff=(6, 30),
    appeal_suspends="none",
    colours={
        GREEN: Consequence(
            "supported", change_percent=Decimal(15), at_most_capacity=True, supports=("key-group-priority", "funding")
        ),
        YELLOW: Consequence("restricted", change_percent=Decimal(-30), restore_percent=Decimal(100)),
        RED: Consequence(
            "phasing_out",
            steps_percent=(Decimal(-50), Decimal(-100)),
            then="suspended",
            restore_percent=Decimal(70),
        ),
        UNRATED: Consequence(change_percent=Decimal(0)),
    },
    flags={"red-twice-in-three": Consequence("suspended", steps_percent=(Decimal(-100),))},
)


def rated(rating: Rating, year: int, *reasons: str, month: int = 5) -> Rated:
    """Confirmed in May (before the cutoff) unless another month is named."""
    return Rated(rating, date(year, month, 20), reasons)


def approved(year: int, students: int) -> Approved:
    """Approved in the June before the academic year begins."""
    return Approved(year, students, date(year, 6, 15))


def walk(
    years: Sequence[int], ratings: Sequence[Rated], first: Approved, plan: Enrolment = PLAN, capacity: int | None = None
) -> list[tuple[int | None, str]]:
    """(quota, standing) of each year, every line approved as computed before the next."""
    record, seen = [first], []
    for year in years:
        found = line(plan, year, ratings, record, capacity)
        seen.append((found.quota, found.standing))
        if found.quota is not None:
            record.append(approved(year, found.quota))
    return seen


# --- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confirmed", "year"),
    [(date(2027, 6, 30), 2027), (date(2027, 7, 1), 2028), (date(2027, 12, 31), 2028), (date(2028, 1, 1), 2028)],
)
def test_a_rating_confirmed_after_the_cutoff_acts_on_the_plan_after_the_next(confirmed: date, year: int) -> None:
    assert acts_from(PLAN, confirmed) == year


def test_before_a_rating_acts_the_last_quota_stays_and_the_standing_is_normal() -> None:
    assert line(PLAN, 2026, [rated(RED, 2027)], [approved(2025, 100)]) == Line(2026, 100, 100, 100, "normal", Rule.KEEP)


# --- change_percent --------------------------------------------------------------------------------------------------


def test_a_change_acts_once_and_later_years_keep_the_result() -> None:
    assert walk([2027, 2028, 2029], [rated(YELLOW, 2027)], approved(2026, 101)) == [(70, "restricted")] * 3


def test_a_change_is_of_the_last_quota_approved_before_the_rating() -> None:
    quotas = [approved(2026, 100), Approved(2027, 90, date(2027, 5, 1)), Approved(2027, 200, date(2027, 6, 1))]

    assert line(PLAN, 2028, [rated(YELLOW, 2027)], quotas[:2]) == Line(
        2028, 90, 90, 63, "restricted", Rule.CHANGE, "yellow"
    )
    # The plan of 2027 was approved anew after the rating: it has acted there.
    assert line(PLAN, 2028, [rated(YELLOW, 2027)], quotas).rule == Rule.KEEP


def test_of_a_plan_and_a_rating_of_one_day_the_instants_say_which_came_first() -> None:
    day, noon = date(2027, 5, 20), datetime(2027, 5, 20, 12, tzinfo=UTC)
    yellow = replace(rated(YELLOW, 2027), confirmed_at=noon)
    before, after = (Approved(2027, 90, day, noon + timedelta(hours=hours)) for hours in (-1, 1))

    assert line(PLAN, 2028, [yellow], [approved(2026, 100), before]).quota == 63
    assert line(PLAN, 2028, [yellow], [approved(2026, 100), after]).quota == 90


def test_a_rating_after_the_cutoff_waits_a_year_and_still_counts_from_what_was_approved_before_it() -> None:
    ratings = [rated(YELLOW, 2027, month=8)]
    quotas = [approved(2026, 100), approved(2027, 120)]

    assert line(PLAN, 2027, ratings, quotas[:1]).quota == 100
    assert line(PLAN, 2028, ratings, quotas) == Line(2028, 120, 120, 84, "restricted", Rule.CHANGE, "yellow")


def test_a_year_without_a_plan_does_not_lose_the_change() -> None:
    assert line(PLAN, 2029, [rated(YELLOW, 2027)], [approved(2026, 100)]).quota == 70


def test_the_second_of_two_yellows_is_cut_again_from_what_the_first_left() -> None:
    ratings = [rated(YELLOW, 2027), rated(YELLOW, 2030)]

    assert walk(range(2027, 2032), ratings, approved(2026, 100)) == [
        (70, "restricted"),
        (70, "restricted"),
        (70, "restricted"),
        (49, "restricted"),
        (49, "restricted"),
    ]


def test_green_grows_to_the_capacity_on_record_and_no_further() -> None:
    found = line(PLAN, 2027, [rated(GREEN, 2027)], [approved(2026, 100)], capacity=110)

    assert found == Line(
        2027, 100, 100, 110, "supported", Rule.CHANGE, "green", 0, ("key-group-priority", "funding"), limited=True
    )
    assert line(PLAN, 2027, [rated(GREEN, 2027)], [approved(2026, 100)], capacity=None).quota == 115
    assert line(PLAN, 2028, [rated(GREEN, 2027)], [approved(2026, 100), approved(2027, 115)], 112).quota == 112


def test_capacity_limits_no_other_colour() -> None:
    assert line(PLAN, 2027, [rated(YELLOW, 2027)], [approved(2026, 100)], capacity=50).quota == 70


@pytest.mark.parametrize(("rounding", "quota"), [("down", 71), ("up", 72), ("half_up", 71)])
def test_students_are_whole(rounding: str, quota: int) -> None:
    plan = replace(PLAN, rounding=rounding)

    assert line(plan, 2027, [rated(YELLOW, 2027)], [approved(2026, 102)]).quota == quota  # 71.4


def test_half_a_student_rounds_up_when_the_policy_says_half_up() -> None:
    plan = replace(PLAN, rounding="half_up", colours={RED: Consequence(change_percent=Decimal(-50))})

    assert line(plan, 2027, [rated(RED, 2027)], [approved(2026, 101)]).quota == 51


# --- steps_percent ---------------------------------------------------------------------------------------------------


def test_red_steps_down_from_the_quota_before_it_and_ends_suspended() -> None:
    assert walk([2027, 2028, 2029], [rated(RED, 2027)], approved(2026, 90)) == [
        (45, "phasing_out"),
        (0, "suspended"),
        (0, "suspended"),
    ]


def test_a_step_says_which_it_is_and_what_it_is_measured_against() -> None:
    adjusted = [approved(2026, 90), approved(2027, 30)]

    assert line(PLAN, 2028, [rated(RED, 2027)], adjusted) == Line(
        2028, 30, 90, 0, "suspended", Rule.STEP, "red", step=2
    )


def test_a_second_red_in_a_row_neither_begins_anew_nor_gives_anything_back() -> None:
    milder = Consequence("phasing_out", steps_percent=(Decimal(-50), Decimal(-80)))
    plan = replace(PLAN, colours={**PLAN.colours, RED: milder})
    ratings = [rated(RED, 2027), rated(UNRATED, 2029), rated(RED, 2030)]

    assert [quota for quota, _ in walk([2027, 2028, 2030, 2031], ratings, approved(2026, 100), plan)] == [
        50,
        20,
        20,
        20,
    ]


@pytest.mark.parametrize("between", [GREEN, YELLOW])
def test_another_colour_between_two_reds_begins_a_new_run(between: Rating) -> None:
    ratings = [rated(RED, 2024), rated(between, 2027), rated(RED, 2030)]
    quotas = [approved(2023, 100), approved(2024, 50), approved(2027, 60), approved(2029, 60)]

    assert line(PLAN, 2030, ratings, quotas) == Line(2030, 60, 60, 30, "phasing_out", Rule.STEP, "red", step=1)


def test_a_passed_recheck_between_two_reds_begins_a_new_run() -> None:
    ratings = [replace(rated(RED, 2024), restored_on=date(2026, 5, 1)), rated(RED, 2027)]
    quotas = [approved(2023, 100), approved(2024, 50), approved(2025, 0), approved(2026, 70)]

    assert line(PLAN, 2027, ratings, quotas) == Line(2027, 70, 70, 35, "phasing_out", Rule.STEP, "red", step=1)


def test_a_flag_takes_the_place_of_the_colour() -> None:
    ratings = [rated(RED, 2024), rated(RED, 2027, "score-red", "red-twice-in-three")]

    assert line(PLAN, 2027, ratings, [approved(2023, 100), approved(2026, 40)]) == Line(
        2027, 40, 100, 0, "suspended", Rule.STEP, "red-twice-in-three", step=1
    )


# --- restoring -------------------------------------------------------------------------------------------------------


def test_a_passed_recheck_restores_its_part_of_the_quota_before_the_colour() -> None:
    red = replace(rated(RED, 2027), restored_on=date(2028, 5, 30))

    assert walk([2027, 2028, 2029], [red], approved(2026, 90)) == [(45, "phasing_out"), (63, "normal"), (63, "normal")]
    assert line(PLAN, 2028, [red], [approved(2026, 90), approved(2027, 45)]) == Line(
        2028, 45, 90, 63, "normal", Rule.RESTORE, "red"
    )


def test_a_recheck_passed_after_the_cutoff_restores_a_year_later() -> None:
    yellow = replace(rated(YELLOW, 2027), restored_on=date(2028, 7, 1))

    assert walk([2027, 2028, 2029], [yellow], approved(2026, 90)) == [
        (63, "restricted"),
        (63, "restricted"),
        (90, "normal"),
    ]


def test_without_restore_percent_the_quota_stays_and_the_standing_is_normal_again() -> None:
    flagged = replace(rated(RED, 2027, "red-twice-in-three"), restored_on=date(2028, 5, 1))

    assert walk([2027, 2028], [flagged], approved(2026, 90)) == [(0, "suspended"), (0, "normal")]


def test_support_ends_with_the_rating_that_gave_it() -> None:
    ratings = [rated(GREEN, 2027), rated(YELLOW, 2030)]

    assert (
        line(PLAN, 2029, ratings, [approved(2026, 100), approved(2027, 115)]).supports == PLAN.colours[GREEN].supports
    )
    assert line(PLAN, 2030, ratings, [approved(2026, 100), approved(2029, 115)]).supports == ()


# --- no colour -------------------------------------------------------------------------------------------------------


def test_an_unrated_specialty_keeps_quota_and_standing() -> None:
    ratings = [rated(YELLOW, 2027), rated(UNRATED, 2030)]

    assert walk([2027, 2030], ratings, approved(2026, 100)) == [(70, "restricted"), (70, "restricted")]
    assert walk([2030], [rated(UNRATED, 2030)], approved(2029, 100)) == [(100, "normal")]


def test_an_unrated_specialty_takes_the_standing_the_policy_names_for_it() -> None:
    plan = replace(PLAN, colours={**PLAN.colours, UNRATED: Consequence("restricted", change_percent=Decimal(0))})

    assert standing_in(plan, 2027, [rated(UNRATED, 2027)]) == "restricted"


def test_a_rating_without_a_consequence_changes_nothing() -> None:
    ratings = [rated(RED, 2027), rated(INCOMPLETE, 2028)]

    assert walk([2027, 2028], ratings, approved(2026, 100)) == [(50, "phasing_out"), (0, "suspended")]


# --- appeals, records with gaps ---


@pytest.mark.parametrize(
    ("appeal_suspends", "quota", "standing"),
    [("none", 50, "phasing_out"), ("standing", 50, "normal"), ("all", 100, "normal")],
)
def test_an_open_appeal_holds_what_the_policy_says(appeal_suspends: str, quota: int, standing: str) -> None:
    plan = replace(PLAN, appeal_suspends=appeal_suspends)
    red = replace(rated(RED, 2027), under_appeal=True)

    assert walk([2027], [red], approved(2026, 100), plan) == [(quota, standing)]


def test_without_a_quota_on_record_there_is_none_to_change_but_stopping_is_stopping() -> None:
    assert line(PLAN, 2027, [rated(YELLOW, 2027)], []).quota is None
    assert line(PLAN, 2028, [rated(RED, 2027)], []).quota == 0
    assert line(PLAN, 2027, [], []) == Line(2027, None, None, None, "normal", Rule.KEEP)


def test_an_opening_balance_counts_by_its_academic_year() -> None:
    opening = [Approved(2023, 100), Approved(2024, 50), Approved(2025, 50)]

    assert line(PLAN, 2026, [rated(YELLOW, 2024)], opening).rule == Rule.KEEP  # acted in 2024 already
    assert line(PLAN, 2024, [rated(YELLOW, 2024)], opening[:1]).quota == 70


# --- whatever the record ---------------------------------------------------------------------------------------------

CONFIRMED = st.dates(date(2020, 1, 1), date(2030, 12, 31))
RATINGS = st.lists(
    st.builds(Rated, st.sampled_from(list(Rating)), CONFIRMED), max_size=5, unique_by=lambda r: r.confirmed_on
)
QUOTAS = st.lists(
    st.builds(approved, st.integers(2019, 2030), st.integers(0, 500)),
    max_size=8,
    unique_by=lambda quota: quota.year,
)
YEARS = st.integers(2020, 2032)
CAPACITIES = st.none() | st.integers(0, 500)


@given(YEARS, RATINGS, QUOTAS, CAPACITIES, st.randoms(use_true_random=False))
def test_the_order_of_the_record_never_matters(
    year: int, ratings: list[Rated], quotas: list[Approved], capacity: int | None, random: Random
) -> None:
    shuffled, mixed = random.sample(ratings, len(ratings)), random.sample(quotas, len(quotas))

    assert line(PLAN, year, shuffled, mixed, capacity) == line(PLAN, year, ratings, quotas, capacity)


@given(YEARS, RATINGS, QUOTAS, CAPACITIES)
def test_a_quota_is_never_below_zero_nor_on_green_above_capacity(
    year: int, ratings: list[Rated], quotas: list[Approved], capacity: int | None
) -> None:
    found = line(PLAN, year, ratings, quotas, capacity)

    assert found.quota is None or found.quota >= 0
    if found.cause == "green" and found.quota is not None and capacity is not None:
        assert found.quota <= capacity


@given(YEARS, RATINGS, QUOTAS)
def test_what_happens_later_changes_no_earlier_year(year: int, ratings: list[Rated], quotas: list[Approved]) -> None:
    known = [r for r in ratings if acts_from(PLAN, r.confirmed_on) <= year]
    before = [q for q in quotas if q.year < year]

    assert line(PLAN, year, ratings, before) == line(PLAN, year, known, before)


@given(st.sampled_from(COLOURS), st.integers(1, 500), st.integers(0, 6))
def test_a_plan_computed_twice_is_the_same(colour: Rating, students: int, later: int) -> None:
    ratings, year = [rated(colour, 2027)], 2027 + later
    record = [approved(2026, students)]
    for earlier in range(2027, year):
        record.append(approved(earlier, line(PLAN, earlier, ratings, record).quota or 0))

    computed = line(PLAN, year, ratings, record)

    assert line(PLAN, year, ratings, [*record, approved(year, computed.quota or 0)]) == computed


# --- the plan's lines ------------------------------------------------------------------------------------------------


def test_a_plan_names_every_line_that_cannot_be() -> None:
    lines = [
        PlanLine("1", 40, 40, capacity=40),
        PlanLine("2", -1, 10, reason="停办"),
        PlanLine("3", 60, 50, capacity=55),
        PlanLine("4", 30, None),
        PlanLine("5", 5, 0, reason="再招一年", stopped=True),
    ]

    assert plan_problems(lines, city_total=100) == [
        Problem("quota-negative", "lines.2", {"quota": -1}),
        Problem("quota-above-capacity", "lines.3", {"quota": 60, "capacity": 55}),
        Problem("adjustment-reason-missing", "lines.3", {"quota": 60, "computed": 50}),
        Problem("quota-reason-missing", "lines.4", {"quota": 30}),
        Problem("places-though-stopped", "lines.5", {"quota": 5}),
        Problem("city-total-exceeded", "lines", {"total": 134, "city_total": 100}),
    ]
    assert plan_problems(lines[:1], city_total=40) == []
