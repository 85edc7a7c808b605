"""The oracle itself, against values worked out by hand from policy.md's words and from published rules."""

from fractions import Fraction
from typing import Any

import pytest

from .figures import half_up, linear, steps
from .reference import score
from .tree import read_policy

MEASURES = """
measures:
  a: {label: {zh: 甲}, type: integer, supplier: school}
  b: {label: {zh: 乙}, type: integer, supplier: school}
  c: {label: {zh: 丙}, type: decimal, decimals: 3, supplier: school}
  yes_no: {label: {zh: 丁}, type: boolean, supplier: school}
  award: {label: {zh: 戊}, type: choice, options: [none, city, nation], supplier: school}
attributes: {level: {type: text, label: {zh: 层次}}, years_open: {type: integer, label: {zh: 年数}}}
dimensions: [{code: d, label: {zh: 维度}}, {code: e, label: {zh: 维度二}}]
"""
BANDS = """
rating:
  rules:
    - {rate: green, code: g, when: {total: {at_least: 80}}}
    - {rate: yellow, code: y, when: {total: {at_least: 60}}}
    - {rate: red, code: r}
"""
STRAIGHT = "points: {linear: [[0, 0], [100, 100]]}"


def policy(indicators: str, rest: str = BANDS) -> dict[str, Any]:
    return read_policy(f"{MEASURES}\nindicators: [{indicators}]\n{rest}")


def results(tree: dict[str, Any], evidence: str, history: str | None = None) -> list[list[str]]:
    return [line.split(",") for line in score(tree, evidence, history).splitlines()[1:]]


def one(form: str, extra: str = "", rest: str = BANDS) -> dict[str, Any]:
    return policy(f"{{code: i, dimension: d, value: {form}, weight: 100, {extra or STRAIGHT}}}", rest)


@pytest.mark.parametrize(
    ("exact", "places", "rounded"),
    [("2.675", 2, "2.68"), ("-0.5", 0, "-1"), ("0.5", 0, "1"), ("-0.49", 0, "0"), ("49.995", 2, "50"), ("2", 2, "2")],
)
def test_rounding_is_half_up_away_from_zero(exact: str, places: int, rounded: str) -> None:
    assert half_up(Fraction(exact), places) == Fraction(rounded)


def test_lines_are_flat_outside_and_straight_between() -> None:
    pairs = [(Fraction(60), Fraction(0)), (Fraction(95), Fraction(100))]
    assert [linear(pairs, Fraction(x)) for x in (59, 60, 95, 96)] == [0, 0, 100, 100]
    assert linear(pairs, Fraction(67)) == 20


def test_steps_give_the_highest_reached_and_nothing_below_the_first() -> None:
    pairs = [(Fraction(1), Fraction(40)), (Fraction(3), Fraction(90))]
    assert [steps(pairs, Fraction(x)) for x in ("0.99", 1, "2.99", 3, 99)] == [0, 40, 40, 90, 90]


def test_a_rate_of_49996_is_50_and_not_below_50() -> None:
    rules = "rating: {rules: [{rate: red, code: low, when: {indicator: i, below: 50}}, {rate: green, code: g}]}"
    tree = one("{ratio: {of: a, to: b, times: 100}}", rest=rules)
    rows = results(tree, "specialty,a,b\nX,49996,100000\nY,49994,100000\nZ,1,0\n")
    assert rows == [["X", "50.00", "50.00", "", "green", "g"], ["Y", "49.99", "49.99", "", "red", "low"],
                    ["Z", "0.00", "0.00", "", "green", "g"]]  # fmt: skip


def test_change_and_difference_are_of_the_same_row() -> None:
    indicators = (
        "{code: i, dimension: d, value: {change: [a, b]}, weight: 50, points: {steps: [[-25, 40]]}},"
        "{code: j, dimension: e, value: {difference: [a, b]}, weight: 50, points: {steps: [[-1, 70]]}}"
    )
    rows = results(policy(indicators), "specialty,a,b\nX,3,4\nY,4,0\nZ,,1\n")
    assert [row[1:4] for row in rows] == [["55.00", "40.00", "70.00"], ["35.00", "0.00", "70.00"],
                                          ["0.00", "0.00", "0.00"]]  # fmt: skip


@pytest.mark.parametrize(
    ("over", "total"),
    # Own values: 2023 10/30 = 33.33, 2024 none (b is 0), 2025 25/50 = 50.00
    [("latest", "50.00"), ("{mean: 3}", "41.67"), ("{mean: 2}", "50.00"), ("{lowest: 3}", "33.33"),
     ("{highest: 3}", "50.00"), ("{pooled: 3}", "47.50"), ("{pooled: 2}", "56.00")],
)  # fmt: skip
def test_over_looks_back_n_calendar_years(over: str, total: str) -> None:
    tree = one("{ratio: {of: a, to: b, times: 100}}", f"over: {over}, {STRAIGHT}")
    evidence = "specialty,year,a,b\nX,2023,10,30\nX,2024,3,0\nX,2025,25,50\nX,2022,99,99\n"
    assert results(tree, evidence)[0][1] == total  # pooled: (10+3+25)/(30+0+50); (3+25)/(0+50)


