"""The engine agrees with itself on any batch of the shipped policies: reordered, repeated, in parts, in other blocks.

A batch may be split where no rank and no quota looks across: between groups, or anywhere when there are none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from specialty_eval.engine import Batch, Policy, Row, load_policy, score_batch, scoring
from specialty_eval.engine import results as engine_results
from specialty_eval.engine.batch import attribute_column, measure_column
from specialty_eval.engine.evidence import Value
from specialty_eval.engine.policy import Measure, Rank, Type
from specialty_eval.policies import names, text

GOLDEN = Path(__file__).parents[1] / "golden"
SHIPPED = {name: load_policy(text(name)) for name in names()}
USUAL = {
    "dezhou": YAML(typ="safe", pure=True).load(GOLDEN / "dezhou" / "cases.yaml")["usual"],
    "us-ge": {"cohort": 60, "loan_payment": 2600, "earnings": 25000, "discretionary_income": 6000},
}
"""Values that earn something: ones drawn from a measure's whole range nearly always rate the same."""
YEARS = (2022, 2023, 2024)
COLOURS = ("green", "yellow", "red", "unrated")

Ratings = Mapping[str, Sequence[str]]


class Case(NamedTuple):
    """A shipped policy with evidence and earlier ratings, and what a test draws from."""

    policy: Policy
    rows: list[Row]
    past: dict[str, list[str]]
    random: Random


def value(measure: Measure, usual: Mapping[str, Decimal | bool | str], strange: float, random: Random) -> Value:
    """One that the measure can have, or none; mostly around what is usual."""
    if random.random() < strange:
        return None
    if measure.code in usual and random.random() >= strange:
        return near(measure, usual[measure.code], random)
    if measure.type is Type.BOOLEAN:
        return random.random() < 0.5
    if measure.type is Type.CHOICE:
        return random.choice(measure.options)
    low = Decimal(0) if measure.min is None else measure.min
    high = low + 30 if measure.max is None else measure.max
    return low + Decimal(random.randint(0, int((high - low) * 10**measure.decimals))).scaleb(-measure.decimals)


def near(measure: Measure, usual: Decimal | bool | str, random: Random) -> Value:
    """What is usual, a number up to a third less."""
    if isinstance(usual, bool | str):
        return usual
    return round(Decimal(usual) * random.randint(67, 100) / 100, measure.decimals)


def specialty_rows(policy: Policy, name: str, random: Random) -> list[Row]:
    """Its rows of one to three years, nearly always the scored one among them."""
    drawn = {
        "level": "甲甲甲乙",
        "class": "子子子丑",
        "subclass": "子丑",
        "catalogue_code": "子丑",
    }  # groups large enough for a quota
    known: dict[str, Value] = {code: random.choice(drawn[code]) for code in policy.attributes if code in drawn}
    if "years_open" in policy.attributes:
        known["years_open"] = Decimal(random.randint(2, 12))
    known["defaulted"] = random.choice(["true", *["false", None] * 8])
    first = random.randint(0, 2)
    years = YEARS[first:] if random.random() < 0.95 else YEARS[:2]
    usual, strange = USUAL.get(policy.id, {}), random.choice([0, 0.02, 0.1])
    measures = policy.measures.values()
    return [Row(name, year, known, {m.code: value(m, usual, strange, random) for m in measures}) for year in years]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    policy = SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))]
    random = Random(draw(st.integers(0, 2**32 - 1)))
    specialties = [f"S{i}" for i in range(draw(st.integers(1, 40)))]
    rows = [row for name in specialties for row in specialty_rows(policy, name, random)]
    past = {name: random.choices(COLOURS, k=random.randint(0, 3)) for name in specialties}
    return Case(policy, rows, past, random)


def scored(policy: Policy, rows: Sequence[Row], past: Ratings) -> dict[str, list[str]]:
    """What RESULTS.csv would say of each specialty."""
    return {line[0]: line[1:] for line in score_batch(policy, Batch.from_rows(policy, rows, YEARS[-1]), past).rows()}


def looking_across(policy: Policy) -> list[tuple[str, ...]]:
    """The attributes within which each rank and quota looks at others."""
    ranks = [i.points.within for i in policy.indicators if isinstance(i.points, Rank)]
    return [*ranks, *(quota.within for quota in policy.rating.quotas)]


