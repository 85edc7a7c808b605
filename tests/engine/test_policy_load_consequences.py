"""What a rating leads to is read and checked as completely as the rating itself."""

import pytest

from engine.policy_texts import SMALL, said
from specialty_eval.engine import load_policy


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ('enrolment: {cutoff: "02-29"}', ("not-a-month-day", "enrolment.cutoff")),
        ('enrolment: {cutoff: "6-30"}', ("not-a-month-day", "enrolment.cutoff")),
        ("enrolment: {rounding: sideways}", ("not-one-of", "enrolment.rounding")),
        ("enrolment: {green: {standing: happy}}", ("not-one-of", "enrolment.green.standing")),
        ("enrolment: {green: {at_most: 5}}", ("text-not-quoted", "enrolment.green.at_most")),
        ("enrolment: {red: {change_percent: -101}}", ("out-of-range", "enrolment.red.change_percent")),
        ("enrolment: {red: {change_percent: -10, steps_percent: [-50]}}",
         ("key-not-here", "enrolment.red.change_percent")),
        ("enrolment: {red: {then: suspended}}", ("key-not-here", "enrolment.red.then")),
        ("enrolment: {red: {rectification: {plan_due: 20w}}}",
         ("missing-key", "enrolment.red.rectification.failures_allowed")),
        ("enrolment: {flags: {nowhere: {standing: suspended}}}", ("unknown-flag", "enrolment.flags.nowhere")),
        ("enrolment: {blue: {standing: normal}}", ("unknown-key", "enrolment.blue")),
        ("workflow: {days: {verify: 10x}}", ("not-a-duration", "workflow.days.verify")),
        ("workflow: {days: {verify: 1.5}}", ("not-a-duration", "workflow.days.verify")),
        ("workflow: {days: {lunch: 1}}", ("unknown-key", "workflow.days.lunch")),
        ("workflow: {county_check: yes}", ("not-true-or-false", "workflow.county_check")),
        ("workflow: {panel: {experts: 2, at_least: 3}}", ("out-of-range", "workflow.panel.at_least")),
        ("workflow: {two_people: [secretary]}", ("wrong-count", "workflow.two_people")),
        ("workflow: {two_people: [secretary, nobody]}", ("not-one-of", "workflow.two_people[1]")),
        ("workflow: {site_visit: {when: {proposed: {one_of: [blue]}}}}",
         ("not-one-of", "workflow.site_visit.when.proposed.one_of[0]")),
        ("committee: {quorum: 3/2}", ("not-a-fraction", "committee.quorum")),
        ("committee: {quorum: 1/0}", ("not-a-fraction", "committee.quorum")),
        ("committee: {quorum: 0.5}", ("text-not-quoted", "committee.quorum")),
        ("committee: {pass: 1/1}", ("not-a-fraction", "committee.pass")),
        ("committee: {sectors: [industry, industry]}", ("duplicate-code", "committee.sectors[1]")),
        ("publication: {restricted: shown}", ("not-one-of", "publication.restricted")),
        ("lists: {urgent: {rules: [{code: a, when: {count: nowhere, above: 1}}]}}",
         ("not-one-of", "lists.urgent.rules[0].when.count")),
        ("lists: {urgent: {rules: [{code: a, when: {measure: share, above: 1}}]}}",
         ("subject-not-here", "lists.urgent.rules[0].when")),
        ("lists: {black: {rules: []}}", ("unknown-key", "lists.black")),
        ("opening: [{code: a, count: nowhere, at_most: 1}]", ("not-one-of", "opening[0].count")),
        ("opening: [{code: a, count: intake}]", ("no-comparison", "opening[0]")),
        ("opening: [{code: a, count: intake, at_least: 2, at_most: 1}]", ("min-above-max", "opening[0].at_least")),
    ],
)  # fmt: skip
def test_a_mistake_in_the_consequences_is_named(section: str, expected: tuple[str, str]) -> None:
    assert expected in said(f"{SMALL}{section}\n")


def test_absent_rules_of_the_workflow_are_those_of_the_page() -> None:
    policy = load_policy(SMALL + "workflow: {days: {verify: '20w', collect: \"30\"}}\n")
    assert (policy.workflow.days["verify"].days, policy.workflow.days["verify"].working) == (20, True)
    assert (policy.workflow.days["collect"].days, policy.workflow.days["collect"].working) == (30, False)
    assert policy.workflow.days["publicity"] == load_policy(SMALL).workflow.days["publicity"]
