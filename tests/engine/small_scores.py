"""Rule books and evidence of a few lines, scored without files: what the tests of the scorer are written in."""

import csv
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from specialty_eval.engine import Batch, History, Policy, Results, Row, load_policy, score_batch
from specialty_eval.engine.evidence import parse_attribute, parse_value

HEAD = """
schema: specialty-eval/policy/1
id: small
version: "1"
title: {zh: 小办法}
jurisdiction: "371400"
source: 虚构
attributes:
  level: {type: text, label: {zh: 层次}}
  class: {type: text, label: {zh: 大类}}
  open: {type: integer, label: {zh: 年数}}
  size: {type: decimal, label: {zh: 规模}}
measures:
  a: {label: {zh: 甲}, type: integer, supplier: school}
  b: {label: {zh: 乙}, type: integer, supplier: school}
  c: {label: {zh: 丙}, type: decimal, decimals: 3, supplier: school}
  n: {label: {zh: 丁}, type: decimal, decimals: 2, min: 0, max: 100, supplier: school}
  m: {label: {zh: 戊}, type: integer, min: -5, max: 5, supplier: school}
  safe: {label: {zh: 是否}, type: boolean, supplier: school}
  too: {label: {zh: 是否又}, type: boolean, supplier: school}
  grade: {label: {zh: 级别}, type: choice, options: [none, city, nation], supplier: school}
dimensions: [{code: d, label: {zh: 维度一}}, {code: e, label: {zh: 维度二}}]
"""

STRAIGHT = "{linear: [[0, 0], [100, 100]]}"
"""A value between 0 and 100 is its own points."""

COLOURS = """
  rules:
    - {rate: green, code: good, when: {total: {at_least: 80}}}
    - {rate: yellow, code: fair, when: {total: {at_least: 60}}}
    - {rate: red, code: poor}
"""

ALL_GREEN = "\n  rules: [{rate: green, code: all}]\n"


def indicator(
    value: str = "n",
    code: str = "i",
    *,
    weight: str = "100",
    points: str = STRAIGHT,
    dimension: str = "d",
    more: str = "",
) -> str:
    """One line of a rule book; without a weight when it is empty, without points when those are."""
    parts = [f"code: {code}, dimension: {dimension}, label: {{zh: 指标}}, unit: x, value: {value}"]
    parts += [f"points: {points}"] * bool(points) + [f"weight: {weight}"] * bool(weight) + [more] * bool(more)
    return f"{{{', '.join(parts)}}}"


def rules(*indicators: str, rating: str = COLOURS, adjustments: str = "", checks: str = "") -> Policy:
    """A rule book; by default its one indicator is the measure n, so that n is the total."""
    sections = ["indicators:", *(f"  - {one}" for one in indicators or [indicator()])]
    sections += [f"adjustments: {adjustments}"] * bool(adjustments) + [f"checks: {checks}"] * bool(checks)
    return load_policy("\n".join([HEAD, *sections, "rating:" + rating]))


def rows(policy: Policy, text: str) -> list[Row]:
    """Rows of evidence written as CSV."""
    found = []
    for line in csv.DictReader(text.strip().split("\n"), skipinitialspace=True):
        values = {m.code: parse_value(m, line.get(m.code, "")) for m in policy.measures.values()}
        attributes = {a.code: parse_attribute(a, line.get(a.code, "")) for a in policy.attributes.values()}
        if "defaulted" in line:
            attributes["defaulted"] = line["defaulted"] or None
        found.append(Row(line["specialty"], int(line["year"]) if "year" in line else None, attributes, values))
    return found


def results(
    policy: Policy,
    text: str,
    history: Mapping[str, Sequence[str]] | None = None,
    rated: Collection[str] | None = None,
) -> Results:
    """The evidence scored."""
    batch = Batch.from_rows(policy, rows(policy, text))
    return score_batch(policy, batch, History.of(batch, history or {}), rated=rated)


def lines(found: Results) -> list[str]:
    """What RESULTS.csv would say, without dimensions: `specialty total rating reasons`."""
    return [" ".join(filter(None, (s, total, rating, why))) for s, total, *_, rating, why in found.rows()]


def value_of(found: Results, indicator: str = "i", i: int = 0) -> Decimal | bool | str | None:
    """An indicator's value on the i-th sheet."""
    return next(line.value for line in found.sheet(i).indicators if line.code == indicator)


def points_of(found: Results, indicator: str = "i", i: int = 0) -> Decimal | None:
    """An indicator's points on the i-th sheet."""
    return next(line.points for line in found.sheet(i).indicators if line.code == indicator)