def test_pooled_asks_needs_of_the_sums() -> None:
    needs = "needs: {measure: b, at_least: 80}"
    evidence = "specialty,year,a,b\nX,2024,10,30\nX,2025,30,50\nY,2024,,30\nY,2025,30,50\n"
    tree = one("{ratio: {of: a, to: b, times: 100}}", f"over: {{pooled: 2}}, {needs}, {STRAIGHT}")
    assert [row[1] for row in results(tree, evidence)] == ["50.00", "0.00"]  # Y pools 2025 alone: 50 < 80


def test_a_rank_counts_the_worse_and_half_of_the_equal() -> None:
    tree = one("a", "points: {rank: {within: [level], best: high}}")
    evidence = "specialty,level,a\nA,x,1\nB,x,2\nC,x,2\nD,x,9\nE,,5\nF,,5\nG,y,\n"
    assert [row[1] for row in results(tree, evidence)] == ["12.50", "50.00", "50.00", "87.50", "50.00", "50.00", "0.00"]


def test_a_rank_with_low_best_is_the_mirror() -> None:
    tree = one("a", "points: {rank: {best: low}}")
    rows = results(tree, "specialty,a\nA,1\nB,2\nC,4\n")
    assert [row[1] for row in rows] == ["83.33", "50.00", "16.67"]


def test_missing_zero_exclude_and_block_differ() -> None:
    shape = (
        "{{code: i, dimension: d, value: a, weight: 40, {0}, missing: {1}}},"
        "{{code: j, dimension: e, value: b, weight: 60, {0}}}"
    )
    for missing, line in [
        ("zero", ["X", "54.00", "0.00", "90.00", "red", "r"]),
        ("exclude", ["X", "90.00", "", "90.00", "green", "g"]),
        ("block", ["X", "", "", "", "incomplete", "incomplete"]),
    ]:
        assert results(policy(shape.format(STRAIGHT, missing)), "specialty,b\nX,90\n") == [line]


def test_with_no_indicator_counting_a_specialty_is_incomplete_but_may_be_unrated() -> None:
    tree = one("a", f"missing: exclude, {STRAIGHT}")
    tree["rating"]["unrated"] = [{"code": "new", "when": {"attribute": "years_open", "below": Fraction(3)}}]
    tree["rating"]["unrated"][0]["when"]["below"] = read_policy("n: 3")["n"]
    rows = results(tree, "specialty,years_open,a\nX,5,\nY,2,\nZ,2,70\n")
    assert rows == [["X", "", "", "", "incomplete", "incomplete"], ["Y", "", "", "", "unrated", "new"],
                    ["Z", "70.00", "70.00", "", "unrated", "new"]]  # fmt: skip


def test_adjustments_are_named_even_when_the_cut_makes_them_void() -> None:
    tree = one("a")
    tree["adjustments"] = read_policy(
        "x: [{code: plus, points: 3, when: {measure: award, equals: nation}, label: {zh: 加分}},"
        " {code: minus, points: -0.5, when: {measure: yes_no, equals: true}, label: {zh: 减分}}]"
    )["x"]
    rows = results(tree, "specialty,a,award,yes_no\nX,100,nation,\nY,79,nation,true\nZ,0,city,true\n")
    assert [row[1] for row in rows] == ["100.00", "81.50", "0.00"]
    assert [row[2] for row in rows] == ["100.00", "79.00", "0.00"]
    assert [row[-1] for row in rows] == ["plus;g", "plus;minus;g", "minus;r"]


def test_quotas_leave_a_tie_at_the_cut_outside() -> None:
    quotas = """
      - {code: top, take: top, share: 0.5, rate: green, otherwise: yellow}
      - {code: bottom, take: bottom, share: 0.4, becomes: red}
    """
    tree = one("a", rest=BANDS + "  quotas:" + quotas)
    # Six specialties, top keeps 3 of the four greens; the cut falls inside the tie at 85.
    rows = results(tree, "specialty,a\nA,99\nB,90\nC,85\nD,85\nE,70\nF,20\n")
    assert [row[-2:] for row in rows] == [["green", "g"], ["green", "g"], ["yellow", "g;top"], ["yellow", "g;top"],
                                          ["red", "y;bottom"], ["red", "r"]]  # fmt: skip
    # 0.4 of 6 is 2: E and F. With three at the bottom alike none is taken.
    rows = results(tree, "specialty,a\nA,99\nB,90\nC,85\nD,70\nE,70\nF,70\n")
    assert [row[-1] for row in rows] == ["g", "g", "g", "y", "y", "y"]
    assert results(tree, "specialty,a\nA,99\nB,70\n")[0][-2:] == ["green", "g"]  # n = 0.8 -> 0 for bottom


