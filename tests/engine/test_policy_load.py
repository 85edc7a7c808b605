"""A policy is read whole: every mistake at once, each with its path, its line, its value and what would be right."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.policy_texts import SMALL, changed, problems, said, with_cap, with_indicator
from specialty_eval.engine import lacking_for_a_round, load_policy
from specialty_eval.engine.policy import DEFAULTED, Rating

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "src/specialty_eval/policies").glob("*.yaml"))


def test_a_small_policy_is_enough_to_score_with() -> None:
    policy = load_policy(SMALL)
    assert (policy.id, policy.version, [i.code for i in policy.weighted]) == ("sample", "2026.1", ["rate"])


def test_the_example_of_the_page_is_a_policy_for_a_round() -> None:
    page = (ROOT / "docs/policy.md").read_text("utf-8")
    policy = load_policy("\n".join(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)))
    assert lacking_for_a_round(policy) == ()
    assert [i.code for i in policy.weighted] == ["employment_rate", "teaching_design"]


def test_what_a_round_needs_beyond_that_is_told() -> None:
    assert lacking_for_a_round(load_policy(SMALL)) == ("title", "jurisdiction", "enrolment", "workflow", "committee")


def test_every_mistake_comes_at_once_in_the_order_of_the_lines() -> None:
    text = changed(
        ("version:", "verison:"),
        ("level: {type: text}", "level: {type: txt}"),
        ("decimals: 2", "decimals: 5"),
        ("to: graduates", "to: graduate"),
        ("weight: 100", "weight: 99"),
        ("rate: green", "rate: blue"),
    )
    assert said(text) == [
        ("missing-key", "version"),
        ("unknown-key", "verison"),
        ("not-one-of", "attributes.level.type"),
        ("out-of-range", "measures.share.decimals"),
        ("unknown-measure", "indicators[0].value.ratio.to"),
        ("weights-not-100", "indicators"),
        ("not-one-of", "rating.rules[0].rate"),
    ]


def test_a_problem_says_line_value_and_what_would_be_right() -> None:
    (problem,) = problems(changed(("decimals: 2", "decimals: 5")))
    assert dict(problem.facts) == {"line": 10, "value": "5", "expected": "integer 0..4"}


def test_the_nearest_right_word_is_offered() -> None:
    (problem,) = problems(changed(("dimension: outcomes", "dimension: outcome")))
    assert (problem.code, problem.facts["nearest"]) == ("unknown-dimension", "outcomes")


def test_a_long_value_is_shortened() -> None:
    (problem,) = problems(changed(("type: text", f"type: {'x' * 500}")))
    assert len(str(problem.facts["value"])) == 60


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_canonical_text_is_a_policy_with_the_same_meaning(path: Path) -> None:
    policy = load_policy(path.read_bytes())
    assert load_policy(policy.canonical) == policy


def test_the_digest_depends_on_the_meaning_alone() -> None:
    same = changed(('version: "2026.1"', "# 说明\nversion: '2026.1'"), ("at_least: 80", "at_least: 80.0"))
    assert load_policy(same).digest == load_policy(SMALL).digest
    assert load_policy(changed(("at_least: 80", "at_least: 80.01"))).digest != load_policy(SMALL).digest


def test_the_canonical_text_is_json_with_sorted_keys() -> None:
    canonical = load_policy(changed(("min: 0}\n  employed", "min: -0.50}\n  employed"))).canonical
    tree = json.loads(canonical)
    assert json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == canonical
    assert tree["measures"]["graduates"] == {"min": -0.5, "type": "integer"}


# --- what is reported ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{type: boolean}", "{}", ("missing-key", "measures.accident.type")),
        ("{type: boolean}", "{type: text}", ("not-one-of", "measures.accident.type")),
        ("{type: boolean}", "{type: boolean, min: 0}", ("key-not-for-type", "measures.accident.min")),
        ("{type: boolean}", "{type: boolean, supplier: panel}", ("panel-not-numeric", "measures.accident.type")),
        ("{type: boolean}", '{type: boolean, supplier: "department:"}', ("not-one-of", "measures.accident.supplier")),
        ("{type: boolean}", "{type: boolean, colour: red}", ("unknown-key", "measures.accident.colour")),
        (", decimals: 2}", "}", ("missing-key", "measures.share.decimals")),
        (", decimals: 2}", ", decimals: 1.5}", ("not-an-integer", "measures.share.decimals")),
        (", decimals: 2}", ", decimals: 2, min: 2, max: 1}", ("min-above-max", "measures.share.min")),
        (", decimals: 2}", ", decimals: 2, panel: {trim_from: 5}}", ("key-not-here", "measures.share.panel")),
        ("[none, city, nation]", "[none, none]", ("duplicate-code", "measures.award.options[1]")),
        ("[none, city, nation]", "[]", ("wrong-count", "measures.award.options")),
        ("[none, city, nation]", "[1, 2]", ("text-not-quoted", "measures.award.options[0]")),
        ("accident:", "level:", ("measure-is-attribute", "measures.level")),
        ("accident:", "defaulted:", ("reserved-code", "measures.defaulted")),
        ("accident:", "year:", ("reserved-code", "measures.year")),
        ("accident:", '"a b":', ("not-a-code", "measures['a b']")),
        ("years_open: {type: integer}", "specialty: {type: text}", ("reserved-code", "attributes.specialty")),
        ("years_open: {type: integer}", "defaulted: {type: integer}", ("not-one-of", "attributes.defaulted.type")),
        ("code: too-many, ", "", ("missing-key", "checks[0].code")),
        ("dimensions: [{code: outcomes}]", "dimensions: [{code: outcomes}, {code: outcomes}]",
         ("duplicate-code", "dimensions[1].code")),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_reported_is_named(old: str, new: str, expected: tuple[str, str]) -> None:
    assert said(changed((old, new)))[0] == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{total: {above: 1}}", ("subject-not-here", "checks[0].when")),
        ("{measure: employed, above: 1, years: {of_last: 1, at_least: 1}}", ("years-not-here", "checks[0].when.years")),
        ("{previous: {of_last: 1, at_least: 1, one_of: [red]}}", ("subject-not-here", "checks[0].when.previous")),
    ],
)
def test_a_check_looks_at_one_row(when: str, expected: tuple[str, str]) -> None:
    assert said(changed(("{measure: employed, above: {measure: graduates}}", when))) == [expected]


# --- indicators ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("value: nowhere", ("unknown-measure", "indicators[1].value")),
        ("value: [share]", ("not-a-mapping", "indicators[1].value")),
        ("value: {}", ("not-one-form", "indicators[1].value")),
        ("value: {ratio: {of: share}}", ("missing-key", "indicators[1].value.ratio.to")),
        ("value: {ratio: {of: [share, accident], to: share}}", ("not-numeric", "indicators[1].value.ratio.of[1]")),
        ("value: {difference: [share]}", ("wrong-count", "indicators[1].value.difference")),
        ("value: {change: [share, award]}", ("not-numeric", "indicators[1].value.change[1]")),
        ("value: share, dimension: nowhere", ("unknown-dimension", "indicators[1].dimension")),
        ("value: share, decimals: 5", ("out-of-range", "indicators[1].decimals")),
        ("value: share, missing: ignore", ("not-one-of", "indicators[1].missing")),
        ("value: share, over: forever", ("not-one-of", "indicators[1].over")),
        ("value: share, over: {mean: 0}", ("out-of-range", "indicators[1].over.mean")),
        ("value: share, over: {mean: 2, lowest: 2}", ("not-one-form", "indicators[1].over")),
        ("value: share, over: {pooled: 2}", ("pooled-without-ratio", "indicators[1].over")),
        ("value: accident, over: {highest: 2}", ("over-not-for-type", "indicators[1].over")),
        ("value: share, needs: {attribute: level, reported: true}", ("subject-not-here", "indicators[1].needs")),
        ("value: share, points: {}", ("not-one-form", "indicators[1].points")),
        ("value: share, points: {curve: []}", ("unknown-key", "indicators[1].points.curve")),
        ("value: share, points: {linear: []}", ("wrong-count", "indicators[1].points.linear")),
        ("value: share, points: {linear: [[1, 0], [1, 5]]}", ("not-rising", "indicators[1].points.linear[1][0]")),
        ("value: share, points: {steps: [[1, 100.01]]}", ("out-of-range", "indicators[1].points.steps[0][1]")),
        ("value: share, points: {flag: {is_true: 1, is_false: 0}}",
         ("points-not-for-type", "indicators[1].points.flag")),
        ("value: accident, points: {rank: {best: high}}", ("points-not-for-type", "indicators[1].points.rank")),
        ("value: accident, points: {flag: {is_true: 1}}", ("missing-key", "indicators[1].points.flag.is_false")),
        ("value: award, points: {choice: {none: 0, city: 50}}",
         ("option-without-points", "indicators[1].points.choice")),
        ("value: award, points: {choice: {none: 0, city: 50, nation: 90, x: 1}}",
         ("unknown-option", "indicators[1].points.choice.x")),
        ("value: share, points: {rank: {best: middle}}", ("not-one-of", "indicators[1].points.rank.best")),
        ("value: share, points: {rank: {best: low, within: [area]}}",
         ("unknown-attribute", "indicators[1].points.rank.within[0]")),
        ("value: share, weight: 5, dimension: outcomes", ("weight-without-points", "indicators[1].weight")),
        ("value: share, weight: 0, dimension: outcomes, points: {linear: [[0, 0]]}",
         ("out-of-range", "indicators[1].weight")),
        ("value: share, weight: 5, points: {linear: [[0, 0]]}", ("missing-key", "indicators[1].dimension")),
    ],
)  # fmt: skip
def test_a_mistake_in_an_indicator_is_named(entry: str, expected: tuple[str, str]) -> None:
    assert expected in said(with_indicator(entry))


def test_needs_of_sums_over_years_are_numbers() -> None:
    needs = "needs: {any: [{measure: accident, equals: true}]}"
    text = f"value: {{ratio: {{of: employed, to: graduates}}}}, over: {{pooled: 3}}, {needs}"
    assert said(with_indicator(text)) == [("not-numeric", "indicators[1].needs.any[0].measure")]


def test_weights_add_up_exactly() -> None:
    entry = "dimension: outcomes, value: share, points: {linear: [[0, 0]]}, weight: 0.0001"
    (problem,) = problems(with_indicator(entry))
    assert (problem.code, problem.facts["value"]) == ("weights-not-100", "100.0001")


def test_an_indicator_without_weight_needs_neither_points_nor_dimension() -> None:
    assert said(with_indicator("value: award")) == []


def test_two_indicators_have_two_codes() -> None:
    assert said(with_indicator("value: share").replace("code: extra", "code: rate")) == [
        ("duplicate-code", "indicators[1].code")
    ]


# --- conditions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{}", ("no-subject", "")),
        ("[]", ("not-a-mapping", "")),
        ("{above: 5}", ("no-subject", "")),
        ("{any: []}", ("wrong-count", ".any")),
        ("{all: {measure: share, above: 1}}", ("not-a-list", ".all")),
        ("{not: x}", ("not-a-mapping", ".not")),
        ("{measure: share}", ("no-comparison", "")),
        ("{measure: share, over: 5}", ("unknown-key", ".over")),
        ("{measure: share, indicator: rate, above: 5}", ("unknown-key", ".indicator")),
        ("{measure: nowhere, above: 5}", ("unknown-measure", ".measure")),
        ("{indicator: nowhere, above: 5}", ("unknown-indicator", ".indicator")),
        ("{attribute: nowhere, reported: true}", ("unknown-attribute", ".attribute")),
        ("{dimension: nowhere, above: 5}", ("unknown-dimension", ".dimension")),
        ("{count: intake, above: 5}", ("subject-not-here", "")),
        ("{measure: share, above: x}", ("not-a-number", ".above")),
        ("{measure: share, equals: true}", ("not-a-number", ".equals")),
        ('{measure: share, equals: "5"}', ("not-a-number", ".equals")),
        ("{measure: share, one_of: []}", ("wrong-count", ".one_of")),
        ("{measure: share, one_of: [{measure: graduates}]}", ("not-a-value", ".one_of[0]")),
        ("{measure: share, reported: yes}", ("not-true-or-false", ".reported")),
        ("{measure: accident, above: 0}", ("comparison-not-for-type", ".above")),
        ("{measure: award, at_least: city}", ("comparison-not-for-type", ".at_least")),
        ("{measure: award, equals: galaxy}", ("unknown-option", ".equals")),
        ("{attribute: level, above: 5}", ("comparison-not-for-type", ".above")),
        ("{attribute: level, equals: 61}", ("text-not-quoted", ".equals")),
        ('{attribute: defaulted, equals: "maybe"}', ("not-one-of", ".equals")),
        ("{measure: share, above: {measure: nowhere}}", ("unknown-measure", ".above.measure")),
        ("{measure: share, above: {measure: accident}}", ("sides-differ", ".above.measure")),
        ("{measure: accident, equals: {measure: award}}", ("sides-differ", ".equals.measure")),
        ("{total: {}}", ("no-comparison", ".total")),
        ("{total: 80}", ("not-a-mapping", ".total")),
        ("{total: {above: 1, years: {of_last: 1, at_least: 1}}}", ("unknown-key", ".total.years")),
        ("{attribute: years_open, above: 1, years: {of_last: 1, at_least: 1}}", ("years-not-here", ".years")),
        ("{measure: share, above: 1, years: {of_last: 1}}", ("missing-key", ".years.at_least")),
        ("{measure: share, above: 1, years: {of_last: 2, at_least: 3}}", ("more-than-of-last", ".years.at_least")),
        ("{measure: share, above: 1, years: {of_last: 0, at_least: 0}}", ("out-of-range", ".years.of_last")),
        ("{at_least_of: 2, conditions: [{measure: share, above: 1}]}", ("out-of-range", ".at_least_of")),
        ("{at_least_of: 1}", ("missing-key", ".conditions")),
        ("{previous: {of_last: 1, one_of: [red]}}", ("missing-key", ".previous.at_least")),
        ("{previous: {of_last: 1, at_least: 2, one_of: [red]}}", ("more-than-of-last", ".previous.at_least")),
        ("{previous: {of_last: 1, at_least: 1, one_of: [blue]}}", ("not-one-of", ".previous.one_of[0]")),
    ],
)
def test_a_mistake_in_a_condition_is_named(when: str, expected: tuple[str, str]) -> None:
    assert (expected[0], f"rating.caps[0].when{expected[1]}") in said(with_cap(when))


@pytest.mark.parametrize(
    "when",
    [
        "{measure: share, above: 1, at_most: 5}",
        "{measure: share, above: {measure: graduates}}",
        "{measure: award, one_of: [city, nation]}",
        "{points: rate, below: 40, years: {of_last: 3, at_least: 2, reported_only: true}}",
        "{completeness: {below: 90}}",
        '{attribute: defaulted, equals: "true"}',
        "{attribute: defaulted, equals: true}",
        "{not: {attribute: level, reported: false}}",
    ],
)
def test_a_right_condition_is_read(when: str) -> None:
    assert said(with_cap(when)) == []


def test_points_are_asked_of_an_indicator_that_has_them() -> None:
    text = with_indicator("value: share") + "  caps: [{code: cap, at_most: red, when: {points: extra, above: 1}}]\n"
    assert said(text) == [("indicator-without-points", "rating.caps[0].when.points")]


# --- rating ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("labels: {blue: {zh: 蓝牌}}", ("unknown-key", "rating.labels.blue")),
        ("unrated: [{code: u}]", ("missing-key", "rating.unrated[0].when")),
        ("quotas: [{code: q, take: middle, share: 0.1}]", ("not-one-of", "rating.quotas[0].take")),
        ("quotas: [{code: q, take: top, share: 0.1, rate: green}]", ("missing-key", "rating.quotas[0].otherwise")),
        ("quotas: [{code: q, take: bottom, share: 0.1, rate: red}]", ("unknown-key", "rating.quotas[0].rate")),
        ("quotas: [{code: q, take: bottom, share: 1.1, becomes: red}]", ("out-of-range", "rating.quotas[0].share")),
        ("quotas: [{code: q, take: bottom, share: 30%, becomes: red}]", ("not-a-number", "rating.quotas[0].share")),
        ("quotas: [{code: q, take: bottom, share: 1, becomes: unrated}]", ("not-one-of", "rating.quotas[0].becomes")),
        ("quotas: [{code: q, take: bottom, share: 1, becomes: red, within: [x]}]",
         ("unknown-attribute", "rating.quotas[0].within[0]")),
        ("caps: [{code: high, at_most: red, when: {total: {below: 5}}}]", ("duplicate-code", "rating.caps[0].code")),
        ("caps: [{code: incomplete, at_most: red, when: {total: {below: 5}}}]",
         ("reserved-code", "rating.caps[0].code")),
        ("caps: [{code: c, at_most: unrated, when: {total: {below: 5}}}]", ("not-one-of", "rating.caps[0].at_most")),
        ("history: [{code: h, now: red, becomes: red, when: {total: {below: 5}}}]",
         ("history-changes-nothing", "rating.history[0].becomes")),
        ("history: [{code: h, now: [red], becomes: red, when: {total: {below: 5}}}]",
         ("history-changes-nothing", "rating.history[0].becomes")),
        ("history: [{code: h, becomes: red, when: {total: {below: 5}}}]", ("missing-key", "rating.history[0].now")),
        ("flags: [{code: f, now: [], when: {total: {below: 5}}}]", ("wrong-count", "rating.flags[0].now")),
        ("flags: [{code: f, now: [red, blue], when: {total: {below: 5}}}]", ("not-one-of", "rating.flags[0].now[1]")),
    ],
)  # fmt: skip
def test_a_mistake_in_the_rating_is_named(section: str, expected: tuple[str, str]) -> None:
    assert expected in said(f"{SMALL}  {section}\n")


def test_only_the_last_rule_has_no_condition() -> None:
    assert said(changed((", when: {total: {at_least: 80}}", ""))) == [("rule-without-when", "rating.rules[0]")]
    assert said(changed(("code: low}", "code: low, when: {total: {below: 80}}}"))) == [
        ("last-rule-with-when", "rating.rules[1].when")
    ]


def test_the_total_is_not_available_to_an_adjustment() -> None:
    when = "{any: [{total: {above: 5}}, {dimension: outcomes, above: 5}]}"
    text = f"{SMALL}adjustments: [{{code: plus, points: 2, when: {when}}}]\n"
    assert said(text) == [("subject-not-here", "adjustments[0].when.any[0]")]


def test_without_weights_there_is_no_total_and_nothing_that_needs_one() -> None:
    text = changed((", weight: 100", "")) + (
        "  quotas: [{code: q, take: bottom, share: 0.1, becomes: red}]\n"
        "  caps:\n"
        "    - {code: c, at_most: red, when: {all: [{dimension: outcomes, above: 1}, {completeness: {below: 9}}]}}\n"
        "adjustments: [{code: plus, points: 2, when: {measure: share, above: 1}}]\n"
    )
    assert said(text) == [
        ("needs-weights", "rating.rules[0].when"),
        ("needs-weights", "rating.quotas"),
        ("needs-weights", "rating.caps[0].when.all[0]"),
        ("needs-weights", "rating.caps[0].when.all[1]"),
        ("needs-weights", "adjustments"),
    ]


def test_empty_sections_say_nothing() -> None:
    text = changed((", weight: 100", ""), (", when: {total: {at_least: 80}}", ", when: {measure: share, above: 1}"))
    assert said(text + "  quotas: []\n  unrated: []\nadjustments: []\nopening: []\n") == []


def test_defaulted_may_be_declared_or_not() -> None:
    text = changed(("years_open: {type: integer}", "years_open: {type: integer}\n  defaulted: {type: text}"))
    assert set(load_policy(text).attributes) == {"level", "years_open", DEFAULTED}


def test_now_may_be_one_rating_or_several() -> None:
    text = SMALL + (
        "  history:\n"
        "    - {code: one, now: yellow, becomes: red, when: {total: {below: 5}}}\n"
        "    - {code: two, now: [yellow, red], becomes: red, when: {total: {below: 5}}}\n"
    )
    assert [step.now for step in load_policy(text).rating.history] == [
        (Rating.YELLOW,),
        (Rating.YELLOW, Rating.RED),
    ]


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_nothing_but_a_refusal_comes_of_any_text(text: str | bytes) -> None:
    assert problems(text) != []


@given(st.data())
def test_nothing_but_a_refusal_comes_of_a_damaged_policy(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SMALL)))
    end = data.draw(st.integers(start, min(len(SMALL), start + 20)))
    put = data.draw(st.text("[]{}:,-#&*!|>'\"%@\n\t ?~01.eyx", max_size=6))
    for problem in problems(SMALL[:start] + put + SMALL[end:]):
        assert {"line", "value", "expected"} <= problem.facts.keys()
