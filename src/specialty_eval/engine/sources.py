"""What a result rests on: the measures behind an indicator, a score or a condition, one's own and one's peers'."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .conditions import All, AnyOf, AtLeastOf, Comparison, Condition, MeasureRef, Not, Previous, Subject, Years
from .forms import Rank
from .policy import Adjustment, Indicator, Policy
from .sheet import measures_of
from .vocabulary import Missing


@dataclass(frozen=True, slots=True)
class Sources:
    """Measures whose value decides something: `own` of the specialty itself, `peers` of everybody (a rank's)."""

    own: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()

    def __or__(self, other: "Sources") -> "Sources":
        return Sources(self.own | other.own, self.peers | other.peers)


def joined(parts: Iterable[Sources]) -> Sources:
    """All of them together."""
    found = Sources()
    for part in parts:
        found |= part
    return found


def of_value(indicator: Indicator, policy: Policy) -> Sources:
    """What an indicator's value rests on, its `needs` among it."""
    own = Sources(measures_of(indicator.value))
    return own if indicator.needs is None else own | of_condition(policy, indicator.needs)


def of_points(indicator: Indicator, policy: Policy) -> Sources:
    """What an indicator's points rest on: of a rank the peers' values too."""
    found = of_value(indicator, policy)
    return Sources(found.own, found.peers | found.own) if isinstance(indicator.points, Rank) else found


def of_scores(policy: Policy, dimension: str | None = None) -> Sources:
    """What a dimension's score rests on; without one the total, adjustments included.

    An incomplete specialty has neither: what makes one incomplete is among it.
    """
    weighted = [i for i in policy.weighted if dimension in (None, i.dimension)]
    adjustments: tuple[Adjustment, ...] = policy.adjustments if dimension is None else ()
    return joined([
        of_completing(policy),
        *(of_points(i, policy) for i in weighted),
        *(of_condition(policy, a.when) for a in adjustments),
    ])  # fmt: skip


def of_completing(policy: Policy) -> Sources:
    """What the values rest on without which a specialty is incomplete."""
    return joined(of_value(i, policy) for i in policy.indicators if i.missing is Missing.BLOCK)


def of_condition(policy: Policy, condition: Condition) -> Sources:
    """What a condition looks at, through every indicator and score it names."""
    match condition:
        case Comparison():
            refs = frozenset(test.right.code for test in condition.tests if isinstance(test.right, MeasureRef))
            return _of_subject(policy, condition) | Sources(refs)
        case Not(inner):
            return of_condition(policy, inner)
        case All(conditions) | AnyOf(conditions) | AtLeastOf(_, conditions):
            return joined(of_condition(policy, inner) for inner in conditions)
        case Previous():
            return Sources()


def years_looked_at(policy: Policy) -> int | None:
    """How many calendar years up to the scored one a rating may look at; None: as far back as there is a value.

    A condition over years may look at points that are themselves taken over years, of an indicator that needs a
    condition over years to hold: the widest of each, one after the other.
    """
    rating = policy.rating
    steps = (rating.unrated, rating.rules, rating.caps, rating.history, rating.flags)
    of_rating = [step.when for part in steps for step in part]
    others = [*(a.when for a in policy.adjustments), *(i.needs for i in policy.indicators)]
    windows = [w for when in (*of_rating, *others) if when is not None for w in _windows(when)]
    if any(window.reported_only for window in windows):
        return None
    in_needs = [w.of_last for i in policy.indicators if i.needs is not None for w in _windows(i.needs)]
    over = [i.over.years for i in policy.indicators]
    return 1 + sum(max(found, default=1) - 1 for found in ([w.of_last for w in windows], over, in_needs))


def _windows(condition: Condition) -> Iterator[Years]:
    match condition:
        case Comparison():
            if condition.years is not None:
                yield condition.years
        case Not(inner):
            yield from _windows(inner)
        case All(conditions) | AnyOf(conditions) | AtLeastOf(_, conditions):
            for inner in conditions:
                yield from _windows(inner)
        case Previous():
            return


def _of_subject(policy: Policy, compared: Comparison) -> Sources:
    match compared.subject:
        case Subject.MEASURE:
            return Sources(frozenset({compared.code}))
        case Subject.INDICATOR:
            return of_value(_indicator(policy, compared.code), policy)
        case Subject.POINTS:
            return of_points(_indicator(policy, compared.code), policy)
        case Subject.DIMENSION | Subject.TOTAL:
            return of_scores(policy, compared.code or None)
        case Subject.COMPLETENESS:
            return joined(of_value(i, policy) for i in policy.weighted)
        case _:
            return Sources()


def _indicator(policy: Policy, code: str) -> Indicator:
    return next(i for i in policy.indicators if i.code == code)