def parts(case: Case) -> list[list[Row]]:
    """The rows in two parts, no group in both."""
    across = looking_across(case.policy)
    shared = [code for code in case.policy.attributes if all(code in within for within in across)]
    halves: dict[object, int] = {}
    found: tuple[list[Row], list[Row]] = ([], [])
    for row in case.rows:
        group = tuple(row.attributes[code] for code in shared) if across else row.specialty
        found[halves.setdefault(group, case.random.randint(0, 1))].append(row)
    return [part for part in found if part]


STEADY = settings(deadline=None, max_examples=80)


@STEADY
@given(cases())
def test_the_order_of_rows_changes_nothing(case: Case) -> None:
    shuffled = list(case.rows)
    case.random.shuffle(shuffled)
    assert scored(case.policy, shuffled, case.past) == scored(case.policy, case.rows, case.past)


@STEADY
@given(cases())
def test_a_batch_scored_again_gives_the_same_bytes(case: Case) -> None:
    batch = Batch.from_rows(case.policy, case.rows, YEARS[-1])
    first, again = (score_batch(case.policy, batch, case.past) for _ in range(2))
    for name in ("total", "dimensions", "ratings", "marks"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()


@STEADY
@given(cases())
def test_everybodys_copy_gets_what_its_original_gets(case: Case) -> None:
    copies = [replace(row, specialty=f"{row.specialty}-copy") for row in case.rows]
    past = case.past | {f"{name}-copy": ratings for name, ratings in case.past.items()}
    together = scored(case.policy, [*case.rows, *copies], past)
    alone = scored(case.policy, case.rows, case.past)
    assert {name: together[f"{name}-copy"] for name in alone} == {name: together[name] for name in alone}
    if not case.policy.rating.quotas:  # a share of twice as many is not twice the share, rounded down
        assert {name: together[name] for name in alone} == alone


@STEADY
@given(cases())
def test_parts_of_a_batch_give_what_the_whole_gives(case: Case) -> None:
    apart: dict[str, list[str]] = {}
    for part in parts(case):
        apart |= scored(case.policy, part, case.past)
    assert apart == scored(case.policy, case.rows, case.past)


@STEADY
@given(cases(), st.integers(1, 5))
def test_blocks_of_any_size_give_the_same(case: Case, size: int) -> None:
    whole = scored(case.policy, case.rows, case.past)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "ROWS", size)
        assert scored(case.policy, case.rows, case.past) == whole


@STEADY
@given(cases(), st.integers(1, 5))
def test_a_sheet_is_the_same_alone_and_among_others(case: Case, size: int) -> None:
    found = score_batch(case.policy, Batch.from_rows(case.policy, case.rows, YEARS[-1]), case.past)
    places = case.random.sample(range(len(found)), len(found))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_results, "SHEETS", size)
        together = list(found.sheets(places))
    assert together == [found.sheet(i) for i in places]
    printed = {line[0]: (line[1], line[-2], line[-1]) for line in found.rows()}
    assert printed == {
        sheet.specialty: (
            "" if sheet.total is None else str(sheet.total),
            sheet.rating.value,
            ";".join(why.code for why in sheet.reasons),
        )
        for sheet in together
    }


@STEADY
@given(cases())
def test_ready_columns_give_what_rows_give(case: Case) -> None:
    policy = case.policy
    said = [measure for measure in policy.measures.values() if case.random.random() < 0.95]
    rows = [
        Row(row.specialty, row.year, {code: row.attributes[code] for code in policy.attributes}, row.values)
        for row in case.rows
        if row.year == YEARS[-1]
    ]
    short = [replace(row, values={measure.code: row.values[measure.code] for measure in said}) for row in rows]
    columns = {measure.code: measure_column(measure, [row.values[measure.code] for row in rows]) for measure in said}
    known = {code: attribute_column(a, [row.attributes[code] for row in rows]) for code, a in policy.attributes.items()}
    batch = Batch.from_columns(policy, [row.specialty for row in rows], columns, known, YEARS[-1])
    from_columns = {line[0]: line[1:] for line in score_batch(policy, batch, case.past).rows()}
    assert from_columns == scored(policy, short, case.past)


def test_the_shipped_policies_have_a_rank_and_a_quota_to_be_split_beside() -> None:
    kinds = {name: looking_across(policy) for name, policy in SHIPPED.items()}
    assert {name: across for name, across in kinds.items() if across} == {
        "dezhou": [("level", "class")],
        "fujian-2023": [("level",)],
    }
