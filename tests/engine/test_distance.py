"""The next colour: that the change told reaches it, that one unit less does not, and what stands in the way."""

import csv
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.small_scores import COLOURS, indicator, results, rules
from oracle.random_policies import Case, random_case
from specialty_eval.engine import Policy, Results, load_policy
from specialty_eval.engine.distance import Distance, OneChange, Reach, distances
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.forms import Rank
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.policy import Measure
from specialty_eval.engine.tables import rate_files
from specialty_eval.engine.vocabulary import COLOURS as BEST_FIRST
from specialty_eval.engine.vocabulary import Rating, Type

BIG = indicator("n", "big", weight="80")
SMALL = indicator("m", "small", weight="20", points="{linear: [[-5, 0], [5, 100]]}")
ACCIDENT = "\n  caps: [{code: accident, at_most: red, when: {measure: safe, equals: false}}]\n"


def found(policy: Policy, text: str, history: dict[str, list[str]] | None = None) -> list[Distance]:
    return distances(results(policy, text, history))


def only(policy: Policy, text: str, history: dict[str, list[str]] | None = None) -> Distance:
    return found(policy, text, history)[0]


def after(distance: Distance) -> object:
    """What the figure would have to be."""
    return None if distance.change is None else distance.change.after


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_the_smallest_change_in_points_is_told() -> None:
    # 0.8 x 70 + 0.2 x 50 = 66.00; green needs 80.00, which is 17.5 points of the heavy one or 70 of the light one.
    change = OneChange("big", "n", Decimal("70.00"), Decimal("87.50"), Decimal("70.00"), Decimal("87.50"), Rating.GREEN)
    assert only(rules(BIG, SMALL), "specialty,n,m\nA,70,0\n") == Distance(Reach.CHANGE, change)


def test_a_figure_that_is_not_reported_is_reported() -> None:
    change = OneChange("big", "n", None, Decimal("62.50"), None, Decimal("62.50"), Rating.YELLOW)
    assert only(rules(BIG, SMALL), "specialty,n,m\nA,,0\n") == Distance(Reach.CHANGE, change)


def test_the_best_and_the_unrated_have_no_distance() -> None:
    policy = rules(indicator(more="missing: block"))
    assert found(policy, "specialty,n\nA,90\nB,\n") == [Distance(Reach.BEST), Distance(Reach.NOT_RATED)]


def test_a_cap_that_no_indicator_lifts_is_named() -> None:
    policy = rules(BIG, SMALL, rating=COLOURS + ACCIDENT)
    assert only(policy, "specialty,n,m,safe\nA,70,0,false\n") == Distance(Reach.CAPPED, caps=("accident",))


def test_a_cap_that_an_indicator_lifts_is_lifted() -> None:
    safety = indicator("safe", "safety", weight="", points="")
    policy = rules(BIG, SMALL, safety, rating=COLOURS + ACCIDENT)
    change = OneChange("safety", "safe", False, True, None, None, Rating.YELLOW)
    assert only(policy, "specialty,n,m,safe\nA,70,0,false\n") == Distance(Reach.CHANGE, change)


def test_nothing_reaches_what_no_single_indicator_can() -> None:
    halves = (indicator("n", "one", weight="50"), indicator("c", "two", weight="50"))
    assert only(rules(*halves), "specialty,n,c\nA,5,5\n") == Distance(Reach.NONE)


def test_a_ratio_is_reached_by_its_upper_part_and_no_check_is_broken() -> None:
    rate = indicator("{ratio: {of: a, to: b, times: 100}}")
    assert after(only(rules(rate), "specialty,a,b\nA,50,90\n")) == Decimal(54)
    capped = rules(rate, checks="[{code: within, when: {measure: a, above: 53}}]")
    assert only(capped, "specialty,a,b\nA,50,90\n") == Distance(Reach.NONE)


def test_a_peak_is_found_between_two_steps_of_the_search() -> None:
    peak = indicator(points="{linear: [[70.00, 0], [71.00, 100], [72.00, 0]]}")
    assert after(only(rules(peak), "specialty,n\nA,10\n")) == Decimal("70.60")


