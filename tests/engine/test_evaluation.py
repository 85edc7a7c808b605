"""Conditions: every subject, comparison and shape, on what is reported and what is not."""

import pytest

from engine.small_scores import indicator, results, rules

RATE = "{ratio: {of: a, to: b, times: 100}}"


def who(condition: str, text: str, history: dict[str, list[str]] | None = None, *indicators: str) -> str:
    """The specialties for which a condition holds, as one word."""
    policy = rules(
        *indicators,
        rating=f"\n  rules: [{{rate: red, code: held, when: {condition}}}, {{rate: green, code: others}}]\n",
    )
    found = results(policy, text, history)
    return "".join(found.specialty(i) for i in range(len(found)) if found.rating(i) == "red")


FIVE = "specialty,c\nA,1.999\nB,2\nC,2.001\nD,-2\nE,"


@pytest.mark.parametrize(
    ("test", "held"),
    [
        ("at_least: 2", "BC"),
        ("above: 2", "C"),
        ("above: 1.9985", "ABC"),
        ("at_most: 2", "ABD"),
        ("below: 2", "AD"),
        ("below: -1.99999", "D"),
        ("equals: 2.000", "B"),
        ("equals: 1.9995", ""),
        ("one_of: [2.001, -2, 7]", "CD"),
        ("reported: true", "ABCD"),
        ("reported: false", "E"),
        ("at_least: 0, below: 2", "A"),
        ("above: 99999999999999999999999", ""),
        ("below: 99999999999999999999999", "ABCD"),
    ],
)
def test_a_number_is_compared(test: str, held: str) -> None:
    assert who(f"{{measure: c, {test}}}", FIVE) == held


def test_not_of_a_comparison_holds_for_what_is_not_reported() -> None:
    assert who("{not: {measure: c, at_least: 2}}", FIVE) == "ADE"


def test_conditions_compare_the_rounded_value() -> None:
    text = "specialty,a,b\nA,49996,100000\nB,49994,100000\nC,49995,100000"  # 49.996, 49.994 and 49.995 %
    rate = indicator(RATE, points="", weight="", code="rate")
    assert who("{indicator: rate, below: 50}", text, None, indicator(), rate) == "B"


def test_another_measure_of_the_same_year_may_be_the_right_side() -> None:
    text = "specialty,a,c\nA,2,2.000\nB,2,2.001\nC,2,\nD,,2\nE,3,2.999"
    assert who("{measure: a, above: {measure: c}}", text) == "E"
    assert who("{measure: a, equals: {measure: c}}", text) == "A"
    assert who("{measure: a, at_most: {measure: c}}", text) == "AB"
    assert who("{not: {measure: a, at_least: {measure: c}}}", text) == "BCD"
    assert (
        who(
            "{measure: safe, equals: {measure: too}}",
            "specialty,safe,too\nA,true,true\nB,true,false\nC,,\nD,false,false",
        )
        == "AD"
    )


def test_huge_numbers_are_compared_exactly() -> None:
    text = f"specialty,a,c\nA,{10**29},{10**26}.001\nB,{2**63},{2**63}\nC,{2**53 + 1},{2**53}"
    assert who("{measure: a, above: {measure: c}}", text) == "AC"
    assert who(f"{{measure: a, equals: {2**53 + 1}}}", text) == "C"


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("{measure: safe, equals: true}", "A"),
        ("{measure: safe, equals: false}", "B"),
        ("{not: {measure: safe, equals: true}}", "BC"),
        ("{measure: grade, one_of: [city, nation]}", "BC"),
        ("{measure: grade, equals: none}", "A"),
        ("{attribute: level, equals: 中职}", "A"),
        ("{attribute: level, one_of: [中职, 高职]}", "AB"),
        ("{attribute: level, reported: false}", "C"),
        ("{attribute: open, below: 3}", "B"),
        ("{attribute: size, at_most: 0.5}", "AB"),
        ('{attribute: defaulted, equals: "true"}', "C"),
        ("{all: [{measure: safe, reported: true}, {measure: grade, equals: city}]}", "B"),
        ("{any: [{measure: safe, equals: true}, {measure: grade, equals: nation}]}", "AC"),
        (
            "{at_least_of: 2, conditions: [{attribute: open, at_least: 3}, {measure: safe, reported: true}]}",
            "A",
        ),
    ],
)
def test_flags_choices_texts_and_shapes(condition: str, held: str) -> None:
    head = "specialty,safe,grade,level,open,size,defaulted"
    text = f"{head}\nA,true,none,中职,3,0.5,\nB,false,city,高职,2,0.49,false\nC,,nation,,,,true"
    assert who(condition, text) == held


