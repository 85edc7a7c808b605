"""What an appeal held, and what is no colour, neither takes a cut away nor skips a step."""

from dataclasses import replace

from engine.test_enrolment import PLAN, RED, UNRATED, YELLOW, approved, rated
from specialty_eval.engine.enrolment import Rule, line

HOLDING = replace(PLAN, appeal_suspends="all")


def test_a_plan_approved_while_an_appeal_held_everything_is_not_the_one_that_acted() -> None:
    held = [approved(2025, 100), replace(approved(2026, 100), under_appeal=True)]

    yellow = line(HOLDING, 2027, [rated(YELLOW, 2026)], held)
    red = line(HOLDING, 2027, [rated(RED, 2026)], held)

    assert (yellow.quota, yellow.rule) == (70, Rule.CHANGE)
    assert (red.quota, red.step, red.standing) == (50, 1, "phasing_out")


def test_an_appeal_that_holds_nothing_leaves_the_years_as_they_are() -> None:
    plans = [approved(2025, 100), replace(approved(2026, 50), under_appeal=True)]

    assert line(PLAN, 2027, [rated(RED, 2026)], plans).quota == 0


def test_what_is_no_colour_stops_no_steps_and_cancels_no_cut() -> None:
    plans = [approved(2025, 100), approved(2026, 50)]

    stepping = line(PLAN, 2027, [rated(RED, 2026), rated(UNRATED, 2027)], plans)

    assert (stepping.quota, stepping.step, stepping.standing) == (0, 2, "suspended")
    assert line(PLAN, 2026, [rated(YELLOW, 2026), rated(UNRATED, 2026, month=6)], plans[:1]).quota == 70
