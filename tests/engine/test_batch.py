"""Rows frozen into columns: order, years, exact numbers, and what a column refuses."""

from decimal import Decimal

import numpy as np
import pytest

from engine.small_scores import lines, results, rows, rules
from specialty_eval.engine import Batch, History, Invalid, Row, score_batch
from specialty_eval.engine.batch import NONE, groups, measure_column
from specialty_eval.engine.exact import Numbers, Operand
from specialty_eval.engine.scoring import checks_that_hold

EVERYTHING = slice(None)


def shown(operand: Operand) -> list[int | None]:
    return [int(value) if has else None for value, has in zip(operand.data, operand.has, strict=True)]


def test_specialties_stand_in_the_order_of_first_appearance_and_years_ascend() -> None:
    batch = Batch.from_rows(rules(), rows(rules(), "specialty,year,n\nB,2024,1\nA,2022,2\nB,2022,3\nA,2024,4"))
    assert batch.specialties == ("B", "A")
    assert batch.years == (2022, 2024)
    assert batch.rows.tolist() == [[2, 1], [0, 3]]
    assert [shown(column.operand(EVERYTHING)) for column in batch.measures["n"]] == [[300, 200], [100, 400]]


def test_a_specialty_without_a_row_in_the_scored_year_has_no_result() -> None:
    found = results(rules(), "specialty,year,n\nA,2023,90\nB,2024,70")
    assert lines(found) == ["B 70.00 yellow fair"]
    assert found.specialty(0) == "B"
    assert found.sheet(0).specialty == "B"


def test_rows_after_the_scored_year_are_left_out() -> None:
    policy = rules()
    batch = Batch.from_rows(policy, rows(policy, "specialty,year,n\nA,2023,90\nB,2024,70\nA,2024,10"), scored_year=2023)
    assert lines(score_batch(policy, batch)) == ["A 90.00 green good"]


def test_a_batch_without_rows_has_no_results() -> None:
    assert lines(score_batch(rules(), Batch.from_rows(rules(), []))) == []


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["0", "100", None], np.uint16),  # declared 0..100 in hundredths
        (["99.99"], np.uint16),
    ],
)
def test_a_bounded_measure_takes_the_smallest_type_of_its_bounds(values: list[str | None], dtype: type) -> None:
    column = measure_column(rules().measures["n"], [None if v is None else Decimal(v) for v in values])
    assert column.data.dtype == dtype
    assert shown(column.operand(EVERYTHING)) == [None if v is None else int(Decimal(v) * 100) for v in values]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, None, -5], np.int32),
        ([2**31 - 1, -(2**31) + 1], np.int32),
        ([2**31, None], np.int64),
        ([-(2**31)], np.int64),
        ([2**63 - 1, -(2**63) + 1, None], np.int64),
        ([-(2**63)], object),
        ([2**63, None, -7], object),
        ([None, None], np.int32),
    ],
)
def test_an_unbounded_measure_takes_what_its_values_need(values: list[int | None], dtype: type) -> None:
    column = measure_column(rules().measures["a"], [None if v is None else Decimal(v) for v in values])
    assert column.data.dtype == dtype
    assert shown(column.operand(EVERYTHING)) == values


def test_the_bounds_of_an_operand_cover_every_row_reported_or_not() -> None:
    for code, values in (("m", ["-5", None, "5"]), ("a", ["3", None]), ("a", [str(10**30), None]), ("n", [None])):
        operand = measure_column(rules().measures[code], [v and Decimal(v) for v in values]).operand(EVERYTHING)
        assert isinstance(operand, Numbers)
        assert all(operand.low <= value <= operand.high for value in operand.data)


def test_every_value_that_a_measure_cannot_have_is_refused_at_once() -> None:
    policy = rules()
    with pytest.raises(Invalid) as refused:
        measure_column(policy.measures["n"], [Decimal("1.005"), Decimal("1"), "x"])
    assert [p.code for p in refused.value.problems] == ["too-many-places", "not-a-number"]
    with pytest.raises(Invalid) as refused:
        measure_column(policy.measures["m"], [Decimal(-6), Decimal(0), Decimal(6)])
    assert [(p.code, p.facts["value"]) for p in refused.value.problems] == [
        ("out-of-range", "-6"),
        ("out-of-range", "6"),
    ]
    with pytest.raises(Invalid) as refused:
        measure_column(policy.measures["grade"], ["city", "moon"])
    assert [p.code for p in refused.value.problems] == ["not-one-of"]


@pytest.mark.parametrize(
    ("years", "code"), [((2024, 2024), "row-twice"), ((None, None), "row-twice"), ((2024, None), "year-in-some-rows")]
)
def test_rows_that_contradict_each_other_are_refused(years: tuple[int | None, int | None], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        Batch.from_rows(rules(), [Row("A", year) for year in years])
    assert [p.code for p in refused.value.problems] == [code]


def test_whoever_is_to_be_rated_must_have_a_row_in_the_scored_year() -> None:
    with pytest.raises(Invalid) as refused:
        results(rules(), "specialty,year,n\nA,2023,90\nB,2024,70", rated=["C", "A", "B"])
    assert [(p.code, p.where) for p in refused.value.problems] == [("scored-year-missing", s) for s in "AC"]


def test_attributes_are_those_of_the_scored_year_and_defaulted_is_false_unless_said() -> None:
    policy = rules()
    text = "specialty,year,level,size,defaulted\nA,2023,old,1,true\nA,2024,new,2.50,\nB,2024,,2.5,true"
    batch = Batch.from_rows(policy, rows(policy, text))
    level = batch.attributes["level"]
    assert level.index == {"new": 0}
    assert shown(level.operand(EVERYTHING)) == [0, None]
    assert shown(batch.attributes["size"].operand(EVERYTHING)) == [250, 250]
    assert batch.attributes["defaulted"].index == {"false": 0, "true": 1}
    assert len(set(groups(batch, ["size"]).tolist())) == 1
    assert len(set(groups(batch, ["size", "level"]).tolist())) == 2


def test_history_counts_colours_from_the_latest_backwards() -> None:
    batch = Batch.from_rows(rules(), [Row(s, None) for s in "ABC"])
    history = History.of(batch, {"A": ["green", "unrated", "yellow", "incomplete"], "B": ["red"], "X": ["red"]})
    assert history.codes.tolist() == [[1, 2, NONE], [0, NONE, NONE]]


def test_checks_are_asked_of_every_row_of_every_year() -> None:
    policy = rules(
        checks="[{code: within, when: {measure: a, above: {measure: b}}, message: {zh: 不能多于}},"
        " {code: said, when: {measure: safe, reported: false}, message: {zh: 未填}}]"
    )
    given = rows(policy, "specialty,year,a,b,safe\nA,2024,1,2,true\nB,2024,3,2,\nA,2023,2,1,true\nB,2022,1,,false")
    assert checks_that_hold(policy, Batch.from_rows(policy, given)) == [
        (1, 2024, "within"),
        (1, 2024, "said"),
        (2, 2023, "within"),
    ]
    undated = [Row("A", None, {}, {"a": Decimal(2), "b": Decimal(1), "safe": True})]
    assert checks_that_hold(policy, Batch.from_rows(policy, undated)) == [(0, None, "within")]
