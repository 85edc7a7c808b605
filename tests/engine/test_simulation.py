"""One policy against another over the same figures: every number worked out by hand."""

from decimal import Decimal

import pytest

from engine.small_scores import HEAD
from specialty_eval.engine import load_policy
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.places import Place
from specialty_eval.engine.simulation import Facts, Limits, lines, read_places, row_text, simulate, summary
from specialty_eval.engine.vocabulary import Rating

ENROLMENT = """
enrolment:
  green: {standing: supported, change_percent: 15, at_most: capacity}
  yellow: {standing: restricted, change_percent: -30}
  red: {standing: phasing_out, steps_percent: [-50, -100]}
"""
INDICATOR = "indicators: [{code: i, dimension: d, label: {zh: 指标}, value: n, points: {linear: [[0, 0], [100, 100]]}, weight: 100}]"  # noqa: E501 -- a line of a policy


def rules_from(green: int, caps: str = "") -> str:
    rating = f"""
rating:
  rules:
    - {{rate: green, code: good, when: {{total: {{at_least: {green}}}}}, label: {{zh: 好}}}}
    - {{rate: yellow, code: fair, when: {{total: {{at_least: 60}}}}}}
    - {{rate: red, code: poor}}
"""
    return HEAD + INDICATOR + rating + caps + ENROLMENT


OLD = load_policy(rules_from(80))
CAP = "  caps: [{code: unsafe, at_most: red, when: {measure: safe, equals: false}, label: {zh: 不安全}}]"
NEW = load_policy(rules_from(90, CAP))
EVIDENCE = b"specialty,n,safe\nA,95,true\nB,85,true\nC,70,false\nD,50,true\n"
QUOTAS = b"specialty,quota,capacity,county,class\nA,100,110,371402,71\nB,100,,371402,61\nC,101,,371403,61\n"
FACTS = Facts(EVIDENCE, places=read_places(QUOTAS))


def test_who_changes_colour_and_which_rule_did_it() -> None:
    rows = simulate(NEW, OLD, FACTS, draws=0).rows
    told = [(r.specialty, r.before.rating, r.before.reasons, r.after.rating, r.after.reasons) for r in rows]
    assert told == [
        ("A", Rating.GREEN, ("good",), Rating.GREEN, ("good",)),
        ("B", Rating.GREEN, ("good",), Rating.YELLOW, ("fair",)),
        ("C", Rating.YELLOW, ("fair",), Rating.RED, ("fair", "unsafe")),
        ("D", Rating.RED, ("poor",), Rating.RED, ("poor",)),
    ]


def test_places_follow_each_policys_own_consequences_and_stay_within_the_capacity() -> None:
    rows = simulate(NEW, OLD, FACTS, draws=0).rows
    # A 100 + 15 % cut to 110; B 115, then 70; C 101 - 30 % = 70.7, then 50 %; D has no last quota.
    assert [(r.before.places, r.after.places) for r in rows] == [(110, 110), (115, 70), (70, 50), (None, None)]


def test_the_summary_adds_up_what_the_rows_say() -> None:
    found = simulate(NEW, OLD, FACTS, draws=0)
    sums = summary([row_text(row) for row in found.rows], found.draws)
    assert sums["changes"] == [
        {"from": "green", "to": "yellow", "specialties": 1},
        {"from": "yellow", "to": "red", "specialties": 1},
    ]
    assert sums["reasons"] == [
        {"code": "fair", "before": 0, "after": 1},
        {"code": "good", "before": 1, "after": 0},
        {"code": "unsafe", "before": 0, "after": 1},
    ]
    everybody = {"specialties": 4, "unknown": 1, "before": 295, "after": 230, "gained": 0, "lost": 65}
    assert sums["places"]["all"] == everybody
    assert [(c["code"], c["before"], c["after"], c["lost"]) for c in sums["places"]["by_county"]] == [
        ("", 0, 0, 0), ("371402", 225, 180, 45), ("371403", 70, 50, 20),
    ]  # fmt: skip
    assert [(c["code"], c["lost"]) for c in sums["places"]["by_class"]] == [("", 0), ("61", 65), ("71", 0)]
    assert sums["distance"] == {"best": 1, "change": 2, "capped": 1, "none": 0, "not_rated": 0, "not_sought": 0}
    assert sums["stability"] is None