YEARS = """specialty,year,a
A,2022,1
A,2023,9
A,2024,1
B,2021,1
B,2022,1
B,2024,9
C,2020,1
C,2021,1
C,2023,
C,2024,9
D,2023,
D,2024,
"""


@pytest.mark.parametrize(
    ("test", "window", "held"),
    [
        ("below: 5", "of_last: 3, at_least: 2", "A"),
        ("below: 5", "of_last: 4, at_least: 2", "AB"),
        ("below: 5", "of_last: 3, at_least: 1", "AB"),
        ("below: 5", "of_last: 3, at_least: 2, reported_only: true", "ABC"),
        ("above: 5", "of_last: 1, at_least: 1", "BC"),
        ("reported: false", "of_last: 2, at_least: 2", "D"),
        ("reported: false", "of_last: 3, at_least: 1", "CD"),
        ("reported: false", "of_last: 3, at_least: 1, reported_only: true", ""),
        ("reported: true", "of_last: 3, at_least: 2", "AB"),
    ],
)
def test_years_are_calendar_years_unless_only_reported_ones_are_asked_for(test: str, window: str, held: str) -> None:
    assert who(f"{{measure: a, {test}, years: {{{window}}}}}", YEARS) == held


def test_years_look_at_an_indicators_own_value_and_at_the_points_after_over() -> None:
    text = "specialty,year,n\nA,2022,90\nA,2023,90\nA,2024,30\nB,2023,30\nB,2024,90"
    mean = indicator(more="over: {mean: 2}")
    assert who("{indicator: i, below: 60, years: {of_last: 2, at_least: 1}}", text, None, mean) == "AB"
    assert who("{indicator: i, below: 60}", text, None, mean) == ""  # 60 and 60
    assert who("{points: i, below: 60, years: {of_last: 2, at_least: 1}}", text, None, mean) == "B"  # 30 in 2023
    assert who("{points: i, equals: 90, years: {of_last: 3, at_least: 2}}", text, None, mean) == "A"


def test_the_right_side_in_years_is_of_each_year() -> None:
    text = "specialty,year,a,b\nA,2023,2,1\nA,2024,2,1\nB,2023,2,2\nB,2024,2,1"
    assert who("{measure: a, above: {measure: b}, years: {of_last: 2, at_least: 2}}", text) == "A"


def test_points_are_not_reported_when_the_value_is_not_whatever_missing_says() -> None:
    assert who("{points: i, at_most: 50}", "specialty,n\nA,50\nB,51\nC,") == "A"
    assert who("{points: i, reported: false}", "specialty,n\nA,50\nB,51\nC,") == "C"


def test_a_pooled_indicators_own_value_is_that_years_ratio_after_its_needs() -> None:
    pooled = indicator(RATE, "p", weight="", more="over: {pooled: 2}, needs: {measure: b, at_least: 4}")
    text = "specialty,year,a,b\nA,2023,2,2\nA,2024,2,2\nB,2023,2,4\nB,2024,2,4"
    assert who("{indicator: p, reported: true}", text, None, indicator(), pooled) == "AB"
    years = "years: {of_last: 2, at_least: 1}"
    assert who(f"{{indicator: p, reported: true, {years}}}", text, None, indicator(), pooled) == "B"


@pytest.mark.parametrize(
    ("previous", "held"),
    [
        ("of_last: 1, at_least: 1, one_of: [red]", "AD"),
        ("of_last: 2, at_least: 1, one_of: [red]", "ABD"),
        ("of_last: 2, at_least: 2, one_of: [red, yellow]", "AB"),
        ("of_last: 9, at_least: 2, one_of: [green]", "C"),
    ],
)
def test_previous_counts_the_last_ratings_on_record(previous: str, held: str) -> None:
    history = {
        "A": ["yellow", "red"],
        "B": ["green", "red", "yellow"],
        "C": ["green", "green", "yellow"],
        "D": ["red", "unrated", "incomplete"],
    }
    assert who(f"{{previous: {{{previous}}}}}", "specialty,n\nA,1\nB,1\nC,1\nD,1\nE,1", history) == held


def test_dimensions_completeness_and_total_are_compared_as_printed() -> None:
    two = [indicator("n", "i1", weight="66.666"), indicator("m", "i2", weight="33.334", dimension="e")]
    text = "specialty,n,m\nA,80,5\nB,80,\nC,,5"
    assert who("{completeness: {equals: 66.67}}", text, None, *two) == "B"
    assert who("{completeness: {equals: 33.33}}", text, None, *two) == "C"
    assert who("{dimension: e, at_least: 5}", text, None, *two) == "AC"
    assert who("{total: {equals: 55}}", text, None, *two) == "A"  # 54.9995
    assert who("{total: {above: 53.33}}", text, None, *two) == "A"  # B has 53.3328
