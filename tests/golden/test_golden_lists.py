"""The shipped policies' `lists` against worked cases that name the clause they prove: by the engine, and read again.

How a case is written is in README.md beside this file. Expected values were worked out by hand, not taken from a run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from oracle.lists import named
from oracle.tree import read_policy
from specialty_eval.engine import load_policy
from specialty_eval.engine.entry_counts import Counting, Site, counted
from specialty_eval.engine.lists import Entry, ListKind, evaluate, uncountable
from specialty_eval.policies import names, text

HERE = Path(__file__).parent
MEASURES = ("intake", "graduates", "city_posts")


@dataclass(frozen=True)
class Case:
    policy: str
    title: str
    kind: str
    year: int
    sites: list[dict[str, Any]]
    expect: list[dict[str, Any]]


def spelled_out(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A site for each school it names; what it leaves out is usual: secondary, open since 2010, without a rating."""
    for school in entry.get("schools", [entry.get("school")]):
        figures = {m: {int(y): int(n) for y, n in entry[m].items()} for m in MEASURES if m in entry}
        yield {"level": "secondary", "opened": "2010-09-01", "closed": "", "rating": "", **entry, "school": school,
               **figures}  # fmt: skip


def read(file: Path) -> Iterator[Case]:
    # All scalars as the text they were written in.
    book = YAML(typ="base", pure=True).load(file.read_text(encoding="utf-8"))
    for case in book.get("lists", []):
        assert case.get("clause"), f"{file.parent.name}: {case['case']}: no clause"
        sites = [site for entry in case["sites"] for site in spelled_out(entry)]
        others = [{"code": f"{n:06}", "school": f"其他{n}"} for n in range(int(case.get("others", 0)))]
        sites += [site for entry in others for site in spelled_out(entry)]
        yield Case(book["policy"], case["case"], case["list"], int(case["year"]), sites, case["expect"])


CASES = [case for file in sorted(HERE.glob("*/cases.yaml")) for case in read(file)]


def titled(case: Case) -> str:
    return f"{case.policy}: {case.title}"


def found_by_the_engine(case: Case) -> list[dict[str, Any]]:
    rules = load_policy(text(case.policy)).lists[case.kind]
    sites = [as_site(site) for site in case.sites]
    counts = counted(sites, Counting(date(case.year, 12, 31), case.year, rules.small_intake_below))
    entries = [
        Entry(level, code, attributes={"level": level, "class": code[:2], "subclass": code[:4], "catalogue_code": code},
              counts=known)
        for (level, code), known in counts.items()
    ]  # fmt: skip
    return [
        {"code": each.entry.code, "reasons": list(each.reasons), "exempt": list(each.exempt),
         "figures": {name: f"{value:f}" for name, value in each.figures.items()}}
        for each in evaluate(rules, entries)
    ]  # fmt: skip


def as_site(site: dict[str, Any]) -> Site:
    years = {year for measure in MEASURES for year in site.get(measure, {})}
    figures = {
        year: {m: Decimal(site[m][year]) for m in MEASURES if year in site.get(m, {})} for year in years
    }  # fmt: skip
    closed = date.fromisoformat(site["closed"]) if site["closed"] else None
    return Site(site["school"], site["level"], site["code"], date.fromisoformat(site["opened"]), closed, site["rating"],
                figures)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=titled)
def test_the_engine_lists_what_the_clause_says(case: Case) -> None:
    assert found_by_the_engine(case) == case.expect


@pytest.mark.parametrize("case", CASES, ids=titled)
def test_the_second_reading_lists_what_the_clause_says(case: Case) -> None:
    expected = [{key: line[key] for key in ("code", "reasons", "exempt")} for line in case.expect]
    assert named(read_policy(text(case.policy)), case.kind, case.sites, case.year) == expected


def rules_of(name: str) -> list[dict[str, Any]]:
    lists = read_policy(text(name)).get("lists", {})
    return [rule for each in lists.values() for section in ("rules", "exempt") for rule in each.get(section, [])]


@pytest.mark.parametrize("name", names())
def test_every_rule_of_a_list_is_proved_by_a_case_and_says_where_it_comes_from(name: str) -> None:
    said = " ".join(str(case.expect) for case in CASES if case.policy == name)
    proved = set(re.findall(r"[A-Za-z0-9-]+", said))
    rules = rules_of(name)
    assert [rule["code"] for rule in rules if rule["code"] not in proved or not rule.get("source")] == []


@pytest.mark.parametrize("name", names())
def test_every_count_a_list_looks_at_can_be_made_of_the_policys_measures(name: str) -> None:
    policy = load_policy(text(name))
    assert [problem for kind in policy.lists for problem in uncountable(policy, ListKind(kind))] == []
