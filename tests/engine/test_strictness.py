"""How strict an expert is: by hand, and what must hold whatever was scored."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from specialty_eval.engine.strictness import Given, Strictness, strictness


def scores(*reviews: dict[int, int], measure: str = "m") -> list[Given]:
    return [Given(n, measure, who, Decimal(score)) for n, panel in enumerate(reviews) for who, score in panel.items()]


def test_a_figure_by_hand() -> None:
    found = strictness(scores({1: 60, 2: 80, 3: 70}, {1: 70, 2: 90}, {1: 64, 2: 70}))

    # 1 against the others: -15, -20, -6; mean -41/3; s² = ((−4/3)² + (−19/3)² + (23/3)²)/2 = 453/9
    first = found[0]
    assert first == Strictness(1, 3, Decimal("-13.67"), Decimal("-31.29"), Decimal("3.96"))
    assert not first.is_apart
    assert [(one.person, one.reviews, one.mean) for one in found[1:]] == [
        (3, 1, Decimal("0.00")), (2, 3, Decimal("13.67")),
    ]  # fmt: skip


def test_measures_of_one_review_are_one_difference() -> None:
    both = [*scores({1: 60, 2: 80}, measure="a"), *scores({1: 80, 2: 70}, measure="b")]

    assert strictness(both)[0] == Strictness(1, 1, Decimal("-5.00"))


def test_who_scored_alone_is_against_nobody() -> None:
    assert strictness(scores({1: 60})) == []


def test_who_is_always_as_much_stricter_is_apart() -> None:
    found = strictness(scores({1: 60, 2: 70}, {1: 50, 2: 60}))

    assert found[0] == Strictness(1, 2, Decimal("-10.00"), Decimal("-10.00"), Decimal("-10.00"))
    assert found[0].is_apart


PANEL = st.dictionaries(st.integers(1, 4), st.integers(0, 100), min_size=2, max_size=4)


@given(st.lists(PANEL, min_size=1, max_size=6), st.integers(0, 20))
def test_a_step_by_everybody_changes_nothing_and_the_interval_holds_the_mean(
    panels: list[dict[int, int]], step: int
) -> None:
    found = strictness(scores(*panels))

    assert found == strictness(scores(*({who: score + step for who, score in panel.items()} for panel in panels)))
    for one in found:
        assert one.reviews == sum(one.person in panel for panel in panels)
        assert one.low is None or one.low <= one.mean <= (one.high or 0) or one.high == one.mean
    whole = [panel for panel in panels if set(panel) == set(panels[0])]
    if len(whole) == len(panels):
        assert abs(sum((Fraction(one.mean) for one in found), Fraction(0))) <= Fraction(len(found), 200)
