"""Totals and what must hold of every batch: order, repetition, splitting, and numbers of any size."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.small_scores import COLOURS, indicator, lines, results, rules
from specialty_eval.engine import Batch, Policy, Row, exact, score_batch, scoring
from specialty_eval.engine.compiled import compile_policy
from specialty_eval.engine.results import Line, Reason, Step

TWO = (indicator("n", "i1", weight="60"), indicator("m", "i2", weight="40", dimension="e"))


def test_the_total_is_the_weighted_mean_of_the_points_as_printed() -> None:
    thirds = "{linear: [[0, 0], [3, 100]]}"
    policy = rules(indicator("m", "i1", weight="33.3", points=thirds), indicator("n", "i2", weight="66.7"))
    # 33.33 x 33.3 + 0.05 x 66.7 = 1113.224; with unrounded points it would be 11.133 and 11.13 all the same
    assert lines(results(policy, "specialty,m,n\nA,1,0.05\nB,2,0.05\nC,3,100")) == [
        "A 11.13 red poor",
        "B 22.23 red poor",  # 66.67 x 33.3 + 3.335 = 2223.446
        "C 100.00 green good",
    ]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("zero", ["A 47.00 red poor", "B 45.00 red poor", "C 2.00 red poor", "D 0.00 red poor"]),
        ("exclude", ["A 47.00 red poor", "B 75.00 yellow fair", "C 2.00 red poor", "D incomplete incomplete"]),
        ("block", ["A 47.00 red poor", "B incomplete incomplete", "C 2.00 red poor", "D incomplete incomplete"]),
    ],
)
def test_what_is_missing_counts_zero_leaves_the_sum_or_blocks(missing: str, expected: list[str]) -> None:
    policy = rules(TWO[0][:-1] + ", missing: exclude}", TWO[1][:-1] + f", missing: {missing}}}")
    if missing == "zero":
        policy = rules(*TWO)
    found = results(policy, "specialty,n,m\nA,75,5\nB,75,\nC,0,5\nD,,")
    assert lines(found) == expected


def test_an_indicator_without_weight_may_block() -> None:
    policy = rules(indicator(), indicator("a", "look", weight="", points="", more="missing: block"))
    assert lines(results(policy, "specialty,n,a\nA,90,\nB,90,1")) == ["A incomplete incomplete", "B 90.00 green good"]


def test_a_dimension_without_anything_that_counts_is_empty() -> None:
    policy = rules(*(one[:-1] + ", missing: exclude}" for one in TWO))
    found = [row[1:4] for row in results(policy, "specialty,n,m\nA,75,\nB,,5\nC,,").rows()]
    assert found == [["75.00", "75.00", ""], ["5.00", "", "5.00"], ["", "", ""]]


ADJUSTMENTS = """
  - {code: plus, points: 0.125, when: {measure: a, at_least: 1}, label: {zh: 加}}
  - {code: much, points: 30, when: {measure: a, at_least: 2}, label: {zh: 多}}
  - {code: minus, points: -50, when: {dimension: d, below: 10}, label: {zh: 减}}
