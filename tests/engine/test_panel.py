"""Expert scores → a panel measure."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specialty_eval.engine.panel import counted, is_spread_alert, spread, value
from specialty_eval.engine.policy import PanelRules

TRIMMED = PanelRules(trim_from=5, spread_alert=Decimal(20))
PLAIN = PanelRules()
SCORES = st.lists(st.decimals(0, 100, places=2), min_size=1, max_size=9)


def scores(*written: str) -> list[Decimal]:
    return [Decimal(score) for score in written]


@pytest.mark.parametrize(
    ("given_scores", "rules", "decimals", "mean"),
    [
        (scores("80", "81", "82"), PLAIN, 1, "81.0"),
        (scores("80.1", "80.2"), PLAIN, 1, "80.2"),  # 80.15, half up
        (scores("0", "70", "80", "90", "100"), TRIMMED, 2, "80.00"),
        (scores("0", "70", "80", "90"), TRIMMED, 2, "60.00"),  # with four nothing is dropped
        (scores("50", "50", "50", "50", "100"), TRIMMED, 0, "50"),  # one of the lowest, not all of them
        (scores("1", "2", "2"), PLAIN, 4, "1.6667"),
    ],
)
def test_the_measure_is_the_mean_of_what_is_not_dropped(
    given_scores: list[Decimal], rules: PanelRules, decimals: int, mean: str
) -> None:
    assert str(value(given_scores, rules, decimals)) == mean


def test_a_panel_below_its_minimum_has_not_reported() -> None:
    assert value(scores("80"), PLAIN, 1, at_least=2) is None
    assert value([], PLAIN, 1) is None


def test_dropping_leaves_at_least_one_score() -> None:
    assert counted(scores("10", "20"), PanelRules(trim_from=2)) == (Decimal(10), Decimal(20))
    assert counted(scores("30", "10", "20"), PanelRules(trim_from=2)) == (Decimal(20),)


@pytest.mark.parametrize(("highest", "alert"), [("80", False), ("80.01", True)])
def test_a_spread_above_the_alert_is_flagged_dropped_scores_included(highest: str, alert: bool) -> None:
    assert is_spread_alert(scores("60", "70", "70", "70", highest), TRIMMED) is alert
    assert is_spread_alert(scores("0", "100"), PLAIN) is False
    assert spread([]) == 0


def test_the_order_of_the_experts_never_matters() -> None:
    assert {value(list(order), TRIMMED, 2) for order in permutations(scores("60", "70", "85", "90", "95"))} == {
        Decimal("81.67")
    }


@given(SCORES, st.integers(0, 4))
def test_the_measure_lies_between_the_scores(given_scores: list[Decimal], decimals: int) -> None:
    measure = value(given_scores, TRIMMED, decimals)
    half = Decimal(5) / 10 ** (decimals + 1)

    assert measure is not None
    assert min(given_scores) - half <= measure <= max(given_scores) + half
