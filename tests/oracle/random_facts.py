"""Random attributes, measures, rows and earlier ratings: the evidence side of a random case."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from .writing import csv_text, number

Cell = Decimal | bool | str | None
COLOURS = ["green", "yellow", "red"]
WHOLE = [
    [0, 1, 2, 3, 4, 5],
    [0, 5, 9, 10, 11, 20, 30, 50, 100],
    [49994, 49995, 49996, 50000, 99999, 100000],
    [-3, -2, -1, 0, 1, 2, 3],
    [2**53 + 1, 10**15, 10**18 + 1, 2**63, 3 * 10**24],
    [1, 3, 6, 7, 9, 12],
    [0, 1, 3037000499, 3037000500, 92233720368, 922337203685477580, 2**62, 2**63 - 1, -(2**63)],
]
PARTS = [
    ["0", "50", "49.995", "49.996", "49.994", "59.9", "60", "79.995", "80", "100"],
    ["-2.675", "-0.5", "-0.005", "0", "0.005", "0.5", "2.675", "1.0049", "1.005"],
    ["0.1", "0.2", "0.3", "0.7", "33.3333", "66.6667"],
    ["0.0001", "46116860184273.8790", "922337203685477.5807", "-922337203685477.5808", "1844674407370955.1615"],
]
NAMES = ["示例{}", "S-{:03}", "示例学校,{}", '示例"{}"号', "示例\n第{}行", " 示例 {} ", "{:06}", "école {}"]


@dataclass(frozen=True)
class Taste:
    """What a case dwells on, so that rare rules meet often enough."""

    over: float = 0.5
    pooled: int = 3
    needs: float = 0.35
    years: float = 0.35
    other_measure: float = 0.1
    rank: float = 0.3
    most_years: int = 5
    asks: tuple[str, ...] = ()  # subjects that most conditions then ask of


TASTES = [
    Taste(),
    Taste(),
    Taste(over=0.95, years=0.8, other_measure=0.3, most_years=7, asks=("indicator", "points")),
    Taste(over=0.95, years=0.8, rank=0.9, most_years=7, asks=("points",)),
    Taste(over=0.95, pooled=20, needs=0.8, most_years=7, asks=("indicator", "measure")),
    Taste(years=0, asks=("total", "dimension", "completeness")),
]


@dataclass
class Facts:
    """What was reported, and what each declared measure or attribute may be."""

    taste: Taste
    attributes: dict[str, Any]
    measures: dict[str, Any]
    pools: dict[str, list[Cell]]
    names: list[str] = field(default_factory=list)
    years: list[int | None] = field(default_factory=list)  # [None] without a `year` column
    rows: dict[tuple[str, int | None], dict[str, Cell]] = field(default_factory=dict)
    history: list[tuple[str, int, str]] | None = None

    def numeric(self) -> list[str]:
        return [code for code, one in self.measures.items() if one["type"] in ("integer", "decimal")]

    def of_type(self, kind: str) -> list[str]:
        return [code for code, one in self.measures.items() if one["type"] == kind]


def decimals(values: list[str], places: int) -> list[Cell]:
    """The values that `places` can hold, cut where they can't."""
    return list(dict.fromkeys(Decimal(one).quantize(Decimal(1).scaleb(-places), "ROUND_DOWN") for one in values))


def label(rng: Random, text: str) -> dict[str, str]:
    return {"zh": text, "en": f"the {text}"} if rng.random() < 0.3 else {"zh": text}


def random_attributes(rng: Random) -> tuple[dict[str, Any], dict[str, list[Cell]]]:
    every: dict[str, tuple[str, list[Cell]]] = {
        "level": ("text", ["中职", "高职专科", None]),
        "class": ("text", ["61", "66", "none", None]),
        "years_open": ("integer", [Decimal(n) for n in (-1, 0, 1, 2, 3, 4)] + [None]),
        "share": ("decimal", [Decimal(n) for n in ("0.5", "0.50", "-1.25", "3.14159", "40")] + [None]),
    }
    kept = {code: one for code, one in every.items() if code == "class" or rng.random() < 0.7}
    declared = {code: {"type": kind, "label": label(rng, "属性")} for code, (kind, _) in kept.items()}
    return declared, {code: pool for code, (_, pool) in kept.items()}


def random_measure(rng: Random, kind: str) -> tuple[dict[str, Any], list[Cell]]:
    measure: dict[str, Any] = {"label": label(rng, "测点"), "type": kind}
    pool: list[Cell] = [True, False]
    if kind == "integer":
        pool = [Decimal(n) for n in rng.choice(WHOLE)]
    elif kind == "decimal":
        places = rng.randrange(5)
        measure["decimals"] = Decimal(places)
        pool = decimals(rng.choice(PARTS), places)
    elif kind == "choice":
        measure["options"] = rng.choice([["none", "city", "province", "nation"], ["yes", "no"], ["1", "2", "甲"]])
        pool = list(measure["options"])
    numbers = [one for one in pool if isinstance(one, Decimal)]
    if numbers and rng.random() < 0.5:
        measure["min"] = min(numbers)
    if numbers and rng.random() < 0.5:
        measure["max"] = max(numbers)
    measure["supplier"] = rng.choice(["school", "county", "bureau", "department:hrss", "third_party", "computed"])
    if kind == "decimal" and min(numbers) >= 0 and max(numbers) <= 100 and rng.random() < 0.3:
        measure |= {"supplier": "panel", "panel": {"trim_from": Decimal(5), "spread_alert": Decimal(20)}}
    if rng.random() < 0.2:
        measure["publish"] = rng.choice(["public", "own", "restricted"])
    if rng.random() < 0.2:
        measure["evidence"] = "required"
    return measure, pool


