"""A reported value against its measure, and a sheet against the policy's checks."""

from decimal import Decimal
from random import Random

import pytest

from engine.policy_texts import SMALL, changed
from oracle.random_conditions import Subjects, attributes_met, condition, measures_met
from oracle.random_facts import random_facts
from oracle.writing import Writer
from specialty_eval.engine import Batch, Invalid, Row, check_sheet, load_policy, parse_value
from specialty_eval.engine.conditions import measures_in
from specialty_eval.engine.evidence import Value, check_holds, parse_attribute
from specialty_eval.engine.policy import Attribute, Measure, Policy
from specialty_eval.engine.scoring import checks_that_hold
from specialty_eval.engine.vocabulary import Type

WHOLE = Measure("graduates", Type.INTEGER, {}, "school", min=Decimal(0), max=Decimal(500))
PART = Measure("share", Type.DECIMAL, {}, "school", decimals=2, min=Decimal("-0.5"))
TRUTH = Measure("accident", Type.BOOLEAN, {}, "bureau")
CHOICE = Measure("award", Type.CHOICE, {}, "school", options=("none", "city"))


def code_of(measure: Measure, text: str) -> tuple[str, str, object]:
    with pytest.raises(Invalid) as refused:
        parse_value(measure, text)
    (problem,) = refused.value.problems
    assert problem.facts["value"] == text
    return problem.code, problem.where, problem.facts["expected"]


@pytest.mark.parametrize(
    ("measure", "text", "value"),
    [
        (WHOLE, "12", Decimal(12)),
        (WHOLE, "  12 ", Decimal(12)),
        (WHOLE, "0012", Decimal(12)),
        (WHOLE, "-0", Decimal(0)),
        (WHOLE, "500", Decimal(500)),
        (WHOLE, "", None),
        (PART, "12", Decimal(12)),
        (PART, "12.5", Decimal("12.5")),
        (PART, "-0.50", Decimal("-0.5")),
        (TRUTH, "true", True),
        (TRUTH, "false", False),
        (TRUTH, "", None),
        (CHOICE, "city", "city"),
        (CHOICE, "", None),
    ],
)
def test_a_right_value_is_read(measure: Measure, text: str, value: Value) -> None:
    assert parse_value(measure, text) == value


@pytest.mark.parametrize(
    "text", ["1e3", "１２", "NaN", "Infinity", "+5", "--1", "1,000", "1_0", "0x1F", "1 2", "½", "五", "\t1", " ", "."]
)
def test_a_number_has_one_form(text: str) -> None:
    assert code_of(WHOLE, text) == ("not-a-number", "measures.graduates", "integer 0..500")


@pytest.mark.parametrize("text", [".5", "5."])
def test_a_point_stands_between_digits(text: str) -> None:
    assert code_of(PART, text) == ("not-a-number", "measures.share", "decimal(2) -0.5..")


def test_an_integer_has_no_point() -> None:
    assert code_of(WHOLE, "3.0") == ("not-an-integer", "measures.graduates", "integer 0..500")


def test_a_decimal_has_no_more_places_than_its_measure() -> None:
    assert code_of(PART, "1.000") == ("too-many-places", "measures.share", "decimal(2) -0.5..")


@pytest.mark.parametrize("text", ["-1", "501"])
def test_a_number_stays_within_its_bounds(text: str) -> None:
    assert code_of(WHOLE, text) == ("out-of-range", "measures.graduates", "integer 0..500")


def test_a_number_of_a_thousand_digits_is_refused_at_once() -> None:
    assert code_of(PART, "9" * 5000)[0] == "not-a-number"


@pytest.mark.parametrize("text", ["yes", "True", "1", "是", " true"])
def test_a_truth_is_true_or_false(text: str) -> None:
    assert code_of(TRUTH, text) == ("not-true-or-false", "measures.accident", "true|false")


@pytest.mark.parametrize("text", ["nation", "City", "city "])
def test_a_choice_is_one_of_its_options(text: str) -> None:
    assert code_of(CHOICE, text) == ("not-one-of", "measures.award", ("none", "city"))


