"""What the public does not get, and that nothing shown gives it away."""

import csv
import io

from engine.small_scores import HEAD
from specialty_eval.engine import Policy, load_policy
from specialty_eval.engine.withholding import Why, withhold

POLICY = (
    HEAD.replace(
        "dimensions:",
        """\
  graduates: {label: {zh: 毕业生}, type: integer, unit: person, supplier: school}
  employed: {label: {zh: 就业}, type: integer, unit: person, supplier: school, publish: restricted}
  places: {label: {zh: 工位}, type: integer, unit: place, supplier: school, publish: own}
  all_graduates: {label: {zh: 全市毕业生}, type: integer, unit: person, supplier: computed}
dimensions:""",
    )
    + """
indicators:
  - code: rate
    dimension: d
    value: {ratio: {of: employed, to: graduates, times: 100}}
    points: {linear: [[0, 0], [100, 100]]}
    weight: 100
rating: {rules: [{rate: green, code: all}]}
publication: {suppress_below: 10}
"""
)
EVIDENCE = """\
specialty,year,graduates,employed,places,all_graduates
S1-710201,2025,8,7,3,48
S2-710201,2025,40,39,4,48
S3-660103,2025,30,20,5,30
S1-710201,2024,20,18,3,60
"""


def policy() -> Policy:
    return load_policy(POLICY)


def shown(*unpublished: str) -> tuple[list[dict[str, str]], dict[tuple[str, str, str], Why]]:
    found = withhold(policy(), EVIDENCE, unpublished=unpublished)
    rows = list(csv.DictReader(io.StringIO(found.evidence)))
    return rows, {(cell.specialty, cell.year, cell.measure): cell.why for cell in found.withheld}


def test_restricted_and_own_figures_are_left_out_and_listed() -> None:
    rows, why = shown()

    assert {row["employed"] + row["places"] for row in rows} == {""}
    assert why["S3-660103", "2025", "employed"] is Why.RESTRICTED
    assert why["S3-660103", "2025", "places"] is Why.OWN


def test_a_small_cohort_is_left_out_with_every_sum_it_is_a_part_of() -> None:
    rows, why = shown()

    assert [(row["graduates"], row["all_graduates"]) for row in rows] == [
        ("", ""),
        ("40", ""),
        ("30", "30"),
        ("20", "60"),
    ]
    assert why["S1-710201", "2025", "graduates"] is Why.SMALL_COHORT
    assert why["S2-710201", "2025", "all_graduates"] is Why.SUM


def test_the_scored_year_of_a_review_that_is_not_public_is_left_out_and_no_sum_tells_it() -> None:
    rows, why = shown("S3-660103")

    assert (rows[2]["graduates"], rows[2]["all_graduates"]) == ("", "")
    assert why["S3-660103", "2025", "graduates"] is Why.NOT_PUBLISHED
