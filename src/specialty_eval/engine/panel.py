"""Expert scores → a panel measure: who is dropped, the mean, and the spread that asks for one more expert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .decimals import half_up
from .policy import PanelRules, Policy

_LEFT_AT_LEAST = 1


def value(scores: Sequence[Decimal], rules: PanelRules, decimals: int, *, at_least: int = 1) -> Decimal | None:
    """The measure of the panel's scores (0–100), rounded half up; None (not reported) with fewer than `at_least`.

    From `trim_from` scores on, one highest and one lowest are dropped.
    """
    if len(scores) < max(at_least, 1):
        return None
    kept = counted(scores, rules)
    return half_up(sum((Fraction(score) for score in kept), Fraction(0)) / len(kept), decimals)


def counted(scores: Sequence[Decimal], rules: PanelRules) -> tuple[Decimal, ...]:
    """The scores that make the mean, lowest first; with two scores or fewer nothing can be dropped."""
    ordered = sorted(scores)
    trims = rules.trim_from is not None and len(ordered) >= rules.trim_from
    return tuple(ordered[1:-1] if trims and len(ordered) - 2 >= _LEFT_AT_LEAST else ordered)


def spread(scores: Sequence[Decimal]) -> Decimal:
    """The highest score less the lowest, dropped ones included; 0 of none."""
    return max(scores) - min(scores) if scores else Decimal(0)


@dataclass(frozen=True, slots=True)
class Alert:
    """The experts of a panel measure lie further apart than the policy lets pass."""

    measure: str
    scores: int
    spread: Decimal
    above: Decimal


def alerts(policy: Policy, scores: Mapping[str, Sequence[Decimal]]) -> list[Alert]:
    """The panel measures (measure → scores that count) whose spread the secretary is told of."""
    found = []
    for code, given in scores.items():
        rules = policy.panel_of(policy.measures[code])
        if rules.spread_alert is not None and is_spread_alert(given, rules):
            found.append(Alert(code, len(given), spread(given), rules.spread_alert))
    return found


def room(policy: Policy, scores: Mapping[str, Sequence[Decimal]]) -> int:
    """How many experts a review may have: the policy's number, and one more where they lie too far apart."""
    return policy.workflow.experts + (1 if alerts(policy, scores) else 0)


def is_spread_alert(scores: Sequence[Decimal], rules: PanelRules) -> bool:
    """Whether the scores differ by more than `spread_alert`; the secretary may then ask one more expert."""
    return rules.spread_alert is not None and spread(scores) > rules.spread_alert
