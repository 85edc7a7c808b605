"""The sections of a policy that don't decide a rating: as the format's page shows them, varied a little."""

from random import Random
from typing import Any

from .tree import read_policy

# Every code named here is declared by every random policy: the attribute `class`.
SECTIONS = """
enrolment:
  rounding: down
  cutoff: "06-30"
  appeal_suspends: none
  green:  {standing: supported, change_percent: 15, at_most: capacity, supports: [key-group-priority, funding]}
  yellow: {standing: restricted, change_percent: -30, rectification: {plan_due: 20w, recheck_after_months: 12, failures_allowed: 2}, restore_percent: 100}
  red:    {standing: phasing_out, steps_percent: [-50, -100], then: suspended, rectification: {plan_due: 20w, recheck_after_months: 12, failures_allowed: 2}, restore_percent: 70}
  unrated: {change_percent: 0}
workflow:
  time_zone: Asia/Shanghai
  calendar: CN
  county_check: true
  days: {collect: 30, county_check: 10w, verify: 10w, correct: 15w, panel: 15w, challenge: 10w, challenge_answer: 10w, preview: 5w, deemed_served: 5w, publicity: 5w, admissibility: 5w, objection_answer: 15w, appeal: 10w, appeal_answer: 30w}
  correction_clock: continue
  corrections_at_most: 2
  panel: {experts: 3, at_least: 2}
  site_visit: {when: {proposed: {one_of: [yellow, red]}}, sample_percent: 5}
  two_people: [secretary, bureau_approver]
committee: {sectors: [industry, enterprise, research, administration], at_least_per_sector: 1, quorum: 2/3, pass: 1/2, override_needs: 2/3}
publication: {suppress_below: 10, restricted: withheld}
lists:
  negative:
    rules:
      - {code: too-dense, when: {count: share_of_schools, above: 40}, label: {zh: 布点率超过40%}}
      - {code: small-intake, when: {count: years_small_intake, at_least: 3}}
    exempt: [{code: agriculture, when: {attribute: class, equals: "61"}}]
  urgent: {rules: [{code: short, when: {count: posts_per_graduate, at_least: 2}}]}
opening: [{code: net-growth, count: net_openings_of_year, at_most: 1}, {code: students-per-specialty, count: students_per_specialty, at_least: 200}, {code: teachers, count: midlevel_teachers, at_least: 2}]
"""  # noqa: E501 -- the page's own lines
NUMBERS = read_policy("numbers: [-20, -12.5, 0, 5, 0.5, 25, 40]")["numbers"]


def random_sections(rng: Random, flags: list[str]) -> dict[str, Any]:
    """Enrolment, workflow, committee, publication, lists and opening; `flags` may get consequences of their own."""
    made = read_policy(SECTIONS)
    enrolment, workflow = made["enrolment"], made["workflow"]
    enrolment["appeal_suspends"] = rng.choice(["none", "standing", "all"])
    enrolment["green"]["change_percent"] = rng.choice(NUMBERS[2:])
    enrolment["yellow"]["change_percent"] = rng.choice(NUMBERS[:3])
    if flags and rng.random() < 0.5:
        steps = read_policy("steps: [-100]")["steps"]
        enrolment["flags"] = {rng.choice(flags): {"standing": "suspended", "steps_percent": steps}}
    workflow["county_check"] = rng.random() < 0.7
    workflow["correction_clock"] = rng.choice(["continue", "restart"])
    workflow["days"]["collect"] = rng.choice(["20w", workflow["days"]["collect"]])
    made["publication"]["restricted"] = rng.choice(["withheld", "banded"])
    return made
