"""How often a rating stands under other weights: by hand for one draw, and against the scorer itself for many."""

import hashlib
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.small_scores import indicator, results, rules
from oracle.random_policies import random_case
from specialty_eval.engine import Policy, Results, load_policy, score_batch
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.stability import factors, stability
from specialty_eval.engine.tables import rate_files
from specialty_eval.engine.vocabulary import Rating

TWO = (indicator("n", "one", weight="60"), indicator("c", "two", weight="40", dimension="e"))


def test_one_draw_is_as_the_page_says() -> None:
    stream = hashlib.shake_256(b"specialty-eval/stability/1/7").digest(4)
    one, two = (
        weight * (Fraction(9, 10) + Fraction(2, 10) * Fraction(int.from_bytes(k), 65_535))
        for weight, k in ((60, stream[:2]), (40, stream[2:]))
    )
    # A's total is the first indicator's share of the weights: 60 without a draw, so the draw decides.
    expected = Rating.YELLOW if 100 * one / (one + two) >= Fraction("59.995") else Rating.RED
    found = stability(results(rules(*TWO), "specialty,n,c\nA,100,0\n"), seed=7, draws=1)
    assert found.of(0) == {expected: 1}


def test_what_lies_far_from_every_limit_never_changes_and_what_lies_on_one_often_does() -> None:
    found = stability(results(rules(*TWO), "specialty,n,c\nA,95,95\nB,100,0\nC,,\n"), seed=1, draws=1000)
    assert found.of(0) == {Rating.GREEN: 1000}
    assert found.of(2) == {Rating.RED: 1000}
    assert 400 < found.of(1)[Rating.YELLOW] < 600
    assert sum(found.of(1).values()) == 1000


def test_more_draws_begin_with_the_same_ones_and_another_seed_gives_others() -> None:
    assert factors(3, 10, 4).tolist() == factors(3, 1000, 4).tolist()[:10]
    assert factors(3, 10, 4).tolist() != factors(4, 10, 4).tolist()


def test_a_place_in_a_quota_is_drawn_with_the_others() -> None:
    best = "{code: best, take: top, share: 0.5, rate: green, otherwise: yellow}"
    top = f"\n  rules: [{{rate: green, code: all}}]\n  quotas: [{best}]\n"
    found = stability(results(rules(*TWO, rating=top), "specialty,n,c\nA,100,0\nB,0,100\n"), seed=1, draws=100)
    # 60 against 40: no draw turns them around, and there is one place.
    assert [found.of(0), found.of(1)] == [{Rating.GREEN: 100}, {Rating.YELLOW: 100}]


def test_a_policy_without_weights_cannot_be_drawn() -> None:
    policy = rules(indicator(weight=""), rating="\n  rules: [{rate: red, code: all}]\n")
    with pytest.raises(Invalid) as refusal:
        stability(results(policy, "specialty,n\nA,1\n"), seed=0, draws=10)
    assert [problem.code for problem in refusal.value.problems] == ["nothing-to-draw"]


def test_draws_and_seed_have_limits_and_all_that_is_wrong_is_said() -> None:
    with pytest.raises(Invalid) as refusal:
        stability(results(rules(), "specialty,n\nA,1\n"), seed=-1, draws=100_001)
    assert [problem.code for problem in refusal.value.problems] == ["draws-out-of-range", "seed-out-of-range"]


def with_weights(policy: Policy, weights: dict[str, Decimal], number: int) -> Policy:
    """The policy under one draw; its digest only keeps it apart from the others."""
    changed = tuple(replace(i, weight=weights[i.code]) if i.weight else i for i in policy.indicators)
    return replace(policy, indicators=changed, digest=f"draw {number}")


def one_by_one(before: Results, seed: int, draws: int) -> list[list[int]]:
    """The counts of ratings, each draw scored as a policy of its own."""
    codes = [one.code for group in before.compiled.weighted for one in group]
    counts = np.zeros((5, len(before)), np.int64)
    own = {i.code: i.weight for i in before.policy.indicators}
    rated = list(before.specialties)
    for number, drawn in enumerate(factors(seed, draws, len(codes)).tolist()):
        with localcontext(Context(prec=400)):
            weights = {c: (own[c] or Decimal(0)) * (9 * 65_535 + 2 * k) for c, k in zip(codes, drawn, strict=True)}
        policy = with_weights(before.policy, weights, number)
        again = score_batch(policy, before.peers.batch, before.peers.history, rated=rated)
        for code in range(5):
            counts[code] += again.ratings == code
    return counts.tolist()


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_every_draw_is_what_the_scorer_gives_under_its_weights(seed: int) -> None:
    case = random_case(Random(seed))
    history = None if case.history is None else case.history.encode()
    before = rate_files(load_policy(case.policy), case.evidence.encode(), history)
    try:
        found = stability(before, seed=seed, draws=5)
    except Invalid:
        return  # no weights, or too fine ones: what is refused is tested above
    assert found.counts.tolist() == one_by_one(before, seed, 5)
