"""What the public does not get, and that nothing shown gives it away."""

import csv
import io

import pytest

from engine.small_scores import HEAD
from specialty_eval.engine import Policy, load_policy
from specialty_eval.engine.withholding import Why, bands, hides_score, shaded, withhold

POLICY = (
    HEAD.replace(
        "dimensions:",
        """\
  graduates: {label: {zh: 毕业生}, type: integer, unit: person, supplier: school}
  employed: {label: {zh: 就业}, type: integer, unit: person, supplier: school, publish: restricted}
  places: {label: {zh: 工位}, type: integer, unit: place, supplier: school, publish: own}
  city_graduates: {label: {zh: 全市毕业生}, type: integer, unit: person, supplier: computed}
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
specialty,year,graduates,employed,places,city_graduates
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

    assert [(row["graduates"], row["city_graduates"]) for row in rows] == [
        ("", ""),
        ("40", ""),
        ("30", "30"),
        ("20", "60"),
    ]
    assert why["S1-710201", "2025", "graduates"] is Why.SMALL_COHORT
    assert why["S2-710201", "2025", "city_graduates"] is Why.SUM


def test_the_scored_year_of_a_review_that_is_not_public_is_left_out_and_no_sum_tells_it() -> None:
    rows, why = shown("S3-660103")

    assert (rows[2]["graduates"], rows[2]["city_graduates"]) == ("", "")
    assert why["S3-660103", "2025", "graduates"] is Why.NOT_PUBLISHED


@pytest.mark.parametrize(("sites", "told"), [(1, ""), (2, ""), (3, "60")])
def test_a_sum_of_one_or_two_restricted_figures_tells_them(sites: int, told: str) -> None:
    counted = "  graduates: {label: {zh: 毕业生}, type: integer, unit: person, supplier: school"
    restricted = load_policy(POLICY.replace(counted, f"{counted}, publish: restricted"))
    lines = [f"S{n}-710201,2025,{60 // sites},,,60\n" for n in range(sites)]

    found = withhold(restricted, EVIDENCE.splitlines(keepends=True)[0] + "".join(lines))

    rows = list(csv.DictReader(io.StringIO(found.evidence)))
    assert {(row["graduates"], row["city_graduates"]) for row in rows} == {("", told)}


# --- bands -----------------------------------------------------------------------------------------------------------

BANDED = POLICY.replace("suppress_below: 10", "suppress_below: 10, restricted: banded")
LINES = [{"code": "rate", "value": "97.50", "points": "97.50", "weight": "100", "counted": True}]


def banded(code: str, points: str = "97.50", text: str = BANDED, *unpublished: str) -> dict[str, str]:
    known = load_policy(text)
    withheld = withhold(known, EVIDENCE, unpublished=unpublished).withheld
    return bands(known, code, [{**LINES[0], "value": points, "points": points}], withheld)


@pytest.mark.parametrize(
    ("points", "band"),
    [("0.00", "0-20"), ("19.99", "0-20"), ("20.00", "20-40"), ("97.50", "80-100"), ("100.00", "80-100")],
)
def test_the_points_of_a_restricted_figure_are_told_as_a_band(points: str, band: str) -> None:
    assert banded("S2-710201", points) == {"rate": band}


def test_no_band_is_told_where_the_policy_withholds() -> None:
    assert banded("S2-710201", text=POLICY) == {}


def test_a_small_cohort_has_no_band_nor_has_what_is_not_published() -> None:
    assert banded("S1-710201") == {}
    assert banded("S3-660103", "66.67", BANDED, "S3-660103") == {}


def test_a_yes_or_no_has_no_band() -> None:
    flag = BANDED.replace("type: integer, unit: person, supplier: school, publish: restricted", "type: boolean, "
                          "supplier: school, publish: restricted").replace(
        "value: {ratio: {of: employed, to: graduates, times: 100}}", "value: employed"
    ).replace("points: {linear: [[0, 0], [100, 100]]}", "points: {flag: {is_true: 100, is_false: 0}}")  # fmt: skip
    known = load_policy(flag)
    evidence = EVIDENCE.replace(",39,", ",true,").replace(",7,", ",true,").replace(",20,5", ",true,5")
    evidence = evidence.replace(",18,", ",true,")
    withheld = withhold(known, evidence).withheld

    assert bands(known, "S2-710201", [{**LINES[0], "value": True, "points": "100"}], withheld) == {}


def test_a_sheet_shows_whoever_may_not_see_a_figure_why_and_no_sum_that_tells_it() -> None:
    seen = {"graduates", "places", "city_graduates"}

    assert shaded(policy(), LINES, [*seen, "employed"]) == LINES
    (line,) = shaded(policy(), LINES, seen)
    assert (line["value"], line["points"], line["withheld"], line.get("band")) == (None, None, "restricted", None)
    (line,) = shaded(load_policy(BANDED), LINES, seen)
    assert (line["points"], line["band"]) == (None, "80-100")
    assert hides_score(policy(), seen)
    assert hides_score(policy(), seen, "d")
    assert not hides_score(policy(), {*seen, "employed"})