def test_earlier_ratings_stay() -> None:
    once = "{previous: {of_last: 1, at_least: 1, one_of: [yellow]}}"
    second = f"{COLOURS}\n  history: [{{code: again, now: yellow, becomes: red, when: {once}}}]\n"
    assert after(only(rules(rating=second), "specialty,n\nA,50\n", {"A": ["yellow"]})) == Decimal("80.00")


def test_a_rank_is_taken_among_the_others_as_they_are() -> None:
    ranked = indicator(points="{rank: {best: high}}")
    # A is 4th of 5: 100 x (1 + 0.5) / 5 = 30.
    told = found(rules(ranked), "specialty,n\nA,20\nB,40\nC,30\nD,50\nE,10\n")[0]
    assert told.change is not None
    # Beside B it has 100 x (2 + 1) / 5 = 60.
    assert (told.change.after, told.change.points_after) == (Decimal("40.00"), Decimal("60.00"))


def test_a_place_in_a_quota_is_taken_from_another() -> None:
    best = "{code: best, take: top, share: 0.5, rate: green, otherwise: yellow}"
    top = f"\n  rules: [{{rate: green, code: all}}]\n  quotas: [{best}]\n"
    told = found(rules(rating=top), "specialty,n\nA,90\nB,80\nC,70\nD,60\n")
    # A tie with B would keep neither: one hundredth more is needed.
    assert [after(one) for one in told] == [None, None, Decimal("80.01"), Decimal("80.01")]


# --- on random policies: what a re-score says -------------------------------------------------------------------------


def scored(policy: Policy, case: Case, evidence: str) -> Results:
    return rate_files(policy, evidence.encode(), None if case.history is None else case.history.encode())


def rescored(policy: Policy, case: Case, specialty: str, measure: str, value: str) -> Rating | None:
    """The rating of a re-score with one figure of the scored year replaced; None where a check objects."""
    rows = [dict(row) for row in csv.DictReader(StringIO(case.evidence)) if row["specialty"] == specialty]
    newest = max(rows, key=lambda row: int(row.get("year") or 0))
    newest[measure] = value
    inputs = Inputs(policy.digest, case.evidence, "specialty,year,rating\n", ()).with_own(specialty, rows, [])
    try:
        whole = scored(policy, case, inputs.evidence)
    except Invalid:
        return None
    return whole.rating(list(whole.specialties).index(specialty))


def one_less(measure: Measure, change: OneChange) -> str | None:
    """One unit back towards what is reported; None where nothing lies between."""
    if measure.type in (Type.BOOLEAN, Type.CHOICE) or not isinstance(change.before, Decimal):
        return None
    assert isinstance(change.after, Decimal)
    unit = Decimal(1).scaleb(-measure.decimals)
    less = change.after - unit if change.after > change.before else change.after + unit
    return None if less == change.before else f"{less:f}"


def looks_across_twice(policy: Policy) -> bool:
    """With ranks and quotas both, a re-score moves the others' totals too, which are held here."""
    return bool(policy.rating.quotas) and any(isinstance(i.points, Rank) for i in policy.indicators)


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_a_rescore_with_the_change_reaches_the_colour_and_one_unit_less_does_not(seed: int) -> None:
    case = random_case(Random(seed))
    case = replace(case, evidence=case.evidence.removeprefix("\ufeff"))
    policy = load_policy(case.policy)
    if looks_across_twice(policy):
        return
    before = scored(policy, case, case.evidence)
    ratings = map(before.rating, range(len(before)))
    for specialty, rating, told in zip(before.specialties, ratings, distances(before), strict=True):
        if told.change is None:
            continue
        change, measure = told.change, policy.measures[told.change.measure]
        said = str(change.after).lower() if isinstance(change.after, bool) else str(change.after)
        assert rescored(policy, case, specialty, measure.code, said) == change.rating
        assert BEST_FIRST.index(change.rating) < BEST_FIRST.index(rating)
        if (less := one_less(measure, change)) is not None:
            closer = rescored(policy, case, specialty, measure.code, less)
            assert closer is None or closer not in BEST_FIRST or BEST_FIRST.index(closer) >= BEST_FIRST.index(rating)