"""


def test_adjustments_are_added_before_the_cut_and_the_rounding_and_always_named() -> None:
    policy = rules(adjustments=ADJUSTMENTS)
    assert lines(results(policy, "specialty,n,a\nA,50,0\nB,50,1\nC,80,2\nD,9,1\nE,9,")) == [
        "A 50.00 red poor",
        "B 50.13 red plus;poor",  # 50.125
        "C 100.00 green plus;much;good",
        "D 0.00 red plus;minus;poor",
        "E 0.00 red minus;poor",
    ]


def test_weights_of_any_precision_are_exact() -> None:
    tiny = "0." + "0" * 27 + "1"
    rest = "99." + "9" * 28
    policy = rules(indicator("n", "i1", weight=rest), indicator("m", "i2", weight=tiny))
    assert compile_policy(policy).lanes.dtype is object
    assert lines(results(policy, "specialty,n,m\nA,79.99,5\nB,80,5\nC,79.99,")) == [
        "A 79.99 yellow fair",
        "B 80.00 green good",
        "C 79.99 yellow fair",
    ]


def test_a_sheet_explains_itself() -> None:
    policy = rules(
        *TWO,
        indicator("grade", "look", weight="", points=""),
        adjustments="[{code: prize, points: 2, when: {measure: grade, equals: city}, label: {zh: 奖}}]",
    )
    sheet = results(policy, "specialty,n,m,grade\nA,75,,city").sheet(0)
    assert sheet.total == Decimal("47.00")
    assert sheet.dimensions == {"d": Decimal("75.00"), "e": Decimal("0.00")}
    assert sheet.completeness == Decimal("60.00")
    assert sheet.rating == "red"
    assert sheet.reasons == (Reason("prize", Step.ADJUSTMENT), Reason("poor", Step.RULE))
    assert sheet.indicators == (
        Line("i1", Decimal("75.00"), Decimal("75.00"), Decimal(60), counted=True),
        Line("i2", None, Decimal("0.00"), Decimal(40), counted=True),
        Line("look", "city", None, None, counted=False),
    )


def test_a_policy_is_compiled_once() -> None:
    policy = rules()
    assert compile_policy(policy) is compile_policy(policy)
    assert compile_policy(rules()) is compile_policy(policy)
    assert compile_policy(rules(rating="\n  rules: [{rate: red, code: all}]")) is not compile_policy(policy)


# --- what holds of every batch ---------------------------------------------------------------------------------------

RATE = "{ratio: {of: a, to: b, times: 100}}"
OWN_INDICATORS = (
    indicator("n", "i1", weight="31.5"),
    indicator(RATE, "i2", weight="28.5", dimension="e", more="over: {pooled: 2}, needs: {measure: b, at_least: 2}"),
    indicator(
        "{change: [a, b]}", "i3", weight="20", points="{steps: [[-50, 20], [0.01, 100]]}", more="missing: exclude"
    ),
    indicator("m", "i4", weight="20", dimension="e", points="{linear: [[-5, 100], [5, 0.5]]}", more="over: {mean: 2}"),
)
OWN_PRIZE = "[{code: prize, points: -2.345, when: {measure: grade, equals: nation}, label: {zh: 奖}}]"
CAPS = """
  caps:
    - {code: unsafe, at_most: yellow, when: {not: {measure: safe, equals: true, years: {of_last: 2, at_least: 1}}}}
    - {code: too-little, at_most: red, when: {completeness: {below: 60}}}
"""
LATER = """
  history: [{code: again, now: yellow, becomes: red, when: {previous: {of_last: 1, at_least: 1, one_of: [yellow]}}}]
  flags: [{code: weak, now: [red], when: {dimension: e, below: 40}}]
"""
OWN = rules(*OWN_INDICATORS, adjustments=OWN_PRIZE, rating=COLOURS + CAPS + LATER)
CAPPED, UNCAPPED = (rules(*OWN_INDICATORS, adjustments=OWN_PRIZE, rating=COLOURS + caps) for caps in (CAPS, ""))
ACROSS = rules(
    indicator("n", "i1", weight="50", points="{rank: {within: [level], best: high}}"),
    indicator("a", "i2", weight="50", points="{rank: {within: [], best: low}}"),
    rating=COLOURS
    + """
  quotas:
    - {code: top, take: top, share: 0.4, rate: green, otherwise: yellow, within: [level]}
    - {code: last, take: bottom, share: 0.3, becomes: red, within: []}
