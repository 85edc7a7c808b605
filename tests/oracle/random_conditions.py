"""Random conditions whose constants lie on, or just beside, figures that really occur in the evidence."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from .conditions import Value
from .random_facts import COLOURS, Facts

Condition = dict[str, Any]
ORDERED = ["at_least", "above", "at_most", "below"]


def decimal_of(value: Fraction) -> Decimal:
    """Exactly, for a rounded figure; anything longer is cut at 6 places."""
    whole = abs(value.numerator) * 10**6 // value.denominator
    text = f"{'-' if value < 0 else ''}{whole // 10**6}.{whole % 10**6:06d}".rstrip("0").rstrip(".")
    return Decimal(text)


@dataclass
class Subjects:
    """What a condition may ask of, each with the values met there."""

    facts: Facts
    met: dict[tuple[str, str], list[Value]] = field(default_factory=dict)
    previous: bool = True
    stands_for: dict[str, str] = field(default_factory=dict)  # an indicator that is a measure, to its measure


def measures_met(facts: Facts) -> dict[tuple[str, str], list[Value]]:
    met = {}
    for code in facts.measures:
        values = [row[code] for row in facts.rows.values()]
        met["measure", code] = [Fraction(one) if isinstance(one, Decimal) else one for one in values]
    return met


def attributes_met(facts: Facts) -> dict[tuple[str, str], list[Value]]:
    met: dict[tuple[str, str], list[Value]] = {("attribute", "defaulted"): ["true", "false"]}
    for code in facts.attributes:
        values = facts.pools[code]
        met["attribute", code] = [Fraction(one) if isinstance(one, Decimal) else one for one in values]
    return met


def condition(rng: Random, subjects: Subjects, depth: int = 2) -> Condition:
    shape = rng.random()
    if depth and shape < 0.12:
        return {"all": several(rng, subjects, depth)}
    if depth and shape < 0.24:
        return {"any": several(rng, subjects, depth)}
    if depth and shape < 0.34:
        return {"not": condition(rng, subjects, depth - 1)}
    if depth and shape < 0.40:
        parts = several(rng, subjects, depth)
        return {"at_least_of": Decimal(rng.randint(1, len(parts))), "conditions": parts}
    if subjects.previous and shape < 0.50:
        return previous(rng)
    return leaf(rng, subjects)


def several(rng: Random, subjects: Subjects, depth: int) -> list[Condition]:
    return [condition(rng, subjects, depth - 1) for _ in range(rng.randint(1, 3))]


def previous(rng: Random) -> Condition:
    of_last = rng.randint(1, 4)
    colours = rng.sample(COLOURS, rng.randint(1, 2))
    return {"previous": {"of_last": Decimal(of_last), "at_least": Decimal(rng.randint(1, of_last)), "one_of": colours}}


def leaf(rng: Random, subjects: Subjects) -> Condition:
    taste = subjects.facts.taste
    asked = [key for key in subjects.met if key[0] in taste.asks]
    kind, code = rng.choice(asked if asked and rng.random() < 0.7 else list(subjects.met))
    met = subjects.met[kind, code]
    measure = code if kind == "measure" else subjects.stands_for.get(code, "") if kind == "indicator" else ""
    made = comparisons(rng, measure, met, subjects.facts)
    if kind in ("total", "completeness"):
        return {kind: made}
    leaf = {kind: code, **made}
    if kind in ("measure", "indicator", "points") and subjects.previous and rng.random() < taste.years:
        leaf["years"] = years(rng)
    return leaf


def years(rng: Random) -> dict[str, Any]:
    of_last = rng.randint(1, 4)
    made: dict[str, Any] = {"of_last": Decimal(of_last), "at_least": Decimal(rng.randint(1, of_last))}
    if rng.random() < 0.4:
        made["reported_only"] = rng.random() < 0.8
    return made


def comparisons(rng: Random, measure: str, met: list[Value], facts: Facts) -> dict[str, Any]:
    """Of a subject with these values; `measure` is the measure that it is, if it is one."""
    if rng.random() < 0.15:
        return {"reported": rng.random() < 0.5}
    if measure in facts.of_type("boolean"):
        others = [one for one in facts.of_type("boolean") if one != measure]
        if others and rng.random() < 0.1:
            return {"equals": {"measure": rng.choice(others)}}
        return rng.choice([{"equals": True}, {"equals": True}, {"equals": False}])
    texts = list(facts.measures.get(measure, {}).get("options", [])) or sorted({x for x in met if isinstance(x, str)})
    if texts:
        if rng.random() < 0.5:
            return {"equals": rng.choice(texts)}
        return {"one_of": rng.sample(texts, rng.randint(1, len(texts)))}
    return number_comparisons(rng, [one for one in met if isinstance(one, Fraction)], facts, measure)


def number_comparisons(rng: Random, known: list[Fraction], facts: Facts, code: str) -> dict[str, Any]:
    others = [one for one in facts.numeric() if one != code]
    if others and rng.random() < facts.taste.other_measure:
        return {rng.choice([*ORDERED, "equals"]): {"measure": rng.choice(others)}}
    style = rng.random()
    if style < 0.1:
        return {"equals": near(rng, known, exactly=True)}
    if style < 0.2:
        constants = [near(rng, known, exactly=True) for _ in range(rng.randint(1, 3))]
        return {"one_of": list(dict.fromkeys(constants))}
    if style < 0.32:
        low, high = sorted([near(rng, known), near(rng, known)])
        return {rng.choice(ORDERED[:2]): low, rng.choice(ORDERED[2:]): high}
    return {rng.choice(ORDERED): near(rng, known)}


def near(rng: Random, known: list[Fraction], *, exactly: bool = False) -> Decimal:
    """A figure that occurs, or one a hair away, or a round one; written with or without idle zeros."""
    if not known or rng.random() < 0.1:
        return Decimal(rng.choice(["0", "50", "60.0", "80", "100", "49.995", "-1"]))
    value = rng.choice(known)
    if not exactly:
        value += rng.choice([Fraction(0)] * 6 + [Fraction(1, 100), Fraction(-1, 100), Fraction(1, 10**6)])
    made = decimal_of(value)
    return Decimal(f"{made:f}.0") if "." not in f"{made:f}" and rng.random() < 0.1 else made
