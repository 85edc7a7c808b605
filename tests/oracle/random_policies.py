"""Random cases, each valid by the contract: a policy, evidence and earlier ratings, from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from .conditions import Value, holds
from .figures import Figures, RowLook
from .random_conditions import Subjects, attributes_met, condition, decimal_of, measures_met, near
from .random_facts import COLOURS, Facts, evidence_csv, history_csv, label, random_facts
from .reference import scored
from .sections import random_sections
from .tables import Batch
from .tree import Tree
from .writing import Writer

POINTS = [
    *(Decimal(y) for y in ("0", "10", "12.5", "33.33", "40", "50", "59.99", "60", "66.67", "79.995", "80", "100")),
    Decimal("66.66666666666667"),
]
TIMES = [Decimal(k) for k in ("100", "100", "100", "1000", "0.5", "1.0", "0.0000001", "12345678901.5")]


@dataclass(frozen=True)
class Case:
    """One random case; `tree` is what reading `policy` gives."""

    tree: Tree
    policy: str
    evidence: str
    history: str | None


def random_case(rng: Random) -> Case:
    facts = random_facts(rng)
    tree = random_tree(rng, facts)
    text = Writer(rng).document(tree)
    return Case(tree, text, evidence_csv(rng, facts), history_csv(rng, facts))


def random_tree(rng: Random, facts: Facts) -> Tree:
    tree: Tree = {
        "schema": "specialty-eval/policy/1",
        "id": rng.choice(["dezhou", "sample-2", "shili"]),
        "version": rng.choice(["2026.1", "1", "2026-beta"]),
        "title": {"zh": "示例评估办法", "en": "Sample rules"},
        "jurisdiction": "371400",
        "source": "示例〔2020〕5号 三(二)4",
        "attributes": facts.attributes,
        "measures": facts.measures,
        "dimensions": [{"code": f"d{i}", "label": label(rng, "维度")} for i in range(rng.randint(1, 4))],
        "indicators": [],
    }
    batch = batch_of(facts)
    checks = random_checks(rng, facts)
    if checks:
        tree["checks"] = checks
    for i in range(rng.randint(1, 8)):
        tree["indicators"].append(random_indicator(rng, facts, tree, batch, i))
    weigh(rng, tree)
    figures = Figures(tree, batch)
    subjects = subjects_of(facts, figures)
    has_weights = bool(figures.weighted())
    if has_weights and rng.random() < 0.5:
        tree["adjustments"] = random_adjustments(rng, subjects)
    if has_weights:
        cases = [scored(name, tree, figures) for name in facts.names]
        subjects.met["total", ""] = [case.total for case in cases]
        subjects.met["completeness", ""] = [figures.completeness(name) for name in facts.names]
    tree["rating"] = random_rating(rng, facts, subjects)
    tree |= random_sections(rng, [flag["code"] for flag in tree["rating"].get("flags", [])])
    return tree


def batch_of(facts: Facts) -> Batch:
    """The facts as the oracle reads them, without the way through a file."""
    years = {year: 0 if year is None else year for year in facts.years}
    rows: dict[tuple[str, int], dict[str, Value]] = {}
    attributes: dict[str, dict[str, Value]] = {}
    for (name, year), row in facts.rows.items():
        values: dict[str, Value] = {c: Fraction(v) if isinstance(v, Decimal) else v for c, v in row.items()}
        rows[name, years[year]] = {code: values[code] for code in facts.measures}
        if year == facts.years[-1]:
            attributes[name] = {code: values[code] for code in facts.attributes}
            attributes[name]["defaulted"] = values["defaulted"] or "false"
    earlier = sorted(facts.history or [], key=lambda line: line[1], reverse=True)
    history = {name: [rating for other, _, rating in earlier if other == name] for name in facts.names}
    return Batch(facts.names, years[facts.years[-1]], rows, attributes, history)


def random_checks(rng: Random, facts: Facts) -> list[dict[str, Any]]:
    """Only those that hold on no row: the evidence is to be accepted."""
    subjects = Subjects(facts, measures_met(facts), previous=False)
    made = []
    for i in range(rng.randrange(4)):
        when = condition(rng, subjects, 1)
        looks = (RowLook(year, row) for (_, year), row in batch_of(facts).rows.items())
        if not any(holds(when, look) for look in looks):
            made.append({"code": f"check-{i}", "when": when, "message": {"zh": "不符"}})
    return made


# -- indicators -------------------------------------------------------------------------------------------------


def random_indicator(rng: Random, facts: Facts, tree: Tree, batch: Batch, i: int) -> dict[str, Any]:
    indicator: dict[str, Any] = {"code": f"indicator_{i}", "dimension": rng.choice(tree["dimensions"])["code"]}
    indicator["label"] = label(rng, "指标")
    if rng.random() < 0.5:
        indicator["unit"] = rng.choice(["percent", "point", "person"])
    indicator["value"] = value_form(rng, facts)
    numeric = not (isinstance(indicator["value"], str) and indicator["value"] not in facts.numeric())
    if numeric and rng.random() < 0.6:
        indicator["decimals"] = Decimal(rng.randrange(5))
    if numeric and rng.random() < facts.taste.over:
        indicator["over"] = over(rng, facts, indicator["value"])
    if rng.random() < facts.taste.needs:
        indicator["needs"] = random_needs(rng, facts, indicator)
    if rng.random() < 0.5:
        indicator["missing"] = rng.choices(["zero", "exclude", "block"], [4, 4, 1])[0]
    if rng.random() < 0.2:
        indicator["source"] = "示例办法第三条"
    figures = Figures({**tree, "indicators": [indicator]}, batch)
    met_values = [figures.value(name, indicator["code"], year) for name, year in batch.rows]
    indicator["points"] = points_form(rng, facts, indicator, [one for one in met_values if one is not None])
    return indicator


def random_needs(rng: Random, facts: Facts, indicator: dict[str, Any]) -> dict[str, Any]:
    """`needs` of a pooled indicator is "over numeric measures alone", and asked of sums."""
    met = measures_met(facts)
    if "pooled" in indicator.get("over", []):
        met = {("measure", code): met["measure", code] + sums(facts, code) for code in facts.numeric()}
    return condition(rng, Subjects(facts, met, previous=False), 1)


def sums(facts: Facts, code: str) -> list[Value]:
    """Of each specialty, over all its years and over the last two."""
    made: list[Value] = []
    for name in facts.names:
        values = [row[code] for (other, _), row in facts.rows.items() if other == name]
        numbers = [Fraction(one) for one in values if isinstance(one, Decimal)]
        made += [sum(numbers, Fraction(0)), sum(numbers[-2:], Fraction(0))]
    return made


def value_form(rng: Random, facts: Facts) -> Any:
    shape = rng.random()
    numbers = facts.numeric()
    if shape < 0.35 and facts.taste.pooled < 20:
        return rng.choice(list(facts.measures))
    if shape < 0.75 or facts.taste.pooled == 20:
        ratio = {"of": parts(rng, numbers), "to": parts(rng, numbers)}
        if rng.random() < 0.8:
            ratio["times"] = rng.choice(TIMES)
        return {"ratio": ratio}
    return {rng.choice(["difference", "change"]): rng.sample(numbers, 2)}


def parts(rng: Random, numbers: list[str]) -> Any:
    return rng.choice(numbers) if rng.random() < 0.7 else rng.sample(numbers, rng.randint(1, 2))


def over(rng: Random, facts: Facts, value: Any) -> Any:
    words = ["mean", "lowest", "highest"]
    if isinstance(value, dict) and "ratio" in value:
        words += ["pooled"] * facts.taste.pooled
    return rng.choice(["latest", *({word: Decimal(rng.randint(1, 4))} for word in words)])


def points_form(rng: Random, facts: Facts, indicator: dict[str, Any], met: list[Value]) -> dict[str, Any]:
    measure = facts.measures.get(indicator["value"], {}) if isinstance(indicator["value"], str) else {}
    if measure.get("type") == "boolean":
        return {"flag": {"is_true": rng.choice(POINTS), "is_false": rng.choice(POINTS)}}
    if measure.get("type") == "choice":
        return {"choice": {option: rng.choice(POINTS) for option in measure["options"]}}
    if rng.random() < facts.taste.rank:
        rank: dict[str, Any] = {"best": rng.choice(["high", "low"])}
        within = [*facts.attributes] * 3 + ["defaulted"]
        if rng.random() < 0.6:
            rank["within"] = list(dict.fromkeys(rng.sample(within, rng.randint(1, 2))))
        return {"rank": rank}
    numbers = [one for one in met if isinstance(one, Fraction)]
    xs = sorted({near(rng, numbers) for _ in range(rng.randint(2, 5))})
    xs = xs if len(xs) > 1 else [xs[0], decimal_of(Fraction(xs[0]) + 1)]
    return {rng.choice(["linear", "steps"]): [[x, rng.choice(POINTS)] for x in xs]}


def weigh(rng: Random, tree: Tree) -> None:
    """Weights that add up to exactly 100, for some; or none at all. What has none may lose its points too."""
    chosen = [one for one in tree["indicators"] if rng.random() < 0.8]
    if chosen and rng.random() < 0.88:
        whole = 100 * 10 ** (places := rng.choice([0, 0, 1, 2, 3, 3]))
        cuts = sorted(rng.sample(range(1, whole), len(chosen) - 1))
        for one, low, high in zip(chosen, [0, *cuts], [*cuts, whole], strict=True):
            one["weight"] = Decimal(high - low).scaleb(-places)
    for one in tree["indicators"]:
        if "weight" not in one and rng.random() < 0.4:
            del one["points"]


def subjects_of(facts: Facts, figures: Figures) -> Subjects:
    """All that conditions of an adjustment may ask of."""
    met = measures_met(facts) | attributes_met(facts)
    for code, indicator in figures.indicators.items():
        keys = list(figures.batch.rows)
        met["indicator", code] = [figures.value(*at_code(key, code)) for key in keys]
        met["indicator", code] += [figures.own_value(*at_code(key, code)) for key in keys]
        if "points" in indicator:
            met["points", code] = [figures.points(*at_code(key, code)) for key in keys]
    if figures.weighted():
        for dimension in figures.policy["dimensions"]:
            code = dimension["code"]
            met["dimension", code] = [figures.dimension(name, code) for name in facts.names]
        met["completeness", ""] = [figures.completeness(name) for name in facts.names]
    stands_for = {code: one["value"] for code, one in figures.indicators.items() if isinstance(one["value"], str)}
    return Subjects(facts, met, stands_for=stands_for)


def at_code(key: tuple[str, int], code: str) -> tuple[str, str, int]:
    return key[0], code, key[1]


def random_adjustments(rng: Random, subjects: Subjects) -> list[dict[str, Any]]:
    made = []
    for i in range(rng.randint(1, 3)):
        points = Decimal(rng.choice(["2", "-3", "0.005", "-0.5", "33.333", "-100", "100", "0.00000000001"]))
        adjustment = {"code": f"adjust-{i}", "points": points, "when": condition(rng, subjects)}
        made.append(adjustment | {"label": label(rng, "加减分")})
    return made


# -- rating -----------------------------------------------------------------------------------------------------


def random_rating(rng: Random, facts: Facts, subjects: Subjects) -> Tree:
    words = {"green": "绿牌", "yellow": "黄牌", "red": "红牌", "unrated": "暂不评定"}
    rating: Tree = {"labels": {colour: {"zh": word} for colour, word in words.items()}}
    steps: dict[str, Callable[[str], Tree]] = {
        "unrated": lambda code: {"code": code, "when": condition(rng, subjects)},
        "quotas": lambda code: random_quota(rng, facts, code),
        "caps": lambda code: {"code": code, "at_most": rng.choice(COLOURS[1:]), "when": condition(rng, subjects)},
        "history": lambda code: random_history_step(rng, subjects, code),
        "flags": lambda code: {"code": code, "now": random_now(rng), "when": condition(rng, subjects)},
    }
    if ("total", "") not in subjects.met:
        del steps["quotas"]
    for step, make in steps.items():
        if rng.random() < {"unrated": 0.3}.get(step, 0.6):
            rating[step] = [make(f"{step}-{i}") for i in range(rng.randrange(4))]
        if step == "unrated":
            rating["rules"] = random_rules(rng, facts, subjects)
    return rating


def random_rules(rng: Random, facts: Facts, subjects: Subjects) -> list[dict[str, Any]]:
    if ("total", "") in subjects.met and rng.random() < (0.2 if facts.taste.asks else 0.6):
        known = [one for one in subjects.met["total", ""] if isinstance(one, Fraction)]
        low, high = sorted([near(rng, known), near(rng, known)])
        conditions: list[dict[str, Any]] = [{"total": {"at_least": high}}, {"total": {"at_least": low}}]
        rates = COLOURS[:2]
    else:
        conditions = [condition(rng, subjects) for _ in range(rng.randrange(4))]
        rates = rng.choices([*COLOURS, "unrated"], [4, 4, 4, 1], k=len(conditions))
    pairs = zip(rates, conditions, strict=True)
    rules = [{"rate": rate, "code": f"rule-{i}", "when": when} for i, (rate, when) in enumerate(pairs)]
    rules.append({"rate": rng.choice(COLOURS), "code": "rule-last"})
    for rule in rules:
        if rng.random() < 0.3:
            rule["label"] = label(rng, "规则")
        if rng.random() < 0.2:
            rule["source"] = "示例办法第五条"
    return rules


def random_quota(rng: Random, facts: Facts, code: str) -> dict[str, Any]:
    share = Decimal(rng.choice(["0.05", "0.1", "0.30", "0.3333", "0.5", "0.75", "1", "1.0"]))
    quota: dict[str, Any] = {"code": code, "take": rng.choice(["top", "bottom"]), "share": share}
    if quota["take"] == "top":
        rate = rng.choice([0, 0, 1])
        quota |= {"rate": COLOURS[rate], "otherwise": rng.choice(COLOURS[rate + 1 :])}
    else:
        quota["becomes"] = rng.choice(COLOURS[1:])
    if rng.random() < 0.6:
        quota["within"] = rng.sample(list(facts.attributes), rng.randint(1, min(2, len(facts.attributes))))
    if rng.random() < 0.4:
        quota["group_at_least"] = Decimal(rng.randint(1, 10))
    return quota


def random_now(rng: Random) -> Any:
    return rng.choice(COLOURS) if rng.random() < 0.5 else rng.sample(COLOURS, rng.randint(1, 3))


def random_history_step(rng: Random, subjects: Subjects, code: str) -> dict[str, Any]:
    becomes = rng.choice(COLOURS)
    others = [colour for colour in COLOURS if colour != becomes]
    now: Any = rng.choice(others) if rng.random() < 0.6 else rng.sample(others, rng.randint(1, 2))
    return {"code": code, "now": now, "becomes": becomes, "when": condition(rng, subjects)}
