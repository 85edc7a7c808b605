"""From measures to an indicator's value and points: each form, each rounding, each year."""

from decimal import Decimal

import pytest

from engine.small_scores import indicator, points_of, results, rules, value_of

ONE_ROW = "specialty,a,b,c,n,safe,grade\nX,{a},{b},{c},{n},{safe},{grade}"


def one(value: str, *, more: str = "", points: str = "{linear: [[0, 0], [100, 100]]}", **cells: str) -> str:
    """The value an indicator has on one row, or its points if `points` were given."""
    policy = rules(indicator(value, points=points, more=more))
    row = ONE_ROW.format(**{code: cells.get(code, "") for code in ("a", "b", "c", "n", "safe", "grade")})
    return str(value_of(results(policy, row)))


def points(form: str, value: str, measure: str = "n", more: str = "") -> str:
    row = ONE_ROW.format(**{code: value if code == measure else "" for code in ("a", "b", "c", "n", "safe", "grade")})
    return str(points_of(results(rules(indicator(measure, points=form, more=more)), row)))


@pytest.mark.parametrize(
    ("form", "cells", "value"),
    [
        ("a", {"a": "7"}, "7.00"),
        ("a", {"a": "0"}, "0.00"),
        ("a", {}, "None"),
        ("c", {"c": "2.675"}, "2.68"),
        ("c", {"c": "-2.675"}, "-2.68"),
        ("c", {"c": "-0.004"}, "0.00"),
        ("{ratio: {of: a, to: b, times: 100}}", {"a": "1", "b": "3"}, "33.33"),
        ("{ratio: {of: a, to: b, times: 100}}", {"a": "2", "b": "3"}, "66.67"),
        ("{ratio: {of: a, to: b, times: 100}}", {"a": "-1", "b": "8"}, "-12.50"),
        ("{ratio: {of: a, to: b}}", {"a": "1", "b": "-8"}, "-0.13"),
        ("{ratio: {of: a, to: b}}", {"a": "1", "b": "0"}, "None"),
        ("{ratio: {of: a, to: b}}", {"a": "1"}, "None"),
        ("{ratio: {of: [a, c], to: [b, n]}}", {"a": "1", "c": "0.500", "b": "1", "n": "0.5"}, "1.00"),
        ("{ratio: {of: [a, c], to: b}}", {"a": "1", "b": "1"}, "None"),
        ("{ratio: {of: c, to: a, times: 0.1}}", {"c": "0.150", "a": "1"}, "0.02"),
        ("{difference: [a, c]}", {"a": "1", "c": "1.005"}, "-0.01"),
        ("{change: [a, b]}", {"a": "10", "b": "8"}, "25.00"),
        ("{change: [a, b]}", {"a": "10", "b": "-8"}, "-225.00"),
        ("{change: [a, b]}", {"a": "10", "b": "0"}, "None"),
        (
            "{ratio: {of: a, to: b}}",
            {"a": "123456789012345678901234567890", "b": "1000"},
            "123456789012345678901234567.89",
        ),
        ("{difference: [a, b]}", {"a": "9223372036854775807", "b": "-9223372036854775807"}, "18446744073709551614.00"),
    ],
)
def test_a_value_form_gives(form: str, cells: dict[str, str], value: str) -> None:
    assert one(form, **cells) == value


@pytest.mark.parametrize(("decimals", "value"), [("0", "-1"), ("1", "-0.5"), ("4", "-0.5000")])
def test_a_value_is_rounded_to_its_decimals_half_away_from_zero(decimals: str, value: str) -> None:
    assert one("c", more=f"decimals: {decimals}", c="-0.5") == value