def test_top_with_n_of_none_keeps_none_and_small_groups_are_left_alone() -> None:
    quota = "  quotas: [{code: top, take: top, share: 0.3, rate: green, otherwise: yellow, within: [level]%s}]"
    evidence = "specialty,level,a\nA,x,99\nB,x,90\nC,x,70\nD,,99\n"
    assert [row[-1] for row in results(one("a", rest=BANDS + quota % ""), evidence)] == ["g;top", "g;top", "y", "g;top"]
    alone = results(one("a", rest=BANDS + quota % ", group_at_least: 3"), evidence)
    assert [row[-1] for row in alone] == ["g;top", "g;top", "y", "g"]


def test_caps_history_and_flags_run_in_order_from_the_rating_as_it_stands() -> None:
    rest = """
  caps:
    - {code: fine, at_most: green, when: {measure: a, reported: true}}
    - {code: veto, at_most: red, when: {measure: yes_no, equals: true}}
    - {code: soft, at_most: yellow, when: {measure: yes_no, reported: true}}
  history:
    - {code: second, now: yellow, becomes: red, when: {previous: {of_last: 1, at_least: 1, one_of: [yellow]}}}
    - {code: mercy, now: [red, yellow], becomes: green, when: {previous: {of_last: 3, at_least: 2, one_of: [green]}}}
  flags:
    - {code: stays, now: [green], when: {measure: a, above: 0}}
"""
    tree = one("a", rest=BANDS + rest)
    history = (
        "specialty,year,rating\nP,2020,yellow\nP,2022,incomplete\nP,2021,unrated\n"
        "Q,2020,green\nQ,2022,green\nQ,2023,yellow\nnobody,2020,red\n"
    )
    rows = results(tree, "specialty,a,yes_no\nO,90,true\nP,90,false\nQ,90,false\nR,90,\n", history)
    assert [row[-2:] for row in rows] == [["red", "g;veto"], ["red", "g;soft;second"],
                                          ["green", "g;soft;second;mercy;stays"], ["green", "g;stays"]]  # fmt: skip


@pytest.mark.parametrize(
    ("years", "ratings"),
    # 2025: 40; 2024: no row (X), a row without a value (Y); 2023: 40; 2022: 60
    [("{of_last: 3, at_least: 2}", ["red", "red"]), ("{of_last: 2, at_least: 2}", ["green", "green"]),
     ("{of_last: 2, at_least: 2, reported_only: true}", ["red", "red"]),
     ("{of_last: 3, at_least: 3, reported_only: true}", ["green", "green"])],
)  # fmt: skip
def test_years_count_calendar_years_or_only_reported_ones(years: str, ratings: list[str]) -> None:
    when = "{measure: a, below: 50, years: %s}"
    rules = f"rating: {{rules: [{{rate: red, code: low, when: {when % years}}}, {{rate: green, code: g}}]}}"
    evidence = "specialty,year,a\nX,2025,40\nX,2023,40\nX,2022,60\nY,2025,40\nY,2024,\nY,2023,40\nY,2022,60\n"
    assert [row[-2] for row in results(one("a", rest=rules), evidence)] == ratings


def test_a_year_without_a_row_is_not_a_year_without_a_value() -> None:
    when = "{measure: a, reported: false, years: {of_last: 2, at_least: 1}}"
    rules = f"rating: {{rules: [{{rate: red, code: silent, when: {when}}}, {{rate: green, code: g}}]}}"
    evidence = "specialty,year,a\nX,2025,40\nY,2025,40\nY,2024,\nZ,2025,40\nZ,2023,\n"
    assert [row[-2] for row in results(one("a", rest=rules), evidence)] == ["green", "red", "green"]


def test_what_is_not_reported_fails_every_comparison_and_so_not_holds() -> None:
    when = (
        "{at_least_of: 2, conditions: [{not: {measure: a, above: 5}}, {measure: a, below: {measure: b}},"
        " {attribute: defaulted, one_of: ['true']}]}"
    )
    rules = f"rating: {{rules: [{{rate: red, code: r, when: {when}}}, {{rate: green, code: g}}]}}"
    evidence = "specialty,defaulted,a,b\nA,,,9\nB,true,,9\nC,false,4,9\nD,true,4,\nE,,6,9\n"
    ratings = [row[-2] for row in results(one("a", rest=rules), evidence)]
    assert ratings == ["green", "red", "red", "red", "green"]


def test_completeness_is_the_weight_of_what_has_a_value() -> None:
    indicators = (
        f"{{code: i, dimension: d, value: a, weight: 33.335, missing: exclude, {STRAIGHT}}},"
        f"{{code: j, dimension: d, value: b, weight: 66.665, {STRAIGHT}}}"
    )
    rules = "rating: {rules: [{rate: red, code: r, when: {completeness: {equals: 33.34}}}, {rate: green, code: g}]}"
    rows = results(policy(indicators, rules), "specialty,a,b\nX,50,\nY,50,50\n")
    assert [row[-2] for row in rows] == ["red", "green"]