def test_an_attribute_is_read_by_its_type() -> None:
    assert parse_attribute(Attribute("level", Type.TEXT, {}), " 中职 ") == " 中职 "
    assert parse_attribute(Attribute("level", Type.TEXT, {}), "") is None
    assert parse_attribute(Attribute("years", Type.INTEGER, {}), " 3 ") == 3
    assert parse_attribute(Attribute("defaulted", Type.TEXT, {}), "") == "false"
    with pytest.raises(Invalid):
        parse_attribute(Attribute("years", Type.INTEGER, {}), "3.0")
    with pytest.raises(Invalid):
        parse_attribute(Attribute("defaulted", Type.TEXT, {}), "yes")


# --- a sheet ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SMALL)


def test_a_sheet_in_order_has_no_problem(policy: Policy) -> None:
    assert check_sheet(policy, {"graduates": Decimal(10), "employed": Decimal(10), "award": "city"}) == ()


def test_a_check_that_holds_is_named_with_its_words_and_values(policy: Policy) -> None:
    (problem,) = check_sheet(policy, {"graduates": Decimal(10), "employed": Decimal(11)})
    assert (problem.code, problem.where) == ("check-holds", "checks.too-many")
    assert problem.facts["measures"] == ("employed", "graduates")
    assert problem.facts["value"] == "employed=11, graduates=10"
    assert problem.facts["zh"] == "就业人数不能多于毕业生数"


def test_everything_wrong_with_a_sheet_is_said_at_once(policy: Policy) -> None:
    values: dict[str, Value] = {
        "graduates": Decimal(-1),
        "employed": "many",
        "share": Decimal("0.001"),
        "accident": "true",
        "award": "galaxy",
        "colour": "blue",
    }
    assert [(p.code, p.where) for p in check_sheet(policy, values)] == [
        ("unknown-measure", "measures.colour"),
        ("out-of-range", "measures.graduates"),
        ("not-a-number", "measures.employed"),
        ("too-many-places", "measures.share"),
        ("not-true-or-false", "measures.accident"),
        ("not-one-of", "measures.award"),
    ]


def test_a_check_may_look_at_attributes() -> None:
    when = (
        "{all: [{attribute: level, equals: 中职}, {attribute: defaulted, equals: 'false'}, {measure: share, above: 1}]}"
    )
    policy = load_policy(changed(("{measure: employed, above: {measure: graduates}}", when)))
    values: dict[str, Value] = {"share": Decimal(2)}
    assert [p.code for p in check_sheet(policy, values, {"level": "中职"})] == ["check-holds"]
    assert check_sheet(policy, values, {"level": "中职", "defaulted": "true"}) == ()
    assert check_sheet(policy, values) == ()


def test_the_measures_of_a_condition_are_those_it_names(policy: Policy) -> None:
    assert measures_in(policy.checks[0].when) == ("employed", "graduates")


@pytest.mark.parametrize("seed", range(40))
def test_one_row_is_checked_as_the_scorer_checks_a_batch(seed: int) -> None:
    rng = Random(seed)
    facts = random_facts(rng)
    subjects = Subjects(facts, measures_met(facts) | attributes_met(facts), previous=False)
    tree = {
        "schema": "specialty-eval/policy/1",
        "id": "sample",
        "version": "1",
        "attributes": facts.attributes,
        "measures": facts.measures,
        "checks": [{"code": f"c{i}", "when": condition(rng, subjects)} for i in range(6)],
        "rating": {"rules": [{"rate": "red", "code": "all"}]},
    }
    policy = load_policy(Writer(rng).document(tree))
    for cells in list(facts.rows.values())[:6]:
        row = Row("示例", None, {c: cells[c] for c in [*facts.attributes, "defaulted"]}, dict(cells))
        batch = Batch.from_rows(policy, [row])
        asked = [code for _, _, code in checks_that_hold(policy, batch)]
        assert [check.code for check in policy.checks if check_holds(check.when, row)] == asked
