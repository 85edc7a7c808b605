"""The policy as the peers read it: its canonical JSON, which run.py writes beside the data, in plain tuples.

No peer can round decimals as the policy does, but each can be exact here: every slope is whole and every weight too, so
the hundredths of weight x points are whole numbers, which `round` finds again behind whatever a float lost.
"""

import json
from typing import Any, NamedTuple

from data import HOME

POLICY = HOME / "scoring-policy.json"


class Indicator(NamedTuple):
    """`form` is linear, steps or flag; a flag's `ys` are the points of false and of true."""

    measure: str
    dimension: int
    weight: int
    form: str
    xs: tuple[int, ...]
    ys: tuple[int, ...]


class Rules(NamedTuple):
    indicators: tuple[Indicator, ...]
    weights: tuple[int, ...]
    """Of each dimension."""
    bits: dict[str, int]
    """Each reason's bit, in the order of the reasons."""


def load() -> Rules:
    """The rules of policy.yaml. The rating steps are written out by each peer, in its own words."""
    policy = json.loads(POLICY.read_text(encoding="utf-8"))
    dimensions = [d["code"] for d in policy["dimensions"]]
    found = tuple(_indicator(i, dimensions.index(i["dimension"])) for i in policy["indicators"])
    steps = policy["rating"]
    reasons = [s["code"] for s in steps["unrated"]] + ["incomplete"]
    reasons += [s["code"] for name in ("rules", "caps", "history", "flags") for s in steps[name]]
    return Rules(
        found,
        tuple(sum(i.weight for i in found if i.dimension == d) for d in range(len(dimensions))),
        {code: 1 << place for place, code in enumerate(reasons)},
    )


def _indicator(said: dict[str, Any], dimension: int) -> Indicator:
    ((form, points),) = said["points"].items()
    if form == "flag":
        xs, ys = (0, 1), (points["is_false"], points["is_true"])
    else:
        xs, ys = zip(*points, strict=True)
    return Indicator(said["value"], dimension, said["weight"], form, tuple(xs), tuple(ys))