def test_stability_is_counted_by_how_much_of_the_draws_keeps_the_rating() -> None:
    found = simulate(NEW, OLD, FACTS, draws=10)
    sums = summary([row_text(row) for row in found.rows], found.draws)
    # One indicator has all the weight, whatever is drawn.
    assert sums["stability"] == {"always": 4, "nine_tenths": 0, "half": 0, "less": 0}


def test_the_file_says_the_same() -> None:
    heading, *told = lines(simulate(NEW, OLD, FACTS, draws=10))
    b = dict(zip(heading, told[1], strict=True))
    assert b == {
        "specialty": "B", "county": "371402", "class": "61", "rating_before": "green", "total_before": "85.00",
        "reasons_before": "good", "rating_after": "yellow", "total_after": "85.00", "reasons_after": "fair",
        "quota": "100", "places_before": "115", "places_after": "70", "reach": "change", "indicator": "i",
        "measure": "n", "value_before": "85.00", "value_after": "90.00", "points_before": "85.00",
        "points_after": "90.00", "next_rating": "green", "caps": "", "draws_same": "10", "draws_green": "0",
        "draws_yellow": "10", "draws_red": "0", "draws_unrated": "0", "draws_incomplete": "0",
    }  # fmt: skip


def test_a_measure_that_only_one_of_the_two_knows_is_no_obstacle() -> None:
    more = load_policy(rules_from(80).replace("  grade:", "  extra: {type: integer}\n  grade:"))
    facts = Facts(b"specialty,n,extra\nA,85,3\n")
    assert [row.before.rating for row in simulate(OLD, more, facts, draws=0).rows] == [Rating.GREEN]
    assert [row.after.rating for row in simulate(more, OLD, facts, draws=0).rows] == [Rating.GREEN]


def test_a_column_that_neither_knows_is_said() -> None:
    with pytest.raises(Invalid) as refusal:
        simulate(NEW, OLD, Facts(b"specialty,n,what\nA,85,3\n"), draws=0)
    assert [problem.code for problem in refusal.value.problems] == ["unknown-column"]


def test_everything_wrong_with_the_last_quotas_is_said() -> None:
    with pytest.raises(Invalid) as refusal:
        read_places(b"specialty,quota,size\nA,-1,3\nA,many,3\n")
    assert [(p.code, p.facts["row"]) for p in refusal.value.problems] == [
        ("unknown-column", 1), ("out-of-range", 2), ("row-twice", 3), ("not-a-number", 3),
    ]  # fmt: skip


def test_a_specialty_without_a_last_quota_has_a_place_in_no_sum() -> None:
    found = simulate(NEW, OLD, Facts(EVIDENCE, places={"A": Place("371402", "71")}), draws=0)
    assert summary([row_text(row) for row in found.rows], 0)["places"]["all"]["unknown"] == 4


def test_too_many_draws_for_so_many_specialties_are_refused_where_somebody_waits() -> None:
    # Four specialties, one weighted indicator, five reasons of the policy: 24 a draw.
    with pytest.raises(Invalid) as refusal:
        simulate(NEW, OLD, FACTS, draws=11, limits=Limits(products=240))
    assert [(p.code, p.facts["most"]) for p in refusal.value.problems] == [("simulation-too-large", 10)]
    assert simulate(NEW, OLD, FACTS, draws=10, limits=Limits(products=240)).draws == 10


def test_distances_are_not_sought_where_somebody_would_wait_too_long() -> None:
    # One figure, four specialties, one indicator.
    found = simulate(NEW, OLD, FACTS, draws=0, limits=Limits(search=3))
    assert [row.distance.reach.value for row in found.rows] == ["best", "not_sought", "not_sought", "not_sought"]
    assert [row.distance.reach.value for row in simulate(NEW, OLD, FACTS, draws=0, limits=Limits(search=4)).rows] == [
        "best", "change", "capped", "change",
    ]  # fmt: skip


def test_totals_are_decimals_as_printed() -> None:
    assert simulate(NEW, OLD, FACTS, draws=0).rows[0].after.total == Decimal("95.00")
