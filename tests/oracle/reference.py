"""Scores a batch exactly as policy.md's "Scoring without a database" says, one specialty at a time.

Written from the page alone; assumes a valid policy and valid files, and knows nothing of production.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .conditions import Value, holds
from .figures import Figures, half_up
from .tables import read_tables

BEST_FIRST = ["green", "yellow", "red"]  # "Green is best, then yellow, then red."


@dataclass
class Case:
    """One specialty on its way through the rating steps; as a condition sees it, and as it is printed."""

    name: str
    figures: Figures
    incomplete: bool
    total: Fraction | None = None
    dimensions: dict[str, Fraction | None] = field(default_factory=dict)
    rating: str = ""
    reasons: list[str] = field(default_factory=list)
    ended: bool = False  # incomplete or unrated: no later step applies

    def now(self) -> int:
        return self.figures.batch.scored

    def earlier_years_with_a_row(self) -> Sequence[int]:
        return self.figures.batch.years_of(self.name)

    def earlier_ratings(self) -> Sequence[str]:
        return self.figures.batch.history.get(self.name, [])

    def subject(self, kind: str, code: str, year: int) -> Value:
        by_year = {
            "measure": self.figures.measure,
            "indicator": self.figures.value,  # "its value, after `over`"
            "points": self.figures.points,
        }
        if kind in by_year:
            return by_year[kind](self.name, code, year)
        if kind == "attribute":
            return self.figures.batch.attributes[self.name][code]
        if kind == "completeness":
            return self.figures.completeness(self.name)
        assert kind in ("dimension", "total")
        return self.dimensions.get(code) if kind == "dimension" else self.total

    def own(self, kind: str, code: str, year: int) -> Value:
        if kind == "indicator":
            return self.figures.own_value(self.name, code, year)
        return self.subject(kind, code, year)


def score(policy_tree: dict[str, Any], evidence_csv: str, history_csv: str | None) -> str:
    """RESULTS.csv of a valid policy (as `read_policy` gives it), evidence and history."""
    batch = read_tables(policy_tree, evidence_csv, history_csv)
    figures = Figures(policy_tree, batch)
    cases = [scored(name, policy_tree, figures) for name in batch.specialties]
    rating = policy_tree["rating"]
    for case in cases:
        first_steps(case, rating)
    for quota in rating.get("quotas") or []:
        apply_quota([case for case in cases if not case.ended], quota)
    for case in cases:
        if not case.ended:
            last_steps(case, rating)
    return printed(policy_tree, cases)


def scored(name: str, policy: dict[str, Any], figures: Figures) -> Case:
    """Dimension scores, adjustments and total; an incomplete specialty has none of them."""
    case = Case(name, figures, figures.incomplete(name))
    if case.incomplete:
        return case
    for dimension in policy.get("dimensions") or []:
        case.dimensions[dimension["code"]] = figures.dimension(name, dimension["code"])
    exact = figures.mean(name, figures.weighted())
    for adjustment in policy.get("adjustments") or []:
        if holds(adjustment["when"], case):  # "always named, even when the cut makes it void"
            assert exact is not None
            exact += Fraction(adjustment["points"])
            case.reasons.append(adjustment["code"])
    if exact is not None:  # "cut to 0-100, rounded"
        case.total = half_up(min(max(exact, Fraction(0)), Fraction(100)), 2)
    return case


def first_steps(case: Case, rating: dict[str, Any]) -> None:
    for rule in rating.get("unrated") or []:  # 1. "first that holds"
        if holds(rule["when"], case):
            case.rating, case.ended = "unrated", True
            case.reasons.append(rule["code"])
            return
    if case.incomplete:  # "takes step 1 alone: named there it is `unrated` ..., else `incomplete`"
        case.rating, case.reasons, case.ended = "incomplete", ["incomplete"], True
        return
    for rule in rating["rules"]:  # 2. "first that holds; the last has no `when`"
        if "when" not in rule or holds(rule["when"], case):
            case.rating, case.ended = rule["rate"], rule["rate"] == "unrated"
            case.reasons.append(rule["code"])
            return


def apply_quota(rated: list[Case], quota: dict[str, Any]) -> None:
    """3. "in order, by total within groups of rated specialties" """
    groups: dict[tuple[Value, ...], list[Case]] = {}
    for case in rated:
        key = tuple(case.subject("attribute", code, case.now()) for code in quota.get("within", []))
        groups.setdefault(key, []).append(case)
    for group in groups.values():
        if len(group) < int(quota.get("group_at_least", 1)):  # "is left alone"
            continue
        n = int(Fraction(quota["share"]) * len(group) // 1)  # "share x group size, rounded down"
        if quota["take"] == "top":
            keep_top([case for case in group if case.rating == quota["rate"]], n, quota)
        else:
            take_bottom(group, n, quota)


def points_of(case: Case) -> Fraction:
    assert case.total is not None
    return case.total


def keep_top(candidates: list[Case], n: int, quota: dict[str, Any]) -> None:
    """The page: "keeps the first n, and gives the rest *of those* `otherwise`"."""
    ordered = sorted(candidates, key=points_of, reverse=True)
    for case in set_apart(ordered, n)[1]:
        change(case, quota["otherwise"], quota["code"])


def take_bottom(group: list[Case], n: int, quota: dict[str, Any]) -> None:
    """The page: "orders the whole group from the lowest total and gives the first n `becomes`"."""
    for case in set_apart(sorted(group, key=points_of), n)[0]:
        if BEST_FIRST.index(case.rating) < BEST_FIRST.index(quota["becomes"]):  # "unless they are as low or lower"
            change(case, quota["becomes"], quota["code"])


def set_apart(ordered: list[Case], n: int) -> tuple[list[Case], list[Case]]:
    """The first n and the rest; "when the cut falls inside a tie on total, the whole tie stays outside"."""
    if 0 < n < len(ordered) and points_of(ordered[n - 1]) == points_of(ordered[n]):
        tie = points_of(ordered[n])
        n = min(i for i, case in enumerate(ordered) if points_of(case) == tie)
    return ordered[:n], ordered[n:]


def change(case: Case, rating: str, code: str) -> None:
    """The page: "each step that ... changes a rating appends its `code`"."""
    if case.rating != rating:
        case.rating = rating
        case.reasons.append(code)


def last_steps(case: Case, rating: dict[str, Any]) -> None:
    for cap in rating.get("caps") or []:  # 4. "every one that holds; the rating becomes no better than `at_most`"
        if holds(cap["when"], case) and BEST_FIRST.index(case.rating) < BEST_FIRST.index(cap["at_most"]):
            change(case, cap["at_most"], cap["code"])
    for step in rating.get("history") or []:  # 5. "in order, from the rating as it stands then"
        if is_now(case, step) and holds(step["when"], case):
            change(case, step["becomes"], step["code"])
    for flag in rating.get("flags") or []:  # 6. "the code is appended, the rating stays"
        if is_now(case, flag) and holds(flag["when"], case):
            case.reasons.append(flag["code"])


def is_now(case: Case, step: dict[str, Any]) -> bool:
    """The page: "`now` is one rating or a list"."""
    now = step["now"]
    return case.rating in (now if isinstance(now, list) else [now])


def printed(policy: dict[str, Any], cases: list[Case]) -> str:
    """The page: "one row a specialty in the order of first appearance"; "line feeds"."""
    dimensions = [one["code"] for one in policy.get("dimensions") or []]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["specialty", "total", *(f"dimension:{code}" for code in dimensions), "rating", "reasons"])
    for case in cases:
        scores = [two_places(case.total), *(two_places(case.dimensions.get(code)) for code in dimensions)]
        writer.writerow([case.name, *scores, case.rating, ";".join(case.reasons)])
    return out.getvalue()


def two_places(score: Fraction | None) -> str:
    """The page: "scores with 2 places, empty where there is none"."""
    if score is None:
        return ""
    hundredths = int(score * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