def test_a_boolean_and_a_choice_stay_what_they_are() -> None:
    flag, choice = "{flag: {is_true: 100, is_false: 0}}", "{choice: {none: 0, city: 55.555, nation: 100}}"
    assert value_of(results(rules(indicator("safe", points=flag)), "specialty,safe\nX,false")) is False
    assert value_of(results(rules(indicator("grade", points=choice)), "specialty,grade\nX,city")) == "city"


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("{linear: [[60, 0], [95, 100]]}", "59.99", "0.00"),
        ("{linear: [[60, 0], [95, 100]]}", "60.01", "0.03"),
        ("{linear: [[60, 0], [95, 100]]}", "77.5", "50.00"),
        ("{linear: [[60, 0], [95, 100]]}", "100", "100.00"),
        ("{linear: [[10, 100], [20, 0.5], [30, 0]]}", "15", "50.25"),
        ("{linear: [[10, 100], [20, 0.5], [30, 0]]}", "25.1", "0.25"),  # 0.245
        ("{linear: [[0.0005, 0], [0.5005, 100]]}", "0.1", "19.90"),
        ("{steps: [[0, 10], [10, 20.005], [20, 100]]}", "9.99", "10.00"),
        ("{steps: [[0, 10], [10, 20.005], [20, 100]]}", "10", "20.01"),
        ("{steps: [[5, 10], [10, 20]]}", "4.99", "0.00"),
        ("{steps: [[5, 10], [10, 20]]}", "100", "20.00"),
        ("{steps: [[5.001, 10], [5.009, 20], [10, 30]]}", "5.00", "0.00"),
        ("{steps: [[5.001, 10], [5.009, 20], [10, 30]]}", "5.01", "20.00"),
    ],
)
def test_a_points_form_gives(form: str, value: str, expected: str) -> None:
    assert points(form, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("-5", "0.00"), ("0", "0.00"), ("1", "0.00"), ("500000000000000", "50.00"), ("9" * 25, "100.00")],
)
def test_a_line_too_long_for_a_table_is_computed(value: str, expected: str) -> None:
    assert points("{linear: [[0, 0], [1000000000000000, 100]]}", value, "a") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("-1", "0.00"), ("0", "10.00"), ("9" * 12, "10.00"), ("1" + "0" * 12, "90.00")]
)
def test_steps_too_far_apart_for_a_table_are_looked_up(value: str, expected: str) -> None:
    assert points("{steps: [[0, 10], [1000000000000, 90]]}", value, "a") == expected


def test_points_of_flags_and_choices_are_rounded_too() -> None:
    assert points("{flag: {is_true: 33.335, is_false: 1}}", "true", "safe") == "33.34"
    assert points("{choice: {none: 0, city: 55.555, nation: 100}}", "city", "grade") == "55.56"


def test_a_value_that_its_needs_refuse_is_not_reported() -> None:
    policy = rules(indicator("{ratio: {of: a, to: b, times: 100}}", more="needs: {measure: b, at_least: 10}"))
    found = results(policy, "specialty,a,b\nX,5,9\nY,5,10\nZ,5,")
    assert [value_of(found, i=i) for i in range(3)] == [None, Decimal("50.00"), None]


YEARS = "specialty,year,a,b\nX,2021,90,100\nX,2023,1,3\nX,2024,2,3\nY,2020,1,1\nY,2024,,\nZ,2022,1,1"
RATE = "{ratio: {of: a, to: b, times: 100}}"


@pytest.mark.parametrize(
    ("over", "value"),
    [
        ("latest", "66.67"),
        ("{mean: 2}", "50.00"),  # of 33.33 and 66.67
        ("{mean: 3}", "50.00"),  # 2022 has no row
        ("{mean: 4}", "63.33"),
        ("{lowest: 3}", "33.33"),
        ("{highest: 3}", "66.67"),
        ("{highest: 4}", "90.00"),
        ("{pooled: 2}", "50.00"),
        ("{pooled: 4}", "87.74"),  # 93 of 106
    ],
)
def test_over_the_calendar_years_up_to_the_scored_one(over: str, value: str) -> None:
    found = results(rules(indicator(RATE, more=f"over: {over}")), YEARS)
    assert found.specialties == ["X", "Y"]  # Z has no row in 2024
    assert str(value_of(found)) == value