""",
)

NUMBERS = st.one_of(
    st.none(), *(st.integers(*ends).map(Decimal) for ends in ((-3, 9), (-(10**30), 10**30), (2**62, 2**64)))
)


@st.composite
def evidence(draw: st.DrawFn) -> list[Row]:
    """A few specialties with rows of one or two years."""
    found = []
    for i in range(draw(st.integers(1, 6))):
        level = draw(st.sampled_from(["x", "y", None]))
        for year in (2023, 2024)[draw(st.integers(0, 1)) :]:
            values: dict[str, Decimal | bool | str | None] = {
                "a": draw(NUMBERS),
                "b": draw(NUMBERS),
                "n": draw(st.one_of(st.none(), st.decimals(0, 100, places=2))),
                "m": draw(st.one_of(st.none(), st.integers(-5, 5).map(Decimal))),
                "safe": draw(st.sampled_from([None, True, False])),
                "grade": draw(st.sampled_from([None, "none", "nation"])),
            }
            found.append(Row(f"S{i}", year, {"level": level}, values))
    return found


STEADY = settings(deadline=None, max_examples=60)

PAST = {"S0": ["yellow"], "S1": ["red", "yellow"], "S2": ["yellow", "unrated"]}


def scored(policy: Policy, rows: Sequence[Row], rated: Sequence[str] | None = None) -> dict[str, list[str]]:
    return {
        row[0]: row[1:] for row in score_batch(policy, Batch.from_rows(policy, rows, 2024), PAST, rated=rated).rows()
    }


@STEADY
@given(evidence(), st.randoms(use_true_random=False), st.sampled_from([OWN, ACROSS]))
def test_the_order_of_rows_changes_nothing(rows: list[Row], random: object, policy: Policy) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert scored(policy, shuffled) == scored(policy, rows)
    assert scored(policy, rows) == scored(policy, rows)


@STEADY
@given(evidence())
def test_a_batch_of_one_equals_its_row_in_a_batch(rows: list[Row]) -> None:
    together = scored(OWN, rows)
    for specialty, result in together.items():
        assert scored(OWN, [row for row in rows if row.specialty == specialty]) == {specialty: result}
        assert scored(OWN, rows, [specialty]) == {specialty: result}


@STEADY
@given(evidence())
def test_blocks_of_any_size_give_the_same(rows: list[Row]) -> None:
    whole = scored(OWN, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "ROWS", 2)
        assert scored(OWN, rows) == whole


@STEADY
@given(evidence(), st.sampled_from([OWN, ACROSS]))
def test_int64_and_python_integers_agree(rows: list[Row], policy: Policy) -> None:
    fast = scored(policy, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "LARGEST", 0)
        assert scored(policy, rows) == fast


@STEADY
@given(evidence())
def test_a_cap_never_improves_a_rating(rows: list[Row]) -> None:
    capped, free = (score_batch(policy, Batch.from_rows(policy, rows, 2024)) for policy in (CAPPED, UNCAPPED))
    assert np.all(capped.ratings >= free.ratings)
    assert np.array_equal(capped.total, free.total)


@STEADY
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(0, 100), st.booleans())
def test_quotas_never_split_a_tie_nor_give_away_more_than_their_share(
    marks: list[int], percent: int, top: bool
) -> None:
    share = f"share: {percent / 100}"
    kind = f"take: top, {share}, rate: green, otherwise: yellow" if top else f"take: bottom, {share}, becomes: red"
    steps = f"\n  rules: [{{rate: green, code: all}}]\n  quotas: [{{code: cut, {kind}, within: []}}]\n"
    text = "specialty,n\n" + "\n".join(f"S{i},{mark}" for i, mark in enumerate(marks))
    found = results(rules(rating=steps), text)
    by_total: dict[int, set[int]] = {}
    for total, rating in zip(found.total.tolist(), found.ratings.tolist(), strict=True):
        by_total.setdefault(total, set()).add(rating)
    assert all(len(ratings) == 1 for ratings in by_total.values())
    favoured = np.count_nonzero(found.ratings == (0 if top else 2))
    assert favoured <= percent * len(marks) // 100
    ordered = [ratings.pop() for _, ratings in sorted(by_total.items())]
    assert ordered == sorted(ordered, reverse=True)
