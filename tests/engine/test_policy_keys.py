"""No key of the policy format is read for nothing: each is named here with the place where it takes effect."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import specialty_eval
from specialty_eval.engine import policy_schema

SOURCES = Path(specialty_eval.__file__).parent
SCHEMA = policy_schema()
YET_WITHOUT = ("opening", "opening.*")
"""Read and checked, and nothing follows yet: no application is checked."""
SAYS_WHERE_FROM = ("*.source",)
"""Where a rule comes from is for whoever reads the policy; the program does nothing with it."""

PLACES: Mapping[str, tuple[str, str]] = {
    # the document
    "schema": ("engine/policy_load.py", "SCHEMA"),
    "id": ("actions/cycles.py", "policy.id"),
    "version": ("actions/cycles.py", "policy.version"),
    "title": ("web/templates/policy.html", "policy.title"),
    "jurisdiction": ("actions/cycles.py", "policy.jurisdiction"),
    "source": ("web/templates/policy.html", "policy.source"),
    "*.label": ("web/policy_words.py", r"\.label"),
    # what is measured
    "attributes": ("store/attributes.py", "policy.attributes"),
    "attributes.type": ("engine/evidence.py", r"Attribute"),
    "measures": ("engine/sheet.py", "policy.measures"),
    "measure.type": ("engine/evidence.py", "Type"),
    "measure.decimals": ("engine/batch.py", "measure.decimals"),
    "measure.min": ("engine/evidence.py", "measure.min"),
    "measure.max": ("engine/evidence.py", "measure.max"),
    "measure.options": ("engine/evidence.py", "measure.options"),
    "measure.supplier": ("actions/evidence.py", r"\.supplier"),
    "measure.unit": ("engine/withholding.py", r"\.unit == \"person\""),
    "measure.evidence": ("actions/evidence.py", "evidence_required"),
    "measure.publish": ("engine/withholding.py", r"\.publish"),
    "measure.panel": ("engine/policy.py", r"measure\.panel or self\.panel"),
    "checks": ("engine/sheet.py", "policy.checks"),
    "checks.code": ("engine/sheet.py", r"check\.code"),
    "checks.when": ("engine/sheet.py", r"check\.when"),
    "checks.message": ("engine/sheet.py", "check.message"),
    # how a number becomes points
    "dimensions*": ("actions/bundles.py", "policy.dimensions"),
    "indicators": ("engine/sheet.py", "policy.indicators"),
    "indicator.code": ("engine/withholding.py", r"indicator\.code"),
    "indicator.dimension": ("engine/sources.py", r"i\.dimension"),
    "indicator.unit": ("web/templates/policy.html", r"i\.unit"),
    "indicator.value": ("engine/sources.py", r"indicator\.value"),
    "indicator.value.*": ("engine/indicators.py", "Ratio|Difference|Change"),
    "indicator.needs": ("engine/sources.py", r"indicator\.needs"),
    "indicator.over*": ("engine/indicators.py", r"indicator\.over\.kind"),
    "indicator.decimals": ("engine/indicators.py", r"\.decimals"),
    "indicator.points": ("engine/sources.py", r"indicator\.points"),
    "indicator.points.rank*": ("engine/points.py", "Rank|rank"),
    "indicator.points.*": ("engine/points.py", "Linear|Steps|FlagPoints|ChoicePoints"),
    "indicator.weight": ("engine/policy.py", r"i\.weight is not None"),
    "indicator.missing": ("engine/certainty.py", r"indicator\.missing"),
    "panel": ("engine/policy.py", "panel_of"),
    "panel.trim_from": ("engine/panel.py", r"rules\.trim_from"),
    "panel.spread_alert": ("actions/panel.py", r"panel\.alerts"),
    "adjustments*": ("engine/sources.py", r"policy\.adjustments"),
    "condition.count": ("engine/lists.py", r"Subject\.COUNT"),
    "condition.previous*": ("engine/evaluation.py", "Previous"),
    "condition.years*": ("engine/evaluation.py", "years"),
    "condition.*": ("engine/evaluation.py", "Comparison"),
    # how points become a rating
    "rating": ("engine/rating.py", r"\.rating"),
    "rating.labels*": ("actions/previews.py", r"rating\.labels"),
    "rating.unrated*": ("engine/certainty.py", r"rating\.unrated"),
    "rating.rules*": ("engine/certainty.py", r"rating\.rules"),
    "rating.quotas*": ("engine/rating.py", r"\.quotas"),
    "rating.caps*": ("engine/rating.py", r"cap\.at_most"),
    "rating.history*": ("engine/rating.py", r"step\.becomes"),
    "rating.flags*": ("engine/rating.py", r"\.flags"),
    # what a rating leads to
    "enrolment": ("actions/plans.py", "enrolment"),
    "enrolment.rounding": ("engine/enrolment.py", r"enrolment\.rounding"),
    "enrolment.cutoff": ("engine/enrolment.py", r"enrolment\.cutoff"),
    "enrolment.appeal_suspends": ("actions/rectifications.py", "appeal_suspends"),
    "enrolment.years_without_intake": ("actions/closings.py", "years_without_intake"),
    "enrolment.flags": ("engine/enrolment.py", r"\.flags|by_flag"),
    "enrolment.*": ("engine/enrolment.py", r"\.colours"),
    "consequence.standing": ("engine/enrolment.py", r"\.standing"),
    "consequence.change_percent": ("engine/enrolment.py", r"\.change_percent"),
    "consequence.steps_percent": ("engine/enrolment.py", r"\.steps_percent"),
    "consequence.then": ("engine/enrolment.py", r"rules\.then"),
    "consequence.at_most": ("engine/enrolment.py", "at_most_capacity"),
    "consequence.supports": ("engine/enrolment.py", r"rules\.supports"),
    "consequence.rectification": ("store/rectification_queries.py", r"\.rectification"),
    "consequence.restore_percent": ("engine/enrolment.py", "restore_percent"),
    "rectification.plan_due": ("actions/ratings.py", r"rules\.plan_due"),
    "rectification.recheck_after_months": ("actions/ratings.py", "recheck_after_months"),
    "rectification.failures_allowed": ("actions/rectifications.py", r"rules\.failures_allowed"),
    # how it goes
    "workflow": ("actions/verification.py", r"policy\.workflow"),
    "workflow.time_zone": ("store/attributes.py", r"workflow\.time_zone"),
    "workflow.calendar": ("store/attributes.py", r"workflow\.calendar"),
    "workflow.county_check": ("actions/evidence.py", r"workflow\.county_check"),
    "workflow.correction_clock": ("actions/verification.py", "correction_clock"),
    "workflow.corrections_at_most": ("actions/verification.py", r"workflow\.corrections_at_most"),
    "workflow.panel": ("engine/panel.py", r"policy\.workflow"),
    "workflow.panel.experts": ("engine/panel.py", r"workflow\.experts\b"),
    "workflow.panel.at_least": ("actions/scoring.py", r"workflow\.experts_at_least"),
    "workflow.site_visit*": ("engine/site_visits.py", r"rules\.sample_percent"),
    "workflow.two_people": ("actions/publications.py", r"workflow\.two_people"),
    "workflow.days": ("actions/rounds.py", r"workflow\.days"),
    "workflow.days.collect": ("actions/rounds.py", '"collect"'),
    "workflow.days.county_check": ("actions/county_days.py", '"county_check"'),
    "workflow.days.verify": ("actions/rounds.py", '"verify"'),
    "workflow.days.correct": ("actions/verification.py", '"correct"'),
    "workflow.days.panel": ("actions/panel.py", '"panel"'),
    "workflow.days.challenge": ("actions/scoring.py", r'days\["challenge"\]'),
    "workflow.days.challenge_answer": ("actions/challenges.py", '"challenge_answer"'),
    "workflow.days.quorum": ("actions/committee.py", '"quorum"'),
    "workflow.days.written": ("actions/ballots.py", '"written"'),
    "workflow.days.deliberate": ("actions/rounds.py", '"deliberate"'),
    "workflow.days.preview": ("actions/overdue.py", '"preview"'),
    "workflow.days.deemed_served": ("actions/previews.py", '"deemed_served"'),
    "workflow.days.publicity": ("actions/publications.py", '"publicity"'),
    "workflow.days.admissibility": ("actions/objections.py", '"admissibility"'),
    "workflow.days.objection_answer": ("actions/objections.py", '"objection_answer"'),
    "workflow.days.appeal": ("actions/ratings.py", r'days\["appeal"\]'),
    "workflow.days.appeal_answer": ("actions/appeals.py", '"appeal_answer"'),
    "committee": ("actions/decisions.py", r"policy\.committee|\.committee"),
    "committee.sectors": ("engine/committee.py", r"rules\.sectors"),
    "committee.at_least_per_sector": ("engine/committee.py", "at_least_per_sector"),
    "committee.quorum": ("engine/committee.py", r"rules\.quorum"),
    "committee.pass": ("engine/committee.py", r"rules\.majority"),
    "committee.override_needs": ("engine/committee.py", r"rules\.override_needs"),
    "lists*": ("engine/lists.py", r"policy\.lists"),
    "list.small_intake_below": ("engine/entry_counts.py", "small_intake_below"),
    "list.exempt*": ("engine/lists.py", r"rules\.exempt"),
    "list.rules*": ("engine/lists.py", r"rules\.rules"),
    "publication": ("engine/withholding.py", r"policy\.publication"),
    "publication.suppress_below": ("engine/withholding.py", "suppress_below"),
    "publication.restricted": ("engine/withholding.py", r"publication\.restricted"),
}
"""Key (a pattern; the first that fits) → the file where it takes effect, and what stands there."""


def keys(node: Mapping[str, Any], at: str = "", within: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every key that the schema lets a policy have, shared shapes under their own name."""
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[1]
        if name not in within:
            yield from keys(SCHEMA["$defs"][name], name, within | {name})  # type: ignore[index]  # a JSON object
        return
    for key, inner in node.get("properties", {}).items():
        named = f"{at}.{key}" if at else key
        yield named
        yield from keys(inner, named, within)
    for inner in (*node.get("anyOf", ()), node.get("items"), node.get("additionalProperties")):
        if isinstance(inner, Mapping):
            yield from keys(inner, at, within)


KEYS = sorted(set(keys(SCHEMA)))


def place_of(key: str) -> str | None:
    """The first pattern that fits."""
    return next((pattern for pattern in PLACES if fnmatchcase(key, pattern)), None)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_takes_effect_where_it_is_said_to(key: str) -> None:
    if any(fnmatchcase(key, pattern) for pattern in YET_WITHOUT + SAYS_WHERE_FROM) and key not in PLACES:
        return
    pattern = place_of(key)
    assert pattern is not None, "a new key: name the place where it takes effect"
    name, stands = PLACES[pattern]
    assert re.search(stands, (SOURCES / name).read_text(encoding="utf-8")), f"{stands} is not in {name}"


def test_no_place_is_named_for_a_key_that_there_is_none_of() -> None:
    assert set(PLACES) == {place_of(key) for key in KEYS} - {None}