def random_facts(rng: Random) -> Facts:
    attributes, pools = random_attributes(rng)
    kinds = ["integer", "integer", "decimal", "boolean", "choice"]
    kinds += rng.choices(["integer", "decimal", "boolean", "choice"], [5, 3, 1, 1], k=rng.randrange(4))
    measures = {}
    for i, kind in enumerate(kinds):
        code = f"{kind}_{i}"
        measures[code], pools[code] = random_measure(rng, kind)
    facts = Facts(rng.choice(TASTES), attributes, measures, pools)
    pools["defaulted"] = rng.choice([["true", "false", None], []])
    size = rng.randint(*rng.choices([(1, 1), (2, 6), (7, 15), (16, 40), (41, 120)], [4, 16, 16, 12, 1])[0])
    facts.names = [rng.choice(NAMES).format(i) for i in range(size)]
    if facts.taste.most_years < 7 and rng.random() < 0.5:
        facts.years = [None]
    else:
        facts.years = [*sorted(rng.sample(range(2018, 2026), rng.randint(1, facts.taste.most_years)))]
    missing, gaps = rng.choice([0, 0.05, 0.2, 0.5]), rng.choice([0, 0.3])
    for name in facts.names:
        for year in facts.years:
            if year == facts.years[-1] or rng.random() >= gaps:
                facts.rows[name, year] = random_row(rng, facts, missing)
    facts.history = random_history(rng, facts)
    return facts


def random_row(rng: Random, facts: Facts, missing: float) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    for code, pool in facts.pools.items():
        row[code] = rng.choice(pool) if pool and rng.random() >= missing else None
        values = [one for one in pool if isinstance(one, Decimal)]
        if code in facts.measures and values and row[code] is not None and rng.random() < 0.2:
            row[code] = between(rng, min(values), max(values), int(facts.measures[code].get("decimals", 0)))
    return row


def between(rng: Random, low: Decimal, high: Decimal, places: int) -> Decimal:
    return Decimal(rng.randint(int(low * 10**places), int(high * 10**places))).scaleb(-places)


def random_history(rng: Random, facts: Facts) -> list[tuple[str, int, str]] | None:
    if rng.random() < 0.3:
        return None
    last = facts.years[-1] - 1 if facts.years[-1] is not None else 2030
    ratings = rng.choice([COLOURS, [*COLOURS, "unrated", "incomplete"]])
    rows = [
        (name, year, rng.choice(ratings))
        for name in [*facts.names, "示例外校"]
        for year in range(last - 4, last + 1)
        if rng.random() < 0.6
    ]
    rng.shuffle(rows)
    return rows


# -- as files ---------------------------------------------------------------------------------------------------


def evidence_csv(rng: Random, facts: Facts) -> str:
    """The rows in any order; a column that nobody filled may be left out."""
    codes = [*facts.attributes, "defaulted", *facts.measures]
    unused = [code for code in codes if all(row[code] is None for row in facts.rows.values())]
    codes = [code for code in codes if code not in unused or rng.random() < 0.5]
    rng.shuffle(codes)
    with_year = facts.years != [None]
    lines = [["specialty", *(["year"] if with_year else []), *codes]]
    keys = list(facts.rows)
    rng.shuffle(keys)
    for name, year in keys:
        cells = [cell_text(rng, facts, code, facts.rows[name, year][code], year) for code in codes]
        lines.append([name, *([str(year)] if with_year else []), *cells])
    return csv_text(rng, lines)


def cell_text(rng: Random, facts: Facts, code: str, value: Cell, year: int | None) -> str:
    ignored = code not in facts.measures and year != facts.years[-1]
    if ignored and rng.random() < 0.1:  # "other years' cells are ignored", whatever they say
        return "1e3" if code != "class" else "任意"
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(rng, value, facts.measures.get(code, {}).get("decimals"))


def number_text(rng: Random, value: Decimal, places: Decimal | None) -> str:
    text = number(value)
    if "." in text and rng.random() < 0.3:
        text = text.rstrip("0").rstrip(".")
    elif "." not in text and places and rng.random() < 0.3:
        text += "." + "0" * rng.randint(1, int(places))
    style = rng.random()
    if style < 0.05:
        return f" {text}  "
    if style < 0.1:
        return text.replace("-", "-0") if text.startswith("-") else f"00{text}"
    if style < 0.15 and text == "0":
        return "-0"
    return text


def history_csv(rng: Random, facts: Facts) -> str | None:
    if facts.history is None:
        return None
    return csv_text(rng, [["specialty", "year", "rating"], *([n, str(y), r] for n, y, r in facts.history)])
