"""The rating steps over whole columns, for the peers that stand on NumPy."""

from typing import Any

import numpy as np
from rules import Rules


def whole(points: Any) -> Any:
    """Σ weight x points in hundredths, which are whole."""
    return np.rint(100 * points).astype(np.int64)


def mean(sums: Any, weight: int) -> Any:
    """Divided by the weight and rounded half up: a score in hundredths."""
    return (2 * sums + weight) // (2 * weight)


def rate(rules: Rules, total: Any, dimensions: list[Any], known: Any, of: Any) -> tuple[Any, Any]:
    """The rating and the reasons' bits; `of` has i00, i04, i06, years_open, last, before by name."""
    bits = rules.bits
    rated = of["years_open"] >= 3
    rating = np.where(rated, np.where(total >= 8000, 0, np.where(total >= 6000, 1, 2)), 3).astype(np.int8)
    scored = [bits["score-green"], bits["score-yellow"], bits["score-red"], bits["newly-opened"]]
    why = np.array(scored, np.int32)[rating]
    steps = (
        ("serious-accident", of["i04"] == 1, (0, 1), 2),
        ("no-demand", of["i00"] < 3, (0, 1), 2),
        ("few-teachers", of["i06"] < 6, (0,), 1),
        ("too-little-evidence", known < 90, (0,), 1),
        ("second-yellow", of["last"] == 1, (1,), 2),
        ("no-leap", of["last"] == 2, (0,), 1),
    )
    for code, holds, now, becomes in steps:
        hit = holds & (rating <= now[-1]) if now[0] == 0 else holds & (rating == now[0])
        rating[hit] = becomes
        why[hit] |= bits[code]
    why[(rating == 2) & ((of["last"] == 2) | (of["before"] == 2))] |= bits["red-again"]
    for d, score in enumerate(dimensions):
        why[rated & (score < 4000)] |= bits["weak-demand"] << d
    return rating, why