@pytest.mark.parametrize(("over", "value"), [("{mean: 4}", None), ("{lowest: 5}", "100.00"), ("{pooled: 5}", "100.00")])
def test_over_looks_no_further_than_its_years(over: str, value: str | None) -> None:
    found = results(rules(indicator(RATE, more=f"over: {over}")), YEARS)
    assert value_of(found, i=1) == (None if value is None else Decimal(value))


def test_the_mean_is_of_rounded_values_and_rounded_itself() -> None:
    text = "specialty,year,c\nX,2023,0.006\nX,2024,0.005"  # 0.01 and 0.01
    assert value_of(results(rules(indicator("c", more="over: {mean: 2}")), text)) == Decimal("0.01")
    text = "specialty,year,c\nX,2023,0.014\nX,2024,-0.025"  # 0.01 and -0.03
    assert value_of(results(rules(indicator("c", more="over: {mean: 2}")), text)) == Decimal("-0.01")


def test_needs_of_a_pooled_ratio_are_asked_of_the_sums_over_the_years_with_all_parts() -> None:
    policy = rules(indicator(RATE, more="over: {pooled: 3}, needs: {measure: b, at_least: 10}"))
    found = results(policy, "specialty,year,a,b\nX,2022,1,4\nX,2023,1,4\nX,2024,1,2\nY,2023,,4\nY,2024,1,6")
    assert [value_of(found, i=i) for i in range(2)] == [Decimal("30.00"), None]


def test_a_pooled_year_whose_parts_are_reported_counts_even_if_its_divisor_is_zero() -> None:
    policy = rules(indicator(RATE, more="over: {pooled: 2}"))
    found = results(policy, "specialty,year,a,b\nX,2023,3,0\nX,2024,1,4\nY,2023,3,0\nY,2024,,4")
    assert [value_of(found, i=i) for i in range(2)] == [Decimal("100.00"), None]


RANK = "{{rank: {{within: [{within}], best: {best}}}}}"


@pytest.mark.parametrize(
    ("best", "expected"),
    [("high", ["12.50", "50.00", "50.00", "87.50"]), ("low", ["87.50", "50.00", "50.00", "12.50"])],
)
def test_a_rank_counts_the_worse_and_half_of_the_equal(best: str, expected: list[str]) -> None:
    found = results(
        rules(indicator(points=RANK.format(within="", best=best))), "specialty,n\nA,1\nB,2\nC,2.00\nD,3\nE,"
    )
    assert [str(points_of(found, i=i)) for i in range(5)] == [*expected, "0.00"]


def test_peers_share_attributes_and_an_empty_one_equals_an_empty_one() -> None:
    text = "specialty,level,open,n\nA,x,3,1\nB,x,03,2\nC,x,4,3\nD,,,4\nE,,,5\nF,x,,6"
    found = results(rules(indicator(points=RANK.format(within="level, open", best="high"))), text)
    assert [str(points_of(found, i=i)) for i in range(6)] == ["25.00", "75.00", "50.00", "25.00", "75.00", "50.00"]


def test_a_third_of_a_rank_is_rounded() -> None:
    found = results(rules(indicator(points=RANK.format(within="", best="high"))), "specialty,n\nA,1\nB,2\nC,3")
    assert [str(points_of(found, i=i)) for i in range(3)] == ["16.67", "50.00", "83.33"]


def test_ranks_look_at_peers_who_are_not_rated() -> None:
    policy = rules(indicator(points=RANK.format(within="", best="high")))
    found = results(policy, "specialty,n\nA,1\nB,2", rated=["B"])
    assert list(found.specialties) == ["B"]
    assert str(points_of(found)) == "75.00"


def test_ranks_of_huge_numbers_are_exact() -> None:
    policy = rules(indicator("a", points=RANK.format(within="", best="high")))
    found = results(policy, f"specialty,a\nA,{10**29}\nB,{10**29 + 1}")
    assert [str(points_of(found, i=i)) for i in range(2)] == ["25.00", "75.00"]
